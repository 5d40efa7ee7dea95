//! The only place where things happen.
//!
//! [`run`] carries one token from one decision to the next: what it remembers of
//! the token is in [`memory`], what becomes of that at rest in `resting`, what it
//! reads and writes in `stored`, how it reconciles its own effects with a record
//! that another writer stored first in `reconcile`, and its look at how
//! connections fare in `look`.
//! [`perform`] turns a step into a call of a port; [`supervisor`] wakes tokens
//! when they are due and ends the work cleanly. Nothing here decides what a token
//! needs: that is [`crate::rotation::plan::plan`].

mod agenda;
pub mod amend;
pub mod foreground;
mod look;
pub mod memory;
pub mod perform;
mod reconcile;
pub mod recurring;
mod resting;
pub mod run;
mod set_back;
pub mod situation;
mod stored;
pub mod supervisor;

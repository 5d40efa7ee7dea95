//! The only place where things happen.
//!
//! [`run`] carries one token from one decision to the next: what it remembers of
//! the token is in [`memory`], what becomes of that at rest in `resting`, what it
//! reads and writes in `stored`, what it did
//! for a record that another replica wrote meanwhile in `leftover`, and its look
//! at how connections fare in `look`.
//! [`perform`] turns a step into a call of a port; [`supervisor`] wakes tokens
//! when they are due and ends the work cleanly. Nothing here decides what a token
//! needs: that is [`crate::rotation::plan::plan`].

mod agenda;
pub mod amend;
pub mod foreground;
mod leftover;
mod look;
pub mod memory;
pub mod perform;
pub mod recurring;
mod resting;
pub mod run;
mod set_back;
mod stored;
pub mod supervisor;

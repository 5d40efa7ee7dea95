//! The only place where things happen.
//!
//! [`run`] carries one token from one decision to the next; [`perform`] turns a
//! step into a call of a port; [`supervisor`] wakes tokens when they are due and
//! ends the work cleanly. Nothing here decides what a token needs: that is
//! [`crate::rotation::plan::plan`].

mod agenda;
pub mod amend;
pub mod clock;
pub mod foreground;
pub mod ids;
mod leftover;
pub mod perform;
pub mod recurring;
pub mod run;
pub mod supervisor;
pub mod unit;
pub mod witness;

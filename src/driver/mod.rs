//! The only part that calls issuers, connections, probes and the store.
//!
//! [`run`] works on one token: it asks `plan`, performs the step and commits what
//! `apply` makes of the outcome. What it keeps of the token is in [`memory`], the
//! state between two wakes in `idle`, reads and writes of the store in `stored`,
//! effects whose commit was refused in `reconcile`, what people ask for in
//! [`inbox`], the connections' states in `look`, and full cycles in [`cycles`]. [`situation`] builds the second argument of `plan`. [`perform`]
//! turns a step into calls of ports. [`supervisor`] wakes tokens when they are
//! due and ends the work cleanly; [`foreground`] does that for commands, and
//! [`rehearse`] tries an issuer and connections with a throw-away token.
//! [`federated`] watches the credentials of which nothing is rotated. Nothing
//! here decides what a token needs: that is [`crate::rotation::plan::plan`].

mod agenda;
pub mod amend;
pub mod cycles;
pub mod federated;
pub mod foreground;
mod idle;
pub mod inbox;
pub mod inventory;
mod look;
pub mod memory;
pub mod perform;
mod reconcile;
pub mod recurring;
pub mod rehearse;
mod requests;
pub mod run;
mod set_back;
pub mod situation;
mod stored;
pub mod supervisor;

//! The facts of each token: its state without any secret, for people and
//! programs that may not read records.

pub(super) mod before_use;
mod document;
pub(super) mod index;
pub(super) mod past;
pub(super) mod reader;
mod waiting;
pub(super) mod writer;

pub(super) use document::{ROTATIONS, forecast_json};

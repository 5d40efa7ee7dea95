//! The per-token series: the custom collector over the [`Board`].
//!
//! It writes the text format from the board instead of giving `MetricFamily`
//! trees to the registry. The trees of 10 000 tokens take ten allocations a series,
//! hundreds of MiB, and more than the 100 ms that a scrape may take. Since there is
//! no other copy, a removed token has no series.
//!
//! A token has at most [`MOST`] series, and a connection of it a few more: what differs
//! by trigger, step or reason is counted for all tokens together, a state is one
//! series whose label says which, and what is nearly always zero or false is absent
//! until it is not.

mod connections;
mod federations;
mod proofs;
mod rotations;
#[cfg(test)]
mod tests;
mod tokens;

pub(super) use tokens::reason_label;

use jiff::Timestamp;

use super::board::{Board, Entry};
use super::exposition::Chunks;
use super::snapshot::TokenSnapshot;

/// Most series that a token can have at a time, without those of its connections.
pub const MOST: usize = 20;

/// The series of all tokens in the text format 0.0.4.
pub(super) fn chunks(board: &Board, now: Timestamp) -> Chunks {
    let all = [
        tokens::FAMILIES,
        rotations::FAMILIES,
        proofs::FAMILIES,
        connections::FAMILIES,
        federations::FAMILIES,
    ];
    Chunks::new(all.into_iter().flatten(), board.all(), now)
}

fn with(entry: &Entry, emit: impl FnOnce(&TokenSnapshot)) {
    if let Some(snapshot) = entry.snapshot.as_deref() {
        emit(snapshot);
    }
}

//! The per-token series: the custom collector over the [`Board`].
//!
//! It writes the text format from the board instead of giving `MetricFamily`
//! trees to the registry. With about sixty series a token, the trees of 10 000
//! tokens take ten allocations a series, hundreds of MiB, and more than the 100 ms
//! that a scrape may take. Since there is no other copy, a removed token has no
//! series.

mod federations;
mod proofs;
mod rotations;
#[cfg(test)]
mod tests;
mod tokens;

use jiff::Timestamp;

use super::board::{Board, Entry};
use super::exposition;
use super::snapshot::TokenSnapshot;

/// Appends the series of all tokens in the text format 0.0.4.
pub fn write(board: &Board, now: Timestamp, out: &mut String) {
    let entries = board.all();
    let all = [
        tokens::FAMILIES,
        rotations::FAMILIES,
        proofs::FAMILIES,
        federations::FAMILIES,
    ];
    for families in all {
        exposition::write(families, &entries, now, out);
    }
}

fn with(entry: &Entry, emit: impl FnOnce(&TokenSnapshot)) {
    if let Some(snapshot) = entry.snapshot.as_deref() {
        emit(snapshot);
    }
}

//! A value at the published path that is not accepted.

use super::change::Change;
use crate::rotation::record::SuppliedNote;
use crate::secret::Fingerprint;

/// How many refused tokens of persons are remembered.
const REFUSED_VALUES: usize = 32;

/// Remembers a value that was not accepted, for people and alerts. It counts for
/// nothing else: who can write to the published path must not be able to halt a
/// token.
pub(super) fn refuse(
    change: &mut Change<'_, '_>,
    fingerprint: Fingerprint,
    by: Option<String>,
    detail: String,
) {
    let record = &mut *change.record;
    let known = record.supplied.is_some() && record.awaits_write_back(&fingerprint);
    if known {
        return;
    }
    let refused = &mut record.refused_values;
    refused.retain(|known| *known != fingerprint);
    refused.push(fingerprint);
    refused.drain(..refused.len().saturating_sub(REFUSED_VALUES));
    let before = record.supplied.take().map_or(0, |note| note.count);
    record.supplied = Some(SuppliedNote {
        fingerprint,
        at: change.now,
        by,
        detail,
        count: before.saturating_add(1),
        written_back_at: None,
    });
}

//! The replicas that work on these tokens, as far as the leases in the records tell.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use serde::Serialize;

use crate::rotation::record::Lease;

/// How long after its last lease a replica is shown.
const SHOWN: SignedDuration = SignedDuration::from_hours(1);
/// Most replicas that are remembered: each start of a process has a new id.
const MOST: usize = 64;

/// A process that held a lease.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Replica {
    /// Its random id, as in the leases.
    pub holder: String,
    /// Until when its last known lease is, or was, valid.
    pub leased_until: Timestamp,
}

/// The holders of leases, with the end of the last lease of each.
#[derive(Debug, Default)]
pub(super) struct Seen(Mutex<BTreeMap<String, Timestamp>>);

impl Seen {
    pub(super) fn note(&self, lease: Option<&Lease>) {
        let Some(lease) = lease else { return };
        let mut all = self.0.lock();
        if let Some(until) = all.get_mut(&lease.holder) {
            *until = lease.expires_at.max(*until);
            return;
        }
        if all.len() >= MOST {
            let oldest = all.iter().min_by_key(|(_, until)| **until);
            let oldest = oldest.map(|(holder, _)| holder.clone());
            oldest.map(|holder| all.remove(&holder));
        }
        all.insert(lease.holder.clone(), lease.expires_at);
    }

    pub(super) fn in_the_hour_before(&self, now: Timestamp) -> Vec<Replica> {
        let all = self.0.lock();
        let recent = all
            .iter()
            .filter(|(_, until)| now.duration_since(**until) < SHOWN);
        let replica = |(holder, until): (&String, &Timestamp)| Replica {
            holder: holder.clone(),
            leased_until: *until,
        };
        recent.map(replica).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::fixture;

    fn lease(holder: String, expires_at: Timestamp) -> Lease {
        Lease {
            holder,
            epoch: 1,
            expires_at,
        }
    }

    #[test]
    fn replicas_are_shown_for_an_hour_and_their_number_is_bounded() {
        let now = fixture::now();
        let seen = Seen::default();
        seen.note(None);
        seen.note(Some(&lease("a".to_owned(), now)));
        seen.note(Some(&lease(
            "a".to_owned(),
            now - SignedDuration::from_secs(9),
        )));
        seen.note(Some(&lease("b".to_owned(), now - SHOWN)));
        let shown = seen.in_the_hour_before(now);
        assert_eq!(shown.len(), 1);
        assert_eq!(
            (shown[0].holder.as_str(), shown[0].leased_until),
            ("a", now)
        );
        for number in 0..1_000 {
            seen.note(Some(&lease(format!("c{number}"), now)));
        }
        assert_eq!(seen.in_the_hour_before(now).len(), MOST);
    }
}

//! The states that the connections of a token had when this process last asked.

use jiff::Timestamp;
use parking_lot::{Mutex, MutexGuard};

use crate::ports::condition::{Condition, ConnectionState};

/// The last reported state of each connection, by name. A vector, because there
/// are few, and one of these for each token.
#[derive(Debug, Default)]
pub struct Looks(Mutex<Vec<(Box<str>, Look)>>);

#[derive(Debug, Clone, Copy)]
struct Look {
    condition: Condition,
    at: Timestamp,
}

impl Looks {
    /// Stores the state reported at `at`, and returns the state before. If the
    /// request failed (`None`), the time of the last success is kept.
    pub fn set(
        &self,
        connection: &str,
        seen: Option<Condition>,
        at: Timestamp,
    ) -> Option<ConnectionState> {
        let mut all = self.lock();
        let place = all.iter().position(|(name, _)| **name == *connection);
        let before = place.and_then(|place| Some(all.get(place)?.1.condition));
        let unknown = Condition {
            state: ConnectionState::Unknown,
            last_success_at: before.and_then(|condition| condition.last_success_at),
        };
        let condition = seen.unwrap_or(unknown);
        let look = (connection.into(), Look { condition, at });
        match place {
            Some(place) => all[place] = look,
            None => all.push(look),
        }
        before.map(|condition| condition.state)
    }

    /// The reported state, unless another replica has probed the token since:
    /// that replica has a newer one, and this one would be shown for ever.
    #[must_use]
    pub fn get(&self, connection: &str, probed_at: Option<Timestamp>) -> Option<Condition> {
        let all = self.lock();
        let (_, look) = all.iter().find(|(name, _)| **name == *connection)?;
        (Some(look.at) >= probed_at).then_some(look.condition)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(Box<str>, Look)>> {
        self.0.lock()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::fixture;

    #[test]
    fn a_look_is_forgotten_once_another_replica_has_probed() {
        let looks = Looks::default();
        let at = fixture::now();
        let condition = Condition {
            state: ConnectionState::Quarantined,
            last_success_at: Some(at),
        };
        assert_eq!(looks.set("hr", Some(condition), at), None);
        assert_eq!(looks.get("hr", None), Some(condition));
        assert_eq!(looks.get("hr", Some(at)), Some(condition));
        let later = at + jiff::SignedDuration::from_secs(1);
        assert_eq!(looks.get("hr", Some(later)), None);
        assert_eq!(looks.get("other", None), None);
    }

    #[test]
    fn a_look_that_failed_leaves_the_last_success_where_it_is() {
        let looks = Looks::default();
        let at = fixture::now();
        let condition = Condition {
            state: ConnectionState::Healthy,
            last_success_at: Some(at),
        };
        looks.set("hr", Some(condition), at);
        let before = looks.set("hr", None, at);
        assert_eq!(before, Some(ConnectionState::Healthy));
        let seen = looks.get("hr", None).expect("a look");
        assert_eq!(seen.state, ConnectionState::Unknown);
        assert_eq!(seen.last_success_at, Some(at));
    }
}

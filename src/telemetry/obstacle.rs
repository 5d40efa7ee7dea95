//! Why a superseded token is not shown to be dead yet.

use jiff::Timestamp;
use serde::Serialize;

use crate::rotation::record::{Record, Retiring};
use crate::telemetry::words;

/// Why a superseded token is not shown to be dead yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Obstacle {
    /// Machine word: of a finding, `controls_unclear` where an earlier program
    /// stored no cause, or `not_retired`.
    pub reason: &'static str,
    /// For a person; names the key that helps, where one does.
    pub detail: String,
    /// When the issuer took the revocation, if it did.
    pub revoked_at: Option<Timestamp>,
}

impl Obstacle {
    /// What stands against the retirement of this token: what the last attempt
    /// found, else that the proof of the token in use does not suffice for it.
    #[must_use]
    pub fn of(record: &Record, old: &Retiring) -> Option<Self> {
        let obstacle = |reason, detail: &str| {
            Some(Self {
                reason,
                detail: detail.to_owned(),
                revoked_at: old.revoked_at,
            })
        };
        if let Some(found) = &old.last_finding {
            return obstacle("not_retired", found);
        }
        let probe = record.probe.as_ref();
        if let Some(found) = probe.and_then(|probe| probe.finding.as_ref()) {
            return obstacle(found.reason.as_str(), &found.detail);
        }
        let evidence = record.current.as_ref()?.evidence.as_ref()?;
        match evidence.unclear() {
            Some(cause) => obstacle(cause.reason.as_str(), &cause.detail),
            None if evidence.is_full() => None,
            None => obstacle(
                "controls_unclear",
                "whether the service provider refuses wrong tokens is not clear; the next probe stores the cause",
            ),
        }
    }

    /// The sentence about a superseded token whose retirement is due at `due`.
    #[must_use]
    pub fn sentence(obstacle: Option<&Self>, due: Timestamp, now: Timestamp) -> String {
        let when = words::relative(due, now);
        match obstacle {
            Some(Self {
                detail,
                revoked_at: Some(at),
                ..
            }) => format!(
                "the old token was revoked {}, and is not shown to be refused: {detail}",
                words::relative(*at, now)
            ),
            Some(Self { detail, .. }) => {
                format!("the old token is not retired (due {when}): {detail}")
            }
            None if due > now => format!("the old token is retired {when}"),
            None => format!("the old token is not retired yet (due {when})"),
        }
    }
}

#[cfg(test)]
mod tests;

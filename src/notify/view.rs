//! What people are told of a record: its view.

use jiff::{SignedDuration, Timestamp};

use super::event::Event;
use crate::ports::unit::{Labels, Unit};
use crate::rotation::handover;
use crate::rotation::policy::Policy;
use crate::rotation::proof::{self, Proof};
use crate::rotation::record::{PastRotation, Record, RotationResult, Stage, Trigger};
use crate::rotation::state::supply;
use crate::secret::Fingerprint;

/// The part of the time between the planned renewal and the expiry after which a
/// token counts as expiring, as in the alert `ScimRotationOverdue`.
const OVERDUE: f64 = 0.3;

/// What one version of a record says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct View {
    /// Name of the token.
    pub token: String,
    /// Its environment.
    pub environment: String,
    /// Name of its issuer.
    pub issuer: String,
    /// The people who are responsible for it.
    pub owner: Option<String>,
    /// When the token in use expires.
    pub expires_at: Option<Timestamp>,
    /// What lasts now, and what will begin later.
    pub(super) lasting: Vec<Lasting>,
    /// Rotations that have ended, oldest first.
    pub(super) past: Vec<Past>,
    /// The version of the record; `None` if it cannot be read, or if the token was
    /// removed from the configuration.
    pub(super) version: Option<u64>,
}

/// Something that lasts for a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lasting {
    pub(super) event: Event,
    /// Distinguishes it from a later time of the same event.
    pub(super) matter: String,
    pub(super) from: Timestamp,
    /// The time at which it ends by itself.
    pub(super) to: Option<Timestamp>,
    pub(super) deadline: Option<Timestamp>,
    pub(super) about: Box<About>,
}

/// What people are told of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct About {
    pub(super) summary: String,
    pub(super) connection: Option<String>,
    pub(super) detail: Option<String>,
    pub(super) instructions: Option<String>,
    pub(super) command: Option<String>,
}

/// A rotation that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Past {
    pub(super) event: Event,
    pub(super) matter: String,
    pub(super) at: Timestamp,
    pub(super) detail: Option<String>,
}

/// What messages need to know of a configured token.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// Its name.
    pub name: &'a str,
    /// The name of its issuer.
    pub issuer: &'a str,
    /// What the configuration says of it for people.
    pub labels: &'a Labels,
    /// Its rules.
    pub policy: &'a Policy,
}

impl<'a> From<&'a Unit> for Subject<'a> {
    fn from(unit: &'a Unit) -> Self {
        Self {
            name: &unit.name,
            issuer: &unit.issuer_name,
            labels: &unit.labels,
            policy: &unit.policy,
        }
    }
}

impl Lasting {
    pub(super) fn lasts(&self, now: Timestamp) -> bool {
        self.from <= now && self.to.is_none_or(|to| now < to)
    }
}

impl View {
    /// The view of a stored record of this version.
    #[must_use]
    pub fn of(token: &Subject<'_>, record: &Record, version: u64) -> Self {
        let expires_at = record
            .current
            .as_ref()
            .and_then(|current| token.policy.expiry(current));
        let mut lasting = Vec::new();
        lasting.extend(halted(token, record));
        lasting.extend(waiting_for_token(token, record));
        lasting.extend(waiting_for_connections(token, record));
        lasting.extend(refused(token, record));
        lasting.extend(ending(token, record, expires_at));
        Self {
            expires_at,
            lasting,
            past: record.history.iter().rev().filter_map(past).collect(),
            version: Some(version),
            ..Self::nothing(token)
        }
    }

    /// The view of a record that cannot be used until a person acts.
    #[must_use]
    pub fn unusable(token: &Subject<'_>, error: &str, now: Timestamp) -> Self {
        let name = token.name;
        let lasting = Lasting {
            event: Event::Halted,
            matter: format!("unusable {}", Fingerprint::of(error)),
            from: now,
            to: None,
            deadline: None,
            about: Box::new(About {
                summary: format!("The record of the SCIM token {name} cannot be used"),
                detail: Some(error.to_owned()),
                command: Some(format!("scim-rotator status {name}")),
                ..About::default()
            }),
        };
        Self {
            lasting: vec![lasting],
            ..Self::nothing(token)
        }
    }

    /// The view of a token that was removed: everything that was told of it has ended.
    #[must_use]
    pub fn removed(token: &str) -> Self {
        Self {
            token: token.to_owned(),
            ..Self::default()
        }
    }

    fn nothing(token: &Subject<'_>) -> Self {
        Self {
            token: token.name.to_owned(),
            environment: token.labels.environment.clone(),
            issuer: token.issuer.to_owned(),
            owner: token.labels.owner.clone(),
            ..Self::default()
        }
    }
}

fn halted(token: &Subject<'_>, record: &Record) -> Option<Lasting> {
    let halt = record.halt.as_ref()?;
    let (name, cause) = (token.name, halt.cause.as_str().replace('_', " "));
    Some(Lasting {
        event: Event::Halted,
        matter: format!("halted {}", halt.since),
        from: halt.since,
        to: None,
        deadline: None,
        about: Box::new(About {
            summary: format!("The SCIM token {name} is halted ({cause}): a person must decide"),
            detail: Some(halt.detail.clone()),
            instructions: Some(format!(
                "See the cause with `scim-rotator status {name}` and correct it. Then rotate the token."
            )),
            command: Some(format!("scim-rotator rotate {name}")),
            ..About::default()
        }),
    })
}

/// A person must supply the new token.
fn waiting_for_token(token: &Subject<'_>, record: &Record) -> Option<Lasting> {
    let rotation = record.rotation.as_ref().filter(|_| record.halt.is_none())?;
    if rotation.stage != Stage::WaitingOperator {
        return None;
    }
    let (name, place) = (token.name, &token.labels.vault_path);
    let compromised = rotation.trigger == Trigger::Compromise || record.is_compromised();
    let mut steps = vec![token.labels.instructions.clone().unwrap_or_default()];
    steps.push(format!("Write the new token to {place} in Vault."));
    if compromised {
        steps.push(format!(
            "Then run `scim-rotator rotate {name} --compromised --supplied --reason TEXT`."
        ));
    }
    let field = &token.labels.token_field;
    Some(Lasting {
        event: Event::Waiting,
        matter: format!("waiting {}", rotation.id),
        from: rotation.stage_entered_at,
        to: None,
        deadline: rotation.operator_deadline,
        about: Box::new(About {
            summary: format!("A person must supply the next SCIM token {name}"),
            instructions: Some(steps.join(" ").trim().to_owned()),
            // The value comes from a file: other users can see arguments.
            command: Some(supply(name, place, field, compromised)),
            ..About::default()
        }),
    })
}

/// A person must write the new token into connections.
fn waiting_for_connections<'a>(
    token: &'a Subject<'a>,
    record: &'a Record,
) -> impl Iterator<Item = Lasting> + 'a {
    token
        .labels
        .handovers
        .iter()
        .filter_map(|(connection, place)| {
            let holds = handover::open(record, connection)?;
            let rotation = record.rotation.as_ref();
            let name = token.name;
            Some(Lasting {
                event: Event::Waiting,
                matter: format!("waiting {connection} {} {}", holds.fingerprint, holds.at),
                from: holds.at,
                to: None,
                deadline: rotation.and_then(|rotation| rotation.operator_deadline),
                about: Box::new(About {
                    summary: format!(
                        "A person must write the SCIM token {name} into the connection {connection}"
                    ),
                    connection: Some(connection.clone()),
                    detail: None,
                    instructions: Some(format!(
                        "The token is at {} in Vault. {}",
                        place.vault_path, place.instructions
                    )),
                    command: Some(place.command.clone()),
                }),
            })
        })
}

fn refused(token: &Subject<'_>, record: &Record) -> Option<Lasting> {
    let Some(Proof::Refused(finding)) = proof::of_current(record, token.policy) else {
        return None;
    };
    let probe = record.probe.as_ref()?;
    let (name, generation) = (token.name, record.generation);
    // If the token worked in between, this is another refusal.
    let worked = probe.passed_at.map(|at| at.to_string()).unwrap_or_default();
    Some(Lasting {
        event: Event::Refused,
        matter: format!("refused {generation} {worked}"),
        from: probe.at,
        to: None,
        deadline: None,
        about: Box::new(About {
            summary: format!("The service provider refuses the SCIM token {name}"),
            detail: Some(finding.detail.clone()),
            command: Some(format!("scim-rotator status {name}")),
            ..About::default()
        }),
    })
}

/// The token expires soon, or has expired.
fn ending(token: &Subject<'_>, record: &Record, expires_at: Option<Timestamp>) -> Vec<Lasting> {
    let (Some(current), Some(end)) = (&record.current, expires_at) else {
        return Vec::new();
    };
    let (name, generation) = (token.name, record.generation);
    let renewal = token.policy.renew_at(name, generation, current);
    let overdue = overdue_at(current.issued_at, renewal, end);
    let about = |summary: String| {
        Box::new(About {
            summary,
            command: Some(format!("scim-rotator rotate {name}")),
            ..About::default()
        })
    };
    let expiring = Lasting {
        event: Event::Expiring,
        matter: format!("expiring {generation}"),
        from: overdue,
        to: Some(end),
        deadline: Some(end),
        about: about(format!("The SCIM token {name} expires and is not renewed")),
    };
    let expired = Lasting {
        event: Event::Expired,
        matter: format!("expired {generation}"),
        from: end,
        to: None,
        deadline: None,
        about: about(format!(
            "The SCIM token {name} has expired: provisioning has stopped"
        )),
    };
    vec![expiring, expired]
}

/// When a token counts as expiring. If no renewal is planned before it expires: in the
/// last tenth of its lifetime.
fn overdue_at(issued: Timestamp, renewal: Option<Timestamp>, end: Timestamp) -> Timestamp {
    let part = |of: SignedDuration, share: f64| {
        SignedDuration::try_from_secs_f64(of.as_secs_f64() * share).unwrap_or_default()
    };
    let (from, share) = match renewal.filter(|renewal| *renewal < end) {
        Some(renewal) => (renewal, OVERDUE),
        None => (issued, 0.9),
    };
    let window = end.duration_since(from);
    from.checked_add(part(window, share))
        .unwrap_or(end)
        .min(end)
}

fn past(past: &PastRotation) -> Option<Past> {
    let event = match past.result {
        RotationResult::Success => Event::Rotated,
        RotationResult::Failed => Event::RotationFailed,
        RotationResult::RolledBack => Event::RolledBack,
        // The event `halted` tells of it.
        RotationResult::Halted => return None,
    };
    Some(Past {
        event,
        matter: format!("{} {}", event.as_str(), past.id),
        at: past.ended_at,
        detail: past.detail.clone(),
    })
}

#[cfg(test)]
mod tests;

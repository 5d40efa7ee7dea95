//! What was told of a token, and what has to be told next. No clock, no network.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::event::{self, Event, Message, Phase, Severity};
use super::settings::{Reminders, Wants};
use super::view::{About, Lasting, Past, View};

/// How long it is tried to tell what has happened once.
pub(super) const GIVE_UP: SignedDuration = SignedDuration::from_hours(24);

/// The note of one token, as it is stored in Vault. It holds no text about the token.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Version of this form.
    pub schema: u32,
    /// The replica that sends now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<Claim>,
    /// What was told, by the name of the target.
    #[serde(default)]
    pub targets: BTreeMap<String, Told>,
}

/// The right to send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Random id of the replica's process.
    pub holder: String,
    /// From when on another replica may send.
    pub until: Timestamp,
}

/// What one target was told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Rotations that ended until then were told.
    pub until: Timestamp,
    /// What lasts, and was told, by its matter.
    #[serde(default)]
    pub open: BTreeMap<String, Open>,
}

/// Something that lasts, and that the target was told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Open {
    /// What.
    pub event: Event,
    /// The connection that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<String>,
    /// Since when.
    pub since: Timestamp,
    /// When it was told the last time.
    pub told_at: Timestamp,
    /// How often people were reminded.
    pub reminders: u32,
}

/// A message, and what is noted once it is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Due {
    pub(super) message: Message,
    pub(super) matter: String,
    /// It was not told in time: this is noted without telling it.
    pub(super) is_late: bool,
}

/// What the decisions about one target depend on.
pub(super) struct Question<'a> {
    pub(super) scope: &'a str,
    pub(super) view: &'a View,
    pub(super) wants: &'a Wants,
    pub(super) now: Timestamp,
}

impl Note {
    pub(super) const SCHEMA: u32 = 1;

    /// Adds a target that was not there before: it is told what lasts, and what
    /// happens from now on. Returns whether there was one.
    pub(super) fn add<'a>(
        &mut self,
        targets: impl Iterator<Item = &'a str>,
        from: Timestamp,
    ) -> bool {
        let mut added = self.schema != Self::SCHEMA;
        self.schema = Self::SCHEMA;
        for target in targets {
            if !self.targets.contains_key(target) {
                let told = Told {
                    until: from,
                    open: BTreeMap::new(),
                };
                self.targets.insert(target.to_owned(), told);
                added = true;
            }
        }
        added
    }
}

impl Told {
    /// Everything that has to be told now, in order.
    pub(super) fn due(&self, about: &Question<'_>) -> Vec<Due> {
        let (view, wants) = (about.view, about.wants);
        let mut all = Vec::new();
        for past in view.past.iter().filter(|past| past.at > self.until) {
            if wants.event(past.event, view) {
                all.push(about.once(past));
            }
        }
        for (matter, open) in &self.open {
            let lasting = view.lasting.iter().find(|l| l.matter == *matter);
            match lasting.filter(|lasting| lasting.lasts(about.now)) {
                None => all.push(about.ended(matter, open)),
                Some(lasting) => {
                    if wants.event(lasting.event, view)
                        && remind_at(open, lasting, wants) <= about.now
                    {
                        all.push(about.lasts(lasting, Phase::Reminder, open.reminders + 1));
                    }
                }
            }
        }
        for lasting in view.lasting.iter().filter(|l| l.lasts(about.now)) {
            let is_new = !self.open.contains_key(&lasting.matter);
            if is_new && wants.event(lasting.event, view) {
                all.push(about.lasts(lasting, Phase::Began, 0));
            }
        }
        all
    }

    /// The next time at which something may have to be told that is not due now.
    pub(super) fn next(&self, about: &Question<'_>) -> Option<Timestamp> {
        let (view, wants, now) = (about.view, about.wants, about.now);
        let wanted = view.lasting.iter().filter(|l| wants.event(l.event, view));
        let times = wanted.flat_map(|lasting| {
            let open = self.open.get(&lasting.matter);
            let reminder = open.map(|open| remind_at(open, lasting, wants));
            [Some(lasting.from), lasting.to, reminder]
        });
        times.flatten().filter(|at| *at > now).min()
    }

    /// Notes that a message was told.
    pub(super) fn note(&mut self, due: &Due, now: Timestamp) {
        let message = &due.message;
        match message.phase {
            Phase::Once => self.until = self.until.max(message.since),
            Phase::Ended => {
                self.open.remove(&due.matter);
            }
            Phase::Began | Phase::Reminder => {
                let open = self.open.entry(due.matter.clone()).or_insert_with(|| Open {
                    event: message.event,
                    connection: message.connection.clone(),
                    since: message.since,
                    told_at: now,
                    reminders: 0,
                });
                open.told_at = now;
                if message.phase == Phase::Reminder {
                    open.reminders += 1;
                }
            }
        }
    }
}

/// When people are reminded next.
fn remind_at(open: &Open, lasting: &Lasting, wants: &Wants) -> Timestamp {
    let Some(Reminders { after, most }) = wants.reminders else {
        return Timestamp::MAX;
    };
    let factor = 2_i32.saturating_pow(open.reminders.min(20));
    let pause = after.saturating_mul(factor).min(most);
    let by_pause = open.told_at.checked_add(pause).unwrap_or(Timestamp::MAX);
    // A person who is late is told so once, without waiting for the pause.
    let deadline = lasting.deadline.filter(|at| open.told_at < *at);
    deadline.map_or(by_pause, |deadline| deadline.min(by_pause))
}

impl Question<'_> {
    fn once(&self, past: &Past) -> Due {
        let name = &self.view.token;
        let summary = match past.event {
            Event::Rotated => format!("The SCIM token {name} was rotated"),
            Event::RotationFailed => {
                format!("The rotation of the SCIM token {name} failed: the old token is in use")
            }
            Event::RolledBack => format!(
                "The rotation of the SCIM token {name} was rolled back: the old token is in use"
            ),
            Event::Waiting | Event::Halted | Event::Expiring | Event::Expired | Event::Refused => {
                String::new()
            }
        };
        let about = About {
            summary,
            detail: past.detail.clone(),
            ..About::default()
        };
        let mut due = self.message(past.event, &past.matter, (Phase::Once, 0), past.at, about);
        due.is_late = self.now.duration_since(past.at) > GIVE_UP;
        due
    }

    fn lasts(&self, lasting: &Lasting, phase: Phase, times: u32) -> Due {
        let about = About::clone(&lasting.about);
        let mut due = self.message(
            lasting.event,
            &lasting.matter,
            (phase, times),
            lasting.from,
            about,
        );
        let message = &mut due.message;
        message.deadline = lasting.deadline;
        if lasting
            .deadline
            .is_some_and(|deadline| deadline <= self.now)
        {
            message.severity = Severity::Critical;
            message.summary.push_str(", and is late");
        }
        due
    }

    fn ended(&self, matter: &str, open: &Open) -> Due {
        let name = &self.view.token;
        let summary = match (open.event, &open.connection) {
            (Event::Waiting, Some(connection)) => {
                format!(
                    "The SCIM token {name} waits for nobody any more at the connection {connection}"
                )
            }
            (Event::Waiting, None) => format!("The SCIM token {name} waits for nobody any more"),
            (Event::Halted, _) => format!("The SCIM token {name} is not halted any more"),
            (Event::Expiring, _) => format!("The SCIM token {name} does not expire soon any more"),
            (Event::Expired, _) => format!("The SCIM token {name} in use has not expired"),
            (Event::Refused, _) => {
                format!("The service provider does not refuse the SCIM token {name} any more")
            }
            (Event::Rotated | Event::RotationFailed | Event::RolledBack, _) => String::new(),
        };
        let about = About {
            summary,
            connection: open.connection.clone(),
            ..About::default()
        };
        let mut due = self.message(open.event, matter, (Phase::Ended, 0), open.since, about);
        due.message.severity = Severity::Info;
        due
    }

    fn message(
        &self,
        event: Event,
        matter: &str,
        (phase, times): (Phase, u32),
        since: Timestamp,
        about: About,
    ) -> Due {
        let view = self.view;
        let message = Message {
            id: event::id(self.scope, &view.token, matter, phase, times),
            key: event::key(self.scope, &view.token, matter),
            event,
            phase,
            severity: event.severity(),
            token: view.token.clone(),
            environment: view.environment.clone(),
            issuer: view.issuer.clone(),
            owner: view.owner.clone(),
            connection: about.connection,
            summary: about.summary,
            detail: about.detail,
            instructions: about.instructions,
            command: about.command,
            since,
            deadline: None,
            expires_at: view.expires_at,
        };
        Due {
            message,
            matter: matter.to_owned(),
            is_late: false,
        }
    }
}

#[cfg(test)]
mod tests;

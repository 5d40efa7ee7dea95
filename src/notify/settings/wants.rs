//! Which messages a target wants: its filters and its reminders.

use jiff::SignedDuration;

use super::Target;
use crate::notify::event::Event;
use crate::notify::view::View;

/// Which messages a target wants.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wants {
    events: Option<Vec<Event>>,
    environments: Option<Vec<String>>,
    tokens: Option<Vec<glob::Pattern>>,
    issuers: Option<Vec<String>>,
    pub(in crate::notify) reminders: Option<Reminders>,
}

/// The pauses between reminders of what lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::notify) struct Reminders {
    pub(in crate::notify) after: SignedDuration,
    pub(in crate::notify) most: SignedDuration,
}

impl Target {
    /// Which messages it wants.
    #[must_use]
    pub fn wants(&self) -> Wants {
        let patterns = |all: &Vec<String>| {
            let all = all.iter();
            all.filter_map(|text| glob::Pattern::new(text).ok())
                .collect()
        };
        let reminders = Reminders {
            after: self.remind_after.0,
            most: self.remind_most.0,
        };
        Wants {
            events: self.events.clone(),
            environments: self.environments.clone(),
            tokens: self.tokens.as_ref().map(patterns),
            issuers: self.issuers.clone(),
            reminders: self.reminders.then_some(reminders),
        }
    }
}

impl Wants {
    /// Whether the target wants a message about this event of this token.
    pub(in crate::notify) fn event(&self, event: Event, view: &View) -> bool {
        let has = |all: &Option<Vec<String>>, one: &String| {
            all.as_ref().is_none_or(|all| all.contains(one))
        };
        let tokens = self.tokens.as_ref();
        self.events.as_ref().is_none_or(|all| all.contains(&event))
            && has(&self.environments, &view.environment)
            && has(&self.issuers, &view.issuer)
            && tokens.is_none_or(|all| all.iter().any(|one| one.matches(&view.token)))
    }
}

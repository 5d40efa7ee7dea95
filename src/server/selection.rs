//! The tokens that a query asks for: filtered, sorted and cut into pages here, so that
//! no browser gets ten thousand of them.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use jiff::Timestamp;

use super::query::{Query, Sort, Wanted};
use crate::rotation::state::{Counts, Group, State};
use crate::telemetry::board::Entry;
use crate::telemetry::facts::TokenFacts;

/// A token with its state now.
pub(super) struct Shown {
    pub(super) entry: Entry,
    pub(super) state: State,
}

/// What a query found.
pub(super) struct Selection {
    /// Of all tokens, whatever is asked for.
    pub(super) counts: Counts,
    /// How many tokens there are.
    pub(super) all: usize,
    /// How many of them are asked for.
    pub(super) matching: usize,
    /// The most urgent of those that are asked for and of which not everything is fine.
    pub(super) troubled: Vec<Shown>,
    /// How many those are.
    pub(super) troubles: usize,
    /// The page of those that are asked for.
    pub(super) page: Vec<Shown>,
    /// The number of pages.
    pub(super) pages: usize,
    /// What one can filter by.
    pub(super) choices: Choices,
}

/// The values that the tokens have.
#[derive(Default)]
pub(super) struct Choices {
    pub(super) issuers: BTreeSet<String>,
    pub(super) providers: BTreeSet<String>,
    pub(super) environments: BTreeSet<String>,
    pub(super) connections: BTreeSet<String>,
}

/// Most cards above the table.
pub(super) const MOST_CARDS: usize = 12;

impl Selection {
    pub(super) fn of(entries: Vec<Entry>, query: &Query, now: Timestamp) -> Self {
        let all = entries.len();
        let mut choices = Choices::default();
        let shown: Vec<Shown> = entries
            .into_iter()
            .map(|entry| {
                choices.note(&entry.facts);
                let state = entry.state(now);
                Shown { entry, state }
            })
            .collect();
        let counts = Counts::of(shown.iter().map(|shown| &shown.state));
        let text = query.text.to_lowercase();
        let mut found: Vec<Shown> = shown
            .into_iter()
            .filter(|shown| query.wants(shown, &text))
            .collect();
        let matching = found.len();
        found.sort_by(|one, other| one.compare(other, Sort::Urgency));
        let troubled = |shown: &&Shown| Group::of(&shown.state) != Group::Fine;
        let troubles = found.iter().filter(troubled).count();
        let cards = found.iter().filter(troubled).take(MOST_CARDS);
        let cards: Vec<Shown> = cards.map(Shown::clone).collect();
        if query.sort != Sort::Urgency {
            found.sort_by(|one, other| one.compare(other, query.sort));
        }
        if query.descending {
            found.reverse();
        }
        let skipped = query.per_page.saturating_mul(query.page - 1);
        let page = found.into_iter().skip(skipped).take(query.per_page);
        Self {
            counts,
            all,
            matching,
            troubled: cards,
            troubles,
            page: page.collect(),
            pages: matching.div_ceil(query.per_page).max(1),
            choices,
        }
    }
}

impl Clone for Shown {
    fn clone(&self) -> Self {
        Self {
            entry: self.entry.clone(),
            state: self.state.clone(),
        }
    }
}

impl Choices {
    fn note(&mut self, facts: &TokenFacts) {
        let note = |all: &mut BTreeSet<String>, value: &str| {
            if !value.is_empty() && !all.contains(value) {
                all.insert(value.to_owned());
            }
        };
        note(&mut self.issuers, &facts.issuer);
        note(&mut self.providers, &facts.provider);
        note(
            &mut self.environments,
            facts.environment.as_deref().unwrap_or_default(),
        );
        for connection in &facts.connections {
            note(&mut self.connections, &connection.name);
        }
    }
}

impl Query {
    /// Whether this token is asked for; `text` is the search text in lower case.
    fn wants(&self, shown: &Shown, text: &str) -> bool {
        let facts = &*shown.entry.facts;
        let one_of = |wanted: &[String], value: &str| {
            wanted.is_empty() || wanted.iter().any(|one| one == value)
        };
        let environment = facts.environment.as_deref().unwrap_or_default();
        let states = self.states.iter();
        (self.states.is_empty() || states.into_iter().any(|wanted| wanted.is(&shown.state)))
            && one_of(&self.issuers, &facts.issuer)
            && one_of(&self.providers, &facts.provider)
            && one_of(&self.environments, environment)
            && (self.connections.is_empty()
                || facts
                    .connections
                    .iter()
                    .any(|connection| self.connections.contains(&connection.name)))
            && (text.is_empty() || facts.contain(text))
    }
}

impl Wanted {
    fn is(self, state: &State) -> bool {
        match self {
            Self::Word(word) => word == state.word,
            Self::Group(group) => group == Group::of(state),
        }
    }
}

impl TokenFacts {
    /// Whether a text, in lower case, is found in what people know of the token.
    fn contain(&self, text: &str) -> bool {
        let plain = [
            Some(self.name.as_str()),
            Some(self.issuer.as_str()),
            Some(self.provider.as_str()),
            self.environment.as_deref(),
            self.owner.as_deref(),
            Some(self.vault_path.as_str()),
        ];
        let connections = self.connections.iter().map(|one| one.name.as_str());
        let mut all = plain.into_iter().flatten().chain(connections);
        all.any(|one| one.to_lowercase().contains(text))
    }
}

impl Shown {
    fn compare(&self, other: &Self, sort: Sort) -> Ordering {
        let facts = (&*self.entry.facts, &*other.entry.facts);
        let name = || facts.0.name.cmp(&facts.1.name);
        // What has no such time comes last.
        let by_time = |time: fn(&Self) -> Option<Timestamp>| {
            let of = |shown: &Self| time(shown).unwrap_or(Timestamp::MAX);
            of(self).cmp(&of(other))
        };
        let first = match sort {
            Sort::Urgency => self.state.order().cmp(&other.state.order()),
            Sort::Name => Ordering::Equal,
            Sort::Issuer => facts.0.issuer.cmp(&facts.1.issuer),
            Sort::Provider => facts.0.provider.cmp(&facts.1.provider),
            Sort::Environment => facts.0.environment.cmp(&facts.1.environment),
            Sort::Expires => by_time(Self::expires_at),
            Sort::Renews => by_time(Self::renews_at),
            Sort::Next => by_time(Self::next_at),
        };
        first.then_with(name)
    }

    pub(super) fn expires_at(&self) -> Option<Timestamp> {
        let current = self.entry.snapshot.as_deref()?.current.as_ref()?;
        current.expires_at
    }

    pub(super) fn renews_at(&self) -> Option<Timestamp> {
        self.entry.snapshot.as_deref()?.renew_at
    }

    /// When its next step is expected.
    pub(super) fn next_at(&self) -> Option<Timestamp> {
        let foreseen = self.entry.next.as_deref().map(|next| next.at);
        foreseen.or_else(|| self.entry.snapshot.as_deref()?.next_attempt_at)
    }
}

//! Whether what came of an operation is what the replay expects.

use jiff::Timestamp;

use super::file::{
    ConditionFacts, ConfirmationFacts, ConfirmationWord, ConnectionsFacts, Expect, FaultFacts,
    IssuedFacts, ListedFacts, OneOrMore, TextFact, TimeFact, TokenFacts,
};
use super::pattern::{ABSENT, Values, whole};
use super::perform::{Listed, Outcome};
use crate::fault::Fault;
use crate::ports::Condition;
use crate::rotation::outcome::{Confirmation, IssuedToken, ListedToken, Listing};
use crate::secret::BearerToken;
use crate::secret::shown_parts::Fit;
use crate::value::HumanDuration;

/// Compares an outcome with what is expected.
///
/// # Errors
/// Says which facts differ, and what came.
pub(super) fn compare(
    expect: &Expect,
    outcome: &Outcome,
    values: &mut Values,
) -> Result<(), String> {
    let mut facts = Facts {
        values,
        differences: Vec::new(),
    };
    let kinds_fit = match (expect, outcome) {
        (Expect::Done, Outcome::Done)
        | (Expect::Nothing, Outcome::Found(None) | Outcome::Condition(None)) => true,
        (Expect::Issued(wanted), Outcome::Issued(issued)) => facts.issued(wanted, issued),
        (Expect::Listed(wanted), Outcome::Listed(listing)) => facts.listed(wanted, listing),
        (Expect::Found(wanted), Outcome::Found(Some(found))) => facts.token(wanted, found),
        (Expect::Confirmation(wanted), Outcome::Confirmation(seen)) => {
            facts.confirmation(wanted, seen)
        }
        (Expect::Condition(wanted), Outcome::Condition(Some(seen))) => {
            facts.condition(wanted, seen)
        }
        (Expect::Connections(wanted), Outcome::Connections(listed)) => {
            facts.connections(wanted, listed)
        }
        (Expect::Fault(wanted), Outcome::Fault(fault)) => facts.fault(wanted, fault),
        _ => false,
    };
    let differences = facts.differences;
    if kinds_fit && differences.is_empty() {
        return Ok(());
    }
    let mut text = format!("expected {}, came {}", word(expect), shown(outcome));
    for difference in differences {
        text.push_str("\n  ");
        text.push_str(&difference);
    }
    Err(text)
}

struct Facts<'a> {
    values: &'a mut Values,
    differences: Vec<String>,
}

impl Facts<'_> {
    fn issued(&mut self, wanted: &IssuedFacts, issued: &IssuedToken) -> bool {
        if let Some(token) = &wanted.token {
            self.text("token", token, issued.value.expose());
        }
        self.fact("id", wanted.id.as_ref(), issued.id.as_deref());
        self.time("expires_at", wanted.expires_at, issued.expires_at);
        if let Some(expiry) = wanted.expiry {
            self.same("expiry", expiry.as_str(), issued.expiry.as_str());
        }
        self.time("old_dies_at", wanted.old_dies_at, issued.old_dies_at);
        true
    }

    fn listed(&mut self, wanted: &ListedFacts, listing: &Listing) -> bool {
        let tokens = &listing.tokens;
        if let Some(count) = wanted.count {
            self.same("count", &count.to_string(), &tokens.len().to_string());
        }
        if let Some(ids) = &wanted.ids {
            let came: Vec<_> = tokens.iter().map(|token| token.id.as_str()).collect();
            let fits = ids.len() == came.len()
                && ids
                    .iter()
                    .zip(&came)
                    .all(|(id, came)| self.values.fits(id, came));
            if !fits {
                self.differ("ids", &ids.join(", "), &came.join(", "));
            }
        }
        for wanted in &wanted.tokens {
            let id = wanted.id.as_deref().unwrap_or_default();
            match tokens.iter().find(|token| self.values.fits(id, &token.id)) {
                Some(token) => {
                    self.token(wanted, token);
                }
                None => self.differ("tokens", &format!("one with the id {id}"), "none"),
            }
        }
        self.fact("etag", wanted.etag.as_ref(), listing.etag.as_deref());
        true
    }

    fn token(&mut self, wanted: &TokenFacts, token: &ListedToken) -> bool {
        if let Some(id) = &wanted.id {
            self.text("id", id, &token.id);
        }
        self.fact("label", wanted.label.as_ref(), token.label.as_deref());
        self.time("created_at", wanted.created_at, token.created_at);
        self.time("expires_at", wanted.expires_at, token.expires_at);
        self.time("last_used_at", wanted.last_used_at, token.last_used_at);
        self.value("fits", wanted.fits.as_deref(), token, Fit::Fits);
        self.value("differs", wanted.differs.as_deref(), token, Fit::Differs);
        true
    }

    /// Whether a listed token is taken for a value, or is not.
    fn value(&mut self, name: &str, value: Option<&str>, token: &ListedToken, wanted: Fit) {
        let Some(value) = value else {
            return;
        };
        // A placeholder without a value stands for itself.
        let value = self.values.text(value).unwrap_or_else(|_| value.to_owned());
        let came = match BearerToken::parse(&value) {
            Ok(parsed) => token.shown.fit(&parsed),
            Err(why) => return self.differ(name, "a token", &format!("`{value}`: {why}")),
        };
        let word = |fit: Fit| match fit {
            Fit::Fits => value.as_str(),
            Fit::Differs => "another value",
            Fit::Unknown => "too little to tell",
        };
        if came != wanted {
            self.differ(name, word(wanted), word(came));
        }
    }

    fn confirmation(&mut self, wanted: &ConfirmationFacts, seen: &Confirmation) -> bool {
        let (is, detail, ask_again) = match seen {
            Confirmation::Works => (ConfirmationWord::Works, "", None),
            Confirmation::CannotTell => (ConfirmationWord::CannotTell, "", None),
            Confirmation::NotYet { detail, ask_again } => {
                (ConfirmationWord::NotYet, detail.as_str(), *ask_again)
            }
            Confirmation::Refused { detail } => (ConfirmationWord::Refused, detail.as_str(), None),
        };
        self.same("confirmation", wanted.is.as_str(), is.as_str());
        self.contains("detail", wanted.detail_contains.as_ref(), detail);
        self.duration("ask_again", wanted.ask_again, ask_again);
        true
    }

    fn condition(&mut self, wanted: &ConditionFacts, seen: &Condition) -> bool {
        self.same("state", wanted.state.as_str(), seen.state.as_str());
        self.time(
            "last_success_at",
            wanted.last_success_at,
            seen.last_success_at,
        );
        true
    }

    fn connections(&mut self, wanted: &ConnectionsFacts, listed: &Listed) -> bool {
        let all = &listed.seen.connections;
        let came: Vec<_> = all.iter().map(|one| one.shown_id()).collect();
        if let Some(ids) = &wanted.ids {
            let mut pairs = ids.iter().zip(&came);
            let fits =
                ids.len() == came.len() && pairs.all(|(id, came)| self.values.fits(id, came));
            if !fits {
                self.differ("ids", &ids.join(", "), &came.join(", "));
            }
        }
        if let Some(hidden) = wanted.hidden {
            self.same(
                "hidden",
                &hidden.to_string(),
                &listed.seen.hidden.to_string(),
            );
        }
        if let Some(own) = &wanted.own {
            self.text("own", own, listed.own.as_deref().unwrap_or_default());
        }
        for wanted in &wanted.some {
            let found = came.iter().position(|id| self.values.fits(&wanted.id, id));
            let Some(at) = found else {
                self.differ("some", &format!("one with the id {}", wanted.id), "none");
                continue;
            };
            let (one, section) = (&all[at], &listed.sections[at]);
            self.fact("name", wanted.name.as_ref(), one.name.as_deref());
            self.fact(
                "base_url",
                wanted.base_url.as_ref(),
                one.base_url.as_deref(),
            );
            self.fact("status", wanted.status.as_ref(), one.status.as_deref());
            for (key, value) in &wanted.adopt {
                let came = section.iter().find(|(name, _)| name == key);
                let came = came.map_or("nothing", |(_, value)| value.as_str());
                self.text(&format!("adopt.{key}"), value, came);
            }
        }
        true
    }

    fn fault(&mut self, wanted: &FaultFacts, fault: &Fault) -> bool {
        self.same("class", wanted.class.as_str(), fault.class.as_str());
        if let Some(kind) = wanted.kind {
            self.same("kind", kind.as_str(), fault.kind.as_str());
        }
        self.contains("message", wanted.message_contains.as_ref(), &fault.message);
        self.duration("retry_after", wanted.retry_after, fault.retry_after);
        true
    }

    fn fact(&mut self, name: &str, wanted: Option<&TextFact>, came: Option<&str>) {
        let Some(TextFact(wanted)) = wanted else {
            return;
        };
        match (whole(wanted) == Some(ABSENT), came) {
            (true, None) => {}
            (true, Some(came)) => self.differ(name, wanted, came),
            (false, Some(came)) => self.text(name, wanted, came),
            (false, None) => self.differ(name, wanted, "nothing"),
        }
    }

    fn time(&mut self, name: &str, wanted: Option<TimeFact>, came: Option<Timestamp>) {
        let wanted = match wanted {
            None => return,
            Some(TimeFact::Absent) => None,
            Some(TimeFact::At(time)) => Some(time),
        };
        if wanted != came {
            let text = |time: Option<Timestamp>| {
                time.map_or_else(|| "nothing".to_owned(), |time| time.to_string())
            };
            self.differ(name, &text(wanted), &text(came));
        }
    }

    fn duration(
        &mut self,
        name: &str,
        wanted: Option<HumanDuration>,
        came: Option<jiff::SignedDuration>,
    ) {
        if let Some(HumanDuration(wanted)) = wanted
            && Some(wanted) != came
        {
            let came = came.map_or_else(|| "nothing".to_owned(), |came| format!("{came:#}"));
            self.differ(name, &format!("{wanted:#}"), &came);
        }
    }

    fn contains(&mut self, name: &str, wanted: Option<&OneOrMore>, came: &str) {
        for part in wanted.map_or(&[][..], OneOrMore::all) {
            // A placeholder without a value stands for itself.
            let part = self.values.text(part).unwrap_or_else(|_| part.clone());
            if !came.contains(&part) {
                self.differ(name, &format!("a text with `{part}`"), &format!("`{came}`"));
            }
        }
    }

    fn text(&mut self, name: &str, pattern: &str, came: &str) {
        if !self.values.fits(pattern, came) {
            let wanted = self.values.text(pattern);
            self.differ(name, wanted.as_deref().unwrap_or(pattern), came);
        }
    }

    fn same(&mut self, name: &str, wanted: &str, came: &str) {
        if wanted != came {
            self.differ(name, wanted, came);
        }
    }

    fn differ(&mut self, name: &str, wanted: &str, came: &str) {
        self.differences
            .push(format!("{name}: expected {wanted}, came {came}"));
    }
}

fn word(expect: &Expect) -> &'static str {
    match expect {
        Expect::Done => "done",
        Expect::Nothing => "nothing",
        Expect::Issued(_) => "a token",
        Expect::Listed(_) => "a list",
        Expect::Found(_) => "a token that is found",
        Expect::Confirmation(_) => "a confirmation",
        Expect::Condition(_) => "a condition",
        Expect::Connections(_) => "connections",
        Expect::Fault(_) => "a fault",
    }
}

/// An outcome for people. Tokens are test values here.
fn shown(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Done => "done".to_owned(),
        Outcome::Issued(issued) => {
            let id = issued.id.as_deref().unwrap_or("none");
            format!("a token (id {id})")
        }
        Outcome::Listed(listing) => format!("a list of {}", listing.tokens.len()),
        Outcome::Found(None) | Outcome::Condition(None) => "nothing".to_owned(),
        Outcome::Found(Some(found)) => format!("a token that is found (id {})", found.id),
        Outcome::Confirmation(Confirmation::Works) => "the confirmation works".to_owned(),
        Outcome::Confirmation(Confirmation::CannotTell) => {
            "the confirmation cannot_tell".to_owned()
        }
        Outcome::Confirmation(Confirmation::NotYet { detail, .. }) => {
            format!("the confirmation not_yet: {detail}")
        }
        Outcome::Confirmation(Confirmation::Refused { detail }) => {
            format!("the confirmation refused: {detail}")
        }
        Outcome::Connections(listed) => {
            format!("a list of {} connections", listed.seen.connections.len())
        }
        Outcome::Condition(Some(seen)) => format!("the condition {}", seen.state.as_str()),
        Outcome::Fault(fault) => format!(
            "the fault {}/{}: {}",
            fault.class.as_str(),
            fault.kind.as_str(),
            fault.message
        ),
    }
}

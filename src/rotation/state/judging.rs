//! From the record to the state, before time and the identity providers have their
//! say.

use jiff::Timestamp;

use super::wording::{command, sentence, time};
use super::{State, Urgency, Word, concerns, flight, waiting};
use crate::rotation::decision::Decision;
use crate::rotation::policy::Policy;
use crate::rotation::proof::{self, Proof};
use crate::rotation::reason::Reason;
use crate::rotation::record::Record;
use crate::scim::evidence::Finding;

/// What the configuration says of a token, as far as the words for people need it.
#[derive(Debug, Clone, Default)]
pub struct About<'a> {
    /// Where it is published.
    pub vault_path: &'a str,
    /// The field that it has there.
    pub token_field: &'a str,
    /// What a person is told who has to supply the next token.
    pub instructions: Option<&'a str>,
    /// The connections that must hold it.
    pub connections: Vec<AboutConnection<'a>>,
}

/// What the configuration says of a connection.
#[derive(Debug, Clone)]
pub struct AboutConnection<'a> {
    /// Its name.
    pub name: &'a str,
    /// Whether anything can confirm that it works with the token.
    pub can_confirm: bool,
    /// What the person must know who writes it, where a person does.
    pub handover: Option<HandoverTold<'a>>,
}

/// What a person must know who writes a token into a connection.
#[derive(Debug, Clone, Copy)]
pub struct HandoverTold<'a> {
    /// Where the token waits in Vault.
    pub vault_path: &'a str,
    /// What to do.
    pub instructions: &'a str,
    /// The command that tells that it is done.
    pub command: &'a str,
}

/// What the rules look at.
pub(super) struct View<'a> {
    pub(super) record: &'a Record,
    pub(super) policy: &'a Policy,
    pub(super) decision: &'a Decision,
    pub(super) about: &'a About<'a>,
    pub(super) now: Timestamp,
}

/// The state of a token. `decision` is the last one on this record, at `now`;
/// `policy` is the one that it was made with.
#[must_use]
pub fn judge(
    record: &Record,
    policy: &Policy,
    decision: &Decision,
    about: &About<'_>,
    now: Timestamp,
) -> State {
    let view = View {
        record,
        policy,
        decision,
        about,
        now,
    };
    let state = RULES.iter().find_map(|rule| rule(&view));
    let mut state = state.unwrap_or_else(|| fresh(&view));
    // A token that works no more has stopped provisioning already.
    if state.deadline.is_none() {
        state.deadline = view.expiry();
    }
    state
}

type Rule = fn(&View<'_>) -> Option<State>;

/// The rules, in order of precedence; the first that answers tells the state.
const RULES: &[Rule] = &[
    refused,
    newer_record,
    halted,
    paused,
    waiting::for_a_person,
    waiting::for_the_limit,
    flight::without_a_token,
    flight::in_flight,
    flight::is_due,
    unproven,
    concerns::unconfirmed,
    concerns::of_a_working_token,
];

impl View<'_> {
    pub(super) fn name(&self) -> &str {
        &self.record.token
    }

    pub(super) fn expiry(&self) -> Option<Timestamp> {
        let current = self.record.current.as_ref()?;
        self.policy.expiry(current)
    }

    pub(super) fn renew_at(&self) -> Option<Timestamp> {
        let current = self.record.current.as_ref()?;
        let ordinal = self.record.generation;
        self.policy.renew_at(&self.record.token, ordinal, current)
    }

    /// Whether a person stopped all work.
    fn all_is_paused(&self) -> bool {
        self.decision.reason == Reason::Paused && self.record.paused.is_none()
    }

    pub(super) fn is_paused(&self) -> bool {
        self.decision.reason == Reason::Paused || self.record.paused.is_some()
    }

    /// The command that lets the work on the token go on, if something holds it.
    fn way_on(&self) -> Option<String> {
        let name = self.name();
        if self.all_is_paused() {
            return Some("scim-rotator resume --all --reason TEXT".to_owned());
        }
        if self.record.paused.is_some() {
            return Some(command("resume", name));
        }
        if self.record.halt.is_some() {
            return Some(command("rotate", name));
        }
        waiting::for_a_person(self)?.command.map(Into::into)
    }

    /// Since when the token in use is as it is.
    pub(super) fn in_use_since(&self) -> Option<Timestamp> {
        let current = self.record.current.as_ref()?;
        let promoted = self.record.history.first().map(|past| past.ended_at);
        Some(promoted.unwrap_or(current.issued_at))
    }

    /// When the token in use was last shown to work, or else came into use.
    fn last_worked_at(&self) -> Option<Timestamp> {
        let probe = self.record.probe.as_ref();
        let passed = probe.and_then(|probe| probe.passed_at);
        passed.or_else(|| self.in_use_since())
    }
}

/// Why the work does not go on by itself, to follow another sentence.
fn held_by(view: &View<'_>) -> String {
    if let Some(halt) = &view.record.halt {
        return format!(" It is halted: {}", sentence(&halt.detail));
    }
    match view.is_paused() {
        true => " It is paused.".to_owned(),
        false => String::new(),
    }
}

fn refused(view: &View<'_>) -> Option<State> {
    let Proof::Refused(Finding { detail, .. }) = proof::of_current(view.record, view.policy)?
    else {
        return None;
    };
    let text = format!(
        "The service provider refuses the token in use: {}{}",
        sentence(detail),
        held_by(view)
    );
    let next = view.way_on();
    let next = next.unwrap_or_else(|| command("verify", view.name()));
    let since = view.last_worked_at();
    let mut state = State::urgent(Word::Refused, text, "ScimTokenRejected").since(since);
    state.deadline = since;
    Some(state.with_command(next))
}

/// A record that this program cannot read in full is not touched.
fn newer_record(view: &View<'_>) -> Option<State> {
    let text = "Its record was written by a newer version of scim-rotator: upgrade this replica.";
    (view.decision.reason == Reason::SchemaTooNew)
        .then(|| State::attention(Word::Halted, text, "ScimTokenRecordUnreadable"))
        .map(|state| state.with_command("scim-rotator --version"))
}

fn halted(view: &View<'_>) -> Option<State> {
    let halt = view.record.halt.as_ref()?;
    let cause = halt.cause.as_str().replace('_', " ");
    let mut text = format!("Halted, {cause}: {}", sentence(&halt.detail));
    if let Some(at) = halt.retry_at.filter(|_| halt.may_end_by_itself()) {
        text = format!("{text} It is tried again at {}.", time(at));
    }
    let mut state = State::attention(Word::Halted, text, "ScimRotationHalted");
    // Somebody else has that token.
    if view.record.is_compromised() {
        state.urgency = Urgency::Urgent;
    }
    let next = match view.is_paused() {
        true => view.way_on().unwrap_or_default(),
        false => command("rotate", view.name()),
    };
    Some(state.since(Some(halt.since)).with_command(next))
}

fn paused(view: &View<'_>) -> Option<State> {
    if !view.is_paused() {
        return None;
    }
    let paused = view.record.paused.as_ref();
    let text = match paused {
        None => "All work is paused by a person.".to_owned(),
        Some(paused) => {
            let by = paused.by.as_ref().map(|by| format!(" by {by}"));
            let by = by.unwrap_or_default();
            match paused.reason.trim() {
                "" => format!("Paused{by}, without a reason."),
                reason => format!("Paused{by}: {}", sentence(reason)),
            }
        }
    };
    let next = view.way_on().unwrap_or_default();
    let state = State::attention(Word::Paused, text, "ScimTokenPausedTooLong");
    let state = state.since(paused.map(|paused| paused.since));
    Some(state.with_command(next))
}

fn unproven(view: &View<'_>) -> Option<State> {
    let Proof::Unproven(finding) = proof::of_current(view.record, view.policy)? else {
        return None;
    };
    let text = match finding {
        Some(finding) => format!(
            "Nothing shows that the token in use works: {}",
            sentence(&finding.detail)
        ),
        None => "The token in use was never tested.".to_owned(),
    };
    let state = State::attention(Word::Unproven, text, "ScimTokenUnproven");
    let next = command("verify", view.name());
    Some(state.since(view.last_worked_at()).with_command(next))
}

fn fresh(view: &View<'_>) -> State {
    let text = match view.renew_at() {
        Some(_) => "It works, and nothing is due before its renewal.",
        None => "It works, and no rule renews it.",
    };
    State::fine(Word::Fresh, text).since(view.in_use_since())
}

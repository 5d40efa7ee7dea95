//! The state of a token as people read it from facts or from the daemon's API, with
//! what has passed since it was written.

use jiff::Timestamp;
use serde_json::Value;

use crate::ports::unit::Unit;
use crate::rotation::decision::{Action, Decision, Reason};
use crate::rotation::record::Record;
use crate::rotation::state::{Banner, Life, State, Urgency, Word, judge, quoted};
use crate::telemetry::facts::TokenFacts;

/// The state of this token at `now`.
pub(super) fn state(name: &str, told: &Result<Value, String>, now: Timestamp) -> State {
    match told {
        Ok(token) => of_json(name, token, now),
        Err(error) => {
            let text = format!("Its state is not known: {error}");
            let state = State::attention(Word::Unproven, text, "ScimTokenRecordUnreadable");
            state.with_command("scim-rotator check --online")
        }
    }
}

/// The state in the facts of a token. Earlier programs wrote one word, `standing`.
pub(super) fn of_json(name: &str, token: &Value, now: Timestamp) -> State {
    let read = serde_json::from_value::<State>(token["state"].clone());
    let state = read.unwrap_or_else(|_| of_earlier(name, token));
    let state = state.at(name, &life(token), now);
    match token["trouble"].as_str() {
        Some(trouble) if state.urgency < Urgency::Urgent => {
            let text = format!("Its record cannot be read: {trouble}");
            let new = State::attention(Word::Unproven, text, "ScimTokenRecordUnreadable");
            State {
                deadline: state.deadline,
                ..new.with_command(format!("scim-rotator plan {}", quoted(name)))
            }
        }
        Some(_) | None => state,
    }
}

/// The state of a token that waits for a person, from its record.
pub(super) fn of_record(unit: &Unit, record: &Record, now: Timestamp) -> State {
    let reason = match record.halt {
        Some(_) => Reason::Halted,
        None => Reason::WaitingOperator,
    };
    of_reason(unit, record, reason, now)
}

/// The state of a token that waits for this reason, from its record.
pub(super) fn of_reason(unit: &Unit, record: &Record, reason: Reason, now: Timestamp) -> State {
    let facts = TokenFacts::of(unit);
    let decision = Decision {
        action: Action::Wait,
        reason,
        wake_at: now,
    };
    judge(record, &unit.policy, &decision, &facts.about(), now)
}

/// What is true of all tokens together, for people.
pub(super) fn banners(all: &[Banner]) -> String {
    let line = |banner: &Banner| {
        let Banner {
            sentence,
            command,
            runbook,
            ..
        } = banner;
        format!("! {sentence}\n    {command}\n    {runbook}\n\n")
    };
    all.iter().map(line).collect()
}

fn time(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

fn life(token: &Value) -> Life {
    let current = &token["current"];
    Life {
        issued_at: time(&current["issued_at"]),
        renew_at: time(&token["renew_at"]),
        expires_at: time(&current["expires_at"]),
        person_due: time(&token["operator_deadline_at"]),
    }
}

fn of_earlier(name: &str, token: &Value) -> State {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let command = |verb: &str| format!("scim-rotator {verb} {}", quoted(name));
    let told = |word, sentence: String, alert: &str, verb: &str| {
        State::attention(word, sentence, alert).with_command(command(verb))
    };
    let word = token["standing"].as_str().unwrap_or("unread");
    let mut state = match word {
        "halted" => {
            let why = text(&token["halt"]["detail"]);
            told(
                Word::Halted,
                format!("Halted: {why}"),
                "ScimRotationHalted",
                "rotate",
            )
        }
        "paused" => {
            let why = text(&token["paused"]["reason"]);
            told(
                Word::Paused,
                format!("Paused: {why}"),
                "ScimTokenPausedTooLong",
                "resume",
            )
        }
        "waiting_operator" => {
            let how = text(&token["instructions"]);
            told(
                Word::WaitingForYou,
                format!("Waiting for you: {how}"),
                "ScimManualStepDue",
                "plan",
            )
        }
        "issue_cap" => {
            let why = "The limit of issues is reached.".to_owned();
            told(Word::LimitReached, why, "ScimIssueLimitReached", "plan")
        }
        "refused" | "drift" | "broken" => {
            let why = format!("The service provider refuses it: {}", text(&token["doubt"]));
            State {
                urgency: Urgency::Urgent,
                ..told(Word::Refused, why, "ScimTokenRejected", "verify")
            }
        }
        // Whether every connection had confirmed it was not told.
        "fresh" | "trusted" if is_confirmed(token) => State::fine(Word::Fresh, "It works."),
        "fresh" | "trusted" | "unproven" | "unclear" | "unread" => {
            let why = "Not everything is shown to work.".to_owned();
            told(Word::Unproven, why, "ScimTokenUnproven", "verify")
        }
        "expired" => State::attention(Word::Expiring, "It has expired.", "ScimTokenExpired")
            .with_command(command("rotate")),
        _ => State::fine(
            Word::Renewing,
            format!("It is renewed: {}.", word.replace('_', " ")),
        ),
    };
    state.since = time(&token["stage_entered_at"]);
    state.deadline = time(&token["current"]["expires_at"]);
    state
}

fn is_confirmed(token: &Value) -> bool {
    let mut all = token["connections"].as_array().into_iter().flatten();
    all.all(|one| one["in_sync"] == true && one["confirmed_at"].is_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(now: &str, token: &Value) -> State {
        of_json("crm", token, now.parse().expect("a time"))
    }

    #[test]
    fn facts_of_an_earlier_program_have_a_state_too() {
        let told = |standing: &str, confirmed: Value| {
            json!({
                "standing": standing,
                "renew_at": "2027-03-01T00:00:00Z",
                "current": { "issued_at": "2027-01-01T00:00:00Z", "expires_at": "2027-04-01T00:00:00Z" },
                "connections": [{ "name": "hr", "in_sync": true, "confirmed_at": confirmed }],
            })
        };
        let now = "2027-02-01T00:00:00Z";
        let yes = json!("2027-01-02T00:00:00Z");
        let cases = [
            ("fresh", &yes, Word::Fresh),
            ("fresh", &Value::Null, Word::Unproven),
            ("issuing", &yes, Word::Renewing),
            ("halted", &yes, Word::Halted),
            ("paused", &yes, Word::Paused),
            ("waiting_operator", &yes, Word::WaitingForYou),
            ("issue_cap", &yes, Word::LimitReached),
            ("refused", &yes, Word::Refused),
            ("unproven", &yes, Word::Unproven),
        ];
        for (standing, confirmed, word) in cases {
            let state = at(now, &told(standing, confirmed.clone()));
            assert_eq!(state.word, word, "{standing}");
            let fine = state.urgency == Urgency::Fine;
            assert_eq!(fine, state.command.is_none(), "{standing}: {state:?}");
        }
        let late = at("2027-04-02T00:00:00Z", &told("fresh", yes));
        assert_eq!(late.word, Word::Expired);
    }

    #[test]
    fn a_record_that_cannot_be_read_is_said() {
        let state = json!({
            "state": State::fine(Word::Fresh, "It works."),
            "trouble": "Vault is sealed",
        });
        let state = at("2027-02-01T00:00:00Z", &state);
        assert_eq!(state.word, Word::Unproven);
        assert!(state.sentence.contains("Vault is sealed"), "{state:?}");
    }
}

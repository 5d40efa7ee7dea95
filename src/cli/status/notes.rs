//! What `status` says of a token beside its times: the most important of what people
//! should know or do.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::cli::federated;
use crate::rotation::privilege::PrivilegeVerdict;
use crate::rotation::reason::Reason;
use crate::telemetry::obstacle::Obstacle;
use crate::telemetry::words;

pub(super) fn time(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// How what the token may do compares with what it should, in a word.
pub(super) fn privilege(state: &Result<Value, String>, now: Timestamp) -> String {
    let told = state.as_ref().map(|state| &state["privilege"]);
    let Some(told) = told.ok().filter(|told| told.is_object()) else {
        return "-".to_owned();
    };
    let word = text(&told["verdict"]).replace('_', " ");
    match time(&told["accepted_risk"]["until"]) {
        Some(until) if until > now => format!("{word} (accepted)"),
        Some(_) => format!("{word} (acceptance over)"),
        None => word,
    }
}

/// What the last full cycle showed, and when.
pub(super) fn full_cycle(state: &Result<Value, String>, now: Timestamp) -> String {
    let told = state.as_ref().map(|state| &state["full_cycle"]);
    let Some(told) = told.ok().filter(|told| told.is_object()) else {
        return "-".to_owned();
    };
    let word = match text(&told["verdict"]) {
        "inconclusive" => "showed nothing",
        word => word,
    };
    let at = time(&told["at"]).map(|at| words::relative(at, now));
    format!("{word} {}", at.unwrap_or_default())
}

/// The last full cycle failed, or left something behind.
fn full_cycle_note(state: &Value) -> Option<String> {
    let told = Some(&state["full_cycle"]).filter(|told| told.is_object())?;
    let left = told["left_behind"].as_u64().filter(|left| *left > 0);
    let left = left.map(|left| match left {
        1 => "a full cycle left a user or a group behind".to_owned(),
        left => format!("a full cycle left {left} users or groups behind"),
    });
    let failed = (text(&told["verdict"]) == "failed")
        .then(|| format!("the last full cycle failed: {}", text(&told["detail"])));
    let all: Vec<_> = [failed, left].into_iter().flatten().collect();
    (!all.is_empty()).then(|| all.join("; "))
}

/// The token in use may do more than it should, and nobody accepts that.
fn privilege_note(state: &Value, now: Timestamp) -> Option<String> {
    let told = Some(&state["privilege"]).filter(|told| told.is_object())?;
    let risk = &told["accepted_risk"];
    if let Some(until) = time(&risk["until"]) {
        let owner = text(&risk["owner"]);
        let over = words::relative(until, now);
        return (until <= now).then(|| {
            format!(
                "the acceptance that the token is broad ended {over}: {owner} must decide again (`accepted_risk`)"
            )
        });
    }
    let verdict = PrivilegeVerdict::from_word(text(&told["verdict"]))?;
    verdict.is_too_much().then(|| {
        let detail = text(&told["detail"]);
        format!("the token in use may do more than it should: {detail}")
    })
}

/// The token in use was made for a shorter life than was asked for.
fn life_note(state: &Value) -> Option<String> {
    let asked: SignedDuration = state["current"]["asked_life"].as_str()?.parse().ok()?;
    let issued = time(&state["current"]["issued_at"])?;
    let life = time(&state["current"]["expires_at"])?.duration_since(issued);
    Some(format!(
        "the issuer made the token for {}, and was asked for {}",
        words::span(life),
        words::span(asked)
    ))
}

/// Somebody still uses a superseded token.
fn still_used_note(state: &Value) -> Option<String> {
    let all = state["retiring"].as_array()?;
    let old = all.iter().find(|old| old["still_used"] == true)?;
    let who = old["used_by"].as_str().map_or_else(
        || "somebody".to_owned(),
        |by| format!("`{by}` (as the issuer tells)"),
    );
    Some(format!(
        "{who} still used the superseded token after its successor was delivered: give it the new one, from {}",
        text(&state["vault_path"])
    ))
}

/// A daemon that works does something at this time at the latest, and tells it
/// within this long.
const SILENT_FOR: SignedDuration = SignedDuration::from_mins(15);

/// How long people are told of a value that was not accepted.
const TOLD_FOR: SignedDuration = SignedDuration::from_hours(24);

/// Somebody wrote a value to the published path that was not accepted.
fn supplied_note(state: &Value, now: Timestamp) -> Option<String> {
    let note = Some(&state["supplied"]).filter(|note| note.is_object())?;
    let at = time(&note["at"])?;
    let is_written_back = !note["written_back_at"].is_null();
    if now.duration_since(at) > TOLD_FOR && is_written_back {
        return None;
    }
    let place = text(&state["vault_path"]);
    let back = match is_written_back {
        true => "the token in use was written back",
        false => "it is still there",
    };
    Some(format!(
        "{} wrote a value to {place} ({}) that was not accepted: {}; {back}",
        note["by"].as_str().unwrap_or("somebody"),
        words::relative(at, now),
        text(&note["detail"])
    ))
}

/// Somebody wrote an end for the token in use that was not taken as it is.
fn end_note(state: &Value) -> Option<String> {
    let note = Some(&state["stated_end"]).filter(|note| note.is_object())?;
    // The state shows the beginning of the fingerprint only.
    let shown = state["current"]["fingerprint"].as_str()?;
    let is_of_current = text(&note["fingerprint"]).starts_with(shown);
    let by = note["by"].as_str().map(|by| format!(" (written by {by})"));
    is_of_current.then(|| {
        let place = text(&state["vault_path"]);
        format!(
            "{place}: {}{}",
            text(&note["detail"]),
            by.unwrap_or_default()
        )
    })
}

/// A person is waited for: until when. What to do stands above the table.
fn waiting_note(state: &Value, now: Timestamp) -> Option<String> {
    let all = state["connections"].as_array().into_iter().flatten();
    let mut open = all.filter(|one| one["handover"].is_object());
    let by_connection = open.next().map(|one| &one["handover"]["deadline_at"]);
    let is_asked = state["stage"] == "waiting_operator" || by_connection.is_some();
    let due = time(&state["operator_deadline_at"]).or_else(|| time(by_connection?));
    is_asked.then(|| match due {
        Some(at) => format!("waiting for you (due {})", words::relative(at, now)),
        None => "waiting for you".to_owned(),
    })
}

/// A person supplied the token in use, and it is not known whether it belongs to the
/// tenant of its predecessor.
fn tenant_note(state: &Value) -> Option<String> {
    let why = state["current"]["tenant_doubt"].as_str()?;
    Some(format!(
        "the token in use was supplied by a person, and it could not be shown that it belongs to the tenant of its predecessor: {why}"
    ))
}

/// The superseded token that is retired next, and what stands against that.
fn retirement_note(state: &Value, now: Timestamp) -> Option<String> {
    let due = time(&state["retirement_due_at"])?;
    let told = &state["retirement_obstacle"];
    let obstacle = told.is_object().then(|| Obstacle {
        reason: "not_retired",
        detail: text(&told["detail"]).to_owned(),
        revoked_at: time(&told["revoked_at"]),
    });
    Some(Obstacle::sentence(obstacle.as_ref(), due, now))
}

/// Why there is no token yet: what the issue of the first one waits for.
fn missing_note(state: &Value) -> Option<String> {
    if !state["current"].is_null() || state["stage"] != "idle" {
        return None;
    }
    let reason = Reason::from_word(text(&state["reason"]))?;
    Some(format!("{}: {}", reason.as_str(), reason.sentence()))
}

/// The most important fact that the other columns do not show.
pub(super) fn note(state: &Value, now: Timestamp) -> String {
    let relative = |at: &Value| {
        time(at)
            .map(|at| words::relative(at, now))
            .unwrap_or_default()
    };
    if let Some(trouble) = state["trouble"].as_str() {
        return trouble.to_owned();
    }
    if state["federation"].is_object() {
        return federated::note(state, now);
    }
    let halt = &state["halt"];
    if halt.is_object() {
        return format!("{}: {}", text(&halt["cause"]), text(&halt["detail"]));
    }
    let paused = &state["paused"];
    if paused.is_object() {
        let by = match paused["by"].as_str() {
            Some(by) => format!(" by {by}"),
            None => String::new(),
        };
        let since = relative(&paused["since"]);
        return format!("paused {since}{by}: {}", text(&paused["reason"]));
    }
    if let Some(overdue) = overdue(state, now) {
        return format!(
            "the daemon has told nothing since {}, and a step was due {overdue}: is it running?",
            relative(&state["written_at"])
        );
    }
    let written: Vec<_> = [
        end_note(state),
        supplied_note(state, now),
        tenant_note(state),
        privilege_note(state, now),
        still_used_note(state),
        full_cycle_note(state),
    ]
    .into_iter()
    .flatten()
    .collect();
    if !written.is_empty() {
        return written.join("; ");
    }
    if let Some(text) = waiting_note(state, now) {
        return text;
    }
    if let Some(doubt) = state["doubt"].as_str() {
        return format!("the token in use is not shown to work: {doubt}");
    }
    let failure = &state["last_failure"];
    if failure.is_object() {
        return format!(
            "{} failed: {}",
            text(&failure["step"]),
            text(&failure["message"])
        );
    }
    let last = retirement_note(state, now)
        .or_else(|| life_note(state))
        .or_else(|| missing_note(state));
    last.unwrap_or_default()
}

/// When a renewal was due, if the facts are older than that.
fn overdue(state: &Value, now: Timestamp) -> Option<String> {
    let written_at = time(&state["written_at"])?;
    let due = time(&state["renew_at"]).or_else(|| time(&state["current"]["expires_at"]))?;
    let is_silent = written_at < due && now.duration_since(due) > SILENT_FOR;
    is_silent.then(|| words::relative(due, now))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn note_of(state: &Value) -> String {
        note(state, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn the_last_full_cycle_is_told_with_what_went_wrong() {
        let now = Timestamp::from_second(7200).expect("a time");
        let cycle = |verdict: &str, detail: &str, left: u64| {
            json!({ "full_cycle": { "verdict": verdict, "at": Timestamp::UNIX_EPOCH,
                "detail": detail, "left_behind": left } })
        };
        let column = |state: &Value| full_cycle(&Ok(state.clone()), now);
        let passed = cycle("passed", "", 0);
        assert_eq!(column(&passed), "passed 2 h ago");
        assert_eq!(note(&passed, now), "");
        let failed = cycle("failed", "create: HTTP 400", 1);
        assert_eq!(column(&failed), "failed 2 h ago");
        assert_eq!(
            note(&failed, now),
            "the last full cycle failed: create: HTTP 400; a full cycle left a user or a group behind"
        );
        let unclear = cycle("inconclusive", "population: HTTP 500", 0);
        assert_eq!(column(&unclear), "showed nothing 2 h ago");
        assert_eq!(column(&json!({})), "-");
        assert_eq!(full_cycle(&Err("unread".to_owned()), now), "-");
    }

    #[test]
    fn a_token_that_does_not_exist_yet_is_noted_with_the_reason() {
        let missing = |reason: &str| json!({ "stage": "idle", "reason": reason });
        let note = note_of(&missing("audit_fails"));
        assert!(
            note.starts_with("audit_fails: the audit cannot be"),
            "{note}"
        );
        let note = note_of(&missing("missing"));
        assert_eq!(note, "missing: there is no token");
        let waits = json!({ "stage": "idle", "current": {}, "reason": "waiting_window" });
        assert_eq!(note_of(&waits), "", "there is one");
        let mut failed = missing("backoff");
        failed["last_failure"] = json!({ "step": "issue", "message": "HTTP 500" });
        assert_eq!(note_of(&failed), "issue failed: HTTP 500");
    }
}

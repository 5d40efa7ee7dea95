//! What an auditor asks of one token, from its facts.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use crate::cli::facts::ROTATIONS;
use crate::cli::stated;
use crate::rotation::privilege::PrivilegeVerdict;

/// A column: its name, and what it answers.
pub(super) const COLUMNS: [&str; 33] = [
    "token",
    "environment",
    "owner",
    "issuer",
    "provider",
    "credential",
    "connections",
    "vault_path",
    "state",
    "generation",
    "fingerprint",
    "token_id",
    "origin",
    "issued_at",
    "age_days",
    "age_is_known",
    "expires_at",
    "expiry_source",
    "proven_at",
    "proof",
    "privilege",
    "renew_at",
    "overdue_since",
    "last_rotation_at",
    "last_trigger",
    "last_asked_by",
    "last_asked_why",
    "rotations",
    "failures",
    "old_token",
    "old_dead_at",
    "exceptions",
    "told_at",
];

/// The answers of one token.
pub(super) struct Row {
    pub(super) name: String,
    /// By [`COLUMNS`]; null if there is no answer.
    pub(super) cells: Map<String, Value>,
    /// How long its rotations took, in seconds, as far as the record remembers them.
    pub(super) took: Took,
    pub(super) overdue: bool,
    pub(super) old_alive: bool,
    pub(super) exceptions: usize,
}

/// Durations of successful rotations, in seconds.
#[derive(Default)]
pub(super) struct Took {
    pub(super) any: Vec<i64>,
    /// Those after a token was declared compromised, until the new one was in use.
    pub(super) compromised: Vec<i64>,
    /// The same, until the old one was shown to be dead.
    pub(super) until_dead: Vec<i64>,
}

impl Row {
    /// The row of a token whose facts are not known.
    pub(super) fn unknown(name: &str, why: &str) -> Self {
        let mut cells = Map::new();
        cells.insert("token".to_owned(), json!(name));
        cells.insert("state".to_owned(), json!("unknown"));
        cells.insert("exceptions".to_owned(), json!([why]));
        Self {
            name: name.to_owned(),
            cells,
            took: Took::default(),
            overdue: false,
            old_alive: false,
            exceptions: 1,
        }
    }

    pub(super) fn of(name: &str, facts: &Value, since: Timestamp, now: Timestamp) -> Self {
        let state = &facts["token"];
        let current = &state["current"];
        let rotations = rotations(facts);
        let exceptions = exceptions(facts, state);
        let overdue = overdue(state, now);
        let old = old_token(state, &rotations, now);
        let last = rotations.iter().find(|past| past["result"] == "success");
        let in_period = |past: &&&Value| time(&past["ended_at"]).is_some_and(|at| at >= since);
        let of_period: Vec<&&Value> = rotations.iter().filter(in_period).collect();
        let good = of_period.iter().filter(|past| past["result"] == "success");
        let (all, good) = (of_period.len(), good.count());
        let age = time(&current["issued_at"]).map(|at| now.duration_since(at).as_hours() / 24);
        let past = |key: &str| last.map_or(Value::Null, |past| past[key].clone());
        let named = |key: &str| state[key].clone();
        let connections = state["connections"].as_array().into_iter().flatten();
        let connections: Vec<&str> = connections.filter_map(|one| one["name"].as_str()).collect();
        let values = [
            json!(name),
            named("environment"),
            named("owner"),
            named("issuer"),
            named("provider"),
            named("credential"),
            json!(connections),
            named("vault_path"),
            json!(stated::of_json(name, state, now).word.as_str()),
            named("generation"),
            current["fingerprint"].clone(),
            current["id"].clone(),
            current["origin"].clone(),
            current["issued_at"].clone(),
            json!(age),
            current
                .is_object()
                .then(|| current["issued_at_is_seen"] != true)
                .into(),
            current["expires_at"].clone(),
            current["expiry"].clone(),
            current["proven_at"].clone(),
            named("proof"),
            state["privilege"]["verdict"].clone(),
            named("renew_at"),
            json!(overdue),
            past("ended_at"),
            past("trigger"),
            past("asked_by"),
            past("asked_why"),
            json!(good),
            json!(all - good),
            json!(old.sentence),
            json!(old.dead_at),
            json!(exceptions),
            facts["written_at"].clone(),
        ];
        let cells = COLUMNS.iter().map(|name| (*name).to_owned()).zip(values);
        Self {
            name: name.to_owned(),
            cells: cells.collect(),
            took: took(&rotations, since),
            overdue: overdue.is_some(),
            old_alive: old.is_alive,
            exceptions: exceptions.len(),
        }
    }

    /// A cell as one text.
    pub(super) fn text(&self, column: &str) -> String {
        match self.cells.get(column) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(Value::Array(items)) => {
                let items = items.iter().map(|item| item.as_str().unwrap_or_default());
                items.collect::<Vec<_>>().join("; ")
            }
            Some(other) => other.to_string(),
        }
    }
}

/// The rotations that are remembered, newest first. Facts of an earlier program hold
/// the newest only.
pub(in crate::cli) fn rotations(facts: &Value) -> Vec<&Value> {
    let all = facts[ROTATIONS].as_array();
    let newest = facts["token"]["history"].as_array();
    all.or(newest).into_iter().flatten().collect()
}

pub(in crate::cli) fn time(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

/// Since when its renewal, or a person's work, is late.
fn overdue(state: &Value, now: Timestamp) -> Option<Timestamp> {
    let passed = |value: &Value| time(value).filter(|at| *at < now);
    let times = [
        passed(&state["renew_at"]),
        passed(&state["operator_deadline_at"]),
        passed(&state["current"]["expires_at"]),
    ];
    times.into_iter().flatten().min()
}

struct OldToken {
    sentence: String,
    dead_at: Option<Timestamp>,
    is_alive: bool,
}

/// What is known of the predecessors of the token in use.
fn old_token(state: &Value, rotations: &[&Value], now: Timestamp) -> OldToken {
    let alive = |sentence: String| OldToken {
        sentence,
        dead_at: None,
        is_alive: true,
    };
    let retiring = state["retiring"].as_array().into_iter().flatten();
    if let Some(old) = retiring.min_by_key(|old| time(&old["not_before"])) {
        let until = time(&old["not_before"]);
        let fingerprint = old["fingerprint"].as_str().unwrap_or_default();
        if until.is_some_and(|until| until > now) {
            let until = until.map(|at| at.to_string()).unwrap_or_default();
            return alive(format!(
                "{fingerprint} works until its overlap ends at {until}"
            ));
        }
        let obstacle = &state["retirement_obstacle"]["detail"];
        let why = obstacle.as_str().unwrap_or("it is about to be retired");
        return alive(format!("{fingerprint} is not shown to be dead: {why}"));
    }
    let last = rotations.iter().find(|past| past["result"] == "success");
    let Some(last) = last else {
        return OldToken {
            sentence: "no rotation is remembered".to_owned(),
            dead_at: None,
            is_alive: false,
        };
    };
    let fingerprint = last["old"].as_str();
    let named = fingerprint.map(|f| format!("{f} ")).unwrap_or_default();
    let dead_at = time(&last["old_refused_at"]);
    let sentence = match (dead_at, last["old_gone_at_issuer"] == true, fingerprint) {
        (Some(_), true, _) => format!("{named}is gone at the issuer"),
        (Some(_), false, _) => format!("{named}was refused by the service provider"),
        (None, _, None) => "there was none".to_owned(),
        (None, _, Some(_)) => format!("{named}was not shown to be refused"),
    };
    OldToken {
        sentence,
        dead_at,
        is_alive: false,
    }
}

/// What is not as the policy wants it.
fn exceptions(facts: &Value, state: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut all = Vec::new();
    if facts["trouble"].is_string() {
        all.push(format!(
            "the record cannot be used: {}",
            text(&facts["trouble"])
        ));
    }
    let (paused, halt) = (&state["paused"], &state["halt"]);
    if paused.is_object() {
        let by = paused["by"].as_str().unwrap_or("a person");
        let (since, why) = (text(&paused["since"]), text(&paused["reason"]));
        all.push(format!("paused by {by} since {since}: {why}"));
    }
    if halt.is_object() {
        let (cause, since) = (text(&halt["cause"]), text(&halt["since"]));
        all.push(format!("halted since {since}: {cause}"));
    }
    if state["compromised"] == true {
        all.push("declared compromised and not replaced yet".to_owned());
    }
    let current = &state["current"];
    if current.is_null() && state["credential"] != "federated" {
        all.push("there is no token in use".to_owned());
    }
    match current["expiry"].as_str() {
        Some("unknown") => all.push("nobody knows when it expires".to_owned()),
        Some("never") => all.push("it never expires".to_owned()),
        Some(_) | None => {}
    }
    if let Some(doubt) = state["doubt"].as_str() {
        all.push(format!("the token in use is not shown to work: {doubt}"));
    }
    if current["unclear_controls"].is_object() {
        all.push("it is not clear whether wrong tokens are refused".to_owned());
    }
    if current["tenant_doubt"].is_string() {
        all.push(format!(
            "its tenant is not shown: {}",
            text(&current["tenant_doubt"])
        ));
    }
    if let Some(orphans) = state["orphans"].as_u64().filter(|orphans| *orphans > 0) {
        all.push(format!("{orphans} lost tokens may be valid"));
    }
    if state["supplied"].is_object() && state["supplied"]["written_back_at"].is_null() {
        all.push("a value at the published path was not accepted".to_owned());
    }
    all.extend(privilege(&state["privilege"]));
    let federation = &state["federation"];
    let note = federation["note"].as_str();
    let notes = federation["notes"].as_array().into_iter().flatten();
    let notes = notes.filter_map(Value::as_str);
    all.extend(note.into_iter().chain(notes).map(str::to_owned));
    let connections = state["connections"].as_array().into_iter().flatten();
    for one in connections.filter(|one| one["in_sync"] == false) {
        all.push(format!("{} holds an old token", text(&one["name"])));
    }
    all
}

/// A token that may do more than it should, whether somebody accepts that or not.
fn privilege(told: &Value) -> Option<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let risk = &told["accepted_risk"];
    if risk.is_object() {
        let (owner, until) = (text(&risk["owner"]), text(&risk["until"]));
        let why = text(&risk["reason"]);
        return Some(format!(
            "{owner} accepts until {until} that it is broad: {why}"
        ));
    }
    let verdict = PrivilegeVerdict::from_word(told["verdict"].as_str()?)?;
    verdict
        .is_too_much()
        .then(|| format!("it may do more than it should: {}", text(&told["detail"])))
}

fn took(rotations: &[&Value], since: Timestamp) -> Took {
    let mut took = Took::default();
    for past in rotations.iter().filter(|past| past["result"] == "success") {
        let (Some(began), Some(ended)) = (time(&past["began_at"]), time(&past["ended_at"])) else {
            continue;
        };
        if ended < since {
            continue;
        }
        let seconds = |until: Timestamp| until.duration_since(began).max(SignedDuration::ZERO);
        took.any.push(seconds(ended).as_secs());
        if past["trigger"] == "compromise" {
            took.compromised.push(seconds(ended).as_secs());
            let dead = time(&past["old_refused_at"]);
            took.until_dead.extend(dead.map(|at| seconds(at).as_secs()));
        }
    }
    took
}

#[cfg(test)]
mod tests;

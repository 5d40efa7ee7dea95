//! `status` for people: how many need somebody, what these are and what to type, then
//! a table of all.

use jiff::Timestamp;
use serde_json::Value;

use super::notes::{full_cycle, note, privilege, text, time};
use super::{Status, Token};
use crate::cli::output::{Output, Table};
use crate::cli::stated;
use crate::rotation::state::{State, Urgency, Word, time as sentence_time};
use crate::telemetry::words::relative;

pub(super) fn text_of(status: &Status, output: &Output) -> String {
    let head = format!("{}\n\n", status.counts().sentence());
    let banners = stated::banners(&status.banners);
    let colour = |text: &str, urgency| coloured(text, urgency, output.colour());
    let troubled = status.tokens.iter();
    let troubled = troubled.filter(|token| token.state.urgency != Urgency::Fine);
    let blocks: String = troubled
        .map(|token| block(token, status.now, &colour))
        .collect();
    let table = table(status, output.wide());
    let mut lines = table.lines();
    let header = lines.next().unwrap_or_default();
    let urgencies = status.tokens.iter().map(|token| token.state.urgency);
    let rows = lines.zip(urgencies).map(|(line, urgency)| {
        let line = cut(line, output.width());
        colour(&line, urgency) + "\n"
    });
    let rows: String = rows.collect();
    let urgency = match status.banners.is_empty() {
        true => Urgency::Fine,
        false => Urgency::Attention,
    };
    let banners = coloured(&banners, urgency, output.colour() && !banners.is_empty());
    format!(
        "{head}{banners}{blocks}{}\n{rows}",
        cut(header, output.width())
    )
}

/// A token that somebody should look at.
pub(in crate::cli) fn block(
    Token { name, state, told }: &Token,
    now: Timestamp,
    colour: &impl Fn(&str, Urgency) -> String,
) -> String {
    let mark = mark(state.urgency);
    let mut head = format!("{mark} {name}: {}", state.word.text());
    head = head.trim_start().to_owned();
    if let Some(since) = state.since {
        head = format!("{head} (since {})", relative(since, now));
    }
    let mut lines = vec![
        colour(&head, state.urgency),
        format!("    {}", state.sentence),
    ];
    let due = told
        .as_ref()
        .ok()
        .and_then(|told| time(&told["operator_deadline_at"]));
    if let Some(due) = due.filter(|_| state.word == Word::WaitingForYou) {
        lines.push(format!(
            "    Due {} ({}).",
            relative(due, now),
            sentence_time(due)
        ));
    }
    if let Some(left) = left(state, now) {
        lines.push(format!("    {left}"));
    }
    if let Some(command) = &state.command {
        lines.push(format!("    $ {command}"));
    }
    lines.push(format!("    {}", state.runbook));
    lines.join("\n") + "\n\n"
}

/// How long until provisioning stops.
fn left(state: &State, now: Timestamp) -> Option<String> {
    let at = state.deadline?;
    let when = relative(at, now);
    Some(match at > now {
        true => format!("Provisioning stops {when}."),
        false => format!("Provisioning stopped {when}."),
    })
}

/// Beside the colour, for who does not see it.
fn mark(urgency: Urgency) -> &'static str {
    match urgency {
        Urgency::Fine => "",
        Urgency::Attention => "!",
        Urgency::Urgent => "!!",
    }
}

/// The text in the colour of an urgency, if colours are used.
pub(in crate::cli) fn coloured(text: &str, urgency: Urgency, use_it: bool) -> String {
    if !use_it {
        return text.to_owned();
    }
    let code = match urgency {
        Urgency::Fine => return text.to_owned(),
        Urgency::Attention => "33",
        Urgency::Urgent => "1;31",
    };
    format!("\u{1b}[{code}m{text}\u{1b}[0m")
}

/// A line that is not longer than the terminal is wide.
fn cut(line: &str, width: Option<usize>) -> String {
    match width {
        Some(width) if line.chars().count() > width => {
            let kept: String = line.chars().take(width.saturating_sub(1)).collect();
            kept.trim_end().to_owned() + "…"
        }
        Some(_) | None => line.to_owned(),
    }
}

fn table(status: &Status, wide: bool) -> String {
    let has = |field: &str| {
        let mut told = status
            .tokens
            .iter()
            .filter_map(|token| token.told.as_ref().ok());
        told.any(|told| told[field].is_object())
    };
    // These two say something of some tokens only.
    let (has_privilege, has_cycle) = (has("privilege"), has("full_cycle"));
    let mut header = vec!["TOKEN", "STATE"];
    if wide {
        header.extend(["URGENCY", "SINCE", "ISSUER", "ENVIRONMENT"]);
    }
    header.extend(["EXPIRES", "RENEWS", "CONNECTIONS"]);
    header.extend(has_privilege.then_some("PRIVILEGE"));
    header.extend(has_cycle.then_some("FULL CYCLE"));
    header.push("NOTE");
    let mut table = Table::new(header);
    for token in &status.tokens {
        let mut cells = vec![token.name.clone(), word(&token.state)];
        if wide {
            cells.extend(wide_cells(token, status.now));
        }
        cells.extend(cells_of(token, status.now));
        cells.extend(has_privilege.then(|| privilege(&token.told, status.now)));
        cells.extend(has_cycle.then(|| full_cycle(&token.told, status.now)));
        cells.push(match &token.told {
            Ok(told) => note(told, status.now),
            Err(error) => error.clone(),
        });
        table.row(cells);
    }
    table.text()
}

fn word(state: &State) -> String {
    format!("{} {}", mark(state.urgency), state.word.text())
        .trim_start()
        .to_owned()
}

fn wide_cells(token: &Token, now: Timestamp) -> [String; 4] {
    let state = &token.state;
    let told = |key: &str| {
        let told = token.told.as_ref().ok();
        let value = told.and_then(|told| told[key].as_str());
        value
            .filter(|text| !text.is_empty())
            .unwrap_or("-")
            .to_owned()
    };
    let since = state.since.map(|at| relative(at, now));
    [
        state.urgency.as_str().to_owned(),
        since.unwrap_or_else(|| "-".to_owned()),
        told("issuer"),
        told("environment"),
    ]
}

/// When it expires and is renewed, and what its connections hold.
fn cells_of(token: &Token, now: Timestamp) -> [String; 3] {
    let dash = || "-".to_owned();
    let Ok(told) = &token.told else {
        return [dash(), dash(), dash()];
    };
    let relative = |at: &Value| time(at).map(|at| relative(at, now));
    let current = &told["current"];
    let is_assumed = current["issued_at_is_seen"] == true && current["expires_at"].is_null();
    let expires = match current.is_object() {
        true if is_assumed && current["expiry"] != "never" => {
            "age unknown: adopted without a date".to_owned()
        }
        true => {
            relative(&current["expires_at"]).unwrap_or_else(|| text(&current["expiry"]).to_owned())
        }
        false => dash(),
    };
    [
        expires,
        relative(&told["renew_at"]).unwrap_or_else(dash),
        connections(told),
    ]
}

fn connections(told: &Value) -> String {
    let all = told["connections"].as_array();
    let Some(all) = all.filter(|all| !all.is_empty()) else {
        return "none".to_owned();
    };
    let holds = |one: &Value| match one["in_sync"].as_bool() {
        Some(true) if one["confirmed_at"].is_null() => "in sync, never confirmed",
        Some(true) => "in sync",
        Some(false) => "old token",
        None => "assumed current (never updated by us)",
    };
    let all: Vec<String> = all
        .iter()
        .map(|one| {
            let word = match one["handover"].is_object() {
                true => "waiting for you",
                false => holds(one),
            };
            format!("{}: {word}", text(&one["name"]))
        })
        .collect();
    all.join(", ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cli::{Colour, OutputFormat};
    use crate::rotation::state::Banner;

    fn now() -> Timestamp {
        "2027-01-15T12:00:00Z".parse().expect("a time")
    }

    fn told(state: &State) -> Result<Value, String> {
        Ok(json!({
            "name": "x", "state": state, "renew_at": "2027-03-01T00:00:00Z",
            "current": { "issued_at": "2027-01-01T00:00:00Z", "expires_at": "2027-04-01T00:00:00Z" },
            "connections": [{ "name": "okta", "in_sync": null, "confirmed_at": null }],
        }))
    }

    fn status() -> Status {
        let halted = State::attention(Word::Halted, "Halted: why.", "ScimRotationHalted")
            .with_command("scim-rotator rotate b");
        let mut refused = State::urgent(Word::Refused, "It is refused.", "ScimTokenRejected")
            .with_command("scim-rotator verify c");
        refused.deadline = Some(now());
        let tokens = vec![
            ("a".to_owned(), told(&State::fine(Word::Fresh, "It works."))),
            ("b".to_owned(), told(&halted)),
            ("c".to_owned(), told(&refused)),
            ("d".to_owned(), Err("the daemon tells nothing".to_owned())),
        ];
        Status::of(tokens, vec![Banner::config_refused(now())], now())
    }

    fn output() -> Output {
        Output::to_writer(OutputFormat::Text, Box::new(std::io::sink()))
    }

    #[test]
    fn the_most_urgent_comes_first_with_what_to_type() {
        let text = text_of(&status(), &output());
        assert!(
            text.starts_with("1 needs you, 2 failing, 1 fine\n\n! The changed configuration"),
            "{text}"
        );
        let urgent = "!! c: refused\n    It is refused.\n    Provisioning stopped in 0 s.\n    $ scim-rotator verify c\n    deploy/RUNBOOK.md#scimtokenrejected\n\n";
        assert!(text.contains(urgent), "{text}");
        let names: Vec<&str> = text
            .lines()
            .skip_while(|line| !line.starts_with("TOKEN"))
            .skip(1)
            .filter_map(|line| line.split_whitespace().next())
            .collect();
        assert_eq!(names, ["c", "b", "d", "a"], "{text}");
        assert!(
            text.contains("okta: assumed current (never updated by us)"),
            "{text}"
        );
        assert!(!text.contains('\u{1b}'), "no colours");
    }

    #[test]
    fn colours_are_used_when_they_are_asked_for_and_a_line_fits_the_terminal() {
        let output = Output::stdout(OutputFormat::Text, Colour::Always);
        let text = text_of(&status(), &output);
        assert!(text.contains("\u{1b}[1;31m!! c: refused"), "{text:?}");
        assert_eq!(cut("a long line", Some(6)), "a lon…");
        assert_eq!(cut("short", Some(6)), "short");
        assert_eq!(cut("a long line", None), "a long line");
        let json = status().json();
        assert_eq!(json["tokens"][0]["state"]["word"], "refused");
        assert_eq!(json["summary"]["urgency"], "urgent");
        assert_eq!(json["banners"][0]["kind"], "config_refused");
    }
}

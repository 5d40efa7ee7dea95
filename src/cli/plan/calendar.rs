//! `plan --calendar`: every renewal up to a horizon, and what does not fit.

mod gather;
mod notes;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

pub(super) use self::gather::{Change, Token, token_of};
use super::short;
use crate::cli::output::{Output, Table, complain};
use crate::cli::{Exit, OutputFormat, facts, load};
use crate::config;
use crate::rotation::calendar::Renewal;
use crate::telemetry::words;
use crate::value::HumanDuration;

/// Days of the year of `1y`.
const DAYS_OF_A_YEAR: i64 = 365;
/// A calendar of more is of no use.
const MOST_YEARS: i64 = 10;

/// How far a calendar reaches.
///
/// # Errors
/// Says what is expected.
pub(super) fn horizon(text: &str) -> Result<SignedDuration, String> {
    let years = text.trim().strip_suffix('y').map(str::trim);
    let years = years.and_then(|years| years.parse::<i64>().ok());
    let days = |years: i64| SignedDuration::from_hours(24 * DAYS_OF_A_YEAR * years);
    let span = match years {
        Some(years) if (1..=MOST_YEARS).contains(&years) => days(years),
        Some(_) => return Err(format!("write from 1y to {MOST_YEARS}y")),
        None => HumanDuration::parse(text)?.0,
    };
    match span.is_positive() && span <= days(MOST_YEARS) {
        true => Ok(span),
        false => Err(format!("write a length of time up to {MOST_YEARS}y")),
    }
}

/// The tokens with what the calendar needs of each, as the facts in Vault tell.
pub(super) fn with_tokens(
    config: &Path,
    names: &[String],
    tell: impl FnOnce(Vec<Token>, Vec<String>, Timestamp) -> Exit,
) -> Exit {
    let (world, (units, federated)) = match load::world_of_a_person_of_both(config, names) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    // It was valid a moment ago.
    let Ok(loaded) = config::load(config) else {
        complain("the configuration changed while it was read: repeat the command\n");
        return Exit::TryAgain;
    };
    load::block_on(async {
        let now = world.right_clock.now();
        let read = match facts::reader::read(&world, &units, &[]).await {
            Ok(read) => read,
            Err(exit) => return exit,
        };
        let mut missing: Vec<String> = federated
            .iter()
            .map(|one| {
                format!(
                    "{}: its credential is federated and never renewed",
                    one.name
                )
            })
            .collect();
        let mut tokens = Vec::new();
        for (unit, (_, facts)) in units.iter().zip(read.tokens) {
            let kind = loaded.settings.issuers.get(&unit.issuer_name);
            match facts.and_then(|facts| token_of(unit, kind, &facts)) {
                Ok(token) => tokens.push(token),
                Err(why) => missing.push(format!("{}: {why}", unit.name)),
            }
        }
        tell(tokens, missing, now)
    })
}

/// Shows the calendar.
pub(super) fn run(
    config: &Path,
    names: &[String],
    span: SignedDuration,
    output: &mut Output,
) -> Exit {
    with_tokens(config, names, |tokens, missing, now| {
        let until = now.checked_add(span).unwrap_or(Timestamp::MAX);
        let calendar = Calendar::of(&tokens, missing, now, until);
        // If nobody reads the output any more, there is nothing to do.
        drop(calendar.show(output));
        Exit::Ok
    })
}

struct Calendar<'t> {
    from: Timestamp,
    until: Timestamp,
    /// In the order of time.
    entries: Vec<(&'t Token, Renewal)>,
    notes: Vec<String>,
}

impl<'t> Calendar<'t> {
    fn of(tokens: &'t [Token], missing: Vec<String>, now: Timestamp, until: Timestamp) -> Self {
        let mut entries = Vec::new();
        let mut notes = missing;
        for token in tokens {
            let renewals = token.renewals(now, until);
            notes.extend(notes::of_token(token, &renewals));
            entries.extend(renewals.into_iter().map(|renewal| (token, renewal)));
        }
        entries.sort_by(|(a, x), (b, y)| (x.begins, &a.name).cmp(&(y.begins, &b.name)));
        notes.extend(notes::collisions(&entries));
        Self {
            from: now,
            until,
            entries,
            notes,
        }
    }

    fn show(&self, output: &mut Output) -> io::Result<()> {
        if output.format() == OutputFormat::Json {
            return output.json(&self.json());
        }
        let mut table = Table::new(["WHEN", "TOKEN", "ISSUER", "OLD TOKEN ENDS", "NOTE"]);
        for (token, renewal) in &self.entries {
            let ends = renewal.expires.map_or("never".to_owned(), short);
            let note = self.note(token, renewal);
            table.row([
                short(renewal.begins),
                token.name.clone(),
                token.issuer.clone(),
                ends,
                note,
            ]);
        }
        let mut text = table.text();
        text.push_str(&format!("\n{}\n", self.summary()));
        for note in &self.notes {
            text.push_str(&format!("! {note}\n"));
        }
        output.text(&text)
    }

    fn note(&self, token: &Token, renewal: &Renewal) -> String {
        let late = renewal.begins.duration_since(renewal.due.max(self.from));
        let waits = late.is_positive() && !renewal.is_outside_windows;
        let window = match (renewal.is_outside_windows, waits) {
            (true, _) => "outside the windows: none opens in time".to_owned(),
            (false, true) => format!("waits {} for a window", words::span(late)),
            (false, false) => String::new(),
        };
        let person = (token.turns > 0).then(|| format!("{} by a person", turns(token.turns)));
        let parts = [Some(window).filter(|text| !text.is_empty()), person];
        parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
    }

    fn summary(&self) -> String {
        let days = self.until.duration_since(self.from).as_hours().max(24) / 24;
        let all = self.entries.len();
        let busiest = self.busiest_day().map_or(String::new(), |(day, count)| {
            format!("; most on one day: {count}, on {day} (UTC)")
        });
        format!("{all} renewals in {days} days{busiest}")
    }

    fn busiest_day(&self) -> Option<(String, usize)> {
        let mut days: BTreeMap<String, usize> = BTreeMap::new();
        for (_, renewal) in &self.entries {
            let day = renewal.begins.strftime("%Y-%m-%d").to_string();
            *days.entry(day).or_default() += 1;
        }
        // The first of the days with the most.
        days.into_iter().rev().max_by_key(|(_, count)| *count)
    }

    fn json(&self) -> serde_json::Value {
        let renewals: Vec<_> = self
            .entries
            .iter()
            .map(|(token, renewal)| {
                json!({
                    "token": token.name,
                    "issuer": token.issuer,
                    "due_at": renewal.due,
                    "begins_at": renewal.begins,
                    "expires_at": renewal.expires,
                    "outside_windows": renewal.is_outside_windows,
                    "turns_of_persons": token.turns,
                })
            })
            .collect();
        let busiest = self.busiest_day();
        let busiest = busiest.map(|(day, count)| json!({ "day": day, "renewals": count }));
        json!({
            "from": self.from,
            "until": self.until,
            "renewals": renewals,
            "busiest_day": busiest,
            "notes": self.notes,
        })
    }
}

fn turns(count: u32) -> String {
    match count {
        1 => "1 step".to_owned(),
        more => format!("{more} steps"),
    }
}

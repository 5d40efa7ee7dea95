//! `report`: the answers to an auditor's questions about all tokens, from the facts
//! in Vault. It changes nothing, and reads no token.
//!
//! `deploy/REPORT.md` says which column answers which question.

mod csv;
mod row;

use std::io;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use self::row::{COLUMNS, Row, Took};
pub(super) use self::row::{rotations, time};
use super::facts;
use super::output::{Output, Table};
use super::{Exit, OutputFormat};
use crate::telemetry::words;
use crate::value::HumanDuration;

/// `report`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only these tokens.
    #[arg(value_name = "TOKEN", add = clap_complete::ArgValueCandidates::new(crate::cli::completions::tokens))]
    pub tokens: Vec<String>,
    /// The begin of the period whose rotations count: a time (RFC 3339) or a length of
    /// time until now, such as `90d`.
    #[arg(long, value_name = "TIME", default_value = "90d", value_parser = Since::parse)]
    pub since: Since,
    /// Write CSV (RFC 4180) with all columns.
    #[arg(long)]
    pub csv: bool,
}

/// The begin of a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// This long ago.
    Ago(SignedDuration),
    /// This time.
    At(Timestamp),
}

impl Since {
    /// Reads a time or a length of time.
    ///
    /// # Errors
    /// Says what is expected.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Ok(at) = text.parse() {
            return Ok(Self::At(at));
        }
        match HumanDuration::parse(text) {
            Ok(ago) => Ok(Self::Ago(ago.0)),
            Err(_) => Err(format!(
                "`{text}` is neither a time such as \"2027-01-01T00:00:00Z\" nor a length of time such as \"90d\""
            )),
        }
    }

    fn before(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Ago(ago) => now.checked_sub(ago).unwrap_or(Timestamp::MIN),
            Self::At(at) => at,
        }
    }
}

/// Shows the report.
pub fn run(args: &Args, config: &Path, output: &mut Output) -> Exit {
    facts::reader::command(config, &args.tokens, |read, now| {
        let read = read.tokens;
        let complete = read.iter().all(|(_, facts)| facts.is_ok());
        let report = Report::of(read, args.since.before(now), now);
        // If nobody reads the output any more, the exit code still tells the result.
        drop(report.show(args.csv, output));
        if complete { Exit::Ok } else { Exit::TryAgain }
    })
}

struct Report {
    now: Timestamp,
    since: Timestamp,
    rows: Vec<Row>,
}

impl Report {
    fn of(read: facts::reader::Read, since: Timestamp, now: Timestamp) -> Self {
        let rows = read.into_iter().map(|(name, facts)| match facts {
            Ok(facts) => Row::of(&name, &facts, since, now),
            Err(why) => Row::unknown(&name, &why),
        });
        Self {
            now,
            since,
            rows: rows.collect(),
        }
    }

    fn show(&self, csv: bool, output: &mut Output) -> io::Result<()> {
        if csv {
            let mut text = csv::line(COLUMNS);
            for row in &self.rows {
                text.push_str(&csv::line(COLUMNS.map(|column| row.text(column))));
            }
            return output.text(&text);
        }
        match output.format() {
            OutputFormat::Json => output.json(&self.json()),
            OutputFormat::Text => output.text(&self.table()),
        }
    }

    fn json(&self) -> Value {
        let tokens: Vec<Value> = self.rows.iter().map(|row| json!(row.cells)).collect();
        let took = self.took();
        json!({
            "now": self.now,
            "since": self.since,
            "tokens": tokens,
            "summary": {
                "tokens": self.rows.len(),
                "overdue": self.count(|row| row.overdue),
                "old_tokens_alive": self.count(|row| row.old_alive),
                "with_exceptions": self.count(|row| row.exceptions > 0),
                "without_owner": self.count(|row| row.text("owner").is_empty()),
                "rotation_seconds": percentiles(took.any),
                "compromised_rotation_seconds": percentiles(took.compromised),
                "compromised_until_dead_seconds": percentiles(took.until_dead),
            },
        })
    }

    fn count(&self, which: impl Fn(&Row) -> bool) -> usize {
        self.rows.iter().filter(|row| which(row)).count()
    }

    fn took(&self) -> Took {
        let mut all = Took::default();
        for row in &self.rows {
            all.any.extend(&row.took.any);
            all.compromised.extend(&row.took.compromised);
            all.until_dead.extend(&row.took.until_dead);
        }
        all
    }

    fn table(&self) -> String {
        let mut table = Table::new([
            "TOKEN",
            "OWNER",
            "STATE",
            "AGE",
            "EXPIRES",
            "LAST ROTATION",
            "OLD TOKEN",
            "OVERDUE",
            "EXCEPTIONS",
        ]);
        for row in &self.rows {
            let relative = |column: &str| {
                let at = row.cells.get(column).and_then(time);
                at.map_or("-".to_owned(), |at| words::relative(at, self.now))
            };
            let or_dash = |text: String| {
                if text.is_empty() {
                    "-".to_owned()
                } else {
                    text
                }
            };
            let expires = match relative("expires_at") {
                at if at == "-" => or_dash(row.text("expiry_source")),
                at => format!("{at} ({})", row.text("expiry_source")),
            };
            let last = match relative("last_rotation_at") {
                at if at == "-" => at,
                at => format!("{at} ({})", row.text("last_trigger")),
            };
            let age = match row.text("age_is_known").as_str() {
                "" => "-".to_owned(),
                "true" => format!("{} d", row.text("age_days")),
                _ => format!("{} d or more", row.text("age_days")),
            };
            table.row([
                row.name.clone(),
                or_dash(row.text("owner")),
                row.text("state").replace('_', " "),
                age,
                expires,
                last,
                or_dash(row.text("old_token")),
                relative("overdue_since"),
                or_dash(row.text("exceptions")),
            ]);
        }
        format!("{}\n{}", table.text(), self.sentences())
    }

    fn sentences(&self) -> String {
        let took = self.took();
        let told = |what: &str, seconds: Vec<i64>| {
            let p = percentiles(seconds);
            match p.is_null() {
                true => format!("{what}: none in this period\n"),
                false => format!(
                    "{what}: {} s in the middle (p50), {} s at most in 95 % of {} (p95)\n",
                    p["p50"], p["p95"], p["count"]
                ),
            }
        };
        let since = self.since;
        let [overdue, alive, strange] = [
            self.count(|row| row.overdue),
            self.count(|row| row.old_alive),
            self.count(|row| row.exceptions > 0),
        ];
        let all = self.rows.len();
        format!(
            "{all} tokens since {since}: {overdue} overdue, {alive} with an old token alive, {strange} with exceptions\n{}{}{}",
            told("time to rotate", took.any),
            told("time to rotate when compromised", took.compromised),
            told(
                "until the compromised token was shown to be dead",
                took.until_dead
            ),
        )
    }
}

/// The nearest ranks; null without a duration.
fn percentiles(mut seconds: Vec<i64>) -> Value {
    seconds.sort_unstable();
    let count = seconds.len();
    let rank = |percent: usize| {
        let index = (count * percent).div_ceil(100).saturating_sub(1);
        seconds.get(index).copied()
    };
    match (rank(50), rank(95)) {
        (Some(p50), Some(p95)) => json!({ "count": count, "p50": p50, "p95": p95 }),
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests;

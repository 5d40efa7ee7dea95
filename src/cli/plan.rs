//! `plan`: the next step of each token, when, and why. It changes nothing.

use std::io;
use std::path::Path;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::load::{self, Logs};
use super::look::{self, Seen};
use super::output::{Output, Table};
use super::{Exit, OutputFormat};
use crate::ports::unit::Unit;
use crate::rotation::decision::Action;
use crate::rotation::forecast::{Forecast, Upcoming};
use crate::telemetry::words;

/// `plan`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only these tokens.
    #[arg(value_name = "TOKEN")]
    pub tokens: Vec<String>,
    /// Plan as if it were this time (RFC 3339), for example
    /// `2027-01-31T03:00:00Z`.
    #[arg(long, value_name = "TIME")]
    pub at: Option<Timestamp>,
}

/// Shows the next steps.
pub fn run(args: &Args, config: &Path, output: &mut Output) -> Exit {
    let (_, world, units) = match load::world(config, Logs::Warnings, &args.tokens) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    load::block_on(async {
        let seen = match look::at(&world, units).await {
            Ok(seen) => seen,
            Err(exit) => return exit,
        };
        let now = world.clock.now();
        let complete = seen.iter().all(|seen| seen.found.is_ok());
        // If nobody reads the output any more, the exit code still tells the
        // result.
        drop(show(&seen, args.at.unwrap_or(now), now, output));
        if complete { Exit::Ok } else { Exit::TryAgain }
    })
}

fn show(seen: &[Seen], from: Timestamp, now: Timestamp, output: &mut Output) -> io::Result<()> {
    if output.format() == OutputFormat::Json {
        let tokens: Vec<Value> = seen.iter().map(|seen| as_json(seen, from)).collect();
        return output.json(&json!({ "at": from, "tokens": tokens }));
    }
    let mut table = Table::new(["TOKEN", "NEXT", "WHEN", "WHY"]);
    for Seen { unit, found } in seen {
        let row = match found {
            Ok(found) => row(unit, &found.forecast(unit, from), now),
            Err(error) => [
                unit.name.clone(),
                "unknown".to_owned(),
                "-".to_owned(),
                error.clone(),
            ],
        };
        table.row(row);
    }
    output.text(&table.text())
}

fn row(unit: &Unit, forecast: &Forecast, now: Timestamp) -> [String; 4] {
    let name = unit.name.clone();
    match &forecast.next {
        Some(next) => [
            name,
            step_words(next),
            format!("{} ({})", short(next.at), words::relative(next.at, now)),
            next.reason.as_str().to_owned(),
        ],
        None => [
            name,
            "nothing by itself".to_owned(),
            "-".to_owned(),
            forecast.now.reason.as_str().to_owned(),
        ],
    }
}

/// The words for a step; the first step of a rotation is called a rotation.
fn step_words(next: &Upcoming) -> String {
    use crate::rotation::decision::Step;
    match &next.step {
        Step::Prepare { .. } => "rotate".to_owned(),
        Step::Deliver { connection }
        | Step::Confirm { connection }
        | Step::Revert { connection } => format!("{} {connection}", next.step.as_str()),
        Step::Adopt
        | Step::Issue
        | Step::Recover
        | Step::TakeSupplied
        | Step::Prove
        | Step::Complete
        | Step::Publish
        | Step::Discard
        | Step::CheckUse { .. }
        | Step::Retire { .. }
        | Step::RevokeOrphan { .. }
        | Step::RevokeUnrecorded { .. }
        | Step::Verify => next.step.as_str().replace('_', " "),
    }
}

/// A time to the second.
pub(super) fn short(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn as_json(seen: &Seen, from: Timestamp) -> Value {
    let token = &seen.unit.name;
    match &seen.found {
        Err(error) => json!({ "token": token, "error": error }),
        Ok(found) => {
            let Forecast { now, next } = found.forecast(&seen.unit, from);
            let step = match &now.action {
                Action::Do(step) => Some(step.as_str()),
                Action::Wait => None,
            };
            json!({
                "token": token,
                "now": { "step": step, "reason": now.reason, "wake_at": now.wake_at },
                "next": next.map(|next| json!({
                    "at": next.at,
                    "step": next.step.as_str(),
                    "connection": next.step.connection(),
                    "reason": next.reason,
                })),
            })
        }
    }
}

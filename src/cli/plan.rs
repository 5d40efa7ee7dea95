//! `plan`: the next step of each token, when, and why. It changes nothing.
//!
//! It shows what the daemon planned when it wrote the facts, or plans now with
//! `--server`; with `--from-records`, it decides itself.

mod calendar;
mod what_if;

use std::io;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::facts;
use super::load::{self, Logs};
use super::look::{self, Seen};
use super::output::{Output, Table};
use super::served::{self, Told};
use super::stated;
use super::wiring::World;
use super::{Exit, OutputFormat};
use crate::ports::unit::Unit;
use crate::rotation::state::Banner;
use crate::telemetry::federation;
use crate::telemetry::words;

/// `plan`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only these tokens.
    #[arg(value_name = "TOKEN", add = clap_complete::ArgValueCandidates::new(crate::cli::completions::tokens))]
    pub tokens: Vec<String>,
    /// Plan as if it were this time (RFC 3339), for example
    /// `2027-01-31T03:00:00Z`.
    #[arg(long, value_name = "TIME", requires = "from_records")]
    pub at: Option<Timestamp>,
    /// Ask the daemon that serves this URL, and not Vault. No configuration is
    /// needed.
    #[arg(long, value_name = "URL", conflicts_with = "from_records")]
    pub server: Option<url::Url>,
    /// Read the records instead of the daemon's facts, with the daemon's rights
    /// in Vault: shows what the daemon will do with a changed configuration.
    #[arg(long)]
    pub from_records: bool,
    /// List every renewal up to this time from now, for example `1y` or `90d`, with the
    /// windows, collisions and lives that are too short.
    #[arg(long, value_name = "LENGTH", value_parser = calendar::horizon, conflicts_with_all = ["server", "from_records"])]
    pub calendar: Option<SignedDuration>,
    /// Show what a change costs in a year, in rotations and in hours of persons, and which
    /// issuers cannot follow it: `lifetime=47d`, `renew_before=…`, `max_age=…`, `overlap=…`.
    #[arg(long, value_name = "KEY=VALUE", value_parser = what_if::WhatIf::parse, conflicts_with_all = ["server", "from_records", "calendar"])]
    pub what_if: Option<what_if::WhatIf>,
    /// How long a step takes that a person must do.
    #[arg(
        long,
        value_name = "MINUTES",
        default_value_t = 15,
        requires = "what_if"
    )]
    pub minutes: u32,
}

/// Shows the next steps.
pub fn run(args: &Args, config: &Path, output: &mut Output) -> Exit {
    if let Some(span) = args.calendar {
        return calendar::run(config, &args.tokens, span, output);
    }
    if let Some(what_if) = &args.what_if {
        return what_if::run(config, &args.tokens, what_if, args.minutes, output);
    }
    if let Some(server) = &args.server {
        return load::block_on(async {
            match served::ask(server, "/api/v1/plan", "token", &args.tokens).await {
                Ok(served) => {
                    let (now, banners) = (served.now, &served.banners);
                    tell(usable(served.tokens), banners, now, now, output)
                }
                Err(exit) => exit,
            }
        });
    }
    let loaded = match args.from_records {
        true => load::world_of_both(config, Logs::Warnings, &args.tokens)
            .map(|(_, world, both)| (world, both)),
        false => load::world_of_a_person_of_both(config, &args.tokens),
    };
    let (world, (units, federated)) = match loaded {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    load::block_on(async {
        let now = world.right_clock.now();
        let from = args.at.unwrap_or(now);
        let planned = match args.from_records {
            true => {
                let planned = planned_here(&world, units, from).await;
                planned.map(|planned| (planned, Vec::new()))
            }
            false => {
                let read = facts::reader::read(&world, &units, &[]).await;
                read.map(|read| (usable(read.tokens), read.banners))
            }
        };
        // For these nothing is read: nothing is ever planned.
        let planned = planned.map(|(mut planned, banners)| {
            let nothing = federated.iter().map(|one| {
                let plan = json!({ "now": federation::decision_json(), "next": null });
                (one.name.clone(), Ok(plan))
            });
            planned.extend(nothing);
            (planned, banners)
        });
        match planned {
            Ok((planned, banners)) => tell(planned, &banners, from, now, output),
            Err(exit) => exit,
        }
    })
}

fn tell(
    planned: Told,
    banners: &[Banner],
    from: Timestamp,
    now: Timestamp,
    output: &mut Output,
) -> Exit {
    let complete = planned.iter().all(|(_, plan)| plan.is_ok());
    // If nobody reads the output any more, the exit code still tells the result.
    drop(show(&planned, banners, from, now, output));
    if complete { Exit::Ok } else { Exit::TryAgain }
}

/// Nothing is planned for a token whose record the daemon cannot use.
fn usable(told: Told) -> Told {
    let usable = |plan: Value| match plan["trouble"].as_str() {
        Some(trouble) => Err(trouble.to_owned()),
        None if plan["now"].is_null() => {
            Err("the daemon has not read the record of this token yet".to_owned())
        }
        None => Ok(plan),
    };
    told.into_iter()
        .map(|(token, plan)| (token, plan.and_then(usable)))
        .collect()
}

/// Decides in this process, from the records.
async fn planned_here(world: &World, units: Vec<Unit>, from: Timestamp) -> Result<Told, Exit> {
    let seen = look::at(world, units).await?;
    let planned = seen.into_iter().map(|Seen { unit, found }| {
        let plan = found.map(|found| facts::forecast_json(&found.forecast(&unit, from)));
        (unit.name, plan)
    });
    Ok(planned.collect())
}

fn show(
    planned: &Told,
    banners: &[Banner],
    from: Timestamp,
    now: Timestamp,
    output: &mut Output,
) -> io::Result<()> {
    if output.format() == OutputFormat::Json {
        let tokens: Vec<Value> = planned
            .iter()
            .map(|(token, plan)| match plan {
                Ok(plan) => json!({
                    "name": token,
                    "token": token,
                    "now": plan["now"],
                    "next": plan["next"],
                    "written_at": plan["written_at"],
                }),
                Err(error) => json!({ "name": token, "token": token, "error": error }),
            })
            .collect();
        return output.json(&json!({ "at": from, "banners": banners, "tokens": tokens }));
    }
    output.text(&stated::banners(banners))?;
    let mut table = Table::new(["TOKEN", "NEXT", "WHEN", "WHY"]);
    for (token, plan) in planned {
        table.row(match plan {
            Ok(plan) => row(token, plan, now),
            Err(error) => {
                let [next, when] = ["unknown", "-"];
                [token, next, when, error].map(str::to_owned)
            }
        });
    }
    output.text(&table.text())
}

fn row(token: &str, plan: &Value, now: Timestamp) -> [String; 4] {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let next = &plan["next"];
    let when = next["at"].as_str().and_then(|at| at.parse().ok());
    if plan["now"]["reason"] == federation::REASON {
        return [
            token.to_owned(),
            "nothing is rotated".to_owned(),
            "-".to_owned(),
            "the credential is federated: it has no secret that expires; issuer, audience, key and subject are watched".to_owned(),
        ];
    }
    match when {
        Some(at) => [
            token.to_owned(),
            next_words(next),
            format!("{} ({})", short(at), words::relative(at, now)),
            text(&next["reason"]),
        ],
        None => [
            token.to_owned(),
            "nothing by itself".to_owned(),
            "-".to_owned(),
            text(&plan["now"]["reason"]),
        ],
    }
}

/// The words for a step; the first step of a rotation is called a rotation.
pub(super) fn next_words(next: &Value) -> String {
    let step = next["step"].as_str().unwrap_or_default();
    match (step, next["connection"].as_str()) {
        ("prepare", _) => "rotate".to_owned(),
        (step, Some(connection)) => format!("{step} {connection}"),
        (step, None) => step.replace('_', " "),
    }
}

/// A time to the second.
pub(super) fn short(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

//! `pause` and `resume`: a person suspends the work on tokens, and resumes it.
//! A rotation in flight stays stored and continues in its stage.

use std::path::Path;

use serde_json::json;

use super::load::{self, Logs};
use super::output::{Output, complain};
use super::plan::short;
use super::wiring::World;
use super::{Exit, OutputFormat};
use crate::driver::amend::amend;
use crate::rotation::record::{Paused, Record};

/// `pause`.
#[derive(Debug, clap::Args)]
pub struct PauseArgs {
    /// Which tokens.
    #[arg(value_name = "TOKEN", required_unless_present = "all")]
    pub tokens: Vec<String>,
    /// All of them, on every replica.
    #[arg(long, conflicts_with = "tokens")]
    pub all: bool,
    /// Why, for people who find it paused.
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub reason: String,
}

/// `resume`.
#[derive(Debug, clap::Args)]
pub struct ResumeArgs {
    /// Which tokens.
    #[arg(value_name = "TOKEN", required_unless_present = "all")]
    pub tokens: Vec<String>,
    /// Undo `pause --all`; tokens that were paused by name stay paused.
    #[arg(long, conflicts_with = "tokens")]
    pub all: bool,
}

/// Suspends the work on the tokens.
pub fn pause(args: &PauseArgs, config: &Path, output: &mut Output) -> Exit {
    if args.all {
        let reason = args.reason.clone();
        return switch(config, output, |since| Some(Paused { since, reason }));
    }
    amend_all(config, &args.tokens, output, |record, now| {
        // The first pause is kept: it tells since when nothing is done.
        if record.paused.is_none() {
            record.paused = Some(Paused {
                since: now,
                reason: args.reason.clone(),
            });
        }
    })
}

/// Resumes the work on the tokens.
pub fn resume(args: &ResumeArgs, config: &Path, output: &mut Output) -> Exit {
    if args.all {
        return switch(config, output, |_| None);
    }
    amend_all(config, &args.tokens, output, |record, _| {
        record.paused = None;
    })
}

fn switch(
    config: &Path,
    output: &mut Output,
    paused: impl FnOnce(jiff::Timestamp) -> Option<Paused>,
) -> Exit {
    let (_, world, _) = match load::world(config, Logs::Warnings, &[]) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    load::block_on(async {
        let paused = paused(world.clock.now());
        let written = world.store.set_all_paused(paused.as_ref()).await;
        world.session.close().await;
        if let Err(error) = written {
            complain(&format!("{error}\n"));
            return Exit::TryAgain;
        }
        // If nobody reads the output any more, the exit code still tells the
        // result.
        drop(show_all(paused.as_ref(), output));
        Exit::Ok
    })
}

fn show_all(paused: Option<&Paused>, output: &mut Output) -> std::io::Result<()> {
    if output.format() == OutputFormat::Json {
        return output.json(&json!({ "all": true, "paused": paused }));
    }
    output.line(match paused {
        Some(_) => {
            "All work is paused: every replica stops within 10 s, before its next step. Tokens still expire."
        }
        None => "All work goes on, within 10 s on every replica.",
    })
}

fn amend_all(
    config: &Path,
    names: &[String],
    output: &mut Output,
    change: impl Fn(&mut Record, jiff::Timestamp),
) -> Exit {
    let (_, world, units) = match load::world(config, Logs::Warnings, names) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    load::block_on(async {
        let mut exit = Exit::Ok;
        for unit in &units {
            let now = world.clock.now();
            let changed = amend_one(&world, &unit.name, |record| change(record, now)).await;
            match changed {
                // If nobody reads the output any more, the exit code still
                // tells the result.
                Ok(record) => drop(show(&record, output)),
                Err(error) => {
                    complain(&format!("{}: {error}\n", unit.name));
                    exit = Exit::TryAgain;
                }
            }
        }
        world.session.close().await;
        exit
    })
}

async fn amend_one(
    world: &World,
    token: &str,
    change: impl Fn(&mut Record),
) -> Result<Record, crate::ports::StoreError> {
    amend(world.store.as_ref(), &*world.clock, token, change).await
}

fn show(record: &Record, output: &mut Output) -> std::io::Result<()> {
    let paused = record.paused.as_ref();
    if output.format() == OutputFormat::Json {
        return output.json(&json!({ "token": record.token, "paused": paused }));
    }
    let stage = record.stage_name().as_str();
    output.line(&match paused {
        Some(paused) => format!(
            "{} is paused since {} (stage {stage}); every replica stops before its next step. It still expires.",
            record.token,
            short(paused.since)
        ),
        None => format!(
            "{} goes on (stage {stage}); the daemon sees it within its sweep, `once` at once.",
            record.token
        ),
    })
}

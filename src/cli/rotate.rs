//! `rotate`: rotates one token now, in the foreground, under the same lease as
//! the daemon, and shows the steps.

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::Exit;
use super::compromise;
use super::live::Live;
use super::load::{self, Logs};
use super::once::verdict;
use super::output::{Output, complain};
use super::plan::short;
use super::signals::until_signal;
use super::wiring::World;
use crate::driver::amend::amend;
use crate::driver::foreground::{Ended, Until};
use crate::driver::memory::Memory;
use crate::ports::unit::Unit;
use crate::ports::witness::{Witness, Witnesses};
use crate::rotation::record::{PastRotation, Record, Request, RotationResult, Trigger};
use crate::telemetry::obstacle::Obstacle;
use crate::value::HumanDuration;

/// `rotate`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Which token.
    #[arg(value_name = "TOKEN")]
    pub token: String,
    /// How long it may take.
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = HumanDuration::parse)]
    pub timeout: HumanDuration,
    /// Also when the permitted number of issues a day is reached, and outside
    /// the windows. Logged.
    #[arg(long)]
    pub override_guards: bool,
    /// The token is compromised: the old one is revoked as soon as the new one
    /// works. Tells what that interrupts, and asks.
    #[arg(long)]
    pub compromised: bool,
    /// The value that somebody wrote to the published path is meant to become
    /// the token. Needed for a compromised token that a person issues, and where
    /// `accept_supplied` does not permit the value.
    #[arg(long)]
    pub supplied: bool,
    /// Do not ask.
    #[arg(long, requires = "compromised")]
    pub yes: bool,
}

/// Rotates the token.
pub fn run(args: &Args, config: &Path, output: Output) -> Exit {
    let (_, world, units) =
        match load::world(config, Logs::Warnings, std::slice::from_ref(&args.token)) {
            Ok(loaded) => loaded,
            Err(exit) => return exit,
        };
    if args.compromised
        && let Err(exit) = units.iter().try_for_each(|unit| agreed(unit, args))
    {
        return exit;
    }
    let live = Arc::new(Live::new(output));
    let cancel = CancellationToken::new();
    load::block_on(async {
        let mut exit = Exit::Ok;
        for unit in &units {
            let work = rotate(&world, unit, args, &live, &cancel);
            exit = until_signal(&cancel, work).await;
        }
        world.session.close().await;
        exit
    })
}

fn agreed(unit: &Unit, args: &Args) -> Result<(), Exit> {
    let warning = compromise::warning(unit, args.supplied);
    if args.yes {
        complain(&warning);
        return Ok(());
    }
    match compromise::confirmed(&warning) {
        Some(true) => Ok(()),
        Some(false) => {
            complain("nothing was done\n");
            Err(Exit::Failed)
        }
        None => {
            complain(&format!(
                "{warning}Nothing was done: there is no terminal to ask on; add --yes if this is meant.\n"
            ));
            Err(Exit::Usage)
        }
    }
}

async fn rotate(
    world: &World,
    unit: &Unit,
    args: &Args,
    live: &Arc<Live>,
    cancel: &CancellationToken,
) -> Exit {
    let began = world.clock.now();
    let request = Request {
        trigger: match args.compromised {
            true => Trigger::Compromise,
            false => Trigger::Force,
        },
        at: began,
        override_guards: args.override_guards,
        supplied: args.supplied,
    };
    if args.override_guards {
        tracing::warn!(token = %unit.name, "a person overrides the runaway guard and the windows");
    }
    let asked = amend(world.store.as_ref(), &*world.clock, &unit.name, |record| {
        record.request = Some(request.clone());
    })
    .await;
    let read = world.read_control().await;
    match asked.and_then(|record| read.map(|_| record)) {
        Err(error) => {
            complain(&format!("{error}\n"));
            return Exit::TryAgain;
        }
        Ok(record) if record.paused.is_some() => {
            complain(&format!(
                "{0} is paused: the rotation is stored and begins after `scim-rotator resume {0}`\n",
                unit.name
            ));
            return Exit::TryAgain;
        }
        Ok(_) if world.is_all_paused() => {
            complain(
                "all work is paused: the rotation is stored and begins after `scim-rotator resume --all`\n",
            );
            return Exit::TryAgain;
        }
        Ok(_) => {}
    }
    let observer: Arc<dyn Witness> = Arc::new(world.telemetry.witness());
    let witnesses = Witnesses(vec![observer, Arc::clone(live) as _]);
    let runner = world.runner(Arc::new(witnesses), cancel.clone());
    let mut memory = Memory::default();
    let ended = runner
        .work(unit, &mut memory, Until::Rotated, args.timeout.0)
        .await;
    tell_end(world, unit, &ended, memory.record(), began, live)
}

/// The rotation that the request caused, if it has ended.
fn finished(record: Option<&Record>, began: Timestamp) -> Option<&PastRotation> {
    record?
        .history
        .first()
        .filter(|past| past.ended_at >= began)
}

fn tell_end(
    world: &World,
    unit: &Unit,
    ended: &Ended,
    record: Option<&Record>,
    began: Timestamp,
    live: &Live,
) -> Exit {
    let now = world.clock.now();
    let past = match ended {
        Ended::Idle(_) => finished(record, began),
        Ended::NeedsPerson(_) | Ended::TimedOut(_) | Ended::StoreFailed(_) | Ended::Stopped => None,
    };
    let (exit, text) = match past {
        Some(past) if past.result == RotationResult::Success => {
            (Exit::Ok, success(record).unwrap_or_default())
        }
        Some(past) => {
            let why = past.detail.clone().unwrap_or_default();
            (Exit::Failed, format!("the token was not rotated: {why}"))
        }
        None => {
            let (exit, word, detail) = verdict(ended);
            // The request is stored in the record, so the daemon continues with
            // it.
            let exit = if exit == Exit::Ok {
                Exit::TryAgain
            } else {
                exit
            };
            (exit, format!("the token was not rotated: {word} {detail}"))
        }
    };
    let facts = json!({
        "event": "ended",
        "result": if exit == Exit::Ok { "success" } else { "failed" },
        "detail": text,
    });
    live.tell(now, &unit.name, &text, facts);
    exit
}

fn success(record: Option<&Record>) -> Option<String> {
    let record = record?;
    let Some(old) = record.retiring.first() else {
        return Some("rotated".to_owned());
    };
    let at = short(old.not_before);
    Some(match Obstacle::of(record, old) {
        Some(obstacle) => format!(
            "rotated; the old token works, and is not retired after {at} as long as this stands against it: {}",
            obstacle.detail
        ),
        None => format!(
            "rotated; the old token works until {at} and is then retired by the daemon or `once`"
        ),
    })
}

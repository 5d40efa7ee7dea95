//! `rotate`: asks the daemon to rotate a token now, and follows it; with
//! `--foreground`, rotates it in this process, under the same lease as the
//! daemon, and shows the steps.

mod following;

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::Exit;
use super::asking;
use super::auditing::{self, Patience};
use super::compromise;
use super::live::Live;
use super::load::{self, Logs};
use super::once::verdict;
use super::output::{Output, complain};
use super::plan::short;
use super::signals::until_signal;
use super::stated;
use super::wiring::World;
use crate::driver::amend::ask_directly;
use crate::driver::foreground::{Ended, Until};
use crate::driver::memory::Memory;
use crate::ports::StoreError;
use crate::ports::unit::Unit;
use crate::ports::witness::{Witness, Witnesses};
use crate::rotation::record::{PastRotation, Record, RotationResult, Wish, WrittenRequest};
use crate::telemetry::obstacle::Obstacle;
use crate::value::HumanDuration;

/// `rotate`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Which token.
    #[arg(value_name = "TOKEN", add = clap_complete::ArgValueCandidates::new(crate::cli::completions::tokens))]
    pub token: String,
    /// How long it may take.
    #[arg(short, long, value_name = "DURATION", default_value = "10m", value_parser = HumanDuration::parse)]
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
    /// Why, for the history and the audit. Needed with --compromised, --override-guards
    /// and --supplied.
    #[arg(
        short,
        long,
        value_name = "TEXT",
        default_value = "",
        required_if_eq_any([
            ("compromised", "true"),
            ("override_guards", "true"),
            ("supplied", "true"),
        ])
    )]
    pub reason: String,
    /// Do not ask.
    #[arg(short, long, requires = "compromised")]
    pub yes: bool,
    /// Do not wait for the daemon.
    #[arg(long)]
    pub no_wait: bool,
    /// Rotate it in this process, with the daemon's login, where no daemon runs.
    #[arg(long, conflicts_with = "no_wait")]
    pub foreground: bool,
}

/// Rotates the token.
pub fn run(args: &Args, config: &Path, output: Output) -> Exit {
    let names = std::slice::from_ref(&args.token);
    let loaded = match args.foreground {
        true => load::world(config, Logs::Warnings, names).map(|(_, w, u)| (w, u)),
        false => load::world_of_a_person(config, names),
    };
    let (world, units) = match loaded {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    let whole = WrittenRequest {
        seq: 1,
        ..request(&world, args)
    };
    if let Some(why) = whole.malformation() {
        complain(&format!("nothing was asked for: {why}\n"));
        return Exit::Usage;
    }
    if args.compromised
        && let Err(exit) = units.iter().try_for_each(|unit| agreed(unit, args))
    {
        return exit;
    }
    if args.override_guards {
        tracing::warn!(token = %args.token, "a person overrides the runaway guard and the windows");
    }
    let live = Arc::new(Live::new(output.aside()));
    let cancel = CancellationToken::new();
    load::block_on(async {
        let mut exit = Exit::Ok;
        for unit in &units {
            exit = match args.foreground {
                true => {
                    let work = rotate(&world, unit, args, &live, &cancel);
                    until_signal(&cancel, work).await
                }
                false => {
                    let asked = following::rotate(&world, unit, args, &live);
                    asked.await.unwrap_or_else(|exit| exit)
                }
            };
        }
        world.session.close().await;
        exit
    })
}

fn request(world: &World, args: &Args) -> WrittenRequest {
    WrittenRequest {
        compromised: args.compromised,
        override_guards: args.override_guards,
        supplied: args.supplied,
        reason: args.reason.clone(),
        ..asking::request(world, Wish::Rotate)
    }
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

/// What is said of a request that waits for `resume`.
fn is_held(token: &str, all: bool) -> Exit {
    complain(&match all {
        false => format!(
            "{token} is paused: the rotation is stored and begins after `scim-rotator resume {token}`\n"
        ),
        true => "all work is paused: the rotation is stored and begins after `scim-rotator resume --all --reason …`\n".to_owned(),
    });
    Exit::TryAgain
}

async fn rotate(
    world: &World,
    unit: &Unit,
    args: &Args,
    live: &Arc<Live>,
    cancel: &CancellationToken,
) -> Exit {
    if let Err(error) = auditing::start(world, Patience::None).await {
        complain(&format!("the audit cannot be written: {error}\n"));
        return Exit::TryAgain;
    }
    let exit = rotate_audited(world, unit, args, live, cancel).await;
    auditing::stop(world).await;
    world.finish_traces().await;
    exit
}

async fn rotate_audited(
    world: &World,
    unit: &Unit,
    args: &Args,
    live: &Arc<Live>,
    cancel: &CancellationToken,
) -> Exit {
    let began = match asked_here(world, unit, args).await {
        Err(error) => return asking::failed(&error),
        Ok((_, record)) if record.paused.is_some() => return is_held(&unit.name, false),
        Ok(_) if world.is_all_paused() => return is_held(&unit.name, true),
        Ok((asked_at, _)) => asked_at,
    };
    let observer: Arc<dyn Witness> = Arc::new(world.telemetry.witness());
    let witnesses = Witnesses(vec![observer, Arc::clone(live) as _]);
    let runner = world.runner(Arc::new(witnesses), cancel.clone());
    let mut memory = Memory::default();
    let ended = runner
        .work(unit, &mut memory, Until::Rotated, args.timeout.0)
        .await;
    world.facts.flush().await;
    world.messenger.flush().await;
    tell_end(world, unit, &ended, memory.record(), began, live)
}

/// Puts the request into the record: who uses the daemon's login may do so.
/// Returns when it was made.
async fn asked_here(
    world: &World,
    unit: &Unit,
    args: &Args,
) -> Result<(Timestamp, Record), StoreError> {
    world.read_control().await?;
    let entity = world.store.own_entity().await?;
    let author = entity.unwrap_or_else(|| "root".to_owned());
    let request = request(world, args);
    let (store, clock) = (world.door.as_ref(), &*world.right_clock);
    let record = ask_directly(store, clock, &unit.name, &author, &request).await?;
    Ok((request.at, record))
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
    let now = world.right_clock.now();
    let past = match ended {
        Ended::Idle(_) => finished(record, began),
        Ended::NeedsPerson(_)
        | Ended::TimedOut(_)
        | Ended::StoreFailed(_)
        | Ended::Refused(_)
        | Ended::Stopped => None,
    };
    let (exit, text) = match past {
        Some(past) if past.result == RotationResult::Success => {
            (Exit::Ok, success(record).unwrap_or_default())
        }
        Some(past) => {
            let why = past.detail.clone().unwrap_or_default();
            (Exit::Failed, format!("the token was not rotated: {why}"))
        }
        None if matches!(ended, Ended::NeedsPerson(_)) && record.is_some() => {
            let sentence = record.map(|record| stated::of_record(unit, record, now).sentence);
            (Exit::Failed, sentence.unwrap_or_default().into_owned())
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

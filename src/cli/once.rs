//! `once`: works on every token until no rotation is in flight, then ends. For
//! a timer or a pipeline, instead of the daemon or beside it: leases keep them
//! apart. What cannot come by waiting ends at once.

mod shown;

use std::path::Path;
use std::sync::Arc;

use futures_util::StreamExt;
use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use self::shown::{Shown, worse};
use super::Exit;
use super::auditing::{self, Patience};
use super::bell;
use super::federated;
use super::load::{self, Logs};
use super::output::{Output, complain};
use super::signals::until_signal;
use super::stated;
use super::wiring::World;
use crate::driver::foreground::{Ended, Until};
use crate::driver::memory::Memory;
use crate::fault::FaultClass;
use crate::ports::StoreError;
use crate::ports::unit::Unit;
use crate::ports::witness::Witness;
use crate::rotation::policy::Policy;
use crate::rotation::proof::{self, Proof};
use crate::rotation::reason::{Reason, Urgency};
use crate::rotation::record::Record;
use crate::telemetry::words::relative;
use crate::value::HumanDuration;

/// `once`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only these tokens.
    #[arg(value_name = "TOKEN", add = clap_complete::ArgValueCandidates::new(crate::cli::completions::tokens))]
    pub tokens: Vec<String>,
    /// How long a token may take.
    #[arg(short, long, value_name = "DURATION", default_value = "10m", value_parser = HumanDuration::parse)]
    pub timeout: HumanDuration,
}

/// Works on the tokens and shows how each ended.
pub fn run(args: &Args, config: &Path, output: &mut Output) -> Exit {
    let loaded = load::world_of_both(config, Logs::AsConfigured, &args.tokens);
    let (settings, world, (units, watched)) = match loaded {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    let cancel = CancellationToken::new();
    let mut shown = Shown::new(output, &units);
    load::block_on(async {
        if let Err(error) = auditing::start(&world, Patience::None).await {
            complain(&format!("the audit cannot be written: {error}\n"));
            world.session.close().await;
            return Exit::TryAgain;
        }
        if let Err(error) = prepared(&world).await {
            complain(&format!("{error}\n"));
            world.session.close().await;
            return Exit::TryAgain;
        }
        shown.begin();
        let (at_once, timeout) = (settings.limits.concurrency, args.timeout.0);
        let work = work_all(&world, units, at_once, timeout, &cancel, &mut shown);
        until_signal(&cancel, work).await;
        let looked = federated::look_at_all(&world, &watched).await;
        world.facts.flush().await;
        world.messenger.flush().await;
        auditing::stop(&world).await;
        world.finish_traces().await;
        world.session.close().await;
        looked.into_iter().for_each(|row| shown.ended(row));
        shown.end()
    })
}

/// Reads whether all work is paused, and what people ask for.
async fn prepared(world: &World) -> Result<(), StoreError> {
    world.read_control().await?;
    // Nobody listens: every token is worked on anyway.
    let (messages, nobody) = tokio::sync::mpsc::channel(1);
    drop(nobody);
    match bell::read_everything(world, &messages).await {
        // A policy of an earlier version does not permit it.
        Err(StoreError::Fault(fault)) if fault.class == FaultClass::Unauthorized => {
            tracing::warn!(error = %fault, "what people have asked for was not read");
            Ok(())
        }
        read => read,
    }
}

/// How the work on one token ended.
struct Worked {
    token: String,
    ended: Ended,
    /// What a person is told of a token that waits.
    told: Option<String>,
    /// Why its token in use does not count as working, if it does not.
    doubt: Option<String>,
}

/// How the work on one token ended, as it is shown.
pub(super) struct Row {
    pub(super) token: String,
    pub(super) exit: Exit,
    pub(super) word: &'static str,
    pub(super) detail: String,
}

impl Worked {
    fn row(&self) -> Row {
        let (exit, word, detail) = self.verdict();
        Row {
            token: self.token.clone(),
            exit,
            word,
            detail,
        }
    }

    fn verdict(&self) -> (Exit, &'static str, String) {
        let (exit, word, mut detail) = verdict(&self.ended);
        if let Some(told) = &self.told {
            detail.clone_from(told);
        }
        let Some(doubt) = &self.doubt else {
            return (exit, word, detail);
        };
        // Success is said only of a token that was shown to work.
        let exit = worse(exit, Exit::TryAgain);
        match detail.is_empty() {
            true => (exit, "not shown to work", doubt.clone()),
            false => (exit, word, format!("{detail}: {doubt}")),
        }
    }
}

/// What a person is told of a token that waits: whose turn it is, or what failed.
fn told(unit: &Unit, record: Option<&Record>, ended: &Ended, now: Timestamp) -> Option<String> {
    let record = record?;
    match ended {
        Ended::NeedsPerson(_) => {
            let state = stated::of_record(unit, record, now);
            Some(state.sentence.into_owned())
        }
        Ended::Idle(decision) if decision.reason.urgency() == Urgency::NeedsPerson => {
            let state = stated::of_reason(unit, record, decision.reason, now);
            Some(state.sentence.into_owned())
        }
        Ended::Idle(decision) if decision.reason == Reason::Backoff => {
            let last = record.failures.last.as_ref()?;
            let at = relative(decision.wake_at, now);
            Some(format!(
                "{} failed: {} (tried again {at})",
                last.step, last.message
            ))
        }
        Ended::Idle(_)
        | Ended::TimedOut(_)
        | Ended::StoreFailed(_)
        | Ended::Refused(_)
        | Ended::Stopped => None,
    }
}

fn doubt(record: &Record, policy: &Policy) -> Option<String> {
    match proof::of_current(record, policy)? {
        Proof::Works => None,
        Proof::Refused(finding) | Proof::Unproven(Some(finding)) => Some(finding.detail.clone()),
        Proof::Unproven(None) => Some("it was not tested yet".to_owned()),
    }
}

async fn work_all(
    world: &World,
    units: Vec<Unit>,
    at_once: usize,
    timeout: SignedDuration,
    cancel: &CancellationToken,
    shown: &mut Shown<'_>,
) {
    let witness: Arc<dyn Witness> = Arc::new(world.telemetry.witness());
    let runner = world.runner(witness, cancel.clone());
    let clock = &world.right_clock;
    let mut ended = futures_util::stream::iter(units)
        .map(|unit| {
            let runner = &runner;
            async move {
                let mut memory = Memory::default();
                let ended = runner.work(&unit, &mut memory, Until::Idle, timeout).await;
                let doubt = memory.record().and_then(|r| doubt(r, &unit.policy));
                Worked {
                    told: told(&unit, memory.record(), &ended, clock.now()),
                    token: unit.name,
                    ended,
                    doubt,
                }
            }
        })
        .buffer_unordered(at_once);
    while let Some(worked) = ended.next().await {
        shown.ended(worked.row());
    }
}

/// The exit code, a word and a sentence for how the work ended.
pub(super) fn verdict(ended: &Ended) -> (Exit, &'static str, String) {
    match ended {
        Ended::Idle(decision) => waiting_for(decision.reason),
        Ended::NeedsPerson(stage) => (
            Exit::Failed,
            "needs a person",
            format!("{}: `scim-rotator status` says why", stage.as_str()),
        ),
        Ended::TimedOut(reason) => (
            Exit::TryAgain,
            "timed out",
            format!("it still waits: {}", reason.as_str()),
        ),
        Ended::StoreFailed(error) => (Exit::TryAgain, "Vault failed", error.clone()),
        Ended::Refused(why) => (Exit::Failed, "refused", why.clone()),
        Ended::Stopped => (
            Exit::TryAgain,
            "stopped",
            "by a signal; the next start goes on".to_owned(),
        ),
    }
}

/// The same for a token that waits.
fn waiting_for(reason: Reason) -> (Exit, &'static str, String) {
    let word = reason.as_str();
    match reason.urgency() {
        Urgency::Healthy => (Exit::Ok, "ok", String::new()),
        Urgency::HeldBack => (Exit::Ok, word, String::new()),
        Urgency::NeedsPerson => (Exit::Failed, "needs a person", word.to_owned()),
        Urgency::Unfinished => (Exit::TryAgain, "not done yet", word.to_owned()),
    }
}

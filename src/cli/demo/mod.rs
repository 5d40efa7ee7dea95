//! `demo`: the real daemon, with all servers that it needs in this process.

mod alone;
mod breaking;
mod intro;
mod process;
mod summary;
mod tally;

use std::net::SocketAddr;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::sync::{Notify, oneshot};
use tokio_util::sync::CancellationToken;

use self::breaking::{Break, Broken};
use self::summary::Summary;
use self::tally::Tally;
use super::live::Live;
use super::load;
use super::output::{Output, complain};
use super::run::Daemon;
use super::signals::Signals;
use super::{Exit, OutputFormat};
use crate::clock::SystemClock;
use crate::config;
use crate::demo::stage::{Pace, Stage};
use crate::ports::Clock;
use crate::ports::unit::Unit;
use crate::ports::witness::{StepEnded, Witness, Witnesses};
use crate::rotation::decision::{Decision, Step};
use crate::rotation::record::Record;
use crate::telemetry::config::{LogConfig, LogFormat};
use crate::telemetry::logging;
use crate::telemetry::notify::Notifier;
use crate::telemetry::result::StepResult;
use crate::value::HumanDuration;

/// How often the state of provisioning is shown.
const REPORT_EVERY: SignedDuration = SignedDuration::from_secs(10);

/// `demo`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// End after this time; without it, with Ctrl-C.
    #[arg(long = "for", value_name = "DURATION", value_parser = HumanDuration::parse)]
    pub length: Option<HumanDuration>,
    /// Break a part in the middle of a rotation, and show how it recovers.
    #[arg(long = "break", value_name = "PART", value_enum)]
    pub broken: Option<Break>,
    /// How long the tokens live; all other times follow from it. At least 16s.
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = pace)]
    pub lifetime: Pace,
    /// Do not show the state of provisioning every ten seconds.
    #[arg(long)]
    pub quiet: bool,
    /// Show the daemon's log on standard error.
    #[arg(long)]
    pub verbose: bool,
    /// Run this server alone, without the daemon: something to try clients against.
    #[arg(long, value_name = "SERVER", value_enum, conflicts_with_all = ["broken", "lifetime", "quiet"])]
    pub only: Option<alone::Part>,
    /// The port on loopback of that server; without it, a free one.
    #[arg(long, value_name = "PORT", requires = "only")]
    pub port: Option<u16>,
}

fn pace(text: &str) -> Result<Pace, String> {
    let lifetime = HumanDuration::parse(text)?;
    let shortest = Pace::SHORTEST_LIFE.as_secs();
    Pace::of(lifetime.0).ok_or_else(|| format!("tokens must live for {shortest}s at least"))
}

/// Runs the demo. It succeeds if no provisioning call was refused and the
/// broken part has recovered.
pub fn run(args: &Args, output: Output) -> Exit {
    if let (Some(length), Some(_)) = (args.length, args.broken)
        && length.0 < args.lifetime.lifetime()
    {
        let needed = args.lifetime.lifetime().as_secs();
        complain(&format!(
            "with --break, --for must be at least the life of a token: {needed}s\n"
        ));
        return Exit::Usage;
    }
    let log = LogConfig {
        format: LogFormat::Text,
        filter: if args.verbose { "info" } else { "off" }.to_owned(),
    };
    if let Err(error) = logging::init(&log) {
        complain(&format!("{error}\n"));
        return Exit::Failed;
    }
    load::block_on(async {
        let ended = match args.only {
            Some(alone::Part::ServiceProvider) => alone::serve(args, output).await,
            None => play(args, output).await,
        };
        match ended {
            Ok(exit) => exit,
            Err(error) => {
                complain(&format!("the demo cannot run: {error:#}\n"));
                Exit::Failed
            }
        }
    })
}

/// What all parts of the demo share.
struct Scene {
    clock: Arc<dyn Clock>,
    stage: Stage,
    live: Arc<Live>,
    tally: Arc<Tally>,
    verbose: bool,
}

async fn play(args: &Args, output: Output) -> anyhow::Result<Exit> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    // From here on a signal ends the demo in an orderly way: files are removed.
    let signals = Signals::listen()?;
    let scene = Scene {
        stage: Stage::start(Arc::clone(&clock), args.lifetime).await?,
        clock,
        live: Arc::new(Live::new(output)),
        tally: Arc::default(),
        verbose: args.verbose,
    };
    intro::tell(&scene, args);
    let began = scene.clock.now();
    let (end, kill) = (CancellationToken::new(), Notify::new());
    let mut broken = args.broken.map(Broken::new);
    let daemon = async {
        let ended = match args.broken {
            Some(Break::Crash) => process::run(&scene, &kill, &end).await,
            Some(Break::Issuer | Break::Idp | Break::Vault | Break::Revoked) | None => {
                daemon_here(&scene, &end).await
            }
        };
        end.cancel();
        ended.err().map(|error| format!("{error:#}"))
    };
    let breaking = async {
        let Some(broken) = broken.as_mut() else {
            return;
        };
        tokio::select! {
            () = breaking::break_one(&scene, broken, &kill) => {}
            () = end.cancelled() => {}
        }
    };
    let aside = async {
        tokio::join!(
            until_the_end(&scene, args.length, signals, &end),
            tell_fares(&scene, args.quiet, &end),
        )
    };
    let (daemon_failed, (), ((), ())) = tokio::join!(daemon, breaking, aside);
    let summary = Summary {
        ran: scene.clock.now().duration_since(began),
        counts: scene.tally.counts(),
        provisioning: scene.stage.provisioning(),
        broken,
        daemon_failed,
    };
    scene.say(&summary.text());
    if !scene.is_for_people() {
        scene.tell("", "", summary.facts());
    }
    Ok(summary.exit())
}

/// The daemon in this process.
async fn daemon_here(scene: &Scene, end: &CancellationToken) -> anyhow::Result<()> {
    let settings = config::load(scene.stage.config())
        .map_err(|report| anyhow::anyhow!("{}", report.render(false)))?
        .settings;
    let (listening, address) = oneshot::channel::<SocketAddr>();
    let witnesses: Vec<Arc<dyn Witness>> = vec![
        // A step is shown before other witnesses are told of it.
        Arc::new(Shown(Arc::clone(&scene.live))),
        Arc::clone(&scene.tally) as _,
    ];
    let daemon = Daemon {
        reload: None,
        notifier: Notifier::silent(),
        also: Some(Arc::new(Witnesses(witnesses))),
        listening: Some(listening),
        cancel: end.clone(),
    };
    let told = async {
        if let Ok(address) = address.await {
            scene.tell_listening(&address.to_string());
        }
    };
    let (ended, ()) = tokio::join!(daemon.run(settings), told);
    let in_time = ended?;
    anyhow::ensure!(in_time, "a step did not end in time");
    anyhow::ensure!(end.is_cancelled(), "nobody told it to");
    Ok(())
}

async fn until_the_end(
    scene: &Scene,
    length: Option<HumanDuration>,
    mut signals: Signals,
    end: &CancellationToken,
) {
    let over = async {
        match length {
            Some(length) => scene.clock.sleep(length.0).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = over => {}
        _ = signals.next() => {}
        () = end.cancelled() => {}
    }
    end.cancel();
    // Signals are ignored until the files are removed, which takes seconds at
    // most.
}

async fn tell_fares(scene: &Scene, quiet: bool, end: &CancellationToken) {
    loop {
        tokio::select! {
            () = scene.clock.sleep(REPORT_EVERY) => {}
            () = end.cancelled() => return,
        }
        if !quiet && scene.tell_fares().is_err() {
            // Nobody reads the output any more.
            end.cancel();
        }
    }
}

impl Scene {
    fn is_for_people(&self) -> bool {
        self.live.format() == OutputFormat::Text
    }

    fn tell(&self, subject: &str, text: &str, facts: Value) {
        // A closed output is noticed at the next report on provisioning.
        drop(self.live.note(self.clock.now(), subject, text, facts));
    }

    fn say(&self, text: &str) {
        drop(self.live.say(text));
    }

    fn tell_listening(&self, address: &str) {
        let (page, metrics) = (
            format!("http://{address}/"),
            format!("http://{address}/metrics"),
        );
        let text = format!("started; status page {page}  metrics {metrics}");
        let facts = json!({ "event": "listening", "status_url": page, "metrics_url": metrics });
        self.tell("daemon", &text, facts);
    }

    fn tell_fares(&self) -> std::io::Result<()> {
        let calls = self.stage.provisioning();
        let mut text = format!(
            "{} calls ok, {} refused; {} users created",
            calls.ok, calls.refused, calls.users_created
        );
        if calls.failed + calls.unreachable > 0 {
            text += &format!(
                "; {} failed, {} without an answer",
                calls.failed, calls.unreachable
            );
        }
        let mut facts = json!(calls);
        facts["event"] = "provisioning".into();
        self.live
            .note(self.clock.now(), "provisioning", &text, facts)
    }
}

/// Whether a step is too frequent and uneventful to be shown.
fn is_routine(step: &str, result: StepResult<'_>) -> bool {
    step == "verify" && result == StepResult::Done
}

/// Shows every step except periodic probes that succeed.
struct Shown(Arc<Live>);

impl Witness for Shown {
    fn decided(&self, unit: &Unit, record: &Record, decision: &Decision, now: Timestamp) {
        self.0.decided(unit, record, decision, now);
    }

    fn step_began(&self, unit: &Unit, record: &Record, step: &Step, now: Timestamp) {
        self.0.step_began(unit, record, step, now);
    }

    fn step_ended(&self, unit: &Unit, ended: &StepEnded<'_>) {
        let routine = is_routine(ended.step.as_str(), StepResult::of(ended.outcome));
        if !routine || self.0.format() == OutputFormat::Json {
            self.0.step_ended(unit, ended);
        }
    }

    fn store_failed(&self, unit: &Unit, error: &str, now: Timestamp) {
        self.0.store_failed(unit, error, now);
    }
}

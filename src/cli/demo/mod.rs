//! `demo`: the real daemon, with all servers that it needs in this process.

mod alone;
mod breaking;
mod intro;
mod line;
mod paint;
mod people;
mod process;
mod screen;
mod summary;
mod tally;
mod telling;

use std::net::SocketAddr;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::sync::{Notify, oneshot};
use tokio_util::sync::CancellationToken;

use self::breaking::{Break, Broken};
use self::people::People;
use self::screen::Screen;
use self::summary::Summary;
use self::tally::Tally;
use self::telling::Telling;
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
use crate::ports::witness::{Witness, Witnesses};
use crate::telemetry::config::{LogConfig, LogFormat};
use crate::telemetry::logging;
use crate::telemetry::notify::Notifier;
use crate::value::HumanDuration;

/// How often the state of provisioning is shown.
const REPORT_EVERY: SignedDuration = SignedDuration::from_secs(10);
/// The same on a terminal, where it is one line that changes.
const REDRAW_EVERY: SignedDuration = SignedDuration::from_secs(1);

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
    /// Do not show how provisioning fares meanwhile.
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
    telling: Arc<Telling>,
    tally: Arc<Tally>,
    verbose: bool,
}

async fn play(args: &Args, output: Output) -> anyhow::Result<Exit> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    // From here on a signal ends the demo in an orderly way: files are removed.
    let signals = Signals::of_terminal()?;
    let began = clock.now();
    let scene = Scene {
        stage: Stage::start(Arc::clone(&clock), args.lifetime).await?,
        clock,
        telling: Arc::new(telling(output, args.verbose, began)),
        tally: Arc::default(),
        verbose: args.verbose,
    };
    intro::tell(&scene, args);
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
    let (daemon_failed, (), (interrupted, ())) = tokio::join!(daemon, breaking, aside);
    let summary = Summary {
        ran: scene.clock.now().duration_since(began),
        counts: scene.tally.counts(),
        provisioning: scene.stage.provisioning(),
        broken,
        daemon_failed,
        interrupted,
    };
    scene.end(&summary);
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
        Arc::clone(&scene.telling) as _,
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

/// Waits until the demo ends, and ends it. Returns whether a person ended it.
async fn until_the_end(
    scene: &Scene,
    length: Option<HumanDuration>,
    mut signals: Signals,
    end: &CancellationToken,
) -> bool {
    let over = async {
        match length {
            Some(length) => scene.clock.sleep(length.0).await,
            None => std::future::pending().await,
        }
    };
    let interrupted = tokio::select! {
        () = over => false,
        _ = signals.next() => true,
        () = end.cancelled() => false,
    };
    end.cancel();
    // Signals are ignored until the files are removed, which takes seconds at
    // most.
    interrupted
}

async fn tell_fares(scene: &Scene, quiet: bool, end: &CancellationToken) {
    let every = match &*scene.telling {
        Telling::People(people) if people.redraws() => REDRAW_EVERY,
        Telling::People(_) | Telling::Programs(_) => REPORT_EVERY,
    };
    loop {
        tokio::select! {
            () = scene.clock.sleep(every) => {}
            () = end.cancelled() => return,
        }
        if !quiet && scene.tell_fares().is_err() {
            // Nobody reads the output any more.
            end.cancel();
        }
    }
}

/// Lines for people, or events for programs.
fn telling(output: Output, verbose: bool, began: Timestamp) -> Telling {
    match output.format() {
        // The log goes to the same terminal.
        OutputFormat::Text => Telling::People(People::new(Screen::new(output, !verbose), began)),
        OutputFormat::Json => Telling::Programs(Live::new(output)),
    }
}

impl Scene {
    /// Tells how it went.
    fn end(&self, summary: &Summary) {
        match &*self.telling {
            Telling::People(people) => {
                people.finish(self.clock.now());
                self.say(&summary.text(people.colour()));
            }
            Telling::Programs(_) => self.tell("", "", summary.facts()),
        }
    }

    fn is_for_people(&self) -> bool {
        self.telling.is_for_people()
    }

    fn tell(&self, subject: &str, text: &str, facts: Value) {
        // A closed output is noticed at the next report on provisioning.
        drop(self.telling.note(self.clock.now(), subject, text, facts));
    }

    fn say(&self, text: &str) {
        self.telling.say(text);
    }

    fn tell_listening(&self, address: &str) {
        let (page, metrics) = (
            format!("http://{address}/"),
            format!("http://{address}/metrics"),
        );
        let text = format!("status page {page} (metrics at /metrics)");
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
        let now = self.clock.now();
        match &*self.telling {
            Telling::People(people) => people.fares(now, &text),
            Telling::Programs(live) => live.note(now, "", "", facts),
        }
    }
}

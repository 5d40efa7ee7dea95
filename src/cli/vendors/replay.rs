//! `vendors replay`: runs the scenes of a replay; with `--serve`, serves the
//! answers of one to somebody else's client.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::cli::output::{Output, Table, complain};
use crate::cli::signals::Signals;
use crate::cli::{Exit, OutputFormat, load};
use crate::vendors::replay::{self, Replay, Report, Served, Settings};

/// `vendors replay`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The file of the issuer or connection: a configuration with one of them.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The replay.
    #[arg(value_name = "REPLAY")]
    pub replay: PathBuf,
    /// Run this scene only; may be given several times.
    #[arg(long = "scene", value_name = "NAME")]
    pub scenes: Vec<String>,
    /// Serve the answers of this scene, in order, until TERM or INT.
    #[arg(long, value_name = "SCENE", hide = true, conflicts_with = "scenes")]
    pub serve: Option<String>,
    /// The port of loopback to serve at; 0 takes a free one.
    #[arg(
        long,
        value_name = "PORT",
        hide = true,
        default_value_t = 0,
        requires = "serve"
    )]
    pub port: u16,
    /// Write every request with its answer into this file, one JSON line each.
    #[arg(long, value_name = "PATH", hide = true)]
    pub record: Option<PathBuf>,
}

/// Runs the replay, or serves a scene of it.
pub(super) fn run(args: &Args, output: &mut Output) -> Exit {
    let (settings, replay) = match read(args) {
        Ok(both) => both,
        Err(why) => return refuse(&why, Exit::Usage),
    };
    load::block_on(async {
        match &args.serve {
            Some(scene) => serve(&replay, scene, args, output).await,
            None => play(&settings, &replay, args, output).await,
        }
    })
}

fn read(args: &Args) -> Result<(Settings, Replay), String> {
    let settings = Settings::parse(&text(&args.file)?);
    let settings = settings.map_err(|why| format!("{}: {why}", args.file.display()))?;
    let replay = Replay::parse(&text(&args.replay)?);
    let replay = replay.map_err(|why| format!("{}: {why}", args.replay.display()))?;
    Ok((settings, replay))
}

fn text(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|e| format!("{} cannot be read: {e}", path.display()))
}

fn refuse(why: &str, exit: Exit) -> Exit {
    complain(&format!("{why}\n"));
    exit
}

async fn play(settings: &Settings, replay: &Replay, args: &Args, output: &mut Output) -> Exit {
    let report = match replay::run(settings, replay, &args.scenes).await {
        Ok(report) => report,
        Err(why) => return refuse(&why, Exit::Usage),
    };
    if let Some(path) = &args.record
        && let Err(error) = std::fs::write(path, report.recorded_lines())
    {
        let why = format!("{} cannot be written: {error}", path.display());
        return refuse(&why, Exit::Failed);
    }
    // Nobody reads the output any more: the exit code still tells.
    drop(show(&report, output));
    if report.is_ok() {
        Exit::Ok
    } else {
        Exit::Failed
    }
}

fn show(report: &Report, output: &mut Output) -> io::Result<()> {
    if output.format() == OutputFormat::Json {
        return output.json(&report.to_json());
    }
    let mut table = Table::new(["SCENE", "RESULT", "REQUESTS", "ABOUT"]);
    for scene in &report.scenes {
        let result = if scene.failure.is_none() {
            "ok"
        } else {
            "failed"
        };
        table.row([
            scene.name.clone(),
            result.to_owned(),
            scene.requests.len().to_string(),
            scene.about.clone().unwrap_or_default(),
        ]);
    }
    output.text(&table.text())?;
    let failures = report.failures();
    if failures.is_empty() {
        return Ok(());
    }
    output.text(&format!("\n{failures}"))
}

async fn serve(replay: &Replay, scene: &str, args: &Args, output: &mut Output) -> Exit {
    if let Err(why) = replay.scene(scene) {
        return refuse(&why, Exit::Usage);
    }
    let record = match args.record.as_ref().map(File::create).transpose() {
        Ok(record) => record,
        Err(error) => {
            return refuse(
                &format!("the record cannot be written: {error}"),
                Exit::Failed,
            );
        }
    };
    let (served, mut signals) = match started(replay, scene, args.port, record).await {
        Ok(both) => both,
        Err(why) => return refuse(&why, Exit::Failed),
    };
    let url = format!("http://{}", served.address());
    let told = match output.format() {
        OutputFormat::Json => output.json(&json!({ "url": url })),
        OutputFormat::Text => output.line(&url),
    };
    if told.is_ok() {
        signals.next().await;
    }
    Exit::Ok
}

async fn started(
    replay: &Replay,
    scene: &str,
    port: u16,
    record: Option<File>,
) -> Result<(Served, Signals), String> {
    let signals = Signals::listen().map_err(|e| format!("signals cannot be listened to: {e}"))?;
    let served = Served::start(replay, scene, port, record).await?;
    Ok((served, signals))
}

//! `vendors replay`: runs the scenes of a replay; with `--serve`, serves the
//! answers of one to somebody else's client.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::cli::output::{Output, Table, complain};
use crate::cli::signals::Signals;
use crate::cli::{Exit, OutputFormat, load};
use crate::vendors::Vendor;
use crate::vendors::replay::{self, Described, Replay, Report, Served, Settings, Subject};

/// `vendors replay`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A vendor file, or a configuration with one issuer or one connection.
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
    let (file, replay) = match (text(&args.file), read(&args.replay)) {
        (Ok(file), Ok(replay)) => (file, replay),
        (Err(why), _) | (_, Err(why)) => return refuse(&why, Exit::Usage),
    };
    let subject = match subject(&args.file, &file) {
        Ok(subject) => subject,
        Err(why) => {
            let why = format!("{}: {why}", args.file.display());
            return refuse(&why, Exit::Usage);
        }
    };
    load::block_on(async {
        match &args.serve {
            Some(scene) => serve(&replay, scene, args, output).await,
            None => play(&*subject, &replay, args, output).await,
        }
    })
}

fn read(path: &Path) -> Result<Replay, String> {
    Replay::parse(&text(path)?).map_err(|why| format!("{}: {why}", path.display()))
}

/// What the replay runs against. A vendor file begins with `language`, which no
/// configuration has.
fn subject<'a>(path: &Path, text: &'a str) -> Result<Box<dyn Subject + 'a>, String> {
    let table: toml::Table = toml::from_str(text).map_err(|e| e.to_string())?;
    if !["language", "vendor"]
        .iter()
        .any(|key| table.contains_key(*key))
    {
        return Ok(Box::new(Settings::parse(text)?));
    }
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let vendor = Vendor::read(&name, Some(path), text)?;
    Ok(Box::new(Described(vendor)))
}

fn text(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|e| format!("{} cannot be read: {e}", path.display()))
}

fn refuse(why: &str, exit: Exit) -> Exit {
    complain(&format!("{why}\n"));
    exit
}

async fn play(subject: &dyn Subject, replay: &Replay, args: &Args, output: &mut Output) -> Exit {
    let report = match replay::run(subject, replay, &args.scenes).await {
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

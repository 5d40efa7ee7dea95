//! `rehearse`: has the real issuer make a throw-away token, tests it, has it revoked,
//! and reads each connection. The token in use and the connections stay as they are.

mod report;

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::auditing::{self, Patience};
use super::load::{self, Logs};
use super::output::{Output, Table, complain};
use super::signals::until_signal;
use super::wiring::World;
use super::{Exit, OutputFormat};
use crate::driver::rehearse::{NotRehearsed, Row, TrialResult};
use crate::ports::unit::Unit;
use crate::ports::witness::Witness;
use crate::rotation::rehearsal::Accepted;
use crate::secret::redact;

/// `rehearse`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Which token.
    #[arg(value_name = "TOKEN", add = clap_complete::ArgValueCandidates::new(crate::cli::completions::tokens))]
    pub token: String,
    /// Also where the issue ends the token in use, or may.
    #[arg(long)]
    pub accept_outage: bool,
    /// Also where the issuer cannot revoke the throw-away token, so that it stays valid
    /// until it expires.
    #[arg(long)]
    pub accept_leftover: bool,
    /// Write a report without tokens and names of your hosts, as the evidence of a
    /// vendor file.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
}

/// Rehearses the token.
pub fn run(args: &Args, config: &Path, output: &mut Output) -> Exit {
    let names = std::slice::from_ref(&args.token);
    let (settings, world, units) = match load::world(config, Logs::Warnings, names) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    let Some(unit) = units.first() else {
        return Exit::Usage;
    };
    // What cannot be written is better known before a token is issued.
    let report = match args.report.as_deref().map(create).transpose() {
        Ok(report) => report,
        Err(text) => {
            complain(&text);
            return Exit::Usage;
        }
    };
    let cancel = CancellationToken::new();
    load::block_on(async {
        let done = until_signal(&cancel, rehearsed(&world, unit, args, &cancel)).await;
        let now = world.right_clock.now();
        world.session.close().await;
        let rows = match done {
            Ok(rows) => rows,
            Err(exit) => return exit,
        };
        if let Some(mut file) = report {
            let document = report::document(&settings, &args.token, &rows, now);
            let text = format!("{document:#}\n");
            let text = redact::global().mask(text.as_bytes());
            if let Err(error) = file.write_all(&text).and_then(|()| file.sync_all()) {
                complain(&format!("the report could not be written: {error}\n"));
                return Exit::Failed;
            }
        }
        // If nobody reads the output any more, the exit code still tells the result.
        drop(show(unit, &rows, output));
        verdict(&rows)
    })
}

fn create(path: &Path) -> Result<File, String> {
    let created = File::create_new(path);
    created.map_err(|error| {
        let remedy = match error.kind() == io::ErrorKind::AlreadyExists {
            true => "name a file that does not exist yet",
            false => "name a file in a folder that exists and that you may write to",
        };
        format!(
            "the report cannot be written to {}: {error}; {remedy}. Nothing was issued.\n",
            path.display()
        )
    })
}

async fn rehearsed(
    world: &World,
    unit: &Unit,
    args: &Args,
    cancel: &CancellationToken,
) -> Result<Vec<Row>, Exit> {
    if let Err(error) = world.read_control().await {
        complain(&format!("{error}\n"));
        return Err(Exit::TryAgain);
    }
    if let Err(error) = auditing::start(world, Patience::None).await {
        complain(&format!("the audit cannot be written: {error}\n"));
        return Err(Exit::TryAgain);
    }
    let witness: Arc<dyn Witness> = Arc::new(world.telemetry.witness());
    let runner = world.runner(witness, cancel.clone());
    let accepted = Accepted {
        outage: args.accept_outage,
        leftover: args.accept_leftover,
    };
    let done = runner.rehearse(unit, accepted).await;
    auditing::stop(world).await;
    done.map_err(|why| told(&unit.name, why))
}

/// Says why nothing was issued.
fn told(token: &str, why: NotRehearsed) -> Exit {
    let (text, exit) = match why {
        NotRehearsed::NotNow(why) => (why, Exit::TryAgain),
        NotRehearsed::Store(error) => (error.to_string(), Exit::TryAgain),
        NotRehearsed::NotUnless(option, why) => {
            (format!("{why}; add {option} if this is meant"), Exit::Usage)
        }
    };
    complain(&format!(
        "{token} is not rehearsed: {text}. Nothing was issued.\n"
    ));
    exit
}

fn verdict(rows: &[Row]) -> Exit {
    match rows.iter().any(|row| row.result == TrialResult::Failed) {
        true => Exit::Failed,
        false => Exit::Ok,
    }
}

fn show(unit: &Unit, rows: &[Row], output: &mut Output) -> io::Result<()> {
    let names: Vec<&str> = unit.connections.iter().map(|(name, _)| &**name).collect();
    let name = |row: &Row| {
        let index = row.connection?;
        names.get(index).copied()
    };
    if output.format() == OutputFormat::Json {
        let rows: Vec<Value> = rows
            .iter()
            .map(|row| {
                json!({
                    "step": row.trial.as_str(),
                    "connection": name(row),
                    "result": row.result.as_str(),
                    "reason": row.reason,
                    "detail": row.detail,
                    "seconds": row.took.as_secs_f64(),
                })
            })
            .collect();
        let failed = verdict_is_failed(&rows);
        let document = json!({ "token": unit.name, "ok": !failed, "rows": rows });
        return output.json(&document);
    }
    let mut table = Table::new(["STEP", "RESULT", "TOOK", "DETAIL"]);
    for row in rows {
        let step = match name(row) {
            Some(name) => format!("{} {name}", row.trial.as_str()),
            None => row.trial.as_str().to_owned(),
        };
        table.row([
            step.replace('_', " "),
            row.result.as_str().to_owned(),
            format!("{:.1} s", row.took.as_secs_f64()),
            row.detail.clone(),
        ]);
    }
    output.text(&table.text())
}

fn verdict_is_failed(rows: &[Value]) -> bool {
    let failed = TrialResult::Failed.as_str();
    rows.iter().any(|row| row["result"] == failed)
}

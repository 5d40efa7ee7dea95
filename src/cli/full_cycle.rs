//! `verify TOKEN --full-cycle`: creates, changes and deletes a user and a group at the
//! service provider of a token that is not of production.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::auditing::{self, Patience};
use super::load::{self, Logs};
use super::output::{Output, Table, complain};
use super::signals::until_signal;
use super::wiring::World;
use super::{Exit, OutputFormat};
use crate::config::write_probe::{ClosedLock, closed_locks};
use crate::driver::cycles::Cycles;
use crate::ports::unit::Unit;
use crate::scim::cycle::journal::JournalDocument;
use crate::scim::cycle::report::{CycleVerdict, Report, Step};

/// The options of a full cycle.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub struct Args {
    /// Run the full cycle (L5) at the service provider of a token that is not of
    /// production.
    #[arg(long)]
    pub full_cycle: bool,
    /// A user and a group are created and deleted: required, unless `--dry-run`.
    #[arg(long, requires = "full_cycle")]
    pub i_accept_side_effects: bool,
    /// Show the locks and the steps, and write nothing.
    #[arg(
        long,
        requires = "full_cycle",
        conflicts_with = "i_accept_side_effects"
    )]
    pub dry_run: bool,
}

/// Runs it, and shows how each step ended.
pub(super) fn run(token: &str, args: &Args, config: &Path, output: &mut Output) -> Exit {
    let names = [token.to_owned()];
    let (settings, world, units) = match load::world(config, Logs::Warnings, &names) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    let Some(unit) = units.into_iter().next() else {
        return Exit::Usage;
    };
    let closed = closed_locks(&settings, token);
    if !closed.is_empty() || unit.probe.full_cycle().is_none() {
        complain(&refusal(token, &closed));
        return Exit::Usage;
    }
    if !args.dry_run && !args.i_accept_side_effects {
        complain(&format!(
            "a full cycle creates and deletes a user and a group at {}: look at it with `--dry-run`, then add `--i-accept-side-effects`\n",
            unit.scim_url
        ));
        return Exit::Usage;
    }
    let cancel = CancellationToken::new();
    let facts = Arc::clone(&world.facts);
    let told = move |token: &str, journal: &JournalDocument| facts.full_cycle(token, journal);
    let cycles = world.cycles(Arc::new(told), cancel.clone());
    load::block_on(async {
        if args.dry_run {
            let exit = look(&world, &cycles, &unit, output).await;
            world.session.close().await;
            return exit;
        }
        if let Err(error) = auditing::start(&world, Patience::None).await {
            complain(&format!("the audit cannot be written: {error}\n"));
            world.session.close().await;
            return Exit::TryAgain;
        }
        let exit = until_signal(&cancel, act(&world, &cycles, &unit, output)).await;
        world.facts.flush().await;
        auditing::stop(&world).await;
        world.session.close().await;
        exit
    })
}

fn refusal(token: &str, closed: &[ClosedLock]) -> String {
    let mut text = format!("no full cycle is run with `{token}`:\n");
    for lock in closed {
        text += &format!(
            "  tokens.{token}.{}: {}; {}\n",
            lock.key, lock.message, lock.remedy
        );
    }
    text
}

async fn act(world: &World, cycles: &Cycles, unit: &Unit, output: &mut Output) -> Exit {
    match cycles.run(unit, &world.units).await {
        Ok(report) => {
            // The exit code tells the result too.
            drop(show(&unit.name, &report, output));
            match report.verdict() {
                CycleVerdict::Passed => Exit::Ok,
                CycleVerdict::Failed => Exit::Failed,
                CycleVerdict::Inconclusive => Exit::TryAgain,
            }
        }
        Err(why) => {
            complain(&format!("no full cycle was run: {why}\n"));
            Exit::Failed
        }
    }
}

/// The result as JSON.
fn report_json(token: &str, report: &Report) -> Value {
    json!({
        "token": token,
        "level": "L5",
        "verdict": report.verdict(),
        "run": report.run,
        "requests": report.requests,
        "leftovers": report.leftovers,
        "steps": report.steps,
    })
}

fn show(token: &str, report: &Report, output: &mut Output) -> std::io::Result<()> {
    if output.format() == OutputFormat::Json {
        return output.json(&report_json(token, report));
    }
    let mut table = Table::new(["STEP", "RESULT", "DETAIL"]);
    for step in &report.steps {
        table.row([
            step.step.as_str().to_owned(),
            step.grade.as_str().to_owned(),
            step.detail.clone(),
        ]);
    }
    output.text(&table.text())?;
    output.line(&format!(
        "{token}: the full cycle {} ({} requests, {} left behind)",
        match report.verdict() {
            CycleVerdict::Passed => "passed",
            CycleVerdict::Failed => "failed",
            CycleVerdict::Inconclusive => "showed nothing",
        },
        report.requests,
        report.leftovers
    ))
}

/// The dry run: the locks as they are now, and the steps.
async fn look(world: &World, cycles: &Cycles, unit: &Unit, output: &mut Output) -> Exit {
    let token = cycles.token_in_use(unit, &world.units).await;
    let (token, cycle) = match (token, unit.probe.full_cycle()) {
        (Ok(token), Some(cycle)) => (token, cycle),
        (Err(why), _) => {
            complain(&format!("no full cycle would be run: {why}\n"));
            return Exit::Failed;
        }
        (_, None) => return Exit::Usage,
    };
    let look = cycle.look(&token.value).await;
    let exit = match look.users.is_ok() && look.tenant.is_ok() {
        true => Exit::Ok,
        false => Exit::Failed,
    };
    let lock = |state: Result<String, String>| match state {
        Ok(text) => text,
        Err(why) => format!("CLOSED: {why}"),
    };
    let users = lock(look.users.map(|users| format!("open: {users} users")));
    let tenant = lock(look.tenant.map(|()| "open".to_owned()));
    let marker = look.configuration.unwrap_or_default();
    let shown = if output.format() == OutputFormat::Json {
        let steps: Vec<_> = Step::PLAN
            .iter()
            .map(|(step, what)| json!({ "step": step, "what": what }))
            .collect();
        output.json(&json!({
            "token": unit.name,
            "scim_url": unit.scim_url.as_str(),
            "population": users,
            "tenant": tenant,
            "configuration": marker,
            "steps": steps,
        }))
    } else {
        let mut table = Table::new(["STEP", "WHAT IS SENT"]);
        for (step, what) in Step::PLAN {
            table.row([step.as_str().to_owned(), what.to_owned()]);
        }
        output.text(&format!(
            "at {}\npopulation: {users}\ntenant: {tenant}\ndigest of the configuration, for `tenant_marker`: {marker}\n\n{}",
            unit.scim_url,
            table.text()
        ))
    };
    // If nobody reads the output any more, the exit code still tells the result.
    drop(shown);
    exit
}

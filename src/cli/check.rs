//! `check`: reports all mistakes in the configuration at once; with `--online`
//! also the permissions that our Vault token lacks.

mod login;

use std::io;
use std::path::Path;

use serde_json::{Value, json};

use super::output::{Output, complain};
use super::wiring::{World, credentials, targets};
use super::{Exit, OutputFormat};
use super::{failure, load};
use crate::audit::event::WhoKind;
use crate::config::{self, Loaded, Report, Settings};
use crate::secret::SecretRef;
use crate::telemetry::notify::Notifier;
use crate::vault::inspect::{self, Obstacle, Places};
use crate::vault::preflight::{self, MissingCapability};
use crate::vault::{KvPath, VaultError};

/// `check`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Fail on warnings too, but not on files and variables that are not here now.
    #[arg(long)]
    pub strict: bool,
    /// Also log in to Vault and ask whether our token may do all that the
    /// configuration needs; prints the policy lines that are missing.
    #[arg(long)]
    pub online: bool,
}

/// Loads the configuration and reports mistakes. It reads only files, unless
/// `--online` is given.
pub fn run(args: &Args, config: &Path, output: &mut Output) -> Exit {
    let loaded = config::load(config);
    let (report, sound) = match &loaded {
        Ok(loaded) => (&loaded.warnings, true),
        Err(report) => (report, false),
    };
    let exit = if !sound || (args.strict && !report.findings().is_empty()) {
        Exit::Usage
    } else {
        Exit::Ok
    };
    let is_text = output.format() == OutputFormat::Text;
    if is_text {
        // If nobody reads the output any more, the exit code still tells the result.
        drop(show(report, loaded.as_ref().ok(), output));
    }
    let mut document = document(report, loaded.as_ref().ok());
    let exit = match &loaded {
        Ok(loaded) if args.online && exit == Exit::Ok => {
            load::block_on(online(&loaded.settings, output, &mut document))
        }
        Ok(_) | Err(_) => exit,
    };
    if !is_text {
        drop(output.json(&document));
    }
    exit
}

async fn online(settings: &Settings, output: &mut Output, document: &mut Value) -> Exit {
    let mut failed = |exit, error: &dyn std::fmt::Display| {
        complain(&format!("{error}\n"));
        document["error"] = failure::object(exit, &error.to_string());
        exit
    };
    let world = match World::new(settings, Notifier::silent(), WhoKind::Command) {
        Ok(world) => world,
        Err(error) => return failed(Exit::Usage, &error),
    };
    let asked = ask(&world, settings).await;
    world.session.close().await;
    match asked {
        Err(error) => failed(Exit::TryAgain, &error),
        Ok((missing, obstacles)) => {
            add_missing(&missing, &obstacles, document);
            if output.format() == OutputFormat::Text {
                drop(show_missing(&missing, &obstacles, output));
            }
            if missing.is_empty() && obstacles.is_empty() {
                Exit::Ok
            } else {
                Exit::Failed
            }
        }
    }
}

/// What our Vault token may not do, and what stands against the work at the paths.
pub(super) async fn ask(
    world: &World,
    settings: &Settings,
) -> Result<(Vec<MissingCapability>, Vec<Obstacle>), VaultError> {
    let missing = preflight::check(&world.session, &world.needs()).await?;
    // The configuration was checked, so the path is valid.
    let Ok(state_path) = KvPath::parse(&settings.vault.state_path) else {
        return Ok((missing, Vec::new()));
    };
    let credentials = credentials(settings)
        .into_iter()
        .filter_map(in_kv)
        .collect();
    let places = Places {
        state_path: &state_path,
        targets: &targets(settings),
        credentials: &credentials,
    };
    let mut obstacles = inspect::inspect(&world.session, &places).await?;
    obstacles.extend(login::too_short(world, settings));
    Ok((missing, obstacles))
}

fn in_kv(reference: SecretRef) -> Option<KvPath> {
    match reference {
        SecretRef::Vault { path, .. } => KvPath::parse(&path).ok(),
        SecretRef::VaultLease { .. } | SecretRef::File(_) | SecretRef::Env(_) => None,
    }
}

/// The document with what Vault told.
fn add_missing(missing: &[MissingCapability], obstacles: &[Obstacle], document: &mut Value) {
    let lacks = missing.iter().map(|lack| {
        json!({
            "path": lack.path,
            "missing": lack.missing,
            "purpose": lack.purpose,
            "policy_line": lack.policy_line,
        })
    });
    document["missing"] = lacks.collect();
    document["policy_lines"] = json!(preflight::policy_lines(missing));
    let obstacles = obstacles.iter();
    let obstacles =
        obstacles.map(|o| json!({ "path": o.path, "what": o.what, "remedy": o.remedy }));
    document["obstacles"] = obstacles.collect();
}

fn show_missing(
    missing: &[MissingCapability],
    obstacles: &[Obstacle],
    output: &mut Output,
) -> io::Result<()> {
    for obstacle in obstacles {
        output.line(&format!("Vault: {}: {}", obstacle.path, obstacle.what))?;
        if !obstacle.remedy.is_empty() {
            output.line(&format!("  remedy: {}", obstacle.remedy))?;
        }
    }
    if missing.is_empty() {
        return output.line("Vault: our token may do all that this configuration needs.");
    }
    for lack in missing {
        output.line(&format!(
            "Vault: {} may not be used for {}: {} is missing",
            lack.path,
            lack.purpose,
            lack.missing.join(", ")
        ))?;
    }
    output.line("\nAdd to the policy of our Vault token:\n")?;
    let lines = preflight::policy_lines(missing);
    lines.iter().try_for_each(|line| output.line(line))
}

fn document(report: &Report, loaded: Option<&Loaded>) -> Value {
    let mut found = report.to_json();
    found["notes"] = json!(loaded.map_or(&[][..], |loaded| &loaded.notes));
    let absent = loaded.map(|loaded| loaded.absent.to_json()["problems"].take());
    found["absent"] = absent.unwrap_or_else(|| json!([]));
    found
}

fn show(report: &Report, loaded: Option<&Loaded>, output: &mut Output) -> io::Result<()> {
    if !report.findings().is_empty() {
        output.text(&report.render(output.colour()))?;
    }
    let Some(loaded) = loaded else {
        return Ok(());
    };
    for note in &loaded.notes {
        output.line(&format!("Note: {note}."))?;
    }
    output.line(&summary(loaded))?;
    // What the daemon's machine may have changes no exit code.
    match loaded.absent.findings() {
        [] => Ok(()),
        _ => {
            output.line("\nNot on this machine now; the daemon needs it at its start:\n")?;
            output.text(&loaded.absent.render(output.colour()))
        }
    }
}

fn summary(loaded: &Loaded) -> String {
    let settings = &loaded.settings;
    format!(
        "The configuration is valid: tokens {}, issuers {}, connections {}, files {}.",
        settings.tokens.len() + settings.federated.len(),
        settings.issuers.len(),
        settings.connections.len(),
        loaded.files.len()
    )
}

//! `doctor`: looks at everything that the work depends on, and says in one table what is
//! wrong and what to do. It changes nothing.

mod here;
mod others;
mod rows;
mod vault;

use std::path::Path;

use self::rows::{Row, Word, show};
use super::Exit;
use super::load;
use super::output::Output;
use super::wiring::World;
use crate::audit::event::WhoKind;
use crate::config::{self, Settings};
use crate::telemetry::notify::Notifier;

/// `doctor`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub struct Args {
    /// Show only what is not in order.
    #[arg(short, long)]
    pub quiet: bool,
}

const EXIT_CODES: &str = "\
It logs in to Vault as the daemon does, reads each credential, reads each connection once
for each service provider, and has each issuer list its tokens.

Exit codes:
  0   everything is in order; there may be warnings
  1   something is wrong
  64  the configuration is wrong; nothing else was looked at
  75  something did not answer; the same command may work later";

/// Looks at everything, and shows it.
pub fn run(args: &Args, config: &Path, output: &mut Output) -> Exit {
    let loaded = config::load(config);
    let mut rows = here::configuration(&loaded, config);
    let exit = match &loaded {
        Err(_) => Exit::Usage,
        Ok(loaded) => {
            rows.extend(here::named(config));
            load::block_on_value(online(&loaded.settings, &mut rows));
            rows::exit_of(&rows)
        }
    };
    if args.quiet {
        rows.retain(|row| row.word != Word::Ok);
    }
    // If nobody reads the output any more, the exit code still tells the result.
    drop(show(&rows, output));
    exit
}

/// What needs the network. Without Vault, most of the rest cannot be looked at.
async fn online(settings: &Settings, rows: &mut Vec<Row>) {
    let world = match World::new(settings, Notifier::silent(), WhoKind::Command) {
        Ok(world) => world,
        Err(error) => {
            let remedy = "correct the file or the setting that it names";
            rows.push(Row::failed("configuration", "", error.to_string(), remedy));
            return;
        }
    };
    rows.extend(vault::version(&world, settings).await);
    let login = vault::login(&world, settings).await;
    let is_in = login.word == Word::Ok;
    rows.push(login);
    if is_in {
        rows.extend(vault::policy(&world, settings).await);
        rows.extend(others::credentials(&world).await);
        rows.extend(others::issuers(&world).await);
        rows.extend(others::connections(&world).await);
    } else {
        rows.extend(others::not_looked_at());
    }
    // Every answer so far told a time.
    rows.push(vault::clock(world.skew_verdict()));
    world.session.close().await;
}

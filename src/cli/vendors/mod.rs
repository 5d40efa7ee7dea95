//! `vendors`: the vendor files that are built in and the user's own.

mod check;
mod facts;
mod list;
mod markdown;
mod replay;
mod show;
pub(super) mod words;

use std::path::Path;

use super::output::{Output, complain};
use super::{DEFAULT_CONFIG, Exit};
use crate::config::Catalogue;
use crate::value::HumanDuration;
use crate::vendors::Library;

/// `vendors`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to do; without it, all vendors are listed.
    #[command(subcommand)]
    pub command: Option<VendorsCommand>,
    /// List only those that were verified longer ago than this, for example
    /// `180d`.
    #[arg(long, value_name = "AGE", value_parser = HumanDuration::parse)]
    pub stale: Option<HumanDuration>,
    /// Write the tables of the documentation instead: what the program does,
    /// what a person does, and what nobody can do.
    #[arg(long)]
    pub markdown: bool,
}

/// What to do with vendor files.
#[derive(Debug, clap::Subcommand)]
pub enum VendorsCommand {
    /// Show what a vendor file is for, what it needs, and how it is used.
    Show(show::Args),
    /// Look for mistakes in a vendor file, for those who write one.
    Check(check::Args),
    /// Run a replay: does the real code send what a vendor documents, and does
    /// it understand the answers? On loopback only.
    Replay(replay::Args),
}

/// Lists, shows or checks vendor files.
pub fn run(args: &Args, config: &Path, output: &mut Output) -> Exit {
    if args.stale.is_some() && args.command.is_some() {
        complain("`--stale` belongs to the list: leave it out, or leave the subcommand out\n");
        return Exit::Usage;
    }
    match &args.command {
        None if args.markdown => with_library(config, |library| {
            // Nobody reads the output any more: the exit code still tells.
            drop(output.text(&markdown::tables(library)));
            Exit::Ok
        }),
        None => with_library(config, |library| list::run(args.stale, library, output)),
        Some(VendorsCommand::Show(args)) => {
            with_library(config, |library| show::run(args, library, output))
        }
        Some(VendorsCommand::Check(args)) => check::run(args, output),
        Some(VendorsCommand::Replay(args)) => replay::run(args, output),
    }
}

/// Calls `work` with all files that can be used. What is wrong with the user's
/// own goes to standard error, and the command fails in the end.
pub(super) fn with_library(config: &Path, work: impl FnOnce(&Library<'_>) -> Exit) -> Exit {
    // Nobody has to configure anything to see what is built in.
    let none = config == Path::new(DEFAULT_CONFIG) && !config.exists();
    let catalogue = Catalogue::read(Some(config).filter(|_| !none));
    let (library, report) = catalogue.vendors();
    if !report.findings().is_empty() {
        complain(&report.render(false));
    }
    match (work(&library), report.has_errors()) {
        (Exit::Ok, true) => Exit::Usage,
        (exit, _) => exit,
    }
}

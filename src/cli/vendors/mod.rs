//! `vendors`: what is known of vendors, as data.

mod replay;

use super::Exit;
use super::output::Output;

/// `vendors`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do with vendors.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Run a replay: does the real code send what a vendor documents, and does
    /// it understand the answers? On loopback only.
    Replay(replay::Args),
}

/// Does what the subcommand says.
pub fn run(args: &Args, output: &mut Output) -> Exit {
    match &args.command {
        Command::Replay(args) => replay::run(args, output),
    }
}

//! `verify`: tests a token of a test tenant by the full cycle.

use std::path::Path;

use super::output::{Output, complain};
use super::{Exit, full_cycle};

/// `verify`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The token.
    #[arg(value_name = "TOKEN")]
    pub token: String,
    /// The full cycle, which creates and deletes a user and a group.
    #[command(flatten)]
    pub cycle: full_cycle::Args,
}

/// Runs it.
pub fn run(args: &Args, config: &Path, output: &mut Output) -> Exit {
    if args.cycle.full_cycle {
        return full_cycle::run(&args.token, &args.cycle, config, output);
    }
    complain("say what to verify: `--full-cycle`\n");
    Exit::Usage
}

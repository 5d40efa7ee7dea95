//! `completions`: the script with which a shell completes commands and options.

use clap::CommandFactory;
use clap_complete::Shell;

use super::output::{Output, complain};
use super::{Cli, Exit};

/// The command line of `completions`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// For which shell.
    #[arg(value_name = "SHELL")]
    pub shell: Shell,
}

/// Writes the script of the shell to standard output.
pub fn run(args: &Args, output: &mut Output) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "scim-rotator", &mut script);
    match output.text(&String::from_utf8_lossy(&script)) {
        Ok(()) => Exit::Ok,
        Err(error) => {
            complain(&format!("the completions were not written: {error}\n"));
            Exit::Failed
        }
    }
}

//! The command line; each subcommand has its file.

pub mod ack;
pub mod adopt;
mod asking;
pub mod audit;
mod auditing;
mod bell;
pub mod check;
pub mod completions;
mod compromise;
pub mod demo;
pub mod describe;
pub mod doctor;
pub mod explain;
mod facts;
mod failure;
mod federated;
pub mod full_cycle;
mod harden;
pub mod history;
pub mod identify;
pub mod init;
pub mod inventory;
pub mod live;
mod load;
mod look;
pub mod man;
pub mod notify;
pub mod once;
pub mod output;
pub mod pause;
pub mod plan;
pub mod rehearse;
mod reload;
pub mod report;
pub mod rotate;
pub mod run;
pub mod schema;
mod served;
mod signals;
mod stated;
pub mod status;
pub mod vendors;
pub mod verify;
pub mod version;
mod watch;
mod wiring;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum, ValueHint};

use crate::telemetry::logging;

/// The default path of the configuration file.
pub const DEFAULT_CONFIG: &str = "/etc/scim-rotator/scim-rotator.toml";
/// The variable that names another one.
pub const CONFIG_VARIABLE: &str = "SCIM_ROTATOR_CONFIG";

/// Keeps SCIM bearer tokens fresh.
#[derive(Debug, Parser)]
#[command(name = "scim-rotator", version, about, propagate_version = true)]
pub struct Cli {
    /// The configuration file.
    #[arg(
        short,
        long,
        global = true,
        value_name = "PATH",
        env = CONFIG_VARIABLE,
        hide_env_values = true,
        default_value = DEFAULT_CONFIG,
        value_hint = ValueHint::FilePath
    )]
    pub config: PathBuf,

    /// How results are written.
    #[arg(
        short,
        long,
        global = true,
        value_name = "FORMAT",
        value_enum,
        default_value_t
    )]
    pub output: Form,

    /// When colours are used. They never tell anything that the text does not.
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t)]
    pub color: Colour,

    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// How a person wants results written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Form {
    /// For people.
    #[default]
    Text,
    /// For people, with more columns where there are more, and nothing cut off.
    Wide,
    /// For programs.
    Json,
}

impl Form {
    fn format(self) -> OutputFormat {
        match self {
            Self::Text | Self::Wide => OutputFormat::Text,
            Self::Json => OutputFormat::Json,
        }
    }
}

/// When colours are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Colour {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How results are written to standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OutputFormat {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the daemon until TERM or INT.
    Run,
    /// Do everything that is due now, then exit.
    Once(once::Args),
    /// Report mistakes in the configuration; without the network unless asked.
    Check(check::Args),
    /// Look at everything that the work depends on: what is wrong, and what to do.
    Doctor(doctor::Args),
    /// Show what happens next to each token, when, and why; change nothing.
    Plan(plan::Args),
    /// Show the state of each token; change nothing.
    Status(status::Args),
    /// Show everything about one token on one screen; change nothing.
    Describe(describe::Args),
    /// Have one token rotated now, and show how far it is.
    Rotate(rotate::Args),
    /// Try issuer and connections with a throw-away token, and revoke it.
    Rehearse(rehearse::Args),
    /// Test a token level by level, and show what is proven.
    Verify(verify::Args),
    /// Tell what a word of a log, a metric, an alert or an exit code means, and what to do.
    Explain(explain::Args),
    /// Tell when an adopted token was issued, when it ends, and its id.
    Adopt(adopt::Args),
    /// Suspend the work on tokens.
    Pause(pause::PauseArgs),
    /// Let the work on paused tokens go on.
    Resume(pause::ResumeArgs),
    /// Say that the new token was written into a connection by hand.
    Ack(ack::Args),
    /// Show the last rotations of one token; change nothing.
    History(history::Args),
    /// Answer an auditor's questions about all tokens; change nothing.
    Report(report::Args),
    /// Show who is told of what, and send test messages.
    Notify(notify::Args),
    /// Tell whose a leaked secret is, and whether it lives: read from standard input.
    Identify(identify::Args),
    /// List every credential at every issuer, and whose it is; change nothing.
    Inventory(inventory::Args),
    /// Look at the audit that the daemon has written.
    Audit(audit::Args),
    /// List, show, check and test vendor files: issuers and connections as data.
    Vendors(vendors::Args),
    /// Ask Vault, and write a first configuration and the policy for the daemon.
    Init(init::Args),
    /// Write the JSON Schema of the configuration, for editors.
    Schema,
    /// Watch the daemon work, with everything around it in one process.
    Demo(demo::Args),
    /// Write what a shell needs to complete commands and options.
    Completions(completions::Args),
    /// Write the manual page.
    Man(man::Args),
    /// Tell the version, what it is built of, and which records it reads.
    Version,
}

/// How a command ended; each has its exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0.
    Ok,
    /// 1: it was tried and failed; for `status --exit-code`, somebody should look.
    Failed,
    /// 2: for `status --exit-code`, provisioning stops soon or has stopped.
    Urgent,
    /// 64: the command line or the configuration is wrong.
    Usage,
    /// 75: the same command may work later.
    TryAgain,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Ok => 0,
            Exit::Failed => 1,
            Exit::Urgent => 2,
            Exit::Usage => 64,
            Exit::TryAgain => 75,
        })
    }
}

/// Parses the command line, runs the command, and returns how it ended.
#[must_use]
pub fn main() -> Exit {
    // First: nothing else may have begun yet.
    if let Some(exit) = completions::answer() {
        return exit;
    }
    harden::harden();
    match Cli::try_parse() {
        Ok(cli) => {
            let exit = dispatch(&cli);
            if cli.output == Form::Json {
                failure::tell(exit);
            }
            logging::flush();
            exit
        }
        Err(error) => {
            // Help and version are not mistakes.
            let exit = if error.use_stderr() {
                Exit::Usage
            } else {
                Exit::Ok
            };
            // If standard error is closed, there is nobody to tell.
            drop(error.print());
            if exit == Exit::Usage && failure::asks_for_json(std::env::args_os()) {
                failure::tell_usage(&error);
            }
            exit
        }
    }
}

fn dispatch(cli: &Cli) -> Exit {
    let mut output = output::Output::stdout(cli.output.format(), cli.color);
    output.set_wide(cli.output == Form::Wide);
    match &cli.command {
        Command::Run => run::run(&cli.config),
        Command::Once(args) => once::run(args, &cli.config, &mut output),
        Command::Check(args) => check::run(args, &cli.config, &mut output),
        Command::Doctor(args) => doctor::run(args, &cli.config, &mut output),
        Command::Plan(args) => plan::run(args, &cli.config, &mut output),
        Command::Status(args) => status::run(args, &cli.config, &mut output),
        Command::Describe(args) => describe::run(args, &cli.config, &mut output),
        Command::Rotate(args) => rotate::run(args, &cli.config, output),
        Command::Rehearse(args) => rehearse::run(args, &cli.config, &mut output),
        Command::Verify(args) => verify::run(args, &cli.config, &mut output),
        Command::Explain(args) => explain::run(args, &mut output),
        Command::Adopt(args) => adopt::run(args, &cli.config, &mut output),
        Command::Pause(args) => pause::pause(args, &cli.config, &mut output),
        Command::Resume(args) => pause::resume(args, &cli.config, &mut output),
        Command::Ack(args) => ack::run(args, &cli.config, &mut output),
        Command::History(args) => history::run(args, &cli.config, &mut output),
        Command::Report(args) => report::run(args, &cli.config, &mut output),
        Command::Notify(args) => notify::run(args, &cli.config, &mut output),
        Command::Audit(args) => audit::run(args, &cli.config, &mut output),
        Command::Identify(args) => identify::run(args, &cli.config, output),
        Command::Inventory(args) => inventory::run(args, &cli.config, &mut output),
        Command::Vendors(args) => vendors::run(args, &cli.config, &mut output),
        Command::Init(args) => init::run(args, &mut output),
        Command::Schema => schema::run(&cli.config, &mut output),
        Command::Demo(args) => demo::run(args, output),
        Command::Completions(args) => completions::run(args, &mut output),
        Command::Man(args) => man::run(args, &mut output),
        Command::Version => version::run(&mut output),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }
}

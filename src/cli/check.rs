//! `check`: everything that is wrong with the configuration, at once.

use std::io;
use std::path::Path;

use super::output::Output;
use super::{Exit, OutputFormat};
use crate::config::{self, Loaded, Report};

/// `check`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Fail on warnings too.
    #[arg(long)]
    pub strict: bool,
}

/// Loads the configuration and shows what is wrong with it. Files only, no
/// network.
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
    // Nobody reads the output any more: the exit code still tells.
    drop(show(report, loaded.as_ref().ok(), output));
    exit
}

fn show(report: &Report, loaded: Option<&Loaded>, output: &mut Output) -> io::Result<()> {
    match output.format() {
        OutputFormat::Json => output.json(&report.to_json()),
        OutputFormat::Text => {
            if !report.findings().is_empty() {
                output.text(&report.render(output.colour()))?;
            }
            loaded.map_or(Ok(()), |loaded| output.line(&summary(loaded)))
        }
    }
}

fn summary(loaded: &Loaded) -> String {
    let settings = &loaded.settings;
    format!(
        "The configuration is valid: tokens {}, issuers {}, connections {}, files {}.",
        settings.tokens.len(),
        settings.issuers.len(),
        settings.connections.len(),
        loaded.files.len()
    )
}

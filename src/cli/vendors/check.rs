//! `vendors check`: everything that is wrong with one vendor file, at once.

use std::io;
use std::path::PathBuf;

use crate::cli::output::Output;
use crate::cli::{Exit, OutputFormat};
use crate::config::{Report, check_vendor_file};

/// `vendors check`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The vendor file.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Fail on warnings too.
    #[arg(long)]
    pub strict: bool,
}

/// Reads the file and shows what is wrong with it. No network.
pub(super) fn run(args: &Args, output: &mut Output) -> Exit {
    let report = check_vendor_file(&args.file);
    // Nobody reads the output any more: the exit code still tells.
    drop(show(args, &report, output));
    if report.has_errors() || (args.strict && !report.findings().is_empty()) {
        Exit::Usage
    } else {
        Exit::Ok
    }
}

fn show(args: &Args, report: &Report, output: &mut Output) -> io::Result<()> {
    if output.format() == OutputFormat::Json {
        return output.json(&report.to_json());
    }
    if !report.findings().is_empty() {
        output.text(&report.render(output.colour()))?;
    }
    if report.has_errors() {
        return Ok(());
    }
    output.line(&format!(
        "The vendor file is valid: {}.",
        args.file.display()
    ))
}

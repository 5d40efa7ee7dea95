//! `man`: the manual pages, generated from the same texts as `--help`.

use std::path::{Path, PathBuf};

use clap::CommandFactory;

use super::output::{Output, complain};
use super::{Cli, Exit};

/// The command line of `man`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Write one page for each command into this folder, for packages.
    #[arg(long, value_name = "FOLDER")]
    pub folder: Option<PathBuf>,
}

/// Writes the main page to standard output, or all pages into a folder.
pub fn run(args: &Args, output: &mut Output) -> Exit {
    let written = match &args.folder {
        Some(folder) => write_all(folder),
        None => main_page().and_then(|page| output.text(&page)),
    };
    match written {
        Ok(()) => Exit::Ok,
        Err(error) => {
            complain(&format!("the manual was not written: {error}\n"));
            Exit::Failed
        }
    }
}

fn main_page() -> std::io::Result<String> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command()).render(&mut page)?;
    String::from_utf8(page).map_err(std::io::Error::other)
}

fn write_all(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    clap_mangen::generate_to(command(), folder)
}

/// The command line without `help`, which has no page.
fn command() -> clap::Command {
    Cli::command().disable_help_subcommand(true)
}

//! `audit`: looks at the audit that the daemon has written.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use super::load::{self, block_on};
use super::output::{Output, complain};
use super::{Exit, OutputFormat};
use crate::audit::chain::Head;
use crate::audit::verify::{Finding, Verdict, Verifier};

/// `audit`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do with the audit.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Find changed, missing, reordered, duplicated and truncated lines.
    Verify(VerifyArgs),
}

/// `audit verify`.
#[derive(Debug, clap::Args)]
pub struct VerifyArgs {
    /// The files of one replica, oldest first, with those that were rotated away.
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// Compare with the last line that is stored in Vault, so that lines which were cut
    /// off at the end show.
    #[arg(long)]
    pub against_vault: bool,
    /// Name of the replica, if the files do not tell it.
    #[arg(long, value_name = "NAME", requires = "against_vault")]
    pub replica: Option<String>,
}

/// Carries the command out.
pub fn run(args: &Args, config: &Path, output: &mut Output) -> Exit {
    let Command::Verify(args) = &args.command;
    let mut verifier = Verifier::default();
    if args.against_vault {
        match stored(args, config) {
            Ok(Some(head)) => verifier.compare_with(head),
            Ok(None) => {
                complain("Vault has stored no line of this replica yet\n");
                return Exit::Failed;
            }
            Err(exit) => return exit,
        }
    }
    for path in &args.files {
        let read = File::open(path).and_then(|file| {
            let name = path.display().to_string();
            verifier.file(&name, BufReader::new(file))
        });
        if let Err(error) = read {
            complain(&format!("{} cannot be read: {error}\n", path.display()));
            return Exit::Failed;
        }
    }
    let verdict = verifier.end();
    // Nobody reads the output any more: the exit code still tells.
    drop(show(&verdict, output));
    match verdict.ok {
        true => Exit::Ok,
        false => Exit::Failed,
    }
}

/// The last line that Vault has stored of the replica of these files.
fn stored(args: &VerifyArgs, config: &Path) -> Result<Option<Head>, Exit> {
    let replica = args.replica.clone().or_else(|| replica_of(&args.files));
    let Some(replica) = replica else {
        complain("these files do not tell their replica: name it with --replica\n");
        return Err(Exit::Usage);
    };
    let (world, _) = load::world_of_a_person(config, &[])?;
    let mut head = Err(Exit::TryAgain);
    block_on(async {
        head = match world.store.audit_head(&replica).await {
            Ok((head, _)) => Ok(head),
            Err(error) => {
                complain(&format!("the last line in Vault was not read: {error}\n"));
                Err(Exit::TryAgain)
            }
        };
        world.session.close().await;
        Exit::Ok
    });
    head
}

/// The replica that the first line with one names.
fn replica_of(files: &[PathBuf]) -> Option<String> {
    files.iter().find_map(|path| {
        let mut verifier = Verifier::default();
        let file = File::open(path).ok()?;
        verifier.file("", BufReader::new(file)).ok()?;
        verifier.replica().map(str::to_owned)
    })
}

fn show(verdict: &Verdict, output: &mut Output) -> io::Result<()> {
    if output.format() == OutputFormat::Json {
        let value = serde_json::to_value(verdict).unwrap_or_default();
        return output.json(&value);
    }
    let line = |finding: &Finding| match finding.line {
        0 => format!("{}: {}", finding.file, finding.detail),
        line => format!("{}:{line}: {}", finding.file, finding.detail),
    };
    for note in &verdict.notes {
        output.line(&format!("note: {}", line(note)))?;
    }
    for problem in &verdict.problems {
        output.line(&format!("problem: {}", line(problem)))?;
    }
    if verdict.problems_left_off > 0 {
        let more = verdict.problems_left_off;
        output.line(&format!("problem: {more} more"))?;
    }
    let (lines, replica) = (verdict.lines, verdict.replica.as_deref().unwrap_or("?"));
    let first = verdict.first.unwrap_or_default();
    let last = verdict.last.map_or(0, |head| head.number);
    let end = match (&verdict.stored, verdict.ok) {
        (_, false) => "the chain is broken",
        (Some(_), true) => "the chain is whole, and holds the last line that Vault knows",
        (None, true) => {
            "the chain is whole; whether lines are cut off at its end shows with --against-vault"
        }
    };
    output.line(&format!(
        "{lines} lines of {replica}, numbers {first} to {last}: {end}"
    ))
}

//! `completions`: the script with which a shell completes commands, options and the names
//! of the configuration. The script asks this program, which knows its own commands and
//! reads the configuration for the names.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::PathBuf;

use clap::{CommandFactory, ValueEnum};
use clap_complete::engine::CompletionCandidate;
use clap_complete::env::Shells;
use clap_complete::{CompleteEnv, Shell};

use super::output::{Output, complain};
use super::{CONFIG_VARIABLE, Cli, DEFAULT_CONFIG, Exit};
use crate::config::{self, Settings};
use crate::environment;
use crate::vendors::{Family, Library};

/// The variable by which the script asks.
const ASKED_BY: &str = "SCIM_ROTATOR_COMPLETE";
const PROGRAM: &str = "scim-rotator";

/// The command line of `completions`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// For which shell.
    #[arg(value_name = "SHELL")]
    pub shell: Shell,
}

/// Writes the script of the shell to standard output.
pub fn run(args: &Args, output: &mut Output) -> Exit {
    match script(args.shell).and_then(|script| output.text(&script)) {
        Ok(()) => Exit::Ok,
        Err(error) => {
            complain(&format!("the completions were not written: {error}\n"));
            Exit::Failed
        }
    }
}

fn script(shell: Shell) -> io::Result<String> {
    let name = shell.to_possible_value();
    let name = name.as_ref().map_or("", |value| value.get_name());
    let shells = Shells::builtins();
    let Some(shell) = shells.completer(name) else {
        return Err(io::Error::other("this shell is not known"));
    };
    let mut script = Vec::new();
    shell.write_registration(ASKED_BY, PROGRAM, PROGRAM, PROGRAM, &mut script)?;
    String::from_utf8(script).map_err(io::Error::other)
}

/// Answers the script of a shell. `None` if none asks.
pub(super) fn answer() -> Option<Exit> {
    if !environment::has(ASKED_BY) {
        return None;
    }
    let folder = std::env::current_dir().ok();
    let completing = CompleteEnv::with_factory(Cli::command).var(ASKED_BY);
    match completing.try_complete(std::env::args_os(), folder.as_deref()) {
        Ok(true) => Some(Exit::Ok),
        Ok(false) => None,
        // A shell that completes shows no messages.
        Err(_) => Some(Exit::Failed),
    }
}

/// The names of tokens.
pub(super) fn tokens() -> Vec<CompletionCandidate> {
    names(|settings| {
        let all = settings.tokens.keys().chain(settings.federated.keys());
        all.cloned().collect()
    })
}

/// The names of connections.
pub(super) fn connections() -> Vec<CompletionCandidate> {
    names(|settings| settings.connections.keys().cloned().collect())
}

/// The names of issuers.
pub(super) fn issuers() -> Vec<CompletionCandidate> {
    names(|settings| settings.issuers.keys().cloned().collect())
}

/// The names of issuers and of connections.
pub(super) fn issuers_and_connections() -> Vec<CompletionCandidate> {
    let mut all = issuers();
    all.extend(connections());
    all
}

/// The names of those who are told by messages.
pub(super) fn targets() -> Vec<CompletionCandidate> {
    names(|settings| settings.notify.keys().cloned().collect())
}

/// The vendors of service providers.
pub(super) fn issuer_vendors() -> Vec<CompletionCandidate> {
    vendors(Family::Issuer)
}

/// The vendors of identity providers.
pub(super) fn connection_vendors() -> Vec<CompletionCandidate> {
    vendors(Family::Connection)
}

fn vendors(family: Family) -> Vec<CompletionCandidate> {
    let names = Library::shipped().names(family);
    names.map(CompletionCandidate::new).collect()
}

/// Nothing is offered if the configuration cannot be read.
fn names(of: impl Fn(&Settings) -> Vec<String>) -> Vec<CompletionCandidate> {
    let words: Vec<OsString> = std::env::args_os().collect();
    let path = named_in(&words)
        .or_else(|| environment::variable(CONFIG_VARIABLE).map(PathBuf::from))
        .unwrap_or_else(|| PathBuf::from(DEFAULT_CONFIG));
    let loaded = config::load(&path);
    let names = loaded.map_or_else(|_| Vec::new(), |loaded| of(&loaded.settings));
    names.into_iter().map(CompletionCandidate::new).collect()
}

/// The configuration that the words so far name.
fn named_in(words: &[OsString]) -> Option<PathBuf> {
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if word == "--config" || word == "-c" {
            return words.next().map(PathBuf::from);
        }
        let joined = word
            .to_str()
            .and_then(|word| word.strip_prefix("--config="));
        if let Some(path) = joined {
            return Some(PathBuf::from(OsStr::new(path)));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_named_configuration_is_read() {
        let named = |words: &[&str]| {
            let words: Vec<OsString> = words.iter().map(OsString::from).collect();
            named_in(&words)
        };
        let path = Some(PathBuf::from("a.toml"));
        assert_eq!(named(&["x", "--", "x", "-c", "a.toml", "status"]), path);
        assert_eq!(named(&["x", "--config", "a.toml"]), path);
        assert_eq!(named(&["x", "status", "--config=a.toml"]), path);
        assert_eq!(named(&["x", "status", "--config"]), None);
        assert_eq!(named(&["x", "status"]), None);
    }
}

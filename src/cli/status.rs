//! `status`: the state of each token, as the daemon tells it in the facts or on
//! its HTTP server: the most urgent first. It changes nothing, and reads no token.

mod notes;
mod shown;
mod watching;

use std::io;
use std::path::Path;

use jiff::Timestamp;
use serde_json::{Value, json};

pub(super) use self::shown::{block as state_block, coloured};
use super::facts;
use super::load;
use super::output::Output;
use super::served::{self, Told};
use super::stated;
use super::{Exit, OutputFormat};
use crate::rotation::state::{Banner, Counts, State, Urgency};
use crate::value::HumanDuration;

/// `status`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub struct Args {
    /// Only these tokens.
    #[arg(value_name = "TOKEN", add = clap_complete::ArgValueCandidates::new(crate::cli::completions::tokens))]
    pub tokens: Vec<String>,
    /// Ask the daemon that serves this URL, and not Vault. No configuration is
    /// needed.
    #[arg(long, value_name = "URL")]
    pub server: Option<url::Url>,
    /// Tell by the exit code whether somebody should look.
    #[arg(short, long)]
    pub exit_code: bool,
    /// Show it again and again until Ctrl-C, in place on a terminal.
    #[arg(short, long, conflicts_with = "exit_code")]
    pub watch: bool,
    /// The pause between two looks; longer if there are many tokens.
    #[arg(short, long, value_name = "DURATION", default_value = "5s", value_parser = HumanDuration::parse, requires = "watch")]
    pub interval: HumanDuration,
}

const EXIT_CODES: &str = "\
Exit codes:
  0   told; with --exit-code: nobody needs to do anything
  1   with --exit-code: somebody should look at a token
  2   with --exit-code: provisioning stops soon or has stopped
  64  the command line or the configuration is wrong
  75  the state of a token is not known; the same command may work later";

/// Shows the state of the tokens.
pub fn run(args: &Args, config: &Path, output: &mut Output) -> Exit {
    if args.watch {
        return watching::run(args, config, output);
    }
    if let Some(server) = &args.server {
        return load::block_on(async {
            match served::ask(server, "/api/v1/tokens", "name", &args.tokens).await {
                Ok(served) => {
                    let (now, banners) = (served.now, served.banners);
                    Status::of(served.tokens, banners, now).tell(args, output)
                }
                Err(exit) => exit,
            }
        });
    }
    facts::reader::command(config, &args.tokens, |read, now| {
        let tokens = read.tokens.into_iter();
        let tokens = tokens.map(|(name, facts)| (name, facts.map(token)));
        Status::of(tokens.collect(), read.banners, now).tell(args, output)
    })
}

/// A token in the form of the daemon's API.
pub(super) fn token(mut facts: Value) -> Value {
    let mut token = facts["token"].take();
    for also in ["written_at", "handled", "trouble", "full_cycle"] {
        token[also] = facts[also].take();
    }
    token
}

/// What is told of one token.
pub(super) struct Token {
    name: String,
    state: State,
    told: Result<Value, String>,
}

/// What is told of all, the most urgent first.
pub(super) struct Status {
    now: Timestamp,
    pub(super) banners: Vec<Banner>,
    pub(super) tokens: Vec<Token>,
}

impl Status {
    pub(super) fn of(told: Told, banners: Vec<Banner>, now: Timestamp) -> Self {
        let tokens = told.into_iter().map(|(name, told)| Token {
            state: stated::state(&name, &told, now),
            name,
            told,
        });
        let mut tokens: Vec<Token> = tokens.collect();
        tokens.sort_by_key(|token| token.state.order());
        Self {
            now,
            banners,
            tokens,
        }
    }

    fn tell(&self, args: &Args, output: &mut Output) -> Exit {
        // If nobody reads the output any more, the exit code still tells the result.
        drop(self.show(output));
        let complete = self.tokens.iter().all(|token| token.told.is_ok());
        match (complete, args.exit_code, self.counts().urgency) {
            (true, true, Urgency::Attention) => Exit::Failed,
            (_, true, Urgency::Urgent) => Exit::Urgent,
            (true, ..) => Exit::Ok,
            (false, ..) => Exit::TryAgain,
        }
    }

    fn counts(&self) -> Counts {
        Counts::of(self.tokens.iter().map(|token| &token.state))
    }

    fn show(&self, output: &mut Output) -> io::Result<()> {
        match output.format() {
            OutputFormat::Json => output.json(&self.json()),
            OutputFormat::Text => {
                let text = shown::text_of(self, output);
                output.text(&text)
            }
        }
    }

    pub(super) fn json(&self) -> Value {
        let tokens = self.tokens.iter().map(|token| match &token.told {
            Ok(told) => {
                let mut told = told.clone();
                told["state"] = json!(token.state);
                told
            }
            Err(error) => json!({ "name": token.name, "error": error, "state": token.state }),
        });
        let tokens: Vec<Value> = tokens.collect();
        let counts = self.counts();
        json!({
            "now": self.now,
            "banners": self.banners,
            "summary": counts.summary(),
            "tokens": tokens,
        })
    }
}

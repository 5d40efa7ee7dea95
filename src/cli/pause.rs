//! `pause` and `resume`: a person suspends the work on tokens, and resumes it.
//! A rotation in flight stays stored and continues in its stage.

use std::path::Path;

use serde_json::{Value, json};

use super::asking::{Answer, Asking, complain_of_silence, request};
use super::load;
use super::output::{Output, complain};
use super::wiring::World;
use super::{Exit, OutputFormat, failure};
use crate::rotation::record::{Wish, WrittenRequest};
use crate::vault::requests::ALL;

/// `pause`.
#[derive(Debug, clap::Args)]
pub struct PauseArgs {
    /// Which tokens.
    #[arg(value_name = "TOKEN", required_unless_present = "all", add = clap_complete::ArgValueCandidates::new(crate::cli::completions::tokens))]
    pub tokens: Vec<String>,
    /// All of them, on every replica.
    #[arg(short, long, conflicts_with = "tokens")]
    pub all: bool,
    /// Why, for people who find it paused, and for the audit. Needed with --all.
    #[arg(
        short,
        long,
        value_name = "TEXT",
        default_value = "",
        required_if_eq("all", "true")
    )]
    pub reason: String,
    /// Do not wait for the daemon's answer.
    #[arg(long)]
    pub no_wait: bool,
}

/// `resume`.
#[derive(Debug, clap::Args)]
pub struct ResumeArgs {
    /// Which tokens.
    #[arg(value_name = "TOKEN", required_unless_present = "all", add = clap_complete::ArgValueCandidates::new(crate::cli::completions::tokens))]
    pub tokens: Vec<String>,
    /// Undo `pause --all`; tokens that were paused by name stay paused.
    #[arg(short, long, conflicts_with = "tokens")]
    pub all: bool,
    /// Why, for the audit. Needed with --all.
    #[arg(
        short,
        long,
        value_name = "TEXT",
        default_value = "",
        required_if_eq("all", "true")
    )]
    pub reason: String,
    /// Do not wait for the daemon's answer.
    #[arg(long)]
    pub no_wait: bool,
}

/// Suspends the work on the tokens.
pub fn pause(args: &PauseArgs, config: &Path, output: &mut Output) -> Exit {
    let names = names(&args.tokens, args.all);
    ask_for(config, &names, output, !args.no_wait, |world| {
        WrittenRequest {
            reason: args.reason.clone(),
            ..request(world, Wish::Pause)
        }
    })
}

/// Resumes the work on the tokens.
pub fn resume(args: &ResumeArgs, config: &Path, output: &mut Output) -> Exit {
    let names = names(&args.tokens, args.all);
    ask_for(config, &names, output, !args.no_wait, |world| {
        WrittenRequest {
            reason: args.reason.clone(),
            ..request(world, Wish::Resume)
        }
    })
}

fn names(tokens: &[String], all: bool) -> Vec<String> {
    match all {
        true => vec![ALL.to_owned()],
        false => tokens.to_vec(),
    }
}

fn ask_for(
    config: &Path,
    names: &[String],
    output: &mut Output,
    wait: bool,
    make: impl Fn(&World) -> WrittenRequest,
) -> Exit {
    let tokens: Vec<String> = names.iter().filter(|name| *name != ALL).cloned().collect();
    let (world, _) = match load::world_of_a_person(config, &tokens) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    load::block_on(async {
        let made = make(&world);
        if let Some(why) = (WrittenRequest {
            seq: 1,
            ..made.clone()
        })
        .malformation()
        {
            complain(&format!("nothing was asked for: {why}\n"));
            return Exit::Usage;
        }
        let exit = ask_all(&world, names, &made, wait, output).await;
        world.session.close().await;
        exit.unwrap_or_else(|exit| exit)
    })
}

/// All requests are written before the first answer is waited for.
async fn ask_all(
    world: &World,
    names: &[String],
    made: &WrittenRequest,
    wait: bool,
    output: &mut Output,
) -> Result<Exit, Exit> {
    let asking = Asking::begin(world).await?;
    let mut asked = Vec::new();
    for name in names {
        asked.push((name, asking.ask(name, made).await?));
    }
    let mut exit = Exit::Ok;
    let mut told = Vec::new();
    for (name, seq) in asked {
        let shown = if name == ALL { "all work" } else { name };
        let answer = match wait {
            true => Some(asking.answer(name, seq).await?),
            false => None,
        };
        let one = match answer {
            None => {
                // If nobody reads the output any more, the exit code still tells the
                // result.
                drop(say(&format!("{shown}: the request is written"), output));
                json!({ "name": name, "token": name, "asked": true })
            }
            Some(Answer::Accepted(_, facts)) => {
                drop(say(&sentence(name, made.what, &facts), output));
                match name == ALL {
                    true => json!({ "all": true, "paused": facts["paused"] }),
                    false => {
                        json!({ "name": name, "token": name, "paused": facts["token"]["paused"] })
                    }
                }
            }
            Some(Answer::Refused(why)) => {
                complain(&format!("{shown}: refused: {why}\n"));
                exit = Exit::Failed;
                json!({ "name": name, "token": name, "error": failure::object(exit, &why) })
            }
            Some(Answer::None) => {
                let silent = complain_of_silence(shown, made.what.kept());
                exit = if exit == Exit::Ok { silent } else { exit };
                let error = failure::object(silent, "no daemon has answered");
                json!({ "name": name, "token": name, "error": error })
            }
        };
        told.push(one);
    }
    if output.format() == OutputFormat::Json {
        drop(output.json(&match told.as_slice() {
            [one] if names == [ALL] => one.clone(),
            all => json!({ "tokens": all }),
        }));
    }
    Ok(exit)
}

fn say(text: &str, output: &mut Output) -> std::io::Result<()> {
    match output.format() {
        OutputFormat::Text => output.line(text),
        OutputFormat::Json => Ok(()),
    }
}

/// What is true from now on, for people.
fn sentence(name: &str, what: Wish, facts: &Value) -> String {
    if name == ALL {
        return match what {
            Wish::Pause => {
                "All work is paused: every replica stops within 15 s, before its next step. Tokens still expire."
            }
            Wish::Rotate | Wish::Resume | Wish::Ack | Wish::Adopt => {
                "All work goes on, within 15 s on every replica."
            }
        }
        .to_owned();
    }
    let token = &facts["token"];
    let stage = token["stage"].as_str().unwrap_or_default();
    match token["paused"]["since"].as_str() {
        Some(since) => format!(
            "{name} is paused since {since} (stage {stage}); every replica stops before its next step. It still expires."
        ),
        None => format!("{name} goes on (stage {stage})."),
    }
}

//! `identify`: whose a leaked secret is, and whether it lives. The secret is read from
//! standard input and compared by fingerprints; it is never written anywhere. `known`
//! holds the search; the text is read, and its result shown, here.

mod candidates;
mod known;
mod own_credentials;

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::Path;

use jiff::SignedDuration;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use self::known::Hit;
use self::known::{Search, known_secrets};
use super::load;
use super::output::{Output, complain};
use super::{Exit, OutputFormat, rotate};
use crate::value::HumanDuration;

pub(super) use own_credentials::note_credentials;

/// Longest text that is read.
const LONGEST: u64 = 256 * 1024;

/// `identify`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Rotate the token as compromised, if it lives.
    #[arg(long, requires = "reason")]
    pub respond: bool,
    /// Why, for the history and the audit: where the secret was found.
    #[arg(long, value_name = "TEXT", requires = "respond")]
    pub reason: Option<String>,
    /// Do not ask.
    #[arg(long, requires = "respond")]
    pub yes: bool,
}

/// Prints whose the secret on standard input is.
pub fn run(args: &Args, config: &Path, mut output: Output) -> Exit {
    let text = match read() {
        Ok(text) => text,
        Err(why) => {
            complain(&why);
            return Exit::Usage;
        }
    };
    let (world, units) = match load::world_of_a_person(config, &[]) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    let mut found = None;
    let exit = load::block_on(async {
        let known = known_secrets(&world, &units, &text).await;
        world.session.close().await;
        match known {
            Ok(search) => {
                found = Some(search);
                Exit::Ok
            }
            Err(exit) => exit,
        }
    });
    let Some(found) = found else {
        return exit;
    };
    // If nobody reads the output any more, the exit code still tells the result.
    drop(show(&found, &mut output));
    if found.hits.is_empty() {
        return Exit::Failed;
    }
    match args.respond {
        true => respond(args, config, &found.hits, output),
        false => Exit::Ok,
    }
}

fn read() -> Result<Zeroizing<String>, String> {
    let mut bytes = Zeroizing::new(Vec::new());
    let read = std::io::stdin().take(LONGEST + 1).read_to_end(&mut bytes);
    read.map_err(|error| format!("standard input cannot be read: {error}\n"))?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > LONGEST) {
        return Err(format!(
            "standard input has more than {LONGEST} bytes: pass the line that holds the secret, and not the whole log\n"
        ));
    }
    let text = Zeroizing::new(String::from_utf8_lossy(&bytes).into_owned());
    if text.trim().is_empty() {
        return Err(
            "standard input is empty: pass the leaked secret, or the line that contains it, for example `scim-rotator identify <leaked.txt`\n"
                .to_owned(),
        );
    }
    Ok(text)
}

fn show(search: &Search, output: &mut Output) -> std::io::Result<()> {
    let found = &search.hits;
    if output.format() == OutputFormat::Json {
        let hits: Vec<Value> = found
            .iter()
            .map(|hit| {
                let name = &hit.noted.owner;
                let token = (!hit.noted.is_credential).then_some(name);
                let credential = hit.noted.is_credential.then_some(name);
                json!({
                    "token": token,
                    "credential": credential,
                    "state": hit.state.slot,
                    "lives": hit.state.lives,
                    "expires_at": hit.state.expires_at,
                    "detail": hit.state.detail,
                    "audit_fingerprint": hit.audited_as,
                })
            })
            .collect();
        return output.json(&json!({
            "known": !found.is_empty(),
            "secrets": hits,
            "index_complete_since": search.complete_since,
        }));
    }
    if found.is_empty() {
        output.line(
            "Nothing in this text is a token or credential that scim-rotator knows or has known.",
        )?;
        return output.line(match search.complete_since {
            Some(_) => "A token that a person brought within the last minute may not be noted yet.",
            None => {
                "The index of fingerprints is not complete for these tokens: the tokens in use, new and superseded were compared, and those of the past may be missing. The daemon completes it some minutes after its start with the same configuration."
            }
        });
    }
    for hit in found {
        let Hit {
            noted,
            audited_as,
            state,
        } = hit;
        let lives = match state.lives {
            Some(true) => "LIVES",
            Some(false) => "does not live",
            None => "may live",
        };
        output.line(&format!(
            "{}: {lives} ({}): {}.",
            noted.owner, state.slot, state.detail
        ))?;
        if let Some(audited_as) = audited_as {
            output.line(&format!("  In the audit it is {audited_as}."))?;
        }
        if let Some(end) = state.expires_at.as_str() {
            output.line(&format!("  It expires at {end}."))?;
        }
        let next = match (noted.is_credential, state.lives) {
            (true, _) => "Make a new one at the service that it belongs to, write it there, and revoke this one.".to_owned(),
            (false, Some(false)) => "Nothing has to be done.".to_owned(),
            (false, _) => format!(
                "Next: scim-rotator rotate {} --compromised --reason \"found in …\"",
                noted.owner
            ),
        };
        output.line(&format!("  {next}"))?;
    }
    Ok(())
}

/// Rotates every token of the text that lives.
fn respond(args: &Args, config: &Path, found: &[Hit], output: Output) -> Exit {
    let lives = |hit: &&Hit| !hit.noted.is_credential && hit.state.lives != Some(false);
    let names: BTreeSet<&str> = found
        .iter()
        .filter(lives)
        .map(|hit| hit.noted.owner.as_str())
        .collect();
    if names.is_empty() {
        complain("nothing is rotated: no token in this text lives\n");
        return match found.iter().any(|hit| hit.noted.is_credential) {
            true => Exit::Failed,
            false => Exit::Ok,
        };
    }
    let (format, colour) = (output.format(), output.choice());
    drop(output);
    let mut exit = Exit::Ok;
    for name in names {
        let asked = rotate::Args {
            token: name.to_owned(),
            timeout: HumanDuration(SignedDuration::from_mins(10)),
            override_guards: false,
            compromised: true,
            supplied: false,
            reason: args.reason.clone().unwrap_or_default(),
            yes: args.yes,
            no_wait: false,
            foreground: false,
        };
        let ended = rotate::run(&asked, config, Output::stdout(format, colour));
        if ended != Exit::Ok {
            exit = ended;
        }
    }
    exit
}

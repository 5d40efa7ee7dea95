//! `ack`: a person says that the new token was written into a connection that
//! no program can write. The daemon goes on then.

use std::path::Path;

use serde_json::{Value, json};

use super::asking::{Answer, Asking, complain_of_silence, failed, request};
use super::facts::reader::no_facts;
use super::output::{Output, complain};
use super::wiring::World;
use super::{Exit, OutputFormat, load};
use crate::ports::unit::Unit;
use crate::rotation::record::{Wish, WrittenRequest};

/// `ack`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The token.
    #[arg(value_name = "TOKEN", add = clap_complete::ArgValueCandidates::new(crate::cli::completions::tokens))]
    pub token: String,
    /// The connection into which it was written.
    #[arg(value_name = "CONNECTION", add = clap_complete::ArgValueCandidates::new(crate::cli::completions::connections))]
    pub connection: String,
    /// Why you are sure: what you did, and what you saw.
    #[arg(short, long, value_name = "TEXT")]
    pub reason: String,
    /// Do not wait for the daemon's answer.
    #[arg(long)]
    pub no_wait: bool,
}

/// Tells the daemon.
pub fn run(args: &Args, config: &Path, output: &mut Output) -> Exit {
    let tokens = [args.token.clone()];
    let (world, units) = match load::world_of_a_person(config, &tokens) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    load::block_on(async {
        let exit = tell(&world, &units, args, output).await;
        world.session.close().await;
        exit.unwrap_or_else(|exit| exit)
    })
}

async fn tell(
    world: &World,
    units: &[Unit],
    args: &Args,
    output: &mut Output,
) -> Result<Exit, Exit> {
    let fingerprint = waiting(world, units, args).await?;
    let made = WrittenRequest {
        reason: args.reason.clone(),
        connection: args.connection.clone(),
        fingerprint,
        ..request(world, Wish::Ack)
    };
    let whole = WrittenRequest {
        seq: 1,
        ..made.clone()
    };
    if let Some(why) = whole.malformation() {
        complain(&format!("nothing was told: {why}\n"));
        return Err(Exit::Usage);
    }
    let asking = Asking::begin(world).await?;
    let seq = asking.ask(&args.token, &made).await?;
    let shown = format!("{}, {}", args.token, args.connection);
    if args.no_wait {
        // If nobody reads the output any more, the exit code still tells the
        // result.
        drop(match output.format() {
            OutputFormat::Json => output
                .json(&json!({ "name": args.token, "token": args.token, "connection": args.connection, "asked": true })),
            OutputFormat::Text => output.line(&format!("{shown}: it is written for the daemon")),
        });
        return Ok(Exit::Ok);
    }
    Ok(match asking.answer(&args.token, seq).await? {
        Answer::Accepted(..) => {
            drop(show(args, output));
            Exit::Ok
        }
        Answer::Refused(why) => {
            complain(&format!("{shown}: refused: {why}\n"));
            Exit::Failed
        }
        Answer::None => complain_of_silence(&shown, Wish::Ack.kept()),
    })
}

/// The fingerprint of the token that waits for that connection: what a person
/// says of it does not count for another one.
async fn waiting(world: &World, units: &[Unit], args: &Args) -> Result<String, Exit> {
    let refuse = |why: String| {
        complain(&format!("{why}\n"));
        Err(Exit::Usage)
    };
    let unit = units.iter().find(|unit| unit.name == args.token);
    let known = unit.is_some_and(|unit| unit.connection(&args.connection).is_some());
    if !known {
        return refuse(format!(
            "token `{}` has no connection `{}`",
            args.token, args.connection
        ));
    }
    let stored = world.store.facts(&args.token).await;
    let facts = match stored.map(|stored| stored.facts) {
        Ok(Some(facts)) => facts,
        Ok(None) => {
            complain(&format!("{}: {}\n", args.token, no_facts()));
            return Err(Exit::TryAgain);
        }
        Err(error) => return Err(failed(&error)),
    };
    let connections = facts["token"]["connections"].as_array();
    let mut connections = connections.into_iter().flatten();
    let found = connections.find(|one| one["name"] == args.connection.as_str());
    let waits = found.map(|one| &one["handover"]["fingerprint"]);
    match waits.and_then(Value::as_str) {
        Some(fingerprint) => Ok(fingerprint.to_owned()),
        None => refuse(format!(
            "no token waits to be written into connection `{}`: `scim-rotator status {}` shows what does",
            args.connection, args.token
        )),
    }
}

fn show(args: &Args, output: &mut Output) -> std::io::Result<()> {
    let (token, connection) = (&args.token, &args.connection);
    if output.format() == OutputFormat::Json {
        return output.json(&json!({ "name": token, "token": token, "connection": connection }));
    }
    output.line(&format!(
        "{token}: the new token is in {connection} on your word. The rotation goes on, and the old token is kept for the overlap."
    ))
}

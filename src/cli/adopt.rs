//! `adopt`: a person tells when the token that was adopted was issued, when it ends, and
//! its id at the issuer. The daemon takes the person's word into the record.

use std::path::Path;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::asking::{Answer, Asking, complain_of_silence, failed, request};
use super::facts::reader::no_facts;
use super::output::{Output, complain};
use super::wiring::World;
use super::{Exit, OutputFormat, load};
use crate::driver::amend::ask_directly;
use crate::ports::StoreError;
use crate::ports::unit::Unit;
use crate::rotation::record::{Wish, WrittenRequest};
use crate::value::length;

/// `adopt`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The token, which the daemon or `once` has adopted from its published path.
    #[arg(value_name = "TOKEN", add = clap_complete::ArgValueCandidates::new(crate::cli::completions::tokens))]
    pub token: String,
    /// When it was issued: a day, or a time such as `2027-01-31T03:00:00Z`. The earliest
    /// that is possible, if you do not know it.
    #[arg(long, value_name = "TIME", value_parser = moment, required_unless_present_any = ["expires", "id"])]
    pub issued: Option<Timestamp>,
    /// When it ends.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub expires: Option<Timestamp>,
    /// Its id at the issuer, for people: nothing is revoked by an id that only a person
    /// tells.
    #[arg(long, value_name = "ID", default_value = "")]
    pub id: String,
    /// How you know it, for the history and the audit.
    #[arg(short, long, value_name = "TEXT", default_value = "")]
    pub reason: String,
    /// Do not wait for the daemon's answer.
    #[arg(long)]
    pub no_wait: bool,
    /// Write it in this process, with the daemon's login, where no daemon runs.
    #[arg(long, conflicts_with = "no_wait")]
    pub foreground: bool,
}

/// A day begins at midnight UTC.
fn moment(text: &str) -> Result<Timestamp, String> {
    if let Ok(at) = text.parse() {
        return Ok(at);
    }
    let day = text.parse::<Date>().map_err(|_| {
        format!("`{text}` is neither a day such as \"2027-01-31\" nor a time such as \"2027-01-31T03:00:00Z\"")
    })?;
    let midnight = TimeZone::UTC.to_timestamp(day.at(0, 0, 0, 0));
    midnight.map_err(|error| error.to_string())
}

/// Tells the daemon.
pub fn run(args: &Args, config: &Path, output: &mut Output) -> Exit {
    let names = std::slice::from_ref(&args.token);
    let loaded = match args.foreground {
        true => load::world(config, load::Logs::Warnings, names).map(|(_, w, u)| (w, u)),
        false => load::world_of_a_person(config, names),
    };
    let (world, units) = match loaded {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    load::block_on(async {
        let mut exit = Exit::Usage;
        for unit in &units {
            let told = tell(&world, unit, args, output).await;
            exit = told.unwrap_or_else(|exit| exit);
        }
        world.session.close().await;
        exit
    })
}

async fn tell(world: &World, unit: &Unit, args: &Args, output: &mut Output) -> Result<Exit, Exit> {
    let made = WrittenRequest {
        reason: args.reason.clone(),
        issued_at: args.issued,
        expires_at: args.expires,
        token_id: args.id.clone(),
        fingerprint: in_use(world, args).await?,
        ..request(world, Wish::Adopt)
    };
    let whole = WrittenRequest {
        seq: 1,
        ..made.clone()
    };
    let why = whole.malformation().map(str::to_owned);
    if let Some(why) = why.or_else(|| too_late(unit, args)) {
        complain(&format!("nothing was told: {why}\n"));
        return Err(Exit::Usage);
    }
    if args.foreground {
        return directly(world, args, &made, output).await;
    }
    let asking = Asking::begin(world).await?;
    let seq = asking.ask(&args.token, &made).await?;
    if args.no_wait {
        // If nobody reads the output any more, the exit code still tells the result.
        drop(show(args, Value::Null, output));
        return Ok(Exit::Ok);
    }
    Ok(match asking.answer(&args.token, seq).await? {
        Answer::Accepted(_, mut facts) => {
            drop(show(args, facts["token"]["current"].take(), output));
            Exit::Ok
        }
        Answer::Refused(why) => refused(args, &why),
        Answer::None => complain_of_silence(&args.token, Wish::Adopt.kept()),
    })
}

fn refused(args: &Args, why: &str) -> Exit {
    complain(&format!("{}: refused: {why}\n", args.token));
    Exit::Failed
}

/// The end is later than the configuration says that such a token can live.
fn too_late(unit: &Unit, args: &Args) -> Option<String> {
    let (issued, end) = (args.issued?, args.expires?);
    let longest = unit.policy.longest_life()?;
    (end.duration_since(issued) > longest).then(|| {
        format!(
            "it would live for {}, and `lifetime` or `declared_lifetime` says {} at most: correct the one that is wrong",
            length(whole_seconds(end.duration_since(issued))),
            length(longest)
        )
    })
}

fn whole_seconds(span: SignedDuration) -> SignedDuration {
    SignedDuration::from_secs(span.as_secs())
}

/// The fingerprint of the token in use: what a person says of it does not count for
/// another one.
async fn in_use(world: &World, args: &Args) -> Result<String, Exit> {
    let stored = world.store.facts(&args.token).await;
    match stored.map(|stored| stored.facts) {
        Ok(Some(facts)) => match facts["token"]["current"]["fingerprint"].as_str() {
            Some(fingerprint) => Ok(fingerprint.to_owned()),
            None => {
                complain(&format!(
                    "{}: no token is in use yet: write it to its `vault_path` first, and let the daemon or `once` adopt it\n",
                    args.token
                ));
                Err(Exit::Failed)
            }
        },
        Ok(None) => {
            complain(&format!("{}: {}\n", args.token, no_facts()));
            Err(Exit::TryAgain)
        }
        Err(error) => Err(failed(&error)),
    }
}

/// Puts it into the record in this process.
async fn directly(
    world: &World,
    args: &Args,
    made: &WrittenRequest,
    output: &mut Output,
) -> Result<Exit, Exit> {
    let entity = world.store.own_entity().await;
    let entity = entity.map_err(|error| failed(&error))?;
    let entity = entity.unwrap_or_else(|| "without a name".to_owned());
    let (door, clock) = (world.door.as_ref(), world.right_clock.as_ref());
    let stored = ask_directly(door, clock, &args.token, &entity, made).await;
    let record = stored.map_err(|error: StoreError| failed(&error))?;
    let newest = record.handled.iter().max_by_key(|noted| noted.at);
    if let Some(why) = newest.and_then(|noted| noted.refused.as_deref()) {
        return Ok(refused(args, why));
    }
    let current = record.current.as_ref().map(|current| {
        json!({
            "issued_at": current.issued_at,
            "expires_at": current.expires_at,
            "id": current.stated_id,
        })
    });
    drop(show(args, current.into(), output));
    Ok(Exit::Ok)
}

fn show(args: &Args, current: Value, output: &mut Output) -> std::io::Result<()> {
    let token = &args.token;
    if output.format() == OutputFormat::Json {
        return output.json(&json!({ "name": token, "token": token, "current": current }));
    }
    if current.is_null() {
        return output.line(&format!("{token}: the request is written"));
    }
    let time = |key: &str| current[key].as_str().unwrap_or("not known").to_owned();
    output.line(&format!(
        "{token}: issued {}, expires {}, on your word",
        time("issued_at"),
        time("expires_at")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_utc() {
        let at = moment("2027-01-31").expect("a day");
        assert_eq!(at.to_string(), "2027-01-31T00:00:00Z");
        assert_eq!(moment("2027-01-31T01:00:00+01:00"), Ok(at));
        let said = moment("31.1.2027").expect_err("no day");
        assert!(
            said.contains("`31.1.2027`") && said.contains("2027-01-31"),
            "{said}"
        );
    }
}

//! `inventory`: every credential at every configured issuer and every provisioning
//! connection at the identity providers, whose it is, and what nobody manages. It only
//! reads.

mod adopt;
mod collect;
mod providers;
mod shown;
pub(super) mod watch;

use std::io;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use self::collect::Seen;
use self::providers::Providers;
use super::load::{self, Logs};
use super::output::{Output, Table, complain};
use super::{Exit, OutputFormat};
use crate::driver::inventory::Shown;
use crate::rotation::inventory::{Coverage, Item};
use crate::value::HumanDuration;

/// `inventory`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only these issuers, and the identity providers of these connections.
    #[arg(value_name = "NAME", add = clap_complete::ArgValueCandidates::new(crate::cli::completions::issuers_and_connections))]
    pub names: Vec<String>,
    /// Mark what nobody has used for so long.
    #[arg(long, value_name = "DURATION", default_value = "90d", value_parser = HumanDuration::parse)]
    pub unused_for: HumanDuration,
    /// Write only the text with which each credential and each connection that nobody manages
    /// is adopted.
    #[arg(long)]
    pub adopt: bool,
}

/// Shows what there is.
pub fn run(args: &Args, config: &Path, output: &mut Output) -> Exit {
    let (settings, world, _) = match load::world(config, Logs::Warnings, &[]) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    let known = |name: &String| {
        settings.issuers.contains_key(name) || settings.connections.contains_key(name)
    };
    if let Some(unknown) = args.names.iter().find(|name| !known(name)) {
        let all = settings.issuers.keys().chain(settings.connections.keys());
        let all: Vec<_> = all.map(String::as_str).collect();
        complain(&format!(
            "no such issuer or connection: {unknown}; configured are: {}\n",
            all.join(", ")
        ));
        return Exit::Usage;
    }
    load::block_on(async {
        // This first request logs in.
        if let Err(error) = world.read_control().await {
            complain(&format!("{error}\n"));
            return Exit::TryAgain;
        }
        let seen = collect::all(&world, &args.names).await;
        let providers = providers::all(&world, &args.names).await;
        let now = world.right_clock.now();
        world.session.close().await;
        let shown = match args.adopt {
            true => output.text(&adopt::text(&seen, &providers)),
            false => show(&seen, &providers, args.unused_for.0, now, output),
        };
        // If nobody reads the output any more, the exit code still tells the result.
        drop(shown);
        for one in seen.iter().filter(|one| !one.unreadable.is_empty()) {
            complain(&unreadable(one));
        }
        let is_whole = |one: &Seen| one.shown.is_ok() && one.unreadable.is_empty();
        for one in &providers.all {
            if let (true, Err(fault)) = (args.adopt, &one.shown) {
                complain(&format!("{}: {fault}\n", one.provider));
            }
        }
        let all_answered = providers.all.iter().all(|one| one.shown.is_ok());
        match seen.iter().all(is_whole) && all_answered {
            true => Exit::Ok,
            false => Exit::TryAgain,
        }
    })
}

/// What people must know of records that could not be read.
fn unreadable(seen: &Seen) -> String {
    format!(
        "issuer {}: the records of {} could not be read, so that their credentials are shown as `foreign`; nothing is written with which credentials of this issuer are adopted\n",
        seen.issuer,
        seen.unreadable.join(", ")
    )
}

/// How much of what these issuers list is managed.
fn coverage(seen: &[Seen]) -> Coverage {
    let mut all = Coverage::default();
    let each = seen.iter().filter_map(Seen::coverage);
    each.for_each(|one| all.add(one));
    all
}

/// What a person should know of a credential.
fn notes(item: &Item, tells_use: bool, longest: SignedDuration, now: Timestamp) -> Vec<String> {
    let mut notes = Vec::new();
    if item.expires_at.is_none() {
        notes.push("no end".to_owned());
    }
    let unused = item.unused_for(tells_use, now);
    if let Some(unused) = unused.filter(|unused| *unused >= longest) {
        notes.push(format!("unused for {} d", unused.as_hours() / 24));
    }
    notes
}

fn show(
    seen: &[Seen],
    providers: &Providers,
    longest: SignedDuration,
    now: Timestamp,
    output: &mut Output,
) -> io::Result<()> {
    let of_credentials = coverage(seen);
    let mut coverage = of_credentials;
    coverage.add(shown::coverage(providers));
    if output.format() == OutputFormat::Json {
        let issuers: Vec<Value> = seen.iter().map(|s| json_of(s, longest, now)).collect();
        return output.json(&json!({
            "now": now,
            "issuers": issuers,
            "providers": providers.all.iter().map(shown::json).collect::<Vec<_>>(),
            "connections_not_listed": providers.not_listed,
            "managed": coverage.managed,
            "seen": coverage.seen,
            "coverage": coverage.ratio(),
        }));
    }
    let mut table = Table::new([
        "ISSUER",
        "ID",
        "LABEL",
        "WHOSE",
        "TOKEN",
        "MADE",
        "EXPIRES",
        "LAST USED",
        "NOTE",
    ]);
    let dash = || "-".to_owned();
    for one in seen {
        let items: Vec<_> = one.items().collect();
        for item in items {
            let day = |at: Option<Timestamp>| at.map_or_else(dash, super::plan::short);
            table.row([
                one.issuer.clone(),
                item.id.clone(),
                item.label.clone().unwrap_or_else(dash),
                item.whose.as_str().to_owned(),
                item.token.clone().unwrap_or_else(dash),
                day(item.created_at),
                day(item.expires_at),
                day(item.last_used_at),
                notes(item, one.tells_use(), longest, now).join(", "),
            ]);
        }
        if let Some(why) = one.why_nothing() {
            let [a, b, c, d, e, f, g] = std::array::from_fn(|_| dash());
            table.row([one.issuer.clone(), a, b, c, d, e, f, g, why]);
        }
    }
    let sum = format!(
        "\n{} of {} credentials are managed ({:.0} %).\n",
        of_credentials.managed,
        of_credentials.seen,
        of_credentials.ratio() * 100.0
    );
    let more = match coverage.unmanaged() {
        0 => String::new(),
        _ => "`scim-rotator inventory --adopt` writes the text with which each of the others is adopted.\n".to_owned(),
    };
    let credentials = match seen.is_empty() {
        true => String::new(),
        false => table.text() + &sum,
    };
    let whole = credentials + &shown::text(providers) + &more;
    output.text(whole.trim_start_matches('\n'))
}

fn json_of(seen: &Seen, longest: SignedDuration, now: Timestamp) -> Value {
    let items: Vec<Value> = seen
        .items()
        .map(|item| {
            let unused = item.unused_for(seen.tells_use(), now);
            json!({
                "id": item.id,
                "label": item.label,
                "whose": item.whose.as_str(),
                "managed": item.whose.is_managed(),
                "token": item.token,
                "created_at": item.created_at,
                "expires_at": item.expires_at,
                "no_end": item.expires_at.is_none(),
                "last_used_at": item.last_used_at,
                "unused": unused.map(|unused| unused >= longest),
                "adopt": seen.can_be_adopted(item).then(|| adopt::section(&seen.issuer, item)),
            })
        })
        .collect();
    let error = seen.shown.as_ref().err().map(ToString::to_string);
    let cannot = match &seen.shown {
        Ok(Shown::Nothing(why)) => Some(*why),
        Ok(Shown::Items { .. }) | Err(_) => None,
    };
    json!({
        "issuer": seen.issuer,
        "credentials": items,
        "cannot_list": cannot,
        "error": error,
        "unreadable_records": seen.unreadable,
    })
}

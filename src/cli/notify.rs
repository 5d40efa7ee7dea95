//! `notify`: shows who is told of what, and sends test messages.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::load::{self, Logs};
use super::output::{Output, Table, complain};
use super::wiring::World;
use super::{Exit, OutputFormat};
use crate::config::Settings;
use crate::ids;
use crate::notify::{Address, Event, Format, Sender, Target, sample};

/// `notify`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only these targets.
    #[arg(value_name = "TARGET", add = clap_complete::ArgValueCandidates::new(crate::cli::completions::targets))]
    pub targets: Vec<String>,
    /// Send each of them a test message, with the daemon's login.
    #[arg(long)]
    pub test: bool,
}

/// Shows the targets; with `--test`, whether each accepts a message.
pub fn run(args: &Args, config: &Path, output: &mut Output) -> Exit {
    let (settings, world, _) = match load::world(config, Logs::Warnings, &[]) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    if let Err(message) = named(&settings, &args.targets) {
        complain(&message);
        return Exit::Usage;
    }
    let is_meant = |name: &String| args.targets.is_empty() || args.targets.contains(name);
    let targets = settings.notify.iter().filter(|(name, _)| is_meant(name));
    let rows: Vec<Row> = targets
        .map(|(name, target)| Row::of(name, target))
        .collect();
    if !args.test {
        // If nobody reads the output any more, there is nothing to do.
        drop(show(&rows, None, output));
        return Exit::Ok;
    }
    load::block_on(async {
        let sent = test(&world, &rows).await;
        world.session.close().await;
        let all_sent = sent.values().all(Result::is_ok);
        drop(show(&rows, Some(&sent), output));
        match all_sent {
            true => Exit::Ok,
            false => Exit::Failed,
        }
    })
}

/// Whether each named target is configured.
fn named(settings: &Settings, names: &[String]) -> Result<(), String> {
    if settings.notify.is_empty() {
        return Err("nobody is told anything: write a table [notify.<name>]\n".to_owned());
    }
    let unknown: Vec<&str> = names
        .iter()
        .filter(|name| !settings.notify.contains_key(*name))
        .map(String::as_str)
        .collect();
    if unknown.is_empty() {
        return Ok(());
    }
    let all: Vec<&str> = settings.notify.keys().map(String::as_str).collect();
    Err(format!(
        "no such target: {}; configured are: {}\n",
        unknown.join(", "),
        all.join(", ")
    ))
}

type Sent = BTreeMap<String, Result<(), String>>;

async fn test(world: &World, rows: &[Row]) -> Sent {
    let senders = world.messenger.senders();
    let meant = senders
        .iter()
        .filter(|sender| rows.iter().any(|row| row.name == sender.name()));
    let sent = meant.map(async |sender: &Arc<Sender>| {
        let message = sample(sender.name(), ids::uuid(), world.right_clock.now());
        let sent = sender.send(&message).await.map_err(|error| error.why);
        (sender.name().to_owned(), sent)
    });
    join_all(sent).await.into_iter().collect()
}

/// A target for people.
struct Row {
    name: String,
    format: String,
    url: String,
    signed: bool,
    events: String,
    of: String,
}

impl Row {
    fn of(name: &str, target: &Target) -> Self {
        let events = target.events.as_deref().unwrap_or(&Event::ALL);
        let events: Vec<&str> = events.iter().map(|event| event.as_str()).collect();
        let restrictions = [
            ("tokens", &target.tokens),
            ("environments", &target.environments),
            ("issuers", &target.issuers),
        ];
        let of = restrictions.into_iter().filter_map(|(key, list)| {
            let list = list.as_ref()?;
            Some(format!("{key} {}", list.join(", ")))
        });
        let of = of.collect::<Vec<_>>().join("; ");
        Self {
            name: name.to_owned(),
            format: target.format_name().to_owned(),
            url: url(target),
            signed: target.secret.is_some(),
            events: events.join(", "),
            of: if of.is_empty() {
                "all tokens".to_owned()
            } else {
                of
            },
        }
    }
}

/// Where its messages go, as far as that may be shown.
fn url(target: &Target) -> String {
    match target.address() {
        Some(Address::Open(url)) => url.source().to_owned(),
        Some(Address::Secret(reference)) => reference.to_string(),
        None => {
            let format = Format::named(target.format_name());
            let url = format.and_then(|format| format.url);
            url.map(|url| url.source().to_owned()).unwrap_or_default()
        }
    }
}

fn show(rows: &[Row], sent: Option<&Sent>, output: &mut Output) -> std::io::Result<()> {
    if output.format() == OutputFormat::Json {
        let targets: Vec<Value> = rows.iter().map(|row| as_json(row, sent)).collect();
        return output.json(&json!({ "targets": targets }));
    }
    if let Some(sent) = sent {
        let mut table = Table::new(["TARGET", "RESULT", "DETAIL"]);
        for row in rows {
            let (word, detail) = match sent.get(&row.name) {
                Some(Ok(())) => ("accepted", String::new()),
                Some(Err(why)) => ("failed", why.clone()),
                None => ("not sent", String::new()),
            };
            table.row([row.name.clone(), word.to_owned(), detail]);
        }
        return output.text(&table.text());
    }
    let mut table = Table::new(["TARGET", "FORM", "RECEIVER", "SIGNED", "EVENTS", "OF"]);
    for row in rows {
        let signed = if row.signed { "yes" } else { "no" };
        table.row([
            row.name.clone(),
            row.format.clone(),
            row.url.clone(),
            signed.to_owned(),
            row.events.clone(),
            row.of.clone(),
        ]);
    }
    output.text(&table.text())
}

fn as_json(row: &Row, sent: Option<&Sent>) -> Value {
    let mut value = json!({
        "name": row.name, "format": row.format, "url": row.url, "signed": row.signed,
        "events": row.events.split(", ").collect::<Vec<_>>(),
    });
    if let Some(sent) = sent.and_then(|sent| sent.get(&row.name)) {
        value["accepted"] = json!(sent.is_ok());
        value["detail"] = json!(sent.as_ref().err());
    }
    value
}

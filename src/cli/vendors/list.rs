//! `vendors`: a table of all vendor files.

use std::io;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::facts;
use crate::cli::output::{Output, Table};
use crate::cli::{Exit, OutputFormat};
use crate::clock::{Clock, SystemClock};
use crate::value::HumanDuration;
use crate::vendors::{Library, Vendor};

/// Shows the table; with `stale` only what was verified longer ago.
pub(super) fn run(
    stale: Option<HumanDuration>,
    library: &Library<'_>,
    output: &mut Output,
) -> Exit {
    let today = TimeZone::UTC.to_datetime(SystemClock.now()).date();
    let wanted = |vendor: &&Vendor<'_>| stale.is_none_or(|age| is_older(vendor, age, today));
    let vendors: Vec<_> = library.iter().map(AsRef::as_ref).filter(wanted).collect();
    // Nobody reads the output any more: the exit code still tells.
    drop(show(&vendors, stale.is_some(), output));
    Exit::Ok
}

fn is_older(vendor: &Vendor<'_>, age: HumanDuration, today: Date) -> bool {
    let verified_on = vendor.file.vendor.verified_on.0;
    today.duration_since(verified_on) > age.0
}

fn show(vendors: &[&Vendor<'_>], stale: bool, output: &mut Output) -> io::Result<()> {
    if output.format() == OutputFormat::Json {
        let vendors = vendors
            .iter()
            .map(|vendor| Value::Object(facts::as_json(vendor)));
        return output.json(&json!({ "vendors": vendors.collect::<Vec<_>>() }));
    }
    if vendors.is_empty() {
        return output.line(match stale {
            true => "No vendor file was verified that long ago.",
            false => {
                "No vendor file is built in, and the configuration names none (`vendors = […]`)."
            }
        });
    }
    let mut table = Table::new([
        "VENDOR", "FOR", "BY", "STRATEGY", "OVERLAP", "RECOVERY", "REVOKE", "EXPIRY", "LAST USE",
        "TEST", "STATE", "VERIFIED",
    ]);
    for vendor in vendors {
        table.row(row(vendor));
    }
    output.text(&table.text())
}

fn row(vendor: &Vendor<'_>) -> [String; 12] {
    let abilities = facts::abilities(vendor).unwrap_or_default();
    let word = |wanted: &str| {
        let found = abilities.iter().find(|(name, _)| *name == wanted);
        found.map_or_else(|| "-".to_owned(), |(_, word)| word.clone())
    };
    [
        vendor.name.clone(),
        vendor.family().as_str().to_owned(),
        facts::by(vendor).to_owned(),
        word("strategy"),
        word("overlap"),
        word("recovery"),
        word("revoke"),
        word("expiry"),
        word("last_used"),
        word("test"),
        word("state"),
        facts::verified(vendor),
    ]
}

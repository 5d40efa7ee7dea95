//! `vendors show`: one vendor file for a person who wants to use it.

use std::io;
use std::sync::Arc;

use jiff::SignedDuration;
use serde::Deserialize as _;
use serde_json::{Value, json};
use toml::de::ValueDeserializer;

use super::facts;
use crate::cli::output::{Output, Table, complain};
use crate::cli::{Exit, OutputFormat};
use crate::problem::nearest;
use crate::value::HumanDuration;
use crate::vendors::example::{Filled, values};
use crate::vendors::expand::{Places, expand};
use crate::vendors::file::{Parameter, ParameterType, Refusal};
use crate::vendors::{Family, Form, Library, Vendor};

/// `vendors show`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The vendor's name.
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Show instead what the example becomes: a table of kind `http`,
    /// `operator` or `manual`.
    #[arg(long)]
    pub expanded: bool,
}

/// Shows the file, or both if one name stands for an issuer and a connection.
pub(super) fn run(args: &Args, library: &Library<'_>, output: &mut Output) -> Exit {
    let found = Family::ALL.map(|family| library.get(family, &args.name));
    let found: Vec<_> = found.into_iter().flatten().collect();
    if found.is_empty() {
        complain(&format!("{}\n", unknown(&args.name, library)));
        return Exit::Usage;
    }
    // Nobody reads the output any more: the exit code still tells.
    drop(show(args, &found, output));
    Exit::Ok
}

fn unknown(name: &str, library: &Library<'_>) -> String {
    let mut known: Vec<_> = library.iter().map(|vendor| vendor.name.as_str()).collect();
    known.dedup();
    let near = nearest(name, known.iter().copied()).map(|near| format!("did you mean `{near}`? "));
    format!(
        "there is no vendor `{name}`; {}known are: {}",
        near.unwrap_or_default(),
        known.join(", ")
    )
}

fn show(args: &Args, found: &[&Arc<Vendor<'_>>], output: &mut Output) -> io::Result<()> {
    if output.format() == OutputFormat::Json {
        let all: Vec<_> = found
            .iter()
            .map(|vendor| as_json(vendor, args.expanded))
            .collect();
        return output.json(&json!({ "vendors": all }));
    }
    for (index, vendor) in found.iter().enumerate() {
        if index > 0 {
            output.line("")?;
        }
        if args.expanded {
            output.text(&expanded(vendor))?;
        } else {
            output.text(&described(vendor))?;
        }
    }
    Ok(())
}

fn described(vendor: &Vendor<'_>) -> String {
    let about = &vendor.file.vendor;
    let mut text = format!(
        "{} ({} `{}`)\n\n",
        about.title,
        vendor.family().as_str(),
        vendor.name
    );
    let mut line = |name: &str, value: &str| {
        text.push_str(&format!("{name:<14} {value}\n"));
    };
    line("verified", &facts::verified(vendor));
    if let Some(forbidden) = &vendor.file.forbidden {
        line("impossible", forbidden.why.trim());
        line("instead", forbidden.instead.trim());
    }
    line("done by", facts::by(vendor));
    for url in &about.documentation {
        line("documentation", url.as_str());
    }
    match about.permissions.as_slice() {
        [] => line("permissions", "none"),
        all => line("permissions", &all.join(", ")),
    }
    for (name, word) in facts::abilities(vendor).unwrap_or_default() {
        line(&name.replace('_', " "), &word);
    }
    if let Some(life) = about.documented_life {
        let life = length(life);
        line("token's life", &format!("{life}, by the documentation"));
    }
    for (key, name) in [("life", "life is"), ("gap_starts_at", "gap starts at")] {
        if let Some(word) = facts::word(vendor, key) {
            line(name, word);
        }
    }
    if about.owner_bound {
        line(
            "owner",
            "a token dies with the account of the person who had it made",
        );
    }
    for (name, text) in &vendor.file.unconfirmed {
        line("unconfirmed", &format!("{name}: {}", text.trim()));
    }
    for (name, refusal) in vendor.file.refused.refusals() {
        if let Some(refusal) = refusal {
            line(&format!("{name} token"), &refused(refusal));
        }
    }
    if let Some(reason) = &vendor.file.refused.positive_only {
        line("positive only", reason.trim());
    }
    line("SHA-256", &vendor.sha256);
    if let Some(notes) = &about.notes {
        text.push_str(&format!("\n{}\n", notes.trim()));
    }
    if vendor.form == Form::Forbidden {
        return text;
    }
    if let Some(steps) = facts::instructions(vendor) {
        text.push_str(&format!("\nWhat a person does: {steps}\n"));
    }
    if vendor.parameters().next().is_some() {
        text.push_str(&format!("\n{}", parameters(vendor)));
    }
    text.push_str(&format!("\n{}", example(vendor)));
    text
}

/// Days where it is whole days, as people write it.
fn length(life: HumanDuration) -> String {
    let hours = life.0.as_hours();
    if hours > 0 && life.0 == SignedDuration::from_hours(hours) && hours % 24 == 0 {
        format!("{}d", hours / 24)
    } else {
        format!("{:#}", life.0)
    }
}

fn refused(refusal: &Refusal) -> String {
    let codes: Vec<_> = refusal.status.iter().map(u16::to_string).collect();
    let note = refusal.note.as_deref().unwrap_or_default().trim();
    let parts = [codes.join(", "), note.to_owned()];
    let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join(": ")
}

fn parameters(vendor: &Vendor<'_>) -> String {
    let mut table = Table::new(["PARAMETER", "TYPE", "DEFAULT", "MEANING"]);
    for (name, parameter) in vendor.parameters() {
        let default = match &parameter.default {
            Some(value) => value.to_string(),
            None if parameter.optional => "none".to_owned(),
            None => "required".to_owned(),
        };
        let kind = if parameter.kind == ParameterType::Choice {
            parameter.choices.join(" | ")
        } else {
            parameter.kind.as_str().to_owned()
        };
        table.row([name.to_owned(), kind, default, meaning(parameter)]);
    }
    table.text()
}

fn meaning(parameter: &Parameter) -> String {
    let about = parameter.about.trim();
    match &parameter.deprecated {
        Some(why) => format!("{about} (not to be used any more: {})", why.trim()),
        None => about.to_owned(),
    }
}

/// A table ready to paste: what is required, and the rest commented out.
fn example(vendor: &Vendor<'_>) -> String {
    let mut text = format!("{}\n", header(vendor, &vendor.name));
    let current = vendor.parameters().filter(|(_, p)| p.deprecated.is_none());
    let (required, rest): (Vec<_>, Vec<_>) = current.partition(|(_, p)| p.is_required());
    for (name, parameter) in required {
        text.push_str(&format!("{}\n", parameter.assignment(name)));
    }
    for (name, parameter) in rest {
        text.push_str(&format!("# {}\n", parameter.assignment(name)));
    }
    text.push_str(&of_the_token(vendor));
    text
}

/// What the token needs that has this issuer.
fn of_the_token(vendor: &Vendor<'_>) -> String {
    let hints = &vendor.file.token;
    let mut keys = toml::Table::new();
    if let Some(url) = &hints.scim_url {
        keys.insert("scim_url".to_owned(), url.clone().into());
    }
    if !hints.probe.is_empty() {
        keys.insert("probe".to_owned(), hints.probe.clone().into());
    }
    if keys.is_empty() {
        return String::new();
    }
    let token = toml::Table::from_iter([("crm-prod".to_owned(), toml::Value::Table(keys))]);
    let whole = toml::Table::from_iter([("tokens".to_owned(), toml::Value::Table(token))]);
    format!("\n{}", toml::to_string_pretty(&whole).unwrap_or_default())
}

fn header(vendor: &Vendor<'_>, kind: &str) -> String {
    let name = match vendor.family() {
        Family::Issuer => "crm",
        Family::Connection => "hr",
    };
    format!("[{}.{name}.{kind}]", vendor.family().section())
}

/// What the example becomes, as TOML.
fn expanded(vendor: &Vendor<'_>) -> String {
    let body = expanded_table(vendor);
    let mut path = header(vendor, vendor.form.key());
    path.retain(|c| !"[]".contains(c));
    let whole = path.rsplit('.').fold(body, |inner, key| {
        toml::Table::from_iter([(key.to_owned(), toml::Value::Table(inner))])
    });
    toml::to_string_pretty(&whole).unwrap_or_default()
}

fn expanded_table(vendor: &Vendor<'_>) -> toml::Table {
    let values = values(vendor, Filled::All);
    let expansion = expand(vendor, &values, None, Places::Foreign);
    toml::Table::deserialize(ValueDeserializer::from(expansion.body)).unwrap_or_default()
}

fn as_json(vendor: &Vendor<'_>, with_expanded: bool) -> Value {
    let about = &vendor.file.vendor;
    let mut object = facts::as_json(vendor);
    let parameters = vendor.parameters().map(|(name, parameter)| {
        json!({
            "name": name,
            "type": parameter.kind.as_str(),
            "about": parameter.about,
            "required": parameter.is_required(),
            "instead_of": parameter.instead_of,
            "default": parameter.default,
            "example": parameter.example,
            "choices": parameter.choices,
            "pattern": parameter.pattern,
            "aliases": parameter.aliases,
            "deprecated": parameter.deprecated,
        })
    });
    let refused = vendor
        .file
        .refused
        .refusals()
        .into_iter()
        .filter_map(|(name, refusal)| {
            let refusal = refusal?;
            let told = json!({ "status": refusal.status, "note": refusal.note });
            Some((name.to_owned(), told))
        });
    let more = [
        ("documentation", json!(about.documentation)),
        ("permissions", json!(about.permissions)),
        ("notes", json!(about.notes)),
        ("parameters", parameters.collect()),
        ("refused", Value::Object(refused.collect())),
        ("example", json!(example(vendor))),
    ];
    object.extend(more.map(|(key, value)| (key.to_owned(), value)));
    if with_expanded {
        object.insert("expanded".to_owned(), json!(expanded_table(vendor)));
    }
    Value::Object(object)
}

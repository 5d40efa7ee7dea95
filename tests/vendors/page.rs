//! The text of one vendor's page, from what `vendors show --output json` says and
//! from the file itself.

use serde_json::Value;

use super::meanings::{WORDS, meaning};

/// How each page begins, so that nobody edits it.
const MADE: &str =
    "<!-- Made from the vendor file: UPDATE_GOLDEN=1 cargo test --test vendors -->\n";

/// One vendor file: what the program says of it, and its TOML.
pub struct Source {
    pub told: Value,
    pub file: toml::Table,
}

/// The page of one name, which may stand for an issuer and a connection.
pub fn page(sources: &[Source]) -> String {
    let mut text = MADE.to_owned();
    for source in sources {
        text.push_str(&section(source));
    }
    text.push_str("\n[All vendors](../README.md#all-vendors)\n");
    text
}

fn section(source: &Source) -> String {
    let told = &source.told;
    let word = |key: &str| told[key].as_str().unwrap_or_default();
    let mut text = format!(
        "\n# {} (`{}`)\n\n{}\n\n| | |\n|---|---|\n",
        prose(word("title")),
        word("vendor"),
        summary(told)
    );
    for (name, value) in rows(source) {
        text.push_str(&format!("| {name} | {} |\n", value.replace('|', "\\|")));
    }
    if let Some(notes) = told["notes"].as_str() {
        text.push_str(&format!("\n{}\n", prose(notes.trim())));
    }
    text.push_str(&work(&source.file));
    text.push_str(&doubts(source));
    if word("by") != "nobody" {
        text.push_str(&parameters(told));
        text.push_str(&format!(
            "\n## Configuration\n\n```toml\n{}\n```\n",
            word("example").trim_end()
        ));
    }
    text
}

/// Who does what.
fn summary(told: &Value) -> String {
    let of = |key: &str| prose(told["forbidden"][key].as_str().unwrap_or_default().trim());
    match (told["by"].as_str(), told["family"].as_str()) {
        (Some("program"), Some("issuer")) => {
            "An issuer: scim-rotator has tokens issued by the API of this service.".to_owned()
        }
        (Some("program"), _) => {
            "A connection: scim-rotator writes the token into this identity provider by its API."
                .to_owned()
        }
        (Some("person"), Some("issuer")) => "An issuer: a person makes the token when scim-rotator asks, and writes it into Vault. scim-rotator tests it, delivers it, and watches it until it expires.".to_owned(),
        (Some("person"), _) => "A connection: a person writes the token into this identity provider. scim-rotator hands it over by Vault, and waits for proof.".to_owned(),
        (_, _) => format!("**Not possible.** {}\n\n**Instead:** {}", of("why"), of("instead")),
    }
}

fn rows(source: &Source) -> Vec<(&'static str, String)> {
    let told = &source.told;
    let list = |key: &str| -> Vec<String> {
        let texts = told[key].as_array().into_iter().flatten();
        texts.filter_map(|text| text.as_str().map(prose)).collect()
    };
    let links: Vec<_> = list("documentation")
        .iter()
        .map(|url| format!("<{url}>"))
        .collect();
    let permissions = list("permissions");
    let mut rows = vec![
        ("verified", verified(told)),
        ("documentation", links.join("<br>")),
    ];
    if !permissions.is_empty() {
        rows.push(("the caller needs", permissions.join("<br>")));
    }
    // What programs ask an issuer says nothing where a person is one.
    let of_people = |key: &str| told["by"] == "person" && ["recovery", "last_used"].contains(&key);
    let meanings = WORDS.iter().filter_map(|(key, name, words)| {
        let word = told[*key].as_str().filter(|_| !of_people(key))?;
        Some((*name, meaning(word, words)))
    });
    rows.extend(meanings);
    if let Some(life) = source.file["vendor"]
        .get("documented_life")
        .and_then(toml::Value::as_str)
    {
        rows.push(("a token lives", format!("{life}, by the documentation")));
    }
    if told["owner_bound"] == true {
        rows.push(("its owner", "a token ends with the account of the person who had it made: use an account that belongs to no person".to_owned()));
    }
    rows.extend(refusals(told));
    rows
}

fn verified(told: &Value) -> String {
    let how = match told["verified"].as_str().unwrap_or_default() {
        "documented" => "against the vendor's documentation",
        "specification" => "against the vendor's OpenAPI document or SDK",
        "server" => "with a real server",
        "tenant" => "with a real tenant",
        other => other,
    };
    let mut text = format!(
        "{how}, {}",
        told["verified_on"].as_str().unwrap_or_default()
    );
    if let Some(day) = told["sunset"].as_str() {
        text.push_str(&format!("; the vendor ends this API on {day}"));
    }
    text
}

fn refusals(told: &Value) -> Vec<(&'static str, String)> {
    let names = [
        ("wrong", "a wrong token gets"),
        ("expired", "an expired one gets"),
        ("revoked", "a revoked one gets"),
    ];
    let refused = &told["refused"];
    let rows = names.into_iter().filter_map(|(key, name)| {
        let codes = refused[key]["status"].as_array()?;
        let codes: Vec<_> = codes.iter().map(Value::to_string).collect();
        let note = refused[key]["note"].as_str().map(prose).unwrap_or_default();
        let parts: Vec<_> = [codes.join(", "), note]
            .into_iter()
            .filter(|p| !p.is_empty())
            .collect();
        Some((name, parts.join(": ")))
    });
    rows.collect()
}

/// What a person has to do, from the table `instructions` of the file.
fn work(file: &toml::Table) -> String {
    let body = file.get("operator").or_else(|| file.get("manual"));
    let Some(instructions) = body.and_then(|body| body.get("instructions")) else {
        return String::new();
    };
    let mut text = String::from("\n## What a person does\n\n");
    let said = |key: &str| instructions.get(key).and_then(toml::Value::as_str);
    if let Some(whole) = instructions.as_str() {
        text.push_str(&format!("{}\n", prose(&filled(whole))));
    }
    for (key, name) in [("danger", "Danger"), ("role", "Who"), ("link", "Where")] {
        if let Some(value) = said(key) {
            text.push_str(&format!("**{name}:** {}\n\n", prose(&filled(value))));
        }
    }
    for (index, step) in texts(instructions, "steps").enumerate() {
        text.push_str(&format!("{}. {}\n", index + 1, prose(&filled(step))));
    }
    for (index, trap) in texts(instructions, "traps").enumerate() {
        let gap = if index == 0 { "\n" } else { "" };
        text.push_str(&format!("{gap}- Note: {}\n", prose(&filled(trap))));
    }
    text
}

fn texts<'t>(table: &'t toml::Value, key: &str) -> impl Iterator<Item = &'t str> {
    let list = table.get(key).and_then(toml::Value::as_array);
    list.into_iter().flatten().filter_map(toml::Value::as_str)
}

/// Parameters in the place of the templates: `{{ config.app }}` becomes APP.
fn filled(text: &str) -> String {
    let mut parts = text.split("{{");
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once("}}").unwrap_or(("", part));
        let name = name.trim().trim_start_matches("config.");
        filled.push_str(
            &name
                .split([' ', '|'])
                .next()
                .unwrap_or_default()
                .to_uppercase(),
        );
        filled.push_str(rest);
    }
    filled
}

fn doubts(source: &Source) -> String {
    let mut text = String::new();
    for (name, why) in source.told["unconfirmed"].as_object().into_iter().flatten() {
        let why = prose(why.as_str().unwrap_or_default().trim());
        text.push_str(&format!("- `{name}`: {why}\n"));
    }
    let refused = source.file.get("refused");
    let reason = refused.and_then(|refused| refused.get("positive_only"));
    if let Some(reason) = reason.and_then(toml::Value::as_str) {
        let reason = prose(reason.trim());
        text.push_str(&format!("- a test there proves nothing: {reason}\n"));
    }
    match text.is_empty() {
        true => text,
        false => format!("\n## Not confirmed\n\n{text}"),
    }
}

fn parameters(told: &Value) -> String {
    let all = told["parameters"].as_array();
    let all: Vec<_> = all.into_iter().flatten().collect();
    if all.is_empty() {
        return String::new();
    }
    let mut text = String::from(
        "\n## Parameters\n\n| parameter | type | default | meaning |\n|---|---|---|---|\n",
    );
    for parameter in all {
        let word = |key: &str| parameter[key].as_str().unwrap_or_default();
        let default = match (&parameter["default"], parameter["required"] == true) {
            (Value::Null, true) => "required".to_owned(),
            (Value::Null, false) => "none".to_owned(),
            (value, _) => format!("`{value}`"),
        };
        let instead = parameter["instead_of"].as_str();
        let instead = instead.map_or_else(String::new, |of| format!(" (instead of `{of}`)"));
        let cells = [
            format!("`{}`", word("name")),
            word("type").to_owned(),
            default,
            format!("{}{instead}", prose(word("about").trim())),
        ];
        let cells = cells.map(|cell| cell.replace('|', "\\|").replace('\n', " "));
        text.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    text
}

/// Text that Markdown shows as it is: outside of backticks, `<` begins a tag.
fn prose(text: &str) -> String {
    let pieces = text.split('`').enumerate();
    let pieces = pieces.map(|(index, piece)| match index % 2 {
        0 => piece.replace('<', "&lt;"),
        _ => piece.to_owned(),
    });
    pieces.collect::<Vec<_>>().join("`")
}

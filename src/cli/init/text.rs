//! The text of a first configuration. What only a person knows is marked.

use toml::Value;

use super::Auth;
use super::answers::Answers;
use crate::issuers::IssuerKind;
use crate::problem::nearest;
use crate::rotation::capability::IssueEffect;
use crate::vendors::example::{Filled, fitting, values};
use crate::vendors::file::ParameterType;
use crate::vendors::{Family, Library, Vendor};

/// The mark of a value that a person must put in.
const EDIT: &str = "# EDIT";

/// The sections of all that was answered.
pub(super) fn configuration(answers: &Answers) -> Result<String, String> {
    let issuer = match &answers.issuer_vendor {
        None => by_a_person(answers),
        Some(name) => section(Family::Issuer, "service", name, answers)?,
    };
    let connection = match &answers.connection_vendor {
        None => String::new(),
        Some(name) => section(Family::Connection, "directory", name, answers)?,
    };
    let connections = match connection.is_empty() {
        true => "[]",
        false => "[\"directory\"]",
    };
    let tokens: String = answers
        .tokens
        .iter()
        .map(|name| token(name, connections, answers))
        .collect();
    Ok(format!(
        "# Written by `scim-rotator init`. What only you know stands in the lines that are\n# marked EDIT. config/complete.toml shows every key with its meaning.\n\n{}\n{issuer}\n{connection}{tokens}",
        vault(answers)
    ))
}

fn quoted(text: &str) -> String {
    Value::String(text.to_owned()).to_string()
}

fn vault(answers: &Answers) -> String {
    let address = quoted(answers.address.as_str().trim_end_matches('/'));
    let state = quoted(&answers.state_path.to_string());
    let ca = answers.ca_file.as_ref().map(|file| {
        let file = quoted(&file.display().to_string());
        format!("ca_file = {file}\n")
    });
    format!(
        "[vault]\naddress = {address}\nstate_path = {state}\n{}\n{}",
        ca.unwrap_or_default(),
        login(answers)
    )
}

fn login(answers: &Answers) -> String {
    let role = |default: &str, why: &str| match &answers.role {
        Some(role) => quoted(role),
        None => format!("{} {EDIT}: {why}", quoted(default)),
    };
    match answers.auth {
        Auth::Approle => format!(
            "[vault.auth.approle]\nrole_id = {}\nsecret_id = {{ file = \"/etc/scim-rotator/vault-secret-id\" }}\n",
            role(
                "00000000-0000-0000-0000-000000000000",
                "deploy/vault/setup.sh prints it"
            )
        ),
        Auth::Kubernetes => format!(
            "[vault.auth.kubernetes]\nrole = {}\n",
            role("scim-rotator", "the role in Vault")
        ),
        Auth::Jwt => format!(
            "[vault.auth.jwt]\nrole = {}\njwt = {{ file = \"/var/run/scim-rotator/jwt\" }} {EDIT}: the file with the JWT\n",
            role("scim-rotator", "the role in Vault")
        ),
        Auth::Token => {
            "[vault.auth.token]\ntoken = { file = \"/etc/scim-rotator/vault-token\" }\n".to_owned()
        }
    }
}

/// The issuer whose tokens a person makes.
fn by_a_person(answers: &Answers) -> String {
    let folder = &answers.folder;
    let instructions =
        format!("Make a token for SCIM, and write it to its path below {folder} in Vault.");
    format!(
        "# A person makes the tokens. `scim-rotator vendors` lists what does it without one.\n[issuers.service.operator]\nlive_tokens = \"many\" {EDIT}: how many tokens the service permits at once: one, two or many\nissue_effect = \"keeps\" {EDIT}: what a new token does to the old one: keeps, schedules_death or kills\nlifetime = \"90d\" {EDIT}: how long a token lives\ninstructions = {} {EDIT}\n",
        quoted(&instructions)
    )
}

/// The section of a vendor: what is required, and the rest commented out.
fn section(family: Family, name: &str, vendor: &str, answers: &Answers) -> Result<String, String> {
    let library = Library::shipped();
    let Some(found) = library.get(family, vendor) else {
        let near = nearest(vendor, library.names(family));
        let near = near.map(|near| format!(": did you mean `{near}`?"));
        return Err(format!(
            "there is no {} `{vendor}`{}; `scim-rotator vendors` lists all",
            family.as_str(),
            near.unwrap_or_default()
        ));
    };
    if let Some(forbidden) = &found.file.forbidden {
        return Err(format!(
            "{}: {} {}",
            found.file.vendor.title,
            forbidden.why.trim(),
            forbidden.instead.trim()
        ));
    }
    let mut text = format!(
        "# {}\n[{}.{name}.{vendor}]\n",
        found.file.vendor.title,
        family.section()
    );
    let current = found.parameters().filter(|(_, p)| p.deprecated.is_none());
    let (required, rest): (Vec<_>, Vec<_>) = current.partition(|(_, p)| p.is_required());
    for (key, parameter) in required {
        let about = parameter.about.trim().replace('\n', " ");
        let has_sample = parameter.example.is_some() || !parameter.choices.is_empty();
        let assignment = if parameter.kind == ParameterType::Credential {
            credential(key, vendor, answers)
        } else if has_sample {
            parameter.assignment(key)
        } else {
            format!("{key} = {}", shown(&fitting(parameter)))
        };
        text.push_str(&format!("{assignment} {EDIT}: {about}\n"));
    }
    for (key, parameter) in rest {
        text.push_str(&format!("# {}\n", parameter.assignment(key)));
    }
    text.push('\n');
    Ok(text)
}

/// Credentials of ours lie in Vault too.
fn credential(key: &str, vendor: &str, answers: &Answers) -> String {
    let mount = answers.state_path.mount();
    format!("{key} = {{ vault = \"{mount}/admin/{vendor}#{key}\" }}")
}

fn token(name: &str, connections: &str, answers: &Answers) -> String {
    let path = quoted(&format!("{}/{name}", answers.folder));
    let vendor = answers.issuer_vendor.as_ref();
    let vendor = vendor.and_then(|name| Library::shipped().get(Family::Issuer, name));
    let needs = vendor.map(|vendor| needs_of(vendor));
    format!(
        "\n[tokens.{}]\nvault_path = {path}\nscim_url = {}\nissuer = \"service\"\nconnections = {connections}\n{}",
        key(name),
        scim_url(vendor.map(AsRef::as_ref), answers),
        needs.unwrap_or_default()
    )
}

fn scim_url(vendor: Option<&Vendor<'_>>, answers: &Answers) -> String {
    if let Some(url) = &answers.scim_url {
        return quoted(url.as_str().trim_end_matches('/'));
    }
    match vendor.and_then(|vendor| vendor.file.token.scim_url.as_deref()) {
        Some(hint) => format!("{} {EDIT}: it is {hint}", quoted(&without_blanks(hint))),
        None => format!(
            "\"https://service.example.com/scim/v2\" {EDIT}: the SCIM base URL of the service"
        ),
    }
}

/// An address in which `<…>` stands for what only a person knows.
fn without_blanks(hint: &str) -> String {
    let mut parts = hint.split('<');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        let rest = part.split_once('>').map_or("", |(_, rest)| rest);
        text + "edit-me" + rest
    })
}

/// What a token of this vendor needs besides.
fn needs_of(vendor: &Vendor<'_>) -> String {
    let mut lines = String::new();
    let probe = &vendor.file.token.probe;
    if !probe.is_empty() {
        let probe = Value::Table(probe.clone());
        lines.push_str(&format!("probe = {probe}\n"));
    }
    let issuer = vendor.settings::<IssuerKind>(&values(vendor, Filled::All));
    let kills = issuer
        .is_ok_and(|issuer| issuer.as_kind().capabilities().issue_effect == IssueEffect::Kills);
    if kills {
        lines.push_str(&format!(
            "windows = {{ allow = [\"Sun 02:00-04:00\"] }} {EDIT}: when a short cut is bearable, since a new token ends the old one\n"
        ));
    }
    lines
}

/// A name that may need quotes as a key.
fn key(name: &str) -> String {
    let is_bare = name
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
    match is_bare && !name.is_empty() {
        true => name.to_owned(),
        false => quoted(name),
    }
}

fn shown(value: &toml::Spanned<toml::de::DeValue<'_>>) -> String {
    use toml::de::DeValue;
    match value.get_ref() {
        DeValue::String(text) => quoted(text),
        DeValue::Integer(number) => number.as_str().to_owned(),
        DeValue::Array(items) => {
            let items: Vec<String> = items.iter().map(shown).collect();
            format!("[{}]", items.join(", "))
        }
        DeValue::Boolean(_) | DeValue::Float(_) | DeValue::Datetime(_) | DeValue::Table(_) => {
            quoted("")
        }
    }
}

#[cfg(test)]
mod tests;

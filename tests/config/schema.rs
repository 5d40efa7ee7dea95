//! The JSON Schema for editors: it is the one of the program, takes every example,
//! and refuses what the loader refuses.

use scim_rotator::config::schema;
use scim_rotator::vendors::Library;
use serde_json::{Value, json};

use super::example_set::{FILES, all, text};
use super::repository;
use super::validator::{Validator, mistakes};

/// The file that the package installs.
const FILE: &str = "config/scim-rotator.schema.json";
const INSTALLED: &str = "/usr/share/scim-rotator/scim-rotator.schema.json";
const EXAMPLES: &str = "usr/share/doc/scim-rotator/examples";

fn shipped() -> Value {
    schema(Library::shipped())
}

fn json_of(text: &str) -> Value {
    let table: toml::Table = toml::from_str(text).expect("TOML");
    serde_json::to_value(table).expect("JSON")
}

#[test]
fn the_file_is_the_one_of_the_program() {
    let text = std::fs::read_to_string(repository(FILE)).expect("the schema");
    let made = format!("{:#}\n", shipped());
    assert!(
        text == made,
        "write it anew: scim-rotator schema > {FILE} (without a configuration)"
    );
}

#[test]
fn every_example_is_taken_and_names_the_schema() {
    let schema = shipped();
    let others = ["minimal.toml", "connections/syncope.toml"];
    for file in FILES.into_iter().chain(others) {
        let text = text(file);
        assert_eq!(mistakes(&schema, &json_of(&text)), [""; 0], "{file}");
        let first = text
            .lines()
            .next()
            .and_then(|l| l.strip_prefix("#:schema "));
        let named = first.expect("a line for editors");
        if file == "minimal.toml" {
            // It is installed below /etc, far from the others.
            assert_eq!(named, INSTALLED);
            continue;
        }
        let target = repository("config").join(file);
        let target = target.parent().expect("a folder").join(named);
        let target = target.canonicalize().expect("a file");
        assert_eq!(target, repository(FILE), "{file}");
    }
}

#[test]
fn the_package_installs_the_schema_and_every_example() {
    let manifest = std::fs::read_to_string(repository("Cargo.toml")).expect("a manifest");
    let asset = |file: &str, to: &str| manifest.contains(&format!("[\"{file}\", \"{to}\", "));
    let folder = INSTALLED.rsplit_once('/').expect("a folder").0;
    assert!(asset(FILE, &format!("{}/", &folder[1..])));
    // Beside the examples too, which name it by a relative path.
    assert!(asset(FILE, &format!("{EXAMPLES}/")));
    for file in FILES.into_iter().chain(["connections/syncope.toml"]) {
        let below = file.split_once('/');
        let below = below.map_or(String::new(), |(below, _)| format!("{below}/"));
        let (from, to) = (format!("config/{file}"), format!("{EXAMPLES}/{below}"));
        assert!(asset(&from, &to), "{file} is not installed");
    }
}

#[test]
fn every_vendor_is_taken_with_its_example() {
    let schema = shipped();
    for vendor in Library::shipped().iter() {
        let (section, name) = (vendor.family().section(), &vendor.name);
        let given = vendor.parameters().filter(|(_, p)| p.is_required());
        let given: Vec<_> = given.map(|(name, p)| p.assignment(name)).collect();
        let with = |lines: &str| {
            let text = format!("[{section}.crm.{name}]\n{}\n{lines}", given.join("\n"));
            mistakes(&schema, &json_of(&text))
        };
        assert_eq!(with("http.rate_limit.unit = 'epoch_s'"), [""; 0], "{name}");
        let path = format!("{section}.crm.{name}");
        assert_eq!(
            with("nonsense = 1"),
            [format!("{path}.nonsense: no such key")]
        );
        assert!(!with("http.rate_limit.unit = 'hours'").is_empty(), "{name}");
        let none = mistakes(&schema, &json_of(&format!("[{path}]\n")));
        assert_eq!(none.is_empty(), given.is_empty(), "{name}: {none:?}");
    }
}

#[test]
fn misspelt_keys_wrong_types_and_wrong_words_are_refused() {
    let schema = shipped();
    let cases = [
        ("[limits]\nsweeep = '5m'", "limits.sweeep: no such key"),
        ("[limits]\nsweep = 5", "limits.sweep: not of type string"),
        (
            "[limits]\nconcurrency = -1",
            "limits.concurrency: less than 0",
        ),
        ("[log]\nformat = 'xml'", "log.format: none of the words"),
        (
            "[tokens.crm]\nissuerr = 'x'",
            "tokens.crm.issuerr: no such key",
        ),
        ("[tokens.CRM]\n", "tokens.CRM: not a name"),
        ("[issuers.crm.htpp]\n", "issuers.crm.htpp: no such key"),
        ("[issuers.crm]\n", "issuers.crm: too few keys"),
        (
            "[issuers.crm.http.list.read]\nitmes = '/x'",
            "issuers.crm.http.list.read.itmes: no such key",
        ),
        (
            "[connections.idp.http.deliver]\nrepeatable = 'yes'",
            "connections.idp.http.deliver.repeatable: not of type boolean",
        ),
        (
            "[connections.idp.http.state.read.words]\nhealthyy = ['x']",
            "connections.idp.http.state.read.words.healthyy: no such key",
        ),
        (
            "[issuers.crm.http.id_from_token]\nsplit = '..'",
            "issuers.crm.http.id_from_token.split: too long",
        ),
        (
            "[issuers.crm.http.lifetime]\nunit = 'years'",
            "issuers.crm.http.lifetime.unit: none of the words",
        ),
        (
            "[issuers.crm.oauth2]\nclient_secret = 'literal'",
            "issuers.crm.oauth2.client_secret: not of type object",
        ),
        (
            "[issuers.crm.http.issue]\nbody.xml = 'x'",
            "issuers.crm.http.issue: fits none of the forms",
        ),
        (
            "[issuers.crm.http.list]\nread.expires_at = { at = '/x', format = 'epoch' }",
            "issuers.crm.http.list.read.expires_at: fits none of the forms",
        ),
    ];
    for (text, mistake) in cases {
        assert_eq!(mistakes(&schema, &json_of(text)), [mistake], "{text}");
    }
}

/// Whatever an editor marks must be wrong: the loader refuses it too.
#[test]
fn what_the_schema_refuses_the_loader_refuses() {
    let schema = shipped();
    let mut refused = 0;
    for shown in all() {
        for entry in shown.leading().filter(|entry| !entry.is_table) {
            let line = shown.example.text.lines().nth(entry.line);
            let (key, _) = line.unwrap_or_default().split_once('=').expect("a value");
            let with = |value: &str| {
                shown
                    .example
                    .with_line(entry.line, &format!("{key}= {value}"))
            };
            let values = ["'zzz'", "-7", "true", "[]", "{ zzz = 1 }"];
            let values = values.map(with).into_iter();
            let wrong = values.filter(|text| !mistakes(&schema, &json_of(text)).is_empty());
            let wrong: Vec<_> = wrong.collect();
            assert!(
                !wrong.is_empty() || takes_anything(&entry.path),
                "{}",
                entry.path
            );
            // Each of them would take minutes.
            let Some(text) = wrong.get(refused % wrong.len().max(1)) else {
                continue;
            };
            assert!(shown.load_with(text).is_err(), "{}: {text}", entry.path);
            refused += 1;
        }
    }
    assert!(refused > 200, "only {refused} were refused");
}

/// Keys whose values are somebody else's JSON.
fn takes_anything(path: &str) -> bool {
    let json = ["equals", "not_equals", "value", "merge"];
    let last = path.rsplit('.').next().unwrap_or_default();
    json.contains(&last) || path.contains(".body.json") || path.contains(".config.")
}

#[test]
fn the_validator_knows_every_keyword_of_the_schema_and_no_other() {
    let schema = shipped();
    assert_eq!(Validator::unknown_keywords(&schema), [""; 0]);
    let other = json!({ "type": "object", "dependentRequired": {} });
    assert_eq!(Validator::unknown_keywords(&other), ["dependentRequired"]);
}

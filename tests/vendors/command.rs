//! The command `vendors` with the real binary.

use std::process::{Command, Output};

use scim_rotator::clock::{Clock as _, SystemClock};
use serde_json::Value;

use super::{Folder, assert_golden, sound};

/// What a run wrote and how it ended.
struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

fn run(args: &[&str]) -> Ran {
    let Output {
        status,
        stdout,
        stderr,
    } = Command::new(env!("CARGO_BIN_EXE_scim-rotator"))
        .args(args)
        .output()
        .expect("the binary runs");
    Ran {
        code: status.code(),
        out: String::from_utf8(stdout).expect("text"),
        err: String::from_utf8(stderr).expect("text"),
    }
}

/// Runs it under a configuration with both sound vendor files, and with the
/// hashes of the files taken out of the output: they change with each byte.
fn vendors(args: &[&str]) -> Ran {
    let folder = Folder::with("");
    let config = folder.path("main.toml").display().to_string();
    run(&[&["vendors", "--config", &config], args].concat())
}

fn without_hashes(text: &str) -> String {
    let words = text.split_inclusive(char::is_whitespace).map(|word| {
        let hash =
            word.trim_end().len() == 64 && word.trim_end().bytes().all(|b| b.is_ascii_hexdigit());
        if hash {
            word.replace(word.trim_end(), "<hash>")
        } else {
            word.to_owned()
        }
    });
    words.collect()
}

#[test]
fn all_vendors_stand_in_one_table() {
    let ran = vendors(&[]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{}", ran.out);
    // The shipped files are others with each version.
    let ours = |line: &&str| line.starts_with("VENDOR") || line.starts_with("acme");
    let ours = ran.out.lines().filter(ours);
    let words = ours.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ") + "\n");
    assert_golden("list.txt", &words.collect::<String>());
    assert!(ran.out.contains("\nterraform "), "{}", ran.out);
    assert!(
        !ran.out.contains('\u{1b}'),
        "escapes in a pipe: {}",
        ran.out
    );
}

#[test]
fn without_a_configuration_the_built_in_ones_are_shown() {
    let json = run(&["vendors", "--output", "json"]).out;
    let json: Value = serde_json::from_str(&json).expect("JSON");
    let all = json["vendors"].as_array().expect("a list");
    let entra = all.iter().find(|vendor| vendor["vendor"] == "entra");
    assert_eq!(entra.expect("shipped")["test"], "candidate, saved");
    let ran = run(&["vendors"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{}", ran.out);
    assert!(!ran.out.contains("own file"), "{}", ran.out);
    let gone = run(&["vendors", "--config", "/nowhere/at/all.toml"]);
    assert_eq!(gone.code, Some(64));
    assert!(gone.err.contains("cannot be read"), "{}", gone.err);
}

#[test]
fn what_was_verified_long_ago_can_be_asked_for() {
    let families = |age: &str| -> Vec<String> {
        let ran = vendors(&["--stale", age, "--output", "json"]);
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        let document: Value = serde_json::from_str(&ran.out).expect("JSON");
        let vendors = document["vendors"].as_array().expect("a list");
        let own = vendors.iter().filter(|vendor| vendor["origin"] == "own");
        own.map(|vendor| vendor["family"].as_str().expect("a word").to_owned())
            .collect()
    };
    assert_eq!(families("99999d"), [""; 0]);
    // The connection was verified on 2026-03-01, eight months before the issuer.
    let today = SystemClock.now();
    let since = |day: &str| {
        let day: jiff::Timestamp = format!("{day}T00:00:00Z").parse().expect("a time");
        today.duration_since(day).as_hours() / 24
    };
    let between = format!("{}d", since("2026-06-01"));
    assert_eq!(families(&between), ["connection"]);
    assert_eq!(vendors(&["--stale", "soon"]).code, Some(64));
    assert_eq!(vendors(&["--stale", "1d", "show", "acme"]).code, Some(64));
}

#[test]
fn a_vendor_is_shown_with_an_example_that_works() {
    let ran = vendors(&["show", "acme"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{}", ran.out);
    assert_golden("show.txt", &without_hashes(&ran.out));
    // The examples are ready to paste.
    let examples: Vec<_> = ran
        .out
        .split('\n')
        .filter(|line| line.starts_with('['))
        .collect();
    assert_eq!(examples, ["[issuers.crm.acme]", "[connections.hr.acme]"]);
    let example = |header: &str| {
        let (_, rest) = ran.out.split_once(header).expect("there");
        let lines = rest.lines().skip(1).take_while(|line| !line.is_empty());
        format!("{header}\n{}\n", lines.collect::<Vec<_>>().join("\n"))
    };
    let pasted: String = examples.iter().map(|header| example(header)).collect();
    assert_eq!(Folder::with(&pasted).said(), [], "{pasted}");
    // And so is the rest of each.
    let enabled = pasted.replace("# ", "");
    assert_eq!(Folder::with(&enabled).said(), [], "{enabled}");
}

#[test]
fn what_a_vendor_becomes_is_a_table_of_kind_http() {
    let ran = vendors(&["show", "acme", "--expanded"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{}", ran.out);
    assert_golden("expanded.txt", &ran.out);
    // It can be used as it stands.
    let folder = Folder::with(&ran.out);
    let loaded = folder.load().unwrap_or_else(|report| panic!("{report}"));
    assert_eq!(loaded.settings.issuers["crm"].as_kind().kind(), "http");
    assert_eq!(loaded.settings.connections["hr"].as_kind().kind(), "http");
}

#[test]
fn programs_get_the_same() {
    let ran = vendors(&["show", "acme", "--expanded", "--output", "json"]);
    let document: Value = serde_json::from_str(&ran.out).expect("JSON");
    let issuer = &document["vendors"][0];
    assert_eq!(issuer["family"], "issuer");
    assert_eq!(issuer["strategy"], "expire");
    assert_eq!(issuer["parameters"][0]["name"], "domain");
    assert_eq!(issuer["parameters"][0]["required"], true);
    assert_eq!(issuer["refused"]["wrong"]["status"][0], 401);
    assert_eq!(issuer["sha256"].as_str().map(str::len), Some(64));
    assert_eq!(
        issuer["expanded"]["issue"]["url"],
        "https://{{ config.domain }}/api/tokens"
    );
    assert_eq!(document["vendors"][1]["positive_only"], true);
}

#[test]
fn an_unknown_vendor_is_told_with_the_known_ones() {
    let ran = vendors(&["show", "amce"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(64), ""));
    assert!(ran.err.contains("did you mean `acme`?"), "{}", ran.err);
}

#[test]
fn a_broken_file_is_told_and_the_others_are_listed() {
    let folder = Folder::with("");
    folder.write("vendors.d/issuers/acme.toml", "language = 1");
    let config = folder.path("main.toml").display().to_string();
    let ran = run(&["vendors", "--config", &config]);
    assert_eq!(ran.code, Some(64));
    assert!(ran.err.contains("`vendor` is missing"), "{}", ran.err);
    assert!(ran.out.contains("connection"), "{}", ran.out);
}

#[test]
fn authors_check_a_file_before_anybody_uses_it() {
    let folder = Folder::with("");
    let check = |text: &str, args: &[&str]| {
        folder.write("acme.toml", text);
        let path = folder.path("acme.toml").display().to_string();
        run(&[&["vendors", "check", &path], args].concat())
    };
    let text = sound("issuers/acme");
    let ran = check(&text, &["--strict"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    assert!(
        ran.out.starts_with("The vendor file is valid: "),
        "{}",
        ran.out
    );
    let warned = text.replace("X-Region = \"{{ config.region | default('eu') }}\"\n", "");
    let ran = check(&warned, &[]);
    assert_eq!(ran.code, Some(0));
    assert!(
        ran.out
            .contains("warning: nothing in `http` uses this parameter"),
        "{}",
        ran.out
    );
    assert_eq!(check(&warned, &["--strict"]).code, Some(64));
    let wrong = text.replace("type = \"host\"", "type = \"hots\"");
    let ran = check(&wrong, &[]);
    assert_eq!(ran.code, Some(64));
    assert!(ran.out.contains("^^^^^^"), "{}", ran.out);
    let json: Value =
        serde_json::from_str(&check(&wrong, &["--output", "json"]).out).expect("JSON");
    assert_eq!(json["errors"], 1);
    assert_eq!(json["problems"][0]["path"], "parameters.domain.type");
    let gone = run(&["vendors", "check", "/nowhere.toml"]);
    assert_eq!(gone.code, Some(64));
    assert!(gone.out.contains("cannot be read"), "{}", gone.out);
}

/// A shipped vendor, used as it is and with a file of the user's in its place.
#[test]
fn check_tells_notes_apart_from_warnings() {
    let main = "
[issuers.crm.terraform]
scim_configuration = 'enterprise'
token = { vault = 'kv/admin/terraform#token' }
[connections.hr.exec]
command = ['/bin/sh']
";
    let folder = Folder::with(main);
    let config = folder.path("main.toml").display().to_string();
    let check = |args: &[&str]| run(&[&["check", "--strict", "--config", &config], args].concat());
    let json = |ran: &Ran| -> Value { serde_json::from_str(&ran.out).expect("JSON") };
    let shipped = check(&["--output", "json"]);
    assert_eq!(shipped.code, Some(0), "{}", shipped.out);
    assert_eq!(json(&shipped)["notes"], serde_json::json!([]));
    let text = std::fs::read_to_string(super::repository("config/vendors/issuers/terraform.toml"));
    folder.write(
        "vendors.d/issuers/terraform.toml",
        &text.expect("a shipped file"),
    );
    let own = check(&["--output", "json"]);
    assert_eq!(own.code, Some(0), "{}", own.out);
    let note = json(&own)["notes"][0].as_str().expect("a note").to_owned();
    assert!(
        note.ends_with("takes the place of the shipped issuer `terraform`"),
        "{note}"
    );
    let shown = check(&[]);
    assert!(
        shown.out.contains(&format!("Note: {note}.")),
        "{}",
        shown.out
    );
}

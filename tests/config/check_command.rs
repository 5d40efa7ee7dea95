//! `check` with the real binary: exit codes, output for people and programs,
//! files that are none, and no secret in anything it writes.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use super::secrets::{CANARY, assert_hidden};
use super::{Folder, repository};

/// What a run wrote and how it ended.
struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

fn check(config: &Path, args: &[&str]) -> Ran {
    let Output {
        status,
        stdout,
        stderr,
    } = Command::new(env!("CARGO_BIN_EXE_scim-rotator"))
        .args(["check", "--config"])
        .arg(config)
        .args(args)
        .output()
        .expect("the binary runs");
    Ran {
        code: status.code(),
        out: String::from_utf8(stdout).expect("text"),
        err: String::from_utf8(stderr).expect("text"),
    }
}

fn json(ran: &Ran) -> Value {
    serde_json::from_str(&ran.out).expect("one JSON document")
}

/// Minimal, with one more line for its token.
fn minimal_and(line: &str) -> String {
    let minimal = std::fs::read_to_string(repository("config/minimal.toml"));
    format!("{}{line}\n", minimal.expect("an example"))
}

#[test]
fn a_valid_configuration_ends_with_0_and_says_what_is_in_it() {
    for file in ["config/minimal.toml", "config/complete.toml"] {
        let ran = check(&repository(file), &["--strict"]);
        assert_eq!(ran.code, Some(0), "{file}: {}", ran.out);
        assert!(
            ran.out.starts_with("The configuration is valid: tokens "),
            "{}",
            ran.out
        );
        assert_eq!(ran.err, "");
        let (_, rest) = ran.out.split_once('\n').expect("a line");
        let mut other = rest
            .lines()
            .filter(|line| line.starts_with("warning: ") || line.starts_with("error: "));
        let absent = |line: &str| {
            line == "warning: this file is not there now"
                || (line.starts_with("warning: the environment variable ")
                    && line.ends_with(" is not set here"))
        };
        assert!(
            other.clone().count() > 0,
            "nothing of them is on a machine of developers"
        );
        assert_eq!(other.find(|line| !absent(line)), None, "{}", ran.out);
    }
}

#[test]
fn a_mistake_ends_with_64_and_shows_its_place_without_colours() {
    let folder = Folder::with(&minimal_and("overlapp = '1h'"));
    let ran = check(&folder.path("main.toml"), &[]);
    assert_eq!(ran.code, Some(64), "{}", ran.out);
    for part in [
        "error: unknown key `overlapp`",
        "main.toml:",
        "^^^^^^^^",
        "did you mean `overlap`?",
        "1 error, 0 warnings",
    ] {
        assert!(ran.out.contains(part), "{part}: {}", ran.out);
    }
    assert!(
        !ran.out.contains('\u{1b}'),
        "escapes in a pipe: {}",
        ran.out
    );
    assert_eq!(ran.err, "");
}

#[test]
fn a_warning_ends_with_0_and_under_strict_with_64() {
    let folder = Folder::with(&minimal_and("overlap = '0s'"));
    let config = folder.path("main.toml");
    let ran = check(&config, &[]);
    assert_eq!(ran.code, Some(0), "{}", ran.out);
    assert!(
        ran.out.contains("warning: without an overlap"),
        "{}",
        ran.out
    );
    assert!(
        ran.out.contains("The configuration is valid"),
        "{}",
        ran.out
    );
    let strict = check(&config, &["--strict"]);
    assert_eq!(strict.code, Some(64), "{}", strict.out);
    assert_eq!(strict.out, ran.out);
}

#[test]
fn what_is_not_on_this_machine_is_told_and_changes_no_exit_code() {
    let here = Folder::new();
    here.write("id", "secret-id");
    let minimal = std::fs::read_to_string(repository("config/minimal.toml")).expect("an example");
    let secret_id = "{ file = \"/etc/scim-rotator/vault-secret-id\" }";
    let state = "state_path =";
    let cases = [
        (
            "{ env = \"SCIM_ROTATOR_IS_NOT_SET\" }",
            state,
            Some("the environment variable `SCIM_ROTATOR_IS_NOT_SET` is not set here"),
        ),
        (
            "{ file = \"/no/such/file\" }",
            state,
            Some("this file is not there now"),
        ),
        (
            "FILE",
            "ca_file = \"/no/ca.pem\"\nstate_path =",
            Some("this file is not there now"),
        ),
        ("FILE", state, None),
    ];
    let file = format!("{{ file = {:?} }}", here.path("id"));
    for (reference, line, told) in cases {
        let text = minimal
            .replace(secret_id, &reference.replace("FILE", &file))
            .replace(state, line);
        let folder = Folder::with(&text);
        for args in [&[][..], &["--strict"]] {
            let ran = check(&folder.path("main.toml"), args);
            assert_eq!(ran.code, Some(0), "{}", ran.out);
            let all: Vec<_> = ran
                .out
                .lines()
                .filter(|l| l.starts_with("warning: "))
                .collect();
            let expected: Vec<_> = told.iter().map(|told| format!("warning: {told}")).collect();
            assert_eq!(all, expected, "{}", ran.out);
        }
    }
}

#[test]
fn programs_read_one_json_document() {
    let sound = check(&repository("config/minimal.toml"), &["--output", "json"]);
    assert_eq!(sound.code, Some(0));
    let mut document = json(&sound);
    let absent = document["absent"].take();
    assert_eq!(absent[0]["message"], "this file is not there now");
    assert_eq!(absent[0]["path"], "vault.auth.approle.secret_id.file");
    assert_eq!(
        document,
        serde_json::json!({"errors": 0, "warnings": 0, "problems": [], "notes": [], "absent": null})
    );

    let folder = Folder::with(&minimal_and(
        "overlapp = '1h'\nretry_min = '2h'\noverlap = '0s'",
    ));
    let config = folder.path("main.toml");
    let ran = check(&config, &["--output", "json"]);
    assert_eq!(ran.code, Some(64), "{}", ran.out);
    assert_eq!(ran.out.lines().count(), 1);
    let document = json(&ran);
    let problem = &document["problems"][0];
    let lines = std::fs::read_to_string(&config)
        .expect("written")
        .lines()
        .count();
    assert_eq!(document["errors"], 2);
    assert_eq!(problem["severity"], "error");
    assert_eq!(problem["file"], config.display().to_string().as_str());
    assert_eq!(problem["line"], lines - 2);
    assert_eq!(problem["column"], 1);
    assert_eq!(problem["path"], "tokens.crm.overlapp");
    assert_eq!(problem["message"], "unknown key `overlapp`");
    assert_eq!(problem["remedy"], "did you mean `overlap`?");
    assert_eq!(document["problems"][1]["path"], "tokens.crm.retry_min");
}

#[test]
fn what_is_no_text_file_is_refused_with_a_remedy() {
    let folder = Folder::new();
    folder.write("folder/x", "");
    folder.write("latin-1.toml", b"x = \"caf\xe9\"\n");
    folder.write("zeros.toml", vec![0_u8; 1 << 20]);
    folder.write("empty.toml", "");
    let cases = [
        ("gone.toml", "cannot be read", "--config PATH"),
        ("folder", "cannot be read", "--config PATH"),
        ("latin-1.toml", "is not UTF-8 text (byte 8)", "UTF-8"),
        ("zeros.toml", "", "correct the TOML here"),
        (
            "empty.toml",
            "the section `[vault]` is missing",
            "config/minimal.toml",
        ),
    ];
    for (name, message, remedy) in cases {
        let config = folder.path(name);
        let ran = check(&config, &[]);
        assert_eq!(ran.code, Some(64), "{name}: {}", ran.out);
        for part in [message, remedy, name] {
            assert!(ran.out.contains(part), "{name}: `{part}` in\n{}", ran.out);
        }
        assert_eq!(ran.err, "", "{name}");
        let ran = check(&config, &["--output", "json"]);
        assert_eq!(ran.code, Some(64));
        assert!(
            json(&ran)["errors"].as_u64() > Some(0),
            "{name}: {}",
            ran.out
        );
    }
}

const MEGABYTES: usize = 10;

#[test]
fn a_file_of_ten_megabytes_is_read_and_its_mistakes_are_placed() {
    let line = format!("# {}\n", "x".repeat(77));
    let lines = MEGABYTES * 1024 * 1024 / line.len();
    let padding = line.repeat(lines);
    let folder = Folder::with(&format!("{padding}{}", minimal_and("")));
    let ran = check(&folder.path("main.toml"), &[]);
    assert_eq!(ran.code, Some(0), "{}", ran.out);

    let folder = Folder::with(&format!("{padding}[valt]\n"));
    let ran = check(&folder.path("main.toml"), &[]);
    assert_eq!(ran.code, Some(64));
    let place = format!("main.toml:{}:2", lines + 1);
    assert!(ran.out.contains(&place), "{}", ran.out);
    assert!(ran.out.len() < 2000, "{}", ran.out);
}

#[test]
fn a_line_of_ten_megabytes_is_named_and_not_shown() {
    let folder = Folder::with(&format!("[valt]\nx = '{}'\n", "y".repeat(MEGABYTES << 20)));
    let ran = check(&folder.path("main.toml"), &[]);
    assert_eq!(ran.code, Some(64));
    assert!(ran.out.len() < 2000, "{} bytes", ran.out.len());
    let folder = Folder::with(&format!("x = '{}\n", "y".repeat(MEGABYTES << 20)));
    let ran = check(&folder.path("main.toml"), &[]);
    assert_eq!(ran.code, Some(64));
    assert!(ran.out.len() < 2000, "{} bytes", ran.out.len());
    assert!(ran.out.contains("main.toml:1:"), "{}", ran.out);
}

#[test]
fn people_see_the_first_findings_and_programs_all() {
    let tokens: String = (0..500)
        .map(|i| format!("[tokens.t{i}]\nfoo = 1\n"))
        .collect();
    let folder = Folder::with(&minimal_and(&tokens));
    let config = folder.path("main.toml");
    let ran = check(&config, &[]);
    assert!(ran.out.contains("… and "), "{}", ran.out);
    assert!(
        ran.out.lines().count() < 1200,
        "{}",
        ran.out.lines().count()
    );
    let all = json(&check(&config, &["--output", "json"]));
    assert!(all["errors"].as_u64() >= Some(500), "{}", all["errors"]);
    assert_eq!(
        all["problems"].as_array().map(Vec::len),
        all["errors"]
            .as_u64()
            .map(|n| usize::try_from(n).expect("small"))
    );
}

#[test]
fn no_written_secret_comes_out_again() {
    let cases = [
        "client_secret = 'CANARY'",
        "client_secert = 'CANARY'",
        "client_secret = { value = 'CANARY' }",
        "client_secret = { vault = 'CANARY' }",
        "client_secret = '''\nCANARY\n'''",
        "client_secret = '''\nCANARY",
        "client_secret = CANARY",
        "client_secret = 'CANARY",
        "method = 'CANARY'",
        "params = { password = 'CANARY' }",
    ];
    for case in cases {
        let text = format!("[issuers.crm.oauth2]\n{case}\n").replace("CANARY", CANARY);
        let folder = Folder::with(&text);
        for args in [&[][..], &["--output", "json"], &["--strict"]] {
            let ran = check(&folder.path("main.toml"), args);
            assert_eq!(ran.code, Some(64), "{case}: {}", ran.out);
            assert_hidden(&ran.out, case);
            assert_hidden(&ran.err, case);
        }
    }
}

#[test]
fn a_command_line_that_is_wrong_ends_with_64() {
    let ran = check(&repository("config/minimal.toml"), &["--stirct"]);
    assert_eq!(ran.code, Some(64));
    assert!(ran.err.contains("--strict"), "{}", ran.err);
    let ran = check(&repository("config/minimal.toml"), &["--output", "xml"]);
    assert_eq!(ran.code, Some(64));
    assert!(ran.err.contains("json"), "{}", ran.err);
}

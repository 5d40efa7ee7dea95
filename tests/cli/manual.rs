//! What packages are filled with comes out of the binary itself.

use std::process::{Command, Stdio};

fn said(args: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_scim-rotator"))
        .args(args)
        .output()
        .expect("the binary runs");
    assert!(output.status.success(), "{args:?}");
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn there_is_a_page_for_each_command() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().to_str().expect("text");
    assert_eq!(said(&["man", "--folder", path]), "");
    let help = said(&["--help"]);
    let commands = help.lines().skip_while(|line| *line != "Commands:");
    let commands = commands.skip(1).take_while(|line| !line.is_empty());
    let mut count = 0;
    for name in commands.filter_map(|line| line.split_whitespace().next()) {
        if name == "help" {
            continue;
        }
        let page = folder.path().join(format!("scim-rotator-{name}.1"));
        let page = std::fs::read_to_string(page).expect(name);
        assert!(page.contains(".SH SYNOPSIS"), "{name}");
        count += 1;
    }
    assert!(count >= 10, "{help}");
    let main = std::fs::read_to_string(folder.path().join("scim-rotator.1"));
    assert_eq!(main.expect("the main page"), said(&["man"]));
}

/// What bash offers for the last of these words, in a folder that holds a file.
fn offered(config: &str, words: &[&str]) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("zzz-a-file.txt"), "").expect("a file");
    let binary = std::path::Path::new(env!("CARGO_BIN_EXE_scim-rotator"));
    let programs = binary.parent().expect("a folder").display();
    let last = words.len() - 1;
    let script = format!(
        "PATH=\"{programs}:$PATH\"\n{}\nCOMP_WORDS=(\"$@\"); COMP_CWORD={last}; COMP_TYPE=9\n\
         _clap_complete_scim_rotator scim-rotator \"${{@: -1}}\" \"\"\n\
         printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        said(&["completions", "bash"])
    );
    let bash = Command::new("bash")
        .args(["--norc", "-c", &script, "bash"])
        .args(words)
        .env("SCIM_ROTATOR_CONFIG", config)
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .output()
        .expect("bash runs");
    let offered = String::from_utf8(bash.stdout).expect("text");
    let lines = offered.lines().map(str::to_owned);
    lines.filter(|line| !line.is_empty()).collect()
}

#[test]
fn bash_completes_commands_options_and_the_names_of_the_configuration() {
    let config = concat!(env!("CARGO_MANIFEST_DIR"), "/config/complete.toml");
    let bash = |words: &[&str]| offered(config, words);
    assert_eq!(bash(&["scim-rotator", "stat"]), ["status"]);
    let tokens = bash(&["scim-rotator", "status", ""]);
    assert!(tokens.iter().any(|name| name == "helpdesk"), "{tokens:?}");
    assert!(
        !tokens.iter().any(|name| name.contains("zzz")),
        "{tokens:?}"
    );
    assert_eq!(bash(&["scim-rotator", "rotate", "helpd"]), ["helpdesk"]);
    let options = bash(&["scim-rotator", "rotate", "--comp"]);
    assert_eq!(options, ["--compromised"]);
    assert_eq!(
        bash(&["scim-rotator", "explain", "wrong_t"]),
        ["wrong_target"]
    );
    assert_eq!(bash(&["scim-rotator", "describe", "helpd"]), ["helpdesk"]);
    assert_eq!(
        bash(&["scim-rotator", "init", "--issuer-vendor", "auth"]),
        ["auth0", "auth0-client-secret", "authentik"]
    );
    let files = bash(&["scim-rotator", "--config", "zzz"]);
    assert_eq!(files, ["zzz-a-file.txt"]);
    // The configuration that the words name counts more than that of the variable.
    let minimal = concat!(env!("CARGO_MANIFEST_DIR"), "/config/minimal.toml");
    let named = bash(&["scim-rotator", "-c", minimal, "status", ""]);
    assert!(!named.iter().any(|name| name == "helpdesk"), "{named:?}");
    // A configuration that cannot be read costs nothing but the names.
    let none = offered("/nowhere/at/all.toml", &["scim-rotator", "status", "helpd"]);
    assert_eq!(none, [""; 0]);
}

#[test]
fn other_shells_get_a_script_of_their_own() {
    assert!(said(&["completions", "zsh"]).starts_with("#compdef scim-rotator"));
    assert!(said(&["completions", "fish"]).contains("complete --keep-order"));
    assert!(said(&["completions", "powershell"]).contains("Register-ArgumentCompleter"));
}

#[test]
fn the_configuration_is_named_by_a_variable_too() {
    let config = concat!(env!("CARGO_MANIFEST_DIR"), "/config/minimal.toml");
    let check = Command::new(env!("CARGO_BIN_EXE_scim-rotator"))
        .arg("check")
        .env("SCIM_ROTATOR_CONFIG", config)
        .output()
        .expect("the binary runs");
    assert!(check.status.success(), "{check:?}");
}

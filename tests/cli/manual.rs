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

#[test]
fn completions_are_what_the_shell_understands() {
    let script = said(&["completions", "bash"]);
    assert!(script.contains("--compromised"), "{script}");
    let mut bash = Command::new("bash")
        .arg("-n")
        .stdin(Stdio::piped())
        .spawn()
        .expect("bash runs");
    let mut stdin = bash.stdin.take().expect("a pipe");
    std::io::Write::write_all(&mut stdin, script.as_bytes()).expect("written");
    drop(stdin);
    assert!(bash.wait().expect("waited for").success());
    assert!(said(&["completions", "zsh"]).starts_with("#compdef scim-rotator"));
    assert!(said(&["completions", "fish"]).contains("complete -c scim-rotator"));
}

//! The configuration in the README is one that a reader can use.

use scim_rotator::config;

#[test]
fn the_configuration_of_the_readme_is_valid_and_raises_no_warning() {
    let readme = include_str!("../../README.md");
    let block = readme
        .split("```toml\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next())
        .expect("a TOML block");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("scim-rotator.toml");
    std::fs::write(&path, block).expect("written");
    match config::load(&path) {
        Ok(loaded) => assert_eq!(loaded.warnings.findings(), []),
        Err(report) => panic!("{}", report.render(false)),
    }
}

#[test]
fn every_command_stands_in_the_readme_and_no_other() {
    let help = std::process::Command::new(env!("CARGO_BIN_EXE_scim-rotator"))
        .arg("--help")
        .output()
        .expect("the binary runs");
    let help = String::from_utf8(help.stdout).expect("text");
    let mut offered: Vec<&str> = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .filter(|word| *word != "help")
        .collect();
    let table = include_str!("../../README.md")
        .split("## Commands")
        .nth(1)
        .and_then(|rest| rest.split("## ").next())
        .expect("a section of commands");
    let cells = table.lines().filter_map(|line| line.split('|').nth(1));
    let mut documented: Vec<&str> = cells
        .flat_map(|cell| cell.split(','))
        .filter_map(|command| command.trim().strip_prefix('`')?.split([' ', '`']).next())
        .collect();
    offered.sort_unstable();
    documented.sort_unstable();
    assert_eq!(offered, documented);
}

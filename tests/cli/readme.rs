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

//! What `deploy/SUPPORT.md` promises against what the tests run.

use crate::read;

const SUPPORT: &str = "deploy/SUPPORT.md";

/// The cells of the row that begins with this word, in the last table.
fn row(name: &str) -> Vec<String> {
    let text = read(SUPPORT);
    let (_, table) = text.split_once("## What it runs with").expect("a table");
    let start = format!("| {name}");
    let line = table.lines().find(|line| line.starts_with(&start));
    let line = line.unwrap_or_else(|| panic!("no row for {name}"));
    line.split('|').map(|cell| cell.trim().to_owned()).collect()
}

/// MAJOR.MINOR of what a wrapper module of a part pins.
fn pinned(part: &str, module: &str) -> String {
    let text = read(&format!("tests/parts/{part}/go.mod"));
    let version = text
        .lines()
        .filter_map(|line| {
            line.trim()
                .trim_start_matches("require ")
                .strip_prefix(module)
        })
        .find_map(|rest| rest.strip_prefix(" v"))
        .unwrap_or_else(|| panic!("{module} is not pinned"));
    let mut parts = version.split('.');
    let (major, minor) = (parts.next().expect("major"), parts.next().expect("minor"));
    format!("{major}.{minor}")
}

#[test]
fn versions_that_are_called_tested_are_those_of_the_parts() {
    for (name, part, module) in [
        ("HashiCorp Vault", "vault", "github.com/hashicorp/vault"),
        ("Kubernetes", "kubernetes", "k8s.io/kubernetes"),
        ("Helm", "helm", "helm.sh/helm/v4"),
    ] {
        let tested = row(name)[2].clone();
        let version = pinned(part, module);
        assert!(
            tested == version || tested.starts_with(&format!("{version} ")),
            "{name}: {tested} is written, {version} is tested"
        );
    }
}

#[test]
fn versions_of_kubernetes_that_are_called_judged_are_judged() {
    let judged = row("Kubernetes")[3].replace(',', "");
    assert!(read("tests/deploy/run.sh").contains(&format!("for version in {judged}; do")));
    let oldest = judged.split(' ').next().expect("one");
    let chart = read("deploy/helm/scim-rotator/Chart.yaml");
    assert!(chart.contains(&format!("kubeVersion: \">={oldest}.0-0\"")));
    assert!(read("deploy/README.md").contains(&format!("Kubernetes {oldest} or newer")));
}

#[test]
fn the_oldest_rust_and_the_schema_of_records_are_those_of_the_program() {
    let rust = format!("rust-version = \"{}\"", "1.89");
    assert!(read("Cargo.toml").contains(&rust) && row("Rust")[2].contains("1.89"));
    let schema = scim_rotator::rotation::record::SCHEMA;
    assert!(read(SUPPORT).contains(&format!("schema {schema} is read by every later version")));
}

#[test]
fn every_exit_code_is_promised() {
    let codes = read("src/cli/mod.rs");
    let (_, codes) = codes.split_once("match exit {").expect("the codes");
    let (codes, _) = codes.split_once('}').expect("their end");
    let codes: Vec<&str> = codes
        .lines()
        .filter_map(|line| line.trim().trim_end_matches(',').split_once("=> "))
        .map(|(_, code)| code)
        .collect();
    let (last, first) = codes.split_last().expect("codes");
    let promise = format!("exit codes {} and {last}", first.join(", "));
    assert!(read(SUPPORT).contains(&promise), "{promise}");
}

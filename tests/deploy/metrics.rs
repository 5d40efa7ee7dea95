//! The rules and the documentation know the metrics that there are.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::process::{Command, Stdio};

use crate::exposition::{self, Family};
use crate::support::part;
use crate::{alerts, read};

const DOCUMENTED: &str = "deploy/prometheus/METRICS.md";

#[test]
fn every_metric_and_label_in_the_rules_exists() {
    let families = exposition::families(&exposition::text());
    let rules = alerts::expressions(&read(alerts::RULES));
    let mut named = 0;
    for (rule, expression) in &rules {
        for (name, matchers) in selectors(expression) {
            named += 1;
            let family = families
                .get(&name)
                .unwrap_or_else(|| panic!("{rule} names {name}, which is not exported"));
            for (label, value) in matchers {
                let seen = family.labels.get(&label);
                let seen = seen.unwrap_or_else(|| panic!("{rule}: {name} has no label {label}"));
                for word in value.split('|') {
                    assert!(
                        seen.contains(word),
                        "{rule}: {name} never has {label}=\"{word}\", only {seen:?}"
                    );
                }
            }
        }
    }
    assert!(named > 30, "only {named} metrics were found in the rules");
}

/// The metrics of ours in an expression with the values that their labels must
/// or must not have.
fn selectors(expression: &str) -> Vec<(String, Vec<(String, String)>)> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let mut found = Vec::new();
    let mut rest = expression;
    while let Some(at) = rest.find("scim_rotator") {
        rest = &rest[at..];
        let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
        let name = &rest[..end];
        rest = &rest[end..];
        // With a colon it is a recorded series.
        if !name.contains(':') {
            let matchers = match rest.starts_with('{') {
                true => matchers(&rest[..rest.find('}').expect("a closing brace")]),
                false => Vec::new(),
            };
            found.push((name.to_owned(), matchers));
        }
    }
    found
}

fn matchers(inside: &str) -> Vec<(String, String)> {
    let pairs = inside.trim_start_matches('{').split(',');
    pairs
        .map(|pair| {
            let (label, value) = pair.split_once('"').expect("a quoted value");
            let label = label.trim().trim_end_matches(['=', '~', '!']);
            (label.to_owned(), value.trim_end_matches('"').to_owned())
        })
        .collect()
}

#[test]
fn recorded_series_that_are_used_are_recorded() {
    let rules = read(alerts::RULES);
    let recorded: BTreeSet<&str> = rules
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- record: "))
        .collect();
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let used: BTreeSet<&str> = rules
        .split(|c| !is_name(c))
        .filter(|word| word.starts_with("scim_rotator:"))
        .map(|word| word.trim_end_matches(':'))
        .collect();
    assert!(!recorded.is_empty());
    assert_eq!(recorded, used);
}

#[test]
fn every_exported_metric_is_documented_as_it_is() {
    let families = exposition::families(&exposition::text());
    let exported: BTreeMap<String, (String, String)> = families
        .iter()
        .map(|(name, family)| (name.clone(), (family.kind.clone(), labels(family))))
        .collect();
    assert_eq!(documented(&read(DOCUMENTED)), exported);
}

fn labels(family: &Family) -> String {
    let names: Vec<&str> = family.labels.keys().map(String::as_str).collect();
    names.join(", ")
}

/// The rows of the tables: name, then type and labels in alphabetical order.
fn documented(text: &str) -> BTreeMap<String, (String, String)> {
    let rows = text.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let cells: Vec<String> = row
            .trim_matches('|')
            .split('|')
            .map(|cell| cell.trim().replace('`', ""))
            .collect();
        let [name, kind, labels, meaning] = &cells[..] else {
            panic!("not four cells: {row}");
        };
        assert!(!meaning.is_empty(), "{name} has no meaning");
        let mut labels: Vec<&str> = labels.split(", ").filter(|l| !l.is_empty()).collect();
        labels.sort_unstable();
        (name.clone(), (kind.clone(), labels.join(", ")))
    })
    .collect()
}

#[test]
fn prometheus_finds_no_fault_with_the_exposition() {
    let Some(prometheus) = part::find("prometheus") else {
        return;
    };
    let mut promtool = Command::new(prometheus.join("bin/promtool"))
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool starts");
    let mut stdin = promtool.stdin.take().expect("a pipe");
    stdin
        .write_all(exposition::text().as_bytes())
        .expect("promtool reads");
    drop(stdin);
    let output = promtool.wait_with_output().expect("promtool ends");
    let said = String::from_utf8_lossy(&output.stderr) + String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.is_empty(), "{said}");
}

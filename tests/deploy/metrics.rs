//! The rules and the documentation know the metrics that there are.

use std::collections::{BTreeMap, BTreeSet};

use crate::exposition::{self, Family};
use crate::support::{promtool, series};
use crate::{alerts, read};

const DOCUMENTED: &str = "deploy/prometheus/METRICS.md";

#[test]
fn every_metric_and_label_in_the_rules_exists() {
    let families = exposition::families(&exposition::text());
    let rules = alerts::expressions(&read(alerts::RULES));
    let named: usize = rules
        .iter()
        .map(|(rule, expression)| assert_exists(rule, expression, &families))
        .sum();
    assert!(named > 30, "only {named} metrics were found in the rules");
}

/// Fails if an expression names a metric, a label or a word that is never
/// exported. Returns how many metrics it names.
pub(crate) fn assert_exists(
    place: &str,
    expression: &str,
    families: &BTreeMap<String, Family>,
) -> usize {
    let selectors = selectors(expression);
    for (name, matchers) in &selectors {
        let family = families
            .get(exposition::family_name(name, families))
            .unwrap_or_else(|| panic!("{place} names {name}, which is not exported"));
        for (label, value) in matchers {
            // Prometheus adds it, and a person chooses.
            if label == "job" || value.contains('$') {
                continue;
            }
            let seen = family.labels.get(label);
            let seen = seen.unwrap_or_else(|| panic!("{place}: {name} has no label {label}"));
            for word in value.split('|') {
                assert!(
                    seen.contains(word),
                    "{place}: {name} never has {label}=\"{word}\", only {seen:?}"
                );
            }
        }
    }
    selectors.len()
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
    let used: BTreeSet<String> = words(&rules)
        .filter(|word| word.starts_with("scim_rotator:"))
        .map(str::to_owned)
        .collect();
    let recorded = recorded();
    assert!(!recorded.is_empty());
    assert_eq!(recorded, used);
}

/// The series that the rules record.
pub(crate) fn recorded() -> BTreeSet<String> {
    let rules = read(alerts::RULES);
    let names = rules
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- record: "));
    names.map(str::to_owned).collect()
}

/// The words of a text that could be the name of a metric.
pub(crate) fn words(text: &str) -> impl Iterator<Item = &str> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    text.split(move |c| !is_name(c))
        .map(|word| word.trim_end_matches(':'))
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
    let text = exposition::text();
    series::assert_few(&text);
    for part in promtool::PARTS {
        promtool::check_metrics(part, &text);
    }
}

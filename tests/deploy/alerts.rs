//! Every alert says what to do, and is tested.

use std::collections::BTreeSet;
use std::path::Path;

use scim_rotator::rotation::state::{STATES, Word};

use crate::{metrics, read};

pub(crate) const RULES: &str = "deploy/prometheus/scim-rotator.rules.yml";
const RUNBOOK: &str = "deploy/RUNBOOK.md";
const ROUTING: &str = "deploy/alertmanager/alertmanager.yml";
const TESTS: &str = "tests/deploy/prometheus";

/// What follows `- alert: ` and `- record: `, by name. promtool reads the file
/// as YAML; here its fixed layout is enough.
fn rules(text: &str) -> Vec<(String, String)> {
    let begins = |line: &str| {
        let line = line.trim_start();
        let name = line
            .strip_prefix("- alert: ")
            .or_else(|| line.strip_prefix("- record: "));
        name.map(str::to_owned)
    };
    let mut rules: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        if let Some(name) = begins(line) {
            rules.push((name, String::new()));
        } else if let Some((_, body)) = rules.last_mut() {
            body.push_str(line);
            body.push('\n');
        }
    }
    rules
}

/// The expression of each rule.
pub(crate) fn expressions(text: &str) -> Vec<(String, String)> {
    let expression = |body: &str| {
        let (_, rest) = body.split_once("    expr: ").expect("an expression");
        let ends = |line: &str| {
            ["    for:", "    labels:", "  #"]
                .iter()
                .any(|key| line.starts_with(key))
        };
        let lines: Vec<&str> = rest.lines().take_while(|line| !ends(line)).collect();
        lines.join("\n")
    };
    let rules = rules(text).into_iter();
    rules
        .map(|(name, body)| (name, expression(&body)))
        .collect()
}

fn alerts() -> Vec<(String, String)> {
    let text = read(RULES);
    let alerts: Vec<_> = rules(&text)
        .into_iter()
        .filter(|(name, _)| name.starts_with("Scim"))
        .collect();
    assert_eq!(alerts.len(), text.matches("- alert: ").count());
    alerts
}

#[test]
fn every_alert_has_a_severity_a_text_and_its_section_in_the_runbook() {
    let sections = sections();
    for (name, body) in alerts() {
        // What would wake somebody depends on the environment.
        let severity = ["'{{ $labels.severity }}'", "warning", "info"]
            .iter()
            .any(|word| body.contains(&format!("      severity: {word}\n")));
        assert!(severity, "{name} has no severity");
        for key in ["summary: ", "description: "] {
            assert!(body.contains(key), "{name} has no {key}");
        }
        let links = [
            (
                "runbook_url",
                "runbook",
                format!("#{}", name.to_lowercase()),
            ),
            ("page_url", "page", String::new()),
        ];
        for (key, which, rest) in links {
            let url = format!(
                "      {key}: '{{{{ with query \"scim_rotator:links:info\" }}}}{{{{ . | first | label \"{which}\" }}}}{{{{ end }}}}{rest}'\n"
            );
            assert!(body.contains(&url), "{name} has no {url}");
        }
        assert!(body.contains("      dashboard_url: "), "{name}");
        assert!(sections.contains(&name), "{name} has no section");
    }
}

#[test]
fn every_section_of_the_runbook_has_its_alert_and_its_three_answers() {
    let alerts: BTreeSet<String> = alerts().into_iter().map(|(name, _)| name).collect();
    assert_eq!(sections(), alerts);
    let text = read(RUNBOOK);
    for section in text.split("\n### ").skip(1) {
        let name = section.lines().next().expect("a heading");
        for answer in ["**Meaning.**", "**Check.**", "**Remedy.**"] {
            assert!(section.contains(answer), "{name} lacks {answer}");
        }
    }
}

/// What the states of tokens and the banners name, in whichever file of the core.
#[test]
fn every_state_links_to_a_section_of_the_runbook() {
    let sections = sections();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rotation/state");
    let mut named = BTreeSet::new();
    for file in std::fs::read_dir(folder).expect("the folder") {
        let text = std::fs::read_to_string(file.expect("a file").path()).expect("text");
        for literal in text.split('"').skip(1).step_by(2) {
            if literal.starts_with("Scim") && literal.chars().all(char::is_alphanumeric) {
                named.insert(literal.to_owned());
            }
        }
    }
    assert!(named.len() > 15, "{named:?}");
    let missing: Vec<_> = named.difference(&sections).collect();
    assert!(missing.is_empty(), "no section: {missing:?}");
    let (file, anchor) = STATES.split_once('#').expect("an anchor");
    assert_eq!((file, anchor), (RUNBOOK, "states"));
    let text = read(RUNBOOK);
    let (_, states) = text.split_once("\n## States\n").expect("the section");
    for word in Word::ALL {
        assert!(
            states.contains(&format!("| `{}` |", word.text())),
            "{word:?}"
        );
    }
}

fn sections() -> BTreeSet<String> {
    let text = read(RUNBOOK);
    let headings = text.lines().filter_map(|line| line.strip_prefix("### "));
    headings.map(str::to_owned).collect()
}

#[test]
fn every_alert_is_shown_to_fire_and_not_to_fire() {
    let (mut fires, mut rests) = (BTreeSet::new(), BTreeSet::new());
    let mut with_environment = BTreeSet::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(TESTS);
    for file in std::fs::read_dir(folder).expect("the folder") {
        let text = std::fs::read_to_string(file.expect("a file").path()).expect("text");
        for case in text.split("    alertname: ").skip(1) {
            let (name, rest) = case.split_once('\n').expect("a line");
            let rest = rest.trim_start();
            let of = match rest.starts_with("exp_alerts: []") {
                true => &mut rests,
                false => &mut fires,
            };
            assert!(rest.starts_with("exp_alerts:"), "{name}: {rest:.40}");
            if rest.contains("        environment: ") {
                with_environment.insert(name.to_owned());
            }
            of.insert(name.to_owned());
        }
    }
    let alerts: BTreeSet<String> = alerts().into_iter().map(|(name, _)| name).collect();
    assert_eq!(fires, alerts);
    assert_eq!(rests, alerts);
    assert_eq!(with_environment, alerts, "an alert says of what it is");
}

#[test]
fn the_routing_names_alerts_that_there_are() {
    let alerts: BTreeSet<String> = alerts().into_iter().map(|(name, _)| name).collect();
    let text = read(ROUTING);
    let named = metrics::words(&text).filter(|word| word.starts_with("Scim"));
    let named: BTreeSet<&str> = named.collect();
    assert!(named.len() > 3, "{named:?}");
    for name in named {
        assert!(alerts.contains(name), "{ROUTING} names {name}");
    }
}

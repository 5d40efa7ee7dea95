//! The dashboards: what Grafana needs to show them, and metrics that there are.
//! That each query finds something is shown by `queries`, and by `tests/real/alerting`
//! with a daemon.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::exposition;
use crate::metrics::{assert_exists, recorded, words};
use crate::support::dashboards::{self, Dashboard};
use crate::support::part;

/// A dashboard is as wide as this.
const WIDTH: u64 = 24;
/// The kinds of panel that Grafana 10 and later have built in.
const KINDS: [&str; 5] = ["stat", "table", "timeseries", "state-timeline", "heatmap"];
/// What Grafana fills in by itself.
const BUILT_IN: [&str; 1] = ["__rate_interval"];

#[test]
fn every_dashboard_can_be_imported_as_it_is() {
    let mut uids = BTreeSet::new();
    for dashboard in dashboards::all() {
        let Dashboard { file, json } = &dashboard;
        assert!(json["id"].is_null(), "{file}: the id is Grafana's to give");
        assert!(json["schemaVersion"].as_u64() >= Some(36), "{file}");
        for key in ["title", "description"] {
            assert!(!text(json, key).is_empty(), "{file} has no {key}");
        }
        let uid = text(json, "uid").to_owned();
        assert!(uid.len() <= 40 && uids.insert(uid), "{file}: its uid");
        for panel in dashboard.panels() {
            every_panel_is_whole(file, panel);
        }
        ids_are_unique_and_places_free(file, json);
    }
    for dashboard in dashboards::all() {
        for uid in linked(&dashboard.json) {
            assert!(uids.contains(&uid), "{}: no {uid}", dashboard.file);
        }
    }
}

/// A person comes from each dashboard to the runbook and the status page, and sees the
/// rotations in every graph.
#[test]
fn every_dashboard_links_to_where_the_alerts_do_and_marks_rotations() {
    for Dashboard { file, json } in dashboards::all() {
        let variables: Vec<&Value> = array(&json["templating"], "list").collect();
        for which in ["runbook", "page"] {
            let url = format!("${{{which}:raw}}");
            let mut links = array(&json, "links");
            assert!(links.any(|link| link["url"] == url), "{file}: no {which}");
            let definition = format!("label_values(scim_rotator:links:info, {which})");
            let known = variables.iter().any(|v| v["definition"] == definition);
            assert!(known, "{file}: {which} is not what the rules say");
        }
        let annotations: Vec<&Value> = array(&json["annotations"], "list").collect();
        assert!(!annotations.is_empty(), "{file} marks no rotation");
        for annotation in annotations {
            assert_eq!(annotation["datasource"]["uid"], "${datasource}", "{file}");
            assert!(annotation["enable"] == true && !text(annotation, "expr").is_empty());
        }
    }
}

fn every_panel_is_whole(file: &str, panel: &Value) {
    let title = text(panel, "title");
    let place = format!("{file}, {title}");
    assert!(!title.is_empty() && !text(panel, "description").is_empty());
    assert!(KINDS.contains(&text(panel, "type")), "{place}: its type");
    let mut references = BTreeSet::new();
    for part in std::iter::once(panel).chain(array(panel, "targets")) {
        let source = &part["datasource"];
        assert_eq!(source["type"], "prometheus", "{place}");
        assert_eq!(source["uid"], "${datasource}", "{place}");
    }
    for target in array(panel, "targets") {
        let reference = text(target, "refId").to_owned();
        assert!(references.insert(reference), "{place}: a refId twice");
        assert!(!text(target, "expr").is_empty(), "{place}: no query");
        let (instant, range) = (&target["instant"], &target["range"]);
        assert!(instant.is_boolean() && range.is_boolean() && instant != range);
    }
    assert!(!references.is_empty(), "{place} asks nothing");
    // Columns of a table are named after the queries that fill them.
    for column in columns(panel) {
        let Some(reference) = column.strip_prefix("Value #") else {
            continue;
        };
        assert!(references.contains(reference), "{place}: no {column}");
    }
}

/// The columns that overrides and transformations speak of.
fn columns(panel: &Value) -> Vec<String> {
    let overrides = array(&panel["fieldConfig"], "overrides");
    let mut columns: Vec<String> = overrides
        .filter_map(|o| o["matcher"]["options"].as_str())
        .map(str::to_owned)
        .collect();
    let transformations = panel["transformations"].as_array();
    for transformation in transformations.into_iter().flatten() {
        for key in ["excludeByName", "indexByName", "renameByName"] {
            let names = transformation["options"][key].as_object();
            columns.extend(names.into_iter().flat_map(|names| names.keys().cloned()));
        }
    }
    columns
}

fn ids_are_unique_and_places_free(file: &str, json: &Value) {
    let (mut ids, mut taken) = (BTreeSet::new(), BTreeSet::new());
    for panel in array(json, "panels") {
        let id = panel["id"].as_u64().expect("an id");
        assert!(ids.insert(id), "{file}: the id {id} twice");
        let at = |key: &str| panel["gridPos"][key].as_u64().expect("a place");
        assert!(at("x") + at("w") <= WIDTH, "{file}: {id} is too wide");
        for x in at("x")..at("x") + at("w") {
            for y in at("y")..at("y") + at("h") {
                assert!(taken.insert((x, y)), "{file}: {id} lies on another");
            }
        }
    }
}

/// The uids of dashboards that are linked to.
fn linked(json: &Value) -> BTreeSet<String> {
    let all = json.to_string();
    let links = all.split("\"/d/").skip(1);
    let uid = |link: &str| link.split(['?', '"']).next().unwrap_or_default().to_owned();
    links.map(uid).collect()
}

#[test]
fn data_source_and_token_are_chosen_by_a_person_and_every_variable_is_known() {
    for dashboard in dashboards::all() {
        let list = array(&dashboard.json["templating"], "list");
        let variables: BTreeMap<&str, &Value> = list.map(|v| (text(v, "name"), v)).collect();
        let file = &dashboard.file;
        assert_eq!(variables["datasource"]["type"], "datasource", "{file}");
        assert_eq!(variables["datasource"]["query"], "prometheus", "{file}");
        assert_eq!(variables["token"]["type"], "query", "{file}");
        for query in dashboard.queries() {
            for name in query.expr.split('$').skip(1) {
                let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
                let name = &name[..name.find(|c| !is_name(c)).unwrap_or(name.len())];
                // `$1` of label_replace, which Grafana leaves as it is.
                let is_group = name.chars().all(|c| c.is_ascii_digit());
                let known = variables.contains_key(name) || BUILT_IN.contains(&name) || is_group;
                assert!(known, "{}: ${name}", query.place);
            }
        }
    }
}

#[test]
fn every_metric_and_label_in_the_dashboards_exists() {
    let families = exposition::families(&exposition::text());
    let recorded = recorded();
    for dashboard in dashboards::all() {
        let variables = array(&dashboard.json["templating"], "list");
        let definitions = variables.filter_map(|v| v["definition"].as_str());
        let definitions = definitions.map(|d| (dashboard.file.clone(), d.to_owned()));
        let queries = dashboard.queries().into_iter().map(|q| (q.place, q.expr));
        let mut named = 0;
        for (place, expr) in definitions.chain(queries) {
            named += assert_exists(&place, &expr, &families);
            for word in words(&expr).filter(|word| word.starts_with("scim_rotator:")) {
                assert!(recorded.contains(word), "{place}: no rule records {word}");
            }
            for word in words(&expr).filter(|word| word.starts_with("process_")) {
                assert!(families.contains_key(word), "{place}: no {word}");
            }
        }
        assert!(named > 20, "{}: only {named} metrics", dashboard.file);
    }
}

fn array<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value[key].as_array().expect("an array").iter()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().expect("a text")
}

/// The types that Grafana publishes for its model, from the package that suits the
/// licence of this one; and that they find what is wrong.
#[test]
fn grafana_s_own_types_find_no_fault_with_the_dashboards() {
    let Some(part) = part::find("grafana-schema") else {
        return;
    };
    for Dashboard { file, json } in dashboards::all() {
        assert_eq!(judged(&part, &json), "", "{file}");
    }
    type Wrong = (&'static str, fn(&mut Value));
    let wrong: [Wrong; 4] = [
        ("panels' key", |json| {
            json["panels"][1]["optionz"] = Value::Bool(true);
        }),
        ("color mode", |json| {
            json["panels"][1]["options"]["colorMode"] = "loud".into();
        }),
        ("hide", |json| {
            json["templating"]["list"][0]["hide"] = 9.into();
        }),
        ("annotation", |json| {
            json["annotations"]["list"][0]["enable"] = "yes".into();
        }),
    ];
    for (what, spoil) in wrong {
        let mut json = dashboards::all().remove(0).json;
        spoil(&mut json);
        assert!(judged(&part, &json).contains("error TS"), "{what}");
    }
}

/// What the judge says of a dashboard; nothing if it is sound.
fn judged(part: &Path, json: &Value) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("dashboard.json");
    std::fs::write(&file, json.to_string()).expect("written");
    let judge = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/judges/grafana.mjs");
    let output = Command::new("node")
        .arg(judge)
        .arg(part)
        .arg(&file)
        .output();
    let output = output.expect("node runs");
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.success(), said.is_empty(), "{said}");
    said.into_owned()
}

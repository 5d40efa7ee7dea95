//! The service provider of the demo, started alone by the real binary, before
//! scim2-tester, which others wrote.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use url::Url;

use super::run::Running;
use super::support::meddler::{Meddle, Meddler};
use super::support::{bare_http, part};

/// Checks that scim2-tester 0.5.2 makes of discovery and, of each kind of resource, of
/// its whole life.
const OF_DISCOVERY: [&str; 11] = [
    "service_provider_config_endpoint",
    "service_provider_config_endpoint_methods",
    "query_all_resource_types",
    "query_resource_type_by_id",
    "resource_types_schema_validation",
    "access_invalid_resource_type",
    "resource_types_endpoint_methods",
    "query_all_schemas",
    "access_schema_by_id",
    "access_invalid_schema",
    "schemas_endpoint_methods",
];
const OF_A_RESOURCE: [&str; 11] = [
    "object_creation",
    "object_query",
    "object_query_without_id",
    "object_query_with_attributes",
    "object_list_with_attributes",
    "search_with_attributes",
    "object_replacement",
    "object_deletion",
    "check_add_attribute",
    "check_remove_attribute",
    "check_replace_attribute",
];

#[tokio::test(flavor = "multi_thread")]
async fn the_service_provider_passes_every_check_of_scim2_tester() {
    let Some(scene) = Scene::start().await else {
        return;
    };
    let results = scene.check(&scene.scim_url).await;
    let failed: Vec<_> = results.iter().filter(|row| !has_passed(row)).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    let mut seen: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for row in &results {
        let about = row["about"].as_str().unwrap_or("discovery");
        let check = row["check"].as_str().expect("a name");
        seen.entry(about).or_default().insert(check);
    }
    let [discovery, resource] = [OF_DISCOVERY, OF_A_RESOURCE].map(BTreeSet::from);
    let found = seen.remove("discovery").unwrap_or_default();
    assert!(found.is_superset(&discovery), "{found:?}");
    assert!(found.contains("random_url"), "{found:?}");
    for kind in ["User", "Group"] {
        assert_eq!(seen.remove(kind).unwrap_or_default(), resource, "{kind}");
    }
    eprintln!("scim2-tester: {} results, none failed", results.len());
    scene.end().await;
}

/// Answers that are wrong in one place: a check that passes always shows nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_answer_fails_the_check_that_looks_at_it() {
    let Some(scene) = Scene::start().await else {
        return;
    };
    let base = Url::parse(scene.scim_url.split("/scim/").next().expect("a base")).expect("a URL");
    for (what, status, body, check) in [
        (
            "POST /scim/v2/Schemas",
            200,
            "{}",
            "schemas_endpoint_methods",
        ),
        ("POST /scim/v2/Users", 201, "{}", "object_creation"),
        ("POST /scim/v2/Groups", 500, "", "object_creation"),
        (
            "GET /scim/v2/ResourceTypes/User",
            404,
            "",
            "query_resource_type_by_id",
        ),
        (
            "PATCH /scim/v2/Users/",
            200,
            "{\"schemas\": []}",
            "check_add_attribute",
        ),
    ] {
        let proxy = Meddler::start(&base).await;
        proxy.next(what, Meddle::Instead { status, body });
        let results = scene
            .check(proxy.url.join("scim/v2").expect("a URL").as_str())
            .await;
        let failed = results.iter().filter(|row| !has_passed(row));
        let failed: Vec<_> = failed
            .map(|row| row["check"].as_str().unwrap_or_default())
            .collect();
        assert!(failed.contains(&check), "{what}: {failed:?}");
    }
    // And a token that is not good gets nowhere.
    let other = Scene {
        token: "demo_wrong".to_owned(),
        ..scene
    };
    let results = other.check(&other.scim_url).await;
    let failed = results
        .iter()
        .filter(|row| row["check"] == "object_creation");
    assert!(
        failed.clone().count() == 2 && failed.into_iter().all(|row| row["status"] == "ERROR"),
        "{results:#?}"
    );
    other.end().await;
}

fn has_passed(row: &Value) -> bool {
    ["SUCCESS", "COMPLIANT", "ACCEPTABLE"].contains(&row["status"].as_str().unwrap_or_default())
}

/// The service provider, with a token for it.
struct Scene {
    running: Running,
    scim_url: String,
    token: String,
    python: std::path::PathBuf,
}

impl Scene {
    async fn start() -> Option<Self> {
        let python = part::find("scim2-tester")?.join("venv/bin/python");
        let mut running = Running::start(&["--only", "service-provider"]);
        let started = running.until("started").await;
        let text = |name: &str| started[name].as_str().expect(name).to_owned();
        let admin = std::fs::read_to_string(text("admin_token_file")).expect("the admin token");
        let issue = bare_http().post(text("admin_url")).bearer_auth(admin);
        let wish = json!({ "label": "scim2-tester", "ttl_seconds": 600 });
        let answer = issue.json(&wish).send().await.expect("an answer");
        let made: Value = answer.json().await.expect("JSON");
        Some(Self {
            running,
            scim_url: text("scim_url"),
            token: made["token"].as_str().expect("a token").to_owned(),
            python,
        })
    }

    /// All results, one an object.
    async fn check(&self, scim_url: &str) -> Vec<Value> {
        let mut child = Command::new(&self.python)
            .arg(part::recipe("scim2-tester", "check.py"))
            .arg(scim_url)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("scim2-tester starts");
        let mut stdin = child.stdin.take().expect("a pipe");
        stdin
            .write_all(self.token.as_bytes())
            .await
            .expect("written");
        drop(stdin);
        let ended = child.wait_with_output().await.expect("it ends");
        let said = String::from_utf8_lossy(&ended.stderr);
        assert!(ended.status.success(), "{said}");
        let lines = String::from_utf8(ended.stdout).expect("text");
        let rows = lines
            .lines()
            .map(|line| serde_json::from_str(line).expect(line));
        rows.collect()
    }

    async fn end(self) {
        self.running.interrupt();
        let ran = self.running.end().await;
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(!ran.out.contains(&self.token), "{ran:?}");
        ran.left_nothing();
    }
}

//! The full cycle against real service providers. `tests/parts/*.sh` provide them;
//! without them these tests skip and say so.

use std::sync::Arc;

use jiff::Timestamp;
use scim_rotator::clock::SystemClock;
use scim_rotator::ports::Probe;
use scim_rotator::scim::config::ProbeConfig;
use scim_rotator::scim::cycle::profile::{CycleConfig, CycleRules};
use scim_rotator::scim::cycle::report::{CycleVerdict, Grade, Report};
use scim_rotator::scim::cycle::run::Order;
use scim_rotator::scim::probe::ScimProbe;
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::{Kept, grade};
use crate::server::{PATIENT, client, token};
use crate::support::bare_http;
use crate::support::better_auth::BetterAuth;
use crate::support::canaille::CanailleServer;
use crate::support::scim2_server::Scim2Server;

fn probe(scim_url: &Url, config: &CycleConfig) -> ScimProbe {
    let rules = CycleRules {
        config: config.clone(),
        environment: "test".to_owned(),
        every: None,
    };
    let clock = Arc::new(SystemClock);
    ScimProbe::new(
        client(PATIENT),
        scim_url.clone(),
        ProbeConfig::default(),
        clock,
    )
    .with_full_cycle(Arc::new(rules))
}

/// Pins what the dry run shows, as a person would, and runs the cycle.
async fn run(scim_url: &Url, text: &str, config: &str) -> Report {
    let mut config: CycleConfig = toml::from_str(config).expect("a table");
    let value = token(text);
    let look = probe(scim_url, &config);
    let look = look.full_cycle().expect("allowed").look(&value).await;
    config.tenant_marker.configuration = look.configuration;
    let probe = probe(scim_url, &config);
    let journal = Kept::default();
    let order = Order {
        token: &value,
        issued_at: Timestamp::UNIX_EPOCH,
        name: "real",
        run: "0199f0",
        holder: "a",
        journal: &journal,
        cancel: &CancellationToken::new(),
    };
    probe.full_cycle().expect("allowed").run(order).await
}

/// Names of users and groups that a full cycle left.
async fn left(scim_url: &Url, token: &str) -> Vec<String> {
    let mut names = Vec::new();
    for (collection, name) in [("Users", "userName"), ("Groups", "displayName")] {
        let url = format!("{scim_url}/{collection}");
        let answer = bare_http().get(url).bearer_auth(token).send().await;
        let body: Value = answer.expect("an answer").json().await.unwrap_or_default();
        let resources = body["Resources"].as_array().cloned().unwrap_or_default();
        names.extend(
            resources
                .iter()
                .filter_map(|r| r[name].as_str().map(str::to_owned)),
        );
    }
    names.retain(|name| name.starts_with("scimrot-probe-"));
    names
}

#[tokio::test]
async fn scim2_server_passes_and_keeps_nothing() {
    let Some(server) = Scim2Server::start() else {
        return;
    };
    let good = server.mint(600.0).await;
    let report = run(&server.scim_url(), &good.token, "").await;
    assert_eq!(report.verdict(), CycleVerdict::Passed, "{report:#?}");
    assert_eq!(left(&server.scim_url(), &good.token).await, [""; 0]);
    server.revoke(&good.id).await;
    let report = run(&server.scim_url(), &good.token, "").await;
    assert_ne!(
        report.verdict(),
        CycleVerdict::Passed,
        "a revoked token: {report:#?}"
    );
}

/// Each dialect that a service provider may have to understand.
#[tokio::test]
async fn scim2_server_understands_okta_and_all_of_entra_but_its_removals() {
    let Some(server) = Scim2Server::start() else {
        return;
    };
    let good = server.mint(600.0).await;
    for dialect in ["standard", "okta", "entra"] {
        let config = format!("patch_dialect = '{dialect}'");
        let report = run(&server.scim_url(), &good.token, &config).await;
        let failed: Vec<_> = report
            .steps
            .iter()
            .filter(|s| s.grade == Grade::Failed)
            .collect();
        match (dialect, failed.as_slice()) {
            // It refuses a removal with values, which the standard does not know.
            ("entra", [step]) => {
                assert_eq!(step.step.as_str(), "member_remove", "{step:?}");
                assert!(step.detail.contains("as Entra ID writes it"), "{step:?}");
            }
            (_, failed) => assert!(failed.is_empty(), "{dialect}: {failed:#?}"),
        }
        let shown = |step: &str| grade(&report, step) == Some(Grade::Passed);
        assert!(
            ["change", "deactivate", "member_add"]
                .into_iter()
                .all(shown),
            "{report:#?}"
        );
        assert_eq!(left(&server.scim_url(), &good.token).await, [""; 0]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn canaille_shows_what_it_deviates_in_and_keeps_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(server) = CanailleServer::start(&folder.path().join("canaille")).await else {
        return;
    };
    let good = server.issue().await;
    // It refuses mail addresses of domains that can never get mail, and says so.
    let report = run(&server.scim_url(), &good, "").await;
    let refused = report.decisive().expect("a step that failed");
    assert_eq!(
        (refused.step.as_str(), refused.grade),
        ("create", Grade::Failed)
    );
    assert!(
        refused.detail.contains("`full_cycle.domain`"),
        "{refused:?}"
    );
    // A second user of the same name is a 500 there, and members have no ids.
    let config =
        "domain = 'probe.example.com'\nduplicate = false\ngroups = false\nexternal_id = 'dropped'";
    let report = run(&server.scim_url(), &good, config).await;
    assert_eq!(report.verdict(), CycleVerdict::Passed, "{report:#?}");
    assert_eq!(grade(&report, "create"), Some(Grade::Warned), "{report:#?}");
    assert_eq!(left(&server.scim_url(), &good).await, [""; 0]);
}

#[tokio::test]
async fn better_auth_passes_and_keeps_nothing() {
    let Some(server) = BetterAuth::start() else {
        return;
    };
    let good = server.mint("cycle", 600).await;
    let report = run(&server.scim_url(), &good.token, "").await;
    assert_eq!(report.verdict(), CycleVerdict::Passed, "{report:#?}");
    assert_eq!(left(&server.scim_url(), &good.token).await, [""; 0]);
}

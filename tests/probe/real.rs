//! The probe against real service providers. `tests/parts/*.sh` provide them;
//! without them these tests skip and say so.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use scim_rotator::ports::Probe;
use scim_rotator::scim::config::ProbeConfig;
use scim_rotator::scim::evidence::{FindingReason as Why, Verdict};
use scim_rotator::scim::probe::ScimProbe;
use serde_json::json;
use url::Url;

use super::server::{HASTY, PATIENT, client, token};
use super::support::better_auth::BetterAuth;
use super::support::scim2_server::Scim2Server;
use scim_rotator::clock::SystemClock;

fn probe(scim_url: Url) -> ScimProbe {
    probe_that_waits(PATIENT, scim_url)
}

fn probe_that_waits(longest: SignedDuration, scim_url: Url) -> ScimProbe {
    let (config, clock) = (ProbeConfig::default(), Arc::new(SystemClock));
    ScimProbe::new(client(longest), scim_url, config, clock)
}

#[tokio::test]
async fn scim2_server_good_wrong_expired_revoked() {
    let Some(server) = Scim2Server::start() else {
        return;
    };
    let probe = probe(server.scim_url());
    let good = server.mint(600.0).await;
    let verdict = probe.prove(&token(&good.token)).await;
    assert!(
        matches!(&verdict, Verdict::Pass(e) if e.is_full()),
        "{verdict:?}"
    );

    let wrong = token("wrong-9sD4fG6hJ0aLZq3vT8yK1mN5bX7cR2wP");
    let verdict = probe.prove(&wrong).await;
    assert!(
        matches!(&verdict, Verdict::Fail(f) if f.reason == Why::Rejected),
        "{verdict:?}"
    );

    let short = server.mint(0.3).await;
    tokio::time::sleep(Duration::from_millis(400)).await;
    let verdict = probe.prove(&token(&short.token)).await;
    assert!(
        matches!(&verdict, Verdict::Fail(f) if f.reason == Why::Rejected),
        "{verdict:?}"
    );

    let old = server.mint(600.0).await;
    let verdict = probe
        .prove_refused(&token(&old.token), &token(&good.token))
        .await;
    assert!(
        matches!(&verdict, Verdict::Fail(f) if f.reason == Why::StillAccepted),
        "{verdict:?}"
    );
    server.revoke(&old.id).await;
    let verdict = probe
        .prove_refused(&token(&old.token), &token(&good.token))
        .await;
    assert!(matches!(verdict, Verdict::Pass(_)), "{verdict:?}");
}

#[tokio::test]
async fn scim2_server_with_faults_proves_nothing() {
    let Some(server) = Scim2Server::start() else {
        return;
    };
    let probe = probe(server.scim_url());
    let good = server.mint(600.0).await;
    let hasty = probe_that_waits(HASTY, server.scim_url());
    for (probe, fault, reason) in [
        (
            &probe,
            json!({"status": 429, "retry_after": 1}),
            Why::Throttled,
        ),
        (&probe, json!({"status": 500}), Why::ServerError),
        (&probe, json!({"status": 200, "body": "html"}), Why::NotScim),
        (&hasty, json!({"delay_ms": 2000}), Why::Unreachable),
    ] {
        let name = fault.to_string();
        let mut fault = fault;
        fault["path_prefix"] = "/v2/".into();
        fault["count"] = 50.into();
        server.plan_fault(fault).await;
        let verdict = probe.prove(&token(&good.token)).await;
        assert!(
            matches!(&verdict, Verdict::Inconclusive(f) if f.reason == reason),
            "{name}: {verdict:?}"
        );
        server.clear_faults().await;
    }
    let verdict = probe.prove(&token(&good.token)).await;
    assert!(
        matches!(&verdict, Verdict::Pass(e) if e.is_full()),
        "{verdict:?}"
    );
}

#[tokio::test]
async fn better_auth_overlap_and_revocation() {
    let Some(server) = BetterAuth::start() else {
        return;
    };
    let probe = probe(server.scim_url());
    let old = server.mint("old", 600).await;
    let new = server.mint("new", 600).await;
    for minted in [&old, &new] {
        let verdict = probe.prove(&token(&minted.token)).await;
        assert!(
            matches!(&verdict, Verdict::Pass(e) if e.is_full()),
            "{verdict:?}"
        );
    }
    let (old_token, new_token) = (token(&old.token), token(&new.token));
    let verdict = probe.prove_refused(&old_token, &new_token).await;
    assert!(
        matches!(&verdict, Verdict::Fail(f) if f.reason == Why::StillAccepted),
        "{verdict:?}"
    );
    server.revoke(&old.id).await;
    let verdict = probe.prove_refused(&old_token, &new_token).await;
    assert!(matches!(verdict, Verdict::Pass(_)), "{verdict:?}");
}

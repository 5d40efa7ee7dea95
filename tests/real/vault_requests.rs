//! What a rotation costs Vault in which everything goes wrong once: the issuer
//! is out of order (503), the identity provider refuses, and Vault is sealed for
//! a while. (`rotation.rs` counts those of a rotation in which nothing does.)
//!
//! Vault's audit log tells what it did for us; the daemon's own count also
//! holds what was refused while Vault was sealed.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;

use super::audit::{Audit, is_housekeeping};
use super::daemon::Daemon;
use super::house::{House, executable, is_settled};
use super::parts::{DUE, Keeper, due_fields, exec_connection, scim2_server_issuer, token};
use super::support::scim2_server::Scim2Server;
use super::wait::eventually;

/// How long Vault is sealed.
const SEALED: Duration = Duration::from_secs(5);
/// From the start of the daemon, with login and adoption. It takes 17; the rest
/// is for machines so slow that the lease has to be taken again.
const MOST: usize = 24;
/// What a sealed Vault refuses. It takes five: the pauses grow.
const MOST_WHILE_SEALED: f64 = 15.0;

#[tokio::test]
async fn troubles_do_not_turn_into_a_flood_of_requests() {
    let (Some(house), Some(server)) = (House::with_durable_vault().await, Scim2Server::start())
    else {
        return;
    };
    let old = server.mint(3600.0).await;
    house.write_by_hand(due_fields(&old.token, &old.id)).await;
    let fault = json!({ "path_prefix": "/_tokens", "method": "POST", "status": 503 });
    server.plan_fault(fault).await;
    let keeper = Keeper::slow(&house, "3");
    let sections = [
        scim2_server_issuer(&server),
        busy_at_first(&house, &keeper),
        token(&server.scim_url(), "idp", DUE),
    ];
    let audit = Audit::start(&house).await;
    let daemon = house.run(&sections.concat()).await;
    house
        .until("the identity provider refused once", |record| {
            record["rotation"]["stage"] == "delivering" && house.path("busy").exists()
        })
        .await;
    house.vault.seal().await;
    let before = refused(&daemon).await;
    tokio::time::sleep(SEALED).await;
    let while_sealed = refused(&daemon).await - before;
    house.vault.unseal().await;
    house
        .until("the rotation is done", |record| {
            record["generation"] == 2 && is_settled(record)
        })
        .await;
    let by_kind = count(audit.requests_of_the_daemon());
    let about_tokens: usize = by_kind
        .iter()
        .filter(|(request, _)| !is_housekeeping(request))
        .map(|(_, times)| times)
        .sum();
    eprintln!(
        "a rotation with a 503, a refusal and a sealed Vault: {about_tokens} requests served, {while_sealed} refused in {SEALED:?}\n{by_kind:#?}"
    );
    assert!(about_tokens <= MOST, "{by_kind:#?}");
    assert!(
        while_sealed >= 1.0,
        "it was sealed in the middle of the work"
    );
    assert!(while_sealed <= MOST_WHILE_SEALED, "{while_sealed}");
    assert_eq!(server.live().await.len(), 1, "and all came to its end");
    daemon.stop().await;
    house.close().await;
}

/// `[connections.idp.exec]` before this keeper: refuses the first token that it
/// is given.
fn busy_at_first(house: &House, keeper: &Keeper) -> String {
    let (busy, keep) = (house.path("busy"), keeper.program());
    let text = format!(
        "#!/bin/sh\n[ -e {busy:?} ] && exec {keep:?}\ntouch {busy:?}\necho '{{\"result\": \"not_applied\", \"detail\": \"busy\"}}'\nexit 1\n"
    );
    let program = house.file("busy-at-first", &text);
    executable(&program);
    exec_connection(house, &program)
}

/// How many requests Vault refused because it was sealed.
async fn refused(daemon: &Daemon) -> f64 {
    let (_, metrics) = eventually("metrics", async || daemon.get("/metrics").await).await;
    let lines = metrics.lines().filter(|line| {
        line.starts_with("scim_rotator_http_requests_total{code=\"503\"")
            && line.contains("target=\"vault\"")
    });
    lines
        .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
        .sum()
}

fn count(requests: Vec<String>) -> BTreeMap<String, usize> {
    let mut count = BTreeMap::new();
    for request in requests {
        *count.entry(request).or_default() += 1;
    }
    count
}

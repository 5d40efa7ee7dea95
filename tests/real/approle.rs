//! The shipped policy with one line less. (All other tests run with the shipped
//! policy as it is.)

use super::house::{House, is_settled};
use super::parts::{DUE, Keeper, better_auth_issuer, due_at_once, token};
use super::support::better_auth::BetterAuth;
use super::wait::eventually;

const PUBLISHED: &str =
    "path \"kv/data/scim/*\" {\n  capabilities = [\"create\", \"read\", \"update\"]\n}\n";
const LINE: &str =
    "path \"kv/data/scim/crm\" { capabilities = [\"create\", \"read\", \"update\"] }";

#[tokio::test]
async fn a_missing_policy_line_is_named_and_adding_it_is_enough() {
    let (Some(mut house), Some(server)) = (House::new().await, BetterAuth::start()) else {
        return;
    };
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/vault/scim-rotator.hcl");
    let shipped = std::fs::read_to_string(shipped).expect("the policy");
    assert!(shipped.contains(PUBLISHED), "the policy changed its form");
    let partial = shipped.replace(PUBLISHED, "");
    due_at_once(&house, &server).await;
    let keeper = Keeper::new(&house);
    let sections = [
        better_auth_issuer(&mut house, &server).await,
        keeper.connection(&house),
        token(&server.scim_url(), "idp", DUE),
    ];
    house.vault.policy("scim-rotator", &partial).await;
    let daemon = house.run(&sections.concat()).await;
    eventually("the missing line is named, ready to paste", async || {
        daemon.log().contains(LINE).then_some(())
    })
    .await;
    eventually("the page for people tells of it", async || {
        let (_, body) = daemon.get("/readyz").await?;
        body.contains("kv/data/scim/crm").then_some(())
    })
    .await;
    let once = house.command(&["once", "--timeout", "10s"]).await;
    assert_eq!(once.code, Some(75), "{}", once.stdout);
    assert!(once.stdout.contains("kv/data/scim/crm"), "{}", once.stdout);
    assert!(once.stdout.contains("check --online"), "{}", once.stdout);
    let check = house.command(&["check", "--online"]).await;
    assert_ne!(check.code, Some(0));
    let said = format!("{}{}", check.stdout, check.stderr);
    assert!(said.contains(LINE), "{said}");

    let mended = format!("{partial}\n{LINE}\n");
    house.vault.policy("scim-rotator", &mended).await;
    house
        .until("it works without a restart", |record| {
            record["generation"] == 2 && is_settled(record)
        })
        .await;
    daemon.stop().await;

    // Commands that get nowhere take their Vault token with them.
    let nothing = "path \"auth/token/revoke-self\" { capabilities = [\"update\"] }";
    house.vault.policy("scim-rotator", nothing).await;
    let before = house.vault.tokens().await;
    for command in [
        &["status"] as &[&str],
        &["plan"],
        &["once"],
        &["rotate", "crm"],
    ] {
        let ran = house.command(command).await;
        assert_eq!(ran.code, Some(75), "{ran:?}");
        assert!(ran.stderr.contains("permission denied"), "{ran:?}");
    }
    assert_eq!(house.vault.tokens().await, before);
    house.vault.policy("scim-rotator", &mended).await;
    house.close().await;
}

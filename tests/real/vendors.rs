//! Full rotations with the vendor files that are built into the program, used by
//! their names as the kinds, against servers with a state.

use std::cell::Cell;

use serde_json::Value;

use super::house::{House, is_settled, text};
use super::parts::{due_fields, read_users, token};
use super::saas::entra::{self, Entra};
use super::saas::{Mint, auth0, terraform};

/// Terraform grants no less than 30 days.
const TIMES: &str = "lifetime = \"30d\"\noverlap = \"2s\"";

#[tokio::test]
async fn auth0_issues_what_entra_provisions_with() {
    let Some(mut house) = House::new().await else {
        return;
    };
    let (sp, mint) = Mint::new().await;
    let server = auth0::start(&mint).await;
    let secret = house.credential("auth0", auth0::CLIENT_SECRET).await;
    let issuer = auth0::issuer(&server, &secret);
    turns_over(house, &sp.scim_url(), &mint, &issuer).await;
}

#[tokio::test]
async fn hcp_terraform_issues_what_entra_provisions_with() {
    let Some(mut house) = House::new().await else {
        return;
    };
    let (sp, mint) = Mint::new().await;
    let server = terraform::start(&mint).await;
    let owners = house.credential("terraform", terraform::TOKEN).await;
    let issuer = terraform::issuer(&server, &owners);
    turns_over(house, &sp.scim_url(), &mint, &issuer).await;
}

/// The due token is replaced while users are provisioned with it: nobody is
/// refused, and the old token ends.
async fn turns_over(mut house: House, scim_url: &url::Url, mint: &Mint, issuer: &str) {
    let old = mint.issue("by hand", 3600).await;
    let (old_id, old) = (text(&old["id"]), text(&old["token"]));
    house.write_by_hand(due_fields(old, old_id)).await;
    let entra = Entra::start(old, scim_url).await;
    let secret = house.credential("entra", entra::CLIENT_SECRET).await;
    let sections = [
        issuer,
        &entra.connection(&secret),
        &token(scim_url, "hr", TIMES),
    ];
    let daemon = house.run(&sections.concat()).await;
    let turned = Cell::new(false);
    let turning = async {
        let second = |record: &Value| record["generation"] == 2 && is_settled(record);
        let record = house.until("the new token, alone", second).await;
        turned.set(true);
        record
    };
    let hiring = async {
        let mut hired = 0;
        while !turned.get() {
            entra.hire(&format!("during-{hired}")).await;
            hired += 1;
        }
        hired
    };
    let (record, hired) = tokio::join!(turning, hiring);
    entra.hire("after").await;
    daemon.stop().await;

    let new = &record["current"];
    assert_eq!(record["history"][0]["trigger"], "schedule");
    assert!(record["history"][0]["old_refused"].is_object(), "{record}");
    assert_eq!(entra.holds(), text(&new["value"]));
    assert_eq!(read_users(scim_url, old).await, 401, "it is dead");
    assert_eq!(mint.live().await, [text(&new["id"])]);
    assert_eq!(record["issues"].as_array().map(Vec::len), Some(1));
    let (sent, refused, tested) = entra.counts();
    assert_eq!((sent, refused), (hired + 1, 0), "of {hired} hired");
    assert!(tested >= 2, "before it was saved, and afterwards");
    house.close().await;
}

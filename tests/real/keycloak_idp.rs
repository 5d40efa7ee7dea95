//! Keycloak sends users to the demo's service provider with the token that a
//! component of its realm holds, and the daemon replaces that token over the
//! admin API.

use std::cell::Cell;
use std::sync::Arc;

use scim_rotator::clock::SystemClock;
use scim_rotator::demo::service_provider::{CallerCount, DemoServiceProvider, Options};
use serde_json::{Value, json};

use super::house::{House, is_settled, text};
use super::mlflow;
use super::parts::{DUE, due_fields, read_users, token};
use super::support::bare_http;
use super::support::keycloak::identity_provider::{
    IdentityProvider, REALM, ROTATOR, ROTATOR_SECRET,
};

/// As the plug-in calls itself.
const PLUGIN: &str = "keycloak-scim-plugin";
/// What Keycloak shows in the place of a secret.
const MASK: &str = "**********";

/// One server for all: it takes its time to start.
#[tokio::test]
async fn keycloak_sends_users_with_each_new_token() {
    let Some(mut house) = House::new().await else {
        return;
    };
    let Some(idp) = IdentityProvider::start().await else {
        return;
    };
    // It is a Java virtual machine that has just started, on a machine that is busy.
    house.longest_call = 30;
    house.sweep = "5s";
    let options = Options::new(Arc::new(SystemClock));
    let sp = DemoServiceProvider::start(options).await.expect("a port");
    let admin = house.credential("sp", sp.admin_token().expose()).await;
    house.credential("keycloak", ROTATOR_SECRET).await;
    let issuer = sp.issuer_config("sp", &admin);

    users_arrive_while_a_token_turns_over(&house, &idp, &sp, &issuer).await;
    a_masked_token_is_proven_by_the_plug_in(&house, &idp, &sp, &issuer).await;
    house.close().await;
    mlflow::issues_what_keycloak_provisions_with(&idp).await;
}

/// With the least privilege that suffices for the writing, which is too little
/// for asking the plug-in to use the token.
async fn users_arrive_while_a_token_turns_over(
    house: &House,
    idp: &IdentityProvider,
    sp: &DemoServiceProvider,
    issuer: &str,
) {
    let scim_url = sp.scim_url();
    let (id, old) = mint(sp).await;
    house.write_by_hand(due_fields(&old, &id)).await;
    let component = idp.connect("scim", false, &scim_url, &old).await;
    idp.hire("before").await;
    assert_eq!(
        sent(sp).accepted,
        1,
        "with the old token: there is no other"
    );

    let connection = connection(idp, &component, "");
    let sections = [issuer, &connection, &token(&scim_url, "sso", DUE)];
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
            idp.hire(&format!("during-{hired}")).await;
            hired += 1;
        }
        hired
    };
    let (record, hired) = tokio::join!(turning, hiring);
    daemon.stop().await;

    assert_eq!(record["history"][0]["trigger"], "schedule");
    assert!(record["history"][0]["old_refused"].is_object(), "{record}");
    assert_eq!(read_users(&scim_url, &old).await, 401, "it is dead");
    assert_eq!(sp.live_tokens(), 1);
    assert_eq!(
        idp.holds(&component).await,
        text(&record["current"]["value"])
    );
    idp.hire("after").await;
    let everybody = hired + 2;
    let count = sent(sp);
    assert_eq!((count.accepted, count.refused), (everybody, 0));
    assert_eq!(sp.stats().users as u64, everybody);
    assert!(hired > 3, "hardly anybody came meanwhile: {hired}");
    idp.disconnect(&component).await;
}

/// A component that shows nobody its token, and that Keycloak saves only with a
/// token that the service provider takes. The test of what is saved, by having
/// the plug-in use it, asks for one role more.
async fn a_masked_token_is_proven_by_the_plug_in(
    house: &House,
    idp: &IdentityProvider,
    sp: &DemoServiceProvider,
    issuer: &str,
) {
    let scim_url = sp.scim_url();
    let before = house.record().await;
    let old = text(&before["current"]["value"]);
    let component = idp.connect("scim-secret", true, &scim_url, old).await;
    idp.allow("manage-users").await;
    let used_before = sent(sp).accepted;

    let sections = [
        issuer,
        &connection(idp, &component, TEST_SAVED),
        &token(&scim_url, "sso", DUE),
    ];
    house.configure(&sections.concat());
    let rotate = house
        .command(&["rotate", "crm", "--foreground", "--timeout", "10m"])
        .await;
    assert_eq!(rotate.code, Some(0), "{}{}", rotate.stdout, rotate.stderr);
    assert_eq!(house.record().await["generation"], 3);
    assert_eq!(idp.holds(&component).await, MASK);
    // Before Keycloak saved it, and when it was asked to.
    assert!(sent(sp).accepted >= used_before + 2);
    idp.hire("later").await;
    assert_eq!(sent(sp).refused, 0);
}

/// The connection by the vendor file that is built into the program.
pub(super) fn connection(idp: &IdentityProvider, component: &str, more: &str) -> String {
    let url = idp.url();
    format!(
        r#"
[connections.sso.keycloak]
url = "{url}"
realm = "{REALM}"
component = "{component}"
client_id = "{ROTATOR}"
client_secret = {{ vault = "kv/scim-rotator-callers/keycloak#secret" }}
{more}
"#
    )
}

/// What the file leaves to those who grant one role more. The answer is 200
/// whatever comes of it, and nothing but zeros proves nothing.
const TEST_SAVED: &str = r#"
[connections.sso.keycloak.http.test_saved]
effect = "writes"
url = "/user-storage/{{ config.component }}/sync"
query = { action = "triggerFullSync" }
answers = [
  { means = "success", status = 200, when = [{ at = "/failed", equals = 0 }, { at = "/updated", equals = 1 }] },
  { means = "refused", status = 200 },
]
"#;

/// How often the plug-in was heard at the service provider.
fn sent(sp: &DemoServiceProvider) -> CallerCount {
    sp.stats().callers.get(PLUGIN).copied().unwrap_or_default()
}

/// A token that is made by hand: its id, and the token itself.
async fn mint(sp: &DemoServiceProvider) -> (String, String) {
    let url = sp.base_url().join("/admin/tokens").expect("a URL");
    let wish = json!({ "label": "by hand", "ttl_seconds": 3600 });
    let request = bare_http().post(url).bearer_auth(sp.admin_token().expose());
    let answer = request.json(&wish).send().await.expect("an answer");
    let made: Value = answer.json().await.expect("JSON");
    let [id, token] = ["id", "token"].map(|name| text(&made[name]).to_owned());
    (id, token)
}

//! Full rotations in which no server is ours: MLflow issues the tokens and is the
//! service provider, a real identity provider sends users with them. Issuer and
//! connection are the vendor files that are built into the program.

use std::cell::Cell;

use jiff::SignedDuration;
use scim_rotator::clock::SystemClock;
use scim_rotator::ports::Clock as _;
use serde_json::Value;

use super::house::{House, is_settled, text};
use super::keycloak_idp;
use super::parts::{DUE, due_fields, read_users, token};
use super::support::keycloak::identity_provider::{IdentityProvider, ROTATOR_SECRET};
use super::support::mlflow::{ADMIN, Mlflow};
use super::support::syncope::{ROTATOR_PASSWORD, Syncope};

/// Users go on arriving while the token turns over, by MLflow's own log of who used
/// which token for what.
pub(super) async fn issues_what_keycloak_provisions_with(idp: &IdentityProvider) {
    let Some(mut both) = Both::new().await else {
        return;
    };
    both.house.credential("keycloak", ROTATOR_SECRET).await;
    let component = idp
        .connect("scim", false, &both.mlflow.scim_url(), &both.old)
        .await;
    idp.hire("ml-before").await;
    let connection = keycloak_idp::connection(idp, &component, "");
    let hire = async |name: &str| idp.hire(name).await;
    let new = both.turns_over(&connection, hire).await;
    assert_eq!(idp.holds(&component).await, new);
    idp.disconnect(&component).await;
    both.house.close().await;
}

/// The same with another one.
pub(super) async fn issues_what_syncope_provisions_with(syncope: &Syncope) {
    let Some(mut both) = Both::new().await else {
        return;
    };
    let resource = "mlflow";
    let password = both.house.credential("syncope", ROTATOR_PASSWORD).await;
    syncope
        .connect(resource, &both.mlflow.scim_url(), &both.old)
        .await;
    let hire = async |name: &str| {
        // Syncope may pass a person by in the moment in which a connector is written.
        if syncope.hire(name, resource).await.is_none() {
            assert_eq!(syncope.push(name, resource).await, "SUCCESS", "{name}");
        }
    };
    hire("ml-before").await;
    let url = syncope.url();
    let connection = format!(
        "\n[connections.sso.syncope]\nurl = \"{url}\"\npassword = {password}\nresource = \"{resource}\"\ncanary = \"ml-before\"\n"
    );
    let new = both.turns_over(&connection, hire).await;
    assert_eq!(syncope.holds(resource).await, new);
    both.house.close().await;
}

/// A Vault with a token that a person has made, which is due for renewal, and the
/// server that takes it.
struct Both {
    house: House,
    mlflow: Mlflow,
    issuer: String,
    old_id: String,
    old: String,
}

impl Both {
    async fn new() -> Option<Self> {
        let mut house = House::new().await?;
        let mlflow = Mlflow::start(&house.path("mlflow"))?;
        // All servers have just started, on a machine that is busy.
        house.longest_call = 30;
        house.sweep = "5s";
        let issuer = issuer(&mut house, &mlflow).await;
        let end = SystemClock.now() + SignedDuration::from_hours(1);
        let made = mlflow.mint("by hand", &end.to_string()).await;
        let (old_id, old) = (made["id"].to_string(), text(&made["token"]).to_owned());
        house.write_by_hand(due_fields(&old, &old_id)).await;
        Some(Self {
            house,
            mlflow,
            issuer,
            old_id,
            old,
        })
    }

    /// The token is replaced while users arrive, of whom one is there already. Returns
    /// the new token.
    async fn turns_over(&self, connection: &str, hire: impl AsyncFn(&str)) -> String {
        let scim_url = self.mlflow.scim_url();
        let crm = token(&scim_url, "sso", DUE);
        let sections = [self.issuer.as_str(), connection, &crm];
        let daemon = self.house.run(&sections.concat()).await;
        let turned = Cell::new(false);
        let turning = async {
            let second = |record: &Value| record["generation"] == 2 && is_settled(record);
            let record = self.house.until("the new token, alone", second).await;
            turned.set(true);
            record
        };
        let hiring = async {
            let mut hired = 0;
            while !turned.get() {
                hire(&format!("ml-during-{hired}")).await;
                hired += 1;
            }
            hired
        };
        let (record, hired) = tokio::join!(turning, hiring);
        hire("ml-after").await;
        daemon.stop().await;

        let (new, new_id) = (&record["current"]["value"], text(&record["current"]["id"]));
        assert_eq!(record["history"][0]["trigger"], "schedule");
        assert!(record["history"][0]["old_refused"].is_object(), "{record}");
        assert_eq!(read_users(&scim_url, &self.old).await, 401, "it is dead");
        assert_eq!(self.mlflow.live().await, [new_id]);
        let by_old = arrived(&self.mlflow, &self.old_id).await;
        let by_new = arrived(&self.mlflow, new_id).await;
        assert_eq!(by_old + by_new, hired + 2, "nobody was refused");
        assert!(
            by_old >= 1 && by_new >= 1,
            "{by_old} with the old one, {by_new} with the new"
        );
        text(new).to_owned()
    }
}

/// The vendor file by its name.
async fn issuer(house: &mut House, mlflow: &Mlflow) -> String {
    let password = house.credential("mlflow", mlflow.password()).await;
    let url = mlflow.url();
    format!(
        "\n[issuers.sp.mlflow]\nurl = \"{url}\"\nusername = \"{ADMIN}\"\npassword = {password}\n"
    )
}

/// How many users MLflow noted as made with this token.
async fn arrived(mlflow: &Mlflow, id: &str) -> usize {
    let log = mlflow.activity(id).await;
    let made = log.iter().filter(|entry| entry["method"] == "POST");
    made.filter(|entry| entry["status"] == 201).count()
}

//! Keycloak as authorization server and as service provider: what the identity
//! provider holds is a client secret, which is exchanged for access tokens.

use std::path::PathBuf;

use serde_json::{Value, json};
use url::Url;

use super::house::{House, executable, is_settled, text};
use super::parts::{read_users, token};
use super::support::bare_http;
use super::support::keycloak::service_provider::{
    CLIENT_ID, CLIENT_SECRET, REALM, ServiceProvider,
};
use super::wait::eventually;

const ADMIN: &str = "rotator-admin";
const ADMIN_SECRET: &str = "keycloak-admin-client-secret-of-the-tests";

/// An identity provider that is a program: it keeps what it was given last, and
/// everything that it was given.
struct Holder {
    program: PathBuf,
    now: PathBuf,
    all: PathBuf,
}

impl Holder {
    fn new(house: &House) -> Self {
        let [now, all] = ["held", "given"].map(|name| house.path(name));
        let text = format!(
            "#!/bin/sh\nset -e\numask 077\ninput=$(cat)\nprintf '%s\\n' \"$input\" >'{now}.new'\nmv '{now}.new' '{now}'\nprintf '%s\\n' \"$input\" >>'{all}'\necho '{{\"result\": \"applied\"}}'\n",
            now = now.display(),
            all = all.display(),
        );
        let program = house.file("hold-client", &text);
        executable(&program);
        Self { program, now, all }
    }

    fn connection(&self, house: &House) -> String {
        let (program, timeout) = (&self.program, house.longest_call);
        format!("\n[connections.idp.exec]\ncommand = [{program:?}]\ntimeout = \"{timeout}s\"\n")
    }

    /// What it holds: id, secret and token endpoint of one client.
    fn holds(&self) -> Option<Client> {
        Client::of(&std::fs::read_to_string(&self.now).ok()?)
    }

    fn was_given(&self) -> Vec<Client> {
        let all = std::fs::read_to_string(&self.all).unwrap_or_default();
        all.lines().filter_map(Client::of).collect()
    }
}

#[derive(Debug, Clone, PartialEq)]
struct Client {
    id: String,
    secret: String,
    token_url: String,
}

impl Client {
    fn of(input: &str) -> Option<Self> {
        let input: Value = serde_json::from_str(input).ok()?;
        let text = |name: &str| Some(input[name].as_str()?.to_owned());
        Some(Self {
            id: text("client_id")?,
            secret: text("token")?,
            token_url: text("token_url")?,
        })
    }

    /// What an identity provider does with it.
    async fn exchange(&self) -> (u16, Option<String>) {
        let form = [("grant_type", "client_credentials")];
        let request = bare_http().post(&self.token_url).form(&form);
        let request = request.basic_auth(&self.id, Some(&self.secret));
        let answer = request.send().await.expect("an answer");
        let status = answer.status().as_u16();
        let body: Value = answer.json().await.unwrap_or_default();
        (status, body["access_token"].as_str().map(str::to_owned))
    }

    async fn reads(&self, scim_url: &Url) -> u16 {
        match self.exchange().await {
            (200, Some(access)) => read_users(scim_url, &access).await,
            (status, _) => status,
        }
    }
}

fn caller(server: &ServiceProvider, secret: &str) -> String {
    format!(
        r#"
[issuers.sp.http]
address = "{}"
auth.oauth2 = {{ token_url = "{}", client_id = "{ADMIN}", client_secret = {secret} }}
"#,
        server.admin_url(),
        server.token_url(),
    )
}

/// Makes a client of its own for each secret: id and secret are both new.
fn client_maker(server: &ServiceProvider, role: &Value, management: &str) -> String {
    let scim = server.scim_url();
    let (role_id, role) = (text(&role["id"]), text(&role["name"]));
    format!(
        r#"
[issuers.sp.http.capabilities]
live_tokens = "many"
issue_effect = "keeps"
recovery = "by_label"
revoke = "by_id"
expiry = "none"

[[issuers.sp.http.issue]]
name = "create"
effect = "creates"
url = "/clients"
[issuers.sp.http.issue.body.json]
id = "{{{{ uuid }}}}"
clientId = "{{{{ label }}}}"
serviceAccountsEnabled = true
standardFlowEnabled = false
protocolMappers = [{{ name = "scim", protocol = "openid-connect", protocolMapper = "oidc-audience-mapper", config = {{ "included.custom.audience" = "{scim}", "access.token.claim" = "true" }} }}]

[[issuers.sp.http.issue]]
name = "account"
effect = "none"
method = "GET"
url = "/clients/{{{{ uuid }}}}/service-account-user"

[[issuers.sp.http.issue]]
name = "permit"
effect = "writes"
url = "/users/{{{{ steps.account.json.id }}}}/role-mappings/clients/{management}"
body.json = [{{ id = "{role_id}", name = "{role}" }}]
answers = [{{ status = 204, means = "success" }}]

[[issuers.sp.http.issue]]
name = "read"
effect = "none"
method = "GET"
url = "/clients/{{{{ uuid }}}}"
read = {{ token = "/secret", id = "/id", client_id = "/clientId" }}

[issuers.sp.http.list]
url = "/clients?clientId=scim-rotator&search=true"
read = {{ id = "/id", label = "/clientId" }}

[issuers.sp.http.revoke]
url = "/clients/{{{{ id }}}}"
"#
    )
}

/// Each rotation gives a new client id with a new secret: both go to the identity
/// provider in one write, stand in one version of the record and of the published
/// secret, and the old client is deleted and refused.
#[tokio::test]
async fn a_client_id_and_its_secret_are_renewed_together_and_the_old_client_is_refused() {
    let (Some(mut house), Some(server)) = (House::new().await, ServiceProvider::start(300).await)
    else {
        return;
    };
    house.longest_call = 15;
    let scim_url = server.scim_url();
    let (role, management) = server.add_admin(ADMIN, ADMIN_SECRET).await;
    let secret = house.credential("keycloak", ADMIN_SECRET).await;
    let holder = Holder::new(&house);
    let token_url = server.token_url();
    let more = format!(
        "credential = \"client_secret\"\ntoken_url = \"{token_url}\"\nscopes = [\"openid\"]\ndeclared_lifetime = \"200s\"\nrenew_at = \"15%\"\noverlap = \"3s\""
    );
    let sections = [
        caller(&server, &secret),
        client_maker(&server, &role, &management),
        holder.connection(&house),
        token(&scim_url, "idp", &more),
    ];
    let daemon = house.run(&sections.concat()).await;
    let first = house.until("the first client", is_settled).await;
    let old = holder.holds().expect("a client");
    assert_eq!(first["current"]["value"], old.secret.as_str());
    assert_eq!(first["current"]["client"]["id"], old.id.as_str());
    assert_eq!(first["current"]["client"]["token_url"], token_url.as_str());
    assert_eq!(first["current"]["client"]["scope"], "openid");
    assert_eq!(old.reads(&scim_url).await, 200);

    let second = house
        .until("the second client, alone", |record| {
            record["generation"] == 2 && is_settled(record)
        })
        .await;
    let new = holder.holds().expect("a client");
    assert!(new.id != old.id && new.secret != old.secret);
    assert_eq!(second["current"]["client"]["id"], new.id.as_str());
    assert!(second["current"]["evidence"].is_object());
    assert!(second["history"][0]["old_refused"].is_object());
    let published = house.published().await;
    assert_eq!(published["token"], new.secret.as_str());
    assert_eq!(published["client_id"], new.id.as_str());
    assert_eq!(published["token_url"], token_url.as_str());

    assert_eq!(new.reads(&scim_url).await, 200);
    assert_eq!(old.exchange().await.0, 401, "its client was deleted");
    assert_eq!(server.clients("scim-rotator-crm").await, [new.id.as_str()]);
    let mixed = Client {
        id: new.id.clone(),
        ..old.clone()
    };
    assert_eq!(
        mixed.exchange().await.0,
        401,
        "the secret of another client"
    );
    for given in holder.was_given() {
        assert!(given == old || given == new, "no other pair was ever given");
    }
    daemon.stop().await;
    house.close().await;
}

/// The client stays, and its secret is made anew by the vendor file as shipped; the old
/// one is refused from that moment on. What somebody else writes beside the secret is
/// replaced with it.
#[tokio::test]
async fn a_secret_that_is_made_anew_is_exchanged_delivered_and_replaces_the_old_one() {
    let (Some(mut house), Some(server)) = (House::new().await, ServiceProvider::start(300).await)
    else {
        return;
    };
    house.longest_call = 15;
    let scim_url = server.scim_url();
    server.add_admin(ADMIN, ADMIN_SECRET).await;
    let secret = house.credential("keycloak", ADMIN_SECRET).await;
    let admin = server.admin_url();
    let (url, realm) = admin.split_once("/admin/realms/").expect("a realm");
    let issuer = format!(
        r#"
[issuers.sp.keycloak-client-secret]
url = "{url}"
realm = "{realm}"
client = "rotator"
client_id = "{ADMIN}"
client_secret = {secret}
"#
    );
    let holder = Holder::new(&house);
    let more = format!(
        "credential = \"client_secret\"\ntoken_url = \"{}\"\nclient_id = \"rotator\"\nclient_auth = \"post\"\ndeclared_lifetime = \"200s\"\nrenew_at = \"15%\"\noverlap = \"2s\"\nwindows = {{ allow = [\"daily 00:00-24:00\"] }}",
        server.token_url()
    );
    let sections = [
        issuer,
        holder.connection(&house),
        token(&scim_url, "idp", &more),
    ];
    let daemon = house.run(&sections.concat()).await;
    house.until("the first secret", is_settled).await;
    let old = holder.holds().expect("a client");
    assert_eq!(old.id, "rotator");
    assert_eq!(old.reads(&scim_url).await, 200);

    let mut secret = house.published().await;
    secret["client_id"] = json!("of-somebody-else");
    house.write_by_hand(secret).await;
    let second = house
        .until("the second secret", |record| {
            record["generation"] == 2 && is_settled(record)
        })
        .await;
    assert!(second["history"][0]["old_refused"].is_object());
    let new = holder.holds().expect("a client");
    assert_eq!(new.reads(&scim_url).await, 200);
    assert_eq!(old.exchange().await.0, 401, "made anew");
    let both = ["rotator", new.secret.as_str()];
    eventually("the whole client is published", async || {
        let published = house.published().await;
        (["client_id", "token"].map(|name| text(&published[name])) == both).then_some(())
    })
    .await;
    daemon.stop().await;
    house.close().await;
}

/// The issuer `sp` from a shipped vendor file, by its name alone.
fn shipped(name: &str, server: &ServiceProvider, secret: &str, more: &str) -> String {
    let url = server.url();
    format!(
        "\n[issuers.sp.{name}]\nurl = \"{url}\"\nrealm = \"{REALM}\"\nclient = \"{CLIENT_ID}\"\nclient_id = \"{ADMIN}\"\nclient_secret = {secret}\n{more}\n"
    )
}

/// Keys of the token for a client of these tests.
fn of_the_client(server: &ServiceProvider, more: &str) -> String {
    let token_url = server.token_url();
    format!(
        "credential = \"client_secret\"\ntoken_url = \"{token_url}\"\nclient_id = \"{CLIENT_ID}\"\n{more}"
    )
}

/// The vendor file as it is shipped: each secret ends the one before at once.
#[tokio::test]
async fn the_shipped_file_of_keycloak_makes_a_secret_anew_and_the_old_one_is_refused() {
    let (Some(mut house), Some(server)) = (House::new().await, ServiceProvider::start(300).await)
    else {
        return;
    };
    house.longest_call = 15;
    let scim_url = server.scim_url();
    server.add_admin(ADMIN, ADMIN_SECRET).await;
    let secret = house.credential("keycloak", ADMIN_SECRET).await;
    let holder = Holder::new(&house);
    let more = of_the_client(
        &server,
        "declared_lifetime = \"200s\"\nrenew_at = \"15%\"\noverlap = \"2s\"\nwindows = { allow = [\"daily 00:00-24:00\"] }",
    );
    let sections = [
        shipped("keycloak-client-secret", &server, &secret, ""),
        holder.connection(&house),
        token(&scim_url, "idp", &more),
    ];
    let daemon = house.run(&sections.concat()).await;
    house.until("the first secret", is_settled).await;
    let old = holder.holds().expect("a client");
    assert_ne!(old.secret, CLIENT_SECRET);
    assert_eq!(old.reads(&scim_url).await, 200);
    let second = house
        .until("the second secret", |record| {
            record["generation"] == 2 && is_settled(record)
        })
        .await;
    assert!(second["history"][0]["old_refused"].is_object());
    let new = holder.holds().expect("a client");
    assert_eq!(new.reads(&scim_url).await, 200);
    assert_eq!(old.exchange().await.0, 401, "made anew");
    daemon.stop().await;
    house.close().await;
}

/// The vendor file as it is shipped, with Keycloak's own rotation of secrets: both
/// secrets work until Keycloak's clock ends the old one.
#[tokio::test]
async fn with_keycloaks_rotation_of_secrets_old_and_new_overlap() {
    let (Some(mut house), Some(server)) = (
        House::new().await,
        ServiceProvider::with_secret_rotation(300, 400, 25).await,
    ) else {
        return;
    };
    house.longest_call = 15;
    let scim_url = server.scim_url();
    server.add_admin(ADMIN, ADMIN_SECRET).await;
    let secret = house.credential("keycloak", ADMIN_SECRET).await;
    let holder = Holder::new(&house);
    // The policy holds for a client from when it is saved under it.
    server.save(CLIENT_ID).await;
    let more = of_the_client(&server, "renew_at = \"15%\"\noverlap = \"20s\"");
    let name = "keycloak-client-secret-overlap";
    let sections = [
        shipped(name, &server, &secret, "rotated_life = \"25s\""),
        holder.connection(&house),
        token(&scim_url, "idp", &more),
    ];
    let daemon = house.run(&sections.concat()).await;
    let begun = house.until("the first secret", is_settled).await;
    assert!(begun["current"]["expires_at"].is_string());
    let old = holder.holds().expect("a client");
    let new = eventually("the second secret is delivered", async || {
        holder.holds().filter(|held| *held != old)
    })
    .await;
    assert_eq!(old.reads(&scim_url).await, 200, "the overlap");
    assert_eq!(new.reads(&scim_url).await, 200);
    let second = house
        .until("the second secret, alone", |record| {
            record["generation"] == 2 && is_settled(record)
        })
        .await;
    assert!(second["history"][0]["old_refused"].is_object());
    assert_eq!(old.exchange().await.0, 401, "Keycloak's clock ended it");
    assert_eq!(new.reads(&scim_url).await, 200);
    daemon.stop().await;
    house.close().await;
}

//! The issuer of the kind `vault_dynamic` with a real engine: Vault's plug-in for
//! HCP Terraform, before a stand-in for its API.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use scim_rotator::clock::SystemClock;
use scim_rotator::fault::{Fault, FaultClass, FaultKind};
use scim_rotator::http::{Client, ClientSettings, NoObserver, Target};
use scim_rotator::issuers::{self, IssuerKind};
use scim_rotator::ports::kind::Deps;
use scim_rotator::ports::{Clock as _, IssueRequest, Issuer, TokenHandle};
use scim_rotator::rotation::outcome::IssuedToken;
use scim_rotator::vault::engine::VaultEngines;
use scim_rotator::vault::{Session, VaultSecrets};
use serde_json::{Value, json};
use tokio::time::Instant;
use url::Url;

use super::bench::{approle_login, config, file, session};
use super::support::cut::{Cut, Line};
use super::support::terraform::{Terraform, vault_with_plug_in};
use super::support::vault::RealVault;

/// Names what `check --online` names, and no more.
const POLICY: &str = r#"
path "terraform/creds/scim" { capabilities = ["read"] }
path "terraform/creds/none" { capabilities = ["read"] }
path "kv/data/scim" { capabilities = ["read"] }
path "sys/leases/renew" { capabilities = ["update"] }
path "sys/leases/revoke" { capabilities = ["update"] }
path "sys/leases/lookup" { capabilities = ["update"] }
path "sys/leases/lookup/terraform/creds/scim/" { capabilities = ["list", "sudo"] }
path "auth/token/create/scim-leases" { capabilities = ["update"] }
path "auth/token/revoke-self" { capabilities = ["update"] }
"#;
const OWN: &str = "parent = { token_role = \"scim-leases\" }";
const LOGIN: &str = "parent = \"login\"\nlifetime = \"2h\"";
const PATIENCE: Duration = Duration::from_secs(120);

#[tokio::test]
async fn a_token_lives_up_to_the_max_ttl_of_its_lease_and_ends_when_it_is_revoked() {
    let Some(scene) = Scene::start("60s", "600s").await else {
        return;
    };
    let issuer = scene.issuer(OWN).await;
    let first = scene.issue(&issuer, None).await.expect("a token");
    assert_life(&first, 600);
    assert!(scene.api.is_alive(first.value.expose()));
    let id = first.id.clone().expect("the id of the lease");
    let found = issuer.get("crm", &id).await.expect("an answer");
    let found = found.expect("the lease is there");
    assert!(close(found.expires_at, first.expires_at), "{found:?}");
    assert!(
        close(found.created_at, Some(SystemClock.now())),
        "{found:?}"
    );

    let second = scene.issue(&issuer, Some(120)).await.expect("a token");
    assert_life(&second, 120);
    assert_eq!(issuer.list("crm").await.expect("a list").tokens.len(), 2);

    let handle = handle(&first);
    issuer.revoke("crm", &handle).await.expect("revoked");
    assert!(!scene.api.is_alive(first.value.expose()), "at once");
    assert!(scene.api.is_alive(second.value.expose()));
    assert_eq!(issuer.get("crm", &id).await, Ok(None));
    issuer.revoke("crm", &handle).await.expect("it is no more");
    assert_eq!(issuer.list("crm").await.expect("a list").tokens.len(), 1);
}

#[tokio::test]
async fn a_token_of_its_own_parent_outlives_the_login_that_asked_for_it() {
    let Some(scene) = Scene::start("1h", "2h").await else {
        return;
    };
    let session = scene.session(json!({ "token_ttl": "1h" })).await;
    let under_login = scene.built(&session, LOGIN);
    let issuer = scene.built(&session, OWN);
    let cut = scene.issue(&under_login, None).await.expect("a token");
    assert_life(&cut, 3600);
    let own = scene.issue(&issuer, None).await.expect("a token");
    assert_life(&own, 7200);
    // Vault ends the login, as after a daemon that was killed.
    scene.end_logins().await;
    until("Vault ends what hangs on the login", || {
        !scene.api.is_alive(cut.value.expose())
    })
    .await;
    assert!(scene.api.is_alive(own.value.expose()));
}

#[tokio::test]
async fn a_token_under_our_login_is_said_to_end_with_it_and_a_clean_stop_keeps_it() {
    let Some(scene) = Scene::start("1h", "2h").await else {
        return;
    };
    let wish = json!({ "token_ttl": "6s", "token_max_ttl": "6s" });
    let session = scene.session(wish).await;
    let issuer = scene.built(&session, LOGIN);
    // Long before its life is over: nothing is made that would replace a better one.
    let fault = scene.issue(&issuer, None).await.expect_err("no token");
    assert_eq!(fault.kind, FaultKind::Config, "{fault}");
    assert!(fault.message.contains("token_role"), "{fault}");
    assert_eq!(scene.api.made(), 0);

    let token = scene.issue(&issuer, Some(12)).await.expect("a token");
    assert!(token.expires_at <= Some(SystemClock.now() + SignedDuration::from_secs(6)));
    session.close().await;
    assert!(scene.api.is_alive(token.value.expose()));
    until("the login ends, and the token with it", || {
        !scene.api.is_alive(token.value.expose())
    })
    .await;
}

#[tokio::test]
async fn a_token_whose_answer_was_lost_is_listed_as_the_only_new_one() {
    let Some(scene) = Scene::start("1h", "2h").await else {
        return;
    };
    let line = Arc::new(Cut::start(scene.vault.url()).await);
    let session = scene.session_at(&line.url, json!({})).await;
    let issuer = scene.built(&session, &format!("{LOGIN}\nlist = true"));
    assert_eq!(issuer.list("crm").await.expect("a list").tokens.len(), 0);
    let cut = Arc::clone(&line);
    scene.api.when_made(move || cut.set(Line::ResetAnswers));
    let lost = scene.issue(&issuer, None).await.expect_err("a lost answer");
    assert_eq!(lost.class, FaultClass::Ambiguous, "{lost}");
    line.set(Line::Open);
    scene.api.when_made(|| {});
    let listed = issuer.list("crm").await.expect("a list").tokens;
    assert_eq!(listed.len(), 1, "{listed:?}");
    assert!(close(listed[0].created_at, Some(SystemClock.now())));
}

#[tokio::test]
async fn a_token_whose_answer_was_lost_ends_with_the_parent_that_was_made_for_it() {
    let Some(scene) = Scene::start("1h", "2h").await else {
        return;
    };
    let line = Arc::new(Cut::start(scene.vault.url()).await);
    let session = scene.session_at(&line.url, json!({})).await;
    let issuer = scene.built(&session, OWN);
    let before = scene.vault.tokens().await;
    let cut = Arc::clone(&line);
    scene.api.when_made(move || cut.set(Line::ResetAnswers));
    let lost = scene.issue(&issuer, None).await.expect_err("a lost answer");
    assert_eq!(lost.class, FaultClass::Ambiguous, "{lost}");
    assert_eq!(scene.api.made(), 1);
    until("Vault ends it", || scene.api.live().is_empty()).await;
    assert_eq!(scene.vault.tokens().await, before);
}

#[tokio::test]
async fn an_engine_that_fails_is_no_lost_answer_and_a_wrong_setting_is_said_once() {
    let Some(scene) = Scene::start("1h", "2h").await else {
        return;
    };
    let session = scene.session(json!({})).await;
    let issuer = scene.built(&session, OWN);
    let tokens = scene.vault.tokens().await;

    scene.api.is_away(true);
    let fault = scene.issue(&issuer, None).await.expect_err("no token");
    assert_eq!(fault.class, FaultClass::NotApplied, "{fault}");
    assert!(fault.message.contains("terraform/creds/scim"), "{fault}");
    scene.api.is_away(false);
    assert_eq!(scene.vault.tokens().await, tokens, "no parent is left");

    let token = scene.issue(&issuer, None).await.expect("a token");
    scene.api.is_away(true);
    let fault = issuer.revoke("crm", &handle(&token)).await;
    let fault = fault.expect_err("it lives");
    assert_eq!(fault.class, FaultClass::NotApplied, "{fault}");
    scene.api.is_away(false);
    issuer
        .revoke("crm", &handle(&token))
        .await
        .expect("revoked");
    assert!(!scene.api.is_alive(token.value.expose()));

    // The engine makes a token, and the settings do not find it: its lease is told.
    let wrong = scene.built_at(&session, "terraform/creds/scim", "/password", OWN);
    let fault = scene.issue(&wrong, None).await.expect_err("no token");
    let answer = fault.unusable.as_ref();
    let made = answer.and_then(|answer| answer.made.clone());
    let made = made.expect("the lease that was made");
    assert!(fault.comes_again(), "{fault:?}");
    assert!(fault.message.contains("token_id"), "{fault}");
    let there = issuer.get("crm", &made).await.expect("an answer");
    assert!(there.is_some());

    let nobody = scene.built_at(&session, "terraform/creds/none", "/token", OWN);
    let fault = scene.issue(&nobody, None).await.expect_err("no role");
    assert!(fault.message.contains("terraform/creds/none"), "{fault}");

    let no_lease = scene.built_at(&session, "kv/data/scim", "/data/token", OWN);
    let fault = scene.issue(&no_lease, None).await.expect_err("no lease");
    assert!(fault.comes_again(), "{fault:?}");
    assert!(fault.message.contains("has no lease"), "{fault}");
}

#[tokio::test]
async fn a_token_role_whose_tokens_end_with_the_login_is_refused() {
    let Some(scene) = Scene::start("1h", "2h").await else {
        return;
    };
    scene.token_role(json!({ "orphan": false })).await;
    let session = scene.session(json!({})).await;
    let before = scene.vault.tokens().await;
    let issuer = scene.built(&session, OWN);
    let fault = scene.issue(&issuer, None).await.expect_err("no orphan");
    assert_eq!(
        (fault.class, fault.kind),
        (FaultClass::Rejected, FaultKind::Config)
    );
    assert!(fault.message.contains("orphan=true"), "{fault}");
    assert_eq!(scene.api.made(), 0);
    assert_eq!(scene.vault.tokens().await, before);

    scene
        .vault
        .must("DELETE", "auth/token/roles/scim-leases", Value::Null)
        .await;
    let fault = scene.issue(&issuer, None).await.expect_err("no role");
    assert_eq!(fault.kind, FaultKind::Config, "{fault}");
    assert!(
        fault.message.contains("auth/token/create/scim-leases"),
        "{fault}"
    );

    // Where its tokens live shorter than the lease, they are what counts.
    let short = json!({ "orphan": true, "token_explicit_max_ttl": "30s" });
    scene.token_role(short).await;
    let token = scene.issue(&issuer, None).await.expect("a token");
    assert_life(&token, 30);
}

struct Scene {
    vault: RealVault,
    api: Terraform,
}

impl Scene {
    async fn start(ttl: &str, max_ttl: &str) -> Option<Self> {
        let vault = vault_with_plug_in().await?;
        let api = Terraform::start().await;
        api.mount(&vault, "terraform", ttl, max_ttl).await;
        vault.mount_kv("kv").await;
        let wish = json!({ "data": { "token": "no-lease" } });
        vault.must("POST", "kv/data/scim", wish).await;
        vault.policy("issuer", POLICY).await;
        let maker = "path \"terraform/creds/*\" { capabilities = [\"read\"] }\npath \"kv/data/scim\" { capabilities = [\"read\"] }";
        vault.policy("scim-leases", maker).await;
        let scene = Self { vault, api };
        scene.token_role(json!({ "orphan": true })).await;
        Some(scene)
    }

    /// The role that makes what leases are made under.
    async fn token_role(&self, mut wish: Value) {
        wish["allowed_policies"] = json!(["scim-leases"]);
        let path = "auth/token/roles/scim-leases";
        self.vault.must("POST", path, wish).await;
    }

    async fn session(&self, settings: Value) -> Arc<Session> {
        self.session_at(self.vault.url(), settings).await
    }

    async fn session_at(&self, url: &Url, mut settings: Value) -> Arc<Session> {
        settings["token_policies"] = json!(["issuer"]);
        let (role_id, secret_id) = self.vault.approle("caller", settings).await;
        let secret_id = file(&secret_id);
        let session = session(&config(url, &approle_login(&role_id, &secret_id), ""));
        session.login().await.expect("logs in");
        session
    }

    /// Revokes every login by AppRole, as their ends would.
    async fn end_logins(&self) {
        let path = "sys/leases/revoke-prefix/auth/approle/login";
        self.vault.must("PUT", path, json!({})).await;
    }

    async fn issuer(&self, more: &str) -> Arc<dyn Issuer> {
        let session = self.session(json!({})).await;
        self.built(&session, &format!("{more}\nlist = true"))
    }

    fn built(&self, session: &Arc<Session>, more: &str) -> Arc<dyn Issuer> {
        self.built_at(session, "terraform/creds/scim", "/token", more)
    }

    fn built_at(
        &self,
        session: &Arc<Session>,
        path: &str,
        token: &str,
        more: &str,
    ) -> Arc<dyn Issuer> {
        let text = format!(
            "[vault_dynamic]\npath = \"{path}\"\ntoken = \"{token}\"\nlive_tokens = \"many\"\n{more}"
        );
        let kind: IssuerKind = toml::from_str(&text).expect("settings");
        let clock = Arc::new(SystemClock);
        let (settings, observer) = (ClientSettings::default(), Arc::new(NoObserver));
        let http = Client::new(&settings, Target::Sp, clock.clone(), observer);
        let memory = SignedDuration::from_mins(5);
        let deps = Deps {
            handover: None,
            vault_leases: Some(Arc::new(VaultEngines::new(Arc::clone(session)))),
            refresh_tokens: None,
            fired: None,
            http: http.expect("a client"),
            secrets: Arc::new(VaultSecrets::new(
                Arc::clone(session),
                clock.clone(),
                memory,
            )),
            clock,
        };
        issuers::build("sp", &kind, &deps).expect("an issuer")
    }

    async fn issue(
        &self,
        issuer: &Arc<dyn Issuer>,
        lifetime: Option<i64>,
    ) -> Result<IssuedToken, Fault> {
        let request = IssueRequest {
            token: "crm".to_owned(),
            label: "scim-rotator-crm-1".to_owned(),
            lifetime: lifetime.map(SignedDuration::from_secs),
            overlap: SignedDuration::ZERO,
            etag: None,
            chosen: None,
            current: None,
        };
        let issued = issuer.issue(&request).await;
        if let Err(fault) = &issued {
            assert!(!fault.message.contains("atlasv1"), "{fault}");
        }
        issued
    }
}

/// What the core keeps of a token.
fn handle(token: &IssuedToken) -> TokenHandle {
    TokenHandle {
        id: token.issuer_id(),
        value: Some(token.value.clone()),
    }
}

fn close(one: Option<Timestamp>, other: Option<Timestamp>) -> bool {
    let apart = one.zip(other).map(|(one, other)| one.duration_since(other));
    apart.is_some_and(|apart| apart.abs() < SignedDuration::from_secs(20))
}

fn assert_life(token: &IssuedToken, seconds: i64) {
    let end = SystemClock.now() + SignedDuration::from_secs(seconds);
    assert!(token.expires_at <= Some(end), "never later: {token:?}");
    assert!(close(token.expires_at, Some(end)), "{token:?}");
}

async fn until(what: &str, mut so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !so() {
        assert!(Instant::now() < deadline, "in vain waited for: {what}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

//! Credentials under a Vault lease, from a real engine: Vault's plug-in for HCP
//! Terraform, before a stand-in for its API.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use scim_rotator::clock::SystemClock;
use scim_rotator::http::oauth2::{Caller, CallerAuth};
use scim_rotator::http::{Client, ClientSettings, NoObserver, Request, Target};
use scim_rotator::ports::Secrets;
use scim_rotator::secret::SecretRef;
use scim_rotator::vault::{Session, VaultSecrets};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::bench::{approle_login, config, file, session, token_login};
use super::support::terraform::{Terraform, vault_with_plug_in};
use super::support::vault::RealVault;

const MOUNT: &str = "team/terraform";
const PATH: &str = "team/terraform/creds/scim";
/// Short lives, so that a test sees the end of them.
const TTL: u64 = 3;
const MAX_TTL: u64 = 8;
const PATIENCE: Duration = Duration::from_secs(180);

#[tokio::test]
async fn a_credential_of_an_engine_is_renewed_and_made_anew_at_its_max_ttl() {
    let Some(scene) = Scene::start().await else {
        return;
    };
    let secrets = scene.secrets().await;
    let first = scene.token(&secrets).await;
    let began = Instant::now();
    assert_eq!(
        first,
        scene.token(&secrets).await,
        "one lease for all who ask"
    );
    let id = secrets.resolve(&reference("token_id")).await;
    assert_eq!(id.expect("resolves").value.expose(), "at-1");

    // Beyond its TTL it is the same: it was renewed.
    let mut last = Duration::ZERO;
    let second = loop {
        let token = scene.token(&secrets).await;
        assert!(scene.api.is_alive(&token), "what is handed out works");
        if token != first {
            break token;
        }
        last = began.elapsed();
        assert!(last < PATIENCE, "it has a max TTL");
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    eprintln!("lease of {TTL} s, max {MAX_TTL} s: the first token was handed out for {last:?}");
    assert!(last > Duration::from_secs(TTL), "it was renewed: {last:?}");
    assert_eq!(scene.api.made(), 2);
    until("Vault ends the first one", || !scene.api.is_alive(&first)).await;
    assert!(scene.api.is_alive(&second));

    // Nobody asks: nothing is renewed, and Vault takes it back.
    until("Vault ends the second one", || !scene.api.is_alive(&second)).await;
    let third = scene.token(&secrets).await;
    assert!(scene.api.is_alive(&third) && third != second);
}

#[tokio::test]
async fn a_caller_that_is_refused_gets_another_credential() {
    let Some(scene) = Scene::start().await else {
        return;
    };
    scene.role("1h", "2h").await;
    let secrets = scene.secrets().await;
    let first = scene.token(&secrets).await;
    let caller = scene.caller(Arc::new(secrets));
    let call = async || {
        let url = scene.api.url.join("service").expect("a URL");
        let request = Request::new(http::Method::GET, url, "call");
        caller.send(request).await.expect("an answer").status
    };
    assert_eq!((call().await, scene.api.made()), (200, 1));

    // Somebody revokes it behind our back.
    let revoke = json!({ "prefix": PATH });
    scene
        .vault
        .must("PUT", &format!("sys/leases/revoke-prefix/{PATH}"), revoke)
        .await;
    until("it is dead", || !scene.api.is_alive(&first)).await;
    assert_eq!((call().await, scene.api.made()), (200, 2));
}

#[tokio::test]
async fn a_clean_stop_takes_no_credential_away_that_hangs_on_our_token() {
    let Some(scene) = Scene::start().await else {
        return;
    };
    let without = scene.vault.tokens().await;
    let idle = scene.session_by_approle().await;
    assert_eq!(scene.vault.tokens().await, without + 1);
    idle.close().await;
    assert_eq!(scene.vault.tokens().await, without, "nothing hung on it");

    scene.role("1h", "2h").await;
    let session = scene.session_by_approle().await;
    let credential = scene.token(&secrets_of(&session)).await;
    session.close().await;
    assert_eq!(
        scene.vault.tokens().await,
        without + 1,
        "its end would end both"
    );
    let leases = format!("sys/leases/lookup/{PATH}?list=true");
    let leases = scene.vault.must("GET", &leases, Value::Null).await;
    assert_eq!(leases["data"]["keys"].as_array().map(Vec::len), Some(1));
    assert!(scene.api.is_alive(&credential));

    // What has ended by itself does not keep our token.
    scene.role("1s", "1s").await;
    let session = scene.session_by_approle().await;
    let credential = scene.token(&secrets_of(&session)).await;
    until("Vault ends it", || !scene.api.is_alive(&credential)).await;
    session.close().await;
    assert_eq!(scene.vault.tokens().await, without + 1);
}

#[tokio::test]
async fn what_an_engine_does_not_give_is_named() {
    let Some(scene) = Scene::start().await else {
        return;
    };
    let secrets = scene.secrets().await;
    let cases = [
        (PATH, "secret", "no text in the field `secret`"),
        (
            "team/terraform/creds/none",
            "token",
            "team/terraform/creds/none",
        ),
        ("nowhere/creds/x", "token", "nothing is mounted"),
    ];
    for (path, field, expected) in cases {
        let reference = SecretRef::VaultLease {
            path: path.to_owned(),
            field: field.to_owned(),
        };
        let fault = secrets.resolve(&reference).await.expect_err(path);
        assert!(fault.message.contains(expected), "{fault}");
    }
}

struct Scene {
    vault: RealVault,
    api: Terraform,
}

impl Scene {
    async fn start() -> Option<Self> {
        let vault = vault_with_plug_in().await?;
        let api = Terraform::start().await;
        let [ttl, max_ttl] = [TTL, MAX_TTL].map(|seconds| format!("{seconds}s"));
        api.mount(&vault, MOUNT, &ttl, &max_ttl).await;
        Some(Self { vault, api })
    }

    async fn role(&self, ttl: &str, max_ttl: &str) {
        Terraform::role(&self.vault, MOUNT, ttl, max_ttl).await;
    }

    /// No more than the reference needs.
    async fn policy(&self) {
        let policy = format!(
            "path \"{PATH}\" {{ capabilities = [\"read\"] }}\npath \"team/terraform/creds/none\" {{ capabilities = [\"read\"] }}\npath \"nowhere/*\" {{ capabilities = [\"read\"] }}\npath \"sys/leases/renew\" {{ capabilities = [\"update\"] }}\npath \"auth/token/lookup-self\" {{ capabilities = [\"read\"] }}"
        );
        self.vault.policy("caller", &policy).await;
    }

    /// With a token that may do no more, and not even what Vault's policy
    /// `default` gives.
    async fn secrets(&self) -> VaultSecrets {
        self.policy().await;
        let wish = json!({ "policies": ["caller"], "no_default_policy": true, "ttl": "1h" });
        let made = self.vault.must("POST", "auth/token/create", wish).await;
        let login = file(made["auth"]["client_token"].as_str().expect("a token"));
        let session: Arc<Session> = session(&config(self.vault.url(), &token_login(&login), ""));
        session.login().await.expect("the token is accepted");
        secrets_of(&session)
    }

    /// With a token that Vault makes for us: the stop is ours to decide.
    async fn session_by_approle(&self) -> Arc<Session> {
        self.policy().await;
        let settings = json!({ "token_policies": ["caller"], "token_period": "1h" });
        let (role_id, secret_id) = self.vault.approle("caller", settings).await;
        let secret_id = file(&secret_id);
        let login = approle_login(&role_id, &secret_id);
        let session = session(&config(self.vault.url(), &login, ""));
        session.login().await.expect("logs in");
        session
    }

    async fn token(&self, secrets: &VaultSecrets) -> String {
        let resolved = secrets.resolve(&reference("token")).await;
        resolved.expect("resolves").value.expose().to_owned()
    }

    fn caller(&self, secrets: Arc<dyn Secrets>) -> Caller {
        let auth: Value = json!({ "bearer": { "vault": format!("{PATH}#token"), "lease": true } });
        let auth: CallerAuth = serde_json::from_value(auth).expect("a caller");
        let (clock, observer) = (Arc::new(SystemClock), Arc::new(NoObserver));
        let client = Client::new(&ClientSettings::default(), Target::Sp, clock, observer);
        Caller::new(auth, client.expect("a client"), secrets)
    }
}

fn secrets_of(session: &Arc<Session>) -> VaultSecrets {
    let memory = SignedDuration::from_mins(5);
    VaultSecrets::new(Arc::clone(session), Arc::new(SystemClock), memory)
}

fn reference(field: &str) -> SecretRef {
    SecretRef::VaultLease {
        path: PATH.to_owned(),
        field: field.to_owned(),
    }
}

async fn until(what: &str, mut so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !so() {
        assert!(Instant::now() < deadline, "in vain waited for: {what}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

//! Login by JWT and by a pod's service account token, on a real Vault.
//!
//! Both send the same request. The plug-in `kubernetes` is not part of the
//! server that the tests have: its mount is served by `jwt`, which knows the
//! key of the "cluster"; `kubernetes.rs` has the plug-in's own answers.

use std::path::Path;
use std::sync::Arc;

use jiff::SignedDuration;
use scim_rotator::vault::{Session, VaultErrorKind};
use serde_json::json;
use tempfile::TempDir;

use super::bench::{config, session};
use super::support::jwt::JwtMaker;
use super::support::vault::RealVault;

const WORKLOAD: &str = "system:serviceaccount:identity:scim-rotator";
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// A Vault that trusts one maker of JWTs, and a daemon with a file for them.
struct World {
    method: String,
    vault: RealVault,
    maker: JwtMaker,
    dir: TempDir,
    session: Arc<Session>,
}

impl World {
    async fn new(method: &str) -> Option<Self> {
        let vault = RealVault::start_dev().await?;
        let maker = JwtMaker::new();
        let mount = json!({"type": "jwt"});
        vault
            .must("POST", &format!("sys/auth/{method}"), mount)
            .await;
        trust(&vault, method, &maker).await;
        let role = json!({
            "role_type": "jwt", "bound_audiences": ["vault"], "bound_subject": WORKLOAD,
            "user_claim": "sub", "token_ttl": "1h",
        });
        let path = format!("auth/{method}/role/scim-rotator");
        vault.must("POST", &path, role).await;
        let dir = TempDir::new().expect("a folder");
        let login = login(method, "scim-rotator", &dir.path().join("jwt"));
        let session = session(&config(vault.url(), &login, ""));
        Some(Self {
            method: method.to_owned(),
            vault,
            maker,
            dir,
            session,
        })
    }

    fn write(&self, content: &str) {
        std::fs::write(self.dir.path().join("jwt"), content).expect("written");
    }

    /// What a login says that must fail; it never holds any part of the JWT.
    async fn refusal(&self, content: &str) -> (VaultErrorKind, String) {
        self.write(content);
        let error = self.session.login().await.expect_err("refused");
        let text = error.to_string();
        let place = self.dir.path().join("jwt");
        assert!(text.contains(&place.display().to_string()), "{text}");
        for part in content.trim().split('.').filter(|part| part.len() > 8) {
            assert!(!text.contains(part), "{text}");
        }
        (error.kind, text)
    }

    async fn revoke_our_token(&self) {
        let nothing = serde_json::Value::Null;
        let path = format!("sys/leases/revoke-prefix/auth/{}", self.method);
        self.vault.must("PUT", &path, nothing).await;
    }
}

async fn trust(vault: &RealVault, method: &str, maker: &JwtMaker) {
    let wish = json!({
        "jwt_validation_pubkeys": [maker.public_pem()],
        "bound_issuer": "https://platform.example.com",
    });
    vault
        .must("POST", &format!("auth/{method}/config"), wish)
        .await;
}

fn login(method: &str, role: &str, jwt: &Path) -> String {
    format!("auth.{method}.role = \"{role}\"\nauth.{method}.jwt.file = {jwt:?}")
}

/// Every test that both logins must pass.
async fn all(method: &str) {
    let Some(world) = World::new(method).await else {
        return;
    };
    what_is_refused(&world).await;

    // What a projected token and most programs write: with and without a line end.
    world.write(&(world.maker.sign(WORKLOAD, HOUR) + "\n"));
    world.session.login().await.expect("logs in");
    assert!(world.session.state().expires_at.is_some());

    // Somebody revokes our token while the file was replaced: the new one is read.
    world.write(&world.maker.sign(WORKLOAD, HOUR));
    world.revoke_our_token().await;
    world.session.ping().await.expect("a new login");
    assert_eq!(world.session.state().logins, 2);

    // The platform changes its key: the old file is refused, a new one works.
    let next = JwtMaker::new();
    trust(&world.vault, method, &next).await;
    world.revoke_our_token().await;
    let error = world.session.ping().await.expect_err("the key is gone");
    assert!(
        matches!(error.kind, VaultErrorKind::LoginRefused { .. }),
        "{error}"
    );
    world.write(&next.sign(WORKLOAD, HOUR));
    world.session.ping().await.expect("read again");
    assert_eq!(world.session.state().logins, 3);

    world.session.close().await;
    assert!(!world.session.state().logged_in);
}

async fn what_is_refused(world: &World) {
    let missing = world.session.login().await.expect_err("no file");
    assert!(missing.to_string().contains("no such file"), "{missing}");
    for (content, part) in [
        ("", "is empty"),
        ("\n", "is empty"),
        ("a b.c.d", "visible ASCII"),
    ] {
        let (kind, text) = world.refusal(content).await;
        assert!(matches!(kind, VaultErrorKind::Credential(_)), "{text}");
        assert!(text.contains(part), "{text}");
        assert!(text.contains("look at what writes it"), "{text}");
    }
    let stranger = JwtMaker::new().sign(WORKLOAD, HOUR);
    let another = world.maker.sign("system:serviceaccount:a:b", HOUR);
    let expired = world.maker.sign(WORKLOAD, -HOUR);
    for (content, part) in [
        (stranger, "was not accepted: `vault read auth/"),
        (another, "was not accepted: `vault read auth/"),
        (expired, " expired at 20"),
        ("not-a-json-web-token".to_owned(), "is no JWT"),
    ] {
        let (kind, text) = world.refusal(&content).await;
        assert!(
            matches!(kind, VaultErrorKind::LoginRefused { .. }),
            "{text}"
        );
        assert!(text.contains(part), "{text}");
        assert!(
            world.session.state().up,
            "Vault answered, though with a refusal"
        );
    }
    assert_eq!(world.session.state().logins, 0);
}

#[tokio::test]
async fn a_jwt_logs_in_as_long_as_it_is_good() {
    all("jwt").await;
}

#[tokio::test]
async fn a_service_account_token_logs_in_as_long_as_it_is_good() {
    all("kubernetes").await;
}

#[tokio::test]
async fn a_wrong_role_and_a_wrong_mount_are_told() {
    let Some(world) = World::new("jwt").await else {
        return;
    };
    world.write(&world.maker.sign(WORKLOAD, HOUR));
    let jwt = world.dir.path().join("jwt");
    let elsewhere = "\nauth.jwt.mount = \"elsewhere\"";
    for (login, part) in [
        (
            login("jwt", "no-such-role", &jwt),
            "auth/jwt/role/no-such-role",
        ),
        (
            login("jwt", "scim-rotator", &jwt) + elsewhere,
            "auth/elsewhere/config",
        ),
    ] {
        let session = session(&config(world.vault.url(), &login, ""));
        let error = session.login().await.expect_err("refused");
        let text = error.to_string();
        let refused = matches!(error.kind, VaultErrorKind::LoginRefused { .. });
        assert!(refused && text.contains(part), "{text}");
    }
}

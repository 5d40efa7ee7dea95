//! AppRole with a response-wrapped secret-id, on a real Vault.

use std::sync::Arc;

use parking_lot::Mutex;
use scim_rotator::vault::{Session, VaultErrorKind};
use serde_json::{Value, json};
use tempfile::NamedTempFile;

use super::bench::{approle_login, config, file, session};
use super::support::vault::RealVault;

struct World {
    vault: RealVault,
    role_id: String,
    place: NamedTempFile,
    session: Arc<Session>,
}

impl World {
    async fn new() -> Option<Self> {
        let vault = RealVault::start_dev().await?;
        let (role_id, _) = vault
            .approle("scim-rotator", json!({"token_ttl": "1h"}))
            .await;
        let place = file("");
        let session = daemon(&vault, &role_id, &place);
        Some(Self {
            vault,
            role_id,
            place,
            session,
        })
    }

    fn write(&self, content: &str) {
        std::fs::write(self.place.path(), content).expect("written");
    }

    /// A secret-id of this role in a wrapping token.
    async fn wrapped(&self, role: &str) -> String {
        let path = format!("auth/approle/role/{role}/secret-id");
        let answer = self.vault.wrapped("POST", &path, "60s").await;
        let token = answer["wrap_info"]["token"].as_str();
        token.expect("a wrapping token").to_owned()
    }

    async fn refusal(&self, part: &str) -> VaultErrorKind {
        let error = self.session.login().await.expect_err(part);
        let text = error.to_string();
        assert!(text.contains(part), "{text}");
        let place = self.place.path().display().to_string();
        assert!(text.contains(&place), "{text}");
        error.kind
    }

    async fn revoke_our_token(&self) {
        let path = "sys/leases/revoke-prefix/auth/approle/login";
        self.vault.must("PUT", path, Value::Null).await;
    }
}

/// What is logged on this thread.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn keep(&self) -> tracing::subscriber::DefaultGuard {
        let log = self.clone();
        let lines = tracing_subscriber::fmt().with_ansi(false);
        tracing::subscriber::set_default(lines.with_writer(move || log.clone()).finish())
    }

    fn text(&self) -> String {
        let bytes = self.0.lock().clone();
        String::from_utf8(bytes).expect("text")
    }

    fn alarms(&self) -> usize {
        let text = self.text();
        let alarms = text
            .lines()
            .filter(|line| line.contains("ERROR") && line.contains("alarm=\"unwrap_failed\""));
        alarms.count()
    }
}

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn daemon(vault: &RealVault, role_id: &str, place: &NamedTempFile) -> Arc<Session> {
    let login =
        approle_login(role_id, place) + "\nauth.approle.wrapped_for_role = \"scim-rotator\"";
    session(&config(vault.url(), &login, ""))
}

#[tokio::test]
async fn a_wrapped_secret_id_serves_all_logins_of_one_process() {
    let Some(world) = World::new().await else {
        return;
    };
    world.write(&world.wrapped("scim-rotator").await);
    world.session.login().await.expect("logs in");
    world.revoke_our_token().await;
    world
        .session
        .ping()
        .await
        .expect("logs in with what it keeps");
    assert_eq!(world.session.state().logins, 2);

    // The file changes under the daemon.
    world.write(&world.wrapped("scim-rotator").await);
    world.revoke_our_token().await;
    world.session.ping().await.expect("unwraps the new one");
    assert_eq!(world.session.state().logins, 3);

    // Another process finds it opened.
    let other = daemon(&world.vault, &world.role_id, &world.place);
    let error = other.login().await.expect_err("opened before");
    assert!(
        error.to_string().contains("somebody else opened it"),
        "{error}"
    );
}

#[tokio::test]
async fn a_wrapping_token_that_others_opened_or_made_is_refused() {
    let Some(world) = World::new().await else {
        return;
    };
    world.refusal("is empty").await;
    world.write("hvs.canary\n\n");
    world.refusal("a line end (byte 10)").await;

    // Opened by somebody else: one alarm, however often the login is tried.
    let log = Log::default();
    let _kept = log.keep();
    let stolen = world.wrapped("scim-rotator").await;
    let wish = json!({"token": stolen});
    world.vault.must("POST", "sys/wrapping/unwrap", wish).await;
    world.write(&stolen);
    let kind = world.refusal("somebody else opened it").await;
    assert!(
        matches!(kind, VaultErrorKind::LoginRefused { .. }),
        "{kind}"
    );

    world.refusal("somebody else opened it").await;
    assert_eq!(log.alarms(), 1);
    assert!(world.session.state().unwrap_failed);
    assert!(world.session.state().unwrap_failed);

    // Made elsewhere: not even opened.
    world.vault.approle("another", json!({})).await;
    let foreign = world.wrapped("another").await;
    world.write(&foreign);
    world
        .refusal("but at auth/approle/role/another/secret-id")
        .await;
    assert_eq!(log.alarms(), 2);
    for canary in [&stolen, &foreign] {
        assert!(!log.text().contains(canary.as_str()), "{}", log.text());
    }
    let wish = json!({"token": foreign});
    world.vault.must("POST", "sys/wrapping/unwrap", wish).await;

    // An honest one is taken up, and the alarm ends.
    world.write(&world.wrapped("scim-rotator").await);
    world.session.login().await.expect("logs in");
    assert!(!world.session.state().unwrap_failed);
}

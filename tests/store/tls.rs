//! TLS between us and Vault: whom we trust, whom Vault trusts, and what is said
//! when one of them does not. A real Vault with a listener for each case.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use scim_rotator::vault::{Session, VaultErrorKind};
use serde_json::{Value, json};
use tempfile::{NamedTempFile, TempDir};
use url::Url;

use super::bench::{config, file, session, token_login};
use super::support::certs::{Authority, Leaf};
use super::support::connect_proxy::ConnectProxy;
use super::support::tls_vault::{Listener, TlsVault};

const HERE: &str = "127.0.0.1";

/// Long enough for the files to be looked at once more.
const PATIENCE: Duration = Duration::from_secs(180);

/// A Vault, and the files of a daemon beside it.
struct World {
    tls: TlsVault,
    dir: TempDir,
    token: NamedTempFile,
    ours: Authority,
}

impl World {
    async fn new(listeners: impl FnOnce(&Authority, &Path) -> Vec<Listener>) -> Option<Self> {
        let dir = TempDir::new().expect("a folder");
        let ours = Authority::new("The Tests");
        write(&dir, "ca.pem", &ours.pem());
        write(&dir, "other-ca.pem", &Authority::new("Others").pem());
        let listeners = listeners(&ours, dir.path());
        let tls = TlsVault::start(dir.path(), &listeners).await?;
        Some(Self {
            token: file(tls.vault.root_token()),
            tls,
            dir,
            ours,
        })
    }

    fn session_at(&self, url: &Url, extra: &str) -> Arc<Session> {
        let extra = extra.replace("DIR", &self.dir.path().display().to_string());
        session(&config(url, &token_login(&self.token), &extra))
    }

    fn session(&self, listener: &str, extra: &str) -> Arc<Session> {
        self.session_at(self.tls.url(listener), extra)
    }

    /// What a login says that must fail before anything is sent.
    async fn refusal(&self, session: &Session) -> String {
        let error = session.login().await.expect_err("no connection");
        let text = error.to_string();
        assert!(
            matches!(error.kind, VaultErrorKind::Unreachable(_)),
            "{text}"
        );
        assert!(!error.is_ambiguous(), "{text}");
        assert!(!text.contains(self.tls.vault.root_token()), "{text}");
        text
    }
}

fn write(dir: &TempDir, name: &str, content: &str) {
    std::fs::write(dir.path().join(name), content).expect("written");
}

fn listener(name: &'static str, leaf: Leaf, more: Value) -> Listener {
    Listener { name, leaf, more }
}

/// A listener for each case.
fn every_case(ours: &Authority, dir: &Path) -> Vec<Listener> {
    let clients = dir.join("ca.pem");
    let asks = |version: &str| {
        json!({
            "tls_require_and_verify_client_cert": true, "tls_client_ca_file": clients,
            "tls_max_version": version,
        })
    };
    vec![
        listener("good", ours.server(HERE), json!({})),
        listener("expired", ours.expired_server(HERE), json!({})),
        listener("named", ours.server("vault.example.com"), json!({})),
        listener(
            "old",
            ours.server(HERE),
            json!({"tls_min_version": "tls10", "tls_max_version": "tls11"}),
        ),
        listener(
            "tls12",
            ours.server(HERE),
            json!({"tls_max_version": "tls12"}),
        ),
        listener("asks12", ours.server(HERE), asks("tls12")),
        listener("asks13", ours.server(HERE), asks("tls13")),
    ]
}

#[tokio::test]
async fn each_mistake_with_certificates_is_told() {
    let Some(world) = World::new(every_case).await else {
        return;
    };
    world
        .ours
        .client("scim-rotator")
        .write(world.dir.path(), "client");
    world
        .ours
        .expired_client("scim-rotator")
        .write(world.dir.path(), "expired-client");
    Authority::new("Others")
        .client("scim-rotator")
        .write(world.dir.path(), "foreign-client");
    std::fs::create_dir(world.dir.path().join("ca.d")).expect("a folder");
    write(&world.dir, "ca.d/ours.crt", &world.ours.pem());
    write(&world.dir, "ca.d/README", "not a certificate");

    let ca = "ca_file = \"DIR/ca.pem\"";
    let shown = |name: &str| {
        format!(
            "{ca}\nclient_cert_file = \"DIR/{name}.pem\"\nclient_key_file = \"DIR/{name}-key.pem\""
        )
    };
    let (client, expired, foreign) = (
        shown("client"),
        shown("expired-client"),
        shown("foreign-client"),
    );
    let at_least_13 = format!("{ca}\ntls_min_version = \"tls13\"");
    let cases = [
        ("good", ca, Ok(())),
        ("good", "ca_dir = \"DIR/ca.d\"", Ok(())),
        (
            "good",
            "ca_file = \"DIR/other-ca.pem\"\nca_dir = \"DIR/ca.d\"",
            Ok(()),
        ),
        ("good", &at_least_13, Ok(())),
        ("tls12", ca, Ok(())),
        ("asks12", &client, Ok(())),
        ("asks13", &client, Ok(())),
        // Whoever asks for no certificate is shown none.
        ("good", &client, Ok(())),
        (
            "good",
            "",
            Err("not trusted here: name that authority's PEM file (`ca_file`)"),
        ),
        (
            "good",
            "ca_file = \"DIR/other-ca.pem\"",
            Err("not trusted here"),
        ),
        (
            "named",
            ca,
            Err("not for the name in the URL but for vault.example.com"),
        ),
        ("expired", ca, Err("expired at 2021-02-03T00:00:00Z")),
        ("old", ca, Err("TLS 1.2 is the least")),
        ("tls12", &at_least_13, Err("`tls_min_version`")),
        (
            "asks12",
            ca,
            Err("it asks for a client certificate and we have none"),
        ),
        // With TLS 1.3 the alert may be lost with the connection.
        ("asks13", ca, Err("asks for a client certificate")),
        ("asks12", &expired, Err("(it expired)")),
        ("asks13", &expired, Err("client certificate")),
        (
            "asks12",
            &foreign,
            Err("(its certificate authority is not trusted there)"),
        ),
        ("asks13", &foreign, Err("client certificate")),
    ];
    for (listener, extra, expected) in cases {
        let session = world.session(listener, extra);
        match expected {
            Ok(()) => session
                .login()
                .await
                .unwrap_or_else(|e| panic!("{listener}, {extra}: {e}")),
            Err(part) => {
                let text = world.refusal(&session).await;
                assert!(text.contains(part), "{listener}, {extra}: {text}");
            }
        }
    }
    let mut plain = world.tls.vault.url().clone();
    plain.set_scheme("https").expect("a scheme");
    let text = world.refusal(&world.session_at(&plain, ca)).await;
    assert!(text.contains("does not speak TLS"), "{text}");
}

#[tokio::test]
async fn authorities_are_read_again_when_their_files_change() {
    let Some(world) =
        World::new(|ours, _| vec![listener("good", ours.server(HERE), json!({}))]).await
    else {
        return;
    };
    std::fs::create_dir(world.dir.path().join("ca.d")).expect("a folder");
    // Both at once: each waits until the files are looked at again.
    tokio::join!(
        authorities_change(&world, "now.pem", "now.pem", "ca_file = \"DIR/now.pem\""),
        authorities_change(
            &world,
            "ca.d/old.pem",
            "ca.d/new.pem",
            "ca_dir = \"DIR/ca.d\""
        ),
    );
}

/// `file` holds an authority that nobody has; ours stands in `added` later.
async fn authorities_change(world: &World, file: &str, added: &str, extra: &str) {
    let other = std::fs::read_to_string(world.dir.path().join("other-ca.pem")).expect("read");
    write(&world.dir, file, &other);
    let session = world.session("good", extra);
    let text = world.refusal(&session).await;
    assert!(text.contains("not trusted here"), "{text}");
    write(&world.dir, added, &world.ours.pem());
    session.login().await.expect("the next request reads it");

    // What cannot be used changes nothing.
    write(&world.dir, added, "half of a cert");
    session.ping().await.expect("as before");
    write(&world.dir, added, &other);
    let distrusted = async {
        while session.ping().await.is_ok() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(PATIENCE, distrusted)
        .await
        .expect("no longer trusted");
}

#[tokio::test]
async fn a_proxy_is_used_only_if_it_is_configured() {
    let Some(world) =
        World::new(|ours, _| vec![listener("good", ours.server(HERE), json!({}))]).await
    else {
        return;
    };
    let proxy = ConnectProxy::start().await;
    let url = world.tls.url("good");
    let ca = format!("ca_file = {:?}", world.dir.path().join("ca.pem"));
    let section = |more: &str| {
        format!(
            "[vault]\naddress = \"{url}\"\nstate_path = \"kv/s\"\n{ca}\n{more}\n{}\n",
            token_login(&world.token)
        )
    };
    for (text, expected) in [
        (section(""), 0),
        (section(&format!("proxy = \"{}\"", proxy.url)), 1),
    ] {
        write(&world.dir, "scim-rotator.toml", &text);
        let mut command = Command::new(env!("CARGO_BIN_EXE_scim-rotator"));
        command
            .arg("--config")
            .arg(world.dir.path().join("scim-rotator.toml"));
        command.args(["check", "--online"]);
        for name in [
            "HTTP_PROXY",
            "HTTPS_PROXY",
            "ALL_PROXY",
            "http_proxy",
            "https_proxy",
            "all_proxy",
        ] {
            command.env(name, proxy.url.as_str());
        }
        let output = tokio::task::spawn_blocking(move || command.output());
        let output = output.await.expect("ends").expect("runs");
        let said = String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        let line = format!("CONNECT {HERE}:{} HTTP/1.1", url.port().expect("a port"));
        assert_eq!(proxy.asked(), vec![line; expected], "{said}");
    }
}

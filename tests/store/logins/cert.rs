//! Client certificates, with their key in the same file.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use serde_json::json;

use super::{Authority, Login, ROLE, RealVault, Words, enable};

pub(super) struct Cert<'a> {
    vault: &'a RealVault,
    authority: Authority,
    issued: AtomicU64,
}

impl<'a> Cert<'a> {
    pub(super) async fn new(vault: &'a RealVault, authority: Authority) -> Self {
        enable(vault, "cert", "cert").await;
        let role = json!({
            "certificate": authority.pem(), "allowed_common_names": [ROLE], "token_ttl": "1h",
        });
        let path = format!("auth/cert/certs/{ROLE}");
        vault.must("POST", &path, role).await;
        Self {
            vault,
            authority,
            issued: AtomicU64::new(0),
        }
    }
}

#[async_trait]
impl Login for Cert<'_> {
    fn mount(&self) -> &str {
        "cert"
    }

    fn section(&self, place: &Path) -> String {
        format!(
            "client_cert_file = {place:?}\nclient_key_file = {place:?}\nauth.cert.role = \"{ROLE}\""
        )
    }

    async fn good(&self) -> String {
        let serial = self.issued.fetch_add(1, Ordering::Relaxed) + 1;
        let leaf = self.authority.numbered_client(ROLE, serial);
        leaf.certificate + &leaf.key
    }

    /// Of an authority that calls itself the same.
    async fn wrong(&self) -> String {
        let leaf = Authority::new("The Tests").client(ROLE);
        leaf.certificate + &leaf.key
    }

    async fn expired(&self) -> String {
        let leaf = self.authority.expired_client(ROLE);
        leaf.certificate + &leaf.key
    }

    /// All so far, as the list of the authority names them by their numbers.
    async fn revoke(&self, _credential: &str) {
        let last = self.issued.load(Ordering::Relaxed);
        let list = self.authority.revocation_list(1..=last);
        let wish = json!({ "crl": list });
        self.vault.must("POST", "auth/cert/crls/tests", wish).await;
    }

    fn words(&self) -> Words {
        let refused = "the client certificate (`client_cert_file`) was not accepted";
        Words {
            empty: "holds no certificate in PEM",
            wrong: refused,
            expired: refused,
            revoked: refused,
        }
    }
}

//! The real Vault with listeners that speak TLS, beside the plain one for the
//! test's own requests.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};
use url::Url;

use super::certs::Leaf;
use super::port::free_port;
use super::vault::RealVault;

/// One listener.
pub struct Listener {
    /// Also the name of its files.
    pub name: &'static str,
    pub leaf: Leaf,
    /// Further settings, in Vault's words.
    pub more: Value,
}

/// A Vault and where its listeners are, by their names.
pub struct TlsVault {
    pub vault: RealVault,
    urls: BTreeMap<&'static str, Url>,
}

impl TlsVault {
    /// `None`, said loudly, if the part is missing. Its files lie in `dir`.
    pub async fn start(dir: &Path, listeners: &[Listener]) -> Option<Self> {
        let mut urls = BTreeMap::new();
        let mut blocks = Vec::new();
        for listener in listeners {
            let port = free_port();
            let (certificate, key) = listener.leaf.write(dir, listener.name);
            let mut settings = json!({
                "address": format!("127.0.0.1:{port}"),
                "tls_cert_file": certificate, "tls_key_file": key,
            });
            let more = listener.more.as_object().cloned().unwrap_or_default();
            settings.as_object_mut().expect("an object").extend(more);
            blocks.push(json!({ "tcp": settings }));
            let url = Url::parse(&format!("https://127.0.0.1:{port}")).expect("a URL");
            urls.insert(listener.name, url);
        }
        let config = dir.join("listeners.json");
        let text = json!({ "listener": blocks }).to_string();
        std::fs::write(&config, text).expect("written");
        let config = format!("-config={}", config.display());
        Some(Self {
            vault: RealVault::start_dev_with(&[&config]).await?,
            urls,
        })
    }

    /// Where this listener is.
    pub fn url(&self, name: &str) -> &Url {
        &self.urls[name]
    }
}

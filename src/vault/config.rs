//! The `[vault]` section.

mod transport;

use std::path::PathBuf;

use jiff::SignedDuration;
use serde::{Deserialize, Deserializer, de};
use url::Url;

use super::auth::AuthConfig;
use super::path::KvPath;
use crate::http::TlsVersion;
use crate::http::client::is_loopback;
use crate::problem::Problems;
use crate::value::{HumanDuration, expand_file_path, https_of};

/// The address of Vault, the login, and the path of the records.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VaultConfig {
    /// One URL, or the URLs of several nodes of one cluster. The first that
    /// answers is used.
    pub address: Addresses,
    /// Namespace, sent with every request.
    #[serde(default)]
    pub namespace: Option<String>,
    /// `<mount>/<prefix>` of the records, one for each token.
    pub state_path: String,
    /// PEM file of the certificate authorities that are trusted for Vault,
    /// instead of those of the operating system.
    #[serde(default, deserialize_with = "file_path")]
    pub ca_file: Option<PathBuf>,
    /// Folder of such files; with `ca_file`, both are trusted.
    #[serde(default, deserialize_with = "file_path")]
    pub ca_dir: Option<PathBuf>,
    /// PEM file of the client certificate for Vault.
    #[serde(default, deserialize_with = "file_path")]
    pub client_cert_file: Option<PathBuf>,
    /// PEM file of its private key.
    #[serde(default, deserialize_with = "file_path")]
    pub client_key_file: Option<PathBuf>,
    /// The lowest permitted version of TLS.
    #[serde(default)]
    pub tls_min_version: TlsVersion,
    /// Proxy for all requests to Vault. Proxies in the environment are ignored.
    #[serde(default)]
    pub proxy: Option<Url>,
    /// File with the `user:password` by which the proxy knows us.
    #[serde(default, deserialize_with = "file_path")]
    pub proxy_auth_file: Option<PathBuf>,
    /// How to log in.
    pub auth: AuthConfig,
    /// Longest wait for a connection.
    #[serde(default = "VaultConfig::default_connect_timeout")]
    pub connect_timeout: HumanDuration,
    /// Longest wait for a complete answer. A Vault whose audit device is
    /// blocked never answers.
    #[serde(default = "VaultConfig::default_request_timeout")]
    pub request_timeout: HumanDuration,
}

impl VaultConfig {
    /// The least that is needed; everything else has its default.
    #[must_use]
    pub fn new(address: Url, state_path: String, auth: AuthConfig) -> Self {
        Self {
            address: Addresses(vec![address]),
            namespace: None,
            state_path,
            ca_file: None,
            ca_dir: None,
            client_cert_file: None,
            client_key_file: None,
            tls_min_version: TlsVersion::default(),
            proxy: None,
            proxy_auth_file: None,
            auth,
            connect_timeout: Self::default_connect_timeout(),
            request_timeout: Self::default_request_timeout(),
        }
    }

    /// Five seconds.
    #[must_use]
    pub fn default_connect_timeout() -> HumanDuration {
        HumanDuration(SignedDuration::from_secs(5))
    }

    /// Fifteen seconds.
    #[must_use]
    pub fn default_request_timeout() -> HumanDuration {
        HumanDuration(SignedDuration::from_secs(15))
    }

    /// Notes everything that is wrong; `path` is the key of the section.
    pub fn check(&self, path: &str, problems: &mut Problems) {
        self.address.check(&format!("{path}.address"), problems);
        self.check_state_path(&format!("{path}.state_path"), problems);
        self.check_namespace(&format!("{path}.namespace"), problems);
        self.check_timeouts(path, problems);
        self.check_transport(path, problems);
        self.auth.check(&format!("{path}.auth"), problems);
    }

    fn check_state_path(&self, key: &str, problems: &mut Problems) {
        let remedy = "write \"<mount>/<prefix>\", for example \"kv/scim-rotator\"";
        match KvPath::parse(&self.state_path) {
            Err(reason) => problems.error(key, reason, remedy),
            Ok(parsed) if parsed.path() == "data" || parsed.path().starts_with("data/") => {
                problems.warning(
                    key,
                    format!(
                        "`{}` begins with `data/` below the mount: that part belongs to Vault's HTTP API",
                        self.state_path
                    ),
                    "leave `data/` out; it is added by itself",
                );
            }
            Ok(_) => {}
        }
    }

    fn check_namespace(&self, key: &str, problems: &mut Problems) {
        let Some(namespace) = &self.namespace else {
            return;
        };
        if let Err(reason) = super::path::check_segments(namespace.trim_end_matches('/')) {
            problems.error(
                key,
                reason,
                "write the path of the namespace, for example \"admin/team\"",
            );
        }
    }

    fn check_timeouts(&self, path: &str, problems: &mut Problems) {
        let timeouts = [
            ("connect_timeout", self.connect_timeout),
            ("request_timeout", self.request_timeout),
        ];
        for (key, value) in timeouts {
            if value.0.is_zero() {
                problems.error(
                    format!("{path}.{key}"),
                    "a timeout of zero lets no request succeed",
                    "write for example \"15s\"",
                );
            }
        }
        if self.connect_timeout > self.request_timeout {
            problems.error(
                format!("{path}.connect_timeout"),
                "longer than `request_timeout`, which covers the whole request",
                "make it shorter than `request_timeout`",
            );
        }
    }
}

/// Addresses of one Vault: at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addresses(pub Vec<Url>);

impl Addresses {
    fn check(&self, key: &str, problems: &mut Problems) {
        let remedy = "write for example \"https://vault.example.com:8200\"";
        if self.0.is_empty() {
            problems.error(key, "there is no address", remedy);
        }
        for url in &self.0 {
            if let Err(reason) = check_address(url) {
                let meant = https_of(url.as_str().trim_end_matches('/'));
                let remedy =
                    meant.map_or_else(|| remedy.to_owned(), |url| format!("write \"{url}\""));
                problems.error(key, reason, remedy);
            }
        }
    }
}

fn check_address(url: &Url) -> Result<(), String> {
    if url.host_str().is_none_or(str::is_empty) {
        return Err("the address has no scheme or no host".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("a credential must not stand in an address".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(format!("`{url}` has a query or a fragment"));
    }
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_loopback(url) => Ok(()),
        "http" => Err(format!(
            "`{url}` would send tokens unencrypted: http is for loopback addresses only"
        )),
        other => Err(format!("`{other}` is no scheme of Vault's: use https")),
    }
}

impl<'de> Deserialize<'de> for Addresses {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Addresses;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a URL, or a list of URLs")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Addresses, E> {
                parse_url(text).map(|url| Addresses(vec![url]))
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, mut list: A) -> Result<Addresses, A::Error> {
                let mut urls = Vec::new();
                while let Some(text) = list.next_element::<String>()? {
                    urls.push(parse_url(&text)?);
                }
                Ok(Addresses(urls))
            }
        }
        from.deserialize_any(Visitor)
    }
}

fn parse_url<E: de::Error>(text: &str) -> Result<Url, E> {
    Url::parse(text).map_err(|error| {
        let meant = https_of(text).unwrap_or_else(|| "https://vault.example.com:8200".to_owned());
        E::custom(format!(
            "`{text}` is not a URL ({error}): write for example \"{meant}\""
        ))
    })
}

fn file_path<'de, D: Deserializer<'de>>(from: D) -> Result<Option<PathBuf>, D::Error> {
    let text = String::deserialize(from)?;
    expand_file_path(&text)
        .map(|path| Some(PathBuf::from(path)))
        .map_err(de::Error::custom)
}

#[cfg(test)]
mod tests;

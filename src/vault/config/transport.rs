//! The HTTP client's settings for Vault: certificates, TLS, proxy.

use super::VaultConfig;
use crate::http::{Addresses, ClientCertificate, ClientSettings, proxy_auth_fault, proxy_faults};
use crate::problem::Problems;
use crate::vault::auth::AuthConfig;

/// Concurrent requests to one node.
const PER_NODE: usize = 16;

/// Largest body of an answer of Vault. It has room for the largest secret that its
/// storage takes, whatever is in it and however it is escaped, so that what was
/// written can be read again.
const LARGEST_ANSWER: usize = 8 * 1024 * 1024;

impl VaultConfig {
    /// The settings of the HTTP client for Vault.
    pub(in crate::vault) fn client_settings(&self) -> ClientSettings {
        let files = self
            .client_cert_file
            .clone()
            .zip(self.client_key_file.clone());
        ClientSettings {
            connect_timeout: self.connect_timeout.0,
            read_timeout: self.request_timeout.0,
            total_timeout: self.request_timeout.0,
            ca_file: self.ca_file.clone(),
            ca_dir: self.ca_dir.clone(),
            client_certificate: files.map(|(cert_file, key_file)| ClientCertificate {
                cert_file,
                key_file,
            }),
            tls_min_version: self.tls_min_version,
            proxy: self.proxy.clone(),
            proxy_auth_file: self.proxy_auth_file.clone(),
            // Where Vault is, only the administrator of the daemon says; agents on the
            // same node have link-local addresses.
            addresses: Addresses::Any,
            max_body: LARGEST_ANSWER,
            per_host: PER_NODE,
            hosts: Vec::new(),
        }
    }

    pub(super) fn check_transport(&self, path: &str, problems: &mut Problems) {
        for (fault, remedy) in self.proxy.iter().flat_map(proxy_faults) {
            problems.error(format!("{path}.proxy"), fault, remedy);
        }
        let auth = proxy_auth_fault(self.proxy.as_ref(), self.proxy_auth_file.as_ref());
        if let Some((fault, remedy)) = auth {
            problems.error(format!("{path}.proxy_auth_file"), fault, remedy);
        }
        if self.proxy.is_some() && self.address.0.iter().all(|url| url.scheme() == "http") {
            problems.warning(
                format!("{path}.proxy"),
                "the proxy is not used: it could read requests over http, with the Vault token",
                "remove `proxy`, or use https addresses",
            );
        }
        let (certificate, key) = (&self.client_cert_file, &self.client_key_file);
        if certificate.is_some() != key.is_some() {
            let (there, lacking) = if key.is_none() {
                ("client_cert_file", "client_key_file")
            } else {
                ("client_key_file", "client_cert_file")
            };
            problems.error(
                format!("{path}.{there}"),
                format!(
                    "`{there}` without `{lacking}`: a certificate is of no use without its key"
                ),
                format!("set `{lacking}` too"),
            );
        }
        if matches!(self.auth, AuthConfig::Cert(_)) {
            self.check_cert_login(path, problems);
        }
    }

    fn check_cert_login(&self, path: &str, problems: &mut Problems) {
        if self.client_cert_file.is_none() && self.client_key_file.is_none() {
            problems.error(
                format!("{path}.auth.cert"),
                "a login by certificate needs the certificate",
                "set `client_cert_file` and `client_key_file` in [vault]",
            );
        }
        if self.address.0.iter().any(|url| url.scheme() == "http") {
            problems.error(
                format!("{path}.address"),
                "a login by certificate needs TLS, and http has none",
                "use an https address",
            );
        }
    }
}

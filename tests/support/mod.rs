//! What several test programs share.
#![allow(dead_code, reason = "each test program uses a part of it")]

pub mod better_auth;
pub mod canaille;
pub mod canary;
pub mod certs;
pub mod cluster;
pub mod connect_proxy;
pub mod cut;
pub mod dashboards;
pub mod jupyterhub;
pub mod jwt;
pub mod keycloak;
pub mod kube_api;
pub mod machine;
pub mod meddler;
pub mod mlflow;
pub mod part;
pub mod port;
pub mod promtool;
pub mod receiver;
pub mod scim2_server;
pub mod series;
pub mod syncope;
pub mod terraform;
pub mod tls_vault;
pub mod vault;

/// A bare client for the tests' own requests to the parts.
pub fn bare_http() -> reqwest::Client {
    client(reqwest::redirect::Policy::default())
}

/// The same for proxies, which hand redirects on.
pub fn bare_http_without_redirects() -> reqwest::Client {
    client(reqwest::redirect::Policy::none())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the tests' own requests carry no secret of anybody"
)]
fn client(redirects: reqwest::redirect::Policy) -> reqwest::Client {
    reqwest::Client::builder()
        .no_proxy()
        .redirect(redirects)
        .build()
        .expect("a client")
}

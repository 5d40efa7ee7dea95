//! HashiCorp Vault: our login, the records, the published secrets, and the
//! credentials that the configuration refers to.
//!
//! ```text
//! VaultStore, VaultSecrets, preflight      which document is at which path (KV v2)
//!         │
//!     Documents                            no version older than a known one; lost answers are resolved
//!         │
//!        kv                                read and check-and-set write
//!         │
//!      Session                             our Vault token: login, renewal, one new login on 403
//!         │
//!    VaultClient                           vaultrs' requests through our HTTP client, typed errors;
//!                                          of several nodes, the leader is used
//! ```
//!
//! vaultrs supplies the requests; they are sent by [`client::VaultClient`],
//! because vaultrs loses `Retry-After`, follows redirects with the token, and
//! gives check-and-set conflicts as text.

pub mod audit_heads;
pub mod auth;
pub mod bell;
pub mod call;
pub mod client;
pub mod config;
pub mod control;
pub mod cycles;
mod documents;
mod endpoints;
pub mod engine;
pub mod error;
pub mod facts;
pub mod fields;
mod floor;
pub mod handover;
mod held;
pub mod inspect;
pub mod installation_key;
mod kv;
mod leased;
mod local;
mod nodes;
pub mod path;
pub mod preflight;
mod published;
mod record;
pub mod refresh;
pub mod requests;
pub mod secrets;
pub mod session;
mod shared_documents;
pub mod store;
mod wiped;

pub use client::VaultClient;
pub use config::VaultConfig;
pub use error::{VaultError, VaultErrorKind};
pub use fields::FieldNames;
pub use path::KvPath;
pub use secrets::VaultSecrets;
pub use session::{Session, SessionState};
pub use store::{PublishTarget, VaultStore};

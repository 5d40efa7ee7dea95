//! The one hardened HTTP client, and what issuers and connections share on top
//! of it.
//!
//! ```text
//! template ─> Request ─> client ─> Answer ─> predicate, extract, paging
//!                          │          └ status: what a refusal means (a Fault)
//!                          └ transport failures become Faults here
//! ```
//!
//! No redirects, no proxy of the environment, https only except on loopback,
//! connect, read and total timeouts, a cap on bodies, no compression, no retry.
//! Error texts name the operation, the method and the host; never the path's
//! query and never a body.

pub mod client;
mod context;
pub mod credential;
pub mod exchange;
pub mod fired;
mod json;
pub mod message;
pub mod names;
pub mod oauth2;
pub mod ratelimit;
mod shape;
pub mod skew;
pub mod status;
pub mod template;
pub mod times;

pub use client::{
    AddressRange, Addresses, Client, ClientCertificate, ClientSettings, Forbidden, HostSettings,
    NoObserver, Observer, RightClock, Target, TlsVersion, proxy_auth_fault, proxy_faults,
};
pub use message::{Answer, Request, SecretJson};

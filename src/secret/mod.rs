//! Secrets in memory, and the ways to name one without holding it.
//!
//! Two types carry the bytes of a secret. [`SecretText`] is any credential that
//! the daemon authenticates itself with; [`BearerToken`] is a managed SCIM
//! token, with the rules that follow from its place in an HTTP header. Neither
//! has a `Display` or a `Serialize`, their `Debug` prints a constant, and both
//! wipe their buffer when dropped. Wiping is best effort: copies inside TLS
//! buffers, header values and JSON parsers are out of its reach.
//!
//! A managed token may be the secret of an OAuth 2 client. Its client id, token
//! endpoint and scopes ([`ClientParts`]) are part of the [`BearerToken`] then: none
//! of them goes anywhere without the others.
//!
//! Two kinds of short names tell secrets apart: a plain [`Fingerprint`] for decisions, and
//! a [`KeyedFingerprint`] for what leaves the house, such as the audit.
//!
//! A [`SecretRef`] names a credential; [`resolve::Secrets`] reads what it names.
//! [`spellings`] knows in which spellings a secret may come back, and
//! [`mask::Mask`] takes them out of foreign text. [`redact`] masks what is left in
//! everything that leaves the process.

mod client;
mod fingerprint;
mod keyed;
pub mod mask;
pub mod redact;
mod reference;
pub mod resolve;
pub mod shown_parts;
pub mod spellings;
mod text;
mod token;

use aws_lc_rs::rand;
use zeroize::Zeroizing;

pub use client::{ClientParts, objection_to_client_id};
pub use fingerprint::Fingerprint;
pub use keyed::{FingerprintKey, InstallationKey, KeyedFingerprint};
pub use reference::SecretRef;
pub use text::{HeaderObstacle, MAX_SECRET_LEN, SecretText, SecretTextError, announce, watch};
pub use token::{BearerToken, MAX_ACCESS_TOKEN_LEN, MAX_TOKEN_LEN, TokenShapeError};

/// 256 bits from the operating system's generator, through AWS-LC.
///
/// # Panics
/// When the operating system refuses random bytes: nothing safe can follow.
#[must_use]
#[expect(
    clippy::expect_used,
    reason = "without random bytes no secret can be made, and going on would be worse"
)]
pub fn random_256() -> Zeroizing<[u8; 32]> {
    let mut bytes = Zeroizing::new([0_u8; 32]);
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the home of random bytes"
    )]
    rand::fill(bytes.as_mut_slice()).expect("the operating system gives random bytes");
    bytes
}

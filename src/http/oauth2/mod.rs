//! How a caller authenticates itself: to an issuer's or a connection's API.

mod assertion;
mod auth;
mod caller;
mod credentials;
mod grant;
mod login;
mod proof;
mod signing;
mod trial;

pub use self::assertion::{JwtAuth, SigningKey};
pub use self::auth::{AuthHeader, CallerAuth};
pub use self::caller::Caller;
pub use self::credentials::{ClientAuthMethod, ClientCredentials, GrantEncoding, GrantRead};
pub use self::grant::{Grant, JwtGrant, TokenExchange};
pub use self::login::{Granted, RefreshFailed, Refreshed, login, refresh};
pub use self::proof::Proof;
pub use self::signing::{Algorithm, Thumbprint};
pub use self::trial::{Ungranted, try_assertion, try_secret};

#[cfg(test)]
mod tests;

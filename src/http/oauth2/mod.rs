//! How a caller authenticates itself: to an issuer's or a connection's API.

mod auth;
mod caller;
mod credentials;
mod login;

pub use self::auth::{AuthHeader, CallerAuth};
pub use self::caller::Caller;
pub use self::credentials::{ClientAuthMethod, ClientCredentials, GrantEncoding, GrantRead};
pub use self::login::{Granted, login};

#[cfg(test)]
mod tests;

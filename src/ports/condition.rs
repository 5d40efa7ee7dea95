//! What an identity provider says of a connection.

use jiff::Timestamp;

pub use crate::http::exchange::ConnectionState;

/// What an identity provider reports of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Condition {
    /// Its state.
    pub state: ConnectionState,
    /// When it last provisioned; `None` if that is not reported.
    pub last_success_at: Option<Timestamp>,
}

//! A store that was restored from a snapshot.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Vault was restored from a snapshot: it returned an older version of the record
/// than it had stored, or the issuer has tokens of this record that the record
/// does not contain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restored {
    /// When that was noticed.
    pub at: Timestamp,
    /// What still has to be done about it.
    pub todo: RestoredTodo,
}

/// What still has to be done after Vault was restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RestoredTodo {
    /// Look for tokens at the issuer that were issued in the time that is lost.
    Look,
    /// Test the current token, then give it to the connections again: they may
    /// hold another one.
    Test,
    /// Replace the current token: the connections may hold another one, which the
    /// issuer lists and whose value is lost.
    Replace,
    /// Nothing.
    Nothing,
}

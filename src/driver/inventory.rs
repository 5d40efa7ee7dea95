//! Reads what issuers list, for people. This file names no other method of a port
//! than those that read: what is not ours is never touched.

use crate::fault::Fault;
use crate::ports::Issuer;
use crate::rotation::capability::{LastUsed, Supply};
use crate::rotation::inventory::{Claim, Item, classify};

/// What an issuer shows of its credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// All of them.
    Items {
        /// Each with whose it is.
        items: Vec<Item>,
        /// Whether the issuer tells when a credential was last used.
        tells_use: bool,
    },
    /// It cannot list any; says why.
    Nothing(&'static str),
}

/// Asks an issuer once. `token` is a token that names it.
///
/// # Errors
/// When it does not answer, or not completely.
pub async fn of_issuer(issuer: &dyn Issuer, token: &str, claims: &[Claim]) -> Result<Shown, Fault> {
    let can = issuer.capabilities();
    if can.supply == Supply::Operator {
        return Ok(Shown::Nothing("a person makes its tokens"));
    }
    if !can.lists_before_an_issue() && !can.looks_up() {
        return Ok(Shown::Nothing("it does not list its tokens"));
    }
    let listing = issuer.list(token).await?;
    Ok(Shown::Items {
        items: classify(&listing, claims),
        tells_use: can.last_used != LastUsed::None,
    })
}

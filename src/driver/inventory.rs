//! Reads what issuers and identity providers list, for people. This file names no other method of a port
//! than those that read: what is not ours is never touched.

use crate::fault::Fault;
use crate::ports::{Connection, Issuer};
use crate::rotation::capability::{LastUsed, Supply};
use crate::rotation::inventory::{Claim, Item, Provisioned, classify};

/// Through how many connections of one identity provider its list is asked for, until one
/// may read it.
const MOST_ASKED: usize = 3;

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

/// Asks an identity provider for all its connections, through the first of these that may
/// read the list.
///
/// # Errors
/// When none may, or it does not answer completely.
pub async fn of_provider(through: &[&dyn Connection]) -> Result<Provisioned, Fault> {
    let mut last = Ok(Provisioned::default());
    for connection in through.iter().take(MOST_ASKED) {
        last = connection.inventory().await;
        if last.is_ok() {
            break;
        }
    }
    last
}

//! What is read from and written to the published secret.

use super::current_of;
use crate::driver::unit::Unit;
use crate::ports::{PublishedSecret, PublishedToken, Store, StoreError};
use crate::rotation::fault::{Fault, FaultClass, FaultKind};
use crate::rotation::outcome::{Outcome, Supplied};
use crate::rotation::record::{ExpiryKnown, Record};

pub(super) async fn supplied(unit: &Unit, store: &dyn Store) -> Result<Supplied, Fault> {
    let found = store.published(&unit.name).await.map_err(store_fault)?;
    match found {
        PublishedSecret::Token(token) => Ok(from_published(token)),
        PublishedSecret::Absent | PublishedSecret::Malformed(_) => Err(Fault::new(
            FaultClass::NotApplied,
            FaultKind::Conflict,
            "the published token has gone since it was seen",
        )),
    }
}

fn from_published(token: PublishedToken) -> Supplied {
    let (expires_at, expiry) = match (token.expires_at, crate::scim::jwt::expiry(&token.value)) {
        (Some(end), _) => (Some(end), ExpiryKnown::Api),
        (None, Some(end)) => (Some(end), ExpiryKnown::Jwt),
        (None, None) => (None, ExpiryKnown::Unknown),
    };
    Supplied {
        value: token.value,
        id: token.token_id,
        issued_at: token.issued_at,
        expires_at,
        expiry,
    }
}

pub(super) async fn publish(
    unit: &Unit,
    store: &dyn Store,
    record: &Record,
) -> Result<Outcome, Fault> {
    let current = current_of(record)?;
    let value = PublishedToken {
        value: current.value.clone(),
        token_id: current.id.clone(),
        issued_at: Some(current.issued_at),
        expires_at: current.expires_at,
        generation: Some(record.generation),
    };
    store
        .publish(&unit.name, &value)
        .await
        .map_err(store_fault)?;
    Ok(Outcome::Published)
}

fn store_fault(error: StoreError) -> Fault {
    match error {
        StoreError::Fault(fault) => fault,
        StoreError::Conflict => {
            Fault::new(FaultClass::Conflict, FaultKind::Conflict, error.to_string())
        }
        StoreError::Unusable(text) => Fault::new(FaultClass::Rejected, FaultKind::Schema, text),
    }
}

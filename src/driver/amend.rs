//! Writes what a person asks for into a record: requests, pauses. Commands do
//! this with the person's own Vault token, so Vault's policies and audit apply.

use crate::ids;
use crate::ports::{Clock, Store, StoreError, Version};
use crate::rotation::record::Record;

/// Changes the record of a token, also while others write it, and returns what
/// is stored then. Nothing is written if `change` changes nothing.
///
/// # Errors
/// When the store cannot be used. After a conflict the change is made again.
pub async fn amend(
    store: &dyn Store,
    clock: &dyn Clock,
    token: &str,
    change: impl Fn(&mut Record),
) -> Result<Record, StoreError> {
    loop {
        let (before, version) = match store.load(token).await? {
            Some(stored) => (stored.value, stored.version),
            None => (Record::new(token, clock.now()), Version::default()),
        };
        let mut record = before.clone();
        change(&mut record);
        if record == before {
            return Ok(record);
        }
        record.updated_at = clock.now().max(before.updated_at);
        record.write_id = ids::write();
        match store.commit(&record, version).await {
            Ok(_) => return Ok(record),
            Err(StoreError::Conflict) => {}
            Err(error @ (StoreError::Unusable(_) | StoreError::Fault(_))) => return Err(error),
        }
    }
}

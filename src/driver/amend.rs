//! Handles a request of the process itself, without a detour: `rotate
//! --foreground` writes records anyway.

use crate::ids;
use crate::ports::{Clock, Store, StoreError, Version};
use crate::rotation::apply::take_requests;
use crate::rotation::record::{Record, RequestsOf, WrittenRequest};
use crate::secret::redact;

/// Puts a request into the record of a token, also while others write it, and
/// returns what is stored then. The request gets the next number of its author.
///
/// # Errors
/// When the store cannot be used. After a conflict this is done again.
pub async fn ask_directly(
    store: &dyn Store,
    clock: &dyn Clock,
    token: &str,
    entity: &str,
    request: &WrittenRequest,
) -> Result<Record, StoreError> {
    // Its numbers are not those of the entity's written requests.
    let author = format!("foreground:{entity}");
    loop {
        let (before, version) = match store.load(token).await? {
            Some(stored) => (stored.value, stored.version),
            None => (Record::new(token, clock.now()), Version::default()),
        };
        let noted = before.handled.iter().find(|noted| noted.author == author);
        let (seq, document) = noted.map_or((0, 0), |noted| (noted.seq, noted.version));
        let asked = RequestsOf {
            author: author.clone(),
            name: Some(format!("entity {entity}, in the foreground")),
            version: document,
            requests: Ok(vec![WrittenRequest {
                seq: seq.saturating_add(1),
                ..request.clone()
            }]),
        };
        let mut record = take_requests(&before, &[asked], clock.now());
        if record == before {
            let why = format!(
                "the record of the token `{token}` has no room for the request of another author"
            );
            return Err(StoreError::Unusable(why));
        }
        let redactor = redact::global();
        record
            .texts_mut()
            .for_each(|text| redactor.mask_in_place(text));
        record.write_id = ids::write();
        match store.commit(&record, version).await {
            Ok(_) => return Ok(record),
            Err(StoreError::Conflict) => {}
            Err(error @ (StoreError::Unusable(_) | StoreError::Fault(_))) => return Err(error),
        }
    }
}

//! Steps that read or write the published secret.

use jiff::Timestamp;

use super::lookup::look_up;
use super::operands::current_of;
use crate::fault::{Fault, FaultClass, FaultKind};
use crate::ports::unit::Unit;
use crate::ports::{PublishedSecret, PublishedToken, Store, StoreError};
use crate::rotation::issuer_id::IssuerId;
use crate::rotation::outcome::{Outcome, Supplied};
use crate::rotation::record::{ExpiryKnown, Record};
use crate::secret::{BearerToken, objection_to_client_id};

/// The token at the published path, with what the issuer shows of it.
pub(super) async fn adopt(
    unit: &Unit,
    store: &dyn Store,
    record: &Record,
) -> Result<Outcome, Fault> {
    let supplied = supplied(unit, store, record).await?;
    let lookup = look_up(unit, &supplied.value, None).await;
    Ok(Outcome::Adopted { supplied, lookup })
}

pub(super) async fn supplied(
    unit: &Unit,
    store: &dyn Store,
    record: &Record,
) -> Result<Supplied, Fault> {
    let found = store.published(&unit.name).await.map_err(store_fault)?;
    match found {
        PublishedSecret::Token(token) => {
            let by = store.published_by(&unit.name).await;
            let mut supplied = from_published(without_old_facts(token, record), by);
            supplied.value = unit.whole(with_stated_client(supplied.value));
            Ok(supplied)
        }
        PublishedSecret::Absent | PublishedSecret::Malformed(_) => Err(Fault::new(
            FaultClass::NotApplied,
            FaultKind::Conflict,
            "the published token has gone since it was seen",
        )),
    }
}

/// Of the parts that stand beside a client secret only the client id is taken: whom
/// the secret is shown to is said by the configuration alone.
fn with_stated_client(value: BearerToken) -> BearerToken {
    let id = value.client().and_then(|parts| parts.id.clone());
    let id = id.filter(|id| objection_to_client_id(id).is_none());
    match id {
        Some(id) => value.of_client(None).with_client_id(id),
        None => value.of_client(None),
    }
}

/// Drops facts of the previous token. They stay in the secret if a person
/// changes only the token (`vault kv patch`, or the user interface).
fn without_old_facts(token: PublishedToken, record: &Record) -> PublishedToken {
    let Some(old) = record.current.as_ref() else {
        return token;
    };
    if old.value.matches(token.value.expose()) {
        return token;
    }
    let issued_at = token.issued_at.filter(|at| *at != old.issued_at);
    let last = record.published_end.as_ref();
    let last = last.filter(|last| last.fingerprint == old.fingerprint());
    let is_old = |end: &Timestamp| {
        Some(*end) == old.expires_at || last.is_some_and(|last| last.end == Some(*end))
    };
    let old_id = old.id.as_ref().map(IssuerId::as_str);
    let old_id = old_id.or(old.stated_id.as_deref());
    PublishedToken {
        token_id: token.token_id.filter(|id| Some(id.as_str()) != old_id),
        expires_at: token.expires_at.filter(|end| !is_old(end)),
        issued_at,
        ..token
    }
}

/// A token that says itself when it ends does not outlive that.
fn from_published(token: PublishedToken, by: Option<String>) -> Supplied {
    let (expires_at, expiry) = match (token.expires_at, crate::scim::jwt::expiry(&token.value)) {
        (Some(stated), Some(end)) if stated < end => (Some(stated), ExpiryKnown::Api),
        (_, Some(end)) => (Some(end), ExpiryKnown::Jwt),
        (Some(stated), None) => (Some(stated), ExpiryKnown::Api),
        (None, None) => (None, ExpiryKnown::Unknown),
    };
    Supplied {
        stated_end: token.stated_end(),
        value: token.value,
        stated_id: token.token_id,
        issued_at: token.issued_at,
        expires_at,
        expiry,
        unreadable: token.unreadable,
        by,
    }
}

pub(super) async fn publish(
    unit: &Unit,
    store: &dyn Store,
    record: &Record,
) -> Result<Outcome, Fault> {
    let current = current_of(record)?;
    let id = current.id.as_ref().map(IssuerId::text);
    let value = PublishedToken {
        value: current.value.clone(),
        token_id: id.or_else(|| current.stated_id.clone()),
        issued_at: Some(current.issued_at),
        expires_at: current.expires_at,
        generation: Some(record.generation),
        unreadable: None,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rotation::record::{HeldToken, Origin};

    #[test]
    fn facts_of_the_token_before_are_not_those_of_the_new_one() {
        let value = |text: &str| BearerToken::parse(text).expect("a token");
        let at = |second| Timestamp::from_second(second).expect("a time");
        let mut record = Record::new("crm", at(0));
        record.current = Some(HeldToken {
            value: value("old"),
            id: None,
            stated_id: Some("id-old".to_owned()),
            issued_at_is_seen: false,
            supplied_by: None,
            issuer: None,
            issued_at: at(10),
            expires_at: Some(at(20)),
            expiry: ExpiryKnown::Api,
            origin: Origin::Issued,
            evidence: None,
            scopes: None,
            asked_life: None,
        });
        let patched = PublishedToken {
            value: value("new"),
            token_id: Some("id-old".to_owned()),
            issued_at: Some(at(10)),
            expires_at: Some(at(20)),
            generation: Some(3),
            unreadable: None,
        };
        let taken = without_old_facts(patched.clone(), &record);
        assert_eq!(
            (taken.token_id, taken.issued_at, taken.expires_at),
            (None, None, None)
        );
        let stated = PublishedToken {
            expires_at: Some(at(99)),
            ..patched.clone()
        };
        let taken = without_old_facts(stated, &record);
        assert_eq!(taken.expires_at, Some(at(99)), "this one was written");
        let unchanged = PublishedToken {
            value: value("old"),
            ..patched
        };
        assert_eq!(without_old_facts(unchanged.clone(), &record), unchanged);
    }
}

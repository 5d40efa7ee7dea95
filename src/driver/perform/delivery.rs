//! Steps at a connection.

use jiff::Timestamp;

use super::operands::{current_of, is_of_another_issuer, missing, pending_of};
use crate::fault::Fault;
use crate::ports::unit::Unit;
use crate::ports::{Connection, Delivery};
use crate::rotation::capability::Writer;
use crate::rotation::handover;
use crate::rotation::outcome::{Confirmation, Objection, Outcome};
use crate::rotation::record::{HeldToken, Record};

/// The connections that cannot hold this token. All are asked before the first is
/// given it: otherwise the canary would hold a token that another one cannot.
pub(super) fn objections(unit: &Unit, record: &Record, token: &HeldToken) -> Vec<Objection> {
    let delivery = Delivery {
        token: &unit.name,
        value: &token.value,
        old: record.current.as_ref().map(|t| &t.value),
        scim_url: &unit.scim_url,
        since: None,
    };
    let all = unit.connections.iter();
    all.filter_map(|(name, connection)| {
        let why = connection.objection(&delivery)?;
        let connection = name.clone();
        Some(Objection { connection, why })
    })
    .collect()
}

pub(super) async fn deliver(unit: &Unit, record: &Record, name: &str) -> Result<Outcome, Fault> {
    // Some are delivered before they are proven.
    let pending = pending_of(record)?;
    if pending.evidence.is_none() {
        let objections = objections(unit, record, pending);
        if !objections.is_empty() {
            return Ok(Outcome::CannotBeHeld(objections));
        }
    }
    let delivery = Delivery {
        token: &unit.name,
        value: &pending_of(record)?.value,
        old: record.current.as_ref().map(|t| &t.value),
        scim_url: &unit.scim_url,
        since: None,
    };
    let connection = unit
        .connection(name)
        .ok_or_else(|| missing("such connection"))?;
    connection.deliver(&delivery).await?;
    Ok(Outcome::Delivered {
        connection: name.to_owned(),
    })
}

pub(super) async fn revert(unit: &Unit, record: &Record, name: &str) -> Result<Outcome, Fault> {
    let pending = record.rotation.as_ref().and_then(|r| r.pending.as_ref());
    let delivery = Delivery {
        token: &unit.name,
        value: &current_of(record)?.value,
        old: pending.map(|t| &t.value),
        scim_url: &unit.scim_url,
        since: None,
    };
    let connection = unit
        .connection(name)
        .ok_or_else(|| missing("such connection"))?;
    connection.revert(&delivery).await?;
    Ok(Outcome::Reverted {
        connection: name.to_owned(),
    })
}

/// Asks the connection for proof. If it cannot tell, the issuer's record of use
/// may.
pub(super) async fn confirm(unit: &Unit, record: &Record, name: &str) -> Result<Outcome, Fault> {
    let handed = handed_to(record, name)?;
    let connection = unit
        .connection(name)
        .ok_or_else(|| missing("such connection"))?;
    let rotation = record.rotation.as_ref();
    let delivered_at = rotation.and_then(|r| r.deliveries.get(name)).map(|d| d.at);
    let delivery = Delivery {
        token: &unit.name,
        value: &handed.value,
        old: record.current.as_ref().map(|t| &t.value),
        scim_url: &unit.scim_url,
        since: delivered_at.or(record.connections.get(name).map(|holds| holds.at)),
    };
    let by_person = connection.capabilities().writer == Writer::Person;
    let last_used = unit.issuer.capabilities().last_used;
    let use_shows = match by_person {
        true => handover::use_shows(last_used, unit.connections.len()),
        false => last_used.tells_when(),
    };
    let mut confirmation = connection.confirm(&delivery).await?;
    let cannot_tell = confirmation == Confirmation::CannotTell;
    if cannot_tell && use_shows && used_since(unit, handed, delivered_at).await {
        confirmation = Confirmation::Works;
    }
    let acknowledged = handover::is_acknowledged(record, name);
    if by_person && handover::is_proof(acknowledged, &confirmation) {
        settle(unit, connection.as_ref(), name, handed).await;
    }
    Ok(Outcome::Confirmed {
        connection: name.to_owned(),
        confirmation,
    })
}

/// The token that the connection was given: the pending one, or after the rotation
/// the one in use.
fn handed_to<'r>(record: &'r Record, name: &str) -> Result<&'r HeldToken, Fault> {
    if record.rotation.is_some() {
        return pending_of(record);
    }
    let holds = record.connections.get(name);
    let current = current_of(record)?;
    match holds.is_some_and(|holds| holds.fingerprint == current.fingerprint()) {
        true => Ok(current),
        false => Err(missing("token that was handed over")),
    }
}

/// The token that was written need not wait any more. If it cannot be removed,
/// the rotation goes on: the next one takes its place.
async fn settle(unit: &Unit, connection: &dyn Connection, name: &str, token: &HeldToken) {
    if let Err(fault) = connection.settled(&unit.name, &token.value).await {
        tracing::warn!(
            token = %unit.name,
            connection = name,
            error = %fault.message,
            "the token was written into the connection, and still waits in Vault: it could not be removed there"
        );
    }
}

async fn used_since(unit: &Unit, token: &HeldToken, since: Option<Timestamp>) -> bool {
    let elsewhere = is_of_another_issuer(unit, token.issuer.as_deref());
    let (false, Some(id), Some(since)) = (elsewhere, token.id.as_ref(), since) else {
        return false;
    };
    match unit.issuer.get(&unit.name, id.as_str()).await {
        Ok(Some(listed)) => listed.last_used_at.is_some_and(|at| at > since),
        Ok(None) | Err(_) => false,
    }
}

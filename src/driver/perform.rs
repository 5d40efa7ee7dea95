//! Turns a step into calls of ports, and their answers into an outcome. The
//! step says what is done, and the capabilities how.

mod dead;
mod delivery;
mod ending;
mod lookup;
pub(super) mod operands;
mod privilege;
mod published;
mod rehearsal;

use self::dead::Now;
use self::delivery::{confirm, deliver, objections, revert};
use self::ending::{check_use, complete, discard, retire, revoke_orphan, revoke_unrecorded};
use self::lookup::look_up;
use self::operands::{
    current_of, is_of_another_issuer, lists, missing, pending_of, request_for, rotation_of,
};
use self::privilege::look_at_privilege;
use self::published::{adopt, publish, supplied};
use self::rehearsal::end_rehearsal;
use crate::fault::{Fault, FaultClass};
use crate::ids;
use crate::ports::Store;
use crate::ports::unit::Unit;
use crate::rotation::capability::{Overlap, Recovery, Supply};
use crate::rotation::decision::Step;
use crate::rotation::outcome::{IssuedToken, Listing, Outcome, Preparation};
use crate::rotation::record::{HeldToken, Record, RestoredTodo, Retiring, Trigger};
use crate::rotation::rotation_id;
use crate::rotation::tenant;
use crate::rotation::uncommitted::UnrecordedToken;
use crate::scim::evidence::Tenancy;
use crate::scim::evidence::{Evidence, Verdict};

/// Performs one step for a token whose intent is stored.
pub async fn perform(
    unit: &Unit,
    store: &dyn Store,
    record: &Record,
    unrecorded: &[UnrecordedToken],
    step: &Step,
    now: &Now<'_>,
) -> Outcome {
    let done = match step {
        Step::Adopt => adopt(unit, store, record).await,
        Step::Prepare { trigger } => prepare(unit, record, *trigger).await.map(Outcome::Prepared),
        Step::Issue => issue(unit, record).await,
        Step::Recover => recover(unit, record).await,
        Step::TakeSupplied => {
            supplied(unit, store, record)
                .await
                .map(|supplied| Outcome::Supplied {
                    rotation_id: new_rotation_id(record),
                    supplied,
                })
        }
        Step::Prove => prove(unit, record, now).await,
        Step::Deliver { connection } => deliver(unit, record, connection).await,
        Step::Confirm { connection } => confirm(unit, record, connection).await,
        Step::Complete => complete(unit, record).await,
        Step::Publish => publish(unit, store, record).await,
        Step::Revert { connection } => revert(unit, record, connection).await,
        Step::Discard => discard(unit, record).await,
        Step::CheckUse { fingerprint } => check_use(unit, record, fingerprint).await,
        Step::Retire { fingerprint } => retire(unit, record, fingerprint, now).await,
        Step::RevokeOrphan { id } => revoke_orphan(unit, record, id).await,
        Step::RevokeUnrecorded { label } => revoke_unrecorded(unit, unrecorded, label).await,
        Step::EndRehearsal => end_rehearsal(unit, record).await,
        Step::Verify => verify(unit, record, now).await,
    };
    done.unwrap_or_else(|fault| Outcome::Failed {
        step: step.clone(),
        fault,
    })
}

/// Checks every connection and lists the issuer's tokens before one is issued.
async fn prepare(unit: &Unit, record: &Record, trigger: Trigger) -> Result<Preparation, Fault> {
    for (_, connection) in &unit.connections {
        connection.preflight(&unit.name, &unit.scim_url).await?;
    }
    let (rotation_id, attempt) = match &record.rotation {
        Some(rotation) => (rotation.id.clone(), rotation.attempts + 1),
        None => (new_rotation_id(record), 1),
    };
    let capabilities = unit.issuer.capabilities();
    let by_issuer = capabilities.supply == Supply::Issuer;
    let listing = match lists(&capabilities) {
        true => Some(unit.issuer.list(&unit.name).await?),
        false => None,
    };
    let unidentified = record.current.as_ref().filter(|t| t.id.is_none());
    let lookup = match unidentified {
        Some(token) => look_up(unit, &token.value, listing.clone()).await,
        None => None,
    };
    let chosen = match by_issuer && capabilities.recovery == Recovery::ClientChosen {
        true => unit.issuer.choose_secret(),
        false => None,
    };
    let label = unit.issuer.label(&unit.name, &rotation_id, attempt);
    Ok(Preparation {
        trigger,
        rotation_id,
        label,
        listing,
        chosen,
        lookup,
    })
}

async fn issue(unit: &Unit, record: &Record) -> Result<Outcome, Fault> {
    let intent = rotation_of(record)?
        .intent
        .as_ref()
        .ok_or_else(|| missing("intent"))?;
    let request = request_for(unit, record, intent);
    let made_here = |old: &Retiring| !is_of_another_issuer(unit, old.token.issuer.as_deref());
    let begun_before = rotation_of(record)?.attempts > 1 || record.rehearsal.is_some();
    if begun_before || record.retiring.iter().any(made_here) {
        drop_lost_phase(unit).await?;
    }
    let issued = unit.issuer.issue(&request).await?;
    Ok(Outcome::Issued(IssuedToken {
        value: unit.whole(issued.value),
        ..issued
    }))
}

/// A two-phase issuer refuses to begin while it has a pending token. It may
/// have one from an attempt whose reply was lost; then nobody has the value. Or
/// the current token stopped working before its rotation was completed.
async fn drop_lost_phase(unit: &Unit) -> Result<(), Fault> {
    match unit.issuer.capabilities().overlap {
        Overlap::TwoPhase { .. } => {}
        Overlap::ExplicitRetire | Overlap::IssuerTimed { .. } | Overlap::None => return Ok(()),
    }
    let dropped = unit.issuer.cancel(&unit.name).await;
    // Even if it is unknown whether the cancellation happened, no token was
    // issued.
    dropped.map_err(|fault| match fault.class {
        FaultClass::Ambiguous => Fault {
            class: FaultClass::NotApplied,
            ..fault
        },
        FaultClass::NotApplied
        | FaultClass::Throttled
        | FaultClass::Unauthorized
        | FaultClass::Rejected
        | FaultClass::Conflict => fault,
    })
}

fn new_rotation_id(record: &Record) -> String {
    rotation_id::new(&ids::time_ordered(), &ids::write(), record.mark.as_deref())
}

async fn recover(unit: &Unit, record: &Record) -> Result<Outcome, Fault> {
    let rotation = record.rotation.as_ref();
    let in_flight = rotation.and_then(|r| r.intent.as_ref());
    if in_flight.is_none() && record.restored_todo() == RestoredTodo::Look {
        return look_after_restore(unit).await;
    }
    let intent = in_flight.or_else(|| record.issues_after_lease_loss.first());
    let intent = intent.ok_or_else(|| missing("intent"))?;
    if is_of_another_issuer(unit, intent.issuer.as_deref()) {
        return Ok(Outcome::Recovered {
            listing: Listing::default(),
            next_label: String::new(),
        });
    }
    let listing = match unit.issuer.capabilities().recovery {
        Recovery::ClientNamed => {
            let found = unit.issuer.get(&unit.name, &intent.label).await?;
            Listing {
                tokens: found.into_iter().collect(),
                etag: None,
            }
        }
        Recovery::ByLabel | Recovery::BySetDifference | Recovery::ByStatus => {
            unit.issuer.list(&unit.name).await?
        }
        Recovery::ClientChosen | Recovery::Replay | Recovery::None => Listing::default(),
    };
    let next_label = rotation.map_or_else(String::new, |r| {
        unit.issuer.label(&unit.name, &r.id, r.attempts + 1)
    });
    Ok(Outcome::Recovered {
        listing,
        next_label,
    })
}

/// Reads the tokens of the issuer, to find those that were issued in a time that
/// the restored record does not know of.
async fn look_after_restore(unit: &Unit) -> Result<Outcome, Fault> {
    let listing = match lists(&unit.issuer.capabilities()) {
        true => unit.issuer.list(&unit.name).await?,
        false => Listing::default(),
    };
    Ok(Outcome::Recovered {
        listing,
        next_label: String::new(),
    })
}

async fn prove(unit: &Unit, record: &Record, now: &Now<'_>) -> Result<Outcome, Fault> {
    let pending = pending_of(record)?;
    if pending.evidence.is_none() {
        let objections = objections(unit, record, pending);
        if !objections.is_empty() {
            return Ok(Outcome::CannotBeHeld(objections));
        }
    }
    let verdict = unit.probe.prove(&pending.value).await;
    let verdict = match (verdict, &record.current) {
        (Verdict::Pass(evidence), Some(current)) if tenant::is_compared(record) => {
            let tenancy = compare_tenants(unit, pending, current).await;
            tenant::judge(record, evidence, &tenancy)
        }
        (verdict, _) => verdict,
    };
    let verdict = remember_tenant(unit, pending, verdict).await;
    Ok(Outcome::Proved(
        look_at_privilege(unit, pending, verdict, now).await,
    ))
}

/// Adds to a proof what the token sees of its tenant.
async fn remember_tenant(
    unit: &Unit,
    token: &HeldToken,
    verdict: Verdict<Evidence>,
) -> Verdict<Evidence> {
    let is_remembered = tenant::is_remembered(&unit.issuer.capabilities(), &unit.policy);
    match verdict {
        Verdict::Pass(evidence) if is_remembered => {
            let before = token.evidence.as_ref();
            let known = before.and_then(Evidence::tenant);
            let mark = unit.probe.mark_tenant(&token.value, known).await;
            Verdict::Pass(evidence.with_tenant(mark, before))
        }
        verdict @ (Verdict::Pass(_) | Verdict::Fail(_) | Verdict::Inconclusive(_)) => verdict,
    }
}

/// A token that a person supplied may work, and belong to another tenant of the
/// service provider. Where the token in use is dead, what it saw is compared.
async fn compare_tenants(unit: &Unit, new: &HeldToken, old: &HeldToken) -> Tenancy {
    let mut tenancy = unit.probe.compare_tenants(&new.value, &old.value).await;
    let mark = old.evidence.as_ref().and_then(Evidence::tenant);
    if let (Tenancy::Unknown(_), Some(mark)) = (&tenancy, mark) {
        tenancy = unit.probe.compare_with_mark(&new.value, mark).await;
    }
    if let Tenancy::Unknown(why) | Tenancy::Gone(why) = &tenancy {
        tracing::warn!(
            token = %unit.name,
            why,
            "it could not be shown that the new token belongs to the tenant of the token in use"
        );
    }
    tenancy
}

async fn verify(unit: &Unit, record: &Record, now: &Now<'_>) -> Result<Outcome, Fault> {
    let current = current_of(record)?;
    let seen = unit.probe.prove(&current.value).await;
    let verdict = dead::token_in_use(unit, current, seen).await;
    let verdict = remember_tenant(unit, current, verdict).await;
    let verdict = look_at_privilege(unit, current, verdict, now).await;
    Ok(Outcome::Verified(verdict))
}

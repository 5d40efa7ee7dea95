//! The conditions that a resource must meet before it is deleted: all of them.

use jiff::SignedDuration;
use serde_json::Value;

use super::journal::{Entry, Kind};
use super::names::{Kept, PREFIX, kept};
use super::profile::ExternalId;
use super::resource::{created, field, text};

/// How far the service provider's clock may be behind ours.
const SKEW: SignedDuration = SignedDuration::from_mins(10);

/// Whether a resource that was read by its id is the one of this entry.
///
/// # Errors
/// Says which condition it does not meet.
pub fn is_ours(
    resource: &Value,
    id: &str,
    entry: &Entry,
    external_id: ExternalId,
) -> Result<(), &'static str> {
    let own_id = match field(resource, "id") {
        Some(Value::Number(number)) => Some(number.to_string()),
        Some(Value::String(own)) => Some(own.clone()),
        _ => None,
    };
    if own_id.as_deref() != Some(id) {
        return Err("its id is another one than was asked for");
    }
    let name = match entry.kind {
        Kind::User => "userName",
        Kind::Group => "displayName",
    };
    let became = text(resource, name).and_then(|shown| kept(&entry.name, shown));
    if became.is_none() || !entry.name.starts_with(PREFIX) {
        return Err("its name is not the one that the journal has");
    }
    match text(resource, "externalId") {
        // A name that was rewritten proves less: the externalId must be there.
        None if became == Some(Kept::Rewritten) => {
            return Err("its name was rewritten, and it has no externalId");
        }
        Some(there) if there == entry.external_id => {}
        Some(_) => return Err("its externalId is not the one that the journal has"),
        None if external_id == ExternalId::Dropped || entry.kind == Kind::Group => {}
        None => {
            return Err(
                "it has no externalId: set `full_cycle.external_id = \"dropped\"` if this service provider stores none",
            );
        }
    }
    let earliest = entry
        .created_at
        .checked_sub(SKEW)
        .unwrap_or(entry.created_at);
    // A user that every run uses again is older than the run.
    if !entry.reused && created(resource).is_some_and(|at| at < earliest) {
        return Err("it was made before the journal was written");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::json;

    use super::*;
    use crate::scim::cycle::journal::EntryState;

    fn entry(kind: Kind) -> Entry {
        Entry {
            run: "r1".to_owned(),
            kind,
            scim_url: "https://staging.example/scim".to_owned(),
            name: "scimrot-probe-staging-r1@probe.invalid".to_owned(),
            external_id: "scimrot:probe:r1".to_owned(),
            ids: vec!["7".to_owned()],
            state: EntryState::Created,
            created_at: "2026-11-27T12:00:00Z".parse::<Timestamp>().expect("a time"),
            attempts: 0,
            trouble: None,
            unanswered_at: None,
            reused: false,
        }
    }

    #[test]
    fn every_condition_must_be_met() {
        let good = json!({
            "id": "7",
            "userName": "scimrot-probe-staging-r1@probe.invalid",
            "externalId": "scimrot:probe:r1",
            "meta": { "created": "2026-11-27T12:00:01Z" },
        });
        let kept = ExternalId::Kept;
        assert_eq!(is_ours(&good, "7", &entry(Kind::User), kept), Ok(()));
        for (key, value) in [
            ("id", json!("8")),
            ("id", json!(null)),
            ("userName", json!("jane")),
            ("userName", json!(null)),
            ("externalId", json!("scimrot:probe:r2")),
            ("externalId", json!(null)),
            ("meta", json!({ "created": "2026-11-27T11:00:00Z" })),
        ] {
            let mut bad = good.clone();
            bad[key] = value;
            assert!(
                is_ours(&bad, "7", &entry(Kind::User), kept).is_err(),
                "{bad}"
            );
        }
        let mut without = good.clone();
        without["externalId"] = json!(null);
        let dropped = ExternalId::Dropped;
        assert_eq!(is_ours(&without, "7", &entry(Kind::User), dropped), Ok(()));
        let mut rewritten = good.clone();
        rewritten["userName"] = json!("scimrot-probe-staging-r1@tenant.example");
        assert_eq!(is_ours(&rewritten, "7", &entry(Kind::User), kept), Ok(()));
        for external_id in [json!(null), json!("scimrot:probe:r2")] {
            rewritten["externalId"] = external_id;
            for kept in [kept, dropped] {
                assert!(is_ours(&rewritten, "7", &entry(Kind::User), kept).is_err());
            }
        }
        let mut foreign = entry(Kind::User);
        foreign.name = "jane".to_owned();
        let jane = json!({ "id": "7", "userName": "jane", "externalId": "scimrot:probe:r1" });
        assert!(is_ours(&jane, "7", &foreign, kept).is_err());
    }
}

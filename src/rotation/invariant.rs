//! The rules that every stored record obeys. Checked when a record is loaded,
//! before each commit, and by every test.

use super::record::{
    HISTORY, HeldToken, MOST_AUTHORS, MOST_STEPS, Origin, Record, Rotation, SCHEMA, Stage,
};

/// A rule that a record breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the record of token `{token}` breaks a rule: {rule}")]
pub struct Violation {
    /// Name of the token.
    pub token: String,
    /// The rule, in words.
    pub rule: &'static str,
}

/// Checks every rule; the first broken one is returned.
///
/// # Errors
/// The rule that is broken.
pub fn check(record: &Record) -> Result<(), Violation> {
    let broken = RULES.iter().find(|(_, holds)| !holds(record));
    match broken {
        None => Ok(()),
        Some((rule, _)) => Err(Violation {
            token: record.token.clone(),
            rule,
        }),
    }
}

type Rule = (&'static str, fn(&Record) -> bool);

const RULES: &[Rule] = &[
    ("the schema is one that this program knows", |r| {
        r.schema <= SCHEMA
    }),
    (
        "a token became current exactly when the generation is above zero",
        |r| r.current.is_some() == (r.generation > 0),
    ),
    ("only a current token has predecessors", |r| {
        r.current.is_some() || r.retiring.is_empty()
    }),
    ("no token is in two slots", no_token_twice),
    ("a token is not retired before it was superseded", |r| {
        r.retiring
            .iter()
            .all(|old| old.not_before >= old.superseded_at)
    }),
    ("the stage fits what is pending", |r| {
        r.rotation.as_ref().is_none_or(stage_fits)
    }),
    ("only a current token can be given back", |r| {
        let reverting = r
            .rotation
            .as_ref()
            .is_some_and(|r| r.stage == Stage::Reverting);
        r.current.is_some() || !reverting
    }),
    (
        "evidence belongs to the token that it is stored with",
        evidence_fits,
    ),
    (
        "an id at the issuer is one that the issuer has shown",
        |r| {
            let pending = r.rotation.as_ref().and_then(|r| r.pending.as_ref());
            let superseded = r.retiring.iter().map(|old| &old.token);
            let mut held = r.current.iter().chain(pending).chain(superseded);
            let shown = |t: &HeldToken| t.origin == Origin::Issued || t.issuer.is_some();
            held.all(|token| token.id.is_none() || shown(token))
        },
    ),
    ("the history is bounded", |r| r.history.len() <= HISTORY),
    ("the steps of a rotation are bounded", |r| {
        let past = r.history.iter().map(|past| &past.steps);
        let mut all = past.chain(r.rotation.iter().map(|r| &r.steps));
        all.all(|steps| steps.len() <= MOST_STEPS)
    }),
    ("the noted requests are bounded, one for each author", |r| {
        let authors: std::collections::BTreeSet<_> =
            r.handled.iter().map(|noted| &noted.author).collect();
        r.handled.len() <= MOST_AUTHORS && authors.len() == r.handled.len()
    }),
    ("an orphan is not a token in use", |r| {
        let pending = r.rotation.as_ref().and_then(|r| r.pending.as_ref());
        let mut used = r.current.iter().chain(pending);
        used.all(|token| {
            let id = token.id.as_ref();
            r.orphans.iter().all(|orphan| Some(&orphan.id) != id)
        })
    }),
];

fn no_token_twice(record: &Record) -> bool {
    let pending = record.rotation.as_ref().and_then(|r| r.pending.as_ref());
    let mut seen: Vec<_> = record
        .current
        .iter()
        .chain(pending)
        .chain(record.retiring.iter().map(|old| &old.token))
        .chain(record.rehearsal.as_ref().and_then(|r| r.issued.as_ref()))
        .map(super::record::HeldToken::fingerprint)
        .collect();
    let all = seen.len();
    seen.sort();
    seen.dedup();
    seen.len() == all
}

fn stage_fits(rotation: &Rotation) -> bool {
    let intent_fits = rotation.intent.is_none() || rotation.stage == Stage::Issuing;
    intent_fits && pending_fits(rotation)
}

fn pending_fits(rotation: &Rotation) -> bool {
    match rotation.stage {
        Stage::Issuing | Stage::WaitingOperator => rotation.pending.is_none(),
        Stage::Proving
        | Stage::Delivering
        | Stage::Completing
        | Stage::Confirming
        | Stage::HandedOver => rotation.pending.is_some() && rotation.rollback.is_none(),
        Stage::Reverting | Stage::Discarding => {
            rotation.pending.is_some() && rotation.rollback.is_some()
        }
    }
}

fn evidence_fits(record: &Record) -> bool {
    let pending = record.rotation.as_ref().and_then(|r| r.pending.as_ref());
    record
        .current
        .iter()
        .chain(pending)
        .filter_map(|token| token.evidence.as_ref().map(|e| (token.fingerprint(), e)))
        .all(|(fingerprint, evidence)| *evidence.fingerprint() == fingerprint)
}

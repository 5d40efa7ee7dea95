//! L6 and L7: what came of the token before this one, and whether the identity
//! provider works with this one. From the record, and from what the connection shows.

use jiff::Timestamp;

use super::super::wiring::World;
use crate::ports::condition::ConnectionState;
use crate::ports::unit::Unit;
use crate::ports::{Connection, Delivery};
use crate::rotation::record::{HeldToken, Record};
use crate::scim::levels::{Level, LevelReport, LevelVerdict};

/// L6, as the record tells it: the daemon has asked, and asks again until it is
/// shown.
pub(super) fn retirement(record: Option<&Record>, now: Timestamp) -> LevelReport {
    let level = Level::L6;
    let Some(record) = record else {
        let why = "the record could not be read: only the daemon's rights suffice for that";
        return LevelReport::not_asked(level, "no_record", why);
    };
    if let Some(old) = record.retiring.first() {
        let shown = handle(&old.token);
        if old.not_before > now {
            let until = old.not_before;
            let text = format!("the superseded token {shown} may live on until {until}");
            return LevelReport::new(level, LevelVerdict::NotAsked, "overlap", text);
        }
        let finding = old.last_finding.as_deref();
        let (verdict, reason, otherwise) = match (old.still_accepted, old.refused_since) {
            (true, _) => (LevelVerdict::Fail, "still_accepted", "it is still accepted"),
            (false, Some(_)) => (
                LevelVerdict::Inconclusive,
                "refused_briefly",
                "it is refused, and is asked once more before it counts as dead",
            ),
            (false, None) => (
                LevelVerdict::Inconclusive,
                "not_retired",
                "it was not shown to be refused yet",
            ),
        };
        let text = format!(
            "the superseded token {shown}: {}",
            finding.unwrap_or(otherwise)
        );
        return LevelReport::new(level, verdict, reason, text);
    }
    let mut past = record.history.iter();
    let Some(past) = past.find(|past| past.old.is_some() && past.new.is_some()) else {
        return LevelReport::not_asked(level, "no_predecessor", "no token came before this one");
    };
    match &past.old_refused {
        Some(proof) => {
            let (reason, how) = match proof.is_by_issuer() {
                true => ("gone_at_issuer", "the issuer does not have it any more"),
                false => ("refused", "the service provider refused it"),
            };
            let text = format!("the token before it is dead since {}: {how}", proof.at());
            LevelReport::new(level, LevelVerdict::Pass, reason, text)
        }
        None => LevelReport::not_asked(
            level,
            "no_proof",
            "the record has no proof that the token before it is refused",
        ),
    }
}

fn handle(token: &HeldToken) -> String {
    token.fingerprint().short()
}

/// L7: the worst of what is known of the connections.
pub(super) async fn confirmation(
    world: &World,
    unit: &Unit,
    token: &HeldToken,
    record: Option<&Record>,
) -> LevelReport {
    let began = world.clock.now();
    let mut all = Vec::new();
    for (name, connection) in &unit.connections {
        let delivery = Delivery {
            token: &unit.name,
            value: &token.value,
            old: None,
            scim_url: &unit.scim_url,
            since: record
                .and_then(|r| r.connections.get(name))
                .map(|holds| holds.at),
        };
        all.push(one(name, connection.as_ref(), &delivery, token, record).await);
    }
    let mut report = worst(all);
    report.took = world.clock.now().duration_since(began);
    report
}

/// What is known of one connection.
struct Known {
    verdict: LevelVerdict,
    reason: &'static str,
    text: String,
}

fn worst(all: Vec<Known>) -> LevelReport {
    let order = |verdict| match verdict {
        LevelVerdict::Fail => 0,
        LevelVerdict::Inconclusive => 1,
        LevelVerdict::NotAsked => 2,
        LevelVerdict::Pass => 3,
    };
    let texts: Vec<_> = all.iter().map(|known| known.text.clone()).collect();
    match all.iter().min_by_key(|known| order(known.verdict)) {
        Some(known) => LevelReport::new(Level::L7, known.verdict, known.reason, texts.join("; ")),
        None => {
            let why = "no connection holds this token";
            LevelReport::not_asked(Level::L7, "no_connection", why)
        }
    }
}

async fn one(
    name: &str,
    connection: &dyn Connection,
    delivery: &Delivery<'_>,
    token: &HeldToken,
    record: Option<&Record>,
) -> Known {
    let known = |verdict, reason, text: String| Known {
        verdict,
        reason,
        text: format!("{name}: {text}"),
    };
    let holds = record.and_then(|record| record.connections.get(name));
    if let Some(holds) = holds.filter(|holds| holds.fingerprint != token.fingerprint()) {
        let text = format!("it was last given another token, at {}", holds.at);
        return known(LevelVerdict::Fail, "old_token", text);
    }
    match connection.look(delivery).await {
        Err(fault) => known(LevelVerdict::Inconclusive, "not_told", fault.message),
        Ok(Some(condition)) => {
            let word = condition.state.as_str();
            match condition.state {
                ConnectionState::Healthy => known(
                    LevelVerdict::Pass,
                    "healthy",
                    "the identity provider says that provisioning works".to_owned(),
                ),
                ConnectionState::Quarantined | ConnectionState::Disabled => known(
                    LevelVerdict::Fail,
                    word,
                    format!("the identity provider says `{word}`"),
                ),
                ConnectionState::Degraded | ConnectionState::Unknown => known(
                    LevelVerdict::Inconclusive,
                    word,
                    format!("the identity provider says `{word}`"),
                ),
            }
        }
        Ok(None) => match holds.and_then(|holds| holds.confirmed_at) {
            Some(at) => known(
                LevelVerdict::Pass,
                "confirmed",
                format!("it proved at {at} that it works with this token"),
            ),
            None if record.is_none() => known(
                LevelVerdict::NotAsked,
                "no_record",
                "the record, which tells what it was given, could not be read".to_owned(),
            ),
            None if holds.is_some() => known(
                LevelVerdict::Inconclusive,
                "delivered",
                "it was given this token, and does not tell whether it works with it".to_owned(),
            ),
            None => known(
                LevelVerdict::Inconclusive,
                "never_delivered",
                "the daemon never gave it a token".to_owned(),
            ),
        },
    }
}

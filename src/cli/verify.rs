//! `verify`: tests a token level by level and says what is proven. It reads only,
//! with the daemon's own probes, and changes nothing: not in Vault either.

mod after;

use std::io;
use std::path::Path;

use jiff::Timestamp;
use serde_json::json;

use super::load;
use super::output::{Output, Table, complain};
use super::wiring::World;
use super::{Exit, OutputFormat, full_cycle};
use crate::ports::unit::Unit;
use crate::ports::{PublishedSecret, Store, TokenHandle};
use crate::rotation::privilege::{self, PrivilegeRules, PrivilegeVerdict};
use crate::rotation::record::{ExpiryKnown, HeldToken, Origin, Record};
use crate::scim::levels::{Level, LevelReport, LevelVerdict, Levels};
use crate::scim::reach::Privilege;

/// `verify`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The token in use under this name is tested.
    #[arg(value_name = "TOKEN", add = clap_complete::ArgValueCandidates::new(crate::cli::completions::tokens))]
    pub token: String,
    /// The full cycle, which writes.
    #[command(flatten)]
    pub cycle: full_cycle::Args,
}

/// What is verified, and from where it was read.
struct Subject {
    token: HeldToken,
    /// `None`: the record could not be read, and the published token is tested.
    record: Option<Record>,
}

/// Tests the token.
pub fn run(args: &Args, config: &Path, output: &mut Output) -> Exit {
    if args.cycle.full_cycle {
        return full_cycle::run(&args.token, &args.cycle, config, output);
    }
    let names = [args.token.clone()];
    let (world, units) = match load::world_of_a_person(config, &names) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    let Some(unit) = units.into_iter().next() else {
        return Exit::Usage;
    };
    load::block_on(async {
        let exit = verify(&world, &unit, output).await;
        world.session.close().await;
        exit
    })
}

async fn verify(world: &World, unit: &Unit, output: &mut Output) -> Exit {
    let subject = match subject(world, unit).await {
        Ok(Some(subject)) => subject,
        Ok(None) => {
            complain(&format!(
                "token `{}`: there is no token in use yet, so there is nothing to test\n",
                unit.name
            ));
            return Exit::Failed;
        }
        Err(error) => {
            complain(&format!("token `{}`: {error}\n", unit.name));
            return Exit::TryAgain;
        }
    };
    let now = world.right_clock.now();
    let mut levels = unit.probe.levels(&subject.token.value).await;
    let mut reports = std::mem::take(&mut levels.reports);
    let reached = |level| {
        reports
            .iter()
            .any(|report: &LevelReport| report.level == level)
    };
    let missing: Vec<_> = [Level::L1, Level::L2, Level::L3]
        .into_iter()
        .filter(|level| !reached(*level))
        .collect();
    let stopped = "a level before it did not pass";
    let not_reached = |level| LevelReport::not_asked(level, "not_reached", stopped);
    reports.extend(missing.into_iter().map(not_reached));
    let accepted = levels.reach.is_some();
    reports.push(match accepted {
        true => scope(world, unit, &subject.token, &mut levels, now).await,
        false => not_reached(Level::L4),
    });
    reports.push(LevelReport::not_asked(
        Level::L5,
        "writes",
        "it creates and removes a user: `--full-cycle` does that at a test tenant",
    ));
    reports.push(after::retirement(subject.record.as_ref(), now));
    reports.push(after::confirmation(world, unit, &subject.token, subject.record.as_ref()).await);
    // If nobody reads the output any more, the exit code still tells the result.
    drop(show(unit, &subject, &reports, &levels, now, output));
    exit_of(&reports)
}

/// The record tells most. Who may not read it, tests what is published.
async fn subject(world: &World, unit: &Unit) -> Result<Option<Subject>, String> {
    let refused = match world.store.load(&unit.name).await {
        Ok(Some(stored)) => {
            let record = stored.value;
            return Ok(record.current.clone().map(|token| Subject {
                token,
                record: Some(record),
            }));
        }
        Ok(None) => None,
        Err(error) => Some(error.to_string()),
    };
    let published = world.store.published(&unit.name).await;
    let published = published.map_err(|error| match &refused {
        Some(refused) => format!(
            "neither its record ({refused}) nor the published token ({error}) could be read"
        ),
        None => error.to_string(),
    })?;
    let now = world.right_clock.now();
    let found = match published {
        PublishedSecret::Token(found) => found,
        PublishedSecret::Absent | PublishedSecret::Malformed { .. } => return Ok(None),
    };
    Ok(Some(Subject {
        token: HeldToken {
            value: unit.whole(found.value),
            id: None,
            stated_id: None,
            supplied_by: None,
            issuer: None,
            issued_at: now,
            issued_at_is_seen: true,
            expires_at: None,
            expiry: ExpiryKnown::Unknown,
            origin: Origin::Adopted,
            evidence: None,
            scopes: None,
            asked_life: None,
        },
        record: None,
    }))
}

/// L4: what the token may do, as the issuer, the token and the service provider
/// show it now.
async fn scope(
    world: &World,
    unit: &Unit,
    token: &HeldToken,
    levels: &mut Levels,
    now: Timestamp,
) -> LevelReport {
    let rules = &unit.policy.privilege;
    let handle = TokenHandle {
        id: token.id.clone(),
        value: Some(token.value.clone()),
    };
    let elsewhere = token
        .issuer
        .as_ref()
        .is_some_and(|name| *name != unit.issuer_name);
    let began = world.clock.now();
    let asked = match rules.are_set() && !elsewhere {
        true => unit.issuer.scopes(&unit.name, &handle).await,
        false => Ok(None),
    };
    let found = Privilege {
        at: now,
        scopes: asked.as_ref().ok().cloned().flatten(),
        access: levels.access.take(),
        reach: levels.reach.take().unwrap_or_default(),
    };
    let mut seen = token.clone();
    let proof = levels.proof.take();
    seen.evidence = proof.map(|proof| proof.with_privilege(Some(found), None));
    let mut report = judged(rules, &seen, now);
    if let (LevelVerdict::Inconclusive, Err(fault)) = (report.verdict, &asked) {
        report.evidence = format!(
            "{}; the issuer did not tell: {}",
            report.evidence, fault.message
        );
    }
    let asking = world.clock.now().duration_since(began);
    report.took = levels.reach_took.saturating_add(asking);
    report
}

fn judged(rules: &PrivilegeRules, token: &HeldToken, now: Timestamp) -> LevelReport {
    let Some(judged) = privilege::judge(rules, token) else {
        let why = "neither `scopes_allowed` nor `must_refuse` is configured";
        return LevelReport::not_asked(Level::L4, "no_rule", why);
    };
    let (mut verdict, mut reason, mut detail) = (
        match judged.verdict {
            PrivilegeVerdict::Exact | PrivilegeVerdict::Narrower => LevelVerdict::Pass,
            PrivilegeVerdict::Broader | PrivilegeVerdict::OverPrivileged => LevelVerdict::Fail,
            PrivilegeVerdict::Broad | PrivilegeVerdict::Unknown => LevelVerdict::Inconclusive,
        },
        judged.verdict.as_str(),
        judged.detail,
    );
    if let (Some(risk), true) = (&rules.accepted_risk, judged.verdict.is_too_much()) {
        let (owner, why, until) = (&risk.owner, &risk.reason, risk.until);
        (verdict, reason) = match until > now {
            true => (LevelVerdict::Pass, "accepted_risk"),
            false => (LevelVerdict::Fail, "accepted_risk_over"),
        };
        detail = format!("{detail}; accepted by {owner} until {until}: {why}");
    }
    LevelReport::new(Level::L4, verdict, reason, detail)
}

fn exit_of(reports: &[LevelReport]) -> Exit {
    let any = |verdict| reports.iter().any(|report| report.verdict == verdict);
    match (any(LevelVerdict::Fail), any(LevelVerdict::Inconclusive)) {
        (true, _) => Exit::Failed,
        (false, true) => Exit::TryAgain,
        (false, false) => Exit::Ok,
    }
}

fn show(
    unit: &Unit,
    subject: &Subject,
    reports: &[LevelReport],
    levels: &Levels,
    now: Timestamp,
    output: &mut Output,
) -> io::Result<()> {
    let fingerprint = subject.token.fingerprint();
    let read_from = match subject.record {
        Some(_) => "record",
        None => "published",
    };
    if output.format() == OutputFormat::Json {
        let rows: Vec<_> = reports
            .iter()
            .map(|report| {
                let mut row = json!(report);
                row["name"] = json!(report.level.name());
                row
            })
            .collect();
        return output.json(&json!({
            "token": unit.name,
            "at": now,
            "fingerprint": fingerprint.short(),
            "read_from": read_from,
            "requests": levels.requests,
            "budget": levels.budget,
            "levels": rows,
        }));
    }
    let mut table = Table::new(["LEVEL", "WHAT", "VERDICT", "REASON", "TIME", "EVIDENCE"]);
    for report in reports {
        let word = match report.verdict {
            LevelVerdict::Pass => "PASS",
            LevelVerdict::Fail => "FAIL",
            LevelVerdict::Inconclusive => "INCONCLUSIVE",
            LevelVerdict::NotAsked => "not asked",
        };
        let took = match report.took.is_zero() {
            true => "-".to_owned(),
            false => format!("{} ms", report.took.as_millis()),
        };
        table.row([
            format!("{:?}", report.level),
            report.level.name().to_owned(),
            word.to_owned(),
            report.reason.clone(),
            took,
            report.evidence.clone(),
        ]);
    }
    output.text(&table.text())?;
    output.line(&format!(
        "token {} ({read_from}, fingerprint {}): {} requests to the service provider, of at most {}",
        unit.name,
        fingerprint.short(),
        levels.requests,
        levels.budget
    ))
}

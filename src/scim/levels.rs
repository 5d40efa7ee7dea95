//! The levels of verification one by one, for `scim-rotator verify`: which were
//! shown, which not, and why. The requests are those of the daemon's own probes.

use jiff::SignedDuration;
use serde::Serialize;
use url::Url;

use super::answer::ProbeAnswer;
use super::endpoint::Endpoint;
use super::evidence::{Evidence, Finding, FindingReason, Verdict};
use super::exchange::{Exchange, Exchanged};
use super::reach::Reached;
use super::round::{MOST_REQUESTS, Round};
use super::scopes::Scopes;
use super::secret_verdict;
use super::verdict::{self, Observed};
use super::words::describe;
use crate::secret::{BearerToken, MAX_TOKEN_LEN};

/// A level of verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Level {
    /// The token's text, without a network.
    L0,
    /// The service provider answers.
    L1,
    /// It accepts the token, and refuses a wrong one and none.
    L2,
    /// The token lists entries.
    L3,
    /// It may do no more than it should.
    L4,
    /// It creates, changes and removes a user.
    L5,
    /// The token before it is refused.
    L6,
    /// The identity provider works with it.
    L7,
}

impl Level {
    /// What the level shows.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::L0 => "text",
            Self::L1 => "reachable",
            Self::L2 => "accepted",
            Self::L3 => "reads",
            Self::L4 => "privilege",
            Self::L5 => "full cycle",
            Self::L6 => "old one refused",
            Self::L7 => "identity provider",
        }
    }
}

/// How a level ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LevelVerdict {
    /// It is shown.
    Pass,
    /// The opposite is shown.
    Fail,
    /// Nothing is shown.
    Inconclusive,
    /// It was not asked.
    NotAsked,
}

/// The result of one level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LevelReport {
    /// Which level.
    pub level: Level,
    /// How it ended.
    pub verdict: LevelVerdict,
    /// Machine word.
    pub reason: String,
    /// What was seen, for a person; contains no secret and no text of the server's.
    pub evidence: String,
    /// How long it took.
    #[serde(serialize_with = "in_milliseconds", rename = "duration_ms")]
    pub took: SignedDuration,
}

fn in_milliseconds<S: serde::Serializer>(took: &SignedDuration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_i128(took.as_millis())
}

impl LevelReport {
    /// A result that took no time.
    #[must_use]
    pub fn new(
        level: Level,
        verdict: LevelVerdict,
        reason: impl Into<String>,
        evidence: impl Into<String>,
    ) -> Self {
        Self {
            level,
            verdict,
            reason: reason.into(),
            evidence: evidence.into(),
            took: SignedDuration::ZERO,
        }
    }

    /// A level that was not asked.
    #[must_use]
    pub fn not_asked(level: Level, reason: &str, evidence: &str) -> Self {
        Self::new(level, LevelVerdict::NotAsked, reason, evidence)
    }

    fn failed(level: Level, finding: &Finding) -> Self {
        let reason = finding.reason.as_str();
        Self::new(level, LevelVerdict::Fail, reason, finding.detail.as_str())
    }

    fn unclear(level: Level, finding: &Finding) -> Self {
        let reason = finding.reason.as_str();
        Self::new(
            level,
            LevelVerdict::Inconclusive,
            reason,
            finding.detail.as_str(),
        )
    }
}

/// What a round showed, level by level.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Levels {
    /// L0 to L3, as far as they were reached.
    pub reports: Vec<LevelReport>,
    /// The answers of the URLs that must refuse the token; `None` if the token was
    /// not accepted, so that they were not asked.
    pub reach: Option<Vec<Reached>>,
    /// How long those took.
    pub reach_took: SignedDuration,
    /// The proof that the round gave, if it gave one.
    pub proof: Option<Evidence>,
    /// How many requests the service provider was sent.
    pub requests: u8,
    /// The most that it may be sent.
    pub budget: u8,
    /// The scopes of the access token of a client secret.
    pub access: Option<Scopes>,
}

/// What a walk through the levels is made with.
pub(in crate::scim) struct Walk<'p> {
    pub(in crate::scim) endpoint: &'p Endpoint,
    pub(in crate::scim) exchange: Option<&'p Exchange>,
    pub(in crate::scim) must_refuse: &'p [Url],
}

/// Walks through the levels, as far as each lets the next one say anything.
pub(in crate::scim) async fn walk(probe: &Walk<'_>, value: &BearerToken) -> Levels {
    let mut round = Round::new(probe.endpoint);
    let mut levels = Levels {
        budget: MOST_REQUESTS,
        ..Levels::default()
    };
    steps(probe, value, &mut round, &mut levels).await;
    levels.requests = round.requests();
    levels
}

async fn steps(probe: &Walk<'_>, value: &BearerToken, round: &mut Round<'_>, levels: &mut Levels) {
    let clock = &probe.endpoint.clock;
    if let Err(finding) = probe.endpoint.look(value, MAX_TOKEN_LEN) {
        levels
            .reports
            .push(LevelReport::failed(Level::L0, &finding));
        return;
    }
    let sound = LevelReport::new(
        Level::L0,
        LevelVerdict::Pass,
        "sound",
        "the text can be a token",
    );
    levels.reports.push(sound);

    let began = clock.now();
    let reached = round.discover().await;
    let mut report = reachable(&reached, round.discovered());
    report.took = clock.now().duration_since(began);
    levels.reports.push(report);
    if reached.is_err() {
        return;
    }

    let began = clock.now();
    let (asked, scopes) = match probe.exchange {
        None => (Exchanged::Granted(value.clone()), None),
        Some(exchange) => exchange.ask_with_scopes(value).await,
    };
    levels.access = scopes;
    let access = match asked {
        Exchanged::Granted(access) => access,
        denied @ (Exchanged::Refused(_) | Exchanged::Denied(_) | Exchanged::Silent(_)) => {
            let seen = secret_verdict::not_granted(&denied, None);
            let mut report = accepted(&seen);
            report.took = clock.now().duration_since(began);
            levels.reports.push(report);
            return;
        }
    };
    let (seen, read) = round.authenticate(&access).await;
    let proof = verdict::judge(value, clock.now(), &seen);
    let mut report = accepted(&proof);
    report.took = clock.now().duration_since(began);
    let works = report.verdict == LevelVerdict::Pass;
    levels.reports.push(report);
    if !works {
        return;
    }

    let began = clock.now();
    let seen = round.and_list(&access, seen, read).await;
    let mut report = listed(&seen, probe.endpoint.config.listing);
    report.took = clock.now().duration_since(began);
    levels.reports.push(report);
    if let Verdict::Pass(proof) = verdict::judge(value, clock.now(), &seen) {
        levels.proof = Some(proof);
    }

    let began = clock.now();
    levels.reach = Some(round.reach(probe.must_refuse, &access).await);
    levels.reach_took = clock.now().duration_since(began);
}

fn reachable(reached: &Result<(), Verdict<Evidence>>, answer: Option<&ProbeAnswer>) -> LevelReport {
    let pass =
        |reason: &str, text: &str| LevelReport::new(Level::L1, LevelVerdict::Pass, reason, text);
    match (reached, answer) {
        (Err(Verdict::Fail(finding)), _) => LevelReport::failed(Level::L1, finding),
        (Err(Verdict::Inconclusive(finding)), _) => LevelReport::unclear(Level::L1, finding),
        (Err(Verdict::Pass(_)) | Ok(()), None) => {
            LevelReport::not_asked(Level::L1, "off", "the probe's `discovery` is false")
        }
        (_, Some(ProbeAnswer::Accepted)) => pass(
            "answers",
            "the service provider shows its configuration without the token",
        ),
        (_, Some(ProbeAnswer::Unauthorized(_) | ProbeAnswer::Forbidden(_))) => pass(
            "protected",
            "the service provider answers, and shows its configuration with a token only",
        ),
        (_, Some(answer @ ProbeAnswer::Redirect(_))) => {
            LevelReport::failed(Level::L1, &describe(answer))
        }
        (_, Some(answer)) => {
            let finding = describe(answer);
            let text = "the service provider answers, and does not show its configuration";
            pass(finding.reason.as_str(), text)
        }
    }
}

fn accepted(seen: &Verdict<Evidence>) -> LevelReport {
    match seen {
        Verdict::Pass(evidence) => match evidence.unclear() {
            None => LevelReport::new(
                Level::L2,
                LevelVerdict::Pass,
                "accepted",
                "accepted; the same request was refused without a token and with a wrong one",
            ),
            Some(cause) => LevelReport::new(
                Level::L2,
                LevelVerdict::Pass,
                "provisional",
                format!(
                    "accepted; it is not clear whether wrong tokens are refused, so no older token is retired: {}",
                    cause.detail
                ),
            ),
        },
        Verdict::Fail(finding) => LevelReport::failed(Level::L2, finding),
        Verdict::Inconclusive(finding) => LevelReport::unclear(Level::L2, finding),
    }
}

fn listed(seen: &Observed, lists: bool) -> LevelReport {
    match &seen.listing {
        None if !lists => {
            LevelReport::not_asked(Level::L3, "off", "the probe's `listing` is false")
        }
        None => LevelReport::new(
            Level::L3,
            LevelVerdict::Pass,
            "listed",
            "the read of L2 was a listing",
        ),
        Some(ProbeAnswer::Accepted) => LevelReport::new(
            Level::L3,
            LevelVerdict::Pass,
            "listed",
            "the token lists entries; none of them was kept",
        ),
        Some(ProbeAnswer::Oversized) => LevelReport::new(
            Level::L3,
            LevelVerdict::Pass,
            "count_ignored",
            "the service provider sends more than the one entry that was asked for",
        ),
        Some(answer @ (ProbeAnswer::Unauthorized(_) | ProbeAnswer::RefusedByRule(_))) => {
            let finding = Finding {
                reason: FindingReason::Flapping,
                ..describe(answer)
            };
            LevelReport::unclear(Level::L3, &finding)
        }
        Some(answer) => LevelReport::unclear(Level::L3, &describe(answer)),
    }
}

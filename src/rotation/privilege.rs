//! Least privilege: what a token may do, compared with what it should be allowed to
//! do, and what follows from that for a new token.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::record::HeldToken;
use crate::scim::reach::{ReachAnswer, Reached};
use crate::scim::scopes::{Comparison, ScopeSource, Scopes, broad_pattern};

/// How often the token in use is looked at: the issuer is asked for its scopes, and
/// the URLs are read that must refuse it.
const EVERY: SignedDuration = SignedDuration::from_hours(24);

/// The rules that the configuration sets for what one token may do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PrivilegeRules {
    /// The scopes that it may have; `None`: any.
    pub scopes_allowed: Option<Vec<String>>,
    /// Whether there are URLs that must refuse it.
    pub has_must_refuse: bool,
    /// What follows if it may do more.
    pub on_broad: OnBroad,
    /// That it is broad is known and accepted.
    pub accepted_risk: Option<AcceptedRisk>,
}

/// What follows if a new token may do more than it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnBroad {
    /// It is discarded, and the token in use stays.
    #[default]
    Fail,
    /// It is used, and people are told.
    Warn,
}

/// A person's decision that a broad token is used all the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AcceptedRisk {
    /// Why.
    pub reason: String,
    /// Who decides about it.
    pub owner: String,
    /// Until when: after that it must be decided again.
    pub until: Timestamp,
}

/// What is known of what a token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PrivilegeVerdict {
    /// The scopes are those that are allowed.
    Exact,
    /// It has some of the allowed scopes, and no others.
    Narrower,
    /// It has scopes that are not allowed.
    Broader,
    /// A URL that must refuse it let it in.
    OverPrivileged,
    /// No scopes are configured as allowed, and it has one that allows far more than
    /// SCIM needs.
    Broad,
    /// Nobody tells.
    Unknown,
}

impl PrivilegeVerdict {
    /// Every verdict, for metrics and tests.
    pub const ALL: [Self; 6] = [
        Self::Exact,
        Self::Narrower,
        Self::Broader,
        Self::OverPrivileged,
        Self::Broad,
        Self::Unknown,
    ];

    /// The word for labels and status.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Narrower => "narrower",
            Self::Broader => "broader",
            Self::OverPrivileged => "over_privileged",
            Self::Broad => "broad",
            Self::Unknown => "unknown",
        }
    }

    /// The verdict of this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }

    /// Whether the token may do more than it should.
    #[must_use]
    pub fn is_too_much(self) -> bool {
        match self {
            Self::Broader | Self::OverPrivileged | Self::Broad => true,
            Self::Exact | Self::Narrower | Self::Unknown => false,
        }
    }

    /// Whether a rule of the configuration is broken.
    fn breaks_a_rule(self) -> bool {
        match self {
            Self::Broader | Self::OverPrivileged => true,
            Self::Exact | Self::Narrower | Self::Broad | Self::Unknown => false,
        }
    }
}

/// A verdict, with who tells it and what was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// The verdict.
    pub verdict: PrivilegeVerdict,
    /// Who tells the scopes; `None` if they are not known, or a URL decides.
    pub source: Option<ScopeSource>,
    /// For a person.
    pub detail: String,
}

impl PrivilegeRules {
    /// Whether anything is to be compared.
    #[must_use]
    pub fn are_set(&self) -> bool {
        self.scopes_allowed.is_some() || self.has_must_refuse
    }
}

/// What is known of what a token may do; `None` if no rule is set and no scope is known
/// to allow far more than SCIM needs.
#[must_use]
pub fn judge(rules: &PrivilegeRules, token: &HeldToken) -> Option<Judged> {
    let evidence = token.evidence.as_ref();
    let found = evidence.and_then(|evidence| evidence.privilege());
    let by_claims = Scopes::of_jwt(&token.value);
    let shown = found.and_then(|found| found.scopes.as_ref());
    // A URL that lets the token in shows more than any list of names.
    let let_in = found.iter().flat_map(|found| &found.reach);
    let let_in: Vec<_> = let_in
        .filter(|reached| reached.answer == ReachAnswer::LetIn)
        .map(|reached| reached.url.as_str())
        .collect();
    if !let_in.is_empty() {
        let urls = let_in.join(", ");
        return Some(Judged {
            verdict: PrivilegeVerdict::OverPrivileged,
            source: None,
            detail: format!("`must_refuse`: {urls} let the token in"),
        });
    }
    let granted = found.and_then(|found| found.access.as_ref());
    let told: Vec<&Scopes> = [shown, granted, token.scopes.as_deref(), by_claims.as_ref()]
        .into_iter()
        .flatten()
        .collect();
    match &rules.scopes_allowed {
        Some(allowed) => Some(compared(allowed, &told)),
        None => far_too_broad(&told).or_else(|| {
            rules
                .has_must_refuse
                .then(|| reach_only(found.map(|f| &f.reach[..])))
        }),
    }
}

/// The worst of what is told: each of those who tell may leave something out.
fn compared(allowed: &[String], told: &[&Scopes]) -> Judged {
    let mut best = None;
    for scopes in told {
        let source = Some(scopes.source);
        let by = scopes.source.as_str();
        match scopes.compare(allowed) {
            Comparison::Broader(extra) => {
                return Judged {
                    verdict: PrivilegeVerdict::Broader,
                    source,
                    detail: format!(
                        "it has scopes that `scopes_allowed` does not name: {} (source: {by})",
                        extra.join(", ")
                    ),
                };
            }
            Comparison::Exact => {
                best.get_or_insert(Judged {
                    verdict: PrivilegeVerdict::Exact,
                    source,
                    detail: format!("it has the allowed scopes (source: {by})"),
                });
            }
            Comparison::Narrower => {
                best.get_or_insert(Judged {
                    verdict: PrivilegeVerdict::Narrower,
                    source,
                    detail: format!("it lacks some of the allowed scopes (source: {by})"),
                });
            }
        }
    }
    best.unwrap_or_else(|| {
        unknown("neither the issuer nor the token tells its scopes: where the issuer shows them, say so in `read.scopes`")
    })
}

fn far_too_broad(told: &[&Scopes]) -> Option<Judged> {
    told.iter().find_map(|scopes| {
        let broad = scopes.names.iter().find(|name| broad_pattern(name).is_some())?;
        Some(Judged {
            verdict: PrivilegeVerdict::Broad,
            source: Some(scopes.source),
            detail: format!(
                "its scope `{broad}` allows far more than SCIM needs (source: {}); write `scopes_allowed`, and `accepted_risk` if the service provider offers nothing narrower",
                scopes.source.as_str()
            ),
        })
    })
}

fn reach_only(reach: Option<&[Reached]>) -> Judged {
    let Some(reach) = reach.filter(|reach| !reach.is_empty()) else {
        return unknown("the URLs of `must_refuse` were not asked yet");
    };
    let is_clear = |reached: &Reached| reached.answer == ReachAnswer::Refused;
    match reach.iter().all(is_clear) {
        true => Judged {
            verdict: PrivilegeVerdict::Narrower,
            source: None,
            detail: "every URL of `must_refuse` refused the token".to_owned(),
        },
        false => unknown("a URL of `must_refuse` neither refused the token nor let it in"),
    }
}

fn unknown(why: &str) -> Judged {
    Judged {
        verdict: PrivilegeVerdict::Unknown,
        source: None,
        detail: why.to_owned(),
    }
}

/// Why a new token must not be used, if it must not. An accepted risk is used, also
/// when the date of the acceptance is over: an alert says so, and an outage would
/// not make the token narrower.
#[must_use]
pub fn refusal(rules: &PrivilegeRules, token: &HeldToken) -> Option<String> {
    if rules.on_broad == OnBroad::Warn || rules.accepted_risk.is_some() {
        return None;
    }
    let judged = judge(rules, token)?;
    judged.verdict.breaks_a_rule().then(|| {
        format!(
            "the new token may do more than it should: {}. Have the issuer make a narrower one, correct the rule, write `accepted_risk`, or on_broad = \"warn\"",
            judged.detail
        )
    })
}

/// Whether it is time to ask what a token may do.
#[must_use]
pub fn is_due(rules: &PrivilegeRules, token: &HeldToken, now: Timestamp) -> bool {
    let evidence = token.evidence.as_ref();
    let last = evidence.and_then(|evidence| evidence.privilege());
    // A time in the future is one of a clock that was wrong.
    let is_old = |at| at > now || now.duration_since(at) >= EVERY;
    rules.are_set() && last.is_none_or(|last| is_old(last.at))
}

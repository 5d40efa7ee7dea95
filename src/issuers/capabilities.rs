//! The `capabilities` block: what a person states about an issuer that only
//! its documentation tells.

use serde::Deserialize;

use crate::problem::Problems;
use crate::rotation::capability::{
    ExpirySource, IssueEffect, IssuerCapabilities, LastUsed, LiveTokens, Overlap, Recovery, Revoke,
    Supply,
};
use crate::value::HumanDuration;

/// What the configuration states. `live_tokens` and `issue_effect` have no
/// default: a wrong guess costs an outage.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Capabilities {
    /// How many tokens may be live at once.
    pub live_tokens: Option<LiveTokens>,
    /// What issuing does to the old token.
    pub issue_effect: Option<IssueEffect>,
    /// Who ends the old token; follows from `issue_effect` where absent.
    pub overlap: Option<OverlapWord>,
    /// How to find out what became of an issue whose reply was lost.
    pub recovery: Option<Recovery>,
    /// How a token is revoked.
    pub revoke: Option<Revoke>,
    /// Where the expiry is known from.
    pub expiry: Option<ExpirySource>,
    /// How precisely the last use is told.
    pub last_used: Option<LastUsed>,
}

/// `overlap`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum OverlapWord {
    /// We revoke the old token.
    ExplicitRetire,
    /// The issuer's clock ends it, at most this long after the issue.
    IssuerTimed {
        /// Longest overlap that the issuer grants.
        max: HumanDuration,
    },
    /// `complete` or `cancel` ends one of the two.
    TwoPhase {
        /// Whether the new token already works before `complete`.
        #[serde(default)]
        next_usable: bool,
    },
    /// The old token dies at once.
    None,
}

impl From<OverlapWord> for Overlap {
    fn from(word: OverlapWord) -> Self {
        match word {
            OverlapWord::ExplicitRetire => Self::ExplicitRetire,
            OverlapWord::IssuerTimed { max } => Self::IssuerTimed { max: max.0 },
            OverlapWord::TwoPhase { next_usable } => Self::TwoPhase { next_usable },
            OverlapWord::None => Self::None,
        }
    }
}

impl Capabilities {
    /// The whole set; what is absent is the worst that fits the rest.
    #[must_use]
    pub fn resolve(&self, supply: Supply) -> IssuerCapabilities {
        let live_tokens = self.live_tokens.unwrap_or(LiveTokens::One);
        let issue_effect = self.issue_effect.unwrap_or(IssueEffect::Kills);
        IssuerCapabilities {
            supply,
            live_tokens,
            overlap: self.overlap(issue_effect),
            issue_effect,
            recovery: self.recovery.unwrap_or(Recovery::None),
            revoke: self.revoke.unwrap_or(Revoke::Never),
            expiry: self.expiry.unwrap_or(ExpirySource::None),
            last_used: self.last_used.unwrap_or(LastUsed::None),
        }
    }

    fn overlap(&self, effect: IssueEffect) -> Overlap {
        match (self.overlap, effect) {
            (Some(word), _) => word.into(),
            (None, IssueEffect::Keeps) => Overlap::ExplicitRetire,
            (None, IssueEffect::SchedulesDeath | IssueEffect::Kills) => Overlap::None,
        }
    }

    /// Reports what is missing and what contradicts itself.
    pub fn check(&self, path: &str, problems: &mut Problems) {
        if self.live_tokens.is_none() {
            problems.error(
                format!("{path}.live_tokens"),
                "it must be stated how many tokens the issuer keeps alive at once: a wrong guess would cut provisioning off",
                "read the provider's documentation and write `live_tokens = \"one\"`, \"two\" or \"many\"",
            );
        }
        if self.issue_effect.is_none() {
            problems.error(
                format!("{path}.issue_effect"),
                "it must be stated what issuing a token does to the one in use: a wrong guess would cut provisioning off",
                "read the provider's documentation and write `issue_effect = \"keeps\"`, \"schedules_death\" or \"kills\"",
            );
        }
        if let (Some(live), Some(effect)) = (self.live_tokens, self.issue_effect) {
            self.check_pair(live, effect, path, problems);
        }
    }

    fn check_pair(
        &self,
        live: LiveTokens,
        effect: IssueEffect,
        path: &str,
        problems: &mut Problems,
    ) {
        if live == LiveTokens::One && effect == IssueEffect::Keeps {
            problems.error(
                format!("{path}.issue_effect"),
                "with one live token, issuing cannot keep the old one",
                "write `issue_effect = \"kills\"`, or state that two or many may be live",
            );
        }
        let overlap = self.overlap(effect);
        let fits = match effect {
            IssueEffect::Kills => overlap == Overlap::None,
            IssueEffect::SchedulesDeath => matches!(overlap, Overlap::IssuerTimed { .. }),
            IssueEffect::Keeps => {
                matches!(overlap, Overlap::ExplicitRetire | Overlap::TwoPhase { .. })
            }
        };
        if !fits {
            problems.error(
                format!("{path}.overlap"),
                "`overlap` does not fit `issue_effect`",
                "`keeps` goes with \"explicit_retire\" or { two_phase = { next_usable = false } }, `schedules_death` with { issuer_timed = { max = \"24h\" } }, `kills` with \"none\"",
            );
        }
    }
}

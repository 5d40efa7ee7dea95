//! A person makes the token and writes it to the token's Vault path. Everything
//! else is done as for any other issuer.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::SignedDuration;
use serde::Deserialize;

use super::Deps;
use super::capabilities::{Capabilities, OverlapWord};
use super::label::Label;
use crate::fault::{Fault, FaultClass, FaultKind};
use crate::http::names::Side;
use crate::http::template::ConfigValue;
use crate::ports::instructions::Instructions;
use crate::ports::kind::{Kind, VendorMark};
use crate::ports::{IssueRequest, Issuer, TokenHandle};
use crate::problem::Problems;
use crate::rotation::capability::{
    ExpirySource, IssueEffect, IssuerCapabilities, LiveTokens, Supply,
};
use crate::rotation::outcome::{IssuedToken, ListedToken, Listing};
use crate::secret::SecretRef;
use crate::value::HumanDuration;

/// `[issuers.<name>.operator]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OperatorIssuer {
    /// How many tokens may be live at once.
    pub live_tokens: Option<LiveTokens>,
    /// What making a token does to the old one.
    pub issue_effect: Option<IssueEffect>,
    /// Who ends the old one; follows from `issue_effect` where absent.
    pub overlap: Option<OverlapWord>,
    /// How long a token lives by the provider's documentation.
    pub lifetime: Option<HumanDuration>,
    /// Who sets how long a token lives.
    pub life: Option<Life>,
    /// From which click on the old token is dead, where a new one kills it.
    pub gap_starts_at: Option<GapStart>,
    /// What a person has to do, and where.
    pub instructions: Instructions,
    /// Values for the instructions, as `{{ config.<name> }}`.
    #[serde(default)]
    pub config: BTreeMap<String, ConfigValue>,
    /// The vendor file that this was made from.
    #[serde(skip)]
    pub vendor: Option<Arc<VendorMark>>,
}

/// `life`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Life {
    /// The provider: always the same.
    Fixed,
    /// The person who makes the token.
    Chosen,
    /// It begins anew with each use.
    RenewedByUse,
    /// A token does not expire.
    NeverEnds,
    /// Nobody has documented it.
    Unknown,
}

impl Life {
    /// The word of the configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fixed => "fixed",
            Self::Chosen => "chosen",
            Self::RenewedByUse => "renewed_by_use",
            Self::NeverEnds => "never_ends",
            Self::Unknown => "unknown",
        }
    }
}

/// `gap_starts_at`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GapStart {
    /// With the click that makes the new token, also if nothing is saved.
    Click,
    /// When the page is saved.
    Save,
    /// It is not documented: with the click, until somebody has seen otherwise.
    Unknown,
}

impl GapStart {
    /// The word of the configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Click => "click",
            Self::Save => "save",
            Self::Unknown => "unknown",
        }
    }

    fn warning(self) -> &'static str {
        match self {
            Self::Click => {
                "The old token is dead from the click that makes the new one, also if nothing is saved: provisioning fails from then until the new token is delivered, so write it to Vault at once."
            }
            Self::Save => {
                "The old token is dead from the moment the page is saved: provisioning fails from then until the new token is delivered, so write it to Vault at once."
            }
            Self::Unknown => {
                "Expect the old token to be dead from the click that makes the new one (not confirmed): write the new token to Vault at once."
            }
        }
    }
}

impl Kind for OperatorIssuer {
    type Capabilities = IssuerCapabilities;
    type Built = dyn Issuer;

    fn kind(&self) -> &str {
        self.vendor.as_ref().map_or("operator", |mark| &mark.name)
    }

    fn check(&self, path: &str, problems: &mut Problems) {
        // Below the vendor's name stand the parameters, and beside them `operator`.
        let path = match &self.vendor {
            Some(_) => &format!("{path}.operator"),
            None => path,
        };
        self.stated().check(path, problems);
        let absent = self.vendor.iter().flat_map(|vendor| &vendor.absent);
        let at = format!("{path}.instructions");
        self.instructions
            .check(Side::Issuer, &self.config, absent, &at, problems);
        self.check_life(path, problems);
        let kills = self.issue_effect == Some(IssueEffect::Kills);
        if self.gap_starts_at.is_some() && !kills {
            problems.error(
                format!("{path}.gap_starts_at"),
                "there is no gap: making a token does not kill the old one",
                "take it out, or write `issue_effect = \"kills\"`",
            );
        }
    }

    fn capabilities(&self) -> IssuerCapabilities {
        self.stated().resolve(Supply::Operator)
    }

    fn credentials(&self) -> Vec<SecretRef> {
        Vec::new()
    }

    fn build(&self, name: &str, _deps: &Deps) -> Result<Arc<dyn Issuer>, String> {
        Ok(Arc::new(OperatorTokens::new(name, self)))
    }

    fn declared_lifetime(&self) -> Option<SignedDuration> {
        self.lifetime.map(|life| life.0)
    }

    fn handles_client_id(&self) -> bool {
        true
    }

    fn instructions(&self) -> Option<String> {
        let kills = self.issue_effect == Some(IssueEffect::Kills);
        let gap = self.gap_starts_at.filter(|_| kills).map(GapStart::warning);
        Some(self.instructions.text(&self.config, gap))
    }

    fn vendor(&self) -> Option<&VendorMark> {
        self.vendor.as_deref()
    }
}

impl OperatorIssuer {
    fn stated(&self) -> Capabilities {
        Capabilities {
            live_tokens: self.live_tokens,
            issue_effect: self.issue_effect,
            overlap: self.overlap,
            expiry: self.lifetime.map(|_| ExpirySource::Declared),
            ..Capabilities::default()
        }
    }

    fn check_life(&self, path: &str, problems: &mut Problems) {
        let at = format!("{path}.lifetime");
        match (self.lifetime, self.life) {
            (Some(_), Some(Life::NeverEnds)) => problems.error(
                at,
                "a token of which `life` says that it never ends has no lifetime",
                "take `lifetime` out; `max_age` of the token says when it is renewed anyway",
            ),
            (Some(_), _) | (None, Some(Life::NeverEnds)) => {}
            // The vendor file asks the user for it.
            (None, Some(Life::Unknown)) if self.vendor.is_some() => {}
            (None, _) => problems.warning(
                at,
                "nothing tells when these tokens expire, unless they are JWTs or each token declares it",
                "write for example `lifetime = \"365d\"`",
            ),
        }
    }
}

/// The issuer that waits for a person.
pub struct OperatorTokens {
    name: String,
    config: OperatorIssuer,
}

impl OperatorTokens {
    /// The running issuer.
    #[must_use]
    pub fn new(name: &str, config: &OperatorIssuer) -> Self {
        Self {
            name: name.to_owned(),
            config: config.clone(),
        }
    }

    fn by_a_person(&self, what: &str) -> Fault {
        Fault::new(
            FaultClass::Rejected,
            FaultKind::Config,
            format!(
                "issuer `{}` is a person and cannot {what}: {}",
                self.name,
                self.config.instructions.text(&self.config.config, None)
            ),
        )
    }
}

#[async_trait]
impl Issuer for OperatorTokens {
    fn capabilities(&self) -> IssuerCapabilities {
        self.config.capabilities()
    }

    fn label(&self, token: &str, rotation_id: &str, attempt: u32) -> String {
        Label::default().of(token, rotation_id, attempt)
    }

    async fn list(&self, _token: &str) -> Result<Listing, Fault> {
        Err(self.by_a_person("list tokens"))
    }

    async fn issue(&self, _request: &IssueRequest) -> Result<IssuedToken, Fault> {
        Err(self.by_a_person("issue a token by itself"))
    }

    async fn get(&self, _token: &str, _id: &str) -> Result<Option<ListedToken>, Fault> {
        Err(self.by_a_person("look a token up"))
    }

    async fn revoke(&self, _token: &str, _handle: &TokenHandle) -> Result<(), Fault> {
        Err(self.by_a_person("revoke a token by itself"))
    }
}

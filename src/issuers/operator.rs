//! A person makes the token and writes it to the token's Vault path. Everything
//! else is done as for any other issuer.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::SignedDuration;
use serde::Deserialize;

use super::Deps;
use super::capabilities::{Capabilities, OverlapWord};
use super::label::Label;
use crate::fault::{Fault, FaultClass, FaultKind};
use crate::ports::kind::Kind;
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
    /// What a person has to do, and where.
    pub instructions: String,
}

impl Kind for OperatorIssuer {
    type Capabilities = IssuerCapabilities;
    type Built = dyn Issuer;

    fn kind(&self) -> &'static str {
        "operator"
    }

    fn check(&self, path: &str, problems: &mut Problems) {
        self.stated().check(path, problems);
        if self.instructions.trim().is_empty() {
            problems.error(
                format!("{path}.instructions"),
                "nobody is told what to do when a token is due",
                "write where the token is made and who may do it",
            );
        }
        if self.lifetime.is_none() {
            problems.warning(
                format!("{path}.lifetime"),
                "nothing tells when these tokens expire, unless they are JWTs or each token declares it",
                "write for example `lifetime = \"365d\"`",
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

    fn instructions(&self) -> Option<&str> {
        Some(&self.instructions)
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
                self.name, self.config.instructions
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

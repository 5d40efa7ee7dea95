//! The public part of a token's configuration.

use serde::Serialize;

use crate::ports::unit::{HandoverPlace, Unit};
use crate::rotation::capability::{
    IssueEffect, IssuerCapabilities, LiveTokens, Overlap, Recovery, Revoke, Supply,
};
use crate::rotation::state::{About, AboutConnection, HandoverTold};
use crate::scim::credential::CredentialShape;

/// The public part of a token's configuration, shared by all its snapshots.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TokenFacts {
    /// Name in the configuration.
    pub name: String,
    /// Name of its issuer.
    pub issuer: String,
    /// Kind of its issuer, for example `http`.
    pub provider: String,
    /// What the identity provider holds, for example `client_secret`.
    pub credential: &'static str,
    /// Environment, if one is configured.
    pub environment: Option<String>,
    /// Who answers for it, if that is configured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The way in which it is rotated, see [`strategy`].
    pub strategy: &'static str,
    /// Where it is published.
    pub vault_path: String,
    /// The field that it has there.
    #[serde(skip)]
    pub token_field: String,
    /// What a person who has to supply the next token is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instructions: Option<String>,
    /// The connections that must hold it, in the configured order.
    #[serde(skip)]
    pub connections: Vec<ConnectionFacts>,
}

/// The public part of a connection's configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConnectionFacts {
    /// Name in the configuration.
    pub name: String,
    /// Kind of identity provider, for example `http`.
    pub kind: String,
    /// Whether anything can confirm that it works with the token.
    #[serde(skip)]
    pub can_confirm: bool,
    /// What a person must know who writes it, where a person does.
    #[serde(skip)]
    pub handover: Option<HandoverPlace>,
}

impl TokenFacts {
    /// The facts of a wired token.
    #[must_use]
    pub fn of(unit: &Unit) -> Self {
        let kinds = &unit.labels.connection_kinds;
        let use_is_told = unit.issuer.capabilities().last_used.tells_when();
        let connections = unit
            .connections
            .iter()
            .enumerate()
            .map(|(index, (name, connection))| ConnectionFacts {
                name: name.clone(),
                can_confirm: use_is_told || connection.capabilities().can_confirm(),
                kind: kinds.get(index).cloned().unwrap_or_default(),
                handover: unit.labels.handovers.get(name).cloned(),
            });
        let facts = Self::new(
            &unit.name,
            &unit.issuer_name,
            &unit.labels.issuer_kind,
            Some(unit.labels.environment.clone()).filter(|text| !text.is_empty()),
            &unit.issuer.capabilities(),
            connections.collect(),
        );
        Self {
            credential: unit.labels.credential.as_str(),
            owner: unit.labels.owner.clone(),
            vault_path: unit.labels.vault_path.clone(),
            token_field: unit.labels.token_field.clone(),
            instructions: unit.labels.instructions.clone(),
            ..facts
        }
    }

    /// The facts of a federated credential, which `issuer` signs.
    #[must_use]
    pub fn federated(name: &str, issuer: &str, environment: &str) -> Self {
        Self {
            name: name.to_owned(),
            issuer: issuer.to_owned(),
            provider: CredentialShape::Federated.as_str().to_owned(),
            credential: CredentialShape::Federated.as_str(),
            environment: Some(environment.to_owned()),
            owner: None,
            strategy: "none",
            vault_path: String::new(),
            token_field: String::new(),
            instructions: None,
            connections: Vec::new(),
        }
    }

    /// What the words for people need of it.
    #[must_use]
    pub fn about(&self) -> About<'_> {
        let connections = self.connections.iter();
        let connections = connections.map(|connection| AboutConnection {
            name: &connection.name,
            can_confirm: connection.can_confirm,
            handover: connection.handover.as_ref().map(|place| HandoverTold {
                vault_path: &place.vault_path,
                instructions: &place.instructions,
                command: &place.command,
            }),
        });
        About {
            vault_path: &self.vault_path,
            token_field: &self.token_field,
            instructions: self.instructions.as_deref(),
            connections: connections.collect(),
        }
    }

    /// Whether nothing of it is rotated.
    #[must_use]
    pub fn is_federated(&self) -> bool {
        self.credential == CredentialShape::Federated.as_str()
    }

    /// The facts of a token whose issuer has these capabilities.
    #[must_use]
    pub fn new(
        name: impl Into<String>,
        issuer: impl Into<String>,
        provider: impl Into<String>,
        environment: Option<String>,
        capabilities: &IssuerCapabilities,
        connections: Vec<ConnectionFacts>,
    ) -> Self {
        Self {
            name: name.into(),
            issuer: issuer.into(),
            provider: provider.into(),
            credential: CredentialShape::default().as_str(),
            environment,
            strategy: strategy(capabilities),
            owner: None,
            vault_path: String::new(),
            token_field: String::new(),
            instructions: None,
            connections,
        }
    }
}

/// The word for the way in which an issuer's tokens are rotated, derived from
/// its capabilities: `operator`, `client_chosen`, `two_phase`, `replace`,
/// `issuer_timed`, `expire` or `overlap`.
#[must_use]
pub fn strategy(capabilities: &IssuerCapabilities) -> &'static str {
    let IssuerCapabilities {
        supply,
        live_tokens,
        overlap,
        issue_effect,
        recovery,
        ..
    } = capabilities;
    match (supply, recovery, overlap, issue_effect, live_tokens) {
        (Supply::Operator, ..) => "operator",
        (_, Recovery::ClientChosen, ..) => "client_chosen",
        (_, _, Overlap::TwoPhase { .. }, ..) => "two_phase",
        (_, _, Overlap::None, ..) | (_, _, _, IssueEffect::Kills, _) | (.., LiveTokens::One) => {
            "replace"
        }
        (_, _, Overlap::IssuerTimed { .. }, ..) | (_, _, _, IssueEffect::SchedulesDeath, _) => {
            "issuer_timed"
        }
        (_, _, Overlap::ExplicitRetire, IssueEffect::Keeps, LiveTokens::Two | LiveTokens::Many) => {
            if retires_by_expiry(capabilities) {
                "expire"
            } else {
                "overlap"
            }
        }
    }
}

fn retires_by_expiry(capabilities: &IssuerCapabilities) -> bool {
    match capabilities.revoke {
        Revoke::AllOnly | Revoke::Never => true,
        Revoke::ById | Revoke::ByValue | Revoke::OfItself => false,
    }
}

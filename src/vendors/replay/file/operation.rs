//! An operation on the issuer or the connection.

use serde::Deserialize;

use super::Expect;
use crate::value::HumanDuration;
use crate::vendors::Family;

/// An operation, and what must come of it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operation {
    /// Which one.
    pub call: Call,
    /// What it is given; each call has its usual values.
    #[serde(default)]
    pub with: With,
    /// How long after the one before it begins.
    #[serde(default)]
    pub after: Option<HumanDuration>,
    /// What must come of it.
    pub expect: Expect,
    /// How long it must have waited in all, where that counts.
    #[serde(default)]
    pub slept: Option<HumanDuration>,
}

/// The operations of an issuer and of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// Issuer: has a token issued.
    Issue,
    /// Issuer: lists the live tokens.
    List,
    /// Issuer: looks one token up.
    Get,
    /// Issuer: revokes a token.
    Revoke,
    /// Issuer: ends the old token of a two-phase rotation.
    Complete,
    /// Issuer: drops the new token of a two-phase rotation.
    Cancel,
    /// Connection: looks without changing anything.
    Preflight,
    /// Connection: gives it the token.
    Deliver,
    /// Connection: gives it the old token back.
    Revert,
    /// Connection: asks for proof that it works with the token.
    Confirm,
    /// Connection: asks how provisioning fares.
    Look,
    /// Connection: lists every connection of the identity provider.
    Inventory,
}

impl Call {
    /// The word of the replay.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Issue => "issue",
            Self::List => "list",
            Self::Get => "get",
            Self::Revoke => "revoke",
            Self::Complete => "complete",
            Self::Cancel => "cancel",
            Self::Preflight => "preflight",
            Self::Deliver => "deliver",
            Self::Revert => "revert",
            Self::Confirm => "confirm",
            Self::Look => "look",
            Self::Inventory => "inventory",
        }
    }

    /// Whose operation it is.
    #[must_use]
    pub fn family(self) -> Family {
        match self {
            Self::Issue | Self::List | Self::Get | Self::Revoke | Self::Complete | Self::Cancel => {
                Family::Issuer
            }
            Self::Preflight
            | Self::Deliver
            | Self::Revert
            | Self::Confirm
            | Self::Look
            | Self::Inventory => Family::Connection,
        }
    }

    /// The keys of `with` that it takes.
    pub(super) fn takes(self) -> &'static [&'static str] {
        match self {
            Self::Issue => &[
                "token",
                "id",
                "old_token",
                "label",
                "lifetime",
                "overlap",
                "etag",
            ],
            Self::List | Self::Complete | Self::Cancel | Self::Inventory => &[],
            Self::Get => &["id"],
            Self::Revoke => &["id", "token"],
            Self::Preflight => &["scim_url"],
            Self::Deliver | Self::Revert | Self::Confirm => &["token", "old_token", "scim_url"],
            Self::Look => &["token", "scim_url"],
        }
    }
}

/// What an operation is given, in the names that templates have for it. Texts
/// may hold placeholders.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct With {
    /// `issue`: the secret to register, where we choose it; for others the token
    /// that the operation is about.
    pub token: Option<String>,
    /// The token in use before.
    pub old_token: Option<String>,
    /// `issue`: id of the token in use; for others of the token that it is about.
    pub id: Option<String>,
    /// `issue`: the label; without it, the one that the issuer makes.
    pub label: Option<String>,
    /// `issue`: the lifetime to ask for.
    pub lifetime: Option<HumanDuration>,
    /// `issue`: the overlap to ask for; 24 hours without it.
    pub overlap: Option<HumanDuration>,
    /// `issue`: version of the issuer's state that was seen before.
    pub etag: Option<String>,
    /// The SCIM base URL that the connection must point at.
    pub scim_url: Option<String>,
}

impl With {
    /// The keys that are there.
    pub(super) fn keys(&self) -> impl Iterator<Item = &'static str> {
        let Self {
            token,
            old_token,
            id,
            label,
            lifetime,
            overlap,
            etag,
            scim_url,
        } = self;
        let keys = [
            ("token", token.is_some()),
            ("old_token", old_token.is_some()),
            ("id", id.is_some()),
            ("label", label.is_some()),
            ("lifetime", lifetime.is_some()),
            ("overlap", overlap.is_some()),
            ("etag", etag.is_some()),
            ("scim_url", scim_url.is_some()),
        ];
        keys.into_iter().filter(|(_, is)| *is).map(|(key, _)| key)
    }
}

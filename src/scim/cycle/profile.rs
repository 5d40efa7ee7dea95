//! The keys of a token's `full_cycle` table, and the rules that follow from them.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde::Deserialize;

use super::locks::TenantMarker;
use crate::problem::Problems;
use crate::value::HumanDuration;

/// How the full cycle of one token is run, and what is known of its service
/// provider.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CycleConfig {
    /// What tells this tenant from production.
    pub tenant_marker: TenantMarker,
    /// A directory with more users is taken for production.
    pub max_expected_users: u32,
    /// Domain of the user that is created.
    pub domain: String,
    /// More attributes of the user, where the service provider requires them.
    pub user: BTreeMap<String, String>,
    /// What a deletion of a user does.
    pub delete_semantics: DeleteSemantics,
    /// Whether a user that a person made beforehand is used, and none is created.
    pub reuse_identity: bool,
    /// How a user is changed.
    pub change_by: ChangeBy,
    /// In whose words a PATCH is written; without it, those of the identity provider
    /// that the token's connections name.
    pub patch_dialect: Option<PatchDialect>,
    /// Whether the service provider stores `externalId`.
    pub external_id: ExternalId,
    /// Whether groups are tested.
    pub groups: bool,
    /// Where a membership is seen.
    pub membership: Membership,
    /// Whether a second user of the same name is tried.
    pub duplicate: bool,
    /// Whether a deactivated user is activated again.
    pub reactivate: bool,
    /// How long a run may take.
    pub timeout: HumanDuration,
    /// How many requests it may send.
    pub max_requests: u32,
    /// Pause between two requests.
    pub pace: HumanDuration,
}

/// What a deletion of a user does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeleteSemantics {
    /// The user is gone.
    #[default]
    Hard,
    /// The user stays, deactivated, and is used again by the next run.
    Deactivate,
}

/// How a user is changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeBy {
    /// By PATCH; by PUT where the service provider says that it has no PATCH.
    #[default]
    Patch,
    /// By PUT.
    Put,
}

/// In whose words a PATCH is written. A service provider must understand those of the
/// identity provider that it serves, which are not those of the standard.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PatchDialect {
    /// As RFC 7644 writes its examples.
    #[default]
    Standard,
    /// As Microsoft Entra ID writes it: `Replace` with a capital, booleans as text,
    /// members added without a path and removed by a list of values.
    Entra,
    /// As Okta writes it: attributes of users are replaced without a path.
    Okta,
}

impl PatchDialect {
    /// Whose words they are, if they are not those of the standard.
    #[must_use]
    pub fn of_whom(self) -> Option<&'static str> {
        match self {
            Self::Standard => None,
            Self::Entra => Some("Entra ID"),
            Self::Okta => Some("Okta"),
        }
    }

    /// The dialect of a kind of connection; `None` if it is not known.
    #[must_use]
    pub fn of_connection(kind: &str) -> Option<Self> {
        match kind.split('-').next() {
            Some("entra") => Some(Self::Entra),
            Some("okta") => Some(Self::Okta),
            _ => None,
        }
    }
}

/// Whether the service provider stores `externalId`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExternalId {
    /// It returns what was sent.
    #[default]
    Kept,
    /// It drops it.
    Dropped,
}

/// Where a membership is seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Membership {
    /// In the group, or by a filter where the group shows no members.
    #[default]
    Read,
    /// By a filter alone.
    Filter,
}

impl Default for CycleConfig {
    fn default() -> Self {
        Self {
            tenant_marker: TenantMarker::default(),
            max_expected_users: 200,
            domain: "scim-rotator.invalid".to_owned(),
            user: BTreeMap::new(),
            delete_semantics: DeleteSemantics::Hard,
            reuse_identity: false,
            change_by: ChangeBy::Patch,
            patch_dialect: None,
            external_id: ExternalId::Kept,
            groups: true,
            membership: Membership::Read,
            duplicate: true,
            reactivate: true,
            timeout: HumanDuration(SignedDuration::from_mins(2)),
            max_requests: 40,
            pace: HumanDuration(SignedDuration::from_millis(250)),
        }
    }
}

/// Attributes that a run writes itself, or that give somebody rights.
const NOT_EXTRA: [&str; 14] = [
    "schemas",
    "id",
    "meta",
    "username",
    "externalid",
    "active",
    "displayname",
    "name",
    "emails",
    "password",
    "roles",
    "entitlements",
    "groups",
    "manager",
];
const LONGEST: SignedDuration = SignedDuration::from_mins(10);
const LONGEST_PACE: SignedDuration = SignedDuration::from_secs(10);
const REQUESTS: std::ops::RangeInclusive<u32> = 10..=100;

impl CycleConfig {
    /// In whose words a PATCH is written.
    #[must_use]
    pub fn dialect(&self) -> PatchDialect {
        self.patch_dialect.unwrap_or_default()
    }

    /// The same settings with a dialect, if they name none: that of the first
    /// connection whose identity provider is known to have one.
    #[must_use]
    pub fn with_dialect_of<'k>(mut self, kinds: impl IntoIterator<Item = &'k str>) -> Self {
        let mut kinds = kinds.into_iter();
        let known = || kinds.find_map(PatchDialect::of_connection);
        self.patch_dialect = self.patch_dialect.or_else(known);
        self
    }

    /// Notes what is wrong; `path` is the dotted path of the table.
    pub fn check(&self, path: &str, problems: &mut Problems) {
        let at = |key: &str| format!("{path}.{key}");
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
        if self.domain.is_empty() || self.domain.len() > 180 || !self.domain.chars().all(plain) {
            problems.error(
                at("domain"),
                "a domain consists of a-z, 0-9, `-` and `.`",
                "write a domain that gets no mail, or leave the key out",
            );
        }
        for name in self.user.keys() {
            if NOT_EXTRA.contains(&name.to_ascii_lowercase().as_str()) {
                problems.error(
                    at(&format!("user.{name}")),
                    format!("a full cycle writes `{name}` itself, or must not write it"),
                    "take the key out",
                );
            }
        }
        if self.timeout.0 < SignedDuration::from_secs(10) || self.timeout.0 > LONGEST {
            problems.error(
                at("timeout"),
                "a run takes between 10s and 10m",
                "write for example \"2m\"",
            );
        }
        if !REQUESTS.contains(&self.max_requests) {
            problems.error(
                at("max_requests"),
                "a run sends between 10 and 100 requests",
                "write for example 40",
            );
        }
        if self.pace.0 > LONGEST_PACE {
            problems.error(
                at("pace"),
                "a pause between requests is at most 10s",
                "write a shorter one, or leave the key out",
            );
        }
    }
}

/// The rules of one token that may run full cycles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CycleRules {
    /// Its `full_cycle` table.
    pub config: CycleConfig,
    /// Its environment, which is not production; part of the names.
    pub environment: String,
    /// How often the daemon runs it; `None`: it does not.
    pub every: Option<SignedDuration>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Vec<String> {
        let config: CycleConfig = toml::from_str(text).expect(text);
        let mut problems = Problems::default();
        config.check("c", &mut problems);
        let all = problems.all().iter();
        all.map(|problem| problem.path.clone()).collect()
    }

    #[test]
    fn the_defaults_are_silent_and_every_bad_value_is_named() {
        assert!(said("").is_empty());
        assert!(said("user = { department = 'probe' }").is_empty());
        for (text, key) in [
            ("domain = 'a b'", "c.domain"),
            ("domain = ''", "c.domain"),
            ("user = { Roles = 'admin' }", "c.user.Roles"),
            ("user = { userName = 'x' }", "c.user.userName"),
            ("timeout = '1s'", "c.timeout"),
            ("timeout = '1h'", "c.timeout"),
            ("max_requests = 5", "c.max_requests"),
            ("pace = '1m'", "c.pace"),
        ] {
            assert_eq!(said(text), [key], "{text}");
        }
        assert!(toml::from_str::<CycleConfig>("domian = 'x'").is_err());
    }

    #[test]
    fn the_dialect_is_the_one_that_is_named_or_that_of_the_identity_provider() {
        let dialect = |text: &str, kinds: &[&str]| {
            let config: CycleConfig = toml::from_str(text).expect(text);
            config.with_dialect_of(kinds.iter().copied()).dialect()
        };
        for (text, kinds, expected) in [
            ("", &[][..], PatchDialect::Standard),
            ("", &["exec", "http"], PatchDialect::Standard),
            ("", &["entra"], PatchDialect::Entra),
            ("", &["http", "entra-manual", "okta"], PatchDialect::Entra),
            ("", &["okta"], PatchDialect::Okta),
            (
                "patch_dialect = 'standard'",
                &["entra"],
                PatchDialect::Standard,
            ),
            ("patch_dialect = 'entra'", &["okta"], PatchDialect::Entra),
        ] {
            assert_eq!(dialect(text, kinds), expected, "{text} {kinds:?}");
        }
    }
}

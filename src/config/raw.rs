//! The types that `[tokens.<name>]`, `[defaults]` and `[limits]` are read into.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::civil::Date;
use serde::{Deserialize, Deserializer, de};
use url::Url;

use super::settings::Environment;
use crate::http::AddressRange;
use crate::rotation::policy::AcceptSupplied;
use crate::rotation::privilege::OnBroad;
use crate::scim::config::ProbeConfig;
use crate::scim::credential::{CredentialShape, SecretPlace};
use crate::scim::cycle::profile::CycleConfig;
use crate::scim::federated::config::Federated;
use crate::value::{HumanDuration, expand_file_path};
use crate::vault::FieldNames;

/// Keys that belong to one token alone.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawToken {
    pub(super) vault_path: String,
    pub(super) scim_url: Url,
    pub(super) issuer: String,
    #[serde(default)]
    pub(super) connections: Vec<String>,
    #[serde(default)]
    pub(super) fields: FieldNames,
    #[serde(default)]
    pub(super) credential: CredentialShape,
    pub(super) token_url: Option<Url>,
    pub(super) client_id: Option<String>,
    #[serde(default)]
    pub(super) scopes: Vec<String>,
    pub(super) client_auth: Option<SecretPlace>,
    #[serde(default)]
    pub(super) token_params: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) allow_write_probe: bool,
    #[serde(default)]
    pub(super) schedule_write_probe: bool,
    pub(super) write_probe_every: Option<HumanDuration>,
    #[serde(default)]
    pub(super) full_cycle: CycleConfig,
    pub(super) require_full_cycle_on: Option<String>,
    pub(super) full_cycle_within: Option<HumanDuration>,
    #[serde(default)]
    pub(super) must_refuse: Vec<Url>,
    pub(super) accepted_risk: Option<RawAcceptedRisk>,
}

/// `accepted_risk = { reason = "…", owner = "…", until = "2027-01-31" }`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawAcceptedRisk {
    pub(super) reason: String,
    pub(super) owner: String,
    pub(super) until: Day,
}

/// A day, such as `"2027-01-31"`: it ends at midnight UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Day(pub(super) Date);

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        text.parse()
            .map(Self)
            .map_err(|_| de::Error::custom(format!("`{text}` is not a day: write \"2027-01-31\"")))
    }
}

/// Keys of a token whose credential is federated.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFederatedToken {
    pub(super) scim_url: Url,
    #[serde(default)]
    pub(super) credential: CredentialShape,
    pub(super) token_url: Option<Url>,
    pub(super) client_id: Option<String>,
    #[serde(default)]
    pub(super) scopes: Vec<String>,
    #[serde(default)]
    pub(super) token_params: BTreeMap<String, String>,
    pub(super) federated: Federated,
}

/// Keys of `[defaults]`; each may stand in a token too, and counts there.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPolicy {
    pub(super) environment: Option<Environment>,
    pub(super) owner: Option<String>,
    pub(super) renew_at: Option<Percent>,
    pub(super) renew_before: Option<HumanDuration>,
    pub(super) max_age: Option<HumanDuration>,
    pub(super) renew_cron: Option<String>,
    pub(super) time_zone: Option<String>,
    pub(super) jitter: Option<bool>,
    pub(super) windows: Option<RawWindows>,
    pub(super) overlap: Option<HumanDuration>,
    pub(super) lifetime: Option<HumanDuration>,
    pub(super) declared_lifetime: Option<HumanDuration>,
    pub(super) allow_short_lived: Option<bool>,
    pub(super) retry_min: Option<HumanDuration>,
    pub(super) retry_max: Option<HumanDuration>,
    pub(super) max_attempts: Option<u32>,
    pub(super) issues_per_day: Option<u32>,
    pub(super) probe_every: Option<HumanDuration>,
    pub(super) probe: Option<ProbeConfig>,
    pub(super) new_token_patience: Option<HumanDuration>,
    pub(super) confirm_timeout: Option<HumanDuration>,
    pub(super) confirm_every: Option<HumanDuration>,
    pub(super) settle: Option<HumanDuration>,
    pub(super) operator_deadline: Option<HumanDuration>,
    pub(super) operator_poll: Option<HumanDuration>,
    pub(super) max_clock_skew: Option<HumanDuration>,
    pub(super) accept_supplied: Option<AcceptSupplied>,
    pub(super) scopes_allowed: Option<Vec<String>>,
    pub(super) on_broad: Option<OnBroad>,
    pub(super) life_tolerance: Option<Percent>,
    pub(super) refusal_window: Option<HumanDuration>,
}

/// `[issuers.<name>]`: what stands beside the kind, and holds for tokens that name the
/// issuer.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawIssuer {
    pub(super) scopes_allowed: Option<Vec<String>>,
}

/// `windows = { allow = […], deny = […] }`; replaced as a whole by a token's own.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawWindows {
    #[serde(default)]
    pub(super) allow: Vec<String>,
    #[serde(default)]
    pub(super) deny: Vec<String>,
    pub(super) time_zone: Option<String>,
    pub(super) deadline: Option<HumanDuration>,
}

/// `[limits]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLimits {
    pub(super) concurrency: Option<u32>,
    pub(super) shutdown_grace: Option<HumanDuration>,
    pub(super) sweep: Option<HumanDuration>,
    pub(super) inventory: Option<HumanDuration>,
    pub(super) lease: Option<HumanDuration>,
    #[serde(default)]
    pub(super) write_probe_hosts: Vec<String>,
}

/// `[http]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawHttp {
    pub(super) connect_timeout: Option<HumanDuration>,
    pub(super) read_timeout: Option<HumanDuration>,
    pub(super) request_timeout: Option<HumanDuration>,
    pub(super) per_host: Option<u32>,
    pub(super) ca_file: Option<FilePath>,
    pub(super) proxy: Option<Url>,
    pub(super) proxy_auth_file: Option<FilePath>,
    #[serde(default)]
    pub(super) permit_addresses: Vec<AddressRange>,
    #[serde(default)]
    pub(super) hosts: Vec<RawHost>,
}

/// `[[http.hosts]]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawHost {
    pub(super) name: String,
    pub(super) ca_file: Option<FilePath>,
    pub(super) client_cert_file: Option<FilePath>,
    pub(super) client_key_file: Option<FilePath>,
    pub(super) proxy: Option<Url>,
    pub(super) proxy_auth_file: Option<FilePath>,
}

/// A path of a file, with `${NAME}` replaced by the environment variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FilePath(pub(super) PathBuf);

impl<'de> Deserialize<'de> for FilePath {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let path = expand_file_path(&text).map_err(de::Error::custom)?;
        Ok(Self(PathBuf::from(path)))
    }
}

/// A share such as `"67%"`, between 1% and 99%.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Percent(pub(super) f64);

impl Percent {
    fn parse(text: &str) -> Option<Self> {
        let number: f64 = text.trim().strip_suffix('%')?.trim().parse().ok()?;
        (1.0..=99.0)
            .contains(&number)
            .then_some(Self(number / 100.0))
    }
}

impl<'de> Deserialize<'de> for Percent {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Self::parse(&text).ok_or_else(|| {
            de::Error::custom(format!(
                "`{text}` is not a share of the lifetime: write a percentage from \"1%\" to \"99%\", such as \"67%\""
            ))
        })
    }
}

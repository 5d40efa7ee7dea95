//! Access tokens for a refresh token that the server replaces at each use.
//!
//! A server that rotates refresh tokens takes each of them once, and takes a second
//! use for theft: it then ends all tokens of that consent. So it is stored that a
//! refresh token is being used before it is sent, and its successor is stored before
//! anybody gets the access token. After a lost answer the token is not sent again.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use crate::fault::{Fault, FaultClass, FaultKind};
use crate::http::Client;
use crate::http::oauth2::{ClientCredentials, Granted, RefreshFailed, refresh};
use crate::ports::kind::VaultNeed;
use crate::ports::refresh::{RefreshTokens, StoredRefresh};
use crate::ports::{Secrets, Version};
use crate::problem::Problems;
use crate::rotation::capability::IssueEffect;
use crate::value::HumanDuration;

/// For so long a refresh token that is being used may be in the hands of another
/// replica, or of another token of the same issuer.
const IN_USE: SignedDuration = SignedDuration::from_mins(2);
/// How often it is tried to store a successor, and the first pause.
const ATTEMPTS: i32 = 5;
const PAUSE: SignedDuration = SignedDuration::from_millis(500);

/// `[issuers.<name>.oauth2.refresh]`: the server replaces the refresh token at each
/// use.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefreshRotation {
    /// The KV v2 secret whose field `refresh_token` holds it, and gets its
    /// successors.
    pub vault_path: String,
    /// What a use does to the access tokens that were issued before.
    pub issue_effect: Option<IssueEffect>,
    /// How long the server still accepts a refresh token after its use. Half of it
    /// counts.
    #[serde(default)]
    pub grace: Option<HumanDuration>,
}

impl RefreshRotation {
    pub(super) fn check(&self, path: &str, problems: &mut Problems) {
        if self.place().is_none() {
            problems.error(
                format!("{path}.vault_path"),
                format!("`{}` is not the path of a secret", self.vault_path),
                "write \"<mount>/<path>\", for example \"kv/scim-rotator-refresh/crm\"",
            );
        }
        match self.issue_effect {
            None => problems.error(
                format!("{path}.issue_effect"),
                "it must be stated what using the refresh token does to the access tokens before: a wrong guess would cut provisioning off",
                "read the server's documentation and write `issue_effect = \"keeps\"` or \"kills\"",
            ),
            Some(IssueEffect::SchedulesDeath) => problems.error(
                format!("{path}.issue_effect"),
                "no answer of a token endpoint says when the former token ends",
                "write \"kills\"",
            ),
            Some(IssueEffect::Keeps | IssueEffect::Kills) => {}
        }
    }

    fn place(&self) -> Option<(&str, &str)> {
        let (mount, path) = self
            .vault_path
            .split_once("//")
            .or_else(|| self.vault_path.split_once('/'))?;
        (!mount.is_empty() && !path.is_empty() && !path.ends_with('/')).then_some((mount, path))
    }

    pub(super) fn vault_needs(&self) -> Vec<VaultNeed> {
        let need = self.place().map(|(mount, path)| VaultNeed {
            path: format!("{mount}/data/{path}"),
            capabilities: &["create", "read", "update"],
            purpose: "the refresh token, which is replaced at each use".to_owned(),
        });
        need.into_iter().collect()
    }
}

/// One use of the refresh token.
pub(super) struct Use<'a> {
    pub(super) issuer: &'a str,
    pub(super) settings: &'a RefreshRotation,
    pub(super) client: &'a ClientCredentials,
    pub(super) http: &'a Client,
    pub(super) secrets: &'a dyn Secrets,
    pub(super) store: &'a Arc<dyn RefreshTokens>,
}

impl Use<'_> {
    /// An access token; the successor of the refresh token is stored then.
    pub(super) async fn access_token(&self) -> Result<Granted, Fault> {
        let path = &self.settings.vault_path;
        let stored = self.store.load(path).await?;
        let now = self.http.clock().now();
        self.may_be_sent(&stored, now)?;
        let used = StoredRefresh {
            used_at: Some(now),
            ..stored
        };
        // Nothing was sent to the server yet, whatever became of this write.
        let version = self.store.store(path, &used).await.map_err(not_sent)?;
        let used = StoredRefresh { version, ..used };
        match refresh(self.http, self.secrets, self.client, &used.token).await {
            Ok(refreshed) => {
                let next = StoredRefresh {
                    token: refreshed.successor.unwrap_or_else(|| used.token.clone()),
                    used_at: None,
                    version,
                };
                self.keep(&next).await?;
                refreshed.granted
            }
            Err(RefreshFailed { fault, is_spent }) => {
                if !is_spent && fault.class != FaultClass::Ambiguous {
                    self.release(&used).await;
                }
                Err(fault)
            }
        }
    }

    /// Whether it is certain, or allowed by the server, that this is its first use.
    fn may_be_sent(&self, stored: &StoredRefresh, now: Timestamp) -> Result<(), Fault> {
        let Some(used_at) = stored.used_at else {
            return Ok(());
        };
        let since = now.duration_since(used_at);
        let grace = self.settings.grace.map_or(SignedDuration::ZERO, |g| g.0) / 2;
        if since.abs() < grace {
            return Ok(());
        }
        let path = &self.settings.vault_path;
        if since.abs() < IN_USE {
            let text = format!("the refresh token at {path} is being used since {used_at}");
            let fault = Fault::new(FaultClass::Conflict, FaultKind::Conflict, text);
            return Err(fault.after(Some(IN_USE)));
        }
        let text = format!(
            "issuer `{}`: the refresh token at {path} was sent at {used_at}, and what the server answered was lost; a second use would count as theft. Have somebody consent again, and write the new refresh token into the field `refresh_token`; if the server's log shows that it was not used, remove the field `used_at`",
            self.issuer
        );
        Err(Fault::new(FaultClass::Rejected, FaultKind::Config, text))
    }

    /// Stores the successor; without it, the consent is lost.
    async fn keep(&self, next: &StoredRefresh) -> Result<(), Fault> {
        let path = &self.settings.vault_path;
        let mut last = None;
        for attempt in 1..=ATTEMPTS {
            match self.store.store(path, next).await {
                Ok(Version(_)) => return Ok(()),
                Err(fault) => last = Some(fault),
            }
            self.http.clock().sleep(PAUSE * attempt).await;
        }
        let why = last.map_or_else(String::new, |fault| fault.message);
        let text = format!(
            "issuer `{}`: the new refresh token could not be stored at {path}, so the access token is not used: {why}",
            self.issuer
        );
        Err(Fault::new(FaultClass::Ambiguous, FaultKind::VaultUnavailable, text).complete())
    }

    /// The server did not take it: it is not being used any more.
    async fn release(&self, used: &StoredRefresh) {
        let free = StoredRefresh {
            used_at: None,
            ..used.clone()
        };
        if let Err(error) = self.store.store(&self.settings.vault_path, &free).await {
            tracing::warn!(issuer = self.issuer, %error, "a refresh token that the server did not take stays marked as used");
        }
    }
}

/// A failure before anything was sent to the token endpoint.
fn not_sent(mut fault: Fault) -> Fault {
    if fault.class == FaultClass::Ambiguous {
        fault.class = FaultClass::NotApplied;
        fault.unusable = None;
    }
    fault
}

#[cfg(test)]
mod tests {
    use super::super::Oauth2Issuer;
    use crate::ports::kind::Kind as _;
    use crate::problem::{Problems, Severity};
    use crate::rotation::capability::{IssueEffect, LiveTokens};

    fn issuer(refresh: &str) -> Oauth2Issuer {
        let text = format!(
            "token_url = \"https://sso.example.com/token\"\nclient_id = \"x\"\nclient_secret = {{ env = \"S\" }}\n{refresh}"
        );
        toml::from_str(&text).expect("settings")
    }

    #[test]
    fn it_must_be_stated_what_a_use_does_to_the_access_tokens_before() {
        let errors = |refresh: &str| {
            let mut problems = Problems::default();
            issuer(refresh).check("issuers.x.oauth2", &mut problems);
            let errors = problems.all().iter();
            let errors = errors.filter(|p| p.severity == Severity::Error);
            errors.map(|p| p.path.clone()).collect::<Vec<_>>()
        };
        let good = "refresh = { vault_path = \"kv/refresh/x\", issue_effect = \"keeps\" }";
        assert_eq!(errors(good), [""; 0]);
        for (refresh, key) in [
            (
                "refresh = { vault_path = \"kv/refresh/x\" }",
                "refresh.issue_effect",
            ),
            (
                "refresh = { vault_path = \"kv\", issue_effect = \"keeps\" }",
                "refresh.vault_path",
            ),
            (
                "refresh = { vault_path = \"kv/x\", issue_effect = \"schedules_death\" }",
                "refresh.issue_effect",
            ),
        ] {
            assert_eq!(errors(refresh), [format!("issuers.x.oauth2.{key}")]);
        }
        let needs = issuer(good).vault_needs();
        assert_eq!(needs[0].path, "kv/data/refresh/x");
        let kills = issuer(&good.replace("keeps", "kills")).capabilities();
        assert_eq!(kills.issue_effect, IssueEffect::Kills);
        assert_eq!(kills.live_tokens, LiveTokens::One);
        assert_eq!(issuer(good).capabilities(), issuer("").capabilities());
    }
}

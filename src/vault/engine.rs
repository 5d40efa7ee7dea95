//! Tokens that secrets engines make under Vault leases, for issuers.
//!
//! Vault ends a lease together with the Vault token under which it was made. Our
//! own login ends some time after this process does, so a lease is made either
//! under a token that is made for it alone, or its life is counted only to the
//! end of our login.

mod answers;

use std::sync::Arc;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use self::answers::{Granted, LOOK_UP_AT_MOST, Made, Times, token_in};
use super::client::{Call, VaultAnswer};
use super::endpoints::Plain;
use super::error::{VaultError, VaultErrorKind};
use super::leased::{LeaseAnswer, RENEW};
use super::path::check_segments;
use super::session::Session;
use crate::fault::{Fault, FaultClass, FaultKind};
use crate::ports::vault_lease::{Found, Leased, Parent, VaultLeases, Wish};
use crate::secret::SecretText;

/// The path at which a Vault lease is looked up, and below which they are listed.
const LOOK_UP: &str = "sys/leases/lookup";
/// The path at which a Vault lease is ended.
const REVOKE: &str = "sys/leases/revoke";
/// What a person checks when Vault makes no token for a lease.
const NO_PARENT: &str =
    "Vault makes no token: is there a token role of this name, and has it `allowed_policies`?";
/// What is asked for where the longest life is wished: Vault grants what it may.
const LONGEST: SignedDuration = SignedDuration::from_hours(10 * 365 * 24);
/// How much longer than its lease a token lives that is made for it.
const MARGIN: SignedDuration = SignedDuration::from_mins(1);

/// The engines of one Vault.
pub struct VaultEngines {
    session: Arc<Session>,
}

impl VaultEngines {
    /// Engines that are reached through this session.
    #[must_use]
    pub fn new(session: Arc<Session>) -> Self {
        Self { session }
    }

    /// The engine's answer, and how long what its lease was made under lives.
    async fn ask(&self, wish: &Wish<'_>) -> Result<(LeaseAnswer, Option<SignedDuration>), Fault> {
        let call = Call::changing("issue_leased", wish.path).of_engine();
        let request = match wish.body {
            Some(body) => Plain::post(wish.path, body.clone()),
            None => Plain::get(wish.path),
        };
        let (answer, life) = match wish.parent {
            Parent::Login => {
                let before = self.login_ends_at().await?;
                let asked_at = self.session.now();
                outlives(wish, before.map(|end| end.duration_since(asked_at)))?;
                let answer = self.session.call(&call, &request).await;
                // Another login may have been made meanwhile: the earlier end counts.
                let after = self.session.state().expires_at;
                let ends_at = before.into_iter().chain(after).min();
                (answer, ends_at.map(|end| end.duration_since(asked_at)))
            }
            Parent::TokenOf { role } => {
                let parent = self.parent(role, wish).await?;
                let answer = self.session.call_as(&parent.token, &call, &request).await;
                if answer.is_err() {
                    // A lease whose answer was lost ends with it.
                    self.end(&parent.token).await;
                }
                (answer, parent.life)
            }
        };
        let answer = answer.map_err(|error| not_made(wish.path, error))?;
        Ok((leased(&call, wish.path, answer)?, life))
    }

    async fn login_ends_at(&self) -> Result<Option<Timestamp>, Fault> {
        self.session.login().await?;
        Ok(self.session.state().expires_at)
    }

    /// Has a token made that nobody but one lease needs. Nobody keeps its value.
    async fn parent(&self, role: &str, wish: &Wish<'_>) -> Result<Made, Fault> {
        let path = format!("auth/token/create/{role}");
        check_segments(&path).map_err(|why| config(&path, &why))?;
        let life = wish.life.map_or(LONGEST, |life| life + MARGIN);
        // A lost answer leaves a token behind that nobody knows and that no lease
        // was made under: it ends by itself.
        let call = Call::new("make_parent", path.clone());
        let body = json!({
            "ttl": format!("{}s", life.as_secs()),
            "renewable": false,
            "meta": { "made_for": wish.label },
        });
        let request = Plain::post(path.clone(), body);
        let answer = self.session.call(&call, &request).await;
        let answer = answer.map_err(|error| match error.is_of_the_engine() {
            true => config(&path, NO_PARENT),
            false => error.into(),
        })?;
        let auth = answer.field::<Granted>("auth");
        let parent = auth.and_then(Granted::token).ok_or_else(|| {
            VaultError::new(&call, VaultErrorKind::Malformed("it has no token".into()))
        })?;
        if parent.is_orphan {
            return Ok(parent);
        }
        self.end(&parent.token).await;
        let why =
            "its tokens end with the login that made them: write `orphan=true` into the token role";
        Err(config(&path, why))
    }

    /// Revokes a token that was made for a lease; what is not revoked ends by
    /// itself.
    async fn end(&self, token: &SecretText) {
        let path = "auth/token/revoke-self";
        let call = Call::new("end_parent", path);
        let request = Plain::post(path, json!({}));
        if let Err(error) = self.session.call_as(token, &call, &request).await {
            tracing::debug!(%error, "a token that was made for a Vault lease ends by itself");
        }
    }

    /// How long the lease lasts, after it was renewed for the wished life. A
    /// renewal that fails costs life and no token.
    async fn renewed(&self, answer: &LeaseAnswer, wish: &Wish<'_>) -> SignedDuration {
        let granted = answer.duration();
        let wanted = wish.life.unwrap_or(LONGEST);
        if !answer.renewable || wanted == granted {
            return granted;
        }
        let call = Call::new("renew_lease", RENEW);
        let body = json!({ "lease_id": answer.lease_id, "increment": wanted.as_secs() });
        let renewed = self.session.call(&call, &Plain::post(RENEW, body)).await;
        match renewed.map(VaultAnswer::whole::<LeaseAnswer>) {
            Ok(Some(renewed)) => renewed.duration(),
            Ok(None) => granted,
            Err(error) => {
                tracing::warn!(path = wish.path, %error, "the Vault lease of a new token was not renewed: the token lives as long as it was made for");
                granted
            }
        }
    }
}

#[async_trait]
impl VaultLeases for VaultEngines {
    async fn make(&self, wish: &Wish<'_>) -> Result<Leased, Fault> {
        check_segments(wish.path).map_err(|why| config(wish.path, &why))?;
        let asked_at = self.session.now();
        let (answer, parent_life) = self.ask(wish).await?;
        let lasts = self.renewed(&answer, wish).await;
        let life = parent_life.map_or(lasts, |parent| lasts.min(parent));
        if wish.parent == Parent::Login {
            let ends_at = asked_at.saturating_add(lasts).unwrap_or(Timestamp::MAX);
            self.session.note_lease_end(ends_at);
        }
        Ok(Leased {
            value: token_in(&answer, wish.token_at),
            lease_id: answer.lease_id,
            life,
            ends_with_parent: life + MARGIN < lasts,
        })
    }

    async fn list(&self, path: &str) -> Result<Vec<Found>, Fault> {
        let folder = format!("{LOOK_UP}/{path}");
        check_segments(&folder).map_err(|why| config(path, &why))?;
        let call = Call::new("list_leases", folder.clone());
        let keys: Vec<String> = match self.session.call(&call, &Plain::list(folder)).await {
            Ok(answer) => answer.field::<Value>("data").and_then(keys_in),
            Err(error) if error.kind == VaultErrorKind::NotFound => Some(Vec::new()),
            Err(error) => return Err(error.into()),
        }
        .ok_or_else(|| {
            let text = "there is no list in it".to_owned();
            VaultError::new(&call, VaultErrorKind::Malformed(text))
        })?;
        let names = keys.iter().filter(|key| !key.ends_with('/'));
        let looks_up = keys.len() <= LOOK_UP_AT_MOST;
        let mut found = Vec::new();
        for lease_id in names.map(|name| format!("{path}/{name}")) {
            match looks_up {
                true => found.extend(self.look_up(&lease_id).await?),
                false => found.push(Found {
                    lease_id,
                    made_at: None,
                    ends_at: None,
                }),
            }
        }
        Ok(found)
    }

    async fn look_up(&self, lease_id: &str) -> Result<Option<Found>, Fault> {
        let call = Call::new("look_up_lease", LOOK_UP);
        let request = Plain::post(LOOK_UP, json!({ "lease_id": lease_id }));
        let answer = match self.session.call(&call, &request).await {
            Ok(answer) => answer,
            Err(error) if error.is_unknown_lease() => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let times: Times = answer.field("data").ok_or_else(|| {
            let text = "there is no `data` in it".to_owned();
            VaultError::new(&call, VaultErrorKind::Malformed(text))
        })?;
        Ok(Some(Found {
            lease_id: lease_id.to_owned(),
            made_at: times.issue_time,
            ends_at: times.expire_time,
        }))
    }

    async fn revoke(&self, lease_id: &str) -> Result<(), Fault> {
        let call = Call::new("revoke_lease", REVOKE).of_engine();
        // Without `sync`, Vault answers before the engine has done anything.
        let body = json!({ "lease_id": lease_id, "sync": true });
        let revoked = self.session.call(&call, &Plain::post(REVOKE, body)).await;
        match revoked {
            Err(error) if error.is_unknown_lease() => Ok(()),
            Err(error) if error.is_of_the_engine() => {
                let text = format!(
                    "Vault did not end the lease {lease_id}: its engine failed, often because the server behind it is away; Vault's log says why"
                );
                Err(Fault::new(FaultClass::NotApplied, FaultKind::Server, text))
            }
            revoked => revoked.map(drop).map_err(Fault::from),
        }
    }
}

/// Refuses to have a token made that our login would end long before its wished
/// life: it would replace one that lives longer. A login is renewed after two thirds
/// of its life, so one that lasts long enough has at least a third of it left.
fn outlives(wish: &Wish<'_>, login: Option<SignedDuration>) -> Result<(), Fault> {
    match (login, wish.life) {
        (Some(login), Some(life)) if login * 3 < life => {
            let why = "our login to Vault ends long before the token that it would make: write `parent = { token_role = … }` at the issuer, or give the daemon a login that lasts longer; `scim-rotator check --online` says how long it lasts";
            Err(config(wish.path, why))
        }
        _ => Ok(()),
    }
}

/// Why the engine made nothing, or may have made something.
fn not_made(path: &str, error: VaultError) -> Fault {
    if error.kind == VaultErrorKind::NotFound {
        return config(path, "there is nothing: is its role there?");
    }
    // Vault makes no lease when the engine fails, so nobody gets the token.
    if error.is_of_the_engine() {
        let text = format!(
            "the Vault engine at {path} made no token: {}; often the server behind it is away, or its role is wrong: Vault's log says why",
            error.kind
        );
        return Fault::new(FaultClass::NotApplied, FaultKind::Server, text);
    }
    error.into()
}

/// The answer, if it has a lease.
fn leased(call: &Call, path: &str, answer: VaultAnswer) -> Result<LeaseAnswer, Fault> {
    let answer: LeaseAnswer = answer.whole().ok_or_else(|| {
        let text = "it has not the form of an engine's answer".to_owned();
        VaultError::new(call, VaultErrorKind::Malformed(text))
    })?;
    if !answer.lease_id.is_empty() {
        return Ok(answer);
    }
    let text = format!(
        "the answer of Vault at {path} has no lease, so a token of it could be neither revoked nor found: choose a path whose engine makes leases (for `pki`, a role with `generate_lease=true`)"
    );
    Err(Fault::new(FaultClass::Ambiguous, FaultKind::Config, text).complete())
}

fn keys_in(data: Value) -> Option<Vec<String>> {
    let keys = data.get("keys")?.as_array()?.iter();
    Some(
        keys.filter_map(|key| Some(key.as_str()?.to_owned()))
            .collect(),
    )
}

fn config(path: &str, why: &str) -> Fault {
    let text = format!("the Vault engine at {path}: {why}");
    Fault::new(FaultClass::Rejected, FaultKind::Config, text)
}

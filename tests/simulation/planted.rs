//! What somebody who can write to the published path, and nothing else, puts
//! there; and what must not come of it.

use jiff::{SignedDuration, Timestamp};
use scim_rotator::ports::{PublishedToken, TokenHandle};
use scim_rotator::rotation::capability::Supply;
use scim_rotator::rotation::policy::AcceptSupplied;
use scim_rotator::rotation::record::{HeldToken, Origin};
use scim_rotator::secret::BearerToken;
use serde::{Deserialize, Serialize};

use crate::checks::Checked;
use crate::dice::Dice;
use crate::service_provider::CANARY;
use crate::tenant::Tenant;

/// What is planted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Planted {
    /// A token of another tenant, which works at the same URL, and which is said
    /// to live for ever.
    OtherTenant,
    /// Beside the token in use, the id of a token of somebody else.
    StrangersId,
    /// Beside the client secret in use, the id of another client.
    StrangersClient,
    /// Beside the token in use, an end in 170 years.
    FarEnd,
    /// A value that nobody accepts.
    Garbage,
}

impl Planted {
    pub(crate) fn any(dice: &mut Dice) -> Self {
        *dice.pick(&[
            Self::OtherTenant,
            Self::StrangersId,
            Self::StrangersClient,
            Self::FarEnd,
            Self::Garbage,
        ])
    }
}

const AGES: SignedDuration = SignedDuration::from_hours(24 * 365 * 170);

impl Tenant {
    /// Somebody writes to the published path. What stands there before the first
    /// look is adopted, and is no part of this.
    pub(crate) fn plant(&mut self, what: Planted, now: Timestamp) {
        let in_use = self.record.as_deref().is_some_and(|r| r.current.is_some());
        if !in_use {
            return;
        }
        let far = now.checked_add(AGES).ok();
        let victim = self.provider.live(now).find(|t| t.foreign);
        let victim = victim.map(|token| token.id.clone());
        let number = self.planted.len() + 1;
        let value = |word: &str| {
            let value = BearerToken::parse(format!("{CANARY}-{word}-{number}")).ok()?;
            Some(match self.profile.issuer.client_secrets {
                true => value.with_client_id("client-of-a-stranger"),
                false => value,
            })
        };
        let new = match what {
            Planted::OtherTenant => value("stranger"),
            Planted::Garbage => value("garbage"),
            Planted::StrangersId | Planted::StrangersClient | Planted::FarEnd => None,
        };
        let Some(mut secret) = new.clone().map(plain).or_else(|| self.published.clone()) else {
            return;
        };
        match what {
            Planted::OtherTenant => {
                self.provider.strangers.extend(new.clone());
                secret.expires_at = far;
                secret.token_id = victim;
            }
            Planted::StrangersId => secret.token_id = victim,
            Planted::StrangersClient if self.profile.issuer.client_secrets => {
                secret.value = secret.value.with_client_id("client-of-a-stranger");
            }
            Planted::StrangersClient => {}
            Planted::FarEnd => secret.expires_at = far,
            Planted::Garbage => {}
        }
        self.planted.extend(new);
        self.published = Some(secret);
        self.note_person_at_path();
    }

    pub(crate) fn is_planted(&self, value: &BearerToken) -> bool {
        self.planted.contains(value)
    }

    /// Whether the issuer makes the tokens, and nobody else may.
    fn takes_no_supplied(&self) -> bool {
        let profile = &self.profile;
        profile.issuer.can.supply == Supply::Issuer
            && profile.policy.accept_supplied == AcceptSupplied::OperatorOnly
    }

    /// A planted value never becomes the token in use of an issuer that makes
    /// its tokens itself, and no connection is given it.
    pub(crate) fn check_in_use(&self, current: &HeldToken) -> Checked {
        let taken = current.origin != Origin::Adopted && self.is_planted(&current.value);
        match taken && self.takes_no_supplied() {
            true => Err("planted: a planted value became the token in use".to_owned()),
            false => Ok(()),
        }
    }

    pub(crate) fn check_delivery(&self, value: &BearerToken) -> Checked {
        match self.is_planted(value) && self.takes_no_supplied() {
            true => Err("planted: a planted value is given to a connection".to_owned()),
            false => Ok(()),
        }
    }

    /// No revocation names an id that the issuer has not shown.
    pub(crate) fn check_shown(&self, handle: &TokenHandle) -> Checked {
        let Some(id) = &handle.id else {
            return Ok(());
        };
        match self.shown.contains(id.as_str()) {
            true => Ok(()),
            false => Err(format!(
                "planted: a revocation names {}, which the issuer has not shown",
                id.as_str()
            )),
        }
    }
}

fn plain(value: BearerToken) -> PublishedToken {
    PublishedToken {
        value,
        token_id: None,
        issued_at: None,
        expires_at: None,
        generation: None,
        unreadable: None,
    }
}

//! Whose the credentials are that an issuer lists, and the connections that an identity
//! provider lists. Nothing follows from it: it is shown to people, and nothing is changed
//! for it.

mod provisioned;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

pub use self::provisioned::{Configured, Known, ListedAs, ListedConnection, Provisioned, known};
use super::outcome::{ListedToken, Listing};
use super::record::{HeldToken, Origin, Record};
use crate::secret::BearerToken;
use crate::secret::shown_parts::Fit;

/// Whose a credential is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whose {
    /// The token in use, which we had issued.
    Current,
    /// The token in use, which a person brought.
    Adopted,
    /// The new token of a rotation in flight.
    Pending,
    /// A superseded token that is not retired yet.
    Retiring,
    /// A token of ours whose value was lost; it will be revoked.
    Orphan,
    /// The throw-away token of a rehearsal; it will be revoked.
    Throwaway,
    /// Nobody's here: no configured token accounts for it.
    Foreign,
}

impl Whose {
    /// The word for tables and programs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Adopted => "adopted",
            Self::Pending => "pending",
            Self::Retiring => "retiring",
            Self::Orphan => "orphan",
            Self::Throwaway => "throwaway",
            Self::Foreign => "foreign",
        }
    }

    /// Whether a configured token accounts for it.
    #[must_use]
    pub fn is_managed(self) -> bool {
        self != Self::Foreign
    }
}

/// What a record says of one credential.
#[derive(Debug, Clone)]
pub struct Claim {
    /// Name of the token in the configuration.
    pub token: String,
    /// What it is there.
    pub whose: Whose,
    /// Its id at the issuer, if it is known.
    pub id: Option<String>,
    /// The label under which it was requested, if its id is not known yet.
    pub label: Option<String>,
    /// Its value, of which a list may show the beginning or the end.
    pub value: Option<BearerToken>,
}

/// Everything that a record says of credentials at this issuer.
#[must_use]
pub fn claims(record: &Record, issuer: &str) -> Vec<Claim> {
    let here = |name: Option<&str>| name.is_none_or(|name| name == issuer);
    let of = |whose, token: &HeldToken| Claim {
        token: record.token.clone(),
        whose,
        id: token.id.as_ref().map(|id| id.text()),
        label: None,
        // Only where it is compared.
        value: token.id.is_none().then(|| token.value.clone()),
    };
    let current = record.current.iter().map(|token| {
        let whose = match token.origin {
            Origin::Issued => Whose::Current,
            Origin::Adopted | Origin::Operator => Whose::Adopted,
        };
        (whose, token)
    });
    let rotation = record.rotation.as_ref();
    let pending = rotation.and_then(|r| r.pending.as_ref());
    let retiring = record.retiring.iter().map(|old| &old.token);
    let rehearsal = record.rehearsal.as_deref();
    let throwaway = rehearsal.and_then(|r| r.issued.as_ref());
    let held = current
        .chain(pending.map(|token| (Whose::Pending, token)))
        .chain(retiring.map(|token| (Whose::Retiring, token)))
        .chain(throwaway.map(|token| (Whose::Throwaway, token)))
        .filter(|(_, token)| here(token.issuer.as_deref()))
        .map(|(whose, token)| of(whose, token));
    let by_id = |whose, id: Option<String>, label: Option<&str>| Claim {
        token: record.token.clone(),
        whose,
        id,
        label: label.map(str::to_owned),
        value: None,
    };
    let orphans = record.orphans.iter().filter(|o| here(o.issuer.as_deref()));
    let orphans = orphans.map(|orphan| by_id(Whose::Orphan, Some(orphan.id.text()), None));
    let intent = rotation.and_then(|r| r.intent.as_ref());
    let asked = intent
        .map(|intent| (Whose::Pending, intent))
        .into_iter()
        .chain(rehearsal.map(|r| (Whose::Throwaway, &r.intent)))
        .chain(
            record
                .issues_after_lease_loss
                .iter()
                .map(|i| (Whose::Orphan, i)),
        )
        .filter(|(_, intent)| here(intent.issuer.as_deref()))
        .map(|(whose, intent)| by_id(whose, None, Some(&intent.label)));
    held.chain(orphans).chain(asked).collect()
}

/// One credential at an issuer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its id.
    pub id: String,
    /// Its label, description or name.
    pub label: Option<String>,
    /// Whose it is.
    pub whose: Whose,
    /// The configured token that accounts for it.
    pub token: Option<String>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// When it expires.
    pub expires_at: Option<Timestamp>,
    /// When it was last used.
    pub last_used_at: Option<Timestamp>,
}

impl Item {
    /// For how long nobody has used it; `None` where the issuer does not tell. What was
    /// never used is unused since it was made.
    #[must_use]
    pub fn unused_for(&self, issuer_tells: bool, now: Timestamp) -> Option<SignedDuration> {
        let never = self.created_at.filter(|_| issuer_tells);
        let since = self.last_used_at.or(never)?;
        Some(now.duration_since(since))
    }
}

/// Each listed credential with whose it is.
#[must_use]
pub fn classify(listing: &Listing, claims: &[Claim]) -> Vec<Item> {
    let by_id: BTreeMap<&str, &Claim> = claims
        .iter()
        .filter_map(|claim| Some((claim.id.as_deref()?, claim)))
        .collect();
    let open: Vec<&Claim> = claims.iter().filter(|claim| claim.id.is_none()).collect();
    let tokens = listing.tokens.iter();
    tokens
        .map(|listed| {
            let known = by_id.get(listed.id.as_str()).copied();
            let claim = known.or_else(|| only_fit(&open, listed));
            Item {
                id: listed.id.clone(),
                label: listed.label.clone(),
                whose: claim.map_or(Whose::Foreign, |claim| claim.whose),
                token: claim.map(|claim| claim.token.clone()),
                created_at: listed.created_at,
                expires_at: listed.expires_at,
                last_used_at: listed.last_used_at,
            }
        })
        .collect()
}

/// The claim whose label the credential has, or whose value fits what the list shows.
fn only_fit<'c>(open: &[&'c Claim], listed: &ListedToken) -> Option<&'c Claim> {
    let fits = |claim: &Claim| {
        let by_label = claim.label.is_some() && claim.label == listed.label;
        let value = claim.value.as_ref();
        by_label || value.is_some_and(|value| listed.shown.fit(value) == Fit::Fits)
    };
    open.iter().copied().find(|claim| fits(claim))
}

/// How much of what was seen is managed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Coverage {
    /// What a configured token or connection accounts for.
    pub managed: usize,
    /// Everything.
    pub seen: usize,
}

impl Coverage {
    /// Counts one.
    pub fn count(&mut self, is_managed: bool) {
        self.seen += 1;
        self.managed += usize::from(is_managed);
    }

    /// Both together.
    pub fn add(&mut self, other: Self) {
        self.seen += other.seen;
        self.managed += other.managed;
    }

    /// What nobody here manages.
    #[must_use]
    pub fn unmanaged(self) -> usize {
        self.seen - self.managed
    }

    /// The share that is managed; 1 if there is nothing.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "no fleet has so many")]
    pub fn ratio(self) -> f64 {
        match self.seen {
            0 => 1.0,
            seen => self.managed as f64 / seen as f64,
        }
    }
}

//! The issuer's side of the model: what its capabilities say, and nothing else.

use jiff::Timestamp;
use scim_rotator::fault::{Fault, FaultClass, FaultKind};
use scim_rotator::rotation::capability::{
    ExpirySource, IssueEffect, LiveTokens, Overlap, Recovery, Supply,
};
use scim_rotator::rotation::decision::Step;
use scim_rotator::rotation::outcome::{IssuedToken, ListedToken, Listing, Outcome, Preparation};
use scim_rotator::rotation::record::{ExpiryKnown, Trigger};
use scim_rotator::secret::BearerToken;
use scim_rotator::secret::shown_parts::ShownParts;

use super::World;
use crate::scene::{hours, value};

/// A token as the service provider knows it.
#[derive(Debug, Clone)]
pub(crate) struct SpToken {
    pub(crate) id: String,
    pub(crate) value: BearerToken,
    pub(crate) label: String,
    pub(crate) created_at: Timestamp,
    pub(crate) dies_at: Timestamp,
    /// The next token of a two-phase issuer.
    pub(crate) next: bool,
}

impl World {
    pub(crate) fn live(&self) -> impl Iterator<Item = &SpToken> {
        let now = self.scene.now;
        self.tokens.iter().filter(move |token| token.dies_at > now)
    }

    pub(crate) fn accepts(&self, value: &BearerToken) -> bool {
        let waits = self.scene.issuer.overlap == (Overlap::TwoPhase { next_usable: false });
        self.live()
            .any(|token| token.value == *value && !(waits && token.next))
    }

    pub(crate) fn end(&mut self, which: impl Fn(&SpToken) -> bool) {
        let now = self.scene.now;
        let ended = self
            .tokens
            .iter_mut()
            .filter(|t| which(t) && t.dies_at > now);
        ended.for_each(|token| token.dies_at = now);
    }

    pub(super) fn prepare(&self, trigger: Trigger) -> Outcome {
        let number = self.story.len();
        let attempt = self
            .record()
            .rotation
            .as_ref()
            .map_or(1, |r| r.attempts + 1);
        let chosen = self.scene.issuer.recovery == Recovery::ClientChosen;
        let by_issuer = self.scene.issuer.supply == Supply::Issuer;
        Outcome::Prepared(Preparation {
            trigger,
            rotation_id: format!("r{number}"),
            label: format!("crm-{number}-{attempt}"),
            listing: by_issuer.then(|| self.listing()),
            chosen: chosen.then(|| value(&format!("chosen-{number}"))),
            lookup: None,
        })
    }

    pub(super) fn recover(&self) -> Outcome {
        Outcome::Recovered {
            listing: self.listing(),
            next_label: format!("crm-{}-again", self.story.len()),
        }
    }

    /// What an issuer of this kind shows.
    fn listing(&self) -> Listing {
        let recovery = self.scene.issuer.recovery;
        let lists = match recovery {
            Recovery::ClientNamed | Recovery::ByLabel | Recovery::BySetDifference => true,
            Recovery::ClientChosen | Recovery::Replay | Recovery::ByStatus | Recovery::None => {
                self.scene.issuer.live_tokens == LiveTokens::Two
            }
        };
        let shown = |token: &SpToken| ListedToken {
            id: token.id.clone(),
            label: (recovery == Recovery::ByLabel).then(|| token.label.clone()),
            created_at: Some(token.created_at),
            expires_at: None,
            shown: ShownParts::default(),
            last_used_at: None,
            last_used_by: None,
            scopes: None,
        };
        Listing {
            tokens: self.live().filter(|_| lists).map(shown).collect(),
            etag: (recovery == Recovery::ByStatus).then(|| format!("v{}", self.revision)),
        }
    }

    pub(super) fn issue(&mut self) -> Outcome {
        let rotation = self.record().rotation.as_ref().expect("a rotation");
        let intent = rotation.intent.clone().expect("an intent before the issue");
        let two_phase = matches!(self.scene.issuer.overlap, Overlap::TwoPhase { .. });
        if two_phase && rotation.attempts > 1 {
            self.end(|token| token.next);
        }
        if let Some(refusal) = self.refuses_to_issue(intent.etag.as_deref()) {
            return refusal;
        }
        let repeated = match self.scene.issuer.recovery {
            Recovery::Replay => self.tokens.iter().find(|t| t.label == intent.label),
            Recovery::ClientChosen => self
                .live()
                .find(|t| Some(&t.value) == intent.chosen.as_ref()),
            Recovery::ClientNamed
            | Recovery::ByLabel
            | Recovery::BySetDifference
            | Recovery::ByStatus
            | Recovery::None => None,
        };
        let token = match repeated {
            Some(token) => token.clone(),
            None => self.make(&intent.label, intent.chosen, two_phase),
        };
        Outcome::Issued(self.answer(&token))
    }

    fn refuses_to_issue(&self, etag: Option<&str>) -> Option<Outcome> {
        let refused = |class, text: &str| Outcome::Failed {
            step: Step::Issue,
            fault: Fault::new(class, FaultKind::Refused, text),
        };
        // One that ends a token with each issue makes room by itself.
        let full = self.scene.issuer.live_tokens == LiveTokens::Two
            && self.scene.issuer.issue_effect == IssueEffect::Keeps
            && self.live().count() >= 2;
        let stale = self.scene.issuer.recovery == Recovery::ByStatus
            && etag.is_some_and(|etag| etag != format!("v{}", self.revision));
        if self.caller_is_token && !self.accepts(self.current()) {
            Some(refused(FaultClass::Unauthorized, "the caller is not known"))
        } else if full {
            Some(refused(FaultClass::Rejected, "two tokens are alive"))
        } else if stale {
            Some(refused(FaultClass::Conflict, "somebody was here before"))
        } else {
            None
        }
    }

    fn make(&mut self, label: &str, chosen: Option<BearerToken>, next: bool) -> SpToken {
        let number = self.tokens.len();
        self.revision += 1;
        let now = self.scene.now;
        match self.scene.issuer.issue_effect {
            IssueEffect::Keeps => {}
            IssueEffect::Kills => self.end(|_| true),
            IssueEffect::SchedulesDeath => self.schedule_death(now + hours(6)),
        }
        let named = self.scene.issuer.recovery == Recovery::ClientNamed;
        let token = SpToken {
            id: if named {
                label.to_owned()
            } else {
                format!("id-{number}")
            },
            value: chosen.unwrap_or_else(|| value(&format!("issued-{number}"))),
            label: label.to_owned(),
            created_at: now,
            dies_at: now + self.life,
            next,
        };
        self.tokens.push(token.clone());
        token
    }

    /// The newest lives on for a while; there is room for one predecessor.
    fn schedule_death(&mut self, at: Timestamp) {
        let newest = self.live().last().map(|token| token.id.clone());
        self.end(|token| Some(&token.id) != newest.as_ref());
        let survivor = self
            .tokens
            .iter_mut()
            .rev()
            .find(|t| Some(&t.id) == newest.as_ref());
        if let Some(token) = survivor {
            token.dies_at = token.dies_at.min(at);
        }
    }

    fn answer(&self, token: &SpToken) -> IssuedToken {
        let told = self.scene.issuer.expiry != ExpirySource::None;
        let current = self.tokens.iter().find(|t| t.value == *self.current());
        let scheduled = self.scene.issuer.issue_effect == IssueEffect::SchedulesDeath;
        IssuedToken {
            value: token.value.clone(),
            id: Some(token.id.clone()),
            expires_at: told.then_some(token.dies_at),
            expiry: if told {
                ExpiryKnown::Api
            } else {
                ExpiryKnown::Unknown
            },
            old_dies_at: current.filter(|_| scheduled).map(|t| t.dies_at),
            scopes: None,
            asked_life: None,
        }
    }

    pub(super) fn complete(&mut self) -> Outcome {
        if self.live().any(|token| token.next) {
            self.end(|token| !token.next);
            self.tokens.iter_mut().for_each(|token| token.next = false);
        }
        Outcome::Completed
    }

    pub(super) fn discard(&mut self) -> Outcome {
        let pending = self.pending().clone();
        match self.scene.issuer.overlap {
            Overlap::TwoPhase { .. } => self.end(|token| token.next),
            Overlap::ExplicitRetire | Overlap::IssuerTimed { .. } | Overlap::None => {
                if self.scene.issuer.revokes_single_tokens() {
                    self.end(|token| token.value == pending);
                }
            }
        }
        Outcome::Discarded
    }

    pub(super) fn revoke_orphan(&mut self, id: &str) -> Outcome {
        self.end(|token| token.id == id);
        Outcome::OrphanRevoked { id: id.to_owned() }
    }
}

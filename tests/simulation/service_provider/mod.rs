//! The service provider of one token: what lives there, by the rules that its
//! issuer's capabilities state.

mod listing;
mod quirks;

use jiff::{SignedDuration, Timestamp};
use scim_rotator::fault::{Fault, FaultClass, FaultKind};
use scim_rotator::ports::IssueRequest;
use scim_rotator::rotation::capability::{
    ExpirySource, IssueEffect, LiveTokens, Overlap, Recovery,
};
use scim_rotator::rotation::issuer_id::IssuerId;
use scim_rotator::rotation::outcome::{IssuedToken, ListedToken};
use scim_rotator::rotation::record::ExpiryKnown;
use scim_rotator::secret::{BearerToken, Fingerprint};

pub(crate) use quirks::{Dead, Quirks};

use crate::profile::IssuerRules;
use crate::request::Failure;

/// Part of every token value, so that a leak is found by searching.
pub(crate) const CANARY: &str = "canary-value";

#[derive(Debug, Clone)]
pub(crate) struct ServiceProvider {
    pub(crate) rules: IssuerRules,
    pub(crate) tokens: Vec<SpToken>,
    serial: u64,
    /// Grows with each issue: the version that `by_status` compares.
    revision: u64,
    /// The next token that is made will not work.
    pub(crate) next_is_useless: bool,
    pub(crate) quirks: Quirks,
    /// Tokens of another tenant, which are accepted at the same URL.
    pub(crate) strangers: Vec<BearerToken>,
}

/// A token that the service provider has made.
#[derive(Debug, Clone)]
pub(crate) struct SpToken {
    pub(crate) id: String,
    pub(crate) value: BearerToken,
    pub(crate) fingerprint: Fingerprint,
    label: String,
    created_at: Timestamp,
    /// It is refused for this time at first.
    works_after: SignedDuration,
    /// The end of its life, by its expiry, a schedule or a revocation.
    pub(crate) dies_at: Timestamp,
    /// When it was to end from the beginning.
    expires_at: Timestamp,
    /// Of a two-phase issuer, and not completed.
    next: bool,
    /// Ended by the issue or the completion of another one.
    replaced: bool,
    /// Made by somebody else.
    pub(crate) foreign: bool,
    /// Made by a person, who looks after it where it cannot be used.
    pub(crate) by_hand: bool,
    /// Made for a process that had lost its lease.
    pub(crate) stale: bool,
    /// Made, listed, and refused.
    useless: bool,
    /// Caches accept it until then although it was revoked.
    cached_until: Option<Timestamp>,
    last_used_at: Option<Timestamp>,
}

impl SpToken {
    /// Its id, as a list of the issuer shows it.
    pub(crate) fn shown_id(&self) -> IssuerId {
        ListedToken::with_id(&self.id).issuer_id()
    }

    pub(crate) fn is_live(&self, now: Timestamp) -> bool {
        now < self.dies_at
    }
}

impl ServiceProvider {
    pub(crate) fn new(rules: IssuerRules) -> Self {
        Self {
            rules,
            tokens: Vec::new(),
            serial: 0,
            revision: 0,
            next_is_useless: false,
            quirks: Quirks::default(),
            strangers: Vec::new(),
        }
    }

    /// Whether a SCIM request with this token is answered.
    pub(crate) fn accepts(&self, value: &BearerToken, now: Timestamp) -> bool {
        let usable = |t: &SpToken| {
            let held_back =
                t.next && self.rules.can.overlap == (Overlap::TwoPhase { next_usable: false });
            let cached = t.cached_until.is_some_and(|until| now < until);
            let too_new = now.duration_since(t.created_at) < t.works_after;
            (t.is_live(now) || cached) && !held_back && !t.useless && !too_new
        };
        self.is_strangers(value) || self.tokens.iter().any(|t| t.value == *value && usable(t))
    }

    /// Whether this is the secret of one client with the id of another.
    pub(crate) fn is_mixed(&self, value: &BearerToken) -> bool {
        let of_same_secret = |t: &&SpToken| t.value.matches(value.expose());
        // A secret that we choose may be given to a second client after a lost reply.
        let owners = || self.tokens.iter().filter(of_same_secret);
        let is_whole = owners().any(|owner| owner.value.client() == value.client());
        owners().next().is_some() && !is_whole
    }

    /// Whether a token belongs to another tenant.
    pub(crate) fn is_strangers(&self, value: &BearerToken) -> bool {
        self.strangers.contains(value)
    }

    /// Whether a token is dead because its life is over, and for no other reason.
    pub(crate) fn has_expired(&self, value: &BearerToken, now: Timestamp) -> bool {
        let found = self.tokens.iter().find(|t| t.value == *value);
        found.is_some_and(|t| t.dies_at == t.expires_at && t.expires_at <= now)
    }

    pub(crate) fn live(&self, now: Timestamp) -> impl Iterator<Item = &SpToken> {
        self.tokens.iter().filter(move |t| t.is_live(now))
    }

    pub(crate) fn issue(
        &mut self,
        asked: &IssueRequest,
        stale: bool,
        now: Timestamp,
    ) -> Result<IssuedToken, Failure> {
        let before = self.issued_before(asked, now);
        if let Some(again) = before.or_else(|| self.answers_with_another(now)) {
            return Ok(self.answer(again, None));
        }
        if let Err(refusal) = self.may_issue(asked, now) {
            self.reused(asked, now);
            return Err(refusal);
        }
        let old_dies_at = self.take_effect_on_others(asked.overlap, now);
        let value = match &asked.chosen {
            Some(chosen) => chosen.clone(),
            None => self.new_value(),
        };
        let made = self.make(value, &asked.label, asked.lifetime, now);
        self.tokens[made].stale = stale;
        Ok(self.answer(made, old_dies_at))
    }

    /// A person makes a token in the service provider's own pages.
    pub(crate) fn issue_by_hand(&mut self, foreign: bool, now: Timestamp) -> SpToken {
        self.take_effect_on_others(SignedDuration::ZERO, now);
        let value = self.new_value();
        // Where ids are chosen, no two are the same.
        let name = format!("by-hand-{}", self.serial + 1);
        let made = self.make(value, &name, None, now);
        self.tokens[made].foreign = foreign;
        self.tokens[made].by_hand = true;
        self.tokens[made].clone()
    }

    /// Whether the same issue twice is one issue.
    pub(crate) fn knows_requests_again(&self) -> bool {
        matches!(
            self.rules.can.recovery,
            Recovery::ClientChosen | Recovery::Replay
        )
    }

    /// What a completion would end.
    pub(crate) fn ended_by_completion(&self, now: Timestamp) -> Vec<&SpToken> {
        if self.live(now).any(|t| t.next) {
            self.live(now).filter(|t| !t.next && !t.foreign).collect()
        } else {
            Vec::new()
        }
    }

    fn new_value(&self) -> BearerToken {
        let text = format!("{CANARY}-{:06}", self.serial + 1);
        BearerToken::parse(text).expect("a token")
    }

    /// The answer to a request that was carried out before, where the issuer
    /// knows requests again.
    fn issued_before(&self, asked: &IssueRequest, now: Timestamp) -> Option<usize> {
        let same = |t: &SpToken| match self.rules.can.recovery {
            Recovery::ClientChosen => {
                let chosen = asked.chosen.as_ref();
                chosen.is_some_and(|chosen| t.value.matches(chosen.expose()))
            }
            Recovery::Replay => t.label == asked.label,
            Recovery::ClientNamed
            | Recovery::ByLabel
            | Recovery::BySetDifference
            | Recovery::ByStatus
            | Recovery::None => false,
        };
        let remembered = |t: &SpToken| self.quirks.remembers(t.created_at, now);
        self.tokens
            .iter()
            .position(|t| t.is_live(now) && same(t) && remembered(t))
    }

    fn may_issue(&self, asked: &IssueRequest, now: Timestamp) -> Result<(), Failure> {
        let live = self.live(now).count();
        if self.quirks.most_live.is_some_and(|most| live >= most) {
            return Err(refused("no more tokens are permitted"));
        }
        if self.rules.can.live_tokens == LiveTokens::Two && live >= 2 {
            return Err(refused("both slots are taken"));
        }
        if self.rules.can.recovery == Recovery::ClientNamed
            && self.live(now).any(|t| t.id == asked.label)
        {
            return Err(refused("there is a token of that name"));
        }
        if self.live(now).any(|t| t.next) {
            return Err(refused("a next token is pending"));
        }
        if asked.etag.as_ref().is_some_and(|e| *e != self.etag()) {
            return Err(Failure::Fault(Fault::new(
                FaultClass::Conflict,
                FaultKind::Conflict,
                "somebody rotated since the status was read",
            )));
        }
        let caller = asked.current.as_ref().and_then(|c| c.value.as_ref());
        let bootstraps = live == 0 && !self.is_family_ended(now);
        if self.rules.caller_is_token
            && !bootstraps
            && !caller.is_some_and(|c| self.accepts(c, now))
        {
            return Err(refused("invalid_grant"));
        }
        Ok(())
    }

    /// What issuing does to the tokens that were there. Returns the death that
    /// was scheduled.
    fn take_effect_on_others(
        &mut self,
        overlap: SignedDuration,
        now: Timestamp,
    ) -> Option<Timestamp> {
        match (self.rules.can.issue_effect, self.rules.can.overlap) {
            (IssueEffect::Kills, _) => {
                self.kill(now, |_| true);
                None
            }
            (IssueEffect::SchedulesDeath, Overlap::IssuerTimed { max }) => {
                let newest = self.live(now).map(|t| t.created_at).max()?;
                // One predecessor has a place: an older one is dropped.
                self.kill(now, |t| t.created_at < newest);
                let dies_at = now.checked_add(overlap.min(max)).ok()?;
                for token in self.tokens.iter_mut().filter(|t| t.is_live(now)) {
                    token.dies_at = token.dies_at.min(dies_at);
                }
                Some(dies_at)
            }
            (IssueEffect::SchedulesDeath | IssueEffect::Keeps, _) => None,
        }
    }

    fn kill(&mut self, now: Timestamp, which: impl Fn(&SpToken) -> bool) {
        for token in &mut self.tokens {
            if token.is_live(now) && !token.foreign && which(token) {
                token.dies_at = now;
                token.replaced = true;
            }
        }
    }

    /// Whether a token was made that never works.
    pub(crate) fn is_useless(&self, value: &BearerToken) -> bool {
        self.tokens.iter().any(|t| t.value == *value && t.useless)
    }

    /// Whether a token is refused because it is new.
    pub(crate) fn is_too_new(&self, value: &BearerToken, now: Timestamp) -> bool {
        let too_new = |t: &SpToken| now.duration_since(t.created_at) < t.works_after;
        self.tokens.iter().any(|t| t.value == *value && too_new(t))
    }

    /// Whether a token is not accepted because the issuer keeps too few: another
    /// one has replaced it, or it is next and works only after the completion.
    pub(crate) fn is_between(&self, value: &BearerToken) -> bool {
        let mut tokens = self.tokens.iter();
        tokens.any(|t| t.value == *value && (t.replaced || t.next))
    }

    fn make(
        &mut self,
        value: BearerToken,
        label: &str,
        lifetime: Option<SignedDuration>,
        now: Timestamp,
    ) -> usize {
        self.serial += 1;
        self.revision += 1;
        let value = match self.rules.client_secrets {
            true => value.with_client_id(format!("client-{:06}", self.serial)),
            false => value,
        };
        let id = match self.rules.can.recovery {
            Recovery::ClientNamed => label.to_owned(),
            Recovery::ClientChosen
            | Recovery::Replay
            | Recovery::ByLabel
            | Recovery::BySetDifference
            | Recovery::ByStatus
            | Recovery::None => format!("id-{}", self.serial),
        };
        let life = self.quirks.granted(lifetime.unwrap_or(self.rules.life));
        let next = matches!(self.rules.can.overlap, Overlap::TwoPhase { .. })
            && self.live(now).next().is_some();
        self.tokens.push(SpToken {
            id,
            fingerprint: value.fingerprint(),
            value,
            label: label.to_owned(),
            created_at: now,
            dies_at: now.checked_add(life).unwrap_or(Timestamp::MAX),
            expires_at: now.checked_add(life).unwrap_or(Timestamp::MAX),
            next,
            replaced: false,
            foreign: false,
            by_hand: false,
            stale: false,
            useless: std::mem::take(&mut self.next_is_useless),
            works_after: self.quirks.works_after,
            cached_until: None,
            last_used_at: None,
        });
        self.tokens.len() - 1
    }

    fn answer(&self, index: usize, old_dies_at: Option<Timestamp>) -> IssuedToken {
        let token = &self.tokens[index];
        let told = match self.rules.can.expiry {
            ExpirySource::Requested | ExpirySource::Reported | ExpirySource::Jwt => true,
            ExpirySource::Declared | ExpirySource::None => false,
        };
        IssuedToken {
            value: token.value.clone(),
            id: self.rules.has_ids.then(|| token.id.clone()),
            expires_at: told.then_some(token.dies_at),
            expiry: if told {
                ExpiryKnown::Api
            } else {
                ExpiryKnown::Unknown
            },
            old_dies_at,
            scopes: None,
            asked_life: None,
        }
    }
}

fn refused(why: &str) -> Failure {
    Failure::Fault(Fault::new(FaultClass::Rejected, FaultKind::Refused, why))
}

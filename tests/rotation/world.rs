//! A small model of everything around the core: a service provider that accepts
//! exactly the live tokens, an issuer, connections that hold what was last
//! written, and a published copy. No ports, no threads: `plan` decides, this
//! performs, `apply` folds back. The simulation does the same with the driver.

mod issuer;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use scim_rotator::fault::{Fault, FaultClass, FaultKind};
use scim_rotator::rotation::apply::{apply, intend};
use scim_rotator::rotation::capability::{IssueEffect, LiveTokens, Overlap};
use scim_rotator::rotation::decision::{Action, Step};
use scim_rotator::rotation::invariant;
use scim_rotator::rotation::outcome::{Confirmation, Outcome, Supplied};
use scim_rotator::rotation::record::{ExpiryKnown, Record, Stage, StatedEnd};
use scim_rotator::rotation::situation::Published;
use scim_rotator::scim::evidence::{FindingReason, Verdict};
use scim_rotator::secret::BearerToken;

use crate::scene::{ME, Scene, evidence_of, finding, healthy, mins, refusal_of, secs, value};
pub(crate) use issuer::SpToken;

/// What befalls one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The call never arrives, and we are told so.
    Refused,
    /// It is carried out, and its answer is lost.
    ReplyLost,
    /// We die just before it.
    CrashBefore,
    /// It is carried out, and we die before anything is stored.
    CrashAfter,
}

impl Trouble {
    pub(crate) const ALL: [Self; 4] = [
        Self::Refused,
        Self::ReplyLost,
        Self::CrashBefore,
        Self::CrashAfter,
    ];
}

#[derive(Debug, Clone)]
pub(crate) struct World {
    /// What the core is told; its record is the stored one.
    pub(crate) scene: Scene,
    /// Tokens that the service provider has made, in their order.
    pub(crate) tokens: Vec<SpToken>,
    /// What each connection holds.
    pub(crate) held: BTreeMap<String, BearerToken>,
    /// What stands at the published path.
    pub(crate) published: BearerToken,
    /// Version of the issuer's state, for those that tell it.
    pub(crate) revision: u32,
    /// How long a new token lives.
    pub(crate) life: SignedDuration,
    /// The issue is authorised by the token in use itself.
    pub(crate) caller_is_token: bool,
    /// Steps that were done, with probes left out.
    pub(crate) story: Vec<String>,
    /// The step with this number (probes left out) is troubled.
    pub(crate) trouble: Option<(usize, Trouble)>,
}

/// Token `a` is live, held, published and due.
pub(crate) fn world(scene: Scene, life: SignedDuration) -> World {
    let issued_at = scene.record.current.as_ref().map(|t| t.issued_at);
    let dies_at = scene.record.current.as_ref().and_then(|t| t.expires_at);
    let first = SpToken {
        id: "id-a".to_owned(),
        value: value("a"),
        label: String::new(),
        created_at: issued_at.expect("a current token"),
        dies_at: dies_at.unwrap_or(Timestamp::MAX),
        next: false,
    };
    let names = scene.connections.iter().map(|(name, _)| name.clone());
    World {
        held: names.map(|name| (name, value("a"))).collect(),
        scene,
        tokens: vec![first],
        published: value("a"),
        revision: 1,
        life,
        caller_is_token: false,
        story: Vec::new(),
        trouble: None,
    }
}

/// A healthy scene whose token is due for renewal.
pub(crate) fn due(life: SignedDuration) -> Scene {
    let issued = SignedDuration::try_from_secs_f64(life.as_secs_f64() * 0.7).expect("a duration");
    healthy().current(|token| {
        token.issued_at = crate::scene::ago(issued);
        token.expires_at = Some(crate::scene::ago(issued) + life);
    })
}

/// More steps than any honest rotation takes.
const TOO_MANY: usize = 2_000;

impl World {
    /// Decides and acts until this much time has passed.
    pub(crate) fn run(&mut self, duration: SignedDuration) {
        let end = self.scene.now + duration;
        for _ in 0..TOO_MANY {
            self.scene.published = Published::Token(self.published.fingerprint());
            let decision = self.scene.plan();
            match decision.action {
                Action::Wait if decision.wake_at >= end => {
                    self.scene.now = end;
                    return;
                }
                Action::Wait => {
                    assert!(decision.wake_at > self.scene.now, "I8: {decision:?}");
                    self.scene.now = decision.wake_at;
                }
                Action::Do(step) => self.act(&step),
            }
        }
        panic!("a busy loop: {:?}", self.story);
    }

    fn act(&mut self, step: &Step) {
        if step.needs_lease() {
            let record = &self.scene.record;
            self.scene.record = intend(record, step, ME, mins(2), self.scene.now);
        }
        let trouble = self.note(step);
        self.scene.now += secs(1);
        if trouble == Some(Trouble::CrashBefore) {
            self.scene.intent_is_fresh = false;
            self.scene.knows_deliveries = false;
            return;
        }
        let outcome = match trouble {
            Some(Trouble::Refused) => failed(step, FaultClass::NotApplied),
            Some(Trouble::ReplyLost) => {
                let _applied = self.perform(step);
                failed(step, FaultClass::Ambiguous)
            }
            None | Some(Trouble::CrashBefore | Trouble::CrashAfter) => self.perform(step),
        };
        self.check();
        if trouble == Some(Trouble::CrashAfter) {
            self.scene.intent_is_fresh = false;
            self.scene.knows_deliveries = false;
            return;
        }
        self.fold(outcome);
        self.check();
    }

    fn note(&mut self, step: &Step) -> Option<Trouble> {
        if *step == Step::Verify {
            return None;
        }
        let number = self.story.len();
        let told = match step.connection() {
            Some(connection) => format!("{} {connection}", step.as_str()),
            None => step.as_str().to_owned(),
        };
        self.story.push(told);
        let (at, trouble) = self.trouble?;
        (at == number).then_some(trouble)
    }

    fn fold(&mut self, outcome: Outcome) {
        let prepared = matches!(outcome, Outcome::Prepared(_) | Outcome::Recovered { .. });
        let issued = matches!(
            outcome,
            Outcome::Issued(_)
                | Outcome::Failed {
                    step: Step::Issue,
                    ..
                }
        );
        self.scene.knows_deliveries |= matches!(outcome, Outcome::Issued(_));
        let generation = self.scene.record.generation;
        let situation = self.scene.situation();
        let after = apply(&self.scene.record, outcome, &situation, self.scene.now);
        self.scene.record = after.expect("what was planned may follow");
        invariant::check(&self.scene.record).expect("I9");
        let grown = self.scene.record.generation - generation;
        assert!(grown <= 1, "I7");
        self.scene.intent_is_fresh = prepared || (self.scene.intent_is_fresh && !issued);
    }

    fn perform(&mut self, step: &Step) -> Outcome {
        match step {
            Step::Prepare { trigger } => self.prepare(*trigger),
            Step::Issue => self.issue(),
            Step::Recover => self.recover(),
            Step::Adopt => Outcome::Adopted {
                supplied: self.found(),
                lookup: None,
            },
            Step::TakeSupplied => Outcome::Supplied {
                rotation_id: format!("r{}", self.story.len()),
                supplied: self.found(),
            },
            Step::Prove => Outcome::Proved(self.probe(&self.pending().clone())),
            Step::Verify => Outcome::Verified(self.probe(&self.current().clone())),
            Step::Deliver { connection } => {
                self.held.insert(connection.clone(), self.pending().clone());
                Outcome::Delivered {
                    connection: connection.clone(),
                }
            }
            Step::Revert { connection } => {
                self.held.insert(connection.clone(), self.current().clone());
                Outcome::Reverted {
                    connection: connection.clone(),
                }
            }
            Step::Confirm { connection } => Outcome::Confirmed {
                connection: connection.clone(),
                confirmation: self.confirmation(connection),
            },
            Step::Publish => {
                self.published = self.current().clone();
                Outcome::Published
            }
            Step::Complete => self.complete(),
            Step::Discard => self.discard(),
            Step::CheckUse { fingerprint } => Outcome::UseSeen {
                fingerprint: *fingerprint,
                last_used_at: None,
                last_used_by: None,
            },
            Step::Retire { fingerprint } => self.retire(fingerprint),
            Step::RevokeOrphan { id } => self.revoke_orphan(id),
            Step::EndRehearsal => panic!("nobody rehearses here"),
            Step::RevokeUnrecorded { .. } => panic!("one process commits all that it does"),
        }
    }

    pub(crate) fn record(&self) -> &Record {
        &self.scene.record
    }

    pub(crate) fn current(&self) -> &BearerToken {
        &self
            .record()
            .current
            .as_ref()
            .expect("a current token")
            .value
    }

    fn pending(&self) -> &BearerToken {
        let rotation = self.record().rotation.as_ref();
        let pending = rotation.and_then(|r| r.pending.as_ref());
        &pending.expect("a pending token").value
    }

    fn found(&self) -> Supplied {
        Supplied {
            value: self.published.clone(),
            stated_id: None,
            issued_at: None,
            expires_at: None,
            expiry: ExpiryKnown::Unknown,
            stated_end: StatedEnd::Absent,
            unreadable: None,
            by: None,
        }
    }

    fn probe(&self, token: &BearerToken) -> Verdict<scim_rotator::scim::evidence::Evidence> {
        match self.accepts(token) {
            true => Verdict::Pass(evidence_of(&token.fingerprint(), self.scene.now, "refused")),
            false => Verdict::Fail(finding(FindingReason::Rejected)),
        }
    }

    fn confirmation(&self, connection: &str) -> Confirmation {
        match self.accepts(&self.held[connection]) {
            true => Confirmation::Works,
            false => Confirmation::Refused {
                detail: "401".to_owned(),
            },
        }
    }

    fn retire(&mut self, fingerprint: &scim_rotator::secret::Fingerprint) -> Outcome {
        let issuer = self.scene.issuer;
        if issuer.overlap == (Overlap::TwoPhase { next_usable: true }) {
            let _done = self.complete();
        } else if issuer.ends_old_tokens_for_us() {
            self.end(|token| token.value.fingerprint() == *fingerprint);
        }
        let old = self
            .tokens
            .iter()
            .find(|t| t.value.fingerprint() == *fingerprint);
        let dead = old.is_none_or(|token| !self.accepts(&token.value));
        let refusal = match dead {
            true => Verdict::Pass(refusal_of(fingerprint, self.scene.now)),
            false => Verdict::Fail(finding(FindingReason::StillAccepted)),
        };
        Outcome::Retired {
            fingerprint: *fingerprint,
            refusal,
        }
    }

    /// I1 and I3, after every effect.
    fn check(&self) {
        if !self.is_cutting_over() {
            for (connection, held) in &self.held {
                assert!(
                    self.accepts(held),
                    "I1: {connection} is refused: {:?}",
                    self.story
                );
            }
        }
        let cap = match self.scene.issuer.live_tokens {
            LiveTokens::One => 1,
            LiveTokens::Two => 2,
            LiveTokens::Many => usize::MAX,
        };
        assert!(self.live().count() <= cap, "I3: {:?}", self.story);
    }

    /// Whether the configuration declared that provisioning is cut off now.
    fn is_cutting_over(&self) -> bool {
        let Some(rotation) = self.record().rotation.as_ref() else {
            return false;
        };
        let begun = match rotation.stage {
            Stage::Issuing => rotation.attempts > 0,
            Stage::Proving
            | Stage::Delivering
            | Stage::Completing
            | Stage::Confirming
            | Stage::Reverting
            | Stage::Discarding
            | Stage::HandedOver
            | Stage::WaitingOperator => true,
        };
        let issuer = &self.scene.issuer;
        let cuts = match issuer.issue_effect {
            IssueEffect::Kills => true,
            // A lost token takes the one place for a predecessor.
            IssueEffect::SchedulesDeath => rotation.attempts > 1,
            IssueEffect::Keeps => issuer.overlap == (Overlap::TwoPhase { next_usable: false }),
        };
        begun && cuts
    }
}

fn failed(step: &Step, class: FaultClass) -> Outcome {
    Outcome::Failed {
        step: step.clone(),
        fault: Fault::new(class, FaultKind::Network, "the line was cut"),
    }
}

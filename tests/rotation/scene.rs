//! A small builder for what `plan` and `apply` look at: a healthy token with
//! two connections, and words that change one thing each.

mod given;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use scim_rotator::fault::{FaultClass, FaultKind};
use scim_rotator::rotation::apply::{IllegalOutcome, apply};
use scim_rotator::rotation::capability::{
    ConnectionCapabilities, IssuerCapabilities, Supply, Writer,
};
use scim_rotator::rotation::decision::Decision;
use scim_rotator::rotation::outcome::Outcome;
use scim_rotator::rotation::plan::plan;
use scim_rotator::rotation::policy::{AcceptSupplied, Policy};
use scim_rotator::rotation::record::{
    ConnectionHolds, DeliveryState, Failures, Halt, HaltCause, HeldToken, Intent, LastFailure,
    LastProbe, Lease, Orphan, Record, Rehearsal, Request, Retiring, Rotation, Stage, StatedEnd,
    Trigger,
};
use scim_rotator::rotation::schedule::Windows;
use scim_rotator::rotation::situation::{OurClock, Published, Situation};
use scim_rotator::rotation::uncommitted::UnrecordedToken;
use scim_rotator::scim::evidence::FindingReason;
use scim_rotator::scim::evidence::Passed;

use crate::apply_table::issued;

pub(crate) use given::{
    ME, ago, ahead, common_issuer, days, delivery, evidence, evidence_of, finding, held, hours,
    intent, mins, now, plain_connection, policy, print, refusal_of, secs, shown_id, value,
    weak_evidence,
};

/// Everything that `plan` and `apply` look at.
#[derive(Debug, Clone)]
pub(crate) struct Scene {
    pub(crate) record: Record,
    pub(crate) policy: Policy,
    pub(crate) issuer: IssuerCapabilities,
    pub(crate) issuer_name: String,
    pub(crate) issuer_settings: String,
    pub(crate) connections: Vec<(String, ConnectionCapabilities)>,
    pub(crate) published: Published,
    pub(crate) stated_end: StatedEnd,
    pub(crate) shares_issuer: bool,
    pub(crate) holder: Option<String>,
    pub(crate) intent_is_fresh: bool,
    pub(crate) knows_deliveries: bool,
    pub(crate) unrecorded: Vec<UnrecordedToken>,
    pub(crate) clock_skew: SignedDuration,
    pub(crate) clock_is_measured: bool,
    pub(crate) full_cycle: Option<Passed>,
    pub(crate) all_paused: bool,
    pub(crate) audit_fails: bool,
    pub(crate) leaving: bool,
    pub(crate) now: Timestamp,
}

/// A healthy token: current `a` is proven, published and held by the
/// connections `canary` and `second`; its renewal is ten days away.
pub(crate) fn healthy() -> Scene {
    let mut record = Record::new("crm", ago(mins(1)));
    record.current = Some(held("a"));
    record.generation = 1;
    record.probe = Some(LastProbe {
        at: ago(mins(1)),
        refused: 0,
        passed_at: Some(ago(mins(1))),
        finding: None,
    });
    Scene {
        record,
        policy: policy(),
        issuer: common_issuer(),
        issuer_name: "idp-admin".to_owned(),
        issuer_settings: "settings-1".to_owned(),
        connections: ["canary", "second"]
            .map(|name| (name.to_owned(), plain_connection()))
            .to_vec(),
        published: Published::Token(print("a")),
        stated_end: StatedEnd::Absent,
        shares_issuer: false,
        holder: Some(ME.to_owned()),
        intent_is_fresh: false,
        knows_deliveries: true,
        unrecorded: Vec::new(),
        clock_skew: SignedDuration::ZERO,
        clock_is_measured: false,
        full_cycle: None,
        all_paused: false,
        audit_fails: false,
        leaving: false,
        now: now(),
    }
}

/// A token that nothing is known of yet, and nothing is published.
pub(crate) fn nothing_yet() -> Scene {
    let mut scene = healthy();
    scene.record = Record::new("crm", ago(mins(1)));
    scene.published = Published::Absent;
    scene
}

/// A healthy token whose renewal was due an hour ago.
pub(crate) fn renewal_due() -> Scene {
    healthy().issued(days(20) + hours(1))
}

/// A rotation in this stage, with what belongs to it.
pub(crate) fn in_stage(stage: Stage) -> Scene {
    renewal_due().stage(stage)
}

impl Scene {
    pub(crate) fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    pub(crate) fn issuer(mut self, change: impl FnOnce(&mut IssuerCapabilities)) -> Self {
        change(&mut self.issuer);
        self
    }

    pub(crate) fn policy(mut self, change: impl FnOnce(&mut Policy)) -> Self {
        change(&mut self.policy);
        self
    }

    /// The current token was issued this long ago, and lives for thirty days.
    pub(crate) fn issued(self, before: SignedDuration) -> Self {
        self.current(|token| {
            token.issued_at = ago(before);
            token.expires_at = Some(ago(before) + days(30));
        })
    }

    pub(crate) fn current(mut self, change: impl FnOnce(&mut HeldToken)) -> Self {
        change(self.record.current.as_mut().expect("a current token"));
        self
    }

    pub(crate) fn rotation(mut self, change: impl FnOnce(&mut Rotation)) -> Self {
        change(self.record.rotation.as_mut().expect("a rotation"));
        self
    }

    /// Puts a rotation into this stage, with what belongs to it: an intent, or
    /// the pending token `b`, unproven until it has been proven.
    pub(crate) fn stage(mut self, stage: Stage) -> Self {
        let mut rotation = Rotation {
            steps: Vec::new(),
            asked_by: None,
            asked_why: None,
            id: "r1".to_owned(),
            trigger: Trigger::Schedule,
            began_at: ago(mins(10)),
            stage,
            stage_entered_at: ago(mins(5)),
            intent: None,
            attempts: 1,
            pending: None,
            deliveries: BTreeMap::new(),
            completed: false,
            rollback: None,
            operator_deadline: None,
            may_be_delivered: false,
            supplied_is_meant: false,
        };
        let pending = HeldToken {
            issued_at: ago(mins(6)),
            expires_at: Some(ahead(days(30))),
            evidence: None,
            ..held("b")
        };
        let proven = HeldToken {
            evidence: Some(evidence("b", ago(mins(4)))),
            ..pending.clone()
        };
        match stage {
            Stage::Issuing => rotation.intent = Some(intent(ago(mins(5)))),
            Stage::WaitingOperator => rotation.operator_deadline = Some(ahead(days(7))),
            Stage::Proving | Stage::Completing => rotation.pending = Some(pending),
            Stage::Delivering => rotation.pending = Some(proven),
            Stage::Confirming => {
                rotation.pending = Some(proven);
                for (name, _) in &self.connections {
                    let delivery = delivery(DeliveryState::Delivered);
                    rotation.deliveries.insert(name.clone(), delivery);
                }
            }
            Stage::HandedOver => {
                rotation.pending = Some(proven);
                rotation.operator_deadline = Some(ahead(days(7)));
                for (name, can) in &self.connections {
                    let state = match can.writer {
                        Writer::Daemon => DeliveryState::Confirmed,
                        Writer::Person => DeliveryState::Delivered,
                    };
                    rotation.deliveries.insert(name.clone(), delivery(state));
                    let holds = ConnectionHolds {
                        fingerprint: print("b"),
                        at: ago(mins(3)),
                        confirmed_at: None,
                        in_doubt: false,
                        by_person: can.writer == Writer::Person,
                        ack: None,
                    };
                    self.record.connections.insert(name.clone(), holds);
                }
            }
            Stage::Reverting | Stage::Discarding => {
                rotation.pending = Some(proven);
                rotation.rollback = Some("the new token does not work".to_owned());
            }
        }
        if stage == Stage::Issuing {
            self.record.issues = vec![ago(mins(5))];
        }
        self.record.ordinal = 1;
        self.record.rotation = Some(rotation);
        self
    }

    /// The rotation has not stored an intent yet.
    pub(crate) fn without_intent(mut self) -> Self {
        self.record.issues.clear();
        self.rotation(|rotation| {
            rotation.intent = None;
            rotation.attempts = 0;
        })
    }

    /// The intent was stored by this run, and nothing was sent.
    pub(crate) fn fresh(mut self) -> Self {
        self.intent_is_fresh = true;
        self
    }

    pub(crate) fn delivery(self, connection: &str, state: DeliveryState) -> Self {
        self.rotation(|rotation| {
            let delivery = delivery(state);
            rotation.deliveries.insert(connection.to_owned(), delivery);
        })
    }

    /// The superseded token `name`, with this end of its overlap.
    pub(crate) fn retiring(mut self, name: &str, not_before: Timestamp) -> Self {
        self.record.retiring.push(Retiring {
            token: HeldToken {
                evidence: None,
                ..held(name)
            },
            superseded_at: ago(days(1)).min(not_before),
            not_before,
            extended: false,
            use_checked: None,
            revoked_at: None,
            still_accepted: false,
            attempts: 0,
            retry_at: None,
            last_finding: None,
            still_used: false,
            used_by: None,
            refused_since: None,
        });
        self
    }

    /// The superseded token `old`, whose overlap ended a minute ago.
    pub(crate) fn retire_due(self) -> Self {
        self.retiring("old", ago(mins(1)))
    }

    pub(crate) fn superseded(mut self, change: impl FnOnce(&mut Retiring)) -> Self {
        change(self.record.retiring.last_mut().expect("a superseded token"));
        self
    }

    pub(crate) fn orphan(mut self, id: &str, retry_at: Option<Timestamp>) -> Self {
        self.record.orphans.push(Orphan {
            may_be_used: false,
            id: shown_id(id),
            issuer: None,
            found_at: ago(mins(5)),
            attempts: 0,
            retry_at,
        });
        self
    }

    /// A rehearsal asked for a throw-away token at this time, whose reply came or not.
    pub(crate) fn rehearsed(mut self, at: Timestamp, came: Option<&str>) -> Self {
        let intent = Intent {
            label: "crm-rehearsal-1-0".to_owned(),
            ..intent(at)
        };
        self.record.rehearsal = Some(Box::new(Rehearsal {
            intent,
            issued: came.map(held),
            attempts: 0,
            retry_at: None,
        }));
        self
    }

    /// The token `name` was issued to this process under `intent`, and the record
    /// does not contain it.
    pub(crate) fn unrecorded(mut self, name: &str, intent: Intent) -> Self {
        let token = UnrecordedToken::new(intent, issued(name));
        self.unrecorded.push(token);
        self
    }

    pub(crate) fn requested(mut self, trigger: Trigger, at: Timestamp) -> Self {
        self.record.request = Some(Request {
            by: None,
            reason: String::new(),
            trigger,
            at,
            override_guards: false,
            supplied: false,
        });
        self
    }

    pub(crate) fn overriding(mut self) -> Self {
        let request = self.record.request.as_mut().expect("a request");
        request.override_guards = true;
        self
    }

    pub(crate) fn halted(mut self, cause: HaltCause, since: Timestamp) -> Self {
        self.record.halt = Some(Halt {
            step: String::new(),
            retry_at: Some(ahead(hours(1))),
            may_pass: false,
            asked: None,
            cause,
            since,
            detail: "a person must look".to_owned(),
            compromised: false,
            settings: String::new(),
        });
        self
    }

    /// The last of `consecutive` failures was at this time.
    pub(crate) fn failed(mut self, step: &str, consecutive: u32, at: Timestamp) -> Self {
        self.record.failures = Failures {
            consecutive,
            last: Some(LastFailure {
                at,
                step: step.to_owned(),
                class: FaultClass::NotApplied,
                kind: FaultKind::Network,
                message: "connection refused".to_owned(),
                retry_after: None,
            }),
            ..Failures::default()
        };
        self
    }

    /// A person makes the tokens.
    pub(crate) fn by_hand(self) -> Self {
        self.issuer(|issuer| issuer.supply = Supply::Operator)
    }

    /// What a person writes is accepted, whoever makes the tokens.
    pub(crate) fn accepting(self) -> Self {
        self.policy(|policy| policy.accept_supplied = AcceptSupplied::Always)
    }

    pub(crate) fn published(mut self, published: Published) -> Self {
        self.published = published;
        self
    }

    /// A person wrote the token `name` to the published path.
    pub(crate) fn person_wrote(self, name: &str) -> Self {
        self.published(Published::Token(print(name)))
    }

    /// The last probe was this long ago and found this.
    pub(crate) fn probed(
        mut self,
        before: SignedDuration,
        found: Option<FindingReason>,
        refused: u32,
    ) -> Self {
        self.record.probe = Some(LastProbe {
            at: ago(before),
            refused,
            passed_at: None,
            finding: found.map(finding),
        });
        self
    }

    pub(crate) fn leased_to(mut self, holder: &str, expires_at: Timestamp) -> Self {
        self.record.lease = Some(Lease {
            holder: holder.to_owned(),
            epoch: 1,
            expires_at,
        });
        self
    }

    pub(crate) fn at(mut self, now: Timestamp) -> Self {
        self.now = now;
        self
    }

    pub(crate) fn situation(&self) -> Situation<'_> {
        Situation {
            token: &self.record.token,
            issuer_name: &self.issuer_name,
            issuer_settings: &self.issuer_settings,
            holder: self.holder.as_deref(),
            policy: &self.policy,
            issuer: self.issuer,
            connections: &self.connections,
            published: &self.published,
            stated_end: self.stated_end,
            shares_issuer: self.shares_issuer,
            intent_is_fresh: self.intent_is_fresh,
            knows_deliveries: self.knows_deliveries,
            unrecorded: &self.unrecorded,
            our_clock: OurClock {
                skew: self.clock_skew,
                is_measured: self.clock_is_measured,
                vault_agrees: self.clock_is_measured,
            },
            full_cycle: self.full_cycle.clone(),
            all_paused: self.all_paused,
            audit_fails: self.audit_fails,
            leaving: self.leaving,
        }
    }

    pub(crate) fn plan(&self) -> Decision {
        plan(&self.record, &self.situation(), self.now)
    }

    pub(crate) fn apply(&self, outcome: Outcome) -> Result<Record, IllegalOutcome> {
        apply(&self.record, outcome, &self.situation(), self.now)
    }

    /// The scene after this outcome.
    pub(crate) fn then(mut self, outcome: Outcome) -> Self {
        self.record = self.apply(outcome.clone()).expect("a legal outcome");
        UnrecordedToken::step_ended(&mut self.unrecorded, &outcome, &self.policy, self.now);
        self
    }
}

/// Rotations may begin in December only.
pub(crate) fn windows_in_december(scene: &mut Scene) {
    let allow = ["2026-12-01..2026-12-31".to_owned()];
    let zone = jiff::tz::TimeZone::UTC;
    scene.policy.windows =
        Windows::parse(&allow, &[], zone, SignedDuration::ZERO).expect("windows");
}

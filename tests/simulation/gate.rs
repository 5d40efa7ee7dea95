//! The one place where a request meets its trouble.

use std::sync::Arc;

use jiff::SignedDuration;
use scim_rotator::fault::{Fault, FaultClass, FaultKind};

use crate::fault::{Nature, Trouble, cued};
use crate::request::{Answered, Failure, Process, Request};
use crate::time::{Sim, Sleep};
use crate::world::{Call, Coming, World};

/// The way of one process to the world, on behalf of one token.
#[derive(Clone)]
pub(crate) struct Gate {
    pub(crate) sim: Sim,
    pub(crate) process: Process,
    pub(crate) token: Arc<str>,
}

/// What the caller does after the trouble has been seen to.
enum Then {
    Answer(Answered),
    /// The future is dropped by somebody, or its deadline passes.
    Never,
    /// Nothing for this long, then an answer.
    Later(SignedDuration, Answered),
    /// The process stands still; when it goes on, the request goes out, and the
    /// answer is seen or not.
    Paused {
        seen: bool,
    },
}

/// How long Vault, or the daemon's own client of it, makes a caller wait.
const VAULT_TIMEOUT: SignedDuration = SignedDuration::from_secs(20);
/// A write to Vault whose caller gave up lands this much later.
const VAULT_LANDING: SignedDuration = SignedDuration::from_millis(400);
/// Any other request whose caller gave up lands this long after it was sent:
/// after the longest lease, before an issuer counts as settled.
const LANDING: SignedDuration = SignedDuration::from_secs(100);
const JUMP: SignedDuration = SignedDuration::from_hours(1);
/// A wrong clock is put right after this time.
const CLOCK_WRONG_FOR: SignedDuration = SignedDuration::from_mins(130);
const SEALED_FOR: SignedDuration = SignedDuration::from_mins(3);
const RETRY_AFTER: SignedDuration = SignedDuration::from_secs(75);

impl Gate {
    /// Sends a request through the trouble that the script has for this call.
    pub(crate) async fn pass(&self, request: Request) -> Answered {
        let then = self.sim.lock().arrive(self, &request);
        match then {
            Then::Answer(answer) => answer,
            Then::Never => std::future::pending().await,
            Then::Later(pause, answer) => {
                Sleep::new(&self.sim, pause).await;
                answer
            }
            Then::Paused { seen } => {
                Once::default().await;
                let answer = self.sim.lock().execute(&self.token, self.process, &request);
                if seen {
                    answer
                } else {
                    std::future::pending().await
                }
            }
        }
    }
}

/// Pending once.
#[derive(Default)]
struct Once(bool);

impl Future for Once {
    type Output = ();

    fn poll(
        mut self: std::pin::Pin<&mut Self>,
        _context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<()> {
        if std::mem::replace(&mut self.0, true) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    }
}

impl World {
    fn arrive(&mut self, gate: &Gate, request: &Request) -> Then {
        let nature = Nature::of(request);
        let call = self.calls.len();
        self.calls.push(Call {
            nature,
            vault: request.is_for_vault(),
            at: self.now,
        });
        let trouble = match &mut self.chaos {
            None => self.script.0.get(&call).copied(),
            Some(chaos) => chaos.next(&gate.token, request),
        };
        let trouble = trouble.or_else(|| cued(&mut self.cues, request.word()));
        self.events += 1;
        self.note_busy(1, 0);
        self.check_left_alone(gate, request);
        let then = match trouble {
            None => Then::Answer(self.execute(&gate.token, gate.process, request)),
            Some(trouble) => self.suffer(gate, request, nature, trouble),
        };
        self.note(
            Some(call),
            &format!("{}#{}", gate.token, gate.process.id),
            || {
                let with = trouble.map_or_else(String::new, |t| format!(" !{t:?}"));
                format!("{}{with}{}", describe(request), outcome(&then))
            },
        );
        then
    }

    fn suffer(&mut self, gate: &Gate, request: &Request, nature: Nature, trouble: Trouble) -> Then {
        let fail = |class, kind, text: &str| {
            Then::Answer(Err(Failure::Fault(Fault::new(class, kind, text))))
        };
        match trouble {
            Trouble::Unreachable => fail(
                FaultClass::NotApplied,
                FaultKind::Network,
                "connection refused",
            ),
            Trouble::Refused => fail(FaultClass::Rejected, FaultKind::Refused, "refused (422)"),
            Trouble::Unauthorized => {
                fail(FaultClass::Unauthorized, FaultKind::Auth, "refused (401)")
            }
            Trouble::Throttled => {
                let fault =
                    Fault::new(FaultClass::Throttled, FaultKind::Throttled, "refused (429)");
                Then::Answer(Err(Failure::Fault(fault.after(Some(RETRY_AFTER)))))
            }
            Trouble::Uncertain => fail(FaultClass::Ambiguous, FaultKind::Server, "failed (502)"),
            Trouble::ReplyLost => {
                let _unheard = self.execute(&gate.token, gate.process, request).is_ok();
                fail(
                    FaultClass::Ambiguous,
                    FaultKind::Network,
                    "connection reset",
                )
            }
            Trouble::Slow => self.slow(gate, request, nature),
            Trouble::CrashBefore => {
                self.crashed = true;
                Then::Never
            }
            Trouble::CrashAfter => {
                let _unheard = self.execute(&gate.token, gate.process, request).is_ok();
                self.crashed = true;
                Then::Never
            }
            Trouble::Rival => {
                self.rival_write(&gate.token);
                Then::Answer(self.execute(&gate.token, gate.process, request))
            }
            Trouble::TakenOver | Trouble::TakenOverCut if self.may_pause => {
                self.pausing = true;
                // Requests to Vault have their own deadline, far beyond.
                let seen = trouble == Trouble::TakenOver || request.is_for_vault();
                Then::Paused { seen }
            }
            Trouble::TakenOver | Trouble::TakenOverCut => {
                Then::Answer(self.execute(&gate.token, gate.process, request))
            }
            Trouble::ClockForward => self.jump(gate, request, JUMP),
            Trouble::ClockBack => self.jump(gate, request, -JUMP),
            Trouble::Sealed => {
                self.sealed_until = self.after(SEALED_FOR);
                Then::Answer(self.execute(&gate.token, gate.process, request))
            }
            Trouble::Repeated => self.repeat(gate, request),
        }
    }

    fn slow(&mut self, gate: &Gate, request: &Request, nature: Nature) -> Then {
        let landing = Coming::Landing(Arc::clone(&gate.token), gate.process, request.clone());
        if request.is_for_vault() {
            if nature != Nature::Read {
                let at = self.after(VAULT_TIMEOUT + VAULT_LANDING);
                self.coming.push((at, landing));
            }
            let fault = Fault::new(
                FaultClass::Ambiguous,
                FaultKind::Timeout,
                "no answer in time",
            );
            return Then::Later(VAULT_TIMEOUT, Err(Failure::Fault(fault)));
        }
        if nature != Nature::Read {
            let at = self.after(LANDING);
            self.coming.push((at, landing));
        }
        Then::Never
    }

    fn jump(&mut self, gate: &Gate, request: &Request, by: SignedDuration) -> Then {
        let machine = gate.process.machine;
        self.set_clock(machine, by);
        let right_again = Coming::Clock(machine, -by);
        self.coming.push((self.after(CLOCK_WRONG_FOR), right_again));
        self.stepped_since_decision = by;
        let answered = self.execute(&gate.token, gate.process, request);
        self.stepped_since_decision = SignedDuration::ZERO;
        Then::Answer(answered)
    }

    /// A person's command writes the record: nothing in it changes but the
    /// version.
    fn rival_write(&mut self, token: &str) {
        if let Some(tenant) = self.tenants.get_mut(token).filter(|t| t.record.is_some()) {
            tenant.version += 1;
        }
    }

    /// The same request twice; the second time must change nothing (I5). An
    /// issue is repeated only where the issuer knows the request again.
    fn repeat(&mut self, gate: &Gate, request: &Request) -> Then {
        let first = self.execute(&gate.token, gate.process, request);
        let repeatable = !matches!(request, Request::Issue(_))
            || self
                .tenants
                .get(&gate.token)
                .is_some_and(|t| t.provider.knows_requests_again());
        if repeatable {
            let before = self.outside(&gate.token);
            let _unheard = self.execute(&gate.token, gate.process, request).is_ok();
            if self.outside(&gate.token) != before {
                self.violate(format!(
                    "I5: `{}` twice changed more than once",
                    request.word()
                ));
            }
        }
        Then::Answer(first)
    }
}

fn describe(request: &Request) -> String {
    use crate::request::Request as R;
    let word = request.word();
    match request {
        R::Commit {
            record, expected, ..
        } => {
            let stage = record.stage_name().as_str();
            format!("{word} g{} {stage} cas={expected}", record.generation)
        }
        R::Publish { value, expected } => {
            let id = value.token_id.as_deref().unwrap_or("-");
            format!("{word} {id} cas={expected}")
        }
        R::Get { id } => format!("{word} {id}"),
        R::Revoke(handle) => format!(
            "{word} {}",
            handle.id.as_ref().map_or("by value", |id| id.as_str())
        ),
        R::Preflight { connection } => format!("{word} {connection}"),
        R::Deliver { connection, value } | R::Confirm { connection, value } => {
            format!("{word} {connection} {}", value.fingerprint())
        }
        R::Prove { value } => format!("{word} {}", value.fingerprint()),
        R::CompareTenants { new, old } => {
            format!("{word} {} {}", new.fingerprint(), old.fingerprint())
        }
        R::ProveRefused { old, new } => {
            format!("{word} old {} new {}", old.fingerprint(), new.fingerprint())
        }
        R::Load | R::Published | R::List | R::Issue(_) | R::Complete | R::Cancel => word.to_owned(),
    }
}

fn outcome(then: &Then) -> String {
    match then {
        Then::Answer(Ok(reply)) => crate::witness::short(reply),
        Then::Answer(Err(Failure::Conflict)) => " -> conflict".to_owned(),
        Then::Answer(Err(Failure::Fault(fault))) => {
            format!(" -> {}: {}", fault.class.as_str(), fault.message)
        }
        Then::Never => " -> no answer".to_owned(),
        Then::Later(..) => " -> an answer after the deadline".to_owned(),
        Then::Paused { .. } => " -> the process stands still".to_owned(),
    }
}

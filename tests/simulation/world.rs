//! Vault, service provider and identity provider as plain data.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use scim_rotator::fault::{Fault, FaultClass, FaultKind};
use scim_rotator::http::client::Target;
use scim_rotator::http::skew::judge;
use scim_rotator::rotation::situation::OurClock;
use scim_rotator::secret::BearerToken;

use crate::acts::{Act, Order};
use crate::chaos::Chaos;
use crate::fault::{Cue, Nature, Script};
use crate::people::PERSON_TAKES;
use crate::request::{Answered, Failure, Process, Request};
use crate::tenant::Tenant;
use crate::time::Timers;

/// How many machines there are, each with at most one process.
pub(crate) const MACHINES: usize = 3;

/// Everything outside the processes, and what the run is told to do to it.
#[derive(Clone)]
pub(crate) struct World {
    /// True time.
    pub(crate) now: Timestamp,
    /// How wrong each machine's wall clock is.
    pub(crate) offsets: [SignedDuration; MACHINES],
    /// How wrong the dates are that the service provider and the identity provider
    /// send.
    pub(crate) dates_off: [SignedDuration; 2],
    /// By how much the clock of the calling process was set between its decision
    /// and this call.
    pub(crate) stepped_since_decision: SignedDuration,
    pub(crate) timers: Timers,
    pub(crate) timers_held: bool,
    /// The process that made the last call is dead.
    pub(crate) crashed: bool,
    /// The process that made the last call stands still.
    pub(crate) pausing: bool,
    /// Whether a process may be paused now: the one that takes over may not.
    pub(crate) may_pause: bool,
    pub(crate) violation: Option<String>,
    pub(crate) script: Script,
    /// Troubles that wait for a request of their kind.
    pub(crate) cues: Vec<Cue>,
    /// In long runs, instead of the script.
    pub(crate) chaos: Option<Chaos>,
    /// The port calls of the run, in order.
    pub(crate) calls: Vec<Call>,
    /// What happened: port calls, wakes without one, and acts.
    pub(crate) events: usize,
    /// Wakes and calls of this day.
    busy: Busy,
    /// The kill switch.
    pub(crate) all_paused: bool,
    pub(crate) all_paused_since: Option<Timestamp>,
    /// What is to become of the processes.
    pub(crate) orders: Vec<Order>,
    /// Filled only when somebody will read it.
    pub(crate) log: Option<Vec<Event>>,
    /// What will happen by itself.
    pub(crate) coming: Vec<(Timestamp, Coming)>,
    pub(crate) sealed_until: Timestamp,
    /// How many secrets our own generator has made.
    pub(crate) secrets_chosen: u64,
    pub(crate) tenants: BTreeMap<Arc<str>, Tenant>,
}

/// Something that happens by itself.
#[derive(Debug, Clone)]
pub(crate) enum Coming {
    /// A request that nobody waits for any more reaches its server.
    Landing(Arc<str>, Process, Request),
    /// A machine's clock is set.
    Clock(usize, SignedDuration),
    /// A person acts on a token that waits for one.
    Person(Arc<str>),
    /// Somebody does something, unasked.
    Act(Act),
    /// A machine hears that something is asked for this token.
    Bell(usize, Arc<str>),
}

/// How much was done in one day.
#[derive(Debug, Clone, Copy, Default)]
struct Busy {
    day: i64,
    calls: usize,
    wakes: usize,
}

/// No token comes near these numbers in a day.
const MOST_CALLS_A_DAY: usize = 3000;
const MOST_WAKES_A_DAY: usize = 5000;

/// One port call that was made.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) nature: Nature,
    /// Whether it went to Vault.
    pub(crate) vault: bool,
    pub(crate) at: Timestamp,
}

/// What others see of a token.
#[derive(PartialEq, Eq)]
pub(crate) struct Outside {
    ends: Vec<Timestamp>,
    held: Vec<Option<BearerToken>>,
    versions: (u64, u64),
}

/// One line of the event log.
#[derive(Debug, Clone, serde::Serialize)]
pub(crate) struct Event {
    pub(crate) at: Timestamp,
    /// Number of the port call, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) call: Option<usize>,
    pub(crate) who: String,
    pub(crate) what: String,
}

impl World {
    pub(crate) fn new(now: Timestamp) -> Self {
        Self {
            now,
            offsets: [SignedDuration::ZERO; MACHINES],
            dates_off: [SignedDuration::ZERO; 2],
            stepped_since_decision: SignedDuration::ZERO,
            timers: Timers::default(),
            timers_held: false,
            crashed: false,
            pausing: false,
            may_pause: true,
            violation: None,
            script: Script::none(),
            cues: Vec::new(),
            chaos: None,
            calls: Vec::new(),
            events: 0,
            busy: Busy::default(),
            all_paused: false,
            all_paused_since: None,
            orders: Vec::new(),
            log: None,
            coming: Vec::new(),
            sealed_until: now,
            secrets_chosen: 0,
            tenants: BTreeMap::new(),
        }
    }

    /// What a machine's clock shows.
    pub(crate) fn wall(&self, machine: usize) -> Timestamp {
        self.now
            .checked_add(self.offsets[machine])
            .unwrap_or(Timestamp::MAX)
    }

    /// What a machine is told of its clock by the dates of Vault, the service
    /// provider and the identity provider.
    pub(crate) fn our_clock(&self, machine: usize) -> OurClock {
        let ours = self.offsets[machine];
        let [sp, idp] = self.dates_off;
        let dates = [
            (Target::Vault, -ours),
            (Target::Sp, sp - ours),
            (Target::Idp, idp - ours),
        ];
        let verdict = judge(dates.into_iter()).expect("three dates");
        OurClock {
            skew: verdict.skew,
            is_measured: true,
            vault_agrees: verdict.vault_agrees,
        }
    }

    pub(crate) fn after(&self, duration: SignedDuration) -> Timestamp {
        self.now.checked_add(duration).unwrap_or(Timestamp::MAX)
    }

    /// The first violation counts.
    pub(crate) fn violate(&mut self, what: impl Into<String>) {
        if self.violation.is_none() {
            let what = what.into();
            self.note(None, "check", || format!("VIOLATION: {what}"));
            self.violation = Some(what);
        }
    }

    pub(crate) fn note(&mut self, call: Option<usize>, who: &str, what: impl FnOnce() -> String) {
        if let Some(log) = &mut self.log {
            log.push(Event {
                at: self.now,
                call,
                who: who.to_owned(),
                what: what(),
            });
        }
    }

    /// I8: waiting is not done by asking again and again.
    pub(crate) fn note_busy(&mut self, calls: usize, wakes: usize) {
        let day = self.now.as_second() / (24 * 3600);
        if self.busy.day != day {
            self.busy = Busy {
                day,
                ..Busy::default()
            };
        }
        self.busy.calls += calls;
        self.busy.wakes += wakes;
        if self.busy.calls > MOST_CALLS_A_DAY * self.tenants.len().max(1) {
            self.violate("I8: the driver is busy without end");
        }
        if self.busy.wakes > MOST_WAKES_A_DAY * self.tenants.len().max(1) {
            self.violate("I8: the driver wakes without end");
        }
    }

    /// Lets time pass; what comes by itself until then comes in its order.
    pub(crate) fn advance(&mut self, until: Timestamp) {
        loop {
            let next = (0..self.coming.len()).min_by_key(|i| self.coming[*i].0);
            let due = next.filter(|i| self.coming[*i].0 <= until);
            let Some(index) = due else {
                break;
            };
            let (at, coming) = self.coming.remove(index);
            self.now = self.now.max(at);
            match coming {
                Coming::Landing(token, process, request) => {
                    self.note(None, "late", || format!("{} lands", request.word()));
                    let _unheard = self.execute(&token, process, &request).is_ok();
                }
                Coming::Clock(machine, change) => self.set_clock(machine, change),
                Coming::Person(token) => self.person_acts(&token),
                Coming::Bell(machine, token) => self.ring(machine, &token),
                Coming::Act(act) => {
                    self.events += 1;
                    self.act(&act);
                }
            }
        }
        self.now = self.now.max(until);
    }

    pub(crate) fn set_clock(&mut self, machine: usize, change: SignedDuration) {
        self.offsets[machine] += change;
        self.note(None, "clock", || {
            format!("machine {machine}: {change:#} against before")
        });
    }

    /// When something next comes by itself.
    pub(crate) fn next_coming(&self) -> Option<Timestamp> {
        self.coming.iter().map(|(at, _)| *at).min()
    }

    /// The time by which the process on a machine decides: that of its clock, unless
    /// the servers say that it is far from right.
    fn decides_by(&self, machine: usize, tolerated: SignedDuration) -> Timestamp {
        let shown = self.wall(machine);
        self.our_clock(machine).right_time(shown, tolerated)
    }

    /// True time at which the lease on a token has run out for a machine, by the
    /// time by which its process decides.
    pub(crate) fn lease_ends(&self, token: &str, machine: usize) -> Timestamp {
        let Some(tenant) = self.tenants.get(token) else {
            return self.now;
        };
        let tolerated = tenant.profile.policy.max_clock_skew;
        let decides_by = self.decides_by(machine, tolerated);
        let ahead = decides_by.duration_since(self.now);
        let record = tenant.record.as_deref();
        let lease = record.and_then(|r| r.lease.as_ref());
        let ends = lease.and_then(|l| l.expires_at.checked_sub(ahead).ok());
        ends.unwrap_or(self.now)
    }

    /// All outside the processes that a repeated request must not change.
    pub(crate) fn outside(&self, token: &str) -> Option<Outside> {
        self.tenants.get(token).map(|t| Outside {
            ends: t.provider.tokens.iter().map(|t| t.dies_at).collect(),
            held: t.held.clone(),
            versions: (t.version, t.published_version),
        })
    }

    /// Why the world itself is not at rest yet.
    pub(crate) fn disturbed(&self) -> Option<String> {
        let disturbed = !self.coming.is_empty() || self.is_sealed();
        disturbed.then(|| "something is still to come".to_owned())
    }

    pub(crate) fn is_sealed(&self) -> bool {
        self.now < self.sealed_until
    }

    /// Carries a request out, and checks everything that must hold after it.
    pub(crate) fn execute(&mut self, token: &str, process: Process, request: &Request) -> Answered {
        if request.is_for_vault() && self.is_sealed() {
            return Err(Failure::Fault(sealed()));
        }
        let (now, all_paused) = (self.now, self.all_paused);
        // A process can judge a lease only by the time of its decision; a step of the
        // clock after that is what check-and-set is for.
        let known = self.tenants.get(token);
        let tolerated = known.map(|tenant| tenant.profile.policy.max_clock_skew);
        let decides_by = self.decides_by(process.machine, tolerated.unwrap_or_default());
        let stepped = self.stepped_since_decision;
        let decided_by = decides_by.checked_sub(stepped).unwrap_or(decides_by);
        let wall = decided_by.max(decides_by).max(now);
        let Some(tenant) = self.tenants.get_mut(token) else {
            return Err(Failure::Fault(no_such(token)));
        };
        if let Err(broken) = tenant.check_before(request, now, wall) {
            self.violate(broken);
        }
        let Some(tenant) = self.tenants.get_mut(token) else {
            return Err(Failure::Fault(no_such(token)));
        };
        let answer = tenant.carry_out(request, now);
        let called = |c: &(Timestamp, Coming)| matches!(&c.1, Coming::Person(t) if **t == *token);
        if tenant.calls_a_person(request) && !self.coming.iter().any(called) {
            let acts_at = now.checked_add(PERSON_TAKES).unwrap_or(now);
            self.coming.push((acts_at, Coming::Person(token.into())));
        }
        let Some(tenant) = self.tenants.get_mut(token) else {
            return answer;
        };
        if let Err(broken) = tenant.check_after(now, all_paused) {
            self.violate(broken);
        }
        answer
    }
}

fn sealed() -> Fault {
    Fault::new(
        FaultClass::NotApplied,
        FaultKind::VaultUnavailable,
        "Vault is sealed",
    )
}

fn no_such(token: &str) -> Fault {
    Fault::new(
        FaultClass::Rejected,
        FaultKind::Config,
        format!("no token `{token}`"),
    )
}

//! The supervisor with a slow store.

use std::time::Duration;

use super::*;
use crate::driver::memory::{Known, Memory};
use crate::driver::situation::Conditions;
use crate::ports::witness::Witness;
use crate::ports::{Clock, PublishedSecret, PublishedToken, Store, StoreError, Version, Versioned};
use crate::rotation::decision::{Action, Decision, Reason};
use crate::rotation::record::{Lease, Record};
use crate::rotation::situation::OurClock;
use async_trait::async_trait;

const TOKENS: u32 = 500;

/// Counts the leases that are given back.
#[derive(Default)]
struct SlowStore(std::sync::atomic::AtomicU32);

#[async_trait]
impl Store for SlowStore {
    async fn load(&self, _: &str) -> Result<Option<Versioned<Record>>, StoreError> {
        Ok(None)
    }

    async fn commit(&self, record: &Record, expected: Version) -> Result<Version, StoreError> {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let given_back = u32::from(record.lease.is_none());
        self.0
            .fetch_add(given_back, std::sync::atomic::Ordering::Relaxed);
        Ok(Version(expected.0 + 1))
    }

    async fn published(&self, _: &str) -> Result<PublishedSecret, StoreError> {
        Ok(PublishedSecret::Absent)
    }

    async fn publish(&self, _: &str, _: &PublishedToken) -> Result<(), StoreError> {
        Ok(())
    }

    fn forget(&self, _: &str) {}
}

struct Still;

#[async_trait]
impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    async fn sleep(&self, duration: SignedDuration) {
        tokio::time::sleep(duration.unsigned_abs()).await;
    }
}

impl Witness for Still {}

impl Pulse for Still {
    fn beat(&self, _: Timestamp) {}
    fn woke(&self, _: SignedDuration) {}
    fn leases_held(&self, _: usize) {}
    fn report(&self, _: Timestamp) {}
}

fn idle(token: &str) -> IdleToken {
    let now = Still.now();
    let mut record = Record::new(token, now);
    record.lease = Some(Lease {
        holder: "me".to_owned(),
        epoch: 1,
        expires_at: now + SignedDuration::from_secs(90),
    });
    IdleToken {
        memory: Some(Box::new(Memory {
            known: Some(Box::new(Known {
                record,
                version: Version(1),
                dirty: false,
                written_here: false,
                must_commit_first: false,
                unanswered: Vec::new(),
            })),
            ..Memory::default()
        })),
        ..IdleToken::unread(now)
    }
}

/// A supervisor over that store, without tokens; it reads tokens again every
/// five minutes.
fn supervisor(store: &Arc<SlowStore>) -> Supervisor {
    let runner = Runner {
        store: Arc::clone(store) as Arc<dyn Store>,
        clock: Arc::new(Still),
        witness: Arc::new(Still),
        holder: "me".to_owned(),
        conditions: Conditions {
            our_clock: Arc::new(|| OurClock::UNKNOWN),
            full_cycles: Arc::default(),
            all_paused: Arc::new(|| false),
            audit_fails: Arc::new(|| false),
        },
        inbox: Arc::default(),
        cancel: CancellationToken::new(),
    };
    let change = Change {
        units: Vec::new(),
        settings: SupervisorSettings {
            concurrency: 16,
            sweep: SignedDuration::from_mins(5),
            grace: SignedDuration::from_secs(25),
        },
    };
    let (_changes, changed) = watch::channel(Arc::new(change.clone()));
    let (_ring, messages) = mpsc::channel(1);
    Supervisor::new(runner, change, changed, Arc::new(Still), messages)
}

#[tokio::test(start_paused = true)]
async fn every_lease_is_given_back_though_the_store_is_slow() {
    let store = Arc::new(SlowStore::default());
    let mut supervisor = supervisor(&store);
    let names = (0..TOKENS).map(|number| format!("token-{number}"));
    supervisor.idle = names.map(|name| (name.clone(), idle(&name))).collect();
    assert!(supervisor.end().await);
    assert_eq!(store.0.load(std::sync::atomic::Ordering::Relaxed), TOKENS);
}

#[tokio::test]
async fn a_token_that_is_read_again_before_it_is_due_is_not_kept_in_memory() {
    for (due_in, lease, is_kept) in [
        (SignedDuration::from_mins(6), false, false),
        (SignedDuration::from_mins(4), false, true),
        (SignedDuration::from_mins(6), true, true),
    ] {
        let mut supervisor = supervisor(&Arc::default());
        let mut memory = idle("crm").memory.expect("known");
        let known = memory.known.as_mut().expect("known");
        known.record.lease.take_if(|_| !lease);
        let finished = Finished {
            name: "crm".to_owned(),
            memory,
            rest: WakeEnd::Decided(Decision {
                action: Action::Wait,
                reason: Reason::Fresh,
                wake_at: Still.now() + due_in,
            }),
            read_at: Still.now(),
        };
        supervisor.settle(Ok(finished));
        let rests = &supervisor.idle["crm"];
        let what = format!("due in {due_in:#}, with a lease: {lease}");
        assert_eq!(rests.memory.is_some(), is_kept, "{what}");
        assert_eq!(supervisor.agenda.at("crm"), Some(Still.now() + due_in));
    }
}

/// A token that was read so many minutes after the start, and is due in a year.
fn read_after(supervisor: &mut Supervisor, name: &str, minutes: i64) {
    supervisor.settle(Ok(Finished {
        name: name.to_owned(),
        memory: idle(name).memory.expect("known"),
        rest: WakeEnd::Decided(Decision {
            action: Action::Wait,
            reason: Reason::Fresh,
            wake_at: minute(60 * 24 * 365),
        }),
        read_at: minute(minutes),
    }));
}

fn minute(minutes: i64) -> Timestamp {
    Still.now() + SignedDuration::from_mins(minutes)
}

/// The tokens that a sweep at this time has read again.
fn swept(supervisor: &mut Supervisor, minutes: i64) -> Vec<String> {
    supervisor.sweep(minute(minutes));
    let mut due = Vec::new();
    while let Some((_, name)) = supervisor.agenda.pop_due(minute(minutes)) {
        let memory = supervisor.idle[&name].memory.as_ref();
        let unread = memory.is_none_or(|memory| memory.record().is_none());
        assert!(unread, "{name} is read again");
        due.push(name);
    }
    due
}

/// However seldom the tokens are gone through.
#[tokio::test]
async fn every_token_is_read_again_as_soon_as_it_was_not_read_for_a_sweep() {
    let mut supervisor = supervisor(&Arc::default());
    for (name, minutes) in [("a", 0), ("b", 3), ("c", 4)] {
        read_after(&mut supervisor, name, minutes);
    }
    let none: [&str; 0] = [];
    assert_eq!(swept(&mut supervisor, 4), none);
    assert_eq!(swept(&mut supervisor, 5), ["a"]);
    // Its wake ends later than others have been gone through.
    read_after(&mut supervisor, "d", 2);
    assert_eq!(swept(&mut supervisor, 6), none);
    assert_eq!(swept(&mut supervisor, 7), ["d"]);
    for (name, minutes) in [("a", 5), ("d", 7)] {
        read_after(&mut supervisor, name, minutes);
    }
    assert_eq!(swept(&mut supervisor, 9), ["b", "c"]);
    assert_eq!(swept(&mut supervisor, 10), ["a"]);
    assert_eq!(swept(&mut supervisor, 12), ["d"]);
}

/// What was read by a clock that was ahead is read again a sweep after that is
/// noticed.
#[tokio::test]
async fn a_clock_that_was_set_back_puts_no_read_off() {
    let mut supervisor = supervisor(&Arc::default());
    read_after(&mut supervisor, "a", 600);
    supervisor.read_since = minute(600);
    supervisor.last_look = LastLook::at(minute(600));
    supervisor.look_at_clock(minute(1));
    supervisor.agenda.set("a", minute(9000));
    assert_eq!(swept(&mut supervisor, 6), ["a"]);
}

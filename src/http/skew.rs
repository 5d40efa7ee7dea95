//! Whether our clock is right, judged by the clocks of the servers that answered.
//!
//! One server's clock proves nothing about ours: it may be wrong, or a cache
//! before the server may have kept its answer. Each host counts once, with its last
//! answer. The middle of all differences is ours: more than half of the hosts have
//! to contradict our clock before it counts as wrong. Where they are divided
//! equally, Vault decides.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use tokio::time::Instant;

use super::client::{Observer, Target};
use crate::clock::Clock;

/// Older measurements say nothing of our clock as it is now.
const COUNTS: Duration = Duration::from_secs(15 * 60);

/// Smaller steps of our clock are gradual corrections.
const STEP: SignedDuration = SignedDuration::from_secs(2);

/// Two clocks that differ less show the same time.
const SAME: SignedDuration = SignedDuration::from_mins(1);

/// A clock that is wrong by more than this is not used at all: ten times what a
/// token tolerates unless it says otherwise (`max_clock_skew`).
const UNUSABLE: SignedDuration = SignedDuration::from_mins(20);

/// Number of hosts that are remembered; more cannot be configured sensibly.
const HOSTS: usize = 1024;

/// Remembers the last clock difference measured at each host, and passes
/// everything on to another observer.
pub struct SkewWatch {
    next: Arc<dyn Observer>,
    clock: Arc<dyn Clock>,
    hosts: Mutex<HashMap<(Target, String), Measured>>,
}

#[derive(Clone, Copy)]
struct Measured {
    difference: SignedDuration,
    at: Instant,
    /// What our clock showed then.
    shown: Timestamp,
}

impl Measured {
    /// The difference as it is now: if our clock was set since, by that much more or
    /// less. So a step of our clock is known before any server is asked again.
    fn by_now(&self, shown: Timestamp) -> SignedDuration {
        let elapsed = SignedDuration::try_from(self.at.elapsed()).unwrap_or_default();
        let stepped = shown.duration_since(self.shown).saturating_sub(elapsed);
        match stepped.abs() > STEP {
            true => self.difference.saturating_sub(stepped),
            false => self.difference,
        }
    }
}

impl SkewWatch {
    /// A watch before `next`.
    #[must_use]
    pub fn new(next: Arc<dyn Observer>, clock: Arc<dyn Clock>) -> Self {
        Self {
            next,
            clock,
            hosts: Mutex::default(),
        }
    }

    /// What the hosts that answered lately say of our clock. `None` if no host did.
    #[must_use]
    pub fn verdict(&self) -> Option<Verdict> {
        let hosts = self.hosts.lock();
        let shown = self.clock.now();
        let recent = hosts.iter().filter(|(_, m)| m.at.elapsed() <= COUNTS);
        judge(recent.map(|((target, _), measured)| (*target, measured.by_now(shown))))
    }
}

/// What servers say of our clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// How far the right time is ahead of our clock.
    pub skew: SignedDuration,
    /// Whether Vault says the same.
    pub vault_agrees: bool,
}

/// Judges our clock by how far the clock of each host is ahead of it.
pub fn judge(measured: impl Iterator<Item = (Target, SignedDuration)>) -> Option<Verdict> {
    let mut all: Vec<_> = measured.collect();
    all.sort_by_key(|(_, difference)| *difference);
    let middle = all.len() / 2;
    let (_, upper) = *all.get(middle)?;
    let (_, lower) = *all.get(middle.saturating_sub(1))?;
    let vault = all.iter().find(|(target, _)| *target == Target::Vault);
    let vault = vault.map(|(_, difference)| *difference);
    let smaller = std::cmp::min_by_key(lower, upper, |difference| difference.abs());
    let skew = match all.len() % 2 {
        1 => upper,
        _ => vault.map_or(smaller, |vault| vault.clamp(lower, upper)),
    };
    let says_the_same = |vault: SignedDuration| (vault - skew).abs() <= SAME;
    Some(Verdict {
        skew,
        vault_agrees: vault.is_some_and(says_the_same),
    })
}

impl Observer for SkewWatch {
    fn right_time(&self, shown: Timestamp) -> Timestamp {
        let verdict = self.verdict().filter(|verdict| verdict.vault_agrees);
        let ahead = verdict.map_or(SignedDuration::ZERO, |verdict| verdict.skew);
        match ahead.abs() > UNUSABLE {
            true => shown.checked_add(ahead).unwrap_or(shown),
            false => shown,
        }
    }

    fn request(&self, target: Target, operation: &'static str, code: &str, seconds: f64) {
        self.next.request(target, operation, code, seconds);
    }

    fn throttled(&self, target: Target) {
        self.next.throttled(target);
    }

    fn clock_skew(&self, target: Target, host: &str, seconds: f64) {
        // Who receives messages or traces has no say in the time by which tokens are
        // retired.
        if matches!(target, Target::Notify | Target::Traces) {
            return;
        }
        self.next.clock_skew(target, host, seconds);
        let Ok(difference) = SignedDuration::try_from_secs_f64(seconds) else {
            return;
        };
        let measured = Measured {
            difference,
            at: Instant::now(),
            shown: self.clock.now(),
        };
        let mut hosts = self.hosts.lock();
        if hosts.len() >= HOSTS {
            hosts.retain(|_, known| known.at.elapsed() <= COUNTS);
        }
        let key = (target, host.to_owned());
        if hosts.len() < HOSTS || hosts.contains_key(&key) {
            hosts.insert(key, measured);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;
    use crate::http::client::NoObserver;
    use Target::{Idp, Sp, Vault};

    fn watch_by(clock: Arc<dyn Clock>) -> SkewWatch {
        SkewWatch::new(Arc::new(NoObserver), clock)
    }

    /// A clock that shows what it is set to.
    struct SetClock(Mutex<Timestamp>);

    #[async_trait::async_trait]
    impl Clock for SetClock {
        fn now(&self) -> Timestamp {
            *self.0.lock()
        }

        async fn sleep(&self, _duration: SignedDuration) {}
    }

    #[tokio::test(start_paused = true)]
    async fn a_step_of_our_clock_is_known_before_a_server_is_asked_again() {
        let clock = Arc::new(SetClock(Mutex::new(Timestamp::UNIX_EPOCH)));
        let watch = watch_by(Arc::clone(&clock) as _);
        let set = |seconds| {
            *clock.0.lock() = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds);
        };
        let skew = || watch.verdict().map(|verdict| verdict.skew.as_secs());
        watch.clock_skew(Vault, "v", 1.0);
        tokio::time::advance(Duration::from_mins(1)).await;
        set(60);
        assert_eq!(skew(), Some(1), "time has passed");
        set(60 + 3600);
        assert_eq!(skew(), Some(1 - 3600), "our clock was set forward");
        watch.clock_skew(Sp, "s", -3599.0);
        assert_eq!(skew(), Some(-3599), "and another host agrees");
        set(60);
        assert_eq!(skew(), Some(1), "it was set back again");
    }

    /// What the watch says after these measurements, in seconds.
    fn said(measured: &[(Target, &str, f64)]) -> i64 {
        let watch = watch_by(Arc::new(SystemClock));
        for (target, host, seconds) in measured {
            watch.clock_skew(*target, host, *seconds);
        }
        let verdict = watch.verdict();
        assert_eq!(verdict.is_some(), !measured.is_empty());
        verdict.map_or(0, |verdict| verdict.skew.as_secs())
    }

    #[test]
    fn vault_and_most_hosts_judge_our_clock() {
        const YEAR: f64 = 365.0 * 86_400.0;
        type Measured<'m> = &'m [(Target, &'m str, f64)];
        let rows: [(&str, Measured<'_>, i64); 11] = [
            ("nothing is known", &[], 0),
            ("Vault alone", &[(Vault, "v", -90.0)], -90),
            (
                "one identity provider",
                &[(Vault, "v", 1.0), (Idp, "i", 3600.0)],
                1,
            ),
            (
                "a service provider",
                &[(Vault, "v", 0.0), (Sp, "s", -3600.0)],
                0,
            ),
            (
                "one of three",
                &[(Vault, "v", 0.0), (Sp, "s", 2.0), (Idp, "i", YEAR)],
                2,
            ),
            (
                "Vault's clock, not ours",
                &[(Vault, "v", 3600.0), (Sp, "s", 1.0), (Idp, "i", 0.0)],
                1,
            ),
            (
                "ours: Vault runs on the same machine",
                &[(Vault, "v", 0.0), (Sp, "s", 3600.0), (Idp, "i", 3601.0)],
                3600,
            ),
            (
                "ours: everybody says so",
                &[(Vault, "v", -YEAR), (Sp, "s", -YEAR), (Idp, "i", -YEAR)],
                -365 * 86_400,
            ),
            (
                "the last answer of each host counts",
                &[(Vault, "v", 3600.0), (Vault, "v", 1.0)],
                1,
            ),
            (
                "two hosts of one kind count as two",
                &[(Vault, "v", 0.0), (Idp, "i", 900.0), (Idp, "j", 900.0)],
                900,
            ),
            (
                "wrong in both directions",
                &[(Vault, "v", 0.0), (Idp, "i", 900.0), (Idp, "j", -900.0)],
                0,
            ),
        ];
        for (what, measured, expected) in rows {
            assert_eq!(said(measured), expected, "{what}");
        }
    }

    #[test]
    fn a_clock_far_from_right_is_replaced_by_the_servers_time() {
        const YEAR: f64 = 365.0 * 86_400.0;
        let by = |vault: f64, sp: f64| {
            let watch = watch_by(Arc::new(SystemClock));
            watch.clock_skew(Vault, "v", vault);
            watch.clock_skew(Sp, "s", sp);
            let shown = Timestamp::UNIX_EPOCH;
            watch.right_time(shown).duration_since(shown).as_secs_f64()
        };
        assert!((by(-YEAR, -YEAR) + YEAR).abs() < 1.0);
        assert!(by(-YEAR, 0.0).abs() > 0.0, "Vault decides between two");
        let kept = [by(600.0, 600.0), by(0.0, YEAR), by(0.0, -YEAR)];
        assert!(kept.iter().all(|by| by.abs() < 1.0), "{kept:?}");
    }

    #[test]
    fn vault_is_asked_whether_it_says_the_same() {
        let agrees = |vault: f64, others: f64| {
            let watch = watch_by(Arc::new(SystemClock));
            watch.clock_skew(Vault, "v", vault);
            watch.clock_skew(Sp, "s", others);
            watch.clock_skew(Idp, "i", others);
            watch.verdict().expect("measured").vault_agrees
        };
        assert!(agrees(7200.0, 7201.0));
        assert!(
            !agrees(0.0, 7200.0),
            "it runs on our machine, or they are wrong"
        );
        assert!(!agrees(7200.0, -7200.0));
    }

    #[test]
    fn what_is_no_number_is_no_measurement() {
        assert_eq!(said(&[(Vault, "v", 2.0), (Idp, "i", f64::INFINITY)]), 2);
        let watch = watch_by(Arc::new(SystemClock));
        watch.clock_skew(Idp, "i", f64::NAN);
        assert_eq!(watch.verdict(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn old_measurements_do_not_count() {
        let clock = Arc::new(SetClock(Mutex::new(Timestamp::UNIX_EPOCH)));
        let watch = watch_by(Arc::clone(&clock) as _);
        watch.clock_skew(Sp, "s", 3600.0);
        watch.clock_skew(Idp, "i", 3600.0);
        tokio::time::advance(COUNTS).await;
        *clock.0.lock() = Timestamp::UNIX_EPOCH + COUNTS;
        watch.clock_skew(Vault, "v", 0.0);
        assert_eq!(watch.verdict().map(|v| v.skew.as_secs()), Some(3600));
        tokio::time::advance(Duration::from_secs(1)).await;
        let now = watch.verdict().map(|verdict| verdict.skew);
        assert_eq!(now, Some(SignedDuration::ZERO), "it was set right");
    }
}

//! One scenario as it is played.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use scim_rotator::rotation::policy::Policy;
use scim_rotator::rotation::record::{HeldToken, Record, Request, Trigger, Wish};
use scim_rotator::secret::BearerToken;

use crate::case::print;
use crate::cluster::Cluster;
use crate::fault::{Cue, Trouble};
use crate::happy::{TOKEN, due, empty};
use crate::profile::{Profile, strategies, variants};
use crate::rest::patience;
use crate::tenant::Tenant;
use crate::world::World;

pub(crate) const MINUTE: SignedDuration = SignedDuration::from_mins(1);
pub(crate) const HOUR: SignedDuration = SignedDuration::from_hours(1);
pub(crate) const DAY: SignedDuration = SignedDuration::from_hours(24);

/// The profile whose name begins like this.
pub(crate) fn profile(name: &str) -> Arc<Profile> {
    let known = strategies().into_iter().chain(variants());
    let found = known.into_iter().find(|p| p.name.starts_with(name));
    found.unwrap_or_else(|| panic!("no profile begins with `{name}`"))
}

/// The same profile, changed.
pub(crate) fn changed(name: &str, change: impl FnOnce(&mut Profile)) -> Arc<Profile> {
    let mut profile = profile(name).as_ref().clone();
    change(&mut profile);
    Arc::new(profile)
}

/// The same profile under other rules of our own.
pub(crate) fn ruled(name: &str, change: impl FnOnce(&mut Policy)) -> Arc<Profile> {
    changed(name, |profile| change(&mut profile.policy))
}

/// A world and the process in it. Every invariant is checked after every call.
pub(crate) struct Play {
    cluster: Cluster,
}

impl Play {
    /// A token that is due for renewal at this moment.
    pub(crate) fn due(profile: &Arc<Profile>) -> Self {
        let mut world = due(profile);
        world.log = Some(Vec::new());
        Self::of(world)
    }

    /// The same, with so many replicas that wake at the same moments.
    pub(crate) fn due_at_replicas(profile: &Arc<Profile>, replicas: usize) -> Self {
        let mut world = due(profile);
        world.log = Some(Vec::new());
        Self {
            cluster: Cluster::start(world, replicas, true),
        }
    }

    /// A token of which nothing is known yet.
    pub(crate) fn first(profile: &Arc<Profile>) -> Self {
        let mut world = empty(profile);
        world.log = Some(Vec::new());
        Self::of(world)
    }

    fn of(world: World) -> Self {
        Self {
            cluster: Cluster::start(world, 1, true),
        }
    }

    /// The next request of this kind meets this trouble.
    pub(crate) fn on(self, word: &'static str, trouble: Trouble) -> Self {
        self.after(0, word, trouble)
    }

    /// The request of this kind that comes after so many others of it.
    pub(crate) fn after(self, skip: usize, word: &'static str, trouble: Trouble) -> Self {
        let cue = Cue {
            word,
            skip,
            trouble,
        };
        self.cluster.sim.lock().cues.push(cue);
        self
    }

    /// Looks at the token's world, or changes it.
    pub(crate) fn tenant<T>(&self, look: impl FnOnce(&mut Tenant) -> T) -> T {
        let mut world = self.cluster.sim.lock();
        look(world.tenants.get_mut(TOKEN).expect("the token"))
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.cluster.sim.lock().now
    }

    /// Works until this holds; at most until the longest-lived token is dead.
    pub(crate) fn until(&mut self, what: &str, wanted: impl Fn(&Tenant) -> bool) {
        let until = {
            let world = self.cluster.sim.lock();
            world.after(patience(&world.tenants[TOKEN]))
        };
        let missing = self.cluster.run(until, |world| {
            (!wanted(&world.tenants[TOKEN])).then(|| what.to_owned())
        });
        self.must_hold();
        if let Some(missing) = missing {
            self.fail(&format!("in vain waited for: {missing}"));
        }
    }

    /// Works for this long.
    pub(crate) fn pass(&mut self, time: SignedDuration) {
        let until = self.cluster.sim.lock().after(time);
        let _still = self.cluster.run(until, |_| Some(String::new()));
        self.cluster.sim.lock().advance(until);
        self.must_hold();
    }

    /// Works until all is at rest with this generation; returns the record.
    pub(crate) fn rest(&mut self, generation: u64) -> Record {
        let until = {
            let world = self.cluster.sim.lock();
            world.after(patience(&world.tenants[TOKEN]))
        };
        let missing = self.cluster.run(until, |world| {
            let missing = world.tenants[TOKEN].unrest(world.now, generation);
            missing.or_else(|| world.disturbed())
        });
        self.must_hold();
        if let Some(missing) = missing {
            self.fail(&missing);
        }
        let now = self.now();
        if let Err(broken) = self.tenant(|tenant| tenant.check_orphans(now)) {
            self.fail(&broken);
        }
        let record = self.record();
        assert_eq!(record.generation, generation);
        record
    }

    /// The process dies now, and another is started.
    pub(crate) fn restart(&mut self) {
        self.cluster.restart();
    }

    /// Nothing runs for this long: the machine is suspended.
    pub(crate) fn sleeps(&mut self, time: SignedDuration) {
        let mut world = self.cluster.sim.lock();
        let until = world.after(time);
        world.advance(until);
    }

    /// Somebody else has a token made at the issuer; returns its id.
    pub(crate) fn foreign_token(&self) -> String {
        let now = self.now();
        self.tenant(|tenant| tenant.provider.issue_by_hand(true, now).id)
    }

    /// Somebody else revokes a token at the issuer.
    pub(crate) fn revoked_outside(&self, id: &str) {
        let now = self.now();
        self.tenant(|tenant| {
            tenant.provider.end_by_hand(id, now);
            tenant.note_cut_from_outside();
        });
    }

    /// The configuration names another issuer for the token, and is read again.
    pub(crate) fn has_another_issuer(&self) {
        let mut world = self.cluster.sim.lock();
        world.configure(TOKEN, |tenant| tenant.issuer_name = "another");
    }

    /// A connection is taken out of the configuration.
    pub(crate) fn leaves(&self, connection: usize) {
        let mut world = self.cluster.sim.lock();
        world.configure(TOKEN, |tenant| {
            tenant.detached.insert(connection);
        });
    }

    /// It is configured again.
    pub(crate) fn comes_back(&self, connection: usize) {
        let mut world = self.cluster.sim.lock();
        world.configure(TOKEN, |tenant| tenant.attach(connection));
    }

    /// A person asks for a rotation.
    pub(crate) fn asks(&self, trigger: Trigger) {
        let at = self.now();
        self.tenant(|tenant| {
            tenant.request(Request {
                by: None,
                reason: String::new(),
                trigger,
                at,
                override_guards: false,
                supplied: false,
            });
        });
    }

    pub(crate) fn record(&self) -> Record {
        let record = self.tenant(|tenant| tenant.record.clone());
        Arc::unwrap_or_clone(record.expect("a record"))
    }

    /// The token in use.
    pub(crate) fn current(&self) -> HeldToken {
        self.record().current.expect("a current token")
    }

    /// Ids of the tokens that live, oldest first.
    pub(crate) fn live(&self) -> Vec<String> {
        let now = self.now();
        self.tenant(|tenant| tenant.provider.live(now).map(|t| t.id.clone()).collect())
    }

    /// How many tokens were ever made.
    pub(crate) fn made(&self) -> usize {
        self.tenant(|tenant| tenant.provider.tokens.len())
    }

    pub(crate) fn accepts(&self, value: &BearerToken) -> bool {
        let now = self.now();
        self.tenant(|tenant| tenant.provider.accepts(value, now))
    }

    /// Whether every connection holds this token.
    pub(crate) fn all_hold(&self, token: &HeldToken) -> bool {
        self.tenant(|tenant| {
            tenant
                .held
                .iter()
                .all(|held| held.as_ref() == Some(&token.value))
        })
    }

    /// How many requests began with these words.
    pub(crate) fn count(&self, words: &str) -> usize {
        self.times(words).len()
    }

    /// When they were sent.
    pub(crate) fn times(&self, words: &str) -> Vec<Timestamp> {
        let world = self.cluster.sim.lock();
        let log = world.log.iter().flatten();
        let sent = log.filter(|e| e.call.is_some() && e.what.starts_with(words));
        sent.map(|event| event.at).collect()
    }

    /// Whether check-and-set refused a write of this process.
    pub(crate) fn was_refused_a_write(&self, process: &str) -> bool {
        let world = self.cluster.sim.lock();
        let mut log = world.log.iter().flatten();
        log.any(|event| event.who == process && event.what == "conflict")
    }

    /// What the witness of this process was told that begins with these words,
    /// and when.
    pub(crate) fn told(&self, process: &str, words: &str) -> Vec<(Timestamp, String)> {
        let world = self.cluster.sim.lock();
        let log = world.log.iter().flatten();
        let told = log.filter(|e| e.call.is_none() && e.who == process);
        told.filter(|event| event.what.starts_with(words))
            .map(|event| (event.at, event.what.clone()))
            .collect()
    }

    /// What a person reads of the last failure.
    pub(crate) fn last_failure(&self) -> String {
        let last = self.record().failures.last;
        last.map(|failure| failure.message).unwrap_or_default()
    }

    /// Why the token waits, in the word that logs and `status` show.
    pub(crate) fn reason(&self) -> String {
        let world = self.cluster.sim.lock();
        let mut log = world.log.iter().flatten().rev();
        let wait = log.find(|event| event.what.starts_with("waits until"));
        let reason = wait.and_then(|event| event.what.rsplit(": ").next());
        reason.unwrap_or_default().to_owned()
    }

    /// Changes the world itself.
    pub(crate) fn world(&self, change: impl FnOnce(&mut crate::world::World)) {
        change(&mut self.cluster.sim.lock());
    }

    /// Sets the clock of the first machine forward or back, for ever.
    pub(crate) fn set_clock(&self, change: SignedDuration) {
        self.set_clock_of(0, change);
    }

    pub(crate) fn set_clock_of(&self, machine: usize, change: SignedDuration) {
        self.cluster.sim.lock().set_clock(machine, change);
    }

    /// A person writes a request for a rotation, and all replicas hear the bell.
    pub(crate) fn writes_a_request(&self) {
        let mut world = self.cluster.sim.lock();
        let request = world.wish(Wish::Rotate);
        world.ask(TOKEN, request, true);
    }

    fn must_hold(&self) {
        let violation = self.cluster.sim.lock().violation.clone();
        if let Some(violation) = violation {
            self.fail(&violation);
        }
    }

    fn fail(&self, why: &str) -> ! {
        print(self.cluster.sim.lock().log.as_deref().unwrap_or_default());
        panic!("{why}");
    }
}

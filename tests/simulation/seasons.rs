//! Long runs: months in which storms of random troubles and people's acts take
//! turns with calm times, in which all must come to rest.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use scim_rotator::rotation::capability::Overlap;

use crate::case::print;
use crate::chaos::Chaos;
use crate::cluster::Cluster;
use crate::dice::Dice;
use crate::rest::patience;
use crate::shrink::shortest;
use crate::story::{Storm, Story, profile};
use crate::tenant::Tenant;
use crate::world::{Coming, Event, World};

/// What came of a long run.
pub(crate) struct Told {
    pub(crate) violation: Option<String>,
    /// The story with everything that went wrong in it.
    pub(crate) story: Story,
    /// Port calls and acts.
    pub(crate) events: usize,
    /// Virtual time.
    pub(crate) lasted: SignedDuration,
    /// How many tokens have become current.
    pub(crate) promotions: u64,
    pub(crate) log: Vec<Event>,
}

/// Plays a story. With dice, they decide what goes wrong; without, it is what
/// the story says.
pub(crate) fn play(story: &Story, dice: Option<Dice>, logged: bool) -> Told {
    let mut world = beginning(story);
    world.log = logged.then(Vec::new);
    world.chaos = Some(match dice {
        Some(dice) => Chaos::drawn(dice),
        None => Chaos::again(&story.troubles),
    });
    let began = world.now;
    let search = logged || story.seed.is_multiple_of(CLOSE);
    let mut cluster = Cluster::start(world, story.replicas, search);
    let first = calm(&mut cluster);
    let mut done = first.is_err();
    for storm in &story.storms {
        if !done {
            rage(&mut cluster, storm);
            done = calm(&mut cluster).is_err();
        }
    }
    let mut world = cluster.sim.lock();
    let troubles = world.chaos.take().map(|chaos| chaos.troubles);
    Told {
        violation: world.violation.take(),
        story: Story {
            troubles: troubles.unwrap_or_default(),
            ..story.clone()
        },
        events: world.events,
        lasted: world.now.duration_since(began),
        promotions: promotions(&world),
        log: world.log.take().unwrap_or_default(),
    }
}

fn promotions(world: &World) -> u64 {
    let records = world.tenants.values().filter_map(|t| t.record.as_deref());
    records.map(|record| record.generation).sum()
}

fn beginning(story: &Story) -> World {
    let begin: Timestamp = "2026-03-02T08:00:00Z".parse().expect("a time");
    let mut world = World::new(begin);
    for (name, profile_name) in &story.tokens {
        let profile = profile(profile_name);
        world
            .tenants
            .insert(name.as_str().into(), Tenant::new(&profile));
        if profile.is_by_hand() {
            world.set_up_by_hand(name);
        }
        if let Some(tenant) = world.tenants.get_mut(name.as_str()) {
            tenant.make_foreign(begin);
            if matches!(profile.issuer.can.overlap, Overlap::TwoPhase { .. }) {
                drop(tenant.provider.issue_by_hand(false, begin));
            }
        }
    }
    world
}

/// Lets a storm pass.
fn rage(cluster: &mut Cluster, storm: &Storm) {
    let until = {
        let mut world = cluster.sim.lock();
        for tenant in world.tenants.values_mut() {
            tenant.in_storm = true;
        }
        for timed in &storm.acts {
            let at = world.after(SignedDuration::from_mins(timed.at));
            world.coming.push((at, Coming::Act(timed.act.clone())));
        }
        if let Some(chaos) = &mut world.chaos {
            chaos.per_mille = storm.per_mille;
        }
        world.after(SignedDuration::from_hours(storm.hours))
    };
    drop(cluster.run(until, |_| Some("the storm lasts".to_owned())));
    let mut world = cluster.sim.lock();
    world.advance(until);
    if let Some(chaos) = &mut world.chaos {
        chaos.per_mille = 0;
    }
    world.calm_down();
}

/// I4 and I3: without troubles, every token comes to rest in bounded time.
fn calm(cluster: &mut Cluster) -> Result<(), ()> {
    let until = {
        let world = cluster.sim.lock();
        let longest = world.tenants.values().map(patience).max();
        world.after(longest.unwrap_or_default())
    };
    let mut open: BTreeSet<_> = cluster.sim.lock().tenants.keys().cloned().collect();
    while let Some(missing) = open.first().cloned() {
        // The next of them that comes to rest.
        let mut rested = None;
        let late = cluster.run(until, |world| {
            if world.disturbed().is_some() {
                return world.disturbed();
            }
            let why = |name: &Arc<str>| world.tenants[name].restless(world.now);
            rested = open.iter().find(|name| why(name).is_none()).cloned();
            let words = || why(&missing).unwrap_or_default();
            rested.is_none().then(|| format!("{missing}: {}", words()))
        });
        let mut world = cluster.sim.lock();
        if let Some(missing) = late {
            world.violate(format!("I4: once the troubles were over, {missing}"));
        }
        if let Some(name) = &rested {
            world.rest(name);
            open.remove(name);
        }
        if world.violation.is_some() {
            return Err(());
        }
    }
    Ok(())
}

impl Tenant {
    /// Why it is not at rest, or not fresh.
    fn restless(&self, now: Timestamp) -> Option<String> {
        self.unrest(now, 1).or_else(|| self.is_stale(now))
    }
}

impl World {
    /// A token has come to rest.
    fn rest(&mut self, name: &Arc<str>) {
        let now = self.now;
        let Some(tenant) = self.tenants.get_mut(name) else {
            return;
        };
        tenant.in_storm = false;
        if let Err(broken) = tenant.check_rest(now) {
            self.violate(format!("{broken} ({name})"));
        }
    }
}

/// One of so many stories is searched for tokens that could be printed (I6).
const CLOSE: u64 = 20;

/// How much `cargo test` does; `tests/run` asks for more.
const EVENTS: usize = 20_000;
const SEED: u64 = 20_260_302;

/// Says something that the test harness does not hold back: how much was run.
pub(crate) fn say(text: &str) {
    use std::io::Write;
    let _unheard = writeln!(std::io::stdout(), "{text}").is_err();
}

pub(crate) fn number<T: std::str::FromStr>(name: &str, default: T) -> T {
    #[expect(clippy::disallowed_methods, reason = "how a person asks for more")]
    let given = std::env::var(name);
    match given {
        Ok(text) => text
            .parse()
            .unwrap_or_else(|_| panic!("{name} is not a number: {text}")),
        Err(_) => default,
    }
}

/// What all stories have come to.
#[derive(Default)]
struct Sum {
    stories: usize,
    events: usize,
    troubles: usize,
    days: i64,
    promotions: u64,
    broken: Vec<(Told, u64)>,
}

#[test]
fn random_months() {
    let wanted = number("SCIM_ROTATOR_SIM_EVENTS", EVENTS);
    let first = number("SCIM_ROTATOR_SIM_SEED", SEED);
    say(&format!(
        "random months: seed {first} (SCIM_ROTATOR_SIM_SEED), {wanted} events (SCIM_ROTATOR_SIM_EVENTS)"
    ));
    let (next, sum) = (AtomicUsize::new(0), Mutex::new(Sum::default()));
    let enough = || {
        let sum = sum.lock();
        sum.events >= wanted || !sum.broken.is_empty()
    };
    let work = || {
        while !enough() {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let seed = first.wrapping_add(u64::try_from(number).unwrap_or_default());
            let (story, dice) = Story::of(seed);
            let told = play(&story, Some(dice), false);
            let mut sum = sum.lock();
            sum.stories += 1;
            sum.events += told.events;
            sum.troubles += told.story.size();
            sum.days += told.lasted.as_hours() / 24;
            sum.promotions += told.promotions;
            if told.violation.is_some() {
                sum.broken.push((told, seed));
            }
        }
    };
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(work);
        }
    });
    let mut sum = sum.into_inner();
    say(&format!(
        "random months: {} events, {} of them troubles and acts of people, in {} stories over {} days, with {} promotions",
        sum.events, sum.troubles, sum.stories, sum.days, sum.promotions
    ));
    if let Some((told, seed)) = sum.broken.pop() {
        tell(&told, seed);
    }
}

/// Shows the shortest story that ends in a violation.
fn tell(told: &Told, seed: u64) {
    let found = told.violation.clone().unwrap_or_default();
    println!("seed {seed}: {found}; this story is made shorter now:");
    println!("{}", told.story.json());
    let story = shortest(&told.story, &found);
    let again = play(&story, None, true);
    println!("{}", serde_json::json!({ "story": story }));
    print(&again.log);
    panic!(
        "{}; run it again with SCIM_ROTATOR_SIM_REPLAY='{}' cargo test --test simulation replay -- --nocapture",
        again.violation.unwrap_or(found),
        story.json()
    );
}

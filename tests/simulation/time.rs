//! The fake clock, and the executor that moves it.
//!
//! True time is one for the whole world. Every machine has a wall clock that
//! may be wrong by its own offset; waits follow true time.

use std::collections::BTreeSet;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use parking_lot::{Mutex, MutexGuard};
use scim_rotator::ports::Clock;

use crate::world::World;

/// The world, shared by all ports.
#[derive(Clone)]
pub(crate) struct Sim(Arc<Mutex<World>>);

impl Sim {
    pub(crate) fn new(world: World) -> Self {
        Self(Arc::new(Mutex::new(world)))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, World> {
        self.0.lock()
    }
}

/// The wall clock of one machine.
pub(crate) struct MachineClock {
    pub(crate) sim: Sim,
    pub(crate) machine: usize,
}

#[async_trait]
impl Clock for MachineClock {
    fn now(&self) -> Timestamp {
        self.sim.lock().wall(self.machine)
    }

    async fn sleep(&self, duration: SignedDuration) {
        Sleep::new(&self.sim, duration).await;
    }
}

/// Ready once true time has come that far. Never ready at its first poll, so
/// that a race with an answer that is there at once has one winner.
pub(crate) struct Sleep {
    sim: Sim,
    timer: u64,
    until: Timestamp,
    polled: bool,
}

impl Sleep {
    pub(crate) fn new(sim: &Sim, duration: SignedDuration) -> Self {
        let mut world = sim.lock();
        let until = world.now.checked_add(duration).unwrap_or(Timestamp::MAX);
        let timer = world.timers.insert(until);
        Self {
            sim: sim.clone(),
            timer,
            until,
            polled: false,
        }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<()> {
        let first = !std::mem::replace(&mut self.polled, true);
        let world = self.sim.lock();
        if first || world.timers_held || world.now < self.until {
            return Poll::Pending;
        }
        Poll::Ready(())
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        let (timer, until) = (self.timer, self.until);
        self.sim.lock().timers.remove(timer, until);
    }
}

/// The waits that are under way.
#[derive(Debug, Clone, Default)]
pub(crate) struct Timers {
    next_id: u64,
    waiting: BTreeSet<(Timestamp, u64)>,
}

impl Timers {
    fn insert(&mut self, until: Timestamp) -> u64 {
        self.next_id += 1;
        self.waiting.insert((until, self.next_id));
        self.next_id
    }

    fn remove(&mut self, id: u64, until: Timestamp) {
        self.waiting.remove(&(until, id));
    }

    fn set_aside(&mut self) -> BTreeSet<(Timestamp, u64)> {
        std::mem::take(&mut self.waiting)
    }

    fn put_back(&mut self, waits: BTreeSet<(Timestamp, u64)>) {
        self.waiting.extend(waits);
    }

    fn first(&self) -> Option<Timestamp> {
        self.waiting.first().map(|(at, _)| *at)
    }
}

/// How a piece of work ended.
pub(crate) enum Ran<T> {
    Done(T),
    /// The process died at a port call: its future was dropped there.
    Crashed,
    /// An invariant was violated; the world says which.
    Broken,
}

/// Runs a future to its end, moving time whenever it waits. `paused` is called
/// when the process is stopped in the middle of a port call; what happens
/// meanwhile is up to it.
pub(crate) fn drive<T>(
    sim: &Sim,
    work: impl Future<Output = T>,
    paused: &mut dyn FnMut(),
) -> Ran<T> {
    let mut work = pin!(work);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(done) = work.as_mut().poll(&mut context) {
            return match sim.lock().violation {
                None => Ran::Done(done),
                Some(_) => Ran::Broken,
            };
        }
        let mut world = sim.lock();
        if world.violation.is_some() {
            return Ran::Broken;
        }
        if std::mem::take(&mut world.crashed) {
            return Ran::Crashed;
        }
        if world.pausing {
            // Its own waits are nothing to the others.
            let waits = world.timers.set_aside();
            drop(world);
            paused();
            let mut world = sim.lock();
            world.timers.put_back(waits);
            world.pausing = false;
            world.timers_held = true;
            continue;
        }
        world.timers_held = false;
        match world.timers.first() {
            Some(at) => {
                let at = at.max(world.now);
                world.advance(at);
            }
            None => world.violate("a future waits for nothing"),
        }
    }
}

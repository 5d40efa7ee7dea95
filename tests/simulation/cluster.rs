//! Replicas, their restarts, and time passing between their wakes.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use scim_rotator::driver::memory::Memory;
use scim_rotator::driver::run::Runner;
use scim_rotator::driver::unit::{Labels, Unit};
use scim_rotator::ports::Connection;
use tokio_util::sync::CancellationToken;

use crate::gate::Gate;
use crate::ports::{SimConnection, SimIssuer, SimStore};
use crate::probe::SimProbe;
use crate::request::Process;
use crate::time::{MachineClock, Ran, Sim, drive};
use crate::witness::Watch;
use crate::world::World;

/// One or two machines, each with one process, and the world.
pub(crate) struct Cluster {
    pub(crate) sim: Sim,
    machines: [Machine; 2],
    processes: usize,
    /// Whether I6 is checked, which takes time.
    search: bool,
}

enum Machine {
    Off,
    /// Its process died; a new one starts at this time.
    Down(Timestamp),
    Up(Replica),
}

/// One running process.
struct Replica {
    runner: Runner,
    tokens: BTreeMap<Arc<str>, Charge>,
}

/// One token in a process.
struct Charge {
    unit: Arc<Unit>,
    /// It is read from Vault at least this often.
    sweep: SignedDuration,
    memory: Memory,
    /// By the wall clock of the machine.
    wake_at: Timestamp,
    /// True time of the last read from Vault.
    read_at: Timestamp,
}

/// No run comes near this number.
const MOST_WAKES: usize = 5000;
const RESTART: SignedDuration = SignedDuration::from_secs(10);
/// How long the replica that takes over works before the other goes on.
const TAKEN_FOR: SignedDuration = SignedDuration::from_mins(10);

impl Cluster {
    /// A cluster in which the first machine starts now.
    pub(crate) fn start(world: World, search: bool) -> Self {
        let now = world.now;
        Self {
            sim: Sim::new(world),
            machines: [Machine::Down(now), Machine::Off],
            processes: 0,
            search,
        }
    }

    /// The process on the first machine dies now, and is started again.
    pub(crate) fn restart(&mut self) {
        self.machines[0] = Machine::Down(self.sim.lock().after(RESTART));
    }

    /// Works until `enough` says so, a violation is found, or time is up.
    /// Returns what `enough` still missed, if time was up.
    pub(crate) fn run(
        &mut self,
        until: Timestamp,
        mut enough: impl FnMut(&World) -> Option<String>,
    ) -> Option<String> {
        loop {
            let missing = {
                let world = self.sim.lock();
                if world.violation.is_some() {
                    return None;
                }
                enough(&world)?
            };
            let Some((at, machine, token)) = self.next().filter(|(at, ..)| *at <= until) else {
                return Some(missing);
            };
            let mut world = self.sim.lock();
            // What comes by itself may set a clock: then another wake is next.
            if let Some(coming) = world.next_coming().filter(|next| *next < at) {
                world.advance(coming);
                continue;
            }
            world.advance(at);
            world.wakes += 1;
            if world.wakes > MOST_WAKES {
                world.violate("I8: the driver wakes without end");
            }
            drop(world);
            self.turn(machine, token.as_ref());
        }
    }

    /// The next wake: when (true time), on which machine, for which token;
    /// without a token a process starts.
    fn next(&self) -> Option<(Timestamp, usize, Option<Arc<str>>)> {
        let world = self.sim.lock();
        let mut all = Vec::new();
        for (index, machine) in self.machines.iter().enumerate() {
            match machine {
                Machine::Off => {}
                Machine::Down(at) => all.push((*at, index, None)),
                Machine::Up(replica) => all.extend(replica.tokens.iter().map(|(name, charge)| {
                    let by_clock = charge.wake_at.checked_sub(world.offsets[index]);
                    let by_sweep = charge.read_at.checked_add(charge.sweep);
                    let at = by_clock
                        .unwrap_or(Timestamp::MAX)
                        .min(by_sweep.unwrap_or(Timestamp::MAX));
                    (at, index, Some(Arc::clone(name)))
                })),
            }
        }
        all.into_iter().min()
    }

    fn turn(&mut self, machine: usize, token: Option<&Arc<str>>) {
        match token {
            None => {
                let replica = self.new_replica(machine);
                self.machines[machine] = Machine::Up(replica);
            }
            Some(token) => {
                let mut other = std::mem::replace(&mut self.machines[1 - machine], Machine::Off);
                if let Machine::Up(mut replica) =
                    std::mem::replace(&mut self.machines[machine], Machine::Off)
                {
                    let paused = &mut |cluster: &mut Self| {
                        cluster.take_over(&mut other, 1 - machine, token);
                    };
                    self.machines[machine] = if self.wake(&mut replica, token, paused) {
                        Machine::Up(replica)
                    } else {
                        Machine::Down(self.sim.lock().after(RESTART))
                    };
                }
                self.machines[1 - machine] = other;
            }
        }
    }

    /// Wakes a token once. Returns whether the process lives on.
    fn wake(
        &mut self,
        replica: &mut Replica,
        token: &Arc<str>,
        paused: &mut dyn FnMut(&mut Self),
    ) -> bool {
        let Some(charge) = replica.tokens.get_mut(token) else {
            return true;
        };
        let now = self.sim.lock().now;
        if charge.memory.record().is_none() || now.duration_since(charge.read_at) >= charge.sweep {
            charge.memory.reload();
            charge.read_at = now;
        }
        let sim = self.sim.clone();
        let work = replica.runner.wake(&charge.unit, &mut charge.memory);
        match drive(&sim, work, &mut || paused(self)) {
            Ran::Done(rest) => {
                charge.wake_at = rest.wake_at().unwrap_or(Timestamp::MAX);
                true
            }
            Ran::Crashed => false,
            Ran::Broken => true,
        }
    }

    /// The other machine's process takes the token over while this one stands
    /// still, and works on it for a while.
    fn take_over(&mut self, other: &mut Machine, machine: usize, token: &Arc<str>) {
        let until = {
            let mut world = self.sim.lock();
            world.may_pause = false;
            let free_at = world.lease_ends(token, machine).max(world.now);
            world.advance(free_at + SignedDuration::from_secs(1));
            world.after(TAKEN_FOR)
        };
        if !matches!(other, Machine::Up(_)) {
            *other = Machine::Up(self.new_replica(machine));
        }
        while let Machine::Up(replica) = other {
            let lives = self.wake(replica, token, &mut |_| {});
            let wake_at = replica.tokens.get(token).map(|c| c.wake_at);
            let mut world = self.sim.lock();
            if !lives {
                *other = Machine::Down(world.after(RESTART));
                break;
            }
            let at = wake_at.and_then(|at| at.checked_sub(world.offsets[machine]).ok());
            match at.filter(|at| *at < until && world.violation.is_none()) {
                Some(at) => {
                    let at = at.max(world.now);
                    world.advance(at);
                }
                None => break,
            }
        }
        self.sim.lock().may_pause = true;
    }

    fn new_replica(&mut self, machine: usize) -> Replica {
        self.processes += 1;
        let process = Process {
            id: self.processes,
            machine,
        };
        let holder: Arc<str> = format!("holder-{}", process.id).into();
        let sim = self.sim.clone();
        let runner = Runner {
            store: Arc::new(SimStore {
                sim: sim.clone(),
                process,
                holder: Arc::clone(&holder),
                remembered: std::sync::Mutex::default(),
            }),
            clock: Arc::new(MachineClock {
                sim: sim.clone(),
                machine,
            }),
            witness: Arc::new(Watch {
                sim: sim.clone(),
                process,
                search: self.search,
            }),
            holder: holder.as_ref().to_owned(),
            clock_skew: Arc::new(move || sim.lock().offsets[machine]),
            all_paused: Arc::new(|| false),
            cancel: CancellationToken::new(),
        };
        let now = self.sim.lock().now;
        let wall = self.sim.lock().wall(machine);
        let known: Vec<_> = {
            let world = self.sim.lock();
            let tenants = world.tenants.iter();
            tenants
                .map(|(name, t)| (Arc::clone(name), t.profile.sweep))
                .collect()
        };
        let tokens = known.into_iter().map(|(name, sweep)| {
            let charge = Charge {
                unit: Arc::new(self.unit(&name, process)),
                sweep,
                memory: Memory::default(),
                wake_at: wall,
                read_at: now,
            };
            (name, charge)
        });
        Replica {
            tokens: tokens.collect(),
            runner,
        }
    }

    fn unit(&self, name: &Arc<str>, process: Process) -> Unit {
        let gate = Gate {
            sim: self.sim.clone(),
            process,
            token: Arc::clone(name),
        };
        let profile = Arc::clone(&self.sim.lock().tenants[name].profile);
        let connections = profile.connections.iter().enumerate();
        Unit {
            name: name.as_ref().to_owned(),
            policy: profile.policy.clone(),
            scim_url: "https://sp.example.com/scim/v2".parse().expect("a URL"),
            issuer: Arc::new(SimIssuer {
                gate: gate.clone(),
                can: profile.issuer.can,
            }),
            connections: connections
                .map(|(index, (name, can))| {
                    let connection: Arc<dyn Connection> = Arc::new(SimConnection {
                        gate: gate.clone(),
                        index,
                        can: *can,
                    });
                    (name.clone(), connection)
                })
                .collect(),
            probe: Arc::new(SimProbe { gate }),
            labels: Labels::default(),
            leaving: false,
        }
    }
}

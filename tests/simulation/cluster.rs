//! Replicas, their restarts, and time passing between their wakes.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use scim_rotator::driver::inbox::Inbox;
use scim_rotator::driver::memory::Memory;
use scim_rotator::driver::rehearse::{NotRehearsed, Row};
use scim_rotator::driver::run::Runner;
use scim_rotator::driver::situation::Conditions;
use scim_rotator::ports::Connection;
use scim_rotator::ports::unit::{Labels, Unit};
use scim_rotator::rotation::rehearsal::Accepted;
use scim_rotator::secret::ClientParts;
use tokio_util::sync::CancellationToken;

use crate::acts::Order;
use crate::gate::Gate;
use crate::ports::{SimConnection, SimIssuer, SimStore};
use crate::probe::SimProbe;
use crate::request::Process;
use crate::time::{MachineClock, Ran, Sim, drive};
use crate::witness::Watch;
use crate::world::{MACHINES, World};

/// The machines, each with one process, and the world.
pub(crate) struct Cluster {
    pub(crate) sim: Sim,
    machines: [Machine; MACHINES],
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
    process: Process,
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
    /// It waits for what somebody else writes.
    outdated: bool,
}

const RESTART: SignedDuration = SignedDuration::from_secs(10);
/// How long the replica that takes over works before the other goes on.
const TAKEN_FOR: SignedDuration = SignedDuration::from_mins(10);

impl Cluster {
    /// A cluster in which so many machines start now.
    pub(crate) fn start(world: World, replicas: usize, search: bool) -> Self {
        let now = world.now;
        Self {
            sim: Sim::new(world),
            machines: std::array::from_fn(|machine| match machine < replicas {
                true => Machine::Down(now),
                false => Machine::Off,
            }),
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
            self.obey();
            let missing = {
                let world = self.sim.lock();
                if world.violation.is_some() {
                    return None;
                }
                enough(&world)?
            };
            let next = self.next().filter(|(at, ..)| *at <= until);
            let before = next.as_ref().map_or(until, |(at, ..)| *at);
            let mut world = self.sim.lock();
            // What comes by itself may set a clock, or ring the bell: then another
            // wake is next.
            if let Some(coming) = world.next_coming().filter(|at| *at < before) {
                world.advance(coming);
                continue;
            }
            let Some((at, machine, token)) = next else {
                return Some(missing);
            };
            world.advance(at);
            world.note_busy(0, 1);
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

    /// Does what has become due for the processes.
    fn obey(&mut self) {
        let orders = std::mem::take(&mut self.sim.lock().orders);
        for order in orders {
            match order {
                Order::Reload => self.reload(),
                Order::Kill(machine) => self.stop(machine),
                Order::Terminate(machine) => self.terminate(machine),
                Order::Bell(machine, token) => self.hear(machine, &token),
            }
        }
    }

    /// The process on this machine, if one runs, reads what is asked for this
    /// token, and wakes it.
    fn hear(&mut self, machine: usize, token: &Arc<str>) {
        let world = self.sim.lock();
        if let Machine::Up(replica) = &mut self.machines[machine]
            && let Some(charge) = replica.tokens.get_mut(token)
            && let Some(tenant) = world.tenants.get(token)
        {
            for document in tenant.asked.documents() {
                replica.runner.inbox.put(token, document.clone());
            }
            charge.outdated = true;
            charge.wake_at = world.wall(machine);
        }
    }

    fn stop(&mut self, machine: usize) {
        if let Machine::Up(_) = self.machines[machine] {
            self.machines[machine] = Machine::Down(self.sim.lock().after(RESTART));
        }
    }

    /// The process ends between two steps; every token is handed back.
    fn terminate(&mut self, machine: usize) {
        let Machine::Up(mut replica) = std::mem::replace(&mut self.machines[machine], Machine::Off)
        else {
            return;
        };
        replica.runner.cancel.cancel();
        let names: Vec<_> = replica.tokens.keys().cloned().collect();
        for token in names {
            if let Some(charge) = replica.tokens.get_mut(&token) {
                let (sim, runner) = (self.sim.clone(), replica.runner.clone());
                let work = async { runner.release(&mut charge.memory).await };
                // Dead a little earlier, if it crashes here.
                let _ended = drive(&sim, work, &mut || {});
            }
        }
        self.machines[machine] = Machine::Down(self.sim.lock().after(RESTART));
    }

    /// Every process reads the configuration again; what it remembers of its
    /// tokens stays.
    fn reload(&mut self) {
        let mut machines =
            std::mem::replace(&mut self.machines, std::array::from_fn(|_| Machine::Off));
        for (index, machine) in machines.iter_mut().enumerate() {
            if let Machine::Up(replica) = machine {
                let wall = self.sim.lock().wall(index);
                for (name, charge) in &mut replica.tokens {
                    charge.unit = Arc::new(self.unit(name, replica.process));
                    charge.wake_at = wall;
                }
            }
        }
        self.machines = machines;
    }

    fn turn(&mut self, machine: usize, token: Option<&Arc<str>>) {
        match token {
            None => {
                let replica = self.new_replica(machine);
                self.machines[machine] = Machine::Up(replica);
            }
            Some(token) => {
                let next = (machine + 1) % MACHINES;
                let mut other = std::mem::replace(&mut self.machines[next], Machine::Off);
                if let Machine::Up(mut replica) =
                    std::mem::replace(&mut self.machines[machine], Machine::Off)
                {
                    let paused = &mut |cluster: &mut Self| {
                        cluster.take_over(&mut other, next, token);
                    };
                    self.machines[machine] = if self.wake(&mut replica, token, paused) {
                        Machine::Up(replica)
                    } else {
                        Machine::Down(self.sim.lock().after(RESTART))
                    };
                }
                self.machines[next] = other;
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
        let swept = now.duration_since(charge.read_at) >= charge.sweep;
        if charge.outdated || charge.memory.record().is_none() || swept {
            charge.memory.reload();
            charge.read_at = now;
        }
        let sim = self.sim.clone();
        let work = replica.runner.wake(&charge.unit, &mut charge.memory);
        match drive(&sim, work, &mut || paused(self)) {
            Ran::Done(rest) => {
                charge.wake_at = rest.wake_at().unwrap_or(Timestamp::MAX);
                charge.outdated = rest.waits_for_others();
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

    /// A person rehearses a token in a process of its own. `None`: it died.
    pub(crate) fn rehearse(
        &mut self,
        machine: usize,
        token: &Arc<str>,
        accepted: Accepted,
    ) -> Option<Result<Vec<Row>, NotRehearsed>> {
        let replica = self.new_replica(machine);
        let unit = Arc::clone(&replica.tokens.get(token)?.unit);
        let sim = self.sim.clone();
        let work = replica.runner.rehearse(&unit, accepted);
        let paused = &mut || {
            let next = (machine + 1) % MACHINES;
            let mut other = std::mem::replace(&mut self.machines[next], Machine::Off);
            self.take_over(&mut other, next, token);
            self.machines[next] = other;
        };
        match drive(&sim, work, paused) {
            Ran::Done(done) => Some(done),
            Ran::Crashed | Ran::Broken => None,
        }
    }

    fn new_replica(&mut self, machine: usize) -> Replica {
        self.processes += 1;
        let process = Process {
            id: self.processes,
            machine,
        };
        let holder: Arc<str> = format!("holder-{}", process.id).into();
        let sim = self.sim.clone();
        let switch = self.sim.clone();
        let inbox = Arc::<Inbox>::default();
        for (name, tenant) in &self.sim.lock().tenants {
            for document in tenant.asked.documents() {
                inbox.put(name, document.clone());
            }
        }
        let runner = Runner {
            store: Arc::new(SimStore {
                sim: sim.clone(),
                process,
                holder: Arc::clone(&holder),
                remembered: Mutex::default(),
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
            conditions: Conditions {
                our_clock: Arc::new(move || sim.lock().our_clock(machine)),
                full_cycles: Arc::default(),
                all_paused: Arc::new(move || switch.lock().all_paused),
                audit_fails: Arc::new(|| false),
            },
            inbox: Arc::clone(&inbox),
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
                outdated: false,
            };
            (name, charge)
        });
        Replica {
            process,
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
        let (profile, detached, issuer) = {
            let world = self.sim.lock();
            let tenant = &world.tenants[name];
            let profile = Arc::clone(&tenant.profile);
            (profile, tenant.detached.clone(), tenant.issuer_name)
        };
        let configured = profile.connections.iter().enumerate();
        let connections = configured.filter(|(index, _)| !detached.contains(index));
        Unit {
            name: name.as_ref().to_owned(),
            policy: Arc::new(profile.policy.clone()),
            scim_url: Arc::new("https://sp.example.com/scim/v2".parse().expect("a URL")),
            issuer_name: issuer.to_owned(),
            shares_issuer: false,
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
            client: profile
                .issuer
                .client_secrets
                .then(|| Arc::new(ClientParts::default())),
            probe: Arc::new(SimProbe { gate }),
            labels: Labels::default(),
            leaving: false,
        }
    }
}

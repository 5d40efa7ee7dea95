//! Every port call with every trouble, alone and in pairs.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use crate::case::{Case, Start, run};
use crate::fault::{Script, Trouble};
use crate::profile::{Profile, strategies, variants};
use crate::world::Call;

/// What is enumerated for one profile and beginning.
struct Job {
    profile: Arc<Profile>,
    start: Start,
    troubles: &'static [Trouble],
    pairs: bool,
}

#[derive(Default)]
struct Tally {
    runs: usize,
    /// Not made: another run of the list is the very same.
    same: usize,
    broken: Vec<(Case, String)>,
}

impl Job {
    fn enumerate(&self) -> Tally {
        let begin = self.start.world(&self.profile);
        let mut tally = Tally::default();
        let plain = run(self.start, &begin, &Script::none(), false);
        self.note(&mut tally, &Script::none(), plain.violation);
        for (first, trouble) in self.chances(&plain.calls, 0, &mut tally) {
            let script = Script::one(first, trouble);
            let single = run(self.start, &begin, &script, false);
            self.note(&mut tally, &script, single.violation);
            if !self.pairs {
                continue;
            }
            for (second, trouble) in self.chances(&single.calls, first + 1, &mut tally) {
                let script = script.and(second, trouble);
                let pair = run(self.start, &begin, &script, false);
                self.note(&mut tally, &script, pair.violation);
            }
        }
        tally
    }

    /// Every trouble at every call from `from` on, without those that make the
    /// same run as another one.
    fn chances(&self, calls: &[Call], from: usize, tally: &mut Tally) -> Vec<(usize, Trouble)> {
        let mut chances = Vec::new();
        for index in from..calls.len() {
            for trouble in self.troubles {
                if trouble.differs_at(&calls[index], calls.get(index + 1)) {
                    chances.push((index, *trouble));
                } else {
                    tally.same += 1;
                }
            }
        }
        chances
    }

    fn note(&self, tally: &mut Tally, script: &Script, violation: Option<String>) {
        tally.runs += 1;
        if let Some(violation) = violation {
            let case = Case {
                profile: self.profile.name.to_owned(),
                start: self.start,
                script: script.clone(),
            };
            tally.broken.push((case, violation));
        }
    }
}

/// Does all jobs on all cores, prints the number of runs, and shows the
/// shortest run that violated an invariant.
fn all(what: &str, jobs: &[Job]) {
    let (next, tallies) = (AtomicUsize::new(0), Mutex::new(Tally::default()));
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let work = || {
        while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let done = job.enumerate();
            let mut sum = tallies.lock().expect("a lock");
            sum.runs += done.runs;
            sum.same += done.same;
            sum.broken.extend(done.broken);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(work);
        }
    });
    let mut sum = tallies.into_inner().expect("a lock");
    println!(
        "{what}: {} runs, {} more are the same as one of them; {} violated an invariant",
        sum.runs,
        sum.same,
        sum.broken.len()
    );
    sum.broken.sort_by_key(|(case, _)| case.script.0.len());
    for (case, violation) in sum.broken.iter().take(MOST_SHOWN) {
        println!("{violation}\n    {}", case.json());
    }
    if let Some((case, violation)) = sum.broken.first() {
        println!("the shortest:");
        drop(case.replay());
        panic!(
            "{violation}; run it again with SCIM_ROTATOR_SIM_REPLAY='{}' cargo test --test simulation replay -- --nocapture",
            case.json()
        );
    }
}

const MOST_SHOWN: usize = 400;

fn jobs(
    profiles: Vec<Arc<Profile>>,
    starts: &[Start],
    troubles: &'static [Trouble],
    pairs: bool,
) -> Vec<Job> {
    let job = |profile: &Arc<Profile>, start: &Start| Job {
        profile: Arc::clone(profile),
        start: *start,
        troubles,
        pairs,
    };
    let each = profiles
        .iter()
        .flat_map(|p| starts.iter().map(move |s| (p, s)));
    each.map(|(profile, start)| job(profile, start)).collect()
}

#[test]
fn every_call_with_every_trouble() {
    let profiles = strategies().into_iter().chain(variants()).collect();
    let jobs = jobs(profiles, &Start::ALL, &Trouble::ALL, false);
    all("single troubles", &jobs);
}

//! Every port call with every trouble, alone and in pairs.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;

use crate::case::{Case, Look, Start, run};
use crate::fault::{Script, Trouble};
use crate::profile::{Profile, strategies, variants};
use crate::seasons::{number, say};
use crate::world::{Call, World};

/// What is enumerated for one profile and beginning.
struct Job {
    profile: Arc<Profile>,
    start: Start,
    begin: World,
    troubles: &'static [Trouble],
    /// Of the pairs, one of so many is run; `None`: no pairs.
    pairs: Option<usize>,
}

/// A job with one trouble that is settled: its single run, and the pairs that
/// begin with it.
struct First<'a> {
    job: &'a Job,
    call: usize,
    trouble: Trouble,
}

#[derive(Default)]
struct Tally {
    runs: usize,
    pairs: usize,
    pairs_run: usize,
    /// Not made: another run of the list is the very same.
    same: usize,
    broken: Vec<(Case, String)>,
}

impl Tally {
    /// How many runs there would be with all pairs.
    fn possible(&self) -> usize {
        self.runs - self.pairs_run + self.pairs
    }
}

impl Job {
    /// The run without any trouble, and all the first troubles that it leaves
    /// room for.
    fn firsts(&self, tally: &mut Tally) -> Vec<First<'_>> {
        let plain = self.run(&Script::none(), Look::Close, tally);
        let first = |(call, trouble)| First {
            job: self,
            call,
            trouble,
        };
        self.chances(&plain, 0, tally)
            .into_iter()
            .map(first)
            .collect()
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

    fn run(&self, script: &Script, look: Look, tally: &mut Tally) -> Vec<Call> {
        let run = run(self.start, &self.begin, script, look);
        tally.runs += 1;
        if let Some(violation) = run.violation {
            let case = Case {
                profile: self.profile.name.to_owned(),
                start: self.start,
                script: script.clone(),
            };
            tally.broken.push((case, violation));
        }
        run.calls
    }
}

impl First<'_> {
    fn enumerate(&self, tally: &mut Tally) {
        let script = Script::one(self.call, self.trouble);
        let single = self.job.run(&script, Look::Close, tally);
        let Some(every) = self.job.pairs else {
            return;
        };
        let pairs = self.job.chances(&single, self.call + 1, tally);
        for (number, (second, trouble)) in pairs.into_iter().enumerate() {
            tally.pairs += 1;
            if (self.call + number).is_multiple_of(every) {
                tally.pairs_run += 1;
                let look = match tally.pairs_run.is_multiple_of(CLOSE) {
                    true => Look::Close,
                    false => Look::Quick,
                };
                self.job.run(&script.and(second, trouble), look, tally);
            }
        }
    }
}

/// Does all jobs on all cores, prints the number of runs, and shows the
/// shortest run that violated an invariant.
fn all(what: &str, jobs: &[Job]) -> Tally {
    let mut sum = Tally::default();
    let firsts: Vec<_> = jobs.iter().flat_map(|job| job.firsts(&mut sum)).collect();
    let (next, tallies) = (AtomicUsize::new(0), Mutex::new(sum));
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let work = || {
        let mut own = Tally::default();
        while let Some(first) = firsts.get(next.fetch_add(1, Ordering::Relaxed)) {
            first.enumerate(&mut own);
            if own.broken.len() >= MOST_SHOWN {
                // Somebody waits for the answer, and has it.
                break;
            }
        }
        let mut sum = tallies.lock();
        sum.runs += own.runs;
        sum.pairs += own.pairs;
        sum.pairs_run += own.pairs_run;
        sum.same += own.same;
        sum.broken.extend(own.broken);
    };
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(work);
        }
    });
    let mut sum = tallies.into_inner();
    say(&format!(
        "{what}: {} runs of {}, {} more are the same as one of them; {} violated an invariant",
        sum.runs,
        sum.possible(),
        sum.same,
        sum.broken.len()
    ));
    sum.broken.sort_by_key(|(case, _)| case.script.0.len());
    for (case, violation) in sum.broken.iter().take(MOST_SHOWN) {
        println!("{violation}\n    {}", case.json());
    }
    sum
}

/// Shows the shortest run that violated an invariant, and fails.
fn must_hold(broken: &[(Case, String)]) {
    if let Some((case, violation)) = broken.iter().min_by_key(|(case, _)| case.script.0.len()) {
        println!("the shortest:");
        drop(case.replay());
        panic!(
            "{violation}; run it again with SCIM_ROTATOR_SIM_REPLAY='{}' cargo test --test simulation replay -- --nocapture",
            case.json()
        );
    }
}

/// `cargo test` alone runs one of so many pairs.
const EVERY: usize = 40;

/// One of so many pairs is searched for tokens that could be printed, which
/// takes its time. With single troubles every run is.
const CLOSE: usize = 20;

const MOST_SHOWN: usize = 400;

fn jobs(
    profiles: &[Arc<Profile>],
    starts: &[Start],
    troubles: &'static [Trouble],
    pairs: Option<usize>,
) -> Vec<Job> {
    let job = |profile: &Arc<Profile>, start: &Start| Job {
        profile: Arc::clone(profile),
        start: *start,
        begin: start.world(profile),
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
    let profiles: Vec<_> = strategies().into_iter().chain(variants()).collect();
    let jobs = jobs(&profiles, &Start::ALL, &Trouble::ALL, None);
    must_hold(&all("single troubles", &jobs).broken);
}

/// All pairs from the most common beginning, as `tests/run` has it
/// (`SCIM_ROTATOR_SIM_EVERY=1`), or a sample of them; `SCIM_ROTATOR_SIM_WIDE=1` those of all troubles, from
/// all beginnings, with all variants as well, which takes hours.
#[test]
fn every_pair_of_troubles() {
    let every = number("SCIM_ROTATOR_SIM_EVERY", EVERY).max(1);
    let wide = number("SCIM_ROTATOR_SIM_WIDE", 0) == 1;
    let mut profiles = strategies();
    let mut starts = vec![Start::Renewal];
    let mut troubles: &[Trouble] = &Trouble::PAIRED;
    if wide {
        profiles.extend(variants());
        starts = Start::ALL.to_vec();
        troubles = &Trouble::ALL;
    }
    let (mut broken, mut runs) = (Vec::new(), 0);
    for profile in profiles {
        let what = format!("pairs of troubles, {}", profile.name);
        let jobs = jobs(&[profile], &starts, troubles, Some(every));
        let tally = all(&what, &jobs);
        runs += tally.runs;
        broken.extend(tally.broken);
    }
    say(&format!(
        "pairs of troubles, all strategies: {runs} runs, {} violated an invariant",
        broken.len()
    ));
    must_hold(&broken);
}

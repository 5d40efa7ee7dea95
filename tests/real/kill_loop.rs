//! The daemon is killed at random moments, again and again, and started again
//! each time; every fifth time it is asked to end instead. Whatever it was
//! doing, no token is lost and none is left over.
//!
//! `tests/run --rounds N` asks for more rounds; `SCIM_ROTATOR_KILL_SEED`
//! repeats the moments of a run, as far as moments can be repeated.

use scim_rotator::clock::SystemClock;
use scim_rotator::ports::Clock as _;

use super::house::is_free;
use super::restless::{Dice, Restless, number_in};

/// Rounds, unless `SCIM_ROTATOR_KILL_ROUNDS` says otherwise.
const ROUNDS: u64 = 250;
/// Worlds side by side: a killed daemon's lease is waited out in each.
const WORLDS: u64 = 4;
/// An end comes at most this long after the start; a lease lasts two seconds.
const LATEST_END_MS: u64 = 3_500;

/// Of a hundred kills so many hit a rotation at least. About half of them do,
/// also on a machine that is busy with other things.
const LEAST_INSIDE: u64 = 30;

#[derive(Default)]
struct Tally {
    kills: u64,
    terms: u64,
    given_back: u64,
    inside: u64,
    rotations: u64,
}

#[tokio::test(flavor = "multi_thread")]
async fn ended_at_any_moment_it_loses_nothing_and_leaves_nothing_over() {
    let rounds = number_in("SCIM_ROTATOR_KILL_ROUNDS").unwrap_or(ROUNDS);
    let seed = number_in("SCIM_ROTATOR_KILL_SEED").unwrap_or_else(|| u64::from(std::process::id()));
    let worlds = (0..WORLDS).map(|world| end_often(rounds.div_ceil(WORLDS), seed ^ (world << 32)));
    let tallies: Vec<_> = futures_util::future::join_all(worlds).await;
    let Some(tallies) = tallies.into_iter().collect::<Option<Vec<_>>>() else {
        return;
    };
    let sum = |of: fn(&Tally) -> u64| tallies.iter().map(of).sum::<u64>();
    let (kills, inside) = (sum(|t| t.kills), sum(|t| t.inside));
    let (terms, given_back) = (sum(|t| t.terms), sum(|t| t.given_back));
    eprintln!(
        "seed {seed}: {kills} kills, {inside} of them inside a rotation, {terms} clean ends, {given_back} leases given back; {} rotations, 0 tokens lost, 0 left over",
        sum(|t| t.rotations)
    );
    assert!(
        inside * 100 >= kills * LEAST_INSIDE,
        "too few kills hit a rotation ({inside} of {kills}) to show anything"
    );
    assert!(given_back * 2 >= terms, "leases outlive clean ends");
}

async fn end_often(rounds: u64, seed: u64) -> Option<Tally> {
    let restless = Restless::new().await?;
    let mut dice = Dice::new(seed);
    let mut tally = Tally::default();
    for round in 0..rounds {
        let mut daemon = restless.house.run(&restless.sections).await;
        tokio::time::sleep(dice.time(LATEST_END_MS)).await;
        if round % 5 == 4 {
            daemon.terminate();
            assert_eq!(daemon.wait().await.code(), Some(0), "a clean end");
            let ended_by = SystemClock.now();
            tally.terms += 1;
            // Best effort: a Vault that is slow at that moment costs a wait.
            let record = restless.house.record().await;
            tally.given_back += u64::from(is_free(&record, ended_by));
        } else {
            daemon.kill();
            tally.kills += 1;
            tally.inside += u64::from(restless.is_rotating().await);
        }
    }
    tally.rotations = restless.rest().await.rotations;
    Some(tally)
}

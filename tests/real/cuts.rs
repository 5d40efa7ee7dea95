//! The line to Vault fails at random moments of a rotation: connections are
//! reset, requests vanish, answers do not come back or break off.

use super::restless::{Dice, Restless, number_in};
use super::support::cut::{Cut, Line};

const CUTS: u64 = 40;
/// Longer than the longest call.
const LONGEST_CUT_MS: u64 = 1_500;
const LONGEST_PAUSE_MS: u64 = 1_000;
const KINDS: [Line; 4] = [
    Line::Reset,
    Line::BlackHole,
    Line::NoAnswers,
    Line::ResetAnswers,
];

#[tokio::test(flavor = "multi_thread")]
async fn a_line_to_vault_that_fails_at_any_moment_costs_no_token() {
    let Some(mut restless) = Restless::new().await else {
        return;
    };
    let seed = number_in("SCIM_ROTATOR_CUT_SEED").unwrap_or_else(|| u64::from(std::process::id()));
    let mut dice = Dice::new(seed);
    let cut = Cut::start(restless.house.vault.url()).await;
    restless.house.vault_addresses = vec![cut.url.to_string()];
    let daemon = restless.house.run(&restless.sections).await;
    let mut inside = 0;
    for _ in 0..CUTS {
        tokio::time::sleep(dice.time(LONGEST_PAUSE_MS)).await;
        let which = dice.below(u64::try_from(KINDS.len()).expect("few"));
        cut.set(KINDS[usize::try_from(which).expect("small")]);
        inside += u64::from(restless.is_rotating().await);
        tokio::time::sleep(dice.time(LONGEST_CUT_MS)).await;
        cut.set(Line::Open);
    }
    daemon.stop().await;
    let rotations = restless.rest().await.rotations;
    eprintln!(
        "seed {seed}: {CUTS} cuts, {inside} inside a rotation; {rotations} rotations, 0 tokens lost, 0 left over"
    );
    assert!(inside > 0, "no cut hit a rotation");
}

//! A token that a person makes and writes to the published path.

use jiff::SignedDuration;
use scim_rotator::rotation::record::StageName;

use super::play::{DAY, Play, ruled};
use crate::happy::TOKEN;
use crate::tenant::Tenant;

/// The default of the configuration.
const POLL: SignedDuration = SignedDuration::from_secs(15);
/// What requests to Vault and the service provider take.
const REQUESTS: SignedDuration = SignedDuration::from_secs(5);

fn waits(tenant: &Tenant) -> bool {
    let record = tenant.record.as_ref();
    record.is_some_and(|record| record.stage_name() == StageName::WaitingOperator)
}

/// A person who writes the value tells nobody: it is seen because the token waits
/// for it. Records are read every four days here.
#[test]
fn what_a_person_writes_is_seen_at_once_while_it_is_waited_for() {
    let profile = ruled("S9", |policy| policy.operator_poll = POLL);
    let mut play = Play::due(&profile);
    play.until("it waits for a person", waits);
    play.pass(DAY);
    play.world(|world| world.person_acts(TOKEN));
    let written = play.tenant(|tenant| tenant.published.clone());
    play.pass(POLL + REQUESTS);
    let record = play.record();
    let rotation = record.rotation.as_ref();
    let taken = rotation.and_then(|rotation| rotation.pending.as_ref());
    let taken = taken.or(record.current.as_ref()).expect("a token");
    assert_eq!(taken.value, written.expect("written").value);
    play.rest(2);
}

/// That costs only tokens that wait.
#[test]
fn for_a_token_that_waits_for_nobody_the_path_is_not_read() {
    let profile = ruled("S9", |policy| policy.operator_poll = POLL);
    let mut play = Play::due(&profile);
    play.rest(2);
    let read = play.count("vault.");
    play.pass(DAY);
    assert_eq!(play.count("vault."), read);
}

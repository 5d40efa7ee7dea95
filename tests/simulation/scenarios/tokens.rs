//! Tokens that do not work: consumed, revoked, expired, meant for others.

use scim_rotator::rotation::record::{HaltCause, Paused, RotationResult, Trigger};

use super::play::{DAY, HOUR, MINUTE, Play, profile};
use crate::fault::Trouble;
use crate::service_provider::{Quirks, ServiceProvider};

#[test]
fn a_consumed_credential_is_shown_again_only_while_the_issuer_remembers() {
    let mut play = Play::due(&profile("S5 the token asks for its successor"))
        .on("issuer.issue", Trouble::ReplyLost);
    play.tenant(|t| {
        t.provider.quirks.remembers_for = Some(MINUTE * 2);
        t.provider.quirks.punishes_reuse = true;
    });
    play.rest(2);
    assert_eq!(
        play.made(),
        2,
        "the same request was answered with the same token"
    );
    assert_eq!(play.count("issuer.issue"), 2, "asked again once");
    let asked = play.times("issuer.issue");
    assert!(asked[1].duration_since(asked[0]) < MINUTE * 2);
    assert!(play.all_hold(&play.current()));
}

#[test]
fn a_family_that_was_ended_asks_for_a_person_and_stops() {
    let mut play = Play::due(&profile("S5 the token asks for its successor"))
        .on("issuer.issue", Trouble::CrashAfter);
    play.tenant(|t| {
        t.provider.quirks.remembers_for = Some(MINUTE / 60);
        t.provider.quirks.punishes_reuse = true;
    });
    play.until("a person is asked", |t| {
        t.record.as_ref().is_some_and(|r| r.halt.is_some())
    });
    let record = play.record();
    let halt = record.halt.expect("a halt");
    assert_eq!(halt.cause, HaltCause::AttemptsUsedUp);
    assert!(halt.detail.contains("invalid_grant"), "{}", halt.detail);
    let asked = play.count("issuer.issue");
    assert!(asked <= 6, "an ended family is not asked for ever: {asked}");
    assert_eq!(record.generation, 1);
    // The person of this world comes with a token.
    play.rest(2);
    let more = play.count("issuer.issue") - asked;
    assert!(more <= 24, "at most once an hour until then: {more}");
    assert!(play.all_hold(&play.current()));
}

#[test]
fn revoked_by_somebody_else_it_is_replaced_unless_a_person_paused_it() {
    let mut play = Play::due(&profile("S1 overlapping, by label"));
    play.rest(2);
    let old = play.current();
    let paused_at = play.now();
    play.revoked_outside("id-2");
    play.tenant(|t| {
        t.amend(|record| {
            record.paused = Some(Paused {
                since: paused_at,
                reason: "under review".to_owned(),
                by: None,
            });
        });
    });
    play.pass(DAY * 3);
    assert_eq!(play.made(), 2, "what a person stopped stays stopped");
    assert_eq!(play.reason(), "paused");

    play.tenant(|t| t.amend(|record| record.paused = None));
    let record = play.rest(3);
    assert_eq!(record.history[0].trigger, Trigger::Drift);
    let probes = play.times(&format!("probe.prove {}", old.fingerprint()));
    assert!(probes.len() >= 2, "one refusal alone is not believed");
    assert_eq!(play.live(), ["id-3"]);
    assert!(play.all_hold(&play.current()));
}

/// What makes a service provider's next token unusable.
type Spoils = fn(&mut ServiceProvider);

/// Expired when it comes, without the scope that is needed, or for another
/// tenant.
/// The canary could hold it: it must not be given it all the same.
#[test]
fn a_token_that_the_second_connection_cannot_hold_reaches_nobody() {
    let mut play = Play::due(&profile("S1 overlapping, by label"));
    let old = play.current();
    play.tenant(|t| t.cannot_hold = Some(1));
    play.pass(HOUR * 8);
    let record = play.record();
    assert_eq!(record.generation, 1);
    assert!(play.accepts(&old.value) && play.all_hold(&old));
    assert_eq!(play.count("connection.deliver"), 0);
    let issued = play.count("issuer.issue");
    assert!((1..=3).contains(&issued), "{issued} in eight hours");
    assert_eq!(play.count("issuer.revoke"), issued, "each is discarded");
    assert!(play.last_failure().contains("512"));

    play.tenant(|t| t.cannot_hold = None);
    play.rest(2);
}

#[test]
fn an_unusable_new_token_reaches_nobody() {
    let cases: [(&str, Spoils); 3] = [
        ("already expired", |sp| sp.quirks.longest_life = Some(-HOUR)),
        ("cannot be used", |sp| {
            sp.next_is_useless = true;
            sp.quirks.lacks_scope = true;
        }),
        ("does not work", |sp| sp.next_is_useless = true),
    ];
    for (word, spoil) in cases {
        let mut play = Play::due(&profile("S1 overlapping, by label"));
        let old = play.current();
        play.tenant(|t| spoil(&mut t.provider));
        play.until("it is rolled back", |t| {
            t.record.as_ref().is_some_and(|r| r.history.len() > 1)
        });
        play.tenant(|t| t.provider.quirks = Quirks::default());
        let past = play.record().history[0].clone();
        assert_eq!(past.result, RotationResult::RolledBack);
        let why = past.detail.expect("a reason");
        assert!(why.contains(word), "{why}");
        assert_eq!(play.count("connection.deliver"), 0, "{why}");
        assert!(play.all_hold(&old) && play.accepts(&old.value), "{why}");
        assert_eq!(play.live(), ["id-1"], "{why}");
        play.rest(2);
        assert_eq!(play.live(), ["id-3"], "{why}");
    }
}

/// At some providers a new token works only after up to ten minutes.
#[test]
fn a_token_that_works_after_ten_minutes_is_used_and_not_discarded() {
    let mut play = Play::due(&profile("S1 overlapping, by label"));
    play.tenant(|t| t.provider.quirks.works_after = MINUTE * 10);
    play.rest(2);
    assert_eq!(play.made(), 2, "the first one is used");
    assert!(play.all_hold(&play.current()));
    let past = play.record().history;
    assert!(past.iter().all(|p| p.result == RotationResult::Success));
}

/// Nobody but the servers knows that their dates are wrong.
#[test]
fn one_servers_wrong_date_stops_no_retirement() {
    for hours in [-24 * 400, -1, 1, 24 * 400] {
        for server in [0, 1] {
            let mut play = Play::due(&profile("S1 overlapping, by label"));
            let old = play.current();
            play.world(|world| world.dates_off[server] = HOUR * hours);
            play.rest(2);
            assert!(!play.accepts(&old.value), "{hours} h at server {server}");
        }
    }
}

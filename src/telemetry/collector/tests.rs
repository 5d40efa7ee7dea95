use std::collections::BTreeMap;

use super::*;
use crate::rotation::reason::Reason;
use crate::rotation::record::{Paused, RotationResult};
use crate::telemetry::board::CycleFacts;
use crate::telemetry::fixture;
use crate::telemetry::snapshot::TokenSnapshot;

fn text(snapshots: impl IntoIterator<Item = TokenSnapshot>) -> String {
    let board = Board::new();
    for snapshot in snapshots {
        board.set(snapshot);
    }
    all_of(&board)
}

fn all_of(board: &Board) -> String {
    chunks(board, fixture::now()).collect()
}

fn fresh(name: &str) -> TokenSnapshot {
    fixture::snapshot(&fixture::fresh_record(name))
}

#[test]
fn a_token_has_its_series() {
    let out = text([fixture::snapshot(&fixture::busy_record("crm"))]);
    let expected = [
        "scim_rotator_token_info{token=\"crm\",issuer=\"crm\",provider=\"http\",credential=\"token\",strategy=\"overlap\",environment=\"production\",expiry_source=\"api\"} 1",
        "scim_rotator_connection_info{token=\"crm\",connection=\"entra-hr\",idp=\"http\",confirm=\"yes\",holds=\"current\"} 1",
        "scim_rotator_connection_info{token=\"crm\",connection=\"by-hand\",idp=\"manual\",confirm=\"yes\",holds=\"current\"} 1",
        "scim_rotator_token_expiry_timestamp_seconds{token=\"crm\"} 1806926400",
        "scim_rotator_rotation_stage_entered_timestamp_seconds{token=\"crm\",stage=\"delivering\"} 1800014340",
        "scim_rotator_rotations_total{token=\"crm\",result=\"failed\"} 0",
        "scim_rotator_token_proven_timestamp_seconds{token=\"crm\",proof=\"works\",controls=\"redirect\"} 1800014400",
        "scim_rotator_retirement_due_timestamp_seconds{token=\"crm\",still_used=\"yes\"} 1800010800",
    ];
    for line in expected {
        assert!(out.lines().any(|l| l == line), "{line}\n{out}");
    }
}

/// All that a token can have at the same time.
fn everything(name: &str) -> TokenSnapshot {
    let mut record = fixture::handed_over_record(name);
    record.failures.consecutive = 2;
    record.orphans_uncounted.push(fixture::now());
    fixture::snapshot(&record)
}

#[test]
fn no_state_of_a_token_has_more_series_than_it_may() {
    let paused = Paused {
        since: fixture::now(),
        reason: "an audit".to_owned(),
        by: None,
    };
    let mut most = 0;
    for (is_paused, is_unreadable, is_accepted) in
        (0..8).map(|bits| (bits & 1 > 0, bits & 2 > 0, bits & 4 > 0))
    {
        let mut snapshot = everything("crm");
        match is_paused {
            true => snapshot.paused = Some(Box::new(paused.clone())),
            false => snapshot.reason = Reason::WaitingFullCycle,
        }
        if !is_accepted {
            snapshot.privilege.as_mut().expect("judged").accepted_risk = None;
        }
        let board = Board::new();
        board.set(snapshot);
        board.full_cycle("crm", CycleFacts::of(&fixture::journal()));
        if is_unreadable {
            board.trouble("crm", "Vault is sealed");
        }
        let looks = board.looks("crm").expect("known");
        looks.set("by-hand", Some(fixture::condition()), fixture::now());
        let out = all_of(&board);
        let (of_connections, of_token): (Vec<&str>, Vec<&str>) = out
            .lines()
            .filter(|line| !line.starts_with('#'))
            .partition(|line| line.contains("connection=\""));
        most = most.max(of_token.len());
        assert!(of_token.len() <= MOST, "{of_token:#?}");
        let by_hand = of_connections.iter().filter(|l| l.contains("by-hand"));
        assert!(by_hand.count() <= 6, "{of_connections:#?}");
    }
    assert_eq!(most, MOST, "this test shows the worst case");
}

/// What is counted apart for each token is counted for this one only.
#[test]
fn a_result_is_counted_for_its_token() {
    let board = Board::new();
    board.set(fresh("crm"));
    board.set(fresh("erp"));
    let counters = board.counters("crm").expect("known");
    counters.rotation(RotationResult::RolledBack);
    let out = all_of(&board);
    for (token, count) in [("crm", 1), ("erp", 0)] {
        let line = format!(
            "scim_rotator_rotations_total{{token=\"{token}\",result=\"rolled_back\"}} {count}"
        );
        assert!(out.lines().any(|l| l == line), "{line}\n{out}");
    }
}

#[test]
fn a_pause_tells_why_in_one_line_that_is_not_too_long() {
    let mut snapshot = fresh("crm");
    let mut reason_of = |reason: &str| {
        snapshot.paused = Some(Box::new(Paused {
            since: fixture::now(),
            reason: reason.to_owned(),
            by: None,
        }));
        let out = text([snapshot.clone()]);
        let name = "scim_rotator_token_paused_since_timestamp_seconds";
        let line = out.lines().find(|line| line.starts_with(name));
        let (_, rest) = line.expect("paused").split_once("reason=\"").expect("why");
        rest.split_once("\"}").expect("a value").0.to_owned()
    };
    assert_eq!(reason_of("the vendor\n migrates"), "the vendor migrates");
    let long = reason_of(&"ä".repeat(200));
    assert_eq!(long.chars().count(), 121, "{long}");
}

#[test]
fn a_removed_token_leaves_no_series() {
    let board = Board::new();
    board.set(fresh("stays"));
    board.set(fresh("goes"));
    board.remove("goes");
    let out = all_of(&board);
    assert!(out.contains("\"stays\"") && !out.contains("\"goes\""));
}

#[test]
fn families_without_samples_have_no_header() {
    assert_eq!(text([]), "");
    let out = text([fresh("crm")]);
    for absent in [
        "retirement_due",
        "orphaned",
        "failures",
        "paused",
        "unreadable",
    ] {
        assert!(!out.contains(absent), "{absent}: {out}");
    }
}

#[test]
fn a_probe_that_shows_nothing_is_no_refusal() {
    use crate::scim::evidence::{Finding, FindingReason};
    let mut record = fixture::fresh_record("crm");
    let cases = [
        (0, FindingReason::Unreachable, "works"),
        (2, FindingReason::Rejected, "refused"),
        (2, FindingReason::Unreachable, "refused"),
    ];
    for (refused, reason, expected) in cases {
        let probe = record.probe.as_mut().expect("probe");
        probe.refused = refused;
        probe.finding = Some(Finding {
            reason,
            detail: String::new(),
        });
        let out = text([fixture::snapshot(&record)]);
        let line = format!(
            "scim_rotator_token_proven_timestamp_seconds{{token=\"crm\",proof=\"{expected}\"}} 1800014400"
        );
        assert!(out.lines().any(|l| l == line), "{line}\n{out}");
    }
    record.probe = None;
    let out = text([fixture::snapshot(&record)]);
    let line = "scim_rotator_token_proven_timestamp_seconds{token=\"crm\",proof=\"unproven\"} 0";
    assert!(out.lines().any(|l| l == line), "{line}\n{out}");
}

/// With one connection each, and names of ten characters.
#[test]
fn ten_thousand_tokens_take_at_most_twelve_megabytes_in_small_chunks() {
    let count = 10_000;
    let board = Board::new();
    for number in 0..count {
        board.set(fresh(&format!("scim-{number:05}")));
    }
    let (mut bytes, mut largest) = (0, 0);
    let mut of: BTreeMap<bool, usize> = BTreeMap::new();
    for chunk in chunks(&board, fixture::now()) {
        bytes += chunk.len();
        largest = largest.max(chunk.len());
        for line in chunk.lines().filter(|line| !line.starts_with('#')) {
            if line.contains("connection=\"by-hand\"") {
                bytes -= line.len();
            } else {
                *of.entry(line.contains("connection=\"")).or_default() += 1;
            }
        }
    }
    assert!(bytes <= 12_000_000, "{bytes}");
    assert!(largest <= 66 * 1024, "{largest}");
    assert_eq!(of, BTreeMap::from([(false, 12 * count), (true, 2 * count)]));
}

#[test]
fn chunks_are_the_text_that_one_family_after_the_other_gives() {
    let board = Board::new();
    for number in 0..2_000 {
        board.set(fresh(&format!("t{number:05}")));
    }
    let out = all_of(&board);
    let mut headers: Vec<&str> = out.lines().filter(|l| l.starts_with("# TYPE")).collect();
    let with_all = headers.len();
    headers.sort_unstable();
    headers.dedup();
    assert_eq!(headers.len(), with_all, "each family stands there once");
    let mut family = "";
    for line in out.lines() {
        if let Some(header) = line.strip_prefix("# TYPE ") {
            family = header.split(' ').next().expect("a name");
        } else if !line.starts_with('#') {
            assert!(line.starts_with(family), "{line} stands below {family}");
        }
    }
    let lines = out.lines().filter(|line| !line.starts_with('#')).count();
    assert_eq!(lines % 2_000, 0, "every token has the same series");
}

#[test]
fn how_a_connection_fares_is_shown_once_it_was_asked() {
    let board = Board::new();
    board.set(fresh("crm"));
    let text = || all_of(&board);
    assert!(!text().contains("idp_job_state"));
    let looks = board.looks("crm").expect("a token of ours");
    looks.set("entra-hr", Some(fixture::condition()), fixture::now());
    let out = text();
    for line in [
        "scim_rotator_idp_job_state{token=\"crm\",connection=\"entra-hr\",state=\"healthy\"} 1",
        "scim_rotator_idp_last_provisioning_success_timestamp_seconds{token=\"crm\",connection=\"entra-hr\"} 1800014340",
    ] {
        assert!(out.lines().any(|l| l == line), "{line}\n{out}");
    }
}

#[test]
fn a_token_that_waits_for_a_person_tells_since_when_and_by_when() {
    let out = text([
        fixture::snapshot(&fixture::handed_over_record("crm")),
        fixture::snapshot(&fixture::busy_record("erp")),
    ]);
    let since = fixture::now().as_second() - 60;
    let deadline = fixture::now().as_second() + 7 * 24 * 3600;
    for line in [
        format!(
            "scim_rotator_connection_waits_for_person_since_timestamp_seconds{{token=\"crm\",connection=\"by-hand\"}} {since}"
        ),
        format!(
            "scim_rotator_connection_person_deadline_timestamp_seconds{{token=\"crm\",connection=\"by-hand\"}} {deadline}"
        ),
        format!(
            "scim_rotator_rotation_stage_entered_timestamp_seconds{{token=\"crm\",stage=\"waiting_operator\"}} {since}"
        ),
    ] {
        assert!(out.lines().any(|l| l == line), "{line}\n{out}");
    }
    let of_erp = |name: &str| out.contains(&format!("{name}{{token=\"erp\""));
    assert!(!of_erp(
        "scim_rotator_connection_waits_for_person_since_timestamp_seconds"
    ));
}

#[test]
fn a_federated_credential_tells_which_part_is_broken_and_nothing_of_rotations() {
    let board = Board::new();
    board.set(fresh("crm"));
    board.expect(fixture::federated("hr"));
    let text = || all_of(&board);
    assert!(!text().contains("federation_"), "it was not looked at yet");
    board.looked("hr", fixture::broken_trust());
    let out = text();
    for line in [
        "scim_rotator_token_info{token=\"hr\",provider=\"federated\",credential=\"federated\",strategy=\"none\",environment=\"production\"} 1",
        "scim_rotator_federation_broken{token=\"hr\",part=\"subject\"} 1",
        "scim_rotator_federation_broken{token=\"hr\",part=\"issuer\"} 0",
        "scim_rotator_federation_clear_timestamp_seconds{token=\"hr\"} 1800014400",
        "scim_rotator_federation_certificate_expiry_timestamp_seconds{token=\"hr\"} 1800100800",
    ] {
        assert!(out.lines().any(|l| l == line), "{line}\n{out}");
    }
    let of_hr = out.lines().filter(|line| line.contains("token=\"hr\""));
    let of_hr: Vec<_> = of_hr.collect();
    assert_eq!(of_hr.len(), 9, "{of_hr:#?}");

    board.expect(fixture::facts("hr"));
    assert!(!text().contains("federation_"), "it is a token now");
}

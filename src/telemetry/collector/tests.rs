use super::*;
use crate::rotation::record::{RotationResult, Trigger};
use crate::telemetry::fixture;
use crate::telemetry::snapshot::TokenSnapshot;

fn text(snapshots: impl IntoIterator<Item = TokenSnapshot>) -> String {
    let board = Board::new();
    for snapshot in snapshots {
        board.set(snapshot);
    }
    let mut out = String::new();
    write(&board, fixture::now(), &mut out);
    out
}

fn fresh(name: &str) -> TokenSnapshot {
    fixture::snapshot(&fixture::fresh_record(name))
}

#[test]
fn a_token_has_its_series() {
    let out = text([fixture::snapshot(&fixture::busy_record("crm"))]);
    let expected = [
        "scim_rotator_token_info{token=\"crm\",issuer=\"crm\",provider=\"http\",credential=\"token\",strategy=\"overlap\",environment=\"production\"} 1",
        "scim_rotator_connection_info{token=\"crm\",connection=\"entra-hr\",idp=\"http\",confirm=\"yes\"} 1",
        "scim_rotator_token_expiry_timestamp_seconds{token=\"crm\",slot=\"pending\"} 1806926400",
        "scim_rotator_rotation_stage{token=\"crm\",stage=\"delivering\"} 1",
        "scim_rotator_rotation_stage{token=\"crm\",stage=\"halted\"} 0",
        "scim_rotator_rotations_total{token=\"crm\",trigger=\"drift\",result=\"failed\"} 0",
        "scim_rotator_token_expiry_source{token=\"crm\",source=\"api\"} 1",
        "scim_rotator_idp_credential_in_sync{token=\"crm\",connection=\"entra-hr\"} 1",
        "scim_rotator_probe_success{token=\"crm\",connection=\"\",slot=\"current\",endpoint=\"sp\"} 1",
        "scim_rotator_retirement_due_timestamp_seconds{token=\"crm\"} 1800010800",
    ];
    for line in expected {
        assert!(out.lines().any(|l| l == line), "{line}\n{out}");
    }
}

/// A life that is not known may be one without an end.
#[test]
fn long_lived_is_what_lives_for_more_than_a_day_or_nobody_knows_how_long() {
    let mut record = fixture::fresh_record("crm");
    let cases = [(Some(24), 0), (Some(25), 1), (None, 1)];
    for (hours, expected) in cases {
        let token = record.current.as_mut().expect("a token");
        let end = |hours| token.issued_at + jiff::SignedDuration::from_hours(hours);
        token.expires_at = hours.map(end);
        let out = text([fixture::snapshot(&record)]);
        let line = format!("scim_rotator_token_long_lived{{token=\"crm\"}} {expected}");
        assert!(out.lines().any(|l| l == line), "{hours:?}: {out}");
    }
}

#[test]
fn a_removed_token_leaves_no_series() {
    let board = Board::new();
    board.set(fresh("stays"));
    board.set(fresh("goes"));
    board.remove("goes");
    let mut out = String::new();
    write(&board, fixture::now(), &mut out);
    assert!(out.contains("\"stays\"") && !out.contains("\"goes\""));
}

#[test]
fn families_without_samples_have_no_header() {
    assert_eq!(text([]), "");
    let out = text([fresh("crm")]);
    assert!(!out.contains("retirement_due"), "{out}");
}

#[test]
fn a_probe_that_shows_nothing_is_no_refusal() {
    use crate::scim::evidence::{Finding, FindingReason};
    let mut record = fixture::fresh_record("crm");
    let cases = [
        (0, FindingReason::Unreachable, 1),
        (2, FindingReason::Rejected, 0),
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
            "scim_rotator_probe_success{{token=\"crm\",connection=\"\",slot=\"current\",endpoint=\"sp\"}} {expected}"
        );
        assert!(out.lines().any(|l| l == line), "{line}\n{out}");
    }
}

#[test]
fn ten_thousand_tokens_stay_within_forty_lines_and_the_rotation_counters() {
    let count = 10_000;
    let out = text((0..count).map(|n| fresh(&format!("t{n:05}"))));
    let samples = out.lines().filter(|line| !line.starts_with('#')).count();
    let counters = Trigger::ALL.len() * RotationResult::ALL.len();
    assert!(samples <= count * (40 + counters), "{samples}");
    assert_eq!(samples % count, 0, "every token has the same series");
}

#[test]
fn how_a_connection_fares_is_shown_once_it_was_asked() {
    let board = Board::new();
    board.set(fresh("crm"));
    let text = || {
        let mut out = String::new();
        write(&board, fixture::now(), &mut out);
        out
    };
    assert!(!text().contains("idp_job_state"));
    let looks = board.looks("crm").expect("a token of ours");
    looks.set("entra-hr", Some(fixture::condition()), fixture::now());
    let out = text();
    for line in [
        "scim_rotator_idp_job_state{token=\"crm\",connection=\"entra-hr\",state=\"healthy\"} 1",
        "scim_rotator_idp_job_state{token=\"crm\",connection=\"entra-hr\",state=\"quarantined\"} 0",
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
        "scim_rotator_rotation_stage{token=\"crm\",stage=\"waiting_operator\"} 1".to_owned(),
    ] {
        assert!(out.lines().any(|l| l == line), "{line}\n{out}");
    }
    let of_erp = |name: &str| out.contains(&format!("{name}{{token=\"erp\""));
    assert!(!of_erp(
        "scim_rotator_connection_waits_for_person_since_timestamp_seconds"
    ));
}

/// It counts for the share of long-lived ones, and has no series of rotations.
#[test]
fn a_federated_credential_tells_which_part_is_broken_and_nothing_of_rotations() {
    let board = Board::new();
    board.set(fresh("crm"));
    board.expect(fixture::federated("hr"));
    let text = || {
        let mut out = String::new();
        write(&board, fixture::now(), &mut out);
        out
    };
    assert!(text().contains("scim_rotator_token_long_lived{token=\"hr\"} 0\n"));
    assert!(!text().contains("federation_"), "it was not looked at yet");
    board.looked("hr", fixture::broken_trust());
    let out = text();
    for line in [
        "scim_rotator_token_info{token=\"hr\",issuer=\"\",provider=\"federated\",credential=\"federated\",strategy=\"none\",environment=\"production\"} 1",
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

use super::*;

fn finding(reason: FindingReason) -> Finding {
    Finding {
        reason,
        detail: "what was seen".to_owned(),
    }
}

fn proof(wrong_token: Option<u16>) -> Evidence {
    Evidence::new(
        Fingerprint::of("token"),
        Timestamp::UNIX_EPOCH,
        None,
        wrong_token,
    )
}

#[test]
fn a_token_in_use_is_dead_when_it_gets_what_a_wrong_one_got() {
    use FindingReason as Why;
    let fail = |reason| Verdict::Fail(finding(reason));
    let unclear = |reason| Verdict::Inconclusive(finding(reason));
    for (seen, refused_by, dead) in [
        (fail(Why::Rejected), None, true),
        (fail(Why::Forbidden), None, true),
        (fail(Why::WrongBaseUrl), Some(404), true),
        (fail(Why::WrongBaseUrl), Some(400), false),
        (fail(Why::WrongBaseUrl), None, false),
        (unclear(Why::LikeWrongToken), Some(400), true),
        (unclear(Why::LikeWrongToken), Some(404), true),
        (unclear(Why::LikeWrongToken), None, false),
        (unclear(Why::WrongBaseUrl), Some(404), false),
        (unclear(Why::Throttled), Some(404), false),
        (fail(Why::EndpointOpen), Some(404), false),
    ] {
        let row = format!("{seen:?} {refused_by:?}");
        assert_eq!(is_dead(&seen, Some(&proof(refused_by))), dead, "{row}");
        let plain =
            matches!(&seen, Verdict::Fail(f) if matches!(f.reason, Why::Rejected | Why::Forbidden));
        assert_eq!(is_dead(&seen, None), plain, "{row}, never proven");
    }
    assert!(!is_dead(&Verdict::Pass(proof(Some(404))), None));
}

#[test]
fn the_issuers_word_counts_unless_the_token_is_accepted_or_nobody_answers() {
    use FindingReason as Why;
    let old = || Fingerprint::of("old");
    let judge = |seen, listed| old_token(seen, listed, old(), Timestamp::UNIX_EPOCH);
    let unclear = |reason| Verdict::Inconclusive(finding(reason));
    let gone = judge(unclear(Why::RefusalUnclear), Listed::Gone);
    assert!(
        matches!(gone, Verdict::Pass(proof) if *proof.fingerprint() == old() && proof.is_by_issuer())
    );
    for listed in [Listed::There, Listed::Unknown] {
        let seen = judge(unclear(Why::RefusalUnclear), listed);
        assert_eq!(seen, unclear(Why::RefusalUnclear));
    }
    for seen in [
        unclear(Why::Unreachable),
        unclear(Why::Throttled),
        unclear(Why::Flapping),
    ] {
        assert_eq!(judge(seen.clone(), Listed::Gone), seen);
    }
    let still = || Verdict::Fail(finding(Why::StillAccepted));
    assert_eq!(judge(still(), Listed::There), still());
    let cached = judge(still(), Listed::Gone);
    assert_eq!(cached, unclear(Why::StillAccepted), "alive, and revoked");
}

#[test]
fn a_slot_is_free_when_the_issuer_took_the_revocation() {
    let now = Timestamp::from_second(1000).expect("valid");
    let (past, later) = (Timestamp::UNIX_EPOCH, Timestamp::MAX);
    for (expires, revoked, still, free) in [
        (None, None, false, false),
        (Some(later), None, false, false),
        (Some(past), None, false, true),
        (Some(later), Some(past), false, true),
        (Some(later), Some(past), true, false),
        (None, Some(past), false, true),
        (Some(past), Some(past), true, true),
    ] {
        assert_eq!(
            frees_slot(expires, revoked, still, now),
            free,
            "{expires:?} {revoked:?} {still}"
        );
    }
}

#[test]
fn a_token_in_use_that_the_issuer_has_no_more_is_rejected() {
    use FindingReason as Why;
    let unclear = Verdict::Inconclusive(finding(Why::LikeWrongToken));
    let seen = token_in_use(unclear.clone(), Listed::Gone);
    let Verdict::Fail(found) = &seen else {
        panic!("{seen:?}");
    };
    assert_eq!(found.reason, Why::Rejected);
    assert!(is_dead(&seen, None));
    assert_eq!(token_in_use(unclear.clone(), Listed::There), unclear);
    let silent = Verdict::Inconclusive(finding(Why::Unreachable));
    assert_eq!(token_in_use(silent.clone(), Listed::Gone), silent);
}

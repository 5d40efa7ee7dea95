use super::*;

fn secret(text: &str) -> BearerToken {
    BearerToken::parse(text).expect("a secret")
}

fn granted() -> Exchanged {
    Exchanged::Granted(secret("access"))
}

fn refused() -> Exchanged {
    Exchanged::Refused("the token endpoint answered 401 (invalid_client)".to_owned())
}

fn denied() -> Exchanged {
    Exchanged::Denied("the token endpoint answered 400 (unauthorized_client)".to_owned())
}

fn silent() -> Exchanged {
    Exchanged::Silent(finding(FindingReason::ServerError, "it failed"))
}

fn works() -> Verdict<Evidence> {
    let fingerprint = secret("s").fingerprint();
    Verdict::Pass(Evidence::new(
        fingerprint,
        Timestamp::UNIX_EPOCH,
        None,
        None,
    ))
}

fn reason<T>(verdict: &Verdict<T>) -> Option<FindingReason> {
    match verdict {
        Verdict::Pass(_) => None,
        Verdict::Fail(found) | Verdict::Inconclusive(found) => Some(found.reason),
    }
}

#[test]
fn only_a_refusal_of_the_secret_itself_says_that_it_is_dead() {
    let dead = |verdict: &Verdict<Evidence>| crate::scim::evidence::dead::is_dead(verdict, None);
    let refusal = not_granted(&refused(), None);
    assert!(dead(&refusal), "{refusal:?}");
    let scopes = not_granted(&denied(), Some(&refused()));
    assert_eq!(reason(&scopes), Some(FindingReason::NoAccess));
    assert!(matches!(scopes, Verdict::Fail(_)) && !dead(&scopes));
    let like_a_wrong_one = not_granted(&denied(), Some(&denied()));
    assert_eq!(
        reason(&like_a_wrong_one),
        Some(FindingReason::LikeWrongToken)
    );
    assert!(matches!(like_a_wrong_one, Verdict::Inconclusive(_)));
    let nothing_said = not_granted(&silent(), None);
    assert!(matches!(nothing_said, Verdict::Inconclusive(_)) && !dead(&nothing_said));
}

#[test]
fn an_access_token_that_is_refused_says_nothing_against_the_secret() {
    for why in [FindingReason::Rejected, FindingReason::Forbidden] {
        let seen = of_access(
            &secret("s"),
            Verdict::Fail(finding(why, "401")),
            Some(&refused()),
        );
        assert_eq!(reason(&seen), Some(FindingReason::NoAccess));
        assert!(!crate::scim::evidence::dead::is_dead(&seen, None));
    }
}

#[test]
fn the_proof_is_full_only_if_a_wrong_secret_is_refused() {
    let with = |wrong: Option<Exchanged>| of_access(&secret("s"), works(), wrong.as_ref());
    let is_full =
        |verdict: &Verdict<Evidence>| matches!(verdict, Verdict::Pass(proof) if proof.is_full());
    assert!(is_full(&with(Some(refused()))));
    for unclear in [denied(), silent()] {
        let seen = with(Some(unclear));
        assert!(matches!(&seen, Verdict::Pass(proof) if proof.unclear().is_some()));
        assert!(!is_full(&seen), "{seen:?}");
    }
    let open = with(Some(granted()));
    assert_eq!(reason(&open), Some(FindingReason::EndpointOpen));
}

#[test]
fn an_old_secret_is_dead_only_beside_both_controls() {
    let round = |old: &[Exchanged], wrong: Exchanged, after: Exchanged| SecretRound {
        old: old.to_vec(),
        wrong,
        after,
    };
    let judge = |round| refusal(&secret("old"), Timestamp::UNIX_EPOCH, &round);
    let twice = [refused(), refused()];
    let proof = judge(round(&twice, refused(), granted()));
    assert!(matches!(&proof, Verdict::Pass(p) if *p.fingerprint() == secret("old").fingerprint()));
    let cases = [
        (
            round(&[refused(), granted()], refused(), granted()),
            FindingReason::StillAccepted,
        ),
        (
            round(&twice, granted(), granted()),
            FindingReason::EndpointOpen,
        ),
        (
            round(&twice, denied(), granted()),
            FindingReason::RefusalUnclear,
        ),
        (
            round(&twice, silent(), granted()),
            FindingReason::ServerError,
        ),
        (round(&twice, refused(), refused()), FindingReason::Flapping),
        (
            round(&twice, refused(), silent()),
            FindingReason::ServerError,
        ),
        (
            round(&[refused(), denied()], refused(), granted()),
            FindingReason::RefusalUnclear,
        ),
        (
            round(&[silent(), refused()], refused(), granted()),
            FindingReason::ServerError,
        ),
        (round(&[], refused(), granted()), FindingReason::Unreachable),
    ];
    for (round, expected) in cases {
        let seen = judge(round.clone());
        assert_eq!(reason(&seen), Some(expected), "{round:?}");
        let failed = matches!(seen, Verdict::Fail(_));
        assert_eq!(failed, expected == FindingReason::StillAccepted);
    }
}

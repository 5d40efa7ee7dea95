//! What a new token is checked for before any connection is given it: what it may
//! do, whether every connection can hold it, the life that was really issued. And
//! when a retired one counts as dead.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use scim_rotator::rotation::apply::{may_precede_its_commit, must_be_stored};
use scim_rotator::rotation::capability::{IssueEffect, LastUsed, Overlap};
use scim_rotator::rotation::decision::Step;
use scim_rotator::rotation::outcome::{IssuedToken, Objection, Outcome};
use scim_rotator::rotation::privilege::{
    AcceptedRisk, OnBroad, PrivilegeRules, PrivilegeVerdict, is_due, judge, refusal,
};
use scim_rotator::rotation::record::{
    DeliveryState, HeldToken, Origin, Record, RotationResult, Stage, StageName,
};
use scim_rotator::rotation::tenant;
use scim_rotator::scim::evidence::{FindingReason, Tenancy, Verdict};
use scim_rotator::scim::reach::{Privilege, Reached};
use scim_rotator::scim::scopes::{ScopeSource, Scopes};
use scim_rotator::secret::BearerToken;

use crate::apply_table::issued;
use crate::scene::{
    Scene, ago, ahead, days, evidence, finding, healthy, held, hours, in_stage, mins, nothing_yet,
    now, print, refusal_of, secs,
};

fn scopes(names: &str) -> Scopes {
    Scopes::read(ScopeSource::Answer, [names], None).expect("told")
}

fn allowing(names: &[&str]) -> PrivilegeRules {
    PrivilegeRules {
        scopes_allowed: Some(names.iter().map(|name| (*name).to_owned()).collect()),
        ..PrivilegeRules::default()
    }
}

fn accepted(until: Timestamp) -> AcceptedRisk {
    AcceptedRisk {
        reason: "the vendor has one scope".to_owned(),
        owner: "people team".to_owned(),
        until,
    }
}

fn with_scopes(names: &str) -> IssuedToken {
    IssuedToken {
        scopes: Some(scopes(names)),
        ..issued("b")
    }
}

fn found(at: Timestamp, told: Option<&str>, statuses: &[Option<u16>]) -> Privilege {
    Privilege {
        access: None,
        at,
        scopes: told.map(scopes),
        reach: statuses
            .iter()
            .map(|status| Reached::of("https://crm.example/admin", *status))
            .collect(),
    }
}

/// A token that was proven, with what was found out about it then.
fn seen(found: Privilege) -> HeldToken {
    HeldToken {
        evidence: Some(evidence("b", now()).with_privilege(Some(found), None)),
        ..held("b")
    }
}

fn verdict(rules: &PrivilegeRules, token: &HeldToken) -> Option<PrivilegeVerdict> {
    judge(rules, token).map(|judged| judged.verdict)
}

#[test]
fn what_is_told_of_a_token_is_compared_with_what_is_allowed() {
    use PrivilegeVerdict as V;
    let allowed = allowing(&["users:read", "users:write"]);
    let silent = PrivilegeRules::default();
    let urls = PrivilegeRules {
        has_must_refuse: true,
        ..PrivilegeRules::default()
    };
    let told = |names: &str| HeldToken {
        scopes: Some(Box::new(scopes(names))),
        ..held("b")
    };
    let rows = [
        (
            "the same",
            &allowed,
            told("users:write users:read"),
            Some(V::Exact),
        ),
        ("fewer", &allowed, told("users:read"), Some(V::Narrower)),
        (
            "more",
            &allowed,
            told("users:read users:write admin"),
            Some(V::Broader),
        ),
        ("nobody tells", &allowed, held("b"), Some(V::Unknown)),
        ("no rule, nothing told", &silent, held("b"), None),
        ("no rule, a narrow scope", &silent, told("scim"), None),
        (
            "no rule, a broad scope",
            &silent,
            told("scim admin:org"),
            Some(V::Broad),
        ),
        (
            "the issuer shows more now than it said when it made it",
            &allowed,
            HeldToken {
                scopes: Some(Box::new(scopes("users:read"))),
                ..seen(found(now(), Some("users:read groups"), &[]))
            },
            Some(V::Broader),
        ),
        ("not asked yet", &urls, held("b"), Some(V::Unknown)),
        (
            "refused",
            &urls,
            seen(found(now(), None, &[Some(403), Some(404)])),
            Some(V::Narrower),
        ),
        (
            "one is unclear",
            &urls,
            seen(found(now(), None, &[Some(403), Some(500)])),
            Some(V::Unknown),
        ),
        (
            "one lets it in",
            &urls,
            seen(found(now(), None, &[Some(403), Some(200)])),
            Some(V::OverPrivileged),
        ),
        (
            "one lets it in, whatever the scopes are called",
            &allowed,
            seen(found(now(), Some("users:read"), &[Some(204)])),
            Some(V::OverPrivileged),
        ),
    ];
    for (sentence, rules, token, expected) in rows {
        assert_eq!(verdict(rules, &token), expected, "{sentence}");
    }
}

/// Nobody has to tell: the token itself does.
#[test]
fn a_jwt_tells_its_scopes_itself() {
    let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let jwt = |claims: &str| {
        let text = format!("{}.{}.c2ln", encode(r#"{"alg":"RS256"}"#), encode(claims));
        HeldToken {
            value: BearerToken::parse(text).expect("a token"),
            ..held("b")
        }
    };
    let rules = allowing(&["scim"]);
    let rows = [
        (r#"{"scope":"scim"}"#, PrivilegeVerdict::Exact),
        (
            r#"{"scp":"scim Directory.ReadWrite.All"}"#,
            PrivilegeVerdict::Broader,
        ),
        (
            r#"{"scope":"scim","roles":["admin"]}"#,
            PrivilegeVerdict::Broader,
        ),
        (r#"{"permissions":["scim"]}"#, PrivilegeVerdict::Exact),
        (r#"{"sub":"x"}"#, PrivilegeVerdict::Unknown),
    ];
    for (claims, expected) in rows {
        let judged = judge(&rules, &jwt(claims)).expect("a rule is set");
        assert_eq!(judged.verdict, expected, "{claims}");
        let by_jwt = expected != PrivilegeVerdict::Unknown;
        assert_eq!(judged.source == Some(ScopeSource::Jwt), by_jwt, "{claims}");
    }
}

fn broad_one(rules: PrivilegeRules, change: impl FnOnce(Scene) -> Scene) -> Scene {
    let scene = in_stage(Stage::Issuing).policy(|p| p.privilege = rules);
    change(scene).then(Outcome::Issued(with_scopes("scim admin")))
}

fn current(record: &Record) -> Option<&'static str> {
    let current = record.current.as_ref()?;
    ["a", "b"]
        .into_iter()
        .find(|name| print(name) == current.fingerprint())
}

#[test]
fn a_new_token_that_may_do_too_much_is_discarded_and_the_one_in_use_stays() {
    let scene = broad_one(allowing(&["scim"]), |scene| scene);
    assert_eq!(scene.record.stage_name(), StageName::Discarding);
    let rotation = scene.record.rotation.as_ref().expect("a rotation");
    assert!(rotation.deliveries.is_empty(), "nobody was given it");
    let why = rotation.rollback.as_deref().expect("a reason");
    assert!(
        why.contains("admin") && why.contains("accepted_risk"),
        "{why}"
    );
    let after = scene.then(Outcome::Discarded).record;
    assert_eq!(current(&after), Some("a"));
    assert_eq!(after.history[0].result, RotationResult::RolledBack);
    assert!(after.failures.last.is_some(), "people are told");
}

#[test]
fn a_broad_token_is_used_where_a_person_says_so() {
    let warn = PrivilegeRules {
        on_broad: OnBroad::Warn,
        ..allowing(&["scim"])
    };
    let risk = |until| PrivilegeRules {
        accepted_risk: Some(accepted(until)),
        ..allowing(&["scim"])
    };
    let rows = [
        ("on_broad = warn", warn),
        ("an accepted risk", risk(ahead(days(1)))),
        (
            "an acceptance that is over is an alarm, not an outage",
            risk(ago(days(1))),
        ),
        ("no rule", PrivilegeRules::default()),
        ("the scopes are allowed", allowing(&["scim", "admin"])),
    ];
    for (sentence, rules) in rows {
        let scene = broad_one(rules, |scene| scene);
        assert_eq!(scene.record.stage_name(), StageName::Proving, "{sentence}");
    }
}

/// With nothing to go back to, refusing it would be an outage.
#[test]
fn where_the_issue_has_ended_the_old_token_a_broad_one_is_used() {
    for effect in [IssueEffect::Kills, IssueEffect::SchedulesDeath] {
        let scene = broad_one(allowing(&["scim"]), |s| {
            s.issuer(|i| i.issue_effect = effect)
        });
        assert_eq!(scene.record.stage_name(), StageName::Proving, "{effect:?}");
    }
}

/// Some tokens are delivered before they are proven.
#[test]
fn a_two_phase_token_is_checked_before_it_is_delivered() {
    let two_phase = Overlap::TwoPhase { next_usable: false };
    let scene = broad_one(allowing(&["scim"]), |s| s.issuer(|i| i.overlap = two_phase));
    assert_eq!(scene.record.stage_name(), StageName::Discarding);
}

#[test]
fn the_first_token_of_all_is_refused_as_well() {
    let scene = nothing_yet()
        .stage(Stage::Issuing)
        .policy(|p| p.privilege = allowing(&["scim"]))
        .then(Outcome::Issued(with_scopes("scim admin")));
    assert_eq!(scene.record.stage_name(), StageName::Discarding);
    let after = scene.then(Outcome::Discarded);
    assert!(after.record.current.is_none());
    // The next attempt waits: each costs a token.
    assert!(after.plan().wake_at > now());
}

#[test]
fn what_the_service_provider_shows_counts_before_the_first_delivery() {
    let rules = PrivilegeRules {
        has_must_refuse: true,
        ..PrivilegeRules::default()
    };
    let proved = |statuses: &[Option<u16>]| {
        let proof = evidence("b", now()).with_privilege(Some(found(now(), None, statuses)), None);
        in_stage(Stage::Proving)
            .policy(|p| p.privilege = rules.clone())
            .then(Outcome::Proved(Verdict::Pass(proof)))
            .record
            .stage_name()
    };
    assert_eq!(proved(&[Some(403)]), StageName::Delivering);
    assert_eq!(proved(&[Some(200)]), StageName::Discarding);
    assert_eq!(
        proved(&[None]),
        StageName::Delivering,
        "an outage shows nothing"
    );
}

#[test]
fn it_is_asked_once_a_day_and_kept_in_between() {
    let rules = allowing(&["scim"]);
    let last = |at| seen(found(at, None, &[]));
    let rows = [
        ("never asked", held("b"), true),
        ("asked just now", last(ago(mins(5))), false),
        ("asked yesterday", last(ago(hours(24))), true),
        (
            "asked by a clock of next year",
            last(ahead(days(365))),
            true,
        ),
    ];
    for (sentence, token, expected) in rows {
        assert_eq!(is_due(&rules, &token, now()), expected, "{sentence}");
        assert!(
            !is_due(&PrivilegeRules::default(), &token, now()),
            "no rule"
        );
    }
    let before = evidence("b", ago(hours(1))).with_privilege(Some(found(now(), None, &[])), None);
    let next = evidence("b", now()).with_privilege(None, Some(&before));
    assert_eq!(next.privilege(), before.privilege());
}

#[test]
fn a_token_in_use_is_never_given_up_for_what_it_may_do() {
    let rules = PrivilegeRules {
        has_must_refuse: true,
        ..allowing(&["scim"])
    };
    let proof = evidence("a", now()).with_privilege(Some(found(now(), None, &[Some(200)])), None);
    let after = healthy()
        .policy(|p| p.privilege = rules.clone())
        .then(Outcome::Verified(Verdict::Pass(proof)));
    assert_eq!(current(&after.record), Some("a"));
    assert_eq!(after.record.stage_name(), StageName::Idle);
    let token = after.record.current.as_ref().expect("a token");
    assert_eq!(
        verdict(&rules, token),
        Some(PrivilegeVerdict::OverPrivileged)
    );
    assert!(
        refusal(&rules, token).is_some(),
        "a new one would be refused"
    );
}

fn objection() -> Outcome {
    Outcome::CannotBeHeld(vec![Objection {
        connection: "second".to_owned(),
        why: "it has 600 characters and the connection takes at most 512".to_owned(),
    }])
}

#[test]
fn a_token_that_one_connection_cannot_hold_is_given_to_none() {
    let scene = in_stage(Stage::Proving).then(objection());
    assert_eq!(scene.record.stage_name(), StageName::Discarding);
    let rotation = scene.record.rotation.as_ref().expect("a rotation");
    let why = rotation.rollback.as_deref().expect("a reason");
    assert!(why.contains("`second`") && why.contains("512"), "{why}");
    assert!(rotation.deliveries.is_empty());
    let after = scene.then(Outcome::Discarded);
    assert_eq!(current(&after.record), Some("a"));
    let last = after
        .record
        .failures
        .last
        .as_ref()
        .expect("people are told");
    assert!(last.message.contains("512"), "{}", last.message);
}

#[test]
fn a_connection_that_was_written_already_gets_the_old_token_back() {
    let scene = in_stage(Stage::Delivering)
        .delivery("canary", DeliveryState::Delivered)
        .then(objection());
    assert_eq!(scene.record.stage_name(), StageName::Reverting);
}

#[test]
fn a_life_that_is_much_shorter_than_asked_is_used_and_told() {
    let rows = [
        ("as asked", days(90), None),
        ("a little shorter", days(82), None),
        ("much shorter", days(30), Some(days(90))),
        ("longer", days(365), None),
    ];
    for (sentence, life, expected) in rows {
        let token = IssuedToken {
            expires_at: Some(now() + life),
            asked_life: Some(days(90)),
            ..issued("b")
        };
        let after = in_stage(Stage::Issuing).then(Outcome::Issued(token));
        let rotation = after.record.rotation.expect("a rotation");
        let pending = rotation.pending.expect("pending");
        assert_eq!(pending.asked_life, expected, "{sentence}");
        assert_eq!(pending.expires_at, Some(now() + life), "{sentence}");
    }
}

/// A change of the token in use.
type Edit<'a> = &'a dyn Fn(&mut HeldToken);

/// The issuer's settings may name another tenant than the one of the token that was
/// adopted. What it made before shows that they do not.
#[test]
fn the_first_token_of_an_issuer_is_compared_with_the_one_in_use() {
    let pending = |change: Edit<'_>| {
        in_stage(Stage::Proving).with(|s| {
            let rotation = s.record.rotation.as_mut().expect("a rotation");
            let new = rotation.pending.as_mut().expect("a token");
            new.issuer = Some("idp-admin".to_owned());
            change(s.record.current.as_mut().expect("a token"));
        })
    };
    let rows: [(&str, Edit<'_>, bool); 5] = [
        ("adopted", &|t| t.origin = Origin::Adopted, true),
        ("supplied", &|t| t.origin = Origin::Operator, true),
        (
            "adopted, and listed by the issuer",
            &|t| {
                t.origin = Origin::Adopted;
                t.issuer = Some("idp-admin".to_owned());
            },
            false,
        ),
        (
            "of another issuer",
            &|t| t.issuer = Some("former".to_owned()),
            true,
        ),
        ("issued", &|_| {}, false),
    ];
    for (sentence, change, expected) in rows {
        let scene = pending(change);
        assert_eq!(tenant::is_compared(&scene.record), expected, "{sentence}");
        if !expected {
            continue;
        }
        let judged =
            |tenancy: Tenancy| tenant::judge(&scene.record, evidence("b", now()), &tenancy);
        let why = || "an entry is not there".to_owned();
        assert!(
            matches!(judged(Tenancy::Same), Verdict::Pass(_)),
            "{sentence}"
        );
        assert!(matches!(judged(Tenancy::Unknown(why())), Verdict::Pass(_)));
        assert!(matches!(judged(Tenancy::Gone(why())), Verdict::Pass(_)));
        let other = judged(Tenancy::Other(why()));
        let Verdict::Fail(finding) = &other else {
            panic!("{sentence}: {other:?}");
        };
        assert_eq!(finding.reason, FindingReason::OtherTenant);
        let after = scene.then(Outcome::Proved(other)).record;
        assert_eq!(after.stage_name(), StageName::Discarding, "{sentence}");
    }
}

fn retired(refusal: Verdict<scim_rotator::scim::evidence::Refusal>) -> Outcome {
    Outcome::Retired {
        fingerprint: print("old"),
        refusal,
    }
}

fn refused_at(at: Timestamp) -> Outcome {
    retired(Verdict::Pass(refusal_of(&print("old"), at)))
}

/// One server may refuse a token that another one still has in a cache.
#[test]
fn a_retired_token_is_dead_when_it_was_refused_for_long_enough() {
    let scene = healthy()
        .retire_due()
        .policy(|p| p.refusal_window = secs(30))
        .then(refused_at(now()));
    let entry = &scene.record.retiring[0];
    assert_eq!(entry.refused_since, Some(now()));
    assert_eq!(entry.retry_at, Some(now() + secs(30)));
    assert!(entry.revoked_at.is_some(), "its slot is free");
    assert!(scene.plan().wake_at <= now() + secs(30));

    let later = |scene: &Scene, after: SignedDuration| scene.clone().with(|s| s.now += after);
    let too_soon = later(&scene, secs(29)).then(refused_at(now() + secs(29)));
    assert_eq!(too_soon.record.retiring.len(), 1);
    let dead = later(&scene, secs(30)).then(refused_at(now() + secs(30)));
    assert!(dead.record.retiring.is_empty());

    // What is asked again costs no write: the lease covers it, and after a crash it
    // begins anew. The end is stored at once.
    let retire = Step::Retire {
        fingerprint: print("old"),
    };
    let stored = |scene: &Scene, outcome: &Outcome| {
        must_be_stored(outcome, &scene.record, &scene.situation())
    };
    let refused = refused_at(now());
    assert!(!stored(&scene, &refused) && !stored(&too_soon, &refused));
    assert!(stored(&dead, &refused));
    assert!(may_precede_its_commit(&scene.record, &retire));
    let due = healthy().retire_due();
    assert!(!may_precede_its_commit(&due.record, &retire), "it revokes");
    let accepted = retired(Verdict::Fail(finding(FindingReason::StillAccepted)));
    assert!(stored(&scene.clone().then(accepted.clone()), &accepted));

    let still = Verdict::Fail(finding(FindingReason::StillAccepted));
    let flipped = later(&scene, secs(30)).then(retired(still));
    assert_eq!(
        flipped.record.retiring[0].refused_since, None,
        "it begins anew"
    );
    let again = later(&flipped, secs(60)).then(refused_at(now() + secs(90)));
    assert_eq!(again.record.retiring.len(), 1);

    let outage = Verdict::Inconclusive(finding(FindingReason::Unreachable));
    let silent = later(&scene, secs(30)).then(retired(outage));
    assert_eq!(silent.record.retiring[0].refused_since, Some(now()));
}

#[test]
fn the_consumer_that_was_forgotten_is_named() {
    let use_seen = |by: Option<&str>| Outcome::UseSeen {
        fingerprint: print("old"),
        last_used_at: Some(ago(mins(5))),
        last_used_by: by.map(str::to_owned),
    };
    let scene = healthy()
        .retire_due()
        .superseded(|e| e.superseded_at = ago(hours(24)))
        .issuer(|i| i.last_used = LastUsed::Exact);
    for (by, expected) in [
        (Some("batch-job (10.0.0.7)"), "`batch-job (10.0.0.7)`"),
        (None, "somebody"),
    ] {
        let entry = scene.clone().then(use_seen(by)).record.retiring.remove(0);
        let finding = entry.last_finding.expect("a finding");
        assert!(finding.contains(expected), "{finding}");
        assert!(entry.still_used && entry.extended);
        assert_eq!(entry.used_by.as_deref(), by);
    }
    // After the one prolongation it goes, and the finding stays.
    let again = scene
        .superseded(|e| e.extended = true)
        .then(use_seen(Some("batch-job")));
    let entry = &again.record.retiring[0];
    assert!(entry.use_checked.is_some() && entry.still_used);
    assert!(
        entry
            .last_finding
            .as_deref()
            .is_some_and(|f| f.contains("batch-job"))
    );
}

/// The secret itself tells nothing: what the token endpoint grants for it counts.
#[test]
fn a_client_secret_is_judged_by_the_access_token_that_it_is_exchanged_for() {
    let rules = allowing(&["scim.read", "scim.write"]);
    let granted = |names: &str| {
        let access = Scopes::read(ScopeSource::AccessToken, [names], None);
        seen(Privilege {
            access,
            ..found(now(), None, &[])
        })
    };
    let exact = granted("scim.read scim.write");
    assert_eq!(verdict(&rules, &exact), Some(PrivilegeVerdict::Exact));
    assert_eq!(refusal(&rules, &exact), None);
    let broad = granted("scim.read scim.write admin");
    let judged = judge(&rules, &broad).expect("judged");
    assert_eq!(judged.verdict, PrivilegeVerdict::Broader);
    assert_eq!(judged.source, Some(ScopeSource::AccessToken));
    assert!(judged.detail.contains("admin"), "{}", judged.detail);
    let why = refusal(&rules, &broad).expect("refused");
    assert!(why.contains("access_token"), "{why}");
}

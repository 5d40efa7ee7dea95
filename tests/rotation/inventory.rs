//! Whose the credentials are that an issuer lists, and the connections of an identity provider.

use scim_rotator::rotation::inventory::{
    Configured, Coverage, Item, ListedConnection, Provisioned, Whose, claims, classify, known,
};
use scim_rotator::rotation::outcome::{ListedToken, Listing};
use scim_rotator::rotation::record::{Origin, Stage};
use scim_rotator::secret::shown_parts::ShownParts;

use crate::scene::{Scene, ago, days, healthy, in_stage, mins, now};

const ISSUER: &str = "idp-admin";

fn whose(scene: &Scene, tokens: Vec<ListedToken>) -> Vec<(Whose, Option<String>)> {
    let listing = Listing { tokens, etag: None };
    let items = classify(&listing, &claims(&scene.record, ISSUER));
    items
        .into_iter()
        .map(|item| (item.whose, item.token))
        .collect()
}

fn listed(ids: &[&str]) -> Vec<ListedToken> {
    ids.iter().map(|id| ListedToken::with_id(*id)).collect()
}

#[test]
fn every_slot_of_a_record_accounts_for_its_credential_and_nothing_else_does() {
    let scene = in_stage(Stage::Proving)
        .retire_due()
        .orphan("lost", None)
        .rehearsed(ago(mins(1)), Some("x"));
    let ids = ["id-a", "id-b", "id-old", "lost", "id-x", "id-foreign"];
    let found: Vec<_> = whose(&scene, listed(&ids))
        .into_iter()
        .map(|(w, _)| w)
        .collect();
    assert_eq!(
        found,
        [
            Whose::Current,
            Whose::Pending,
            Whose::Retiring,
            Whose::Orphan,
            Whose::Throwaway,
            Whose::Foreign
        ]
    );
    let adopted = healthy().current(|token| token.origin = Origin::Adopted);
    assert_eq!(whose(&adopted, listed(&["id-a"]))[0].0, Whose::Adopted);
}

#[test]
fn an_id_of_another_issuer_is_not_ours_here() {
    let scene = healthy().current(|token| token.issuer = Some("another".to_owned()));
    assert_eq!(whose(&scene, listed(&["id-a"])), [(Whose::Foreign, None)]);
}

#[test]
fn a_token_whose_id_is_not_known_is_found_by_what_the_list_shows_of_it() {
    let scene = healthy().current(|token| token.id = None);
    let value = scene
        .record
        .current
        .as_ref()
        .expect("a token")
        .value
        .clone();
    let (_, end) = value.expose().split_at(4);
    let shown = |text: &str| ListedToken {
        shown: ShownParts::new(None, Some(text)),
        ..ListedToken::with_id("any")
    };
    assert_eq!(whose(&scene, vec![shown(end)])[0].0, Whose::Current);
    assert_eq!(whose(&scene, vec![shown("zzzzzzzz")])[0].0, Whose::Foreign);
    // A request whose reply was lost accounts for what has its label.
    let asked = healthy().rehearsed(ago(mins(1)), None);
    let labelled = ListedToken {
        label: Some("crm-rehearsal-1-0".to_owned()),
        ..ListedToken::with_id("any")
    };
    assert_eq!(whose(&asked, vec![labelled])[0].0, Whose::Throwaway);
}

#[test]
fn what_was_never_used_is_unused_since_it_was_made_if_the_issuer_tells_of_use() {
    let item = |used: Option<i64>| Item {
        id: "x".to_owned(),
        label: None,
        whose: Whose::Foreign,
        token: None,
        created_at: Some(ago(days(100))),
        expires_at: None,
        last_used_at: used.map(|count| ago(days(count))),
    };
    assert_eq!(item(None).unused_for(true, now()), Some(days(100)));
    assert_eq!(item(None).unused_for(false, now()), None);
    assert_eq!(item(Some(3)).unused_for(true, now()), Some(days(3)));
}

#[test]
fn coverage_is_the_managed_share() {
    let mut coverage = Coverage::default();
    assert!(
        (coverage.ratio() - 1.0).abs() < f64::EPSILON,
        "nothing is missing"
    );
    for is_managed in [true, true, true, false] {
        coverage.count(is_managed);
    }
    assert!((coverage.ratio() - 0.75).abs() < f64::EPSILON);
    assert_eq!(coverage.unmanaged(), 1);
}

/// The path of the inventory has no way to change anything.
#[test]
fn nothing_of_the_inventory_can_revoke() {
    let files = [
        include_str!("../../src/rotation/inventory.rs"),
        include_str!("../../src/driver/inventory.rs"),
        include_str!("../../src/cli/inventory.rs"),
        include_str!("../../src/cli/inventory/collect.rs"),
        include_str!("../../src/cli/inventory/providers.rs"),
        include_str!("../../src/cli/inventory/shown.rs"),
        include_str!("../../src/connections/http/inventory.rs"),
        include_str!("../../src/rotation/inventory/provisioned.rs"),
        include_str!("../../src/cli/inventory/watch.rs"),
    ];
    let changing = [
        ".revoke(",
        ".issue(",
        ".cancel(",
        ".complete(",
        ".deliver(",
        ".revert(",
        ".commit(",
        ".publish(",
        "apply::",
    ];
    for text in files {
        for call in changing {
            assert!(!text.contains(call), "{call}");
        }
    }
}

#[test]
fn a_listed_connection_is_managed_by_the_configured_one_with_its_id_and_by_no_other() {
    let listed = |id: &str, part: Option<&str>, is_first| ListedConnection {
        id: id.to_owned(),
        part: part.map(str::to_owned),
        is_first,
        name: None,
        base_url: None,
        status: None,
    };
    let provisioned = || Provisioned {
        connections: vec![
            listed("app-1", Some("job-a"), true),
            listed("app-1", Some("job-b"), false),
            listed("app-2", None, true),
        ],
        hidden: 0,
    };
    let names = |own: &[(&str, &str)]| {
        let own: Vec<_> = own
            .iter()
            .map(|(name, id)| Configured {
                name: (*name).to_owned(),
                id: (*id).to_owned(),
            })
            .collect();
        let all = known(provisioned(), &own).into_iter();
        all.map(|one| one.name.unwrap_or_default())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&[]), ["", "", ""]);
    assert_eq!(names(&[("first", "app-1")]), ["first", "", ""]);
    assert_eq!(names(&[("second", "app-1/job-b")]), ["", "second", ""]);
    assert_eq!(
        names(&[("b", "app-1/job-b"), ("two", "app-2"), ("else", "app")]),
        ["", "b", "two"]
    );
}

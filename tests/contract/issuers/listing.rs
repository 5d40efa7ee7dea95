//! What an issuer lists: what is not ours does not stop us, and a list has bounds.

use std::time::Duration;

use scim_rotator::fault::{FaultClass, FaultKind};
use scim_rotator::secret::BearerToken;
use scim_rotator::secret::shown_parts::Fit;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::world::{PLAIN, World};
use crate::connections::world::reply;

async fn listed(items: Value) -> World {
    World::new(PLAIN, move |_| reply(200, json!({ "tokens": items }))).await
}

async fn ids(items: Value) -> Vec<String> {
    let listing = listed(items).await.list().await.expect("a list");
    listing.tokens.into_iter().map(|token| token.id).collect()
}

#[tokio::test]
async fn one_foreign_item_never_hides_ours() {
    let ours = json!({"id": "ours", "name": "crm-prod-1", "expires_at": "2026-09-01T00:00:00Z"});
    let odd = [
        json!({"id": "f", "name": "x"}),
        json!({"id": "f", "expires_at": null}),
        json!({"id": "f", "expires_at": ""}),
        json!({"id": "f", "expires_at": "never"}),
        json!({"id": "f", "expires_at": "9999-12-31T23:59:59Z"}),
        json!({"id": "f", "expires_at": "10000-01-01T00:00:00Z"}),
        json!({"id": "f", "expires_at": "0001-01-01T00:00:00Z"}),
        json!({"id": "f", "expires_at": 1e300}),
        json!({"id": "f", "expires_at": {"at": 1}}),
        json!({"id": "f", "name": "Zoë's token / \u{1b}[31m"}),
        json!({"id": 7}),
        json!({"name": "no id"}),
        json!({"id": null}),
        json!({"id": ""}),
        json!({"id": "a/../b"}),
        json!({"id": "a\nb"}),
        json!({"id": "x".repeat(600)}),
        json!({"id": {"value": "f"}}),
        json!(null),
        json!("f"),
        json!([]),
    ];
    for foreign in &odd {
        for items in [json!([foreign, ours]), json!([ours, foreign])] {
            let listing = listed(items).await.list().await;
            let listing = listing.unwrap_or_else(|fault| panic!("{foreign}: {fault}"));
            let found = listing.tokens.iter().find(|t| t.id == "ours");
            let label = found.and_then(|token| token.label.as_deref());
            assert_eq!(label, Some("crm-prod-1"), "{foreign}");
            for token in &listing.tokens {
                let label = token.label.as_deref().unwrap_or_default();
                let plain = |text: &str| text.bytes().all(|b| (b' '..=b'~').contains(&b));
                assert!(plain(&token.id) && plain(label), "{token:?}");
            }
        }
    }
    let mut all = odd.to_vec();
    all.push(ours);
    assert_eq!(ids(Value::Array(all)).await, ["f", "7", "ours"]);
}

/// The ids in an answer whose items are read in this way; else what the fault says.
async fn ids_as(items_as: &str, body: Value) -> Result<Vec<String>, String> {
    let keys = format!("items = \"/tokens\", items_as = \"{items_as}\"");
    let settings = PLAIN.replace("items = \"/tokens\"", &keys);
    assert_ne!(settings, PLAIN, "the key is added");
    let world = World::new(&settings, move |_| reply(200, body.clone())).await;
    match world.list().await {
        Ok(listing) => Ok(listing.tokens.into_iter().map(|token| token.id).collect()),
        Err(fault) => {
            let schema = (FaultClass::NotApplied, FaultKind::Schema);
            assert_eq!((fault.class, fault.kind), schema, "{fault}");
            Err(fault.message)
        }
    }
}

/// Some issuers have one token, and show it as an object; others leave the array out
/// where there is none.
#[tokio::test]
async fn what_stands_in_place_of_an_array_is_said() {
    let one = json!({"tokens": {"id": "a"}});
    let some = json!({"tokens": [{"id": "a"}]});
    let (null, none, text) = (json!({"tokens": null}), json!({}), json!({"tokens": "a"}));
    let bare = json!([{"id": "a"}]);
    for (items_as, body, expected) in [
        ("one_object", &one, Some(vec!["a"])),
        ("one_object", &null, Some(vec![])),
        ("one_object", &none, Some(vec![])),
        ("one_object", &some, None),
        ("one_object", &text, None),
        ("one_object", &bare, None),
        ("optional_array", &some, Some(vec!["a"])),
        ("optional_array", &null, Some(vec![])),
        ("optional_array", &none, Some(vec![])),
        ("optional_array", &one, None),
        ("optional_array", &bare, None),
        ("array", &some, Some(vec!["a"])),
        ("array", &null, None),
        ("array", &none, None),
        ("array", &one, None),
    ] {
        let what = if items_as == "one_object" {
            "no object"
        } else {
            "no array"
        };
        match (ids_as(items_as, body.clone()).await, expected) {
            (Ok(ids), Some(expected)) => assert_eq!(ids, expected, "{items_as} {body}"),
            (Err(said), None) => {
                assert!(said.contains(what), "{items_as} {body}: {said}");
                assert!(
                    said.contains("`list.read.items`"),
                    "{items_as} {body}: {said}"
                );
            }
            (came, _) => panic!("{items_as} {body}: {came:?}"),
        }
    }
}

/// A list shows the beginning of a value, or its end, or both in one text.
#[tokio::test]
async fn parts_of_a_value_tell_which_token_it_is() {
    let keys = "items = \"/tokens\", token_prefix = \"/hint\", token_suffix = \"/last4\"";
    let settings = PLAIN.replace("items = \"/tokens\"", keys);
    assert_ne!(settings, PLAIN, "the keys are added");
    let items = json!([
        {"id": "both", "hint": "tok_a1b2…", "last4": "wxyz"},
        {"id": "end", "last4": "wxyz"},
        {"id": "beginning", "hint": "tok_a1b2********"},
        {"id": "other", "hint": "tok_a1b9", "last4": "wxyz"},
        {"id": "little", "last4": "yz"},
        {"id": "none", "hint": null},
    ]);
    let world = World::new(&settings, move |_| reply(200, json!({ "tokens": items }))).await;
    let listing = world.list().await.expect("a list");
    let value = BearerToken::parse("tok_a1b2c3d4wxyz").expect("a token");
    let fits: Vec<_> = listing.tokens.iter().map(|t| t.shown.fit(&value)).collect();
    let expected = [
        Fit::Fits,
        Fit::Fits,
        Fit::Fits,
        Fit::Differs,
        Fit::Unknown,
        Fit::Unknown,
    ];
    assert_eq!(fits, expected);
    assert!(!format!("{listing:?}").contains("wxyz"));
}

#[tokio::test]
async fn a_list_is_read_up_to_its_bounds() {
    let many = |count: usize, pad: usize| -> Value {
        let item = |n: usize| json!({"id": format!("t-{n}"), "pad": "x".repeat(pad)});
        (0..count).map(item).collect()
    };
    assert_eq!(ids(many(10_000, 0)).await.len(), 10_000);
    // Larger than other answers may be.
    assert_eq!(ids(many(5_000, 1000)).await.len(), 5_000);
    for (items, told) in [
        (many(10_001, 0), "more than 10000 items"),
        (many(9_000, 2000), "larger than 16777216 bytes"),
    ] {
        let fault = listed(items).await.list().await.expect_err("too many");
        assert_eq!(
            (fault.class, fault.kind),
            (FaultClass::NotApplied, FaultKind::Schema)
        );
        assert!(fault.message.contains(told), "{fault}");
    }
}

/// Pages that are small each, and together too many.
#[tokio::test]
async fn the_bounds_are_those_of_all_pages_together() {
    let settings = PLAIN.replace(
        "list = { url = \"@SP@/tokens\",",
        "list = { url = \"@SP@/tokens\", paging.page = { param = \"page\" },",
    );
    assert_ne!(settings, PLAIN);
    let world = World::new(&settings, |seen| {
        let page: usize = seen
            .path
            .split('=')
            .nth(1)
            .map_or(1, |n| n.parse().expect("a number"));
        let item = |n: usize| json!({"id": format!("t-{page}-{n}")});
        let items: Vec<Value> = (0..1000).map(item).collect();
        reply(200, json!({ "tokens": items }))
    })
    .await;
    let fault = world.list().await.expect_err("too many");
    assert!(fault.message.contains("narrow it down"), "{fault}");
    assert_eq!(world.server.calls().len(), 11);
}

/// A server of the daemon answers while a large list is read.
#[tokio::test]
async fn a_large_list_silences_nobody() {
    let item = |n: usize| json!({"id": format!("t-{n}"), "name": format!("label-{n}"), "expires_at": "2030-01-01T00:00:00Z"});
    let items: Vec<Value> = (0..10_000).map(item).collect();
    let world = listed(Value::Array(items)).await;
    let reading = world.list();
    tokio::pin!(reading);
    let began = Instant::now();
    let (mut last, mut longest) = (Instant::now(), Duration::ZERO);
    let listing = loop {
        tokio::select! {
            biased;
            () = tokio::time::sleep(Duration::from_millis(1)) => {}
            listing = &mut reading => break listing,
        }
        longest = longest.max(last.elapsed());
        last = Instant::now();
    };
    assert_eq!(listing.expect("a list").tokens.len(), 10_000);
    let took = began.elapsed();
    assert!(took < Duration::from_secs(20), "{took:?}");
    assert!(longest < Duration::from_secs(5), "{longest:?} of {took:?}");
}

#[tokio::test]
async fn an_id_that_is_none_is_a_fault_with_a_plain_word() {
    let made = "cAnArY-made-44af";
    for (id, told) in [
        (json!("../users/7"), "has a `/`"),
        (json!("a\u{1b}[31mb"), "outside visible ASCII"),
        (json!("a\nb"), "outside visible ASCII"),
        (json!("x".repeat(513)), "longer than 512"),
        (json!(made), "is the token itself"),
        (json!(format!("id:{made}")), "is the token itself"),
    ] {
        let world = World::new(PLAIN, move |_| reply(201, json!({"token": made, "id": id}))).await;
        let fault = world.refused().await;
        assert!(fault.message.contains(told), "{fault}");
        assert!(fault.message.contains("issue.read.id"), "{fault}");
        assert_eq!(fault.unusable.expect("complete").made, None);
    }
}

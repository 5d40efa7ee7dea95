use super::*;
use crate::http::message::Origin;
use serde_json::json;
use zeroize::Zeroizing;

fn answer(link: &str, body: &Value) -> Answer {
    let mut headers = http::HeaderMap::new();
    if !link.is_empty() {
        headers.insert("link", link.parse().expect("header"));
    }
    Answer {
        status: 200,
        headers,
        body: Zeroizing::new(body.to_string().into_bytes()),
        origin: Origin {
            method: http::Method::GET,
            host: "sp".to_owned(),
            operation: "list",
            idempotent: true,
        },
    }
}

fn start() -> Url {
    "https://sp.example/tokens?org=1".parse().expect("url")
}

fn step(paging: &Paging, link: &str, body: &Value, items: usize) -> Result<Option<String>, String> {
    let mut pager = Pager::new(paging, start());
    let more = pager.advance(&answer(link, body), body, items)?;
    Ok(more.then(|| pager.url().as_str().replace("https://sp.example", "")))
}

#[test]
fn each_kind_finds_its_next_page() {
    let cursor = Paging::Cursor {
        at: Pointer::parse("/next_page").expect("p"),
        param: "page".to_owned(),
    };
    let next_url = Paging::NextUrl {
        at: Pointer::parse("/links/next").expect("p"),
    };
    let page = Paging::Page {
        param: "page".to_owned(),
        first: 1,
        size: Some(2),
    };
    let offset = Paging::Offset {
        param: "skip".to_owned(),
        first: 0,
    };
    let empty = json!({});
    let cases: Vec<(&Paging, &str, Value, usize, Option<&str>)> = vec![
        (&Paging::None, "", empty.clone(), 5, None),
        (
            &Paging::Link,
            "<https://sp.example/tokens?a=2>; rel=\"last\", </tokens?a=1>; rel=\"next\"",
            empty.clone(),
            1,
            Some("/tokens?a=1"),
        ),
        (&Paging::Link, "<x>; rel=prev", empty.clone(), 1, None),
        (
            &cursor,
            "",
            json!({"next_page": 2}),
            1,
            Some("/tokens?org=1&page=2"),
        ),
        (
            &cursor,
            "",
            json!({"next_page": "a b"}),
            1,
            Some("/tokens?org=1&page=a+b"),
        ),
        (&cursor, "", json!({"next_page": null}), 1, None),
        (&cursor, "", json!({"next_page": ""}), 1, None),
        (
            &next_url,
            "",
            json!({"links": {"next": "?p=2"}}),
            1,
            Some("/tokens?p=2"),
        ),
        (&next_url, "", json!({"links": {}}), 1, None),
        (&page, "", empty.clone(), 2, Some("/tokens?org=1&page=2")),
        (&page, "", empty.clone(), 1, None),
        (&offset, "", empty.clone(), 3, Some("/tokens?org=1&skip=3")),
        (&offset, "", empty.clone(), 0, None),
    ];
    for (paging, link, body, items, expected) in cases {
        let next = step(paging, link, &body, items).expect("no error");
        assert_eq!(next.as_deref(), expected, "{paging:?} {body}");
    }
}

#[test]
fn circles_strangers_and_endless_lists_are_errors() {
    let circle = step(&Paging::Link, "</tokens?org=1>; rel=next", &json!({}), 1);
    assert!(circle.expect_err("circle").contains("circle"));
    let stranger = step(
        &Paging::Link,
        "<https://evil.example/>; rel=next",
        &json!({}),
        1,
    );
    assert!(stranger.expect_err("stranger").contains("another server"));
    let downgrade = step(
        &Paging::Link,
        "<http://sp.example/>; rel=next",
        &json!({}),
        1,
    );
    assert!(downgrade.is_err());

    let page = Paging::Page {
        param: "page".to_owned(),
        first: 0,
        size: None,
    };
    let mut pager = Pager::new(&page, start());
    assert!(pager.url().as_str().ends_with("page=0"));
    let same = json!({"tokens": [1]});
    assert_eq!(pager.advance(&answer("", &same), &same, 1), Ok(true));
    assert!(
        pager.advance(&answer("", &same), &same, 1).is_err(),
        "same page twice"
    );

    let cursor = Paging::Cursor {
        at: Pointer::parse("/n").expect("p"),
        param: "c".to_owned(),
    };
    let mut pager = Pager::new(&cursor, start());
    let endless = (0..=MAX_PAGES).try_for_each(|n| {
        let body = json!({ "n": n });
        pager.advance(&answer("", &body), &body, 1).map(|_| ())
    });
    assert!(endless.expect_err("bounded").contains("1000 pages"));
}

use super::*;
use crate::http::message::{Origin, SecretJson};
use serde_json::json;
use zeroize::Zeroizing;

fn answer(link: &str, body: &Value) -> Answer {
    let mut headers = http::HeaderMap::new();
    if !link.is_empty() {
        headers.insert("link", link.parse().expect("header"));
    }
    Answer {
        parsed: crate::http::message::Parsed::default(),
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

fn place(text: &str) -> Place {
    Place::parse(text).expect(text)
}

fn cursor(at: &str) -> Paging {
    Paging::Cursor {
        at: place(at),
        param: Some("page".to_owned()),
        header: None,
        body: None,
    }
}

fn advance(pager: &mut Pager<'_>, link: &str, body: &Value, items: usize) -> Result<bool, String> {
    let answer = answer(link, body);
    let json: SecretJson = answer.secret_json().expect("JSON");
    pager.advance(&answer, View::of(&answer, Some(&json)), items)
}

/// The URL of the page after this answer.
fn step(paging: &Paging, link: &str, body: &Value, items: usize) -> Result<Option<String>, String> {
    let mut pager = Pager::new(paging, start());
    let more = advance(&mut pager, link, body, items)?;
    let url = pager.mark().url(start());
    Ok(more.then(|| url.as_str().replace("https://sp.example", "")))
}

#[test]
fn each_kind_finds_its_next_page() {
    // authentik numbers its pages, and says 0 on the last one.
    let numbered = json!({"next_page": 0});
    assert_eq!(step(&cursor("/next_page"), "", &numbered, 100), Ok(None));
    let cursor = cursor("/next_page");
    let next_url = Paging::NextUrl {
        at: place("/links/next"),
    };
    let page = Paging::Page {
        param: Some("page".to_owned()),
        body: None,
        first: 1,
        size: Some(2),
    };
    let offset = Paging::Offset {
        param: Some("skip".to_owned()),
        body: None,
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
        (&cursor, "", json!({"next_page": false}), 1, None),
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
fn a_mark_may_go_into_a_header_or_the_body() {
    let marked = |header: Option<&str>, body: Option<&str>, mark: Value| {
        let paging = Paging::Cursor {
            at: place("/next"),
            param: None,
            header: header.map(str::to_owned),
            body: body.map(str::to_owned),
        };
        let mut pager = Pager::new(&paging, start());
        assert_eq!(
            advance(&mut pager, "", &json!({ "next": mark }), 1),
            Ok(true)
        );
        pager.mark().clone()
    };
    let header = marked(Some("X-Next"), None, json!("a"));
    assert_eq!(
        header,
        PageMark::Header("X-Next".to_owned(), "a".to_owned())
    );
    assert_eq!(header.url(start()), start(), "the URL stays");
    for mark in [json!("a"), json!(7)] {
        let mut body = json!({"size": 10});
        let page = marked(None, Some("/page/after"), mark.clone());
        page.put(&mut body).expect("put");
        assert_eq!(body, json!({"size": 10, "page": {"after": mark}}));
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
        param: Some("page".to_owned()),
        body: None,
        first: 0,
        size: None,
    };
    let mut pager = Pager::new(&page, start());
    assert!(pager.mark().url(start()).as_str().ends_with("page=0"));
    let same = json!({"tokens": [1]});
    assert_eq!(advance(&mut pager, "", &same, 1), Ok(true));
    assert!(
        advance(&mut pager, "", &same, 1).is_err(),
        "same page twice"
    );

    let cursor = cursor("/n");
    let mut pager = Pager::new(&cursor, start());
    let endless = (0..=MAX_PAGES)
        .try_for_each(|n| advance(&mut pager, "", &json!({ "n": n }), 1).map(|_| ()));
    assert!(endless.expect_err("bounded").contains("1000 pages"));
}

#[test]
fn a_mark_that_goes_nowhere_or_twice_is_reported() {
    for (keys, problems) in [
        ("param = 'page'", 0),
        ("header = 'X-Next'", 0),
        ("body = '/after'", 0),
        ("", 1),
        ("param = 'page', header = 'X-Next'", 1),
        ("param = ''", 1),
    ] {
        let comma = if keys.is_empty() { "" } else { ", " };
        let text = format!("cursor = {{ at = '/next'{comma}{keys} }}");
        let paging: Paging = toml::from_str(&text).expect(&text);
        let mut found = Problems::default();
        paging.check("list.paging", &Names::default(), &mut found);
        assert_eq!(found.all().len(), problems, "{text}");
    }
}

/// The number of items to skip, or of the page, as a number in the JSON body: from
/// the first page on.
#[test]
fn a_page_can_be_named_in_the_body_of_the_request() {
    let rows = [
        ("offset = { body = '/from' }", "/from", [0, 2]),
        ("page = { body = '/page/number' }", "/page/number", [1, 2]),
    ];
    for (written, at, expected) in rows {
        let paging: Paging = toml::from_str::<std::collections::BTreeMap<String, Paging>>(
            &format!("paging.{written}"),
        )
        .expect("paging")
        .remove("paging")
        .expect("there");
        let mut pager = Pager::new(&paging, start());
        let mut sent = Vec::new();
        for page in 0..2 {
            let mut body = json!({ "kind": "scim" });
            pager.mark().put(&mut body).expect("a place");
            sent.push(body.pointer(at).and_then(Value::as_i64).expect("a number"));
            assert_eq!(pager.mark().url(start()), start());
            let more = advance(&mut pager, "", &json!({ "page": page }), 2);
            assert_eq!(more, Ok(true));
        }
        assert_eq!(sent, expected);
        assert_eq!(advance(&mut pager, "", &json!({}), 0), Ok(false));
    }
    let mut problems = Problems::default();
    let both = Paging::Offset {
        param: Some("skip".to_owned()),
        body: Some("/skip".to_owned()),
        first: 0,
    };
    both.check("list.paging", &Names::default(), &mut problems);
    assert!(problems.has_errors());
}

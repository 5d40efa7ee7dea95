//! Templates of any text, and values of any text in fixed templates: a value stays
//! in its place, and no error holds one.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use scim_rotator::http::template::{ConfigValue, Context, JsonTemplate, Names, Template};
use scim_rotator::problem::Problems;
use scim_rotator::secret::BearerToken;
use serde_json::{Value, json};
use url::Url;

use super::hold::{CANARY, gives_it_away, hides, in_time, is_for_people, now, planted};

/// More than any request takes.
const LONGEST_OUTPUT: usize = 1024 * 1024;
const LONGEST_ERROR: usize = 4 * 1024;

pub(super) fn run(input: &[u8]) {
    let Some((mode, rest)) = input.split_first() else {
        return;
    };
    if gives_it_away(rest) {
        return;
    }
    match (mode % 2, std::str::from_utf8(rest)) {
        (0, Ok(source)) => is_judged_and_rendered(source),
        (1, Ok(_)) => {
            let value = planted(rest).unwrap_or_default();
            stays_in_its_place(&value);
        }
        (_, _) => {}
    }
}

fn is_judged_and_rendered(source: &str) {
    let template = Template::new(source);
    let names = Names::new([
        "token",
        "label",
        "scim_url",
        "lifetime",
        "config.scopes",
        "config.count",
        "steps.find",
    ]);
    let mut problems = Problems::default();
    in_time(|| {
        template.check("a.b", &names, &mut problems);
        template.check_field("a.b", &names, &mut problems);
    });
    let document = serde_json::from_str::<Value>(source).ok().map(JsonTemplate);
    if let Some(document) = &document {
        document.check("a.b", &names, &mut problems);
    }
    for problem in problems.all() {
        hides(&problem.message);
        hides(&problem.remedy);
        is_for_people(&problem.message, LONGEST_ERROR);
        is_for_people(&problem.remedy, LONGEST_ERROR);
    }
    let context = context();
    let rendered = in_time(|| {
        let text = template.text_or_omitted(&context);
        let url = template.url(&context).map(|url| url.to_string());
        let header = template.header(&context).map(|value| value.len());
        let json = template.json_or_omitted(&context);
        let document = document.as_ref().map(|document| document.render(&context));
        (text, url, header, json, document)
    });
    let (text, url, header, json, document) = rendered;
    let sizes = [
        text.as_ref()
            .ok()
            .and_then(Option::as_ref)
            .map(|text| text.len()),
        url.as_ref().ok().map(String::len),
        header.as_ref().ok().copied(),
        json.as_ref().ok().map(|json| format!("{json:?}").len()),
    ];
    for size in sizes.into_iter().flatten() {
        assert!(size <= LONGEST_OUTPUT, "{size} bytes");
    }
    let errors = [
        text.err(),
        url.err(),
        header.err(),
        json.err(),
        document.and_then(Result::err),
    ];
    for error in errors.into_iter().flatten() {
        hides(&error);
        is_for_people(&error, LONGEST_ERROR);
    }
}

fn context() -> Context {
    let config = BTreeMap::from([
        ("count".to_owned(), ConfigValue::Integer(7)),
        (
            "scopes".to_owned(),
            ConfigValue::List(vec!["users".to_owned(), "groups".to_owned()]),
        ),
    ]);
    Context::new(now())
        .secret("token", &BearerToken::parse(CANARY).expect("a token"))
        .text("label", "crm-r1")
        .url(
            "scim_url",
            &Url::parse("https://sp.example/scim").expect("a URL"),
        )
        .number("lifetime", 3600)
        .none("nothing")
        .config(&config)
}

/// A value of any text in a template that an author wrote.
fn stays_in_its_place(value: &str) {
    let context = Context::new(now()).text("v", value);
    let written = |source: &str| Template::new(source);
    if let Ok(url) = written("https://sp.example/a/{{ v }}/b?x=1").url(&context) {
        let parts: Vec<_> = url.path_segments().expect("a path").collect();
        assert_eq!(
            (url.host_str(), parts.len()),
            (Some("sp.example"), 3),
            "{url}"
        );
        assert_eq!((parts[0], parts[2]), ("a", "b"), "{url}");
        let decoded = percent_decode_str(parts[1]).decode_utf8().expect("UTF-8");
        assert_eq!(decoded, value);
        assert_eq!((url.query(), url.fragment()), (Some("x=1"), None), "{url}");
    }
    if let Ok(url) = written("https://{{ v }}/x").url(&context) {
        assert_eq!(
            (url.path(), url.username(), url.password()),
            ("/x", "", None),
            "{url}"
        );
        assert_eq!(
            (url.scheme(), url.query(), url.fragment()),
            ("https", None, None),
            "{url}"
        );
    }
    match written("A {{ v }}").header(&context) {
        Ok(header) => {
            assert_eq!(header.as_bytes(), format!("A {value}").as_bytes());
            assert!(header.is_sensitive());
            assert!(!header.as_bytes().contains(&b'\n') && !header.as_bytes().contains(&b'\r'));
        }
        Err(why) => hides(&why),
    }
    let document = JsonTemplate(json!({ "k": ["{{ v }}", "<{{ v }}>"] }));
    let document = document.render(&context).expect("any text stands in JSON");
    assert_eq!(document, json!({ "k": [value, format!("<{value}>")] }));
    let text = written("{{ v | tojson }}")
        .text(&context)
        .expect("any text is JSON");
    assert_eq!(
        serde_json::from_str::<Value>(&text).expect("JSON"),
        json!(value)
    );
    let text = written("{{ v | urlencode }}")
        .text(&context)
        .expect("encoded");
    assert_eq!(
        percent_decode_str(&text).decode_utf8().expect("UTF-8"),
        value
    );
}

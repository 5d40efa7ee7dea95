//! Replays that cannot be meant are refused before they run.

use scim_rotator::vendors::replay::Replay;

const GOOD: &str = r#"
[replay]
vendor = "acme"
family = "issuer"

[exchanges.one]
request = { method = "GET", url = "https://acme.example.com/" }
answer = { status = 200 }

[[scene]]
name = "good"
[[scene.run]]
call = "get"
with = { id = "7" }
expect = "nothing"
[[scene.exchange]]
use = "one"
"#;

/// In place of this text, this one; and what is told of it.
const TEXTS: &[(&str, &str, &str)] = &[
    (
        "family = \"issuer\"",
        "family = \"vault\"",
        "unknown variant `vault`",
    ),
    ("vendor =", "vender =", "unknown field `vender`"),
    (
        "call = \"get\"",
        "call = \"deliver\"",
        "scene `good`: run 1 (deliver): `issuer` has no such operation",
    ),
    (
        "call = \"get\"",
        "call = \"list\"",
        "run 1 (list): it takes no `id`; it takes nothing",
    ),
    (
        "id = \"7\"",
        "label = \"7\"",
        "it takes no `label`; it takes `id`",
    ),
    (
        "\"nothing\"",
        "\"done\"",
        "this cannot come of it; expect { found",
    ),
    ("\"nothing\"", "{ issued = {} }", "this cannot come of it"),
    (
        "\"nothing\"",
        "{ fault = { class = \"lost\" } }",
        "unknown variant `lost`",
    ),
    (
        "\"nothing\"",
        "{ found = { expires_at = \"soon\" } }",
        "`soon` is no time",
    ),
    (
        "call = \"get\"\nwith = { id = \"7\" }\nexpect = \"nothing\"",
        "call = \"list\"\nexpect = { listed = { tokens = [{ label = \"x\" }] } }",
        "each of `tokens` names its `id`",
    ),
    (
        "use = \"one\"",
        "use = \"two\"",
        "exchange 1: there is no [exchanges.two]; there is `one`",
    ),
    (
        "use = \"one\"",
        "times = 2",
        "needs both `request` and `answer`",
    ),
    (
        "use = \"one\"",
        "use = \"one\"\ntimes = 0",
        "`times` is at least 1",
    ),
    (
        "[[scene.run]]\ncall = \"get\"\nwith = { id = \"7\" }\nexpect = \"nothing\"\n",
        "",
        "it runs nothing",
    ),
    (
        "[exchanges.one]\nrequest = { method = \"GET\"",
        "[exchanges.one]\nrequest = { method = \"GE T\"",
        "[exchanges.one]: `GE T` is no method",
    ),
];

/// What a request holds, and what is told of it.
const REQUESTS: &[(&str, &str)] = &[
    (
        "method = \"get\", url = \"https://a.example/\"",
        "`get` is no method",
    ),
    (
        "method = \"GET\", url = \"http://127.0.0.1/\"",
        "is no https URL",
    ),
    (
        "method = \"GET\", url = \"https://a.example/{null}\"",
        "`{null}` stands for a whole value",
    ),
    (
        "method = \"GET\", url = \"https://a.example/\", headers = { \"a b\" = \"1\" }",
        "`a b` is not a header name",
    ),
    (
        "method = \"GET\", url = \"https://a.example/\", absent_headers = [\"a b\"]",
        "`a b` is not a header name",
    ),
    (
        "method = \"GET\", url = \"https://a.example/\", text = \"\", json = {}",
        "a request has one body",
    ),
    (
        "method = \"GET\", url = \"https://a.example/\", json = { a = [\"x{absent}\"] }",
        "`{absent}` stands for a whole value",
    ),
    (
        "method = \"GET\", url = \"https://a.example/\", json = \"{\"",
        "the text is not JSON",
    ),
];

/// What an answer holds, and what is told of it.
const ANSWERS: &[(&str, &str)] = &[
    ("status = 99", "99 is no status"),
    ("text = \"x\"", "needs a `status`"),
    (
        "lost = \"before\", status = 200",
        "has no status, headers or body",
    ),
    ("lost = \"in between\"", "unknown variant `in between`"),
    (
        "status = 200, text = \"\", json = {}",
        "an answer has one body",
    ),
    (
        "status = 200, json = { a = \"{any}\" }",
        "an answer cannot hold `{any}`",
    ),
    (
        "status = 200, json = { a = \"{absent}\" }",
        "`{absent}` stands for",
    ),
    (
        "status = 200, headers = { a = \"{any}\" }",
        "an answer cannot hold `{any}`",
    ),
];

fn refused(good: &str, bad: &str, told: &str) {
    assert!(GOOD.contains(good), "not there: {good}");
    let refused = Replay::parse(&GOOD.replace(good, bad)).expect_err(bad);
    assert!(refused.contains(told), "{bad}\n{told}\n{refused}");
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    Replay::parse(GOOD).expect("a replay");
    for (good, bad, told) in TEXTS {
        refused(good, bad, told);
    }
    let place = "use = \"one\"";
    for (request, told) in REQUESTS {
        refused(place, &format!("{place}\nrequest = {{ {request} }}"), told);
    }
    for (answer, told) in ANSWERS {
        refused(place, &format!("{place}\nanswer = {{ {answer} }}"), told);
    }
    let scene = &GOOD[GOOD.find("[[scene]]").expect("a scene")..];
    refused(scene, "", "has no [[scene]]");
    refused(
        scene,
        &format!("{scene}\n{scene}"),
        "two scenes of this name",
    );
}

//! What is wrong with a replay before it runs.

use std::collections::BTreeSet;

use http::{HeaderName, Method};
use serde_json::Value;

use super::super::pattern::{ABSENT, ANY, NULL, names, whole};
use super::{Call, Exchange, Expect, ExpectedRequest, GivenAnswer, Lost, OneOrMore, Replay, Scene};

/// # Errors
/// Names the first thing that is wrong, and its place.
pub(super) fn check(replay: &Replay) -> Result<(), String> {
    if replay.scenes.is_empty() {
        return Err("the replay has no [[scene]]".to_owned());
    }
    for (name, exchange) in &replay.exchanges {
        check_exchange(exchange).map_err(|why| format!("[exchanges.{name}]: {why}"))?;
    }
    let mut seen = BTreeSet::new();
    for scene in &replay.scenes {
        let about = |why: String| format!("scene `{}`: {why}", scene.name);
        if !seen.insert(&scene.name) {
            return Err(about("there are two scenes of this name".to_owned()));
        }
        check_scene(replay, scene).map_err(about)?;
    }
    Ok(())
}

fn check_scene(replay: &Replay, scene: &Scene) -> Result<(), String> {
    if scene.run.is_empty() {
        return Err("it runs nothing: it has no [[scene.run]]".to_owned());
    }
    for (index, operation) in scene.run.iter().enumerate() {
        let call = operation.call;
        let about = |why: String| format!("run {} ({}): {why}", index + 1, call.as_str());
        if call.family() != replay.head.family {
            let family = replay.head.family.as_str();
            return Err(about(format!("`{family}` has no such operation")));
        }
        if let Some(key) = operation
            .with
            .keys()
            .find(|key| !call.takes().contains(key))
        {
            return Err(about(format!(
                "it takes no `{key}`; it takes {}",
                listed(call.takes())
            )));
        }
        check_expect(call, &operation.expect).map_err(about)?;
    }
    for (index, exchange) in replay.exchanges_of(scene)?.iter().enumerate() {
        check_exchange(exchange).map_err(|why| format!("exchange {}: {why}", index + 1))?;
    }
    Ok(())
}

fn check_expect(call: Call, expect: &Expect) -> Result<(), String> {
    let fits = match (expect, call) {
        (Expect::Fault(_), _)
        | (Expect::Issued(_), Call::Issue)
        | (Expect::Listed(_), Call::List)
        | (Expect::Found(_), Call::Get)
        | (Expect::Nothing, Call::Get | Call::Look)
        | (Expect::Confirmation(_), Call::Confirm)
        | (Expect::Condition(_), Call::Look)
        | (Expect::Connections(_), Call::Inventory)
        | (
            Expect::Done,
            Call::Revoke
            | Call::Complete
            | Call::Cancel
            | Call::Preflight
            | Call::Deliver
            | Call::Revert,
        ) => true,
        (
            Expect::Done
            | Expect::Nothing
            | Expect::Issued(_)
            | Expect::Listed(_)
            | Expect::Found(_)
            | Expect::Confirmation(_)
            | Expect::Condition(_)
            | Expect::Connections(_),
            _,
        ) => false,
    };
    if let Expect::Listed(facts) = expect
        && facts.tokens.iter().any(|token| token.id.is_none())
    {
        return Err("each of `tokens` names its `id`".to_owned());
    }
    if fits {
        return Ok(());
    }
    Err(format!("this cannot come of it; expect {}", outcomes(call)))
}

fn outcomes(call: Call) -> &'static str {
    match call {
        Call::Issue => "{ issued = { … } } or { fault = { … } }",
        Call::List => "{ listed = { … } } or { fault = { … } }",
        Call::Get => "{ found = { … } }, \"nothing\" or { fault = { … } }",
        Call::Confirm => "{ confirmation = \"works\" } or another word, or { fault = { … } }",
        Call::Look => "{ condition = { state = \"healthy\" } }, \"nothing\" or { fault = { … } }",
        Call::Inventory => "{ connections = { ids = [] } } or { fault = { … } }",
        Call::Revoke
        | Call::Complete
        | Call::Cancel
        | Call::Preflight
        | Call::Deliver
        | Call::Revert => "\"done\" or { fault = { … } }",
    }
}

fn check_exchange(exchange: &Exchange) -> Result<(), String> {
    if exchange.times == 0 {
        return Err("`times` is at least 1".to_owned());
    }
    check_request(&exchange.request)?;
    check_answer(&exchange.answer)
}

fn check_request(request: &ExpectedRequest) -> Result<(), String> {
    let method = Method::from_bytes(request.method.as_bytes());
    if !method.is_ok_and(|m| m.as_str().bytes().all(|b| b.is_ascii_uppercase())) {
        return Err(format!("`{}` is no method", request.method));
    }
    if !request.url.starts_with("https://") && !request.url.starts_with('{') {
        return Err(format!(
            "`{}` is no https URL: write the address that the request names, or a placeholder for its beginning; the bench sends it to itself",
            request.url
        ));
    }
    let bodies = [
        request.json.is_some(),
        request.json_contains.is_some(),
        request.form.is_some(),
        request.text.is_some(),
    ];
    if bodies.into_iter().filter(|is| *is).count() > 1 {
        return Err("a request has one body: `json`, `json_contains`, `form` or `text`".to_owned());
    }
    let headers = request.headers.keys().chain(&request.absent_headers);
    check_headers(headers)?;
    let mut texts = vec![&request.url];
    texts.extend(request.headers.values());
    texts.extend(request.query.values().flat_map(OneOrMore::all));
    texts.extend(
        request
            .form
            .iter()
            .flat_map(|f| f.values().flat_map(OneOrMore::all)),
    );
    texts.extend(&request.text);
    texts.into_iter().try_for_each(|text| check_text(text))?;
    let json = [&request.json, &request.json_contains];
    json.into_iter()
        .flatten()
        .try_for_each(|json| check_json(&json.0))
}

fn check_answer(answer: &GivenAnswer) -> Result<(), String> {
    let empty = GivenAnswer {
        lost: answer.lost,
        ..GivenAnswer::default()
    };
    match (answer.lost, answer.status) {
        (Some(Lost::Before), _) if *answer != empty => {
            return Err(
                "an answer that is lost before it begins has no status, headers or body".to_owned(),
            );
        }
        (Some(_), None) => {}
        (_, Some(status)) if (200..=599).contains(&status) => {}
        (_, Some(status)) => return Err(format!("{status} is no status of an answer")),
        (None, None) => {
            return Err("the answer needs a `status`, or `lost = \"before\"`".to_owned());
        }
    }
    if answer.json.is_some() && answer.text.is_some() {
        return Err("an answer has one body: `json` or `text`".to_owned());
    }
    check_headers(answer.headers.keys())?;
    let mut texts: Vec<&String> = answer.headers.values().flat_map(OneOrMore::all).collect();
    texts.extend(&answer.text);
    texts.into_iter().try_for_each(|text| told(text))?;
    let json = answer.json.as_ref();
    json.map_or(Ok(()), |json| told_json(&json.0))
}

fn check_headers<'n>(mut names: impl Iterator<Item = &'n String>) -> Result<(), String> {
    match names.find(|name| HeaderName::from_bytes(name.as_bytes()).is_err()) {
        Some(name) => Err(format!("`{name}` is not a header name")),
        None => Ok(()),
    }
}

/// `{null}` and `{absent}` stand for themselves in JSON, and nowhere else.
fn check_text(text: &str) -> Result<(), String> {
    match names(text)
        .iter()
        .find(|name| [NULL, ABSENT].contains(name))
    {
        Some(name) => Err(format!(
            "`{{{name}}}` stands for a whole value of a JSON body only"
        )),
        None => Ok(()),
    }
}

fn check_json(json: &Value) -> Result<(), String> {
    each_text(json, &|text| match whole(text) {
        Some(_) => Ok(()),
        None => check_text(text),
    })
}

/// What is told must be definite.
fn told(text: &str) -> Result<(), String> {
    check_text(text)?;
    match names(text).iter().find(|name| **name == ANY) {
        Some(_) => Err(format!(
            "an answer cannot hold `{{{ANY}}}`: write what it tells"
        )),
        None => Ok(()),
    }
}

fn told_json(json: &Value) -> Result<(), String> {
    each_text(json, &|text| match whole(text) {
        Some(NULL) => Ok(()),
        _ => told(text),
    })
}

fn each_text(json: &Value, check: &dyn Fn(&str) -> Result<(), String>) -> Result<(), String> {
    match json {
        Value::String(text) => check(text),
        Value::Array(items) => items.iter().try_for_each(|item| each_text(item, check)),
        Value::Object(members) => members.values().try_for_each(|item| each_text(item, check)),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

fn listed(keys: &[&str]) -> String {
    if keys.is_empty() {
        return "nothing".to_owned();
    }
    let keys = keys.iter().map(|key| format!("`{key}`"));
    keys.collect::<Vec<_>>().join(", ")
}

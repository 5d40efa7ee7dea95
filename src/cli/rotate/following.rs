//! Asks the daemon, and follows what it does in the facts.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Args, is_held, request};
use crate::cli::Exit;
use crate::cli::asking::{self, Answer, Asking, complain_of_silence};
use crate::cli::live::Live;
use crate::cli::output::complain;
use crate::cli::stated;
use crate::cli::wiring::World;
use crate::ports::unit::Unit;
use crate::vault::requests::ALL;

/// Asks for the rotation and waits until it has ended.
///
/// # Errors
/// With the exit code, after a message.
pub(super) async fn rotate(
    world: &World,
    unit: &Unit,
    args: &Args,
    live: &Live,
) -> Result<Exit, Exit> {
    let token = unit.name.as_str();
    let asking = Asking::begin(world).await?;
    let asked = request(world, args);
    let seq = asking.ask(token, &asked).await?;
    let facts = json!({ "event": "asked", "request": asked.id });
    live.tell(
        world.clock.now(),
        token,
        "the daemon is asked to rotate it",
        facts,
    );
    if args.no_wait {
        return Ok(Exit::Ok);
    }
    let handled = match asking.answer(token, seq).await? {
        Answer::None => return Err(complain_of_silence(token, "24 hours")),
        Answer::Refused(why) => {
            complain(&format!("{token}: the request is refused: {why}\n"));
            return Err(Exit::Failed);
        }
        Answer::Accepted(handled, _) => handled,
    };
    let facts = json!({ "event": "accepted", "request": asked.id });
    live.tell(
        world.clock.now(),
        token,
        "the daemon accepts the request",
        facts,
    );
    let control = world.store.facts(ALL).await;
    let control = control.map_err(|error| asking::failed(&error))?.facts;
    if control.is_some_and(|control| control["paused"].is_object()) {
        return Err(is_held(token, true));
    }
    follow(world, token, args, handled.at, live).await
}

/// Shows what changes until the rotation has ended. `since` is when the request
/// was accepted, by the daemon's clock.
async fn follow(
    world: &World,
    token: &str,
    args: &Args,
    since: Timestamp,
    live: &Live,
) -> Result<Exit, Exit> {
    let began = world.clock.now();
    let mut said = Value::Null;
    loop {
        let stored = world.store.facts(token).await;
        let facts = stored.map_err(|error| asking::failed(&error))?.facts;
        let state = facts.unwrap_or_default()["token"].take();
        if state["paused"].is_object() {
            return Err(is_held(token, false));
        }
        if let Some((exit, text)) = ended(token, &state, since) {
            return Ok(end(world, token, exit, &text, live));
        }
        let news = json!([
            state["stage"],
            state["reason"],
            state["last_failure"]["message"]
        ]);
        if news != said {
            let now = world.clock.now();
            live.tell(now, token, &progress(token, &state, now), event(&state));
            said = news;
        }
        if world.clock.now().duration_since(began) >= args.timeout.0 {
            let text = "it is not done yet; the daemon goes on with it: `scim-rotator status` shows how far it is";
            return Ok(end(world, token, Exit::TryAgain, text, live));
        }
        world.clock.sleep(asking::LOOK).await;
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn progress(token: &str, state: &Value, now: Timestamp) -> String {
    let told = stated::of_json(token, state, now);
    format!("{}: {}", told.word.text(), told.sentence)
}

fn event(state: &Value) -> Value {
    json!({
        "event": "state",
        "stage": state["stage"],
        "reason": state["reason"],
        "detail": state["last_failure"]["message"],
    })
}

/// Whether a rotation has ended since then, or waits for a person.
fn ended(token: &str, state: &Value, since: Timestamp) -> Option<(Exit, String)> {
    let is_since = |value: &Value| {
        let at = value.as_str().and_then(|at| at.parse::<Timestamp>().ok());
        at.is_some_and(|at| at >= since)
    };
    // An earlier daemon has another word for it.
    let past = match state["rotations"].is_array() {
        true => &state["rotations"][0],
        false => &state["history"][0],
    };
    if is_since(&past["ended_at"]) {
        return Some(match text(&past["result"]) {
            "success" => (Exit::Ok, success(state)),
            _ => {
                let why = text(&past["detail"]);
                (Exit::Failed, format!("the token was not rotated: {why}"))
            }
        });
    }
    let halt = &state["halt"];
    if halt.is_object() && is_since(&halt["since"]) {
        let why = format!("HALTED until a person acts: {}", text(&halt["detail"]));
        return Some((Exit::Failed, why));
    }
    (text(&state["stage"]) == "waiting_operator").then(|| {
        let waits = stated::of_json(token, state, since);
        (Exit::Failed, waits.sentence.into_owned())
    })
}

fn success(state: &Value) -> String {
    let generation = &state["generation"];
    let retires = state["retiring"][0]["not_before"].as_str();
    let obstacle = state["retirement_obstacle"]["detail"].as_str();
    match retires {
        Some(at) if obstacle.is_some() => format!(
            "rotated, generation {generation}; the old token works, and is not retired after {at} as long as this stands against it: {}",
            obstacle.unwrap_or_default()
        ),
        Some(at) => format!(
            "rotated, generation {generation}; the old token works until {at} and is then retired"
        ),
        None => format!("rotated, generation {generation}"),
    }
}

fn end(world: &World, token: &str, exit: Exit, text: &str, live: &Live) -> Exit {
    let facts = json!({
        "event": "ended",
        "result": if exit == Exit::Ok { "success" } else { "failed" },
        "detail": text,
    });
    live.tell(world.clock.now(), token, text, facts);
    exit
}

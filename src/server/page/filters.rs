//! What templates make of times, words and commands. Each returns HTML, with every
//! value escaped.

use jiff::{SignedDuration, Timestamp};
use minijinja::{Environment, HtmlEscape, State, Value};

use crate::server::whole::to_the_second;
use crate::telemetry::words::{relative, span};

pub(super) fn add_to(environment: &mut Environment<'static>) {
    environment.add_filter("time", time);
    environment.add_filter("full", full);
    environment.add_filter("utc", utc);
    environment.add_filter("left", left);
    environment.add_filter("took", took);
    environment.add_filter("words", words);
    environment.add_filter("command", command);
    environment.add_filter("icon", icon);
}

/// A time relative to now, such as `in 3 d`; a dash if there is none.
fn time(state: &State<'_, '_>, value: &Value) -> Value {
    html(match parsed(value) {
        Some(at) => element(at, "", &relative(at, now(state))),
        None => "–".to_owned(),
    })
}

/// A time in UTC and relative to now.
fn full(state: &State<'_, '_>, value: &Value) -> Value {
    html(match parsed(value) {
        Some(at) => format!("{} ({})", in_utc(at), relative(at, now(state))),
        None => "–".to_owned(),
    })
}

/// A time in UTC.
fn utc(value: &Value) -> Value {
    html(parsed(value).map_or_else(|| "–".to_owned(), in_utc))
}

/// The script adds the local time.
fn in_utc(at: Timestamp) -> String {
    let utc = at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
    element(at, " class=\"full\"", &utc)
}

/// How long until provisioning stops, or since when it has.
fn left(state: &State<'_, '_>, value: &Value) -> Value {
    html(match parsed(value) {
        Some(at) => {
            let now = now(state);
            let length = span(at.duration_since(now));
            let text = match at > now {
                true => format!("{length}, then provisioning stops"),
                false => format!("none: provisioning stopped {length} ago"),
            };
            element(at, "", &text)
        }
        None => "–".to_owned(),
    })
}

fn element(at: Timestamp, attributes: &str, text: &str) -> String {
    let exact = to_the_second(at);
    let title = exact.strftime("%Y-%m-%d %H:%M:%S UTC");
    format!("<time{attributes} datetime=\"{exact}\" title=\"{title}\">{text}</time>")
}

/// Milliseconds for people.
fn took(milliseconds: i64) -> String {
    match milliseconds {
        ..10_000 => format!("{}.{:03} s", milliseconds / 1000, milliseconds % 1000),
        _ => span(SignedDuration::from_millis(milliseconds)),
    }
}

/// A machine word as people read it.
fn words(value: &Value) -> String {
    match value.as_str() {
        Some(text) => text.replace('_', " "),
        None => "–".to_owned(),
    }
}

/// A command, with a button that copies it; the script shows the button. `key` is
/// different for each command of a page.
fn command(text: &str, key: &str) -> Value {
    let (text, key) = (HtmlEscape(text), HtmlEscape(key));
    html(format!(
        "<span class=\"command\"><code>{text}</code><button type=\"button\" class=\"copy\" hidden \
         data-copy=\"{text}\" data-key=\"copy-{key}\" aria-label=\"Copy {text}\">Copy</button></span>"
    ))
}

/// The icon of a state or of an urgency, for those who do not see colours.
fn icon(word: &str) -> Value {
    let path = match word {
        "fresh" | "fine" => "M3 8.5l3.2 3.2L13 5",
        "renewing" => "M13 8a5 5 0 1 1-1.6-3.7M13 2v3h-3",
        "unproven" => "M5.5 6a2.5 2.5 0 1 1 3.7 2.2c-.8.4-1.2.9-1.2 1.8M8 12.6v.4",
        "refused" | "expired" | "urgent" => "M4 4l8 8M12 4l-8 8",
        "expiring" => "M8 4v4l3 2M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2",
        "limit_reached" => "M3 8h10",
        "waiting_for_you" => "M8 7a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5M3 14c0-3 2-5 5-5s5 2 5 5",
        "paused" => "M5.5 3.5v9M10.5 3.5v9",
        "halted" => "M5.5 2.5h5l3 3v5l-3 3h-5l-3-3v-5z",
        _ => "M8 2.5L14 13H2zM8 6.5v3M8 11v.4",
    };
    html(format!(
        "<svg class=\"icon\" viewBox=\"0 0 16 16\" width=\"14\" height=\"14\" aria-hidden=\"true\" focusable=\"false\"><path d=\"{path}\"/></svg>"
    ))
}

fn html(text: String) -> Value {
    Value::from_safe_string(text)
}

fn parsed(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

fn now(state: &State<'_, '_>) -> Timestamp {
    let now = state.lookup("now");
    now.and_then(|now| parsed(&now)).unwrap_or_default()
}

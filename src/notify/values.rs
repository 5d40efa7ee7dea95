//! What the templates of messages may use, and the form `json`.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::event::{Event, Message, Phase, Severity};
use super::settings::Target;
use crate::http::template::Context;
use crate::secret::redact;

/// Names that templates may use besides `config.…`, `secrets.…`, `now` and `uuid`,
/// with what they are.
pub const NAMES: [(&str, &str); 19] = [
    ("id", "Id of the message: the same if it is sent twice."),
    (
        "key",
        "The same for the beginning, the reminders and the end of one matter.",
    ),
    (
        "event",
        "`waiting`, `halted`, `expiring`, `expired`, `refused`, `rotated`, `rotation_failed` or `rolled_back`; `test` of a test message.",
    ),
    (
        "phase",
        "`began`, `reminder` or `ended` of what lasts; `once` of what has happened.",
    ),
    ("severity", "`info`, `warning` or `critical`."),
    (
        "token",
        "Name of the token in the configuration, not its value.",
    ),
    ("environment", "Its environment."),
    ("issuer", "Name of its issuer."),
    (
        "owner",
        "Who answers for it (`owner`); none if that is not configured.",
    ),
    (
        "connection",
        "The connection that it is about; none for most events.",
    ),
    ("summary", "One line."),
    ("detail", "What was found; may quote a server. Often none."),
    ("instructions", "What a person has to do. Often none."),
    (
        "command",
        "The command to type. None if nothing is to be done.",
    ),
    (
        "text",
        "Summary, detail, instructions, command and deadline as one text of several lines.",
    ),
    ("since", "Since when, or when it happened."),
    (
        "deadline",
        "When a person should have acted at the latest. Often none.",
    ),
    (
        "expires_at",
        "When the token in use expires, if that is known.",
    ),
    ("sender", "The name of the program, `scim-rotator`."),
];

/// Longest texts, in characters: a receiver that has a limit refuses the whole
/// message.
const LONGEST_SUMMARY: usize = 150;
const LONGEST_TEXT: usize = 2800;
const LONGEST_DETAIL: usize = 1000;
const LONGEST_INSTRUCTIONS: usize = 1500;

/// The message as it leaves the process: without secrets, and no longer than
/// receivers accept.
pub(super) fn presentable(message: &Message) -> Message {
    let clean = |text: &str, most: usize| shortened(&redact::global().mask_text(text), most);
    let optional = |text: &Option<String>, most| text.as_deref().map(|text| clean(text, most));
    Message {
        summary: clean(&message.summary, LONGEST_SUMMARY),
        detail: optional(&message.detail, LONGEST_DETAIL),
        instructions: optional(&message.instructions, LONGEST_INSTRUCTIONS),
        command: optional(&message.command, LONGEST_DETAIL),
        ..message.clone()
    }
}

fn shortened(text: &str, most: usize) -> String {
    let shown = |c: char| if c.is_control() && c != '\n' { ' ' } else { c };
    if text.chars().count() <= most {
        return text.chars().map(shown).collect();
    }
    let cut = text.chars().take(most.saturating_sub(1)).map(shown);
    cut.chain(['…']).collect()
}

/// The word for the event of a message.
pub(super) fn event_word(message: &Message) -> &'static str {
    match is_test(message) {
        true => "test",
        false => message.event.as_str(),
    }
}

/// The values of a message for templates. The credentials come on top.
pub(super) fn context(message: &Message, target: &Target, now: Timestamp) -> Context {
    let text = shortened(&whole(message), LONGEST_TEXT);
    let environment = Some(message.environment.as_str()).filter(|text| !text.is_empty());
    Context::new(now)
        .config(&target.config)
        .text("id", &message.id)
        .text("key", &message.key)
        .text("event", event_word(message))
        .text("phase", message.phase.as_str())
        .text("severity", message.severity.as_str())
        .text("token", &message.token)
        .text("environment", environment.unwrap_or("unknown"))
        .text("issuer", &message.issuer)
        .maybe("owner", message.owner.as_deref())
        .maybe("connection", message.connection.as_deref())
        .text("summary", &message.summary)
        .maybe("detail", message.detail.as_deref())
        .maybe("instructions", message.instructions.as_deref())
        .maybe("command", message.command.as_deref())
        .text("text", &text)
        .time("since", Some(message.since))
        .time("deadline", message.deadline)
        .time("expires_at", message.expires_at)
        .text("sender", "scim-rotator")
}

/// Everything in one text.
fn whole(message: &Message) -> String {
    let labelled = |label: &str, text: Option<String>| text.map(|text| format!("{label}: {text}"));
    let lines = [
        Some(message.summary.clone()),
        message.detail.clone(),
        message.instructions.clone(),
        labelled("Command", message.command.clone()),
        labelled("Deadline", message.deadline.map(to_the_second)),
        labelled(
            "The token in use expires",
            message.expires_at.map(to_the_second),
        ),
    ];
    lines.into_iter().flatten().collect::<Vec<_>>().join("\n")
}

fn to_the_second(at: Timestamp) -> String {
    let whole = Timestamp::from_second(at.as_second()).unwrap_or(at);
    whole.to_string()
}

/// The form `json`: the envelope of Standard Webhooks around all that is known.
pub(super) fn plain(message: &Message, now: Timestamp) -> Value {
    let mut data = serde_json::to_value(message).unwrap_or_default();
    data["event"] = json!(event_word(message));
    json!({
        "type": format!("scim_rotator.{}.{}", event_word(message), message.phase.as_str()),
        "timestamp": now,
        "data": data,
    })
}

const TEST: &str = "test";

fn is_test(message: &Message) -> bool {
    message.key == TEST
}

/// A message that says that it is a test.
#[must_use]
pub fn sample(target: &str, id: String, now: Timestamp) -> Message {
    Message {
        id,
        key: TEST.to_owned(),
        event: Event::Rotated,
        phase: Phase::Once,
        severity: Severity::Info,
        token: TEST.to_owned(),
        environment: TEST.to_owned(),
        issuer: TEST.to_owned(),
        owner: None,
        connection: None,
        summary: format!("A test message of scim-rotator for the target {target}"),
        detail: Some("Nothing has happened: a person asked for this message.".to_owned()),
        instructions: None,
        command: None,
        since: now,
        deadline: None,
        expires_at: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_at_characters_and_hold_no_control_characters() {
        assert_eq!(shortened("a\u{7}b\nc", 10), "a b\nc");
        assert_eq!(shortened("äöüß", 3), "äö…");
        assert_eq!(shortened("äöü", 3), "äöü");
    }

    #[test]
    fn secrets_that_stand_in_a_text_by_mistake_are_masked() {
        let secret = "canary-Zk3vT9xQ7mW2pL8s";
        redact::global().register(secret);
        let mut message = sample("x", "id".to_owned(), Timestamp::UNIX_EPOCH);
        message.detail = Some(format!("the server said {secret}"));
        message.instructions = Some(secret.to_owned());
        let shown = format!("{:?}", presentable(&message));
        assert!(!shown.contains(secret), "{shown}");
    }
}

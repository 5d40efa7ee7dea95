//! Converts between published tokens and the fields of a KV secret.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::fields::{FieldNames, other_fields};
use super::kv::Fields;
use crate::http::times::{Known, TimeFormat, TimeReading};
use crate::ports::{PublishedSecret, PublishedToken};
use crate::secret::{BearerToken, ClientParts};

/// The token and the facts in the fields of a secret.
pub(super) fn decode(fields: &Fields, names: &FieldNames) -> PublishedSecret {
    let value = match fields.get(&names.token) {
        None | Some(Value::Null) => return PublishedSecret::Absent,
        // Files end with a newline, which `token=@file` includes.
        Some(Value::String(text)) => BearerToken::parse(text.trim_end_matches(['\r', '\n'])),
        Some(_) => {
            return PublishedSecret::Malformed(format!(
                "the field `{}` is not a string: write the token as a string",
                names.token
            ));
        }
    };
    match value {
        Ok(value) => PublishedSecret::Token(with_facts(value, fields, names)),
        Err(error) => PublishedSecret::Malformed(format!("the field `{}`: {error}", names.token)),
    }
}

/// What is said of a secret that has fields and not the one with the token: a person may
/// have written it under another name. Nothing is said of one that we have written.
pub(super) fn misnamed(fields: &Fields, names: &FieldNames) -> Option<String> {
    let is_ours = number(fields, &names.generation).is_some();
    let mut there = fields.keys().map(String::as_str).peekable();
    if is_ours || fields.get(&names.token).is_some() || there.peek().is_none() {
        return None;
    }
    let token = &names.token;
    Some(format!(
        "the secret has no field `{token}`, so there is no token in it; {}",
        other_fields(token, there)
    ))
}

fn with_facts(value: BearerToken, fields: &Fields, names: &FieldNames) -> PublishedToken {
    let issued_at = time(fields, &names.issued_at);
    let expires_at = time(fields, &names.expires_at);
    PublishedToken {
        value: value.of_client(client(fields, names)),
        token_id: text(fields, &names.token_id),
        unreadable: expires_at
            .as_ref()
            .err()
            .or(issued_at.as_ref().err())
            .cloned(),
        issued_at: issued_at.unwrap_or_default(),
        expires_at: expires_at.unwrap_or_default(),
        generation: number(fields, &names.generation),
    }
}

/// The parts of the client, where the token is a client secret.
fn client(fields: &Fields, names: &FieldNames) -> Option<ClientParts> {
    let parts = ClientParts {
        id: text(fields, &names.client_id),
        token_url: text(fields, &names.token_url),
        scope: text(fields, &names.scope),
    };
    (parts != ClientParts::default()).then_some(parts)
}

/// Puts a token into the fields of a secret. Other fields are kept; a fact that
/// is unknown is removed, so that none of an older token is left.
pub(super) fn encode(fields: &mut Fields, names: &FieldNames, token: &PublishedToken) {
    let mut put = |name: &str, value: Option<Value>| {
        if name.is_empty() {
            return;
        }
        match value {
            Some(value) => fields.put(name, value),
            None => fields.take_out(name),
        }
    };
    let string = |text: String| Value::String(text);
    put(&names.token, Some(string(token.value.expose().to_owned())));
    put(&names.token_id, token.token_id.clone().map(string));
    put(
        &names.issued_at,
        token.issued_at.map(|t| string(t.to_string())),
    );
    put(
        &names.expires_at,
        token.expires_at.map(|t| string(t.to_string())),
    );
    put(&names.generation, token.generation.map(Value::from));
    let client = token.value.client().cloned().unwrap_or_default();
    put(&names.client_id, client.id.map(string));
    put(&names.token_url, client.token_url.map(string));
    put(&names.scope, client.scope.map(string));
}

fn text(fields: &Fields, name: &str) -> Option<String> {
    let text = fields.get(name)?.as_str()?;
    Some(text.to_owned()).filter(|text| !text.is_empty())
}

/// The forms in which people and other tools write a time, in the order in which
/// they are tried. Without a zone, UTC is meant; a date is the start of that day.
const FORMS: [TimeFormat; 5] = [
    TimeFormat::Rfc3339,
    TimeFormat::Date,
    TimeFormat::Rfc2822,
    TimeFormat::EpochS,
    TimeFormat::EpochMs,
];

/// A time; `None` if there is none.
///
/// # Errors
/// Names the field and what to write, never the value.
fn time(fields: &Fields, name: &str) -> Result<Option<Timestamp>, String> {
    let value = match fields.get(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) if text.trim().is_empty() => return Ok(None),
        Some(value) => value,
    };
    // Which times are plausible does not depend on the time of day.
    let now = Timestamp::UNIX_EPOCH;
    let mut readings = FORMS.into_iter().map(|format| TimeReading {
        format,
        zone: format.takes_zone().then_some(TimeZone::UTC),
        ..TimeReading::default()
    });
    match readings.find_map(|how| how.read_value(Some(value), name, now).ok()) {
        Some(Known::At(time)) => Ok(Some(time)),
        Some(Known::Never | Known::Unknown) => Err(format!(
            "the time in the field `{name}` is not believed: it lies before 1970 or more than 50 years ahead; {REMEDY}"
        )),
        None => Err(format!(
            "what is in the field `{name}` cannot be read as a time; {REMEDY}"
        )),
    }
}

const REMEDY: &str = "write it as `2026-12-31T23:59:59Z`";

/// A number, also as a string: `vault kv put` writes only strings.
fn number(fields: &Fields, name: &str) -> Option<u64> {
    let value = fields.get(name)?;
    value
        .as_u64()
        .or_else(|| value.as_str()?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rotation::record::StatedEnd;
    use serde_json::json;

    #[test]
    fn a_token_under_another_name_is_told_of_with_the_names_that_are_there() {
        let names = FieldNames::default();
        let said = |fields: &[(&str, Value)]| {
            let fields = fields.iter().cloned();
            let fields = fields.map(|(name, value)| (name.to_owned(), value));
            misnamed(&Fields::from_iter(fields), &names)
        };
        let canary = || Value::from("canary");
        let near = said(&[("tokn", canary())]).expect("told");
        assert!(near.contains("no field `token`"), "{near}");
        assert!(near.contains("did you mean `tokn`?"), "{near}");
        let far = said(&[("password", canary()), ("note", canary())]).expect("told");
        assert!(far.contains("it has `note`, `password`"), "{far}");
        assert!(!far.contains("canary"), "{far}");
        assert_eq!(said(&[]), None);
        assert_eq!(said(&[("token", canary())]), None);
        assert_eq!(said(&[("generation", Value::from(3))]), None, "ours");
    }

    #[test]
    fn a_token_written_from_a_file_is_known_without_its_newline() {
        for end in ["\n", "\r\n"] {
            let written = fields(json!({ "token": format!("by-hand{end}") }));
            let PublishedSecret::Token(read) = decode(&written, &FieldNames::default()) else {
                panic!("a token");
            };
            assert_eq!(read.value.expose(), "by-hand");
        }
        let inside = fields(json!({ "token": "by\nhand" }));
        let read = decode(&inside, &FieldNames::default());
        assert!(matches!(read, PublishedSecret::Malformed(_)));
    }

    fn fields(value: Value) -> Fields {
        serde_json::from_value(value).expect("an object")
    }

    fn token(value: &str) -> PublishedToken {
        PublishedToken {
            value: BearerToken::parse(value).expect("valid"),
            token_id: Some("id-1".to_owned()),
            issued_at: "2026-11-24T00:00:00Z".parse().ok(),
            expires_at: "2026-12-24T00:00:00Z".parse().ok(),
            generation: Some(4),
            unreadable: None,
        }
    }

    #[test]
    fn what_is_published_is_read_back_and_foreign_fields_stay() {
        let names = FieldNames::default();
        let mut stored = fields(json!({"owner": "team-a", "token": "old", "token_id": "id-0"}));
        encode(&mut stored, &names, &token("new"));
        assert_eq!(stored.get("owner"), Some(&json!("team-a")));
        assert_eq!(
            decode(&stored, &names),
            PublishedSecret::Token(token("new"))
        );

        let bare = PublishedToken {
            token_id: None,
            expires_at: None,
            ..token("newer")
        };
        encode(&mut stored, &names, &bare);
        assert!(
            stored.get("token_id").is_none(),
            "the id of the older token"
        );
        assert!(stored.get("expires_at").is_none());
    }

    /// An end that cannot be read is told, never dropped.
    #[test]
    fn ends_are_understood_in_every_usual_form_or_named() {
        let names = FieldNames::default();
        let read = |end: Value| {
            let written = fields(json!({ "token": "t", "expires_at": end }));
            match decode(&written, &names) {
                PublishedSecret::Token(token) => token,
                PublishedSecret::Absent | PublishedSecret::Malformed(_) => panic!("a token"),
            }
        };
        let noon = "2026-12-24T12:00:00Z";
        let midnight = "2026-12-24T00:00:00Z";
        let known = [
            (json!("2026-12-24T12:00:00Z"), noon),
            (json!(" 2026-12-24T13:00:00+01:00\n"), noon),
            (json!("2026-12-24 12:00:00"), noon),
            (json!("2026-12-24T12:00:00"), noon),
            (json!("Thu, 24 Dec 2026 12:00:00 GMT"), noon),
            (json!(1_798_113_600), noon),
            (json!("1798113600"), noon),
            (json!(1_798_113_600_000_i64), noon),
            (json!("2026-12-24"), midnight),
        ];
        for (written, end) in known {
            let token = read(written.clone());
            assert_eq!(token.expires_at, end.parse().ok(), "{written}");
            assert_eq!(token.unreadable, None, "{written}");
        }
        for written in [json!(""), json!(" "), Value::Null] {
            assert_eq!(read(written).stated_end(), StatedEnd::Absent);
        }
        let unknown = [
            json!("canary"),
            json!("24.12.2026"),
            json!("12/24/2026"),
            json!("never"),
            json!("2199-01-01T00:00:00Z"),
            json!(true),
            json!(["2026-12-24"]),
            json!(0),
        ];
        for written in unknown {
            let token = read(written.clone());
            assert_eq!(token.stated_end(), StatedEnd::Unreadable, "{written}");
            let told = token.unreadable.expect("told");
            assert!(told.contains("`expires_at`") && told.contains("2026-12-31T"));
            assert!(!told.contains("canary"), "{told}");
        }
    }

    /// A reader finds the id and the secret of one client in one version.
    #[test]
    fn a_client_secret_is_published_with_all_parts_of_its_client() {
        let names = FieldNames::default();
        let mut stored = fields(json!({"client_id": "old", "scope": "old", "note": "stays"}));
        let parts = ClientParts {
            id: Some("app-2".to_owned()),
            token_url: Some("https://as.example/token".to_owned()),
            scope: None,
        };
        let mut published = token("secret-2");
        published.value = published.value.of_client(Some(parts.clone()));
        encode(&mut stored, &names, &published);
        assert_eq!(stored.get("client_id"), Some(&json!("app-2")));
        assert!(stored.get("scope").is_none(), "that of another client");
        let PublishedSecret::Token(read) = decode(&stored, &names) else {
            panic!("a token");
        };
        assert_eq!(read.value.client(), Some(&parts));

        let mut own = fields(json!({"client_id": "the application's own"}));
        let names = names.without_client();
        encode(&mut own, &names, &token("a-token"));
        assert_eq!(own.get("client_id"), Some(&json!("the application's own")));
        let PublishedSecret::Token(read) = decode(&own, &names) else {
            panic!("a token");
        };
        assert_eq!(read.value.client(), None, "a token has no client");
    }

    #[test]
    fn names_that_are_switched_off_are_neither_written_nor_read() {
        let names = FieldNames {
            generation: String::new(),
            ..FieldNames::default()
        };
        let mut stored = Fields::new();
        encode(&mut stored, &names, &token("t"));
        assert!(stored.get("generation").is_none() && stored.get("").is_none());
    }

    #[test]
    fn values_of_people_are_understood_or_named() {
        let names = FieldNames::default();
        assert_eq!(decode(&Fields::new(), &names), PublishedSecret::Absent);
        let by_hand =
            fields(json!({"token": "abc", "expires_at": "1798070400", "generation": "3"}));
        let PublishedSecret::Token(read) = decode(&by_hand, &names) else {
            panic!("a token");
        };
        let end = "2026-12-24T00:00:00Z".parse().ok();
        assert_eq!((read.generation, read.expires_at), (Some(3), end));
        for (value, part) in [
            (json!("canary "), "newline"),
            (json!(""), "empty"),
            (json!("Bearer canary"), "scheme"),
            (json!(17), "not a string"),
        ] {
            let stored = fields(json!({ "token": value }));
            let PublishedSecret::Malformed(reason) = decode(&stored, &names) else {
                panic!("{value} is malformed");
            };
            assert!(
                reason.contains(part) && !reason.contains("canary"),
                "{reason}"
            );
        }
    }
}

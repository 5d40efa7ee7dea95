//! Converts between records and the fields of a KV secret.

use serde::Deserialize as _;
use serde::de::value::MapDeserializer;
use serde_json::Value;

use super::kv::Fields;
use crate::rotation::record::{Record, SCHEMA};

/// Converts a record into fields.
pub(super) fn encode(record: &Record) -> Result<Fields, String> {
    match serde_json::to_value(record) {
        Ok(Value::Object(fields)) => Ok(fields.into()),
        Ok(_) | Err(_) => Err("the record cannot be written as JSON".to_owned()),
    }
}

/// Size of the largest record that is written, as JSON. Vault takes a request of 32
/// MiB, but its storage takes less: Raft 1 MiB, Consul 512 KiB.
const LARGEST: usize = 900 * 1024;

/// Converts a record into fields, if it can be read back as it is. A record that
/// cannot is never written: nothing could be done for the token after that.
pub(super) fn encode_checked(record: &Record) -> Result<Fields, String> {
    let fields = encode(record)?;
    let defect = |what: &str| {
        format!(
            "the record is not written, because it could not be read back: {what} (this is a defect of scim-rotator; nothing was changed)"
        )
    };
    match decode(fields.clone(), &record.token) {
        Ok(same) if same == *record => {}
        Ok(_) => return Err(defect("it would come back as another one")),
        Err(why) => return Err(defect(&why)),
    }
    let size = serde_json::to_vec(&fields).map_or(usize::MAX, |text| text.len());
    if size > LARGEST {
        return Err(format!(
            "the record is not written, because with {size} bytes it is larger than the storage of Vault takes ({LARGEST} bytes)"
        ));
    }
    Ok(fields)
}

/// Converts fields into a record. The error names what is wrong without quoting
/// a value.
pub(super) fn decode(fields: Fields, token: &str) -> Result<Record, String> {
    check_schema(&fields)?;
    let record = read(&fields).map_err(|error| explain(&fields, &error))?;
    if record.token != token {
        let whose = match is_name(&record.token) {
            true => format!("the token `{}`", record.token),
            false => "another token".to_owned(),
        };
        return Err(format!(
            "it is the record of {whose}: it was copied to a wrong path"
        ));
    }
    Ok(record)
}

/// Whether it may be shown: anything can be written there by hand.
fn is_name(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=63).contains(&text.len()) && text.bytes().all(plain)
}

fn read(fields: &Fields) -> Result<Record, serde_json::Error> {
    Record::deserialize(MapDeserializer::new(
        fields.iter().map(|(name, value)| (name.as_str(), value)),
    ))
}

fn check_schema(fields: &Fields) -> Result<(), String> {
    match fields.get("schema").and_then(Value::as_u64) {
        None => Err(
            "it has no `schema` number: it was not written by scim-rotator, or was edited by hand"
                .to_owned(),
        ),
        Some(0) => Err("its `schema` is 0, which never existed".to_owned()),
        Some(found) if found > u64::from(SCHEMA) => Err(format!(
            "its schema is {found} and this program knows {SCHEMA}: a newer scim-rotator wrote it; use that version"
        )),
        Some(_) => Ok(()),
    }
}

fn explain(fields: &Fields, error: &serde_json::Error) -> String {
    let what = without_values(&error.to_string());
    match culprit(fields, error) {
        Some(name) => format!("its field `{name}` cannot be read: {what}"),
        None => format!("it cannot be read: {what}"),
    }
}

/// The field that has to be removed for the parser's error to change.
fn culprit(fields: &Fields, error: &serde_json::Error) -> Option<String> {
    let complaint = error.to_string();
    if complaint.starts_with("missing field") {
        return None;
    }
    let differs = |name: &&String| {
        let mut fewer = fields.clone();
        fewer.remove(*name);
        read(&fewer).map_or_else(|other| other.to_string() != complaint, |_| true)
    };
    fields.keys().find(differs).cloned()
}

/// Keeps only those parts of a parser's message that come from our own types.
fn without_values(message: &str) -> String {
    if message.starts_with("missing field") {
        return message.to_owned();
    }
    let quotes_then_expects = [
        "invalid type:",
        "invalid value:",
        "unknown variant",
        "invalid length",
    ];
    if quotes_then_expects
        .iter()
        .any(|start| message.starts_with(start))
        && let Some((_, expected)) = message.rsplit_once(", expected ")
    {
        return format!("expected {expected}");
    }
    "a value in it has the wrong form".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use serde_json::json;

    fn sound() -> Fields {
        encode(&Record::new("crm", Timestamp::UNIX_EPOCH)).expect("encodes")
    }

    #[test]
    fn a_record_comes_back_as_it_was() {
        let record = Record::new("crm", Timestamp::UNIX_EPOCH);
        assert_eq!(decode(sound(), "crm"), Ok(record));
    }

    /// A client secret comes back whole, in the fields that earlier programs pass over;
    /// a token of theirs has no client.
    #[test]
    fn a_client_secret_is_stored_with_the_parts_of_its_client() {
        let token = json!({
            "value": "secret-1",
            "issued_at": "2026-11-24T00:00:00Z",
            "expiry": "never",
            "origin": "issued",
        });
        let with = |token: Value| {
            let mut fields = sound();
            fields.insert("current".to_owned(), token);
            decode(fields, "crm").expect("readable").current
        };
        let plain = with(token.clone()).expect("a token");
        assert_eq!(plain.value.client(), None);
        assert_eq!(serde_json::to_value(&plain).expect("JSON"), token);

        let mut whole = token;
        let client = json!({
            "id": "app-1",
            "token_url": "https://login.example/token",
            "scope": "scim",
        });
        whole["client"] = client.clone();
        let held = with(whole.clone()).expect("a token");
        let parts = held.value.client().expect("a client");
        assert_eq!(parts.id.as_deref(), Some("app-1"));
        assert_eq!(serde_json::to_value(parts).expect("JSON"), client);
        assert_eq!(serde_json::to_value(&held).expect("JSON"), whole);
        let mut record = Record::new("crm", Timestamp::UNIX_EPOCH);
        record.current = Some(held);
        assert!(
            encode_checked(&record).is_ok(),
            "it is written as it is read"
        );
    }

    #[test]
    fn a_broken_record_is_explained_without_its_values() {
        let cases = [
            ("schema", json!(null), "no `schema`"),
            ("schema", json!(99), "a newer scim-rotator"),
            ("generation", json!("canary"), "field `generation`"),
            ("generation", json!(-1), "field `generation`"),
            (
                "updated_at",
                json!("canary, expected canary"),
                "field `updated_at`",
            ),
            ("lease", json!("canary"), "field `lease`"),
            (
                "lease",
                json!({"holder": "canary"}),
                "missing field `epoch`",
            ),
            (
                "rotation",
                json!({"stage": "canary"}),
                "expected one of `issuing`",
            ),
            ("current", json!({"value": "canary\n"}), "field `current`"),
            ("token", json!("other"), "the token `other`"),
            ("token", json!("canary\u{1b}[31m"), "of another token"),
            ("token", json!("canary".repeat(20)), "of another token"),
        ];
        for (name, value, expected) in cases {
            let mut fields = sound();
            fields.insert(name.to_owned(), value);
            let error = decode(fields, "crm").expect_err(name);
            assert!(error.contains(expected), "{name}: {error}");
            assert!(!error.contains("canary"), "{name}: {error}");
        }
        let mut fields = sound();
        fields.remove("write_id");
        let error = decode(fields, "crm").expect_err("incomplete");
        assert!(error.contains("missing field `write_id`"), "{error}");
    }
}

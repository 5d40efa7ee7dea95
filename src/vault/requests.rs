//! The requests of people: `<state_path>/requests/<entity>/<token>`, one
//! document for each author and token with the author's last requests.
//!
//! A templated policy permits each person to write below their own entity id
//! only, so the path tells the author. Where Vault tells who wrote a version
//! (1.21 and newer), that must be the same entity. The daemon only reads here.

use serde::Deserialize;
use serde_json::{Value, json};
use vaultrs::api::kv2::requests::ListSecretsRequest;
use vaultrs::api::token::requests::LookupTokenSelfRequest;

use super::client::Call;
use super::endpoints::Plain;
use super::error::{VaultError, VaultErrorKind};
use super::kv::{self, Fields, Stored};
use super::path::KvPath;
use super::session::Session;
use crate::rotation::record::{MOST_REQUESTS, RequestsOf, WrittenRequest};

/// The folder below `state_path`.
pub const FOLDER: &str = "requests";
/// In place of a token's name: all tokens. No token can have this name.
pub const ALL: &str = ".all";

/// Largest document, as JSON text.
const MOST_BYTES: usize = 16 * 1024;
/// Of how many authors the requests are read in one listing.
const MOST_AUTHORS_LISTED: usize = 256;
/// Longest entity id and longest name of an author.
const MOST_NAME: usize = 128;

/// The path of an author's requests for a token.
pub(super) fn path(state_path: &KvPath, author: &str, name: &str) -> Result<KvPath, String> {
    if author.len() > MOST_NAME || name.len() > MOST_NAME {
        return Err("a name is too long".to_owned());
    }
    state_path.child(FOLDER)?.child(author)?.child(name)
}

/// The requests of one author for one token; `None` if there are none.
pub(super) async fn read(
    session: &Session,
    path: &KvPath,
    author: &str,
) -> Result<Option<RequestsOf>, VaultError> {
    let Stored::Present {
        edition, fields, ..
    } = kv::read(session, path).await?
    else {
        return Ok(None);
    };
    let writer = writer_of(session, path, edition.version).await?;
    let requests = match &writer {
        Some(writer) if writer.entity_id != author => Err(format!(
            "it was written by entity {}, not by the one whose path it is",
            plain(&writer.entity_id)
        )),
        Some(_) | None => decode(fields),
    };
    Ok(Some(RequestsOf {
        author: author.to_owned(),
        name: writer.map(|writer| plain(&writer.actor)),
        version: edition.version,
        requests,
    }))
}

fn decode(fields: Fields) -> Result<Vec<WrittenRequest>, String> {
    let whole = fields.into_value();
    if whole.to_string().len() > MOST_BYTES {
        return Err(format!("the document is larger than {MOST_BYTES} bytes"));
    }
    // The parser's message may quote the document.
    let requests: Vec<WrittenRequest> = serde_json::from_value(whole["requests"].clone())
        .map_err(|_| "its `requests` are not what the commands of this version write".to_owned())?;
    if requests.len() > MOST_REQUESTS {
        return Err(format!("it has more than {MOST_REQUESTS} requests"));
    }
    match requests.iter().find_map(WrittenRequest::malformation) {
        Some(why) => Err(format!("a request in it cannot be used: {why}")),
        None => Ok(requests),
    }
}

/// Who wrote a version, as Vault 1.21 and newer tell it.
#[derive(Deserialize)]
struct Writer {
    #[serde(default)]
    actor: String,
    #[serde(default)]
    entity_id: String,
}

async fn writer_of(
    session: &Session,
    path: &KvPath,
    version: u64,
) -> Result<Option<Writer>, VaultError> {
    let wish = path.metadata();
    let call = Call::new("metadata", wish.clone());
    let answer = match session.call(&call, &Plain::get(wish)).await {
        Ok(answer) => answer,
        // Who may not read it, is told by the path alone.
        Err(error)
            if matches!(
                error.kind,
                VaultErrorKind::Forbidden { .. } | VaultErrorKind::NotFound
            ) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let data: Value = answer.field("data").unwrap_or_default();
    let writer = &data["versions"][version.to_string()]["created_by"];
    Ok(serde_json::from_value(writer.clone()).ok())
}

/// Foreign text for people: short, and without control characters.
fn plain(text: &str) -> String {
    let shown = text.chars().filter(|c| !c.is_control());
    shown.take(MOST_NAME).collect()
}

/// Author and token of every document of requests, at most so many authors.
pub(super) async fn list(
    session: &Session,
    state_path: &KvPath,
    is_known: impl Fn(&str) -> bool,
) -> Result<Vec<(String, String)>, VaultError> {
    let Ok(folder) = state_path.child(FOLDER) else {
        return Ok(Vec::new());
    };
    let authors = keys(session, &folder).await?;
    if authors.len() > MOST_AUTHORS_LISTED {
        tracing::warn!(
            authors = authors.len(),
            read = MOST_AUTHORS_LISTED,
            "more people have written requests than are read: delete the folders of those who left"
        );
    }
    let mut found = Vec::new();
    let authors = authors.iter().filter_map(|key| key.strip_suffix('/'));
    for author in authors.take(MOST_AUTHORS_LISTED) {
        let Ok(below) = folder.child(author) else {
            continue;
        };
        let names = keys(session, &below).await?.into_iter();
        let known = names.filter(|name| is_known(name));
        found.extend(known.map(|name| (author.to_owned(), name)));
    }
    Ok(found)
}

pub(super) async fn keys(session: &Session, folder: &KvPath) -> Result<Vec<String>, VaultError> {
    let call = Call::new("list", folder.metadata());
    let request = ListSecretsRequest {
        mount: folder.mount().to_owned(),
        path: folder.path().to_owned(),
    };
    match session.call(&call, &request).await {
        Ok(answer) => {
            let data: Value = answer.field("data").unwrap_or_default();
            Ok(serde_json::from_value(data["keys"].clone()).unwrap_or_default())
        }
        Err(error) if error.kind == VaultErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Adds a request to the author's document, and returns its number.
/// `least` is the smallest number that it may get.
pub(super) async fn write(
    session: &Session,
    path: &KvPath,
    request: &WrittenRequest,
    least: u64,
) -> Result<u64, VaultError> {
    let mut attempts = kv::Attempts::new();
    loop {
        let stored = kv::read(session, path).await?;
        let version = stored.version();
        // A document that cannot be used is replaced.
        let mut requests = match stored {
            Stored::Present { fields, .. } => decode(fields).unwrap_or_default(),
            Stored::Absent | Stored::Deleted { .. } => Vec::new(),
        };
        if let Some(written) = requests.iter().find(|written| written.id == request.id) {
            return Ok(written.seq);
        }
        let newest = requests.iter().map(|written| written.seq).max();
        let seq = newest.unwrap_or_default().saturating_add(1).max(least);
        requests.push(WrittenRequest {
            seq,
            ..request.clone()
        });
        requests.drain(..requests.len().saturating_sub(MOST_REQUESTS));
        let fields = Fields::from_iter([("requests".to_owned(), json!(requests))]);
        match kv::write(session, path, fields, version).await {
            Ok(_) => return Ok(seq),
            Err(error) => attempts.again(error)?,
        }
    }
}

/// The entity of our own token; `None` for a root token, which has none.
pub(super) async fn own_entity(session: &Session) -> Result<Option<String>, VaultError> {
    let call = Call::new("lookup_self", "auth/token/lookup-self");
    let answer = session
        .call(&call, &LookupTokenSelfRequest::default())
        .await?;
    let data: Value = answer.field("data").unwrap_or_default();
    let entity = data["entity_id"].as_str().filter(|id| !id.is_empty());
    Ok(entity.map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_a_request_is_refused_whole_and_without_its_text() {
        let sound = json!({ "id": "a", "seq": 1, "at": "2026-01-01T00:00:00Z", "what": "rotate" });
        let of = |requests: Value| decode(Fields::from_iter([("requests".to_owned(), requests)]));
        assert_eq!(of(json!([sound])).map(|all| all.len()), Ok(1));
        let with = |field: &str, value: Value| {
            let mut changed = sound.clone();
            changed[field] = value;
            json!([sound, changed])
        };
        for (bad, why) in [
            (json!(null), "not what the commands"),
            (json!("canary"), "not what the commands"),
            (with("what", json!("canary")), "not what the commands"),
            (
                with("unknown_field", json!("canary")),
                "not what the commands",
            ),
            (with("seq", json!(0)), "`seq` is 0"),
            (with("id", json!("canary\u{1b}[31m")), "control characters"),
            (with("reason", json!("canary\n")), "control characters"),
            (with("reason", json!("canary".repeat(100))), "too long"),
            (json!(vec![sound.clone(); 9]), "more than 8"),
            (
                with("reason", json!("canary".repeat(10_000))),
                "larger than",
            ),
        ] {
            let error = of(bad).expect_err(why);
            assert!(error.contains(why) && !error.contains("canary"), "{error}");
        }
    }

    #[test]
    fn a_name_that_leaves_its_folder_is_no_path() {
        let state = KvPath::parse("kv/state").expect("a path");
        for (author, name) in [
            ("..", "crm"),
            ("a/b", "crm"),
            ("a", "../x"),
            ("", "crm"),
            ("a", ""),
        ] {
            assert!(path(&state, author, name).is_err(), "{author} {name}");
        }
        let good = path(&state, "1-2", ALL).expect("a path");
        assert_eq!(good.to_string(), "kv/state/requests/1-2/.all");
    }
}

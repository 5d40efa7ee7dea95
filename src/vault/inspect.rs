//! Examines the configured paths before they are needed: a mount of another
//! kind, settings that delete our secrets, records and credentials that cannot
//! be used. Only reads.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::client::Call;
use super::endpoints::Plain;
use super::error::{VaultError, VaultErrorKind};
use super::kv::{self, Stored};
use super::path::KvPath;
use super::session::Session;
use super::store::{PublishTarget, deleted_text};
use super::{published, record, requests};
use crate::ports::PublishedSecret;

/// Something that makes work fail, now or later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstacle {
    /// Where, as the configuration or Vault's tool names it.
    pub path: String,
    /// What is wrong.
    pub what: String,
    /// The remedy; empty if `what` contains it.
    pub remedy: String,
}

/// The paths that are examined.
pub struct Places<'a> {
    /// The path of the records.
    pub state_path: &'a KvPath,
    /// The published secrets by token name.
    pub targets: &'a BTreeMap<String, PublishTarget>,
    /// The KV secrets with credentials.
    pub credentials: &'a BTreeSet<KvPath>,
}

/// Examines all paths. What our token may not read is skipped:
/// [`super::preflight`] reports missing permissions.
///
/// # Errors
/// When Vault does not answer.
pub async fn inspect(session: &Session, places: &Places<'_>) -> Result<Vec<Obstacle>, VaultError> {
    let mut found = Vec::new();
    let published = places.targets.values().map(|target| &target.path);
    let ours: Vec<&KvPath> = published.chain([places.state_path]).collect();
    let mut seen = BTreeSet::new();
    let mut sound = true;
    for path in ours.iter().copied().chain(places.credentials) {
        if seen.insert(path.mount()) {
            let wrong = mount(session, path).await?;
            sound &= wrong.is_none();
            found.extend(wrong);
        }
    }
    // On a mount of another kind, all further findings would follow from that.
    if !sound {
        return Ok(found);
    }
    let mounts: BTreeSet<&str> = ours.iter().map(|path| path.mount()).collect();
    for mount in mounts {
        found.extend(settings(session, mount).await?);
    }
    for (token, target) in places.targets {
        found.extend(record_of(session, places.state_path, token).await?);
        found.extend(published_at(session, target).await?);
    }
    Ok(found)
}

/// The names of the secrets in a folder; none if there is no such folder.
///
/// # Errors
/// When Vault does not answer, or our token may not list the folder.
pub async fn names_below(session: &Session, folder: &KvPath) -> Result<Vec<String>, VaultError> {
    let names = requests::keys(session, folder).await?.into_iter();
    // A folder below it is no secret.
    Ok(names.filter(|name| !name.ends_with('/')).collect())
}

#[derive(Deserialize)]
struct MountFacts {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    path: String,
    options: Option<BTreeMap<String, String>>,
}

/// Whether a path is on a KV mount with versions, and where the mount begins.
async fn mount(session: &Session, path: &KvPath) -> Result<Option<Obstacle>, VaultError> {
    let wish = format!("sys/internal/ui/mounts/{}/{}", path.mount(), path.path());
    let Some(facts) = look::<MountFacts>(session, "mount", wish).await? else {
        return Ok(None);
    };
    let real = facts.path.trim_matches('/');
    let options = facts.options.unwrap_or_default();
    let version = options.get("version").map_or("1", String::as_str);
    let whole = format!("{}/{}", path.mount(), path.path());
    let (what, remedy) = if facts.kind != "kv" {
        (
            format!("the engine that is mounted at `{real}/` is of the kind `{}`", facts.kind),
            "name a mount of KV version 2; for a credential that this engine makes, add `lease = true` to its reference".to_owned(),
        )
    } else if real != path.mount() {
        let below = whole.strip_prefix(real).unwrap_or(&whole);
        (
            format!("the mount is called `{real}`"),
            format!(
                "write \"{real}//{}\": two slashes end the mount",
                below.trim_matches('/')
            ),
        )
    } else if version != "2" {
        (
            "this mount is KV version 1, which has no check-and-set".to_owned(),
            format!("`vault kv enable-versioning {real}`, or name a mount of KV version 2"),
        )
    } else {
        return Ok(None);
    };
    Ok(Some(Obstacle {
        path: path.to_string(),
        what,
        remedy,
    }))
}

#[derive(Deserialize)]
struct MountSettings {
    #[serde(default)]
    delete_version_after: String,
}

/// Whether the mount is set up to delete what is stored on it.
async fn settings(session: &Session, mount: &str) -> Result<Option<Obstacle>, VaultError> {
    let wish = format!("{mount}/config");
    let found: Option<MountSettings> = look(session, "mount_config", wish).await?;
    let after = found.map(|found| found.delete_version_after);
    let after = after.filter(|after| !after.is_empty() && after != "0s");
    Ok(after.map(|after| Obstacle {
        path: mount.to_owned(),
        what: format!("Vault deletes every secret of this mount after {after}"),
        remedy: format!("`vault write {mount}/config delete_version_after=0s`"),
    }))
}

async fn record_of(
    session: &Session,
    state_path: &KvPath,
    token: &str,
) -> Result<Vec<Obstacle>, VaultError> {
    let Ok(path) = state_path.child(token) else {
        return Ok(Vec::new());
    };
    let (stored, mut found) = secret(session, &path).await?;
    let wrong = match stored {
        Some(Stored::Present { fields, .. }) => record::decode(fields, token).err(),
        Some(Stored::Deleted {
            edition,
            deletion_time,
            destroyed,
        }) => Some(deleted_text(
            &path,
            edition.version,
            &deletion_time,
            destroyed,
        )),
        Some(Stored::Absent) | None => None,
    };
    found.extend(wrong.map(|what| Obstacle {
        path: path.to_string(),
        what: format!("the record of the token `{token}` cannot be used: {what}"),
        remedy: String::new(),
    }));
    Ok(found)
}

async fn published_at(
    session: &Session,
    target: &PublishTarget,
) -> Result<Vec<Obstacle>, VaultError> {
    let (stored, mut found) = secret(session, &target.path).await?;
    if let Some(Stored::Present { fields, .. }) = stored {
        let (what, remedy) = match published::decode(&fields, &target.fields) {
            PublishedSecret::Malformed(what) => {
                (Some(what), "take the field out, or write a token there")
            }
            PublishedSecret::Token(token) => (token.unreadable, ""),
            PublishedSecret::Absent => (
                published::misnamed(&fields, &target.fields),
                "write the token to that field, or name the field that has it: `fields.token = …` at the token",
            ),
        };
        found.extend(what.map(|what| Obstacle {
            path: target.path.to_string(),
            what,
            remedy: remedy.to_owned(),
        }));
    }
    Ok(found)
}

/// Reads a secret, and whether Vault will delete it by itself.
async fn secret(
    session: &Session,
    path: &KvPath,
) -> Result<(Option<Stored>, Vec<Obstacle>), VaultError> {
    let stored = match kv::read(session, path).await {
        Ok(stored) => stored,
        Err(error) if is_about_rights(&error) => return Ok((None, Vec::new())),
        Err(error) => return Err(error),
    };
    let mut found = Vec::new();
    if let Stored::Present { ends_at, .. } = &stored
        && !ends_at.is_empty()
    {
        let (mount, below) = (path.mount(), path.path());
        found.push(Obstacle {
            path: path.to_string(),
            what: format!("Vault deletes this secret by itself at {ends_at}"),
            remedy: format!(
                "`vault kv metadata put -mount={mount} -delete-version-after=0s {below}`, and look at `vault read {mount}/config`"
            ),
        });
    }
    Ok((Some(stored), found))
}

/// The `data` of a read; `None` if our token lacks the permission.
async fn look<T: DeserializeOwned>(
    session: &Session,
    operation: &'static str,
    path: String,
) -> Result<Option<T>, VaultError> {
    let call = Call::new(operation, path.clone());
    match session.call(&call, &Plain::get(path)).await {
        Ok(answer) => Ok(answer.field("data")),
        Err(error) if is_about_rights(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether our token lacks the permission, or this Vault does not have the
/// path.
fn is_about_rights(error: &VaultError) -> bool {
    matches!(
        error.kind,
        VaultErrorKind::Forbidden { .. }
            | VaultErrorKind::Refused { .. }
            | VaultErrorKind::NotFound
    )
}

//! Deletes what a run created, also that of a run that was killed. Each resource is
//! read by its id and compared with the journal before it is deleted.

use http::Method;
use serde_json::{Value, json};

use super::bodies;
use super::finding::{Sought, find};
use super::journal::{Entry, EntryState, Kind, SETTLE};
use super::names::Names;
use super::ownership::is_ours;
use super::profile::{ChangeBy, CycleConfig, DeleteSemantics, PatchDialect};
use super::report::{Grade, Step, Stop};
use super::resource::active;
use super::sender::{PAUSES, Reply, Sender};
use super::state::{Run, uses_again};

/// More resources of one name than this are not ours to judge.
const MOST_OF_ONE_NAME: usize = 3;
/// After so many failed attempts somebody has to look.
const MOST_ATTEMPTS: u32 = 50;

/// Deletes what earlier runs left behind. Returns how many of them are gone.
pub(super) async fn sweep(run: &mut Run<'_>) -> Result<usize, Stop> {
    let own = run.order.run.to_owned();
    let left = run.ledger.document.entries.clone();
    let mut gone = 0;
    // Groups first, as in a run.
    for kind in [Kind::Group, Kind::User] {
        for entry in left.iter().filter(|e| e.run != own && e.kind == kind) {
            gone += usize::from(settle(run, entry).await?.is_none());
        }
    }
    Ok(gone)
}

/// Deletes what this run created, and notes it.
pub(super) async fn own(run: &mut Run<'_>) -> Result<(), Stop> {
    let own = run.order.run.to_owned();
    for (kind, step) in [
        (Kind::Group, Step::GroupDelete),
        (Kind::User, Step::UserDelete),
    ] {
        let entries = run.ledger.document.entries.clone();
        for entry in entries.iter().filter(|e| e.run == own && e.kind == kind) {
            match settle(run, entry).await? {
                None if kind == Kind::User && entry.reused => {
                    run.note(step, Grade::Passed, "it stays, deactivated");
                }
                None => run.passed(step),
                // It is in the journal, and the last step says what is left.
                Some(_) => {}
            }
        }
    }
    Ok(())
}

/// Deletes what one entry names and takes it out of the journal. Returns why it is
/// still there.
async fn settle(run: &mut Run<'_>, entry: &Entry) -> Result<Option<Trouble>, Stop> {
    let trouble = match refusal(run, entry) {
        Some(why) => Some(Trouble::Stays(why)),
        None if entry.attempts >= MOST_ATTEMPTS => given_up(run, entry).await,
        None => remove(run, entry).await.err(),
    };
    let now = run.send.now();
    let same = |other: &Entry| other.run == entry.run && other.kind == entry.kind;
    let change = run.ledger.change(now, |journal| match &trouble {
        None => journal.entries.retain(|other| !same(other)),
        Some(trouble) => {
            for left in journal.entries.iter_mut().filter(|other| same(other)) {
                trouble.note(left);
            }
        }
    });
    change.await?;
    Ok(trouble)
}

/// Why an entry stays in the journal.
enum Trouble {
    /// It is still there.
    Stays(String),
    /// Everything that is known of it is gone; a creation that was not answered may
    /// still take effect.
    MayCome(String),
}

impl Trouble {
    fn note(&self, entry: &mut Entry) {
        match self {
            Self::Stays(why) => {
                entry.attempts = entry.attempts.saturating_add(1);
                entry.trouble = Some(why.clone());
            }
            Self::MayCome(why) => {
                entry.ids.clear();
                entry.state = EntryState::Intent;
                entry.trouble = Some(why.clone());
            }
        }
    }
}

impl From<String> for Trouble {
    fn from(why: String) -> Self {
        Self::Stays(why)
    }
}

/// Why an entry is not touched at all.
fn refusal(run: &Run<'_>, entry: &Entry) -> Option<String> {
    (entry.scim_url != run.scim_url()).then(|| {
        "it is at another `scim_url` than the configuration names now: delete it there by hand, and then the journal of this token in Vault (`<state_path>/cycles/<token>`)"
            .to_owned()
    })
}

/// What is deleted by a person from now on: it is only looked whether it is gone.
async fn given_up(run: &mut Run<'_>, entry: &Entry) -> Option<Trouble> {
    let config = run.config();
    let why = match is_gone(&mut run.send, entry, config).await {
        Ok(true) => return None,
        Ok(false) => {
            format!("{MOST_ATTEMPTS} attempts failed: delete it by hand, the next run then goes on")
        }
        Err(why) => why,
    };
    Some(Trouble::Stays(why))
}

/// Whether nothing is left of an entry; where users are never deleted, of one that is
/// active.
async fn is_gone(
    send: &mut Sender<'_>,
    entry: &Entry,
    config: &CycleConfig,
) -> Result<bool, String> {
    let stays = entry.kind == Kind::User && uses_again(config);
    let mut all = entry.ids.clone();
    all.extend(by_name(send, entry).await?);
    for id in all {
        let url = send.url(&collection(send, entry.kind), Some(&id));
        let reply = patient(send, Method::GET, url, None).await?;
        let is_inactive = reply.json.as_ref().and_then(active) == Some(false);
        let counts_as_gone = stays && reply.status == 200 && is_inactive;
        if !(reply.is_gone() || counts_as_gone) {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn remove(run: &mut Run<'_>, entry: &Entry) -> Result<(), Trouble> {
    let config = run.config();
    let mut known = entry.ids.clone();
    // An id that is not ours must not keep us from one that is.
    let mut trouble = None;
    for round in 0..2 {
        for id in &known {
            let removed = remove_one(&mut run.send, entry, id, config).await;
            trouble = trouble.or(removed.err());
        }
        let there = by_name(&mut run.send, entry).await?;
        let new: Vec<_> = there.into_iter().filter(|id| !known.contains(id)).collect();
        if new.len() > MOST_OF_ONE_NAME {
            return Err(Trouble::Stays(
                "there are too many resources of its name".to_owned(),
            ));
        }
        if new.is_empty() {
            break;
        }
        if round == 1 {
            let why = "resources of its name come into being again and again";
            return Err(Trouble::Stays(why.to_owned()));
        }
        known = new;
    }
    if let Some(why) = trouble {
        return Err(Trouble::Stays(why));
    }
    let settled = entry
        .unanswered_at
        .map(|at| at.checked_add(SETTLE).unwrap_or(at));
    match settled.filter(|at| run.send.now() < *at) {
        Some(at) => Err(Trouble::MayCome(format!(
            "its creation was not answered, and may take effect until {at}"
        ))),
        None => Ok(()),
    }
}

/// Deletes one resource, or deactivates it where nothing is deleted.
async fn remove_one(
    send: &mut Sender<'_>,
    entry: &Entry,
    id: &str,
    config: &CycleConfig,
) -> Result<(), String> {
    let collection = collection(send, entry.kind);
    let url = send.url(&collection, Some(id));
    let reply = patient(send, Method::GET, url.clone(), None).await?;
    if reply.is_gone() {
        return Ok(());
    }
    if reply.status != 200 {
        return Err(reply.said());
    }
    let body = reply.json.ok_or("it could not be read")?;
    is_ours(&body, id, entry, config.external_id)
        .map_err(|why| format!("it is not deleted: {why}"))?;
    if entry.kind == Kind::User && active(&body) != Some(false) {
        deactivate(send, entry, id, config).await;
    }
    if entry.reused && config.reuse_identity {
        return is_inactive(send, url).await;
    }
    let reply = patient(send, Method::DELETE, url.clone(), None).await?;
    if !reply.is_success() && !reply.is_gone() {
        return Err(format!("its deletion failed: {}", reply.said()));
    }
    let stays = entry.kind == Kind::User && config.delete_semantics == DeleteSemantics::Deactivate;
    for pause in PAUSES {
        let reply = patient(send, Method::GET, url.clone(), None).await?;
        let is_inactive = reply.json.as_ref().and_then(active) == Some(false);
        if reply.is_gone() || (stays && reply.status == 200 && is_inactive) {
            return Ok(());
        }
        send.pause(pause).await;
    }
    Err(match entry.kind {
        Kind::User => "it is there after its deletion: set `full_cycle.delete_semantics = \"deactivate\"` if this service provider deletes no users",
        Kind::Group => "it is there after its deletion",
    }
    .to_owned())
}

/// Waits until a user that is never deleted is deactivated.
async fn is_inactive(send: &mut Sender<'_>, url: url::Url) -> Result<(), String> {
    for pause in PAUSES {
        let reply = patient(send, Method::GET, url.clone(), None).await?;
        if reply.json.as_ref().and_then(active) == Some(false) {
            return Ok(());
        }
        send.pause(pause).await;
    }
    Err("it is still active".to_owned())
}

/// A user is deactivated before it is deleted: if the deletion fails, it can do
/// nothing. If this fails, the deletion is tried all the same.
async fn deactivate(send: &mut Sender<'_>, entry: &Entry, id: &str, config: &CycleConfig) {
    let url = send.url(send.users(), Some(id));
    // Some servers take only the dialect of their identity provider.
    let mut dialects = vec![config.dialect()];
    if config.dialect() != PatchDialect::Standard {
        dialects.push(PatchDialect::Standard);
    }
    if config.change_by == ChangeBy::Patch {
        for dialect in dialects {
            let body = bodies::replace(dialect, "active", json!(false));
            let reply = patient(send, Method::PATCH, url.clone(), Some(&body)).await;
            match reply.map(|reply| reply.status) {
                Ok(400) => {}
                Ok(405 | 501) | Err(_) => break,
                Ok(_) => return,
            }
        }
    }
    let names = Names {
        user_name: entry.name.clone(),
        group_name: String::new(),
        external_id: entry.external_id.clone(),
        plain_mail: false,
    };
    let body = bodies::user(&names, config, true, false);
    // The next request shows whether it worked.
    let _replaced = patient(send, Method::PUT, url, Some(&body)).await.is_ok();
}

async fn by_name(send: &mut Sender<'_>, entry: &Entry) -> Result<Vec<String>, String> {
    let collection = collection(send, entry.kind);
    let attribute = match entry.kind {
        Kind::User => "userName",
        Kind::Group => "displayName",
    };
    let mut last = String::new();
    for pause in PAUSES.into_iter().take(3) {
        let sought = Sought {
            collection: &collection,
            attribute,
            name: &entry.name,
            external_id: &entry.external_id,
            // What is known by its id need not be looked for under another name.
            rewritten: entry.ids.is_empty() || entry.unanswered_at.is_some(),
        };
        match find(send, sought, Step::Leftovers).await {
            Ok(found) => return Ok(found.ids),
            // A group whose id is known need not be found by its name.
            Err(stop)
                if stop.grade == Grade::Failed
                    && entry.kind == Kind::Group
                    && !entry.ids.is_empty() =>
            {
                return Ok(Vec::new());
            }
            Err(stop) => last = stop.detail,
        }
        send.pause(pause).await;
    }
    Err(last)
}

fn collection(send: &Sender<'_>, kind: Kind) -> String {
    match kind {
        Kind::User => send.users().to_owned(),
        Kind::Group => "Groups".to_owned(),
    }
}

/// The clean-up does not give up at the first busy answer.
async fn patient(
    send: &mut Sender<'_>,
    method: Method,
    url: url::Url,
    body: Option<&Value>,
) -> Result<Reply, String> {
    let mut last = String::new();
    for pause in PAUSES.into_iter().take(4) {
        match send.write(method.clone(), url.clone(), body).await {
            Ok(reply) if !matches!(reply.status, 429 | 500 | 502..=599) => return Ok(reply),
            Ok(reply) => last = reply.said(),
            Err(silence) => last = silence.detail,
        }
        send.pause(pause).await;
    }
    Err(last)
}

//! Finds what a run created, and keeps its journal.

use serde_json::{Value, json};

use super::journal::Kind;
use super::names::{Kept, kept};
use super::report::{Step, Stop};
use super::resource::{self, entries, text};
use super::sender::{Reply, Sender};
use super::state::{Run, uses_again};

impl Run<'_> {
    /// The users of this run. `rewritten`: the service provider may have stored
    /// another name than was sent.
    pub(super) async fn find_user(&mut self, step: Step, rewritten: bool) -> Result<Found, Stop> {
        let (name, external_id) = (self.names.user_name.clone(), self.names.external_id.clone());
        let collection = self.send.users().to_owned();
        let sought = Sought {
            collection: &collection,
            attribute: "userName",
            name: &name,
            external_id: &external_id,
            rewritten,
        };
        find(&mut self.send, sought, step).await
    }

    /// What became of the name of a resource of this run; `None` if it is not of this
    /// run.
    pub(super) fn name_of_ours(&self, resource: &Value, attribute: &str) -> Option<Kept> {
        let name = match attribute {
            "userName" => &self.names.user_name,
            _ => &self.names.group_name,
        };
        is_named(resource, attribute, name, &self.names.external_id)
    }

    /// The id of a resource of this run.
    pub(super) fn id_of_ours(&self, resource: &Value, attribute: &str) -> Option<String> {
        self.name_of_ours(resource, attribute)?;
        resource::id(resource, self.send.token().expose())
    }

    pub(super) async fn intend(&mut self, kind: Kind) -> Result<(), Stop> {
        let (run, names, now) = (self.order.run, self.names.clone(), self.send.now());
        let scim_url = self.scim_url();
        let again = uses_again(self.config()) && kind == Kind::User;
        let intended = self.ledger.change(now, |journal| {
            journal.intend(run, kind, &names, &scim_url, now);
            if let Some(entry) = journal.entries.last_mut() {
                entry.reused = again;
            }
        });
        let intended = intended.await;
        if intended.is_err() {
            // Nothing is sent, so nothing can be left.
            self.ledger.document.entries.pop();
        }
        intended
    }

    pub(super) async fn created(&mut self, kind: Kind, id: &str) -> Result<(), Stop> {
        let (run, now) = (self.order.run, self.send.now());
        let change = self
            .ledger
            .change(now, |journal| journal.created(run, kind, id));
        change.await
    }

    /// Nothing was created.
    pub(super) async fn forget(&mut self, kind: Kind) -> Result<(), Stop> {
        let (run, now) = (self.order.run, self.send.now());
        let change = self.ledger.change(now, |journal| {
            journal.entries.retain(|e| e.run != run || e.kind != kind);
        });
        change.await
    }
}

/// What is looked for.
#[derive(Clone, Copy)]
pub(super) struct Sought<'a> {
    pub(super) collection: &'a str,
    /// The attribute that holds the name.
    pub(super) attribute: &'a str,
    pub(super) name: &'a str,
    pub(super) external_id: &'a str,
    /// Whether it is looked for by its externalId too if no resource of this name is
    /// there: its name may have been rewritten.
    pub(super) rewritten: bool,
}

/// What was found.
pub(super) struct Found {
    pub(super) ids: Vec<String>,
    /// Whether the name did not find it, and the externalId did.
    pub(super) by_external_id: bool,
}

/// Finds resources by a filter for the name, and by one for the externalId where the
/// name cannot be searched for or was perhaps rewritten.
pub(super) async fn find(
    send: &mut Sender<'_>,
    sought: Sought<'_>,
    step: Step,
) -> Result<Found, Stop> {
    let Sought {
        collection,
        attribute,
        name,
        external_id,
        rewritten,
    } = sought;
    let mut by_name_is_nothing = false;
    for (by, value) in [(attribute, name), ("externalId", external_id)] {
        let url = send.search(collection, &format!("{by} eq {}", json!(value)));
        let reply = send.get(url).await.map_err(|s| s.stop(step))?;
        match reply.status {
            200 => {
                let list = reply.json.as_ref().and_then(entries);
                let list = list.ok_or_else(|| reply.no_resource(step))?;
                let secret = send.token().expose();
                let ours = |entry: &&Value| is_named(entry, attribute, name, external_id).is_some();
                let ids = list
                    .iter()
                    .filter(ours)
                    .filter_map(|e| resource::id(e, secret));
                let found = Found {
                    ids: ids.collect(),
                    by_external_id: by_name_is_nothing,
                };
                if !found.ids.is_empty() || !rewritten || by == "externalId" {
                    return Ok(found);
                }
                by_name_is_nothing = true;
            }
            404 if by_name_is_nothing || !rewritten => return Ok(Found::nothing()),
            404 => by_name_is_nothing = true,
            400 | 501 if by_name_is_nothing => return Ok(Found::nothing()),
            400 | 501 => {}
            _ => return Err(reply.unwanted(step)),
        }
    }
    let text = format!(
        "{collection} can be searched neither by {attribute} nor by externalId: what a lost answer leaves behind could not be found"
    );
    Err(Stop::failed(step, text))
}

impl Found {
    fn nothing() -> Self {
        Self {
            ids: Vec::new(),
            by_external_id: false,
        }
    }
}

/// What became of the name of this resource, if it is ours. A name that was rewritten
/// counts only with our externalId.
fn is_named(resource: &Value, attribute: &str, name: &str, external_id: &str) -> Option<Kept> {
    let became = kept(name, text(resource, attribute)?)?;
    let has_ours = || text(resource, "externalId") == Some(external_id);
    (became != Kept::Rewritten || has_ours()).then_some(became)
}

/// Whether an answer has a resource with another name than was sent.
pub(super) fn is_of_another(reply: &Reply, attribute: &str, name: &str) -> bool {
    let there = reply.json.as_ref().and_then(|body| text(body, attribute));
    there.is_some_and(|there| !there.eq_ignore_ascii_case(name))
}

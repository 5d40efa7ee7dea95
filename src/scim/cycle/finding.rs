//! Finds what a run created, and keeps its journal.

use serde_json::{Value, json};

use super::journal::Kind;
use super::report::{Step, Stop};
use super::resource::{self, entries, text};
use super::sender::{Reply, Sender};
use super::state::{Run, uses_again};

impl Run<'_> {
    /// Ids of the users that have the name of this run.
    pub(super) async fn find_user(&mut self, step: Step) -> Result<Vec<String>, Stop> {
        let (name, external_id) = (self.names.user_name.clone(), self.names.external_id.clone());
        let collection = self.send.users().to_owned();
        find(
            &mut self.send,
            &collection,
            ("userName", &name),
            &external_id,
            step,
        )
        .await
    }

    /// The id of a resource that has the name of this run.
    pub(super) fn id_of_ours(&self, resource: &Value, attribute: &str) -> Option<String> {
        let wanted = match attribute {
            "userName" => &self.names.user_name,
            _ => &self.names.group_name,
        };
        let is_ours =
            text(resource, attribute).is_some_and(|name| name.eq_ignore_ascii_case(wanted));
        let secret = self.send.token().expose();
        resource::id(resource, secret).filter(|_| is_ours)
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

/// Ids of the resources with this name: by a filter for the name, or for the
/// externalId where the name cannot be searched for.
pub(super) async fn find(
    send: &mut Sender<'_>,
    collection: &str,
    (attribute, name): (&str, &str),
    external_id: &str,
    step: Step,
) -> Result<Vec<String>, Stop> {
    let by = |attribute: &str, value: &str| format!("{attribute} eq {}", json!(value));
    for filter in [by(attribute, name), by("externalId", external_id)] {
        let url = send.search(collection, &filter);
        let reply = send.get(url).await.map_err(|s| s.stop(step))?;
        match reply.status {
            200 => {
                let list = reply.json.as_ref().and_then(entries);
                let list = list.ok_or_else(|| reply.no_resource(step))?;
                let secret = send.token().expose();
                let named = |entry: &&Value| {
                    text(entry, attribute).is_some_and(|n| n.eq_ignore_ascii_case(name))
                };
                let ids = list.iter().filter(named);
                return Ok(ids.filter_map(|e| resource::id(e, secret)).collect());
            }
            404 => return Ok(Vec::new()),
            400 | 501 => {}
            _ => return Err(reply.unwanted(step)),
        }
    }
    let text = format!(
        "{collection} can be searched neither by {attribute} nor by externalId: what a lost answer leaves behind could not be found"
    );
    Err(Stop::failed(step, text))
}

/// Whether an answer has a resource with another name than was sent.
pub(super) fn is_of_another(reply: &Reply, attribute: &str, name: &str) -> bool {
    let there = reply.json.as_ref().and_then(|body| text(body, attribute));
    there.is_some_and(|there| !there.eq_ignore_ascii_case(name))
}

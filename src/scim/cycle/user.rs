//! The steps of the user.

use http::Method;
use serde_json::{Value, json};

use super::bodies;
use super::journal::{Entry, EntryState, Kind};
use super::names::{CHANGED_NAME, DISPLAY_NAME};
use super::profile::ExternalId;
use super::report::{Grade, Step, Stop};
use super::resource::{self, active, entries, field, text};
use super::run::{Run, uses_again};
use super::sender::{PAUSES, Reply};

impl Run<'_> {
    /// Absent, create, read, query, duplicate. Returns the id.
    pub(super) async fn user_is_created(&mut self) -> Result<String, Stop> {
        self.goes_on(Step::Absent)?;
        let there = self.find_user(Step::Absent).await?;
        let user = match (there.as_slice(), uses_again(self.config())) {
            ([], _) if self.config().reuse_identity => {
                let text = format!(
                    "there is no user `{}` with the externalId `{}`: create it, deactivated (`reuse_identity = true`)",
                    self.names.user_name, self.names.external_id
                );
                return Err(Stop::failed(Step::Absent, text));
            }
            ([], _) => {
                self.passed(Step::Absent);
                self.create().await?
            }
            ([id], true) => {
                let id = id.clone();
                self.note(Step::Absent, Grade::Passed, "the user of earlier runs is used again");
                self.adopt(&id).await?;
                self.note(Step::Create, Grade::Skipped, "the user is used again");
                id
            }
            (_, _) => {
                let text = "there is a user of this name already, which this run did not make";
                return Err(Stop::failed(Step::Absent, text));
            }
        };
        self.read(&user).await?;
        self.query(&user).await?;
        if self.config().duplicate && !self.config().reuse_identity {
            self.duplicate(&user).await?;
        } else {
            self.note(Step::Duplicate, Grade::Skipped, "by `full_cycle`");
        }
        Ok(user)
    }

    /// Change, deactivate, reactivate.
    pub(super) async fn user_is_changed(&mut self, user: &str) -> Result<(), Stop> {
        self.goes_on(Step::Change)?;
        self.change(user).await?;
        self.set_active(user, false, Step::Deactivate).await?;
        if self.config().reactivate {
            self.set_active(user, true, Step::Reactivate).await?;
        } else {
            self.note(Step::Reactivate, Grade::Skipped, "`reactivate = false`");
        }
        Ok(())
    }

    /// The user of earlier runs goes into the journal: it must be deactivated again.
    async fn adopt(&mut self, id: &str) -> Result<(), Stop> {
        let (run, names, at) = (self.order.run, self.names.clone(), self.send.now());
        let scim_url = self.scim_url();
        let entry = Entry {
            run: run.to_owned(),
            kind: Kind::User,
            scim_url,
            name: names.user_name,
            external_id: names.external_id,
            ids: vec![id.to_owned()],
            state: EntryState::Created,
            created_at: at,
            attempts: 0,
            trouble: None,
            unanswered_at: None,
            reused: true,
        };
        let url = self.send.url(self.send.users(), Some(id));
        let reply = self.send.get(url).await.map_err(|s| s.stop(Step::Absent))?;
        let body = reply
            .json
            .as_ref()
            .ok_or_else(|| reply.no_resource(Step::Absent))?;
        let config = self.config();
        super::ownership::is_ours(body, id, &entry, config.external_id)
            .map_err(|why| Stop::failed(Step::Absent, format!("the user of this name is not ours: {why}")))?;
        self.ledger.change(at, |journal| journal.entries.push(entry)).await?;
        // Earlier runs leave it deactivated.
        self.write_active(id, true, Step::Absent).await
    }

    async fn create(&mut self) -> Result<String, Stop> {
        let step = Step::Create;
        self.intend(Kind::User).await?;
        let body = bodies::user(&self.names, self.config(), false, true);
        let url = self.send.url(self.send.users(), None);
        let reply = match self.send.write(Method::POST, url, Some(&body)).await {
            Ok(reply) => reply,
            Err(silence) if silence.may_have_happened => {
                let stop = silence.stop(step);
                return self.look_for_lost(step, Some(stop)).await;
            }
            Err(silence) => {
                self.forget(Kind::User).await?;
                return Err(silence.stop(step));
            }
        };
        if !reply.is_success() {
            let stop = reply.unwanted(step);
            if matches!(reply.status, 500..=599) {
                return self.look_for_lost(step, Some(stop)).await;
            }
            self.forget(Kind::User).await?;
            return Err(stop);
        }
        let id = reply.json.as_ref().and_then(|user| self.id_of_ours(user, "userName"));
        match (id, reply.status) {
            (Some(id), status) => {
                self.created(Kind::User, &id).await?;
                let located = reply.has_location
                    || reply
                        .json
                        .as_ref()
                        .and_then(|user| text(field(user, "meta")?, "location"))
                        .is_some();
                match (status, located) {
                    (201, true) => self.passed(step),
                    (201, false) => self.note(step, Grade::Warned, "without a location"),
                    (status, _) => {
                        self.note(step, Grade::Warned, format!("answered {status} instead of 201"));
                    }
                }
                Ok(id)
            }
            // Another user's resource, or none: only the name tells.
            (None, _) if is_of_another(&reply, "userName", &self.names.user_name) => {
                let found = self.look_for_lost(step, None).await;
                let text = "the answer has another user than was to be created";
                found.and(Err(Stop::failed(step, text)))
            }
            (None, status) => {
                let id = self.look_for_lost(step, None).await?;
                let text = format!("answered {status} without the user; it was found by its name");
                self.note(step, Grade::Warned, text);
                Ok(id)
            }
        }
    }

    /// Looks by its name for a user whose creation was not answered as it should be.
    async fn look_for_lost(&mut self, step: Step, stop: Option<Stop>) -> Result<String, Stop> {
        for pause in PAUSES {
            self.send.pause(pause).await;
            if let [id, ..] = self.find_user(step).await?.as_slice() {
                let id = id.clone();
                self.created(Kind::User, &id).await?;
                return stop.map_or(Ok(id), Err);
            }
        }
        let missing = Stop::inconclusive(step, "the user was not found after its creation");
        Err(stop.unwrap_or(missing))
    }

    async fn read(&mut self, user: &str) -> Result<(), Stop> {
        let step = Step::Read;
        self.goes_on(step)?;
        let Some(body) = self.read_user(user, step, |_| true).await? else {
            return Err(Stop::failed(step, "the user is not there after half a minute"));
        };
        let has_name = text(&body, "userName")
            .is_some_and(|name| name.eq_ignore_ascii_case(&self.names.user_name));
        if !has_name {
            return Err(Stop::failed(step, "the user has another userName than was sent"));
        }
        match (text(&body, "externalId"), self.config().external_id) {
            (Some(id), _) if id == self.names.external_id => self.passed(step),
            (None, ExternalId::Dropped) => {
                self.note(step, Grade::Warned, "externalId is not stored");
            }
            (Some(_), _) => {
                return Err(Stop::failed(step, "the user has another externalId than was sent"));
            }
            (None, ExternalId::Kept) => {
                let text = "externalId is not stored, and without it the user is not deleted: set `full_cycle.external_id = \"dropped\"`, the next run deletes it";
                return Err(Stop::failed(step, text));
            }
        }
        Ok(())
    }

    async fn query(&mut self, user: &str) -> Result<(), Stop> {
        let step = Step::Query;
        for pause in PAUSES {
            match self.find_user(step).await?.as_slice() {
                [] => self.send.pause(pause).await,
                [id] if id == user => {
                    self.passed(step);
                    return Ok(());
                }
                _ => {
                    let text = "the search for the name finds another user, or more than one";
                    return Err(Stop::failed(step, text));
                }
            }
        }
        Err(Stop::failed(step, "the search for the name does not find the user"))
    }

    async fn duplicate(&mut self, user: &str) -> Result<(), Stop> {
        let step = Step::Duplicate;
        self.goes_on(step)?;
        let body = bodies::user(&self.names, self.config(), false, true);
        let url = self.send.url(self.send.users(), None);
        let reply = match self.send.write(Method::POST, url, Some(&body)).await {
            Ok(reply) => reply,
            Err(silence) => {
                if silence.may_have_happened {
                    let (run, now) = (self.order.run, self.send.now());
                    let noted = self.ledger.change(now, |journal| {
                        journal.unanswered(run, Kind::User, now);
                    });
                    noted.await?;
                }
                return Err(silence.stop(step));
            }
        };
        match reply.status {
            409 => self.passed(step),
            400 => self.note(step, Grade::Warned, reply.said()),
            200..=299 => {
                let second = reply.json.as_ref().and_then(|u| self.id_of_ours(u, "userName"));
                match second {
                    Some(id) if id == user => {
                        let text = "a second creation is answered with the same user";
                        self.note(step, Grade::Warned, text);
                    }
                    second => {
                        if let Some(id) = second {
                            self.created(Kind::User, &id).await?;
                        }
                        return Err(Stop::failed(step, "a second user of the same name was created"));
                    }
                }
            }
            _ => return Err(reply.unwanted(step)),
        }
        Ok(())
    }

    async fn change(&mut self, user: &str) -> Result<(), Stop> {
        let step = Step::Change;
        if !self.by_put {
            let body = bodies::replace("displayName", json!(CHANGED_NAME));
            let sent = self.patch(user, &body, step).await?;
            if sent {
                let shows = |user: &Value| text(user, "displayName") == Some(CHANGED_NAME);
                // A server that drops the attribute shows none at all.
                let seen = self.read_user(user, step, |u| {
                    shows(u) || text(u, "displayName").is_none_or(|name| name != DISPLAY_NAME)
                });
                match seen.await? {
                    Some(body) if shows(&body) => {
                        self.passed(step);
                        return Ok(());
                    }
                    Some(_) => return self.change_family_name(user).await,
                    None => return Err(Stop::failed(step, "the change is not seen after half a minute")),
                }
            }
        }
        let body = bodies::user(&self.names, self.config(), true, true);
        self.put(user, &body, step).await?;
        self.note(step, Grade::Warned, "by PUT");
        Ok(())
    }

    async fn change_family_name(&mut self, user: &str) -> Result<(), Stop> {
        let step = Step::Change;
        let body = bodies::replace("name.familyName", json!("Changed"));
        self.patch(user, &body, step).await?;
        let shows = |user: &Value| {
            field(user, "name").and_then(|name| text(name, "familyName")) == Some("Changed")
        };
        match self.read_user(user, step, shows).await? {
            Some(_) => {
                self.note(step, Grade::Warned, "displayName is not stored; name.familyName is");
                Ok(())
            }
            None => Err(Stop::failed(step, "the change is not seen after half a minute")),
        }
    }

    async fn set_active(&mut self, user: &str, wanted: bool, step: Step) -> Result<(), Stop> {
        self.goes_on(step)?;
        self.write_active(user, wanted, step).await?;
        let shows = |user: &Value| active(user) == Some(wanted);
        match self.read_user(user, step, shows).await? {
            Some(_) => {
                self.passed(step);
                Ok(())
            }
            None => Err(Stop::failed(step, format!("`active` does not become {wanted}"))),
        }
    }

    pub(super) async fn write_active(
        &mut self,
        user: &str,
        wanted: bool,
        step: Step,
    ) -> Result<(), Stop> {
        if !self.by_put {
            let body = bodies::replace("active", json!(wanted));
            if self.patch(user, &body, step).await? {
                return Ok(());
            }
        }
        let body = bodies::user(&self.names, self.config(), true, wanted);
        self.put(user, &body, step).await
    }

    /// Whether the server takes a PATCH at all.
    async fn patch(&mut self, user: &str, body: &Value, step: Step) -> Result<bool, Stop> {
        let url = self.send.url(self.send.users(), Some(user));
        let reply = self.send.write(Method::PATCH, url, Some(body)).await;
        let reply = reply.map_err(|s| s.stop(step))?;
        match reply.status {
            200..=299 => Ok(true),
            405 | 501 => {
                self.by_put = true;
                Ok(false)
            }
            _ => Err(reply.unwanted(step)),
        }
    }

    async fn put(&mut self, user: &str, body: &Value, step: Step) -> Result<(), Stop> {
        let url = self.send.url(self.send.users(), Some(user));
        let reply = self.send.write(Method::PUT, url, Some(body)).await;
        let reply = reply.map_err(|s| s.stop(step))?;
        match reply.is_success() {
            true => Ok(()),
            false => Err(reply.unwanted(step)),
        }
    }

    /// Reads the user until it is as wanted, for about half a minute.
    async fn read_user(
        &mut self,
        user: &str,
        step: Step,
        is_wanted: impl Fn(&Value) -> bool,
    ) -> Result<Option<Value>, Stop> {
        for pause in PAUSES {
            let url = self.send.url(self.send.users(), Some(user));
            let reply = self.send.get(url).await.map_err(|s| s.stop(step))?;
            match reply.status {
                200 => {
                    let Some(body) = reply.json else {
                        return Err(reply_without(step));
                    };
                    if is_wanted(&body) {
                        return Ok(Some(body));
                    }
                }
                404 => {}
                _ => return Err(reply.unwanted(step)),
            }
            self.send.pause(pause).await;
        }
        Ok(None)
    }

    /// Ids of the users that have the name of this run.
    pub(super) async fn find_user(&mut self, step: Step) -> Result<Vec<String>, Stop> {
        let (name, external_id) = (self.names.user_name.clone(), self.names.external_id.clone());
        let collection = self.send.users().to_owned();
        find(&mut self.send, &collection, ("userName", &name), &external_id, step).await
    }

    /// The id of a resource that has the name of this run.
    pub(super) fn id_of_ours(&self, resource: &Value, attribute: &str) -> Option<String> {
        let wanted = match attribute {
            "userName" => &self.names.user_name,
            _ => &self.names.group_name,
        };
        let is_ours = text(resource, attribute).is_some_and(|name| name.eq_ignore_ascii_case(wanted));
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
        let change = self.ledger.change(now, |journal| journal.created(run, kind, id));
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
    send: &mut super::sender::Sender<'_>,
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

fn reply_without(step: Step) -> Stop {
    Stop::inconclusive(
        step,
        "the service provider answered 200 without a SCIM resource: does a page or a proxy answer in its place?",
    )
}

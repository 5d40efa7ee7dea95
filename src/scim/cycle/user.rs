//! The steps of the user.

use http::Method;

use super::bodies;
use super::finding::is_of_another;
use super::journal::{Entry, EntryState, Kind};
use super::names::Kept;
use super::ownership::is_ours;
use super::profile::ExternalId;
use super::report::{Grade, Step, Stop};
use super::resource::{field, text};
use super::sender::{PAUSES, Reply, Silence};
use super::state::{Run, uses_again};

impl Run<'_> {
    /// Absent, create, read, query, duplicate. Returns the id.
    pub(super) async fn user_is_created(&mut self) -> Result<String, Stop> {
        self.goes_on(Step::Absent)?;
        let again = uses_again(self.config());
        // A name that no run had before cannot have been rewritten.
        let there = self.find_user(Step::Absent, again).await?;
        let user = match (there.ids.as_slice(), again) {
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
                self.note(
                    Step::Absent,
                    Grade::Passed,
                    "the user of earlier runs is used again",
                );
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
        is_ours(body, id, &entry, config.external_id).map_err(|why| {
            Stop::failed(
                Step::Absent,
                format!("the user of this name is not ours: {why}"),
            )
        })?;
        self.ledger
            .change(at, |journal| journal.entries.push(entry))
            .await?;
        // Earlier runs leave it deactivated.
        self.write_active(id, true, Step::Absent).await
    }

    async fn create(&mut self) -> Result<String, Stop> {
        let step = Step::Create;
        self.intend(Kind::User).await?;
        let reply = match self.post_user().await {
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
            return Err(match reply.status {
                400 => self.unfit(stop),
                _ => stop,
            });
        }
        let id = reply
            .json
            .as_ref()
            .and_then(|user| self.id_of_ours(user, "userName"));
        match (id, reply.status) {
            (Some(id), status) => {
                self.created(Kind::User, &id).await?;
                let located = reply.has_location
                    || reply
                        .json
                        .as_ref()
                        .and_then(|user| text(field(user, "meta")?, "location"))
                        .is_some();
                self.note_creation(status, located);
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

    /// Sends the user, and once more with a mail address without a type if it is refused.
    async fn post_user(&mut self) -> Result<Reply, Silence> {
        loop {
            let body = bodies::user(&self.names, self.config(), false, true);
            let url = self.send.url(self.send.users(), None);
            let reply = self.send.write(Method::POST, url, Some(&body)).await?;
            if reply.status != 400 || self.names.plain_mail {
                return Ok(reply);
            }
            self.names.plain_mail = true;
        }
    }

    /// Notes how a creation was answered.
    fn note_creation(&mut self, status: u16, located: bool) {
        let mut deviations = Vec::new();
        if status != 201 {
            deviations.push(format!("answered {status} instead of 201"));
        } else if !located {
            deviations.push("without a location".to_owned());
        }
        if self.names.plain_mail {
            deviations.push("a mail address is taken without a type only".to_owned());
        }
        match deviations.is_empty() {
            true => self.passed(Step::Create),
            false => self.note(Step::Create, Grade::Warned, deviations.join("; ")),
        }
    }

    /// The user that is created does not fit: what can be said about that.
    fn unfit(&self, stop: Stop) -> Stop {
        let domain = &self.config().domain;
        let detail = format!(
            "{}; if it is the mail address, whose domain is {domain}, set `full_cycle.domain`; if it requires more attributes, name them in `full_cycle.user`",
            stop.detail
        );
        Stop { detail, ..stop }
    }

    /// Looks by its name for a user whose creation was not answered as it should be.
    async fn look_for_lost(&mut self, step: Step, stop: Option<Stop>) -> Result<String, Stop> {
        for (round, pause) in PAUSES.into_iter().enumerate() {
            self.send.pause(pause).await;
            // The name suffices nearly always: the budget is kept for what follows.
            if let [id, ..] = self.find_user(step, round >= 2).await?.ids.as_slice() {
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
            return Err(Stop::failed(
                step,
                "the user is not there after half a minute",
            ));
        };
        let Some(became) = self.name_of_ours(&body, "userName") else {
            return Err(Stop::failed(
                step,
                "the user has another userName than was sent",
            ));
        };
        self.is_rewritten = became == Kept::Rewritten;
        match (text(&body, "externalId"), self.config().external_id) {
            (Some(id), _) if id == self.names.external_id => self.name_is(became),
            (None, ExternalId::Dropped) => {
                self.note(step, Grade::Warned, "externalId is not stored");
            }
            (Some(_), _) => {
                return Err(Stop::failed(
                    step,
                    "the user has another externalId than was sent",
                ));
            }
            (None, ExternalId::Kept) => {
                let text = "externalId is not stored, and without it the user is not deleted: set `full_cycle.external_id = \"dropped\"`, the next run deletes it";
                return Err(Stop::failed(step, text));
            }
        }
        Ok(())
    }

    /// Notes what became of the name.
    fn name_is(&mut self, became: Kept) {
        let step = Step::Read;
        match became {
            Kept::Same => self.passed(step),
            Kept::OtherCase => {
                let text = "the userName is stored in another case than was sent";
                self.note(step, Grade::Warned, text);
            }
            Kept::Rewritten => {
                let text = "the userName is stored in another form than was sent; the user is known by its id and its externalId";
                self.note(step, Grade::Warned, text);
            }
        }
    }

    async fn query(&mut self, user: &str) -> Result<(), Stop> {
        let step = Step::Query;
        for pause in PAUSES {
            let found = self.find_user(step, self.is_rewritten).await?;
            match found.ids.as_slice() {
                [] => self.send.pause(pause).await,
                [id] if id == user && found.by_external_id => {
                    let text = "the search for the userName that was sent finds nothing; the search for the externalId finds the user: the identity provider must look for it by that";
                    self.note(step, Grade::Warned, text);
                    return Ok(());
                }
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
        Err(Stop::failed(
            step,
            "the search for the name does not find the user",
        ))
    }
}

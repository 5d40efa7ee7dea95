//! The steps of the group.

use http::Method;
use serde_json::json;

use super::bodies::{self, Way};
use super::finding::{Sought, find};
use super::journal::Kind;
use super::profile::Membership;
use super::report::{Grade, Step, Stop};
use super::resource::{entries, has_member, id};
use super::sender::PAUSES;
use super::state::Run;

impl Run<'_> {
    /// Creates a group, makes the user a member, and removes it again. The clean-up
    /// deletes the group.
    pub(super) async fn groups(&mut self, user: &str) -> Result<(), Stop> {
        self.goes_on(Step::GroupCreate)?;
        let Some(group) = self.create_group().await? else {
            return Ok(());
        };
        let shows_members = self.add(&group, user).await?;
        self.remove(&group, user, shows_members).await
    }

    /// `None` if the service provider has no groups.
    async fn create_group(&mut self) -> Result<Option<String>, Stop> {
        let step = Step::GroupCreate;
        self.intend(Kind::Group).await?;
        let body = bodies::group(&self.names, &[]);
        let url = self.send.url("Groups", None);
        let reply = match self.send.write(Method::POST, url, Some(&body)).await {
            Ok(reply) => reply,
            Err(silence) if silence.may_have_happened => return Err(silence.stop(step)),
            Err(silence) => {
                self.forget(Kind::Group).await?;
                return Err(silence.stop(step));
            }
        };
        if matches!(reply.status, 404 | 405 | 501) {
            self.forget(Kind::Group).await?;
            self.note(step, Grade::Skipped, "the service provider has no groups");
            return Ok(None);
        }
        if !reply.is_success() {
            if !matches!(reply.status, 500..=599) {
                self.forget(Kind::Group).await?;
            }
            return Err(reply.unwanted(step));
        }
        let own = reply
            .json
            .as_ref()
            .and_then(|g| self.id_of_ours(g, "displayName"));
        let (own, grade) = match own {
            Some(own) => (own, Grade::Passed),
            None => (self.find_new_group(step).await?, Grade::Warned),
        };
        self.created(Kind::Group, &own).await?;
        let detail = match grade == Grade::Passed {
            true => "",
            false => "answered without the group; it was found by its name",
        };
        self.note(step, grade, detail);
        Ok(Some(own))
    }

    async fn find_new_group(&mut self, step: Step) -> Result<String, Stop> {
        for pause in PAUSES {
            let names = self.names.clone();
            let sought = Sought {
                collection: "Groups",
                attribute: "displayName",
                name: &names.group_name,
                external_id: &names.external_id,
                rewritten: true,
            };
            let found = find(&mut self.send, sought, step).await?;
            if let Some(id) = found.ids.into_iter().next() {
                return Ok(id);
            }
            self.send.pause(pause).await;
        }
        Err(Stop::inconclusive(
            step,
            "the group was not found after its creation",
        ))
    }

    /// Whether the group shows its members.
    async fn add(&mut self, group: &str, user: &str) -> Result<bool, Stop> {
        let step = Step::MemberAdd;
        self.goes_on(step)?;
        let ways = bodies::add_member(self.config().dialect(), user);
        let detail = self.change_members(group, &ways, &[user], step).await?;
        let shows = self.is_member(group, user, step).await?;
        self.deviates(detail);
        Ok(shows)
    }

    async fn remove(&mut self, group: &str, user: &str, shows: bool) -> Result<(), Stop> {
        let step = Step::MemberRemove;
        self.goes_on(step)?;
        let ways = bodies::remove_member(self.config().dialect(), user);
        let detail = self.change_members(group, &ways, &[], step).await?;
        self.is_no_member(group, user, shows, step).await?;
        self.deviates(detail);
        Ok(())
    }

    /// Notes at the last step how its change had to be written.
    fn deviates(&mut self, detail: &str) {
        if let Some(last) = self.steps.last_mut().filter(|_| !detail.is_empty()) {
            last.grade = Grade::Warned;
            last.detail = match last.detail.is_empty() {
                true => detail.to_owned(),
                false => format!("{}; {detail}", last.detail),
            };
        }
    }

    /// Changes the members in the first of these ways that the service provider takes,
    /// or by PUT. Returns what has to be said of the way.
    async fn change_members(
        &mut self,
        group: &str,
        ways: &[Way],
        members: &[&str],
        step: Step,
    ) -> Result<&'static str, Stop> {
        let url = self.send.url("Groups", Some(group));
        for (index, (patch, detail)) in ways.iter().enumerate() {
            if self.by_put {
                break;
            }
            let sent = self.send.write(Method::PATCH, url.clone(), Some(patch));
            let reply = sent.await.map_err(|s| s.stop(step))?;
            match reply.status {
                200..=299 => return Ok(detail),
                400 if index + 1 < ways.len() => {}
                405 | 501 => break,
                _ => return Err(self.refused_patch(&reply, step)),
            }
        }
        let body = bodies::group(&self.names, members);
        let sent = self.send.write(Method::PUT, url, Some(&body)).await;
        let reply = sent.map_err(|s| s.stop(step))?;
        match reply.is_success() {
            true => Ok(""),
            false => Err(reply.unwanted(step)),
        }
    }

    /// Looks until the user is a member. Whether the group itself shows that.
    async fn is_member(&mut self, group: &str, user: &str, step: Step) -> Result<bool, Stop> {
        for pause in PAUSES {
            if self.config().membership == Membership::Read
                && self.member_in_group(group, user, step).await? == Some(true)
            {
                self.passed(step);
                return Ok(true);
            }
            if self.member_by_filter(group, user, step).await? == Some(true) {
                match self.config().membership {
                    Membership::Filter => self.passed(step),
                    Membership::Read => {
                        let text = "the group shows no members; a filter finds the member";
                        self.note(step, Grade::Warned, text);
                    }
                }
                return Ok(false);
            }
            self.send.pause(pause).await;
        }
        let text = "the group does not show the member after half a minute";
        Err(Stop::failed(step, text))
    }

    /// Looks until the user is no member any more, in the place where it was seen.
    async fn is_no_member(
        &mut self,
        group: &str,
        user: &str,
        shows: bool,
        step: Step,
    ) -> Result<(), Stop> {
        for pause in PAUSES {
            let seen = match shows {
                true => self.member_in_group(group, user, step).await?,
                false => self.member_by_filter(group, user, step).await?,
            };
            if seen != Some(true) {
                self.passed(step);
                return Ok(());
            }
            self.send.pause(pause).await;
        }
        let text = "the group shows the member still after half a minute";
        Err(Stop::failed(step, text))
    }

    /// `None` if the group shows no members at all.
    async fn member_in_group(
        &mut self,
        group: &str,
        user: &str,
        step: Step,
    ) -> Result<Option<bool>, Stop> {
        let url = self.send.url("Groups", Some(group));
        let reply = self.send.get(url).await.map_err(|s| s.stop(step))?;
        match (reply.status, &reply.json) {
            (200, Some(body)) => Ok(has_member(body, user)),
            (200, None) => Err(reply.no_resource(step)),
            _ => Err(reply.unwanted(step)),
        }
    }

    /// `None` if the service provider does not know this filter.
    async fn member_by_filter(
        &mut self,
        group: &str,
        user: &str,
        step: Step,
    ) -> Result<Option<bool>, Stop> {
        let filter = format!("id eq {} and members eq {}", json!(group), json!(user));
        let url = self.send.search("Groups", &filter);
        let reply = self.send.get(url).await.map_err(|s| s.stop(step))?;
        match (reply.status, &reply.json) {
            (200, Some(body)) => {
                let list = entries(body).ok_or_else(|| reply.no_resource(step))?;
                let secret = self.send.token().expose();
                let is_it = |entry| id(entry, secret).as_deref() == Some(group);
                Ok(Some(list.iter().any(is_it)))
            }
            (400 | 404 | 501, _) => Ok(None),
            (200, None) => Err(reply.no_resource(step)),
            _ => Err(reply.unwanted(step)),
        }
    }
}

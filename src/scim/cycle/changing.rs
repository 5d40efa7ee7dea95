//! The steps that change the user.

use http::Method;
use serde_json::{Value, json};

use super::bodies;
use super::names::{CHANGED_NAME, DISPLAY_NAME};
use super::report::{Grade, Step, Stop};
use super::resource::{active, field, text};
use super::sender::{PAUSES, Reply};
use super::state::Run;

impl Run<'_> {
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

    async fn change(&mut self, user: &str) -> Result<(), Stop> {
        let step = Step::Change;
        if !self.by_put {
            let body = bodies::replace(self.config().dialect(), "displayName", json!(CHANGED_NAME));
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
                    None => {
                        return Err(Stop::failed(
                            step,
                            "the change is not seen after half a minute",
                        ));
                    }
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
        let body = bodies::replace(self.config().dialect(), "name.familyName", json!("Changed"));
        self.patch(user, &body, step).await?;
        let shows = |user: &Value| {
            field(user, "name").and_then(|name| text(name, "familyName")) == Some("Changed")
        };
        match self.read_user(user, step, shows).await? {
            Some(_) => {
                self.note(
                    step,
                    Grade::Warned,
                    "displayName is not stored; name.familyName is",
                );
                Ok(())
            }
            None => Err(Stop::failed(
                step,
                "the change is not seen after half a minute",
            )),
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
            None => Err(Stop::failed(
                step,
                format!("`active` does not become {wanted}"),
            )),
        }
    }

    pub(super) async fn write_active(
        &mut self,
        user: &str,
        wanted: bool,
        step: Step,
    ) -> Result<(), Stop> {
        if !self.by_put {
            let body = bodies::replace(self.config().dialect(), "active", json!(wanted));
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
            _ => Err(self.refused_patch(&reply, step)),
        }
    }

    /// A PATCH was not taken: in whose words it was written.
    pub(super) fn refused_patch(&self, reply: &Reply, step: Step) -> Stop {
        let mut stop = reply.unwanted(step);
        if let Some(whose) = self.config().dialect().of_whom() {
            stop.detail += &format!(
                "; the change was written as {whose} writes it (`full_cycle.patch_dialect`)"
            );
        }
        stop
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
    pub(super) async fn read_user(
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
}

fn reply_without(step: Step) -> Stop {
    Stop::inconclusive(
        step,
        "the service provider answered 200 without a SCIM resource: does a page or a proxy answer in its place?",
    )
}

//! The step that creates the same user a second time.

use http::Method;

use super::bodies;
use super::journal::Kind;
use super::report::{Grade, Step, Stop};
use super::sender::{PAUSES, Reply};
use super::state::Run;

impl Run<'_> {
    /// Creates the user once more, which must be refused.
    pub(super) async fn duplicate(&mut self, user: &str) -> Result<(), Stop> {
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
            200..=299 if reply.json.is_none() => self.unclear_duplicate(&reply).await?,
            200..=299 => {
                let second = reply
                    .json
                    .as_ref()
                    .and_then(|u| self.id_of_ours(u, "userName"));
                match second {
                    Some(id) if id == user => {
                        let text = "a second creation is answered with the same user";
                        self.note(step, Grade::Warned, text);
                    }
                    second => {
                        if let Some(id) = second {
                            self.created(Kind::User, &id).await?;
                        }
                        return Err(Stop::failed(
                            step,
                            "a second user of the same name was created",
                        ));
                    }
                }
            }
            _ => return Err(reply.unwanted(step)),
        }
        Ok(())
    }

    /// A second creation was taken, and the answer does not say what became of it.
    async fn unclear_duplicate(&mut self, reply: &Reply) -> Result<(), Stop> {
        let step = Step::Duplicate;
        let (run, now) = (self.order.run, self.send.now());
        let change = self.ledger.change(now, |journal| {
            journal.unanswered(run, Kind::User, now);
        });
        change.await?;
        for pause in PAUSES.into_iter().take(3) {
            self.send.pause(pause).await;
            if self.find_user(step, self.is_rewritten).await?.ids.len() > 1 {
                let text = "a second user of the same name was created";
                return Err(Stop::failed(step, text));
            }
        }
        if reply.status != 202 {
            return Err(reply.no_resource(step));
        }
        let change = self.ledger.change(self.send.now(), |journal| {
            journal.created_again(run, Kind::User);
        });
        change.await?;
        self.note(step, Grade::Warned, "answered 202; no second user is seen");
        Ok(())
    }
}

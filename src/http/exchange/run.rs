//! One operation: a session, the lookups, and then the calls of the operation,
//! with a common context.

mod attempt;
mod rehearsal;
mod told;
mod waiting;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use zeroize::Zeroizing;

use self::told::Told;
use super::call::{Body, Call};
use super::engine::Exchange;
use super::failed::Failed;
use super::judge::{Earlier, told};
use super::page::PageMark;
use super::place::View;
use super::purpose::Purpose;
use super::request::Guard;
use super::session::Session;
use crate::fault::{Fault, FaultClass, FaultKind};
use crate::http::message::Answer;
use crate::http::template::Context;
use crate::secret::BearerToken;
use crate::secret::mask::Mask;

/// The name of the token in operations that are about none.
pub const NO_TOKEN: &str = "";

/// What came of a call.
#[derive(Debug)]
pub enum Reply {
    /// It succeeded.
    Done(Arc<Answer>),
    /// There is no such token or object.
    Gone,
    /// A condition of `when` did not hold: nothing was sent.
    Skipped,
}

/// One operation of an issuer or a connection.
pub struct Run<'a> {
    exchange: &'a Exchange,
    token_name: &'a str,
    context: Context,
    secrets: Vec<Zeroizing<String>>,
    session: Option<Session>,
    logged_in_again: bool,
    answers: BTreeMap<String, Arc<Answer>>,
    guard: Option<&'a Guard<'a>>,
    sent: Told,
}

impl<'a> Run<'a> {
    /// Reads the credentials that templates use.
    ///
    /// # Errors
    /// When one cannot be read.
    pub async fn begin(exchange: &'a Exchange, token_name: &'a str) -> Result<Self, Fault> {
        exchange.usable()?;
        let mut context = Context::new(exchange.clock.now())
            .text("token_name", token_name)
            .text(exchange.owner.as_str(), &exchange.name)
            .config(&exchange.shared.config);
        let mut secrets = Vec::new();
        for (name, credential) in &exchange.shared.secrets {
            let resolved = exchange.secrets.resolve(&credential.0).await?;
            context = context.named_secret(name, &resolved.value);
            secrets.push(Zeroizing::new(resolved.value.expose().to_owned()));
        }
        for reference in exchange.shared.auth.credentials() {
            // Only to mask it: the code that sends it says why it cannot be read.
            if let Ok(resolved) = exchange.secrets.resolve(&reference).await {
                secrets.push(Zeroizing::new(resolved.value.expose().to_owned()));
            }
        }
        Ok(Self {
            exchange,
            token_name,
            context,
            secrets,
            session: None,
            logged_in_again: false,
            answers: BTreeMap::new(),
            guard: None,
            sent: Told::default(),
        })
    }

    /// Gives templates more names.
    pub fn with(&mut self, more: impl FnOnce(Context) -> Context) {
        self.context = more(self.context.clone());
    }

    /// Gives templates a token, and masks it in everything that is told.
    pub fn with_token(&mut self, name: &str, value: Option<&BearerToken>) {
        self.context = self.context.clone().maybe_secret(name, value);
        let value = value.map(|value| Zeroizing::new(value.expose().to_owned()));
        self.secrets.extend(value);
    }

    /// Masks a token in everything that is told, and gives it to no template.
    pub fn mask_also(&mut self, value: &BearerToken) {
        self.secrets.push(Zeroizing::new(value.expose().to_owned()));
    }

    /// Has a document that goes back whole looked at before it is sent.
    pub fn guarded_by(&mut self, guard: &'a Guard<'a>) {
        self.guard = Some(guard);
    }

    /// Gets a session, or uses the one that is still good.
    ///
    /// # Errors
    /// When the login fails.
    pub async fn log_in(&mut self) -> Result<(), Fault> {
        let Some(call) = &self.exchange.shared.login else {
            return Ok(());
        };
        let sessions = &self.exchange.sessions;
        let mut slot = sessions.lock().await;
        let now = self.exchange.clock.now();
        let session = match slot.good(now) {
            Some(session) => session,
            None => match self.tries(call, Purpose::Login, &PageMark::First).await {
                Ok(Reply::Done(answer)) => {
                    let life = jiff::SignedDuration::try_from(self.exchange.shared.login_session);
                    let until = life.ok().and_then(|life| now.checked_add(life).ok());
                    slot.put(Session::new(answer, until.unwrap_or(now)))
                }
                Ok(Reply::Gone | Reply::Skipped) => {
                    return Err(self.misconfigured(
                        "login: its answer must be a success; remove its rule `gone` and its `when`",
                    ));
                }
                Err(failed) => {
                    self.exchange.refuse_secrets(&failed.fault);
                    return Err(failed.fault);
                }
            },
        };
        drop(slot);
        self.remember(Purpose::Login.as_str(), session.answer());
        self.session = Some(session);
        Ok(())
    }

    /// A session, then every lookup in its order.
    ///
    /// # Errors
    /// When one of them does not succeed.
    pub async fn look_up(&mut self) -> Result<(), Fault> {
        self.log_in().await?;
        for call in &self.exchange.shared.lookups {
            if let Reply::Gone = self.call(call, Purpose::Lookup).await? {
                let name = call.name(Purpose::Lookup);
                return Err(self.misconfigured(&format!(
                    "the lookup `{name}` found nothing: check its URL and what it looks for"
                )));
            }
        }
        Ok(())
    }

    /// Makes a call; once more with a new session if the old one has ended.
    ///
    /// # Errors
    /// When it did not succeed.
    pub async fn call(&mut self, call: &Call, purpose: Purpose) -> Result<Reply, Failed> {
        self.call_page(call, purpose, &PageMark::First).await
    }

    /// The same for one page of a list.
    ///
    /// # Errors
    /// As [`Run::call`].
    pub async fn call_page(
        &mut self,
        call: &Call,
        purpose: Purpose,
        page: &PageMark,
    ) -> Result<Reply, Failed> {
        let reply = match self.tries(call, purpose, page).await {
            Err(first) if first.unauthenticated && self.may_log_in_again() => {
                self.logged_in_again = true;
                self.exchange.sessions.forget().await;
                self.log_in().await?;
                // A 401 means that nothing was done, unless an earlier try was
                // unclear.
                self.tries(call, purpose, page)
                    .await
                    .map_err(|second| second.not_clearer_than(&first.fault))?
            }
            other => other?,
        };
        if let Reply::Done(answer) = &reply
            && !purpose.lists()
        {
            self.remember(call.name(purpose), &Arc::clone(answer));
        }
        Ok(reply)
    }

    /// The URL of a call's first page.
    ///
    /// # Errors
    /// When a name has no value.
    pub fn url(&self, call: &Call, purpose: Purpose) -> Result<url::Url, Fault> {
        let url = self.exchange.shared.whole_url(&call.url).url(&self.context);
        url.map_err(|why| self.misconfigured(&format!("{}: {why}", purpose.as_str())))
    }

    /// The answer of an earlier call of this operation.
    #[must_use]
    pub fn answer(&self, name: &str) -> Option<&Arc<Answer>> {
        self.answers.get(name)
    }

    /// What an answer says of an error, masked and cut.
    #[must_use]
    pub fn error_in(&self, call: &Call, view: View<'_>) -> Option<String> {
        told(self.exchange.shared.error_places(call), view, &self.mask())
    }

    /// Masks everything secret that this operation knows of.
    #[must_use]
    pub fn mask(&self) -> Mask {
        let sent = self.sent.all();
        let all = self.secrets.iter().chain(&sent);
        Mask::over(all.map(|secret| secret.as_str()))
    }

    /// Masks our own credentials, and not what servers answered.
    #[must_use]
    pub fn mask_of_credentials(&self) -> Mask {
        Mask::over(self.secrets.iter().map(|secret| secret.as_str()))
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.exchange.clock.now()
    }

    /// A fault about the settings; nothing was sent.
    #[must_use]
    pub fn misconfigured(&self, why: &str) -> Fault {
        let text = self.mask().clean(why);
        self.about(Fault::new(FaultClass::Rejected, FaultKind::Config, text))
    }

    /// The same fault with the names of issuer or connection, and token.
    #[must_use]
    pub fn about(&self, mut fault: Fault) -> Fault {
        let (owner, name) = (self.exchange.owner.as_str(), &self.exchange.name);
        let token = match self.token_name {
            NO_TOKEN => String::new(),
            token => format!(", token `{token}`"),
        };
        fault.message = format!("{owner} `{name}`{token}: {}", fault.message);
        fault
    }

    fn may_log_in_again(&self) -> bool {
        self.session.is_some() && !self.logged_in_again
    }

    /// Lets later calls use an answer by this name.
    pub fn remember(&mut self, name: &str, answer: &Arc<Answer>) {
        self.sent.note_secrets_of(answer);
        self.context = self.context.clone().step(name, answer);
        self.answers.insert(name.to_owned(), Arc::clone(answer));
    }

    /// The document that a call changes and sends back: of the lookup that it
    /// names, else of the last lookup.
    fn onto(&self, call: &Call) -> Option<(&str, &Answer)> {
        let named = match &call.body {
            Some(Body::Merge(merge)) => merge.onto.as_deref(),
            Some(Body::Json(_) | Body::Form(_) | Body::Text(_)) | None => None,
        };
        let last = || {
            let call = self.exchange.shared.lookups.last()?;
            Some(call.name(Purpose::Lookup))
        };
        let (name, answer) = self.answers.get_key_value(named.or_else(last)?)?;
        Some((name, answer))
    }
}

impl Earlier for Run<'_> {
    fn view(&self, step: &str, test: &mut dyn FnMut(View<'_>) -> bool) -> bool {
        let Some(answer) = self.answers.get(step) else {
            return false;
        };
        let json = answer.secret_json().ok();
        test(View::of(answer, json.as_ref()))
    }
}

#[cfg(test)]
mod tests;

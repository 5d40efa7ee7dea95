//! The steps of one call, one after the other, with a common context.

use std::time::Duration;

use jiff::SignedDuration;
use tokio::time::timeout;
use url::Url;

use super::Http;
use super::config::Step;
use super::failed::Failed;
use super::judge::{Verdict, judge};
use super::purpose::Purpose;
use super::request::{self, Source};
use super::session::Session;
use super::target::{self, ShowingStep};
use crate::fault::{Fault, FaultClass, FaultKind};
use crate::http::Answer;
use crate::http::template::Context;
use crate::ports::Delivery;
use crate::secret::SecretText;
use crate::secret::mask::Mask;

/// Quick repetitions of a step; everything slower is the core's.
const QUICK_TRIES: u32 = 2;

/// Longest pause before a quick repetition.
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_secs(3);

/// First pause where the server does not ask for one.
const FIRST_PAUSE: SignedDuration = SignedDuration::from_millis(200);

/// One call of the connection.
pub(super) struct Run<'a> {
    http: &'a Http,
    token_name: &'a str,
    scim_url: &'a Url,
    context: Context,
    secrets: Vec<SecretText>,
    session: Option<Session>,
    logged_in_again: bool,
    read: Option<Answer>,
}

impl<'a> Run<'a> {
    /// Reads the credentials that templates use.
    pub(super) async fn begin(
        http: &'a Http,
        token_name: &'a str,
        scim_url: &'a Url,
    ) -> Result<Self, Fault> {
        let mut context = Context::new(http.clock.now())
            .text("token_name", token_name)
            .text("connection", &http.name)
            .url("scim_url", scim_url)
            .texts("config", &http.config.config);
        let mut secrets = Vec::new();
        for (name, credential) in &http.config.secrets {
            let resolved = http.secrets.resolve(&credential.0).await?;
            context = context.named_secret(name, &resolved.value);
            secrets.push(resolved.value);
        }
        Ok(Self {
            http,
            token_name,
            scim_url,
            context,
            secrets,
            session: None,
            logged_in_again: false,
            read: None,
        })
    }

    /// Everything that must hold before the token may leave the house: a
    /// session, the look at the connection, and the base URL.
    pub(super) async fn look(&mut self) -> Result<(), Fault> {
        let config = &self.http.config;
        self.log_in().await?;
        let mut preflight = None;
        if let Some(step) = &config.preflight {
            let answer = self.step(Purpose::Preflight, step).await?;
            self.remember(Purpose::Preflight, &answer);
            preflight = Some(answer);
        }
        if let Some(step) = &config.read {
            let answer = self.step(Purpose::Read, step).await?;
            self.remember(Purpose::Read, &answer);
            self.read = Some(answer);
        }
        for held in &config.base_url {
            let shown = match config.showing(held) {
                ShowingStep::Read => self.read.as_ref(),
                ShowingStep::Preflight => preflight.as_ref(),
            };
            let answer = shown.ok_or_else(|| {
                self.misconfigured("no step shows the base URL that the identity provider holds")
            })?;
            let document = answer.secret_json().map_err(|f| self.about(f))?;
            target::check(held, &document, self.scim_url)
                .map_err(|why| self.misconfigured(&why))?;
        }
        Ok(())
    }

    /// From now on templates may use the token.
    pub(super) fn with_token(&mut self, delivery: &Delivery<'_>) {
        let context = self.context.clone();
        self.context = context
            .secret("token", delivery.value)
            .maybe_secret("old_token", delivery.old);
        self.secrets.push(delivery.value.clone().into());
        self.secrets
            .extend(delivery.old.cloned().map(SecretText::from));
    }

    /// Later steps may use this answer.
    pub(super) fn remember(&mut self, purpose: Purpose, answer: &Answer) {
        let context = self.context.clone();
        self.context = context.step(purpose.as_str(), answer);
    }

    /// Masks everything secret that this call knows of.
    pub(super) fn mask(&self) -> Mask {
        Mask::over(self.secrets.iter().map(SecretText::expose))
    }

    /// Makes a step; once more with a new session if the old one is over.
    pub(super) async fn step(&mut self, purpose: Purpose, step: &Step) -> Result<Answer, Failed> {
        let first = match self.tries(purpose, step).await {
            Err(failed) if failed.unauthenticated && self.may_log_in_again() => failed,
            other => return other,
        };
        self.logged_in_again = true;
        self.http.sessions.forget().await;
        self.log_in().await?;
        // A 401 means that nothing was done, unless an earlier try was unclear.
        self.tries(purpose, step)
            .await
            .map_err(|second| second.not_clearer_than(&first.fault))
    }

    fn may_log_in_again(&self) -> bool {
        self.session.is_some() && !self.logged_in_again
    }

    pub(super) async fn log_in(&mut self) -> Result<(), Fault> {
        let Some(step) = &self.http.config.login else {
            return Ok(());
        };
        let sessions = &self.http.sessions;
        let mut slot = sessions.lock().await;
        let session = match slot.good(self.http.clock.now()) {
            Some(session) => session,
            None => match self.tries(Purpose::Login, step).await {
                Ok(answer) => {
                    let until = self.http.clock.now() + self.http.config.session();
                    slot.put(Session::new(answer, until))
                }
                Err(failed) => {
                    self.http.refuse_secrets(&failed.fault);
                    return Err(failed.fault);
                }
            },
        };
        drop(slot);
        self.remember(Purpose::Login, session.answer());
        self.session = Some(session);
        Ok(())
    }

    async fn tries(&self, purpose: Purpose, step: &Step) -> Result<Answer, Failed> {
        let mut unclear = None;
        let mut pause = FIRST_PAUSE;
        let mut tries_left = QUICK_TRIES;
        loop {
            let failed = match self.attempt(purpose, step).await {
                Ok(answer) => return Ok(answer),
                Err(failed) => failed,
            };
            if failed.fault.class == FaultClass::Ambiguous {
                unclear = Some(failed.fault.clone());
            }
            let wait = failed.fault.retry_after.unwrap_or(pause);
            if tries_left == 0
                || failed.fatal
                || wait > LONGEST_PAUSE
                || !step.repeats(&failed.fault)
            {
                return Err(match unclear {
                    Some(fault) => failed.not_clearer_than(&fault),
                    None => failed,
                });
            }
            self.http.clock.sleep(wait).await;
            pause *= 4;
            tries_left -= 1;
        }
    }

    async fn attempt(&self, purpose: Purpose, step: &Step) -> Result<Answer, Failed> {
        let source = Source {
            config: &self.http.config,
            context: &self.context,
            read: self.read.as_ref(),
            scim_url: self.scim_url,
        };
        let request = request::make(step, purpose, &source)
            .map_err(|why| self.misconfigured(&format!("{}: {why}", purpose.as_str())))?;
        let (host, class) = (request.host(), unclear_class(purpose));
        let sending = self.http.caller.send(request);
        let answer = match step.timeout {
            None => sending.await,
            Some(limit) => timeout(limit.0.unsigned_abs(), sending)
                .await
                .unwrap_or_else(|_| Err(too_slow(purpose, &host, class, limit.0))),
        };
        let answer = answer.map_err(|fault| self.about(fault))?;
        let now = self.http.clock.now();
        let dialect = &self.http.config.rate_limit;
        match judge(step, purpose, &answer, dialect, now) {
            Verdict::Good => Ok(answer),
            Verdict::Fatal(fault) => Err(Failed {
                fault: self.about(fault),
                fatal: true,
                unauthenticated: false,
            }),
            Verdict::Failed(fault) => Err(Failed {
                fault: self.about(fault),
                fatal: false,
                unauthenticated: answer.status == 401,
            }),
        }
    }

    /// A fault about the settings; nothing was sent.
    pub(super) fn misconfigured(&self, why: &str) -> Fault {
        let fault = Fault::new(
            FaultClass::Rejected,
            FaultKind::Config,
            self.mask().clean(why),
        );
        self.about(fault)
    }

    /// The same fault with the names of the connection and the token.
    pub(super) fn about(&self, mut fault: Fault) -> Fault {
        fault.message = format!(
            "connection `{}`, token `{}`: {}",
            self.http.name, self.token_name, fault.message
        );
        fault
    }
}

fn unclear_class(purpose: Purpose) -> FaultClass {
    if purpose.writes() {
        FaultClass::Ambiguous
    } else {
        FaultClass::NotApplied
    }
}

fn too_slow(purpose: Purpose, host: &str, class: FaultClass, limit: SignedDuration) -> Fault {
    let seconds = Duration::try_from(limit).unwrap_or_default().as_secs_f64();
    let text = format!(
        "{}: {host} gave no answer within {seconds} s (`timeout` of this step)",
        purpose.as_str()
    );
    Fault::new(class, FaultKind::Timeout, text)
}

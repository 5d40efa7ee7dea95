//! What an identity provider without an interface for the token tells of it all the
//! same: a log of changes, and whether provisioning works.
//!
//! Provisioning that works proves nothing by itself: it does so with the former token
//! too, which stays valid until then. Proof is a change of the credential there after
//! the token was handed over, and a success after that change. A log that shows nothing
//! proves nothing, and the person's word counts as before.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::Method;
use jiff::Timestamp;
use serde::Deserialize;

use crate::fault::Fault;
use crate::http::exchange::{
    Call, Checker, Effect, ErrorPlaces, Exchange, Owner, Purpose, Reply, Rule, Run, Shared, View,
};
use crate::http::names::{Configured, Names, Side};
use crate::http::oauth2::CallerAuth;
use crate::http::ratelimit::RateLimitDialect;
use crate::http::template::{ConfigValue, Template, TemplateMap};
use crate::http::times::TimeField;
use crate::ports::Delivery;
use crate::ports::kind::Deps;
use crate::problem::Problems;
use crate::rotation::outcome::Confirmation;
use crate::secret::SecretRef;
use crate::value::Credential;

/// `[connections.<name>.manual.confirm]`. Read only.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnLog {
    /// Put before every `url` that begins with `/`.
    pub address: Option<Template>,
    /// How we authenticate ourselves in every call.
    #[serde(default)]
    pub auth: CallerAuth,
    /// Headers of every request.
    #[serde(default)]
    pub headers: TemplateMap,
    /// Which header tells how long to stay away, besides `Retry-After`.
    #[serde(default)]
    pub rate_limit: RateLimitDialect,
    /// What answers mean, after the rules of the call itself.
    #[serde(default)]
    pub answers: Vec<Rule>,
    /// Where errors tell their code and text.
    #[serde(default)]
    pub error: ErrorPlaces,
    /// Made in this order before the others: they find ids.
    #[serde(default)]
    pub lookups: Vec<Call>,
    /// Reads when the credential was changed.
    pub changed: Call,
    /// When it was changed last, in the answer of `changed`.
    pub changed_at: TimeField,
    /// Reads when provisioning worked last; the answer of `changed` by default.
    pub worked: Option<Call>,
    /// When it worked last.
    pub worked_at: TimeField,
}

impl OwnLog {
    fn shared(&self, config: &Values, secrets: &Credentials) -> Shared {
        Shared {
            address: self.address.clone(),
            auth: self.auth.clone(),
            headers: self.headers.clone(),
            config: config.clone(),
            secrets: secrets.clone(),
            rate_limit: self.rate_limit.clone(),
            answers: self.answers.clone(),
            error: self.error.clone(),
            lookups: self.lookups.clone(),
            ..Shared::default()
        }
    }

    fn calls(&self) -> impl Iterator<Item = (&'static str, &Call)> {
        let worked = self.worked.iter().map(|call| ("worked", call));
        std::iter::once(("changed", &self.changed)).chain(worked)
    }

    pub(super) fn uses(&self, name: &str, config: &Values, secrets: &Credentials) -> bool {
        let mut calls = self.calls();
        calls.any(|(_, call)| call.uses(name)) || self.shared(config, secrets).uses(name)
    }

    pub(super) fn credentials(&self) -> Vec<SecretRef> {
        self.auth.credentials()
    }

    /// Reports what cannot work. `absent`: parameters of a vendor file without a value.
    pub(super) fn check(
        &self,
        path: &str,
        (config, secrets): (&Values, &Credentials),
        absent: &[String],
        problems: &mut Problems,
    ) {
        let shared = self.shared(config, secrets);
        let checker = Checker {
            shared: &shared,
            path,
        };
        let names = |_, steps: &[&str]| {
            let configured = Configured::default()
                .config(config)
                .secrets(secrets.keys())
                .steps(steps);
            let names = Names::of(Side::Connection, Purpose::Lookup, &configured);
            absent.iter().fold(names, |names, name| names.with(name))
        };
        checker.check_shared(&names, problems);
        let mut steps = checker.steps();
        for (key, call) in self.calls() {
            let at = format!("{path}.{key}");
            checker.check_call(call, &at, Purpose::Lookup, &steps, &names, problems);
            reads_only(call, &at, problems);
            steps.extend(call.name.as_deref());
        }
        for (index, call) in self.lookups.iter().enumerate() {
            reads_only(call, &format!("{path}.lookups[{index}]"), problems);
        }
        let known = names(Purpose::Lookup, &[]);
        let times = [
            ("changed_at", &self.changed_at),
            ("worked_at", &self.worked_at),
        ];
        for (key, time) in times {
            time.at.check(&format!("{path}.{key}"), &known, problems);
        }
    }
}

pub(super) type Values = BTreeMap<String, ConfigValue>;
pub(super) type Credentials = BTreeMap<String, Credential>;

/// A search may be a POST.
fn reads_only(call: &Call, path: &str, problems: &mut Problems) {
    let writes = |method: &Method| method != Method::GET && method != Method::POST;
    if call.method.as_ref().is_some_and(writes) {
        problems.error(
            format!("{path}.method"),
            "here the identity provider is only read",
            "write GET, or POST for a search",
        );
    }
    if call.effect.is_some_and(|effect| effect != Effect::None) {
        problems.error(
            format!("{path}.effect"),
            "here the identity provider is only read",
            "remove the key",
        );
    }
}

/// Reads the log of one identity provider.
pub(super) struct LogReader {
    name: String,
    exchange: Exchange,
    log: OwnLog,
}

impl LogReader {
    pub(super) fn new(
        name: &str,
        log: &OwnLog,
        config: &Values,
        secrets: &Credentials,
        deps: &Deps,
    ) -> Self {
        let mut log = log.clone();
        let shared = log.shared(config, secrets);
        let mut exchange = Exchange::new(
            Owner::Connection,
            name,
            shared,
            &deps.http,
            &deps.secrets,
            deps.fired.clone(),
        );
        exchange.prepare(std::iter::once(&mut log.changed).chain(&mut log.worked));
        exchange.prepare_places([&mut log.changed_at.at, &mut log.worked_at.at]);
        Self {
            name: name.to_owned(),
            exchange,
            log,
        }
    }

    /// One look.
    pub(super) async fn look(&self, delivery: &Delivery<'_>) -> Result<Confirmation, Fault> {
        let mut run = Run::begin(&self.exchange, delivery.token).await?;
        run.mask_also(delivery.value);
        if let Some(old) = delivery.old {
            run.mask_also(old);
        }
        run.with(|context| context.url("scim_url", delivery.scim_url));
        run.look_up().await?;
        let log = &self.log;
        let changed = self.read(&mut run, &log.changed, "changed").await?;
        let worked = match &log.worked {
            Some(call) => self.read(&mut run, call, "worked").await?,
            None => changed.clone(),
        };
        let changed_at = self.time(&run, &log.changed_at, changed.as_deref())?;
        let worked_at = self.time(&run, &log.worked_at, worked.as_deref())?;
        Ok(meaning(&self.name, delivery.since, changed_at, worked_at))
    }

    async fn read(
        &self,
        run: &mut Run<'_>,
        call: &Call,
        key: &str,
    ) -> Result<Option<Arc<crate::http::Answer>>, Fault> {
        match run.call(call, Purpose::Lookup).await? {
            Reply::Done(answer) => {
                run.remember(call.name.as_deref().unwrap_or(key), &answer);
                Ok(Some(answer))
            }
            Reply::Gone | Reply::Skipped => Ok(None),
        }
    }

    fn time(
        &self,
        run: &Run<'_>,
        field: &TimeField,
        answer: Option<&crate::http::Answer>,
    ) -> Result<Option<Timestamp>, Fault> {
        let Some(answer) = answer else {
            return Ok(None);
        };
        let json = answer.secret_json();
        if let (true, Err(fault)) = (field.at.is_in_json(), &json) {
            return Err(run.about(fault.clone()));
        }
        let json = json.ok();
        let known = field.read(View::of(answer, json.as_ref()), run.now());
        let known = known.map_err(|why| run.about(answer.unexpected(why)))?;
        Ok(known.timestamp())
    }
}

/// What the times prove. `since`: when the token was handed over.
pub(super) fn meaning(
    name: &str,
    since: Option<Timestamp>,
    changed_at: Option<Timestamp>,
    worked_at: Option<Timestamp>,
) -> Confirmation {
    let (Some(since), Some(changed_at)) = (since, changed_at) else {
        return Confirmation::CannotTell;
    };
    if changed_at <= since {
        return Confirmation::CannotTell;
    }
    match worked_at {
        Some(worked_at) if worked_at >= changed_at => Confirmation::Works,
        Some(_) | None => Confirmation::NotYet {
            detail: format!(
                "the credential of connection `{name}` was changed at {changed_at}, and provisioning has not worked since"
            ),
            ask_again: None,
        },
    }
}

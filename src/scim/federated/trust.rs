//! What the service provider, or its authorization server, says that it trusts.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value;

use super::keys::{self, PublicKey};
use super::shown::Shown;
use super::sight::{Look, Part, Saw, Source};
use crate::http::Client;
use crate::http::exchange::{
    Call, Checker, ErrorPlaces, Exchange, Owner, Purpose, Reply, Rule, Run, Shared, View,
};
use crate::http::names::{Configured, Names, Side};
use crate::http::oauth2::CallerAuth;
use crate::http::template::{ConfigValue, Template, TemplateMap};
use crate::problem::Problems;
use crate::secret::SecretRef;
use crate::secret::mask::Mask;
use crate::secret::resolve::Secrets;
use crate::value::Credential;

/// `[tokens.<name>.federated.trust]`: reads what is trusted; in the words of the kind
/// `http`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trust {
    /// Put before every `url` that begins with `/`.
    pub address: Option<Template>,
    /// How we authenticate ourselves in every call.
    #[serde(default)]
    pub auth: CallerAuth,
    /// Headers of every request.
    #[serde(default)]
    pub headers: TemplateMap,
    /// Values for templates, as `{{ config.<name> }}`.
    #[serde(default)]
    pub config: BTreeMap<String, ConfigValue>,
    /// Credentials for templates, as `{{ secrets.<name> }}`.
    #[serde(default)]
    pub secrets: BTreeMap<String, Credential>,
    /// What answers mean, after the rules of the call itself.
    #[serde(default)]
    pub answers: Vec<Rule>,
    /// Made in this order: they read what is trusted.
    pub lookups: Vec<Call>,
    /// Where the trusted issuer is in their answers.
    pub issuer: Option<Shown>,
    /// Where the audience is: a text, or a list of which one must be ours.
    pub audience: Option<Shown>,
    /// Where the subject is: a text or a list.
    pub subject: Option<Shown>,
    /// Where keys are that were copied there: ids (`kid`), keys (JWK) or a JWKS.
    pub keys: Option<Shown>,
}

impl Trust {
    fn shared(&self) -> Shared {
        Shared {
            address: self.address.clone(),
            auth: self.auth.clone(),
            headers: self.headers.clone(),
            config: self.config.clone(),
            secrets: self.secrets.clone(),
            answers: self.answers.clone(),
            error: ErrorPlaces::default(),
            lookups: self.lookups.clone(),
            ..Shared::default()
        }
    }

    fn places(&self) -> [(Part, Option<&Shown>); 4] {
        [
            (Part::Issuer, self.issuer.as_ref()),
            (Part::Audience, self.audience.as_ref()),
            (Part::Subject, self.subject.as_ref()),
            (Part::Key, self.keys.as_ref()),
        ]
    }

    pub(super) fn check(&self, path: &str, problems: &mut Problems) {
        let shared = self.shared();
        let checker = Checker {
            shared: &shared,
            path,
        };
        let names = |purpose, steps: &[&str]| {
            let configured = Configured::default()
                .config(&self.config)
                .secrets(self.secrets.keys())
                .steps(steps);
            Names::of(Side::Trust, purpose, &configured)
        };
        checker.check_shared(&names, problems);
        let steps = checker.steps();
        let known = names(Purpose::Lookup, &[]);
        for (part, shown) in self.places() {
            let Some(shown) = shown else { continue };
            let key = if part == Part::Key {
                "keys"
            } else {
                part.as_str()
            };
            shown
                .place
                .check(&format!("{path}.{key}"), &known, problems);
            let is_unknown = |step: &str| !steps.contains(&step);
            if let Some(step) = shown.step.as_deref().filter(|step| is_unknown(step)) {
                problems.error(
                    format!("{path}.{key}.step"),
                    format!("no lookup is named `{step}`"),
                    "write the name of the lookup whose answer shows it",
                );
            }
        }
        if self.lookups.is_empty() {
            problems.error(
                format!("{path}.lookups"),
                "no call reads what is trusted",
                "write lookups = [{ name = \"client\", url = \"…\" }]",
            );
        }
        if self.places().iter().all(|(_, place)| place.is_none()) {
            problems.error(
                path,
                "nothing says where the answers show what is trusted",
                "write the places of `issuer`, `audience`, `subject` and `keys`, as far as they have them",
            );
        }
    }

    pub(super) fn credentials(&self) -> Vec<SecretRef> {
        let secrets = self.secrets.values().map(|credential| credential.0.clone());
        self.auth.credentials().into_iter().chain(secrets).collect()
    }
}

/// What is expected at the service provider.
pub(super) struct Wanted<'a> {
    pub(super) issuer: &'a str,
    pub(super) audience: &'a str,
    pub(super) subject: &'a str,
    /// What the issuer publishes, if that is known.
    pub(super) keys: Option<&'a [PublicKey]>,
    /// The key that signed the assertion, if there is one.
    pub(super) used: Option<&'a str>,
}

/// Reads what one service provider trusts.
pub(super) struct TrustReader {
    exchange: Exchange,
    trust: Trust,
}

impl TrustReader {
    pub(super) fn new(
        token: &str,
        trust: &Trust,
        client: &Client,
        secrets: &Arc<dyn Secrets>,
    ) -> Self {
        let mut trust = trust.clone();
        let shared = trust.shared();
        let mut exchange = Exchange::new(Owner::Trust, token, shared, client, secrets, None);
        exchange.prepare(&mut trust.lookups);
        let shown = [
            &mut trust.issuer,
            &mut trust.audience,
            &mut trust.subject,
            &mut trust.keys,
        ];
        let places = shown.into_iter().flatten().map(|shown| &mut shown.place);
        exchange.prepare_places(places);
        Self { exchange, trust }
    }

    pub(super) async fn look(&self, token: &str, wanted: &Wanted<'_>, look: &mut Look) {
        match self.read(token).await {
            Ok(Read::Shown(found, mask)) => {
                let mut shown = Look::default();
                for (part, value) in found {
                    let saw = wanted.saw(part, value.as_ref(), &mut shown);
                    shown.see(part, Source::Trust, saw);
                }
                let shown = shown.cleaned(&|text| mask.clean(text));
                look.sights.extend(shown.sights);
                look.notes.extend(shown.notes);
            }
            Ok(Read::NoTrust) => self.each_part(|part| {
                let expected = wanted.expected(part);
                look.see(
                    part,
                    Source::Trust,
                    Saw::missing(expected, "no trust at all"),
                );
            }),
            Err(why) => self.each_part(|part| {
                look.see(part, Source::Trust, Saw::Unclear(why.clone()));
            }),
        }
    }

    fn each_part(&self, mut see: impl FnMut(Part)) {
        let places = self.trust.places().into_iter();
        places
            .filter(|(_, place)| place.is_some())
            .for_each(|(part, _)| see(part));
    }

    async fn read(&self, token: &str) -> Result<Read, String> {
        let said = |fault: crate::fault::Fault| fault.message;
        let mut run = Run::begin(&self.exchange, token).await.map_err(said)?;
        run.log_in().await.map_err(said)?;
        for call in &self.trust.lookups {
            match run.call(call, Purpose::Lookup).await {
                Ok(Reply::Done(_) | Reply::Skipped) => {}
                Ok(Reply::Gone) => return Ok(Read::NoTrust),
                Err(failed) => return Err(said(failed.fault)),
            }
        }
        let found = self.trust.places().into_iter();
        let found = found.filter_map(|(part, shown)| Some((part, self.value(&run, shown?))));
        // What a server says that it trusts is shown; our own credentials are not.
        Ok(Read::Shown(found.collect(), run.mask_of_credentials()))
    }

    fn value(&self, run: &Run<'_>, shown: &Shown) -> Option<Value> {
        let last = || Some(self.trust.lookups.last()?.name(Purpose::Lookup));
        let answer = run.answer(shown.step.as_deref().or_else(last)?)?;
        let json = answer.secret_json().ok();
        let found = shown.place.find(View::of(answer, json.as_ref()));
        found.map(std::borrow::Cow::into_owned)
    }
}

enum Read {
    /// What stands at each configured place, and a mask for it.
    Shown(Vec<(Part, Option<Value>)>, Mask),
    /// By a rule of `answers`, there is no such trust.
    NoTrust,
}

impl Wanted<'_> {
    fn expected(&self, part: Part) -> String {
        match part {
            Part::Issuer => self.issuer.to_owned(),
            Part::Audience => self.audience.to_owned(),
            Part::Subject => self.subject.to_owned(),
            Part::Key | Part::Access => "the issuer's keys".to_owned(),
        }
    }

    fn saw(&self, part: Part, value: Option<&Value>, look: &mut Look) -> Saw {
        let Some(value) = value.filter(|value| !value.is_null()) else {
            return Saw::missing(self.expected(part), "nothing");
        };
        if part == Part::Key {
            return self.saw_keys(&keys::of_value(value), look);
        }
        Saw::compare_any(&self.expected(part), &texts(value))
    }

    /// Keys that were copied to the service provider do not follow the issuer's.
    fn saw_keys(&self, held: &[PublicKey], look: &mut Look) -> Saw {
        let Some(published) = self.keys else {
            return Saw::Unclear("the issuer's keys could not be read, so that those at the service provider cannot be compared".into());
        };
        let is_among = |key: &PublicKey, others: &[PublicKey]| others.iter().any(|o| o.is(key));
        let good: Vec<&PublicKey> = held.iter().filter(|key| is_among(key, published)).collect();
        if good.is_empty() {
            return Saw::differs(
                format!(
                    "a key that the issuer publishes ({})",
                    keys::names(published)
                ),
                keys::names(held),
            );
        }
        if let Some(used) = self.used {
            let key = published.iter().find(|key| key.id.as_deref() == Some(used));
            if key.is_some_and(|key| !is_among(key, held)) {
                return Saw::differs(
                    format!("the key {used}, with which the identity provider signs"),
                    keys::names(held),
                );
            }
        }
        for key in published.iter().filter(|key| !is_among(key, held)) {
            look.notes.push(format!(
                "the issuer publishes the key {}, which the service provider does not hold: provisioning stops when the identity provider signs with it",
                key.name()
            ));
        }
        for key in held.iter().filter(|key| !is_among(key, published)) {
            look.notes.push(format!(
                "the service provider still trusts the key {}, which the issuer does not publish: remove it there",
                key.name()
            ));
        }
        Saw::Agrees
    }
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Number(number) => vec![number.to_string()],
        Value::Null | Value::Bool(_) | Value::Object(_) => Vec::new(),
    }
}

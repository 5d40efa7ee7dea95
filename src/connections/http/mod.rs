//! An identity provider that is driven over HTTP, as the configuration says:
//!
//! ```text
//! login? ─> lookups* ─> base URL ─> test_candidate? ─> deliver ─> after_deliver*
//! └ never see the token ┘                                 │
//!                               test_saved?, state? <─────┘ one look a call
//! ```
//!
//! The token is put into the context of the templates only after the base URL
//! that the identity provider holds was found to be the configured one.

mod check;
mod config;
mod confirm;
mod fitting;
mod inventory;
mod kind;
mod target;
mod token_rules;

use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::{Mutex, MutexGuard};
use serde_json::Value;
use url::Url;

pub use self::config::{Confirm, HttpConnection};
use self::confirm::Memory;
pub use self::inventory::Inventory;
pub use self::target::{BaseUrlCheck, HeldUrl};
pub use self::token_rules::{CharacterSet, TokenRules};
use super::Deps;
use crate::fault::{Fault, FaultClass, FaultKind};
use crate::http::exchange::{Call, Exchange, Owner, Purpose, Reply, Run, View};
use crate::http::fired::Firings;
use crate::ports::condition::Condition;
use crate::ports::kind::Kind as _;
use crate::ports::{Clock, Connection, Delivery};
use crate::rotation::capability::ConnectionCapabilities;
use crate::rotation::inventory::{ListedAs, ListedConnection, Provisioned};
use crate::rotation::outcome::Confirmation;

/// A connection that is driven over HTTP.
struct Http {
    name: String,
    /// With the templates of its places filled in.
    config: HttpConnection,
    exchange: Exchange,
    clock: Arc<dyn Clock>,
    /// One writer at a time: reading, changing and writing back is not atomic.
    writer: tokio::sync::Mutex<()>,
    memory: Mutex<Option<Memory>>,
}

/// Makes the connection. The configuration was checked before.
pub(super) fn build(
    name: &str,
    config: &HttpConnection,
    deps: &Deps,
    fired: Option<Firings>,
) -> Arc<dyn Connection> {
    let mut exchange = Exchange::new(
        Owner::Connection,
        name,
        config.shared(),
        &deps.http,
        &deps.secrets,
        fired,
    );
    let mut config = config.clone();
    exchange.prepare(config.calls_mut());
    exchange.prepare_places(config.base_url.iter_mut().map(|held| &mut held.place));
    Arc::new(Http {
        name: name.to_owned(),
        config,
        exchange,
        clock: Arc::clone(&deps.clock),
        writer: tokio::sync::Mutex::default(),
        memory: Mutex::default(),
    })
}

#[async_trait]
impl Connection for Http {
    fn capabilities(&self) -> ConnectionCapabilities {
        self.config.capabilities()
    }

    async fn preflight(&self, token: &str, scim_url: &Url) -> Result<(), Fault> {
        let mut run = self.begin(token, scim_url).await?;
        self.look_at_target(&mut run, scim_url).await?;
        run.rehearse(&self.config.deliver, Purpose::Deliver)
    }

    fn objection(&self, delivery: &Delivery<'_>) -> Option<String> {
        self.config.objection_to(delivery, &*self.clock)
    }

    async fn deliver(&self, delivery: &Delivery<'_>) -> Result<(), Fault> {
        self.write(delivery, Purpose::Deliver).await
    }

    async fn revert(&self, delivery: &Delivery<'_>) -> Result<(), Fault> {
        self.write(delivery, Purpose::Revert).await
    }

    async fn test_candidate(&self, delivery: &Delivery<'_>) -> Result<Confirmation, Fault> {
        let Some(call) = &self.config.test_candidate else {
            return Ok(Confirmation::CannotTell);
        };
        let mut run = self.begin_with(delivery).await?;
        self.check_token(&run, delivery)?;
        self.look_at_target(&mut run, delivery.scim_url).await?;
        give_token(&mut run, delivery);
        match run.call(call, Purpose::TestCandidate).await? {
            Reply::Done(_) => Ok(Confirmation::Works),
            Reply::Skipped => Ok(Confirmation::CannotTell),
            Reply::Gone => Err(not_there(&run, Purpose::TestCandidate)),
        }
    }

    async fn confirm(&self, delivery: &Delivery<'_>) -> Result<Confirmation, Fault> {
        self.prove(delivery).await
    }

    async fn look(&self, delivery: &Delivery<'_>) -> Result<Option<Condition>, Fault> {
        self.condition(delivery).await
    }

    fn listed_as(&self) -> Option<ListedAs> {
        self.own_place()
    }

    fn section_for(&self, listed: &ListedConnection) -> Vec<(String, String)> {
        self.parameters_for(listed)
    }

    async fn inventory(&self) -> Result<Provisioned, Fault> {
        match &self.config.inventory {
            Some(inventory) => self.list_all(inventory).await,
            None => Ok(Provisioned::default()),
        }
    }
}

impl Http {
    async fn write(&self, delivery: &Delivery<'_>, purpose: Purpose) -> Result<(), Fault> {
        let _one_writer = self.writer.lock().await;
        let scim_url = delivery.scim_url;
        let guard = |lookup: &str, document: &Value| self.still_ours(lookup, document, scim_url);
        let mut run = self.begin_with(delivery).await?;
        run.guarded_by(&guard);
        self.check_token(&run, delivery)?;
        self.look_at_target(&mut run, scim_url).await?;
        give_token(&mut run, delivery);
        if let (Purpose::Deliver, Some(call)) = (purpose, &self.config.test_candidate) {
            make(&mut run, call, Purpose::TestCandidate).await?;
        }
        self.watch(delivery);
        self.write_token(&mut run, purpose).await?;
        for call in &self.config.after_deliver {
            make(&mut run, call, Purpose::AfterDeliver)
                .await
                .map_err(half_done)?;
        }
        Ok(())
    }

    fn check_token(&self, run: &Run<'_>, delivery: &Delivery<'_>) -> Result<(), Fault> {
        let Some(why) = self.objection(delivery) else {
            return Ok(());
        };
        let text = format!(
            "the identity provider would not take this token: {why}; nothing was sent. Change what the issuer makes, or correct `token_rules`"
        );
        Err(run.misconfigured(&text))
    }

    /// The write itself. What follows it uses its answer by the name of
    /// `deliver`, whichever call it was.
    async fn write_token(&self, run: &mut Run<'_>, purpose: Purpose) -> Result<(), Fault> {
        let deliver = &self.config.deliver;
        let revert = self.config.revert.as_ref();
        let call = revert
            .filter(|_| purpose == Purpose::Revert)
            .unwrap_or(deliver);
        match run.call(call, purpose).await? {
            Reply::Done(answer) => {
                run.remember(deliver.name(Purpose::Deliver), &answer);
                Ok(())
            }
            Reply::Gone => Err(not_there(run, purpose)),
            Reply::Skipped => Err(run.misconfigured(&format!(
                "{}: a condition of its `when` does not hold, so the token was not sent",
                purpose.as_str()
            ))),
        }
    }

    /// An operation whose templates know everything but the token.
    async fn begin<'a>(&'a self, token: &'a str, scim_url: &Url) -> Result<Run<'a>, Fault> {
        let mut run = Run::begin(&self.exchange, token).await?;
        run.with(|context| context.url("scim_url", scim_url));
        Ok(run)
    }

    /// The same for a token that is known: an identity provider that quotes it
    /// in an error is not quoted.
    async fn begin_with<'a>(&'a self, delivery: &Delivery<'a>) -> Result<Run<'a>, Fault> {
        let mut run = self.begin(delivery.token, delivery.scim_url).await?;
        run.mask_also(delivery.value);
        if let Some(old) = delivery.old {
            run.mask_also(old);
        }
        Ok(run)
    }

    /// Everything that must hold before the identity provider is given the
    /// token: a session, the lookups, and the base URL that they show.
    async fn look_at_target(&self, run: &mut Run<'_>, scim_url: &Url) -> Result<(), Fault> {
        run.look_up().await?;
        for held in &self.config.base_url {
            let answer = self
                .config
                .showing(held)
                .and_then(|lookup| run.answer(lookup))
                .ok_or_else(|| {
                    run.misconfigured(
                        "no lookup showed the base URL that the identity provider holds",
                    )
                })?;
            let json = answer.secret_json();
            if let (true, Err(fault)) = (held.place.is_in_json(), &json) {
                return Err(run.about(fault.clone()));
            }
            target::check(held, View::of(answer, json.ok().as_ref()), scim_url)
                .map_err(|why| not_ours(run, &why))?;
        }
        Ok(())
    }

    /// A document goes back whole, with the base URL in it: it must not have
    /// become another one on the way.
    fn still_ours(&self, lookup: &str, document: &Value, scim_url: &Url) -> Result<(), String> {
        let view = View::item(document);
        for held in &self.config.base_url {
            let here = self.config.showing(held) == Some(lookup);
            if here && held.place.text(view).is_some() {
                target::check(held, view, scim_url).map_err(|why| why.text)?;
            }
        }
        Ok(())
    }

    /// From now on the identity provider may work with this token.
    fn watch(&self, delivery: &Delivery<'_>) {
        let fingerprint = delivery.value.fingerprint();
        *self.memory() = Some(Memory::new(fingerprint, self.clock.now()));
    }

    fn memory(&self) -> MutexGuard<'_, Option<Memory>> {
        self.memory.lock()
    }
}

/// The identity provider does not show that it points at our service provider.
fn not_ours(run: &Run<'_>, why: &target::Mismatch) -> Fault {
    let fault = run.misconfigured(&why.text);
    let kind = match why.is_elsewhere {
        true => FaultKind::WrongTarget,
        false => fault.kind,
    };
    Fault { kind, ..fault }
}

/// From now on templates may use the token, and the parts of its client.
fn give_token(run: &mut Run<'_>, delivery: &Delivery<'_>) {
    run.with_token("token", Some(delivery.value));
    run.with_token("old_token", delivery.old);
    let client = delivery.value.client().cloned().unwrap_or_default();
    let url = client.token_url.and_then(|url| Url::parse(&url).ok());
    run.with(|context| {
        let context = context
            .maybe("client_id", client.id.as_deref())
            .maybe("scope", client.scope.as_deref());
        match &url {
            Some(url) => context.url("token_url", url),
            None => context.none("token_url"),
        }
    });
}

/// Makes a call that may be left out by its `when`.
async fn make(run: &mut Run<'_>, call: &Call, purpose: Purpose) -> Result<(), Fault> {
    match run.call(call, purpose).await? {
        Reply::Done(_) | Reply::Skipped => Ok(()),
        Reply::Gone => Err(not_there(run, purpose)),
    }
}

fn not_there(run: &Run<'_>, purpose: Purpose) -> Fault {
    let text = format!(
        "{}: by a rule of `answers`, what the call is about does not exist: check its URL, and whether somebody deleted it",
        purpose.as_str()
    );
    run.about(Fault::new(FaultClass::Rejected, FaultKind::Refused, text))
}

/// The token is written, but what must follow failed: never "nothing was done".
fn half_done(mut fault: Fault) -> Fault {
    fault
        .message
        .push_str("; the token was written before this");
    fault.class = match fault.class {
        FaultClass::NotApplied
        | FaultClass::Ambiguous
        | FaultClass::Throttled
        | FaultClass::Conflict => FaultClass::Ambiguous,
        permanent @ (FaultClass::Unauthorized | FaultClass::Rejected) => permanent,
    };
    if fault.kind == FaultKind::Throttled {
        fault.kind = FaultKind::Server;
    }
    fault
}

#[cfg(test)]
mod tests;

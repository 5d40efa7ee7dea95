//! The door of a connection.

use std::sync::Arc;

use async_trait::async_trait;

use super::begun::{Begun, Place, told};
use crate::audit::auditor::Auditor;
use crate::audit::event::{Event, Outcome, Port};
use crate::fault::Fault;
use crate::ports::{Condition, Connection, Delivery};
use crate::rotation::capability::ConnectionCapabilities;
use crate::rotation::inventory::{ListedAs, ListedConnection, Provisioned};
use crate::rotation::outcome::Confirmation;
use crate::secret::BearerToken;

/// A connection whose changes and confirmations are written down.
pub struct AuditedConnection {
    inner: Arc<dyn Connection>,
    place: Place,
    auditor: Arc<Auditor>,
}

impl AuditedConnection {
    /// The door before `inner`.
    #[must_use]
    pub fn new(inner: Arc<dyn Connection>, place: Place, auditor: Arc<Auditor>) -> Self {
        Self {
            inner,
            place,
            auditor,
        }
    }

    fn begun(&self, what: &'static str, token: &str, value: &BearerToken) -> Begun<'_> {
        let event = Event {
            after: self.auditor.fingerprint(value),
            ..self.auditor.about(Port::Connection, what, token)
        };
        Begun::new(&self.auditor, self.place.event(event))
    }
}

fn confirmed(event: Event, done: Result<&Confirmation, &Fault>) -> Event {
    let with = |result, why: &str| {
        Event {
            result,
            ..event.clone()
        }
        .because(why)
    };
    match done {
        Ok(Confirmation::Works) => event,
        Ok(Confirmation::CannotTell) => with(Outcome::Unknown, "the connection cannot tell"),
        Ok(Confirmation::NotYet { detail, .. }) => with(Outcome::Unknown, detail),
        Ok(Confirmation::Refused { detail }) => with(Outcome::Failed, detail),
        Err(fault) => event.failed(fault),
    }
}

#[async_trait]
impl Connection for AuditedConnection {
    fn capabilities(&self) -> ConnectionCapabilities {
        self.inner.capabilities()
    }

    async fn preflight(&self, token: &str, scim_url: &url::Url) -> Result<(), Fault> {
        self.inner.preflight(token, scim_url).await
    }

    fn objection(&self, delivery: &Delivery<'_>) -> Option<String> {
        self.inner.objection(delivery)
    }

    async fn test_candidate(&self, delivery: &Delivery<'_>) -> Result<Confirmation, Fault> {
        let begun = self.begun("test_candidate", delivery.token, delivery.value);
        let done = self.inner.test_candidate(delivery).await;
        begun.ended(|event| confirmed(event, done.as_ref())).await;
        done
    }

    async fn deliver(&self, delivery: &Delivery<'_>) -> Result<(), Fault> {
        let begun = self.begun("deliver", delivery.token, delivery.value);
        let done = self.inner.deliver(delivery).await;
        begun.ended(|event| told(event, done.as_ref())).await;
        done
    }

    async fn revert(&self, delivery: &Delivery<'_>) -> Result<(), Fault> {
        let begun = self.begun("revert", delivery.token, delivery.value);
        let done = self.inner.revert(delivery).await;
        begun.ended(|event| told(event, done.as_ref())).await;
        done
    }

    async fn confirm(&self, delivery: &Delivery<'_>) -> Result<Confirmation, Fault> {
        let begun = self.begun("confirm", delivery.token, delivery.value);
        let done = self.inner.confirm(delivery).await;
        begun.ended(|event| confirmed(event, done.as_ref())).await;
        done
    }

    async fn settled(&self, token: &str, value: &BearerToken) -> Result<(), Fault> {
        let begun = self.begun("settled", token, value);
        let done = self.inner.settled(token, value).await;
        begun.ended(|event| told(event, done.as_ref())).await;
        done
    }

    async fn look(&self, delivery: &Delivery<'_>) -> Result<Option<Condition>, Fault> {
        self.inner.look(delivery).await
    }

    fn listed_as(&self) -> Option<ListedAs> {
        self.inner.listed_as()
    }

    fn section_for(&self, listed: &ListedConnection) -> Vec<(String, String)> {
        self.inner.section_for(listed)
    }

    async fn inventory(&self) -> Result<Provisioned, Fault> {
        self.inner.inventory().await
    }
}

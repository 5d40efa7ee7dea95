//! The door of an issuer.

use std::sync::Arc;

use async_trait::async_trait;

use super::begun::{Begun, Place, told};
use crate::audit::auditor::Auditor;
use crate::audit::event::{Event, Port};
use crate::fault::Fault;
use crate::ports::{IssueRequest, Issuer, TokenHandle};
use crate::rotation::capability::IssuerCapabilities;
use crate::rotation::outcome::{IssuedToken, ListedToken, Listing};
use crate::scim::scopes::Scopes;
use crate::secret::BearerToken;

/// An issuer whose changes are written down.
pub struct AuditedIssuer {
    inner: Arc<dyn Issuer>,
    place: Place,
    auditor: Arc<Auditor>,
}

impl AuditedIssuer {
    /// The door before `inner`.
    #[must_use]
    pub fn new(inner: Arc<dyn Issuer>, place: Place, auditor: Arc<Auditor>) -> Self {
        Self {
            inner,
            place,
            auditor,
        }
    }

    fn begun(&self, what: &'static str, token: &str) -> Event {
        let event = self.auditor.about(Port::Issuer, what, token);
        self.place.event(event)
    }
}

#[async_trait]
impl Issuer for AuditedIssuer {
    fn capabilities(&self) -> IssuerCapabilities {
        self.inner.capabilities()
    }

    fn settings(&self) -> &str {
        self.inner.settings()
    }

    fn label(&self, token: &str, rotation_id: &str, attempt: u32) -> String {
        self.inner.label(token, rotation_id, attempt)
    }

    fn choose_secret(&self) -> Option<BearerToken> {
        self.inner.choose_secret()
    }

    fn id_in(&self, value: &BearerToken) -> Option<String> {
        self.inner.id_in(value)
    }

    fn scopes_asked(&self) -> Option<Vec<String>> {
        self.inner.scopes_asked()
    }

    async fn scopes(&self, token: &str, handle: &TokenHandle) -> Result<Option<Scopes>, Fault> {
        self.inner.scopes(token, handle).await
    }

    async fn list(&self, token: &str) -> Result<Listing, Fault> {
        self.inner.list(token).await
    }

    async fn issue(&self, request: &IssueRequest) -> Result<IssuedToken, Fault> {
        let event = self.begun("issue", &request.token);
        let begun = Begun::new(&self.auditor, event.because(&request.label));
        let issued = self.inner.issue(request).await;
        begun
            .ended(|event| match &issued {
                Ok(issued) => Event {
                    after: self.auditor.fingerprint(&issued.value),
                    token_id: issued.id.clone(),
                    ..event
                },
                Err(fault) => event.failed(fault),
            })
            .await;
        issued
    }

    async fn get(&self, token: &str, id: &str) -> Result<Option<ListedToken>, Fault> {
        self.inner.get(token, id).await
    }

    async fn revoke(&self, token: &str, handle: &TokenHandle) -> Result<(), Fault> {
        let value = handle.value.as_ref();
        let event = Event {
            before: value.and_then(|value| self.auditor.fingerprint(value)),
            token_id: handle.id.as_ref().map(|id| id.as_str().to_owned()),
            ..self.begun("revoke", token)
        };
        let begun = Begun::new(&self.auditor, event);
        let done = self.inner.revoke(token, handle).await;
        begun.ended(|event| told(event, done.as_ref())).await;
        done
    }

    async fn complete(&self, token: &str) -> Result<(), Fault> {
        let begun = Begun::new(&self.auditor, self.begun("complete", token));
        let done = self.inner.complete(token).await;
        begun.ended(|event| told(event, done.as_ref())).await;
        done
    }

    async fn cancel(&self, token: &str) -> Result<(), Fault> {
        let begun = Begun::new(&self.auditor, self.begun("cancel", token));
        let done = self.inner.cancel(token).await;
        begun.ended(|event| told(event, done.as_ref())).await;
        done
    }
}

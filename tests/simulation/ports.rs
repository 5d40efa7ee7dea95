//! The traits of the driver: each method is one request at the gate.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;
use scim_rotator::fault::{Fault, FaultClass, FaultKind};
use scim_rotator::ports::{
    Connection, Delivery, IssueRequest, Issuer, PublishedSecret, PublishedToken, Store, StoreError,
    TokenHandle, Version, Versioned,
};
use scim_rotator::rotation::capability::{ConnectionCapabilities, IssuerCapabilities, Recovery};
use scim_rotator::rotation::outcome::{Confirmation, IssuedToken, ListedToken, Listing};
use scim_rotator::rotation::record::Record;
use scim_rotator::secret::BearerToken;

use crate::gate::Gate;
use crate::request::{Failure, Process, Reply, Request};
use crate::service_provider::CANARY;
use crate::time::Sim;

/// Vault as one process sees it.
pub(crate) struct SimStore {
    pub(crate) sim: Sim,
    pub(crate) process: Process,
    pub(crate) holder: Arc<str>,
    pub(crate) remembered: Mutex<HashMap<String, (PublishedSecret, u64)>>,
}

impl SimStore {
    fn gate(&self, token: &str) -> Gate {
        Gate {
            sim: self.sim.clone(),
            process: self.process,
            token: token.into(),
        }
    }

    fn remember(&self, token: &str, what: Option<(PublishedSecret, u64)>) {
        let mut remembered = self.remembered.lock();
        match what {
            Some(what) => drop(remembered.insert(token.to_owned(), what)),
            None => drop(remembered.remove(token)),
        }
    }

    async fn read(&self, token: &str) -> Result<(PublishedSecret, u64), StoreError> {
        let known = self.remembered.lock().get(token).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let reply = self.gate(token).pass(Request::Published).await;
        let reply = reply.map_err(store_error)?;
        let Reply::Published(secret, version) = reply else {
            return Err(misfit(&reply).into());
        };
        self.remember(token, Some((secret.clone(), version)));
        Ok((secret, version))
    }
}

fn store_error(failure: Failure) -> StoreError {
    match failure {
        Failure::Conflict => StoreError::Conflict,
        Failure::Fault(fault) => StoreError::Fault(fault),
    }
}

pub(crate) fn fault(failure: Failure) -> Fault {
    match failure {
        Failure::Conflict => Fault::new(FaultClass::Conflict, FaultKind::Conflict, "conflict"),
        Failure::Fault(fault) => fault,
    }
}

pub(crate) fn misfit(reply: &Reply) -> Fault {
    let text = format!("the world answered something else: {reply:?}");
    Fault::new(FaultClass::Rejected, FaultKind::Config, text)
}

#[async_trait]
impl Store for SimStore {
    async fn load(&self, token: &str) -> Result<Option<Versioned<Record>>, StoreError> {
        let reply = self.gate(token).pass(Request::Load).await;
        let reply = reply.map_err(store_error)?;
        let Reply::Record(found) = reply else {
            return Err(misfit(&reply).into());
        };
        Ok(found.map(|(record, version)| Versioned {
            value: Arc::unwrap_or_clone(record),
            version: Version(version),
            lost: None,
        }))
    }

    /// A lost answer is looked into here, as the port demands; where Vault
    /// cannot be asked either, the fault is returned.
    async fn commit(&self, record: &Record, expected: Version) -> Result<Version, StoreError> {
        let request = Request::Commit {
            record: Arc::new(record.clone()),
            expected: expected.0,
            holder: Some(Arc::clone(&self.holder)),
        };
        let reply = self.gate(&record.token).pass(request).await;
        let reply = reply.map_err(store_error)?;
        let Reply::Written(version) = reply else {
            return Err(misfit(&reply).into());
        };
        Ok(Version(version))
    }

    async fn published(&self, token: &str) -> Result<PublishedSecret, StoreError> {
        self.read(token).await.map(|(secret, _)| secret)
    }

    async fn publish(&self, token: &str, value: &PublishedToken) -> Result<(), StoreError> {
        let (_, expected) = self.read(token).await?;
        let request = Request::Publish {
            value: value.clone(),
            expected,
        };
        let reply = self.gate(token).pass(request).await;
        match reply.map_err(store_error) {
            Ok(Reply::Written(version)) => {
                let now = (PublishedSecret::Token(value.clone()), version);
                self.remember(token, Some(now));
                Ok(())
            }
            Ok(other) => Err(misfit(&other).into()),
            Err(error) => {
                self.remember(token, None);
                Err(error)
            }
        }
    }

    fn forget(&self, token: &str) {
        self.remember(token, None);
    }
}

/// An issuer as one process reaches it.
pub(crate) struct SimIssuer {
    pub(crate) gate: Gate,
    pub(crate) can: IssuerCapabilities,
}

#[async_trait]
impl Issuer for SimIssuer {
    fn capabilities(&self) -> IssuerCapabilities {
        self.can
    }

    fn label(&self, token: &str, rotation_id: &str, attempt: u32) -> String {
        format!("{token}-{rotation_id}-{attempt}")
    }

    fn choose_secret(&self) -> Option<BearerToken> {
        if self.can.recovery != Recovery::ClientChosen {
            return None;
        }
        let mut world = self.gate.sim.lock();
        world.secrets_chosen += 1;
        let text = format!("{CANARY}-chosen-{:06}", world.secrets_chosen);
        BearerToken::parse(text).ok()
    }

    async fn list(&self, _token: &str) -> Result<Listing, Fault> {
        let reply = self.gate.pass(Request::List).await.map_err(fault)?;
        let Reply::Listing(listing) = reply else {
            return Err(misfit(&reply));
        };
        Ok(listing)
    }

    async fn issue(&self, request: &IssueRequest) -> Result<IssuedToken, Fault> {
        let request = Request::Issue(request.clone());
        let reply = self.gate.pass(request).await.map_err(fault)?;
        let Reply::Issued(token) = reply else {
            return Err(misfit(&reply));
        };
        Ok(token)
    }

    async fn get(&self, _token: &str, id: &str) -> Result<Option<ListedToken>, Fault> {
        let request = Request::Get { id: id.to_owned() };
        let reply = self.gate.pass(request).await.map_err(fault)?;
        let Reply::Found(found) = reply else {
            return Err(misfit(&reply));
        };
        Ok(found)
    }

    async fn revoke(&self, _token: &str, handle: &TokenHandle) -> Result<(), Fault> {
        let request = Request::Revoke(handle.clone());
        self.gate.pass(request).await.map(drop).map_err(fault)
    }

    async fn complete(&self, _token: &str) -> Result<(), Fault> {
        self.gate
            .pass(Request::Complete)
            .await
            .map(drop)
            .map_err(fault)
    }

    async fn cancel(&self, _token: &str) -> Result<(), Fault> {
        self.gate
            .pass(Request::Cancel)
            .await
            .map(drop)
            .map_err(fault)
    }
}

/// One connection as one process reaches it.
pub(crate) struct SimConnection {
    pub(crate) gate: Gate,
    pub(crate) index: usize,
    pub(crate) can: ConnectionCapabilities,
}

#[async_trait]
impl Connection for SimConnection {
    fn capabilities(&self) -> ConnectionCapabilities {
        self.can
    }

    async fn preflight(&self, _token: &str, _scim_url: &url::Url) -> Result<(), Fault> {
        let connection = self.index;
        let request = Request::Preflight { connection };
        self.gate.pass(request).await.map(drop).map_err(fault)
    }

    fn objection(&self, _delivery: &Delivery<'_>) -> Option<String> {
        let world = self.gate.sim.lock();
        let tenant = world.tenants.get(&self.gate.token)?;
        let objects = tenant.cannot_hold == Some(self.index);
        objects.then(|| "it has 600 characters and the connection takes at most 512".to_owned())
    }

    async fn deliver(&self, delivery: &Delivery<'_>) -> Result<(), Fault> {
        let request = Request::Deliver {
            connection: self.index,
            value: delivery.value.clone(),
        };
        self.gate.pass(request).await.map(drop).map_err(fault)
    }

    async fn confirm(&self, delivery: &Delivery<'_>) -> Result<Confirmation, Fault> {
        let request = Request::Confirm {
            connection: self.index,
            value: delivery.value.clone(),
        };
        let reply = self.gate.pass(request).await.map_err(fault)?;
        let Reply::Confirmation(confirmation) = reply else {
            return Err(misfit(&reply));
        };
        Ok(confirmation)
    }
}

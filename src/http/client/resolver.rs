//! Resolves host names, and leaves out the addresses that are not contacted.
//!
//! The connection is made to what this returns and to nothing else, so that an address
//! is looked at that is contacted: a name server that answers differently each time
//! gains nothing.

use std::net::SocketAddr;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::addresses::{Addresses, Forbidden};

/// Where the addresses of a name come from.
pub(super) trait Lookup: Send + Sync {
    /// All addresses of a name; their port counts for nothing.
    fn lookup(&self, name: &str) -> BoxFuture<'static, std::io::Result<Vec<SocketAddr>>>;
}

/// The resolver of the operating system.
pub(super) struct System;

impl Lookup for System {
    fn lookup(&self, name: &str) -> BoxFuture<'static, std::io::Result<Vec<SocketAddr>>> {
        let name = name.to_owned();
        Box::pin(async move { Ok(tokio::net::lookup_host((name, 0)).await?.collect()) })
    }
}

/// A resolver that leaves addresses out.
pub(super) struct Guard {
    addresses: Addresses,
    from: Arc<dyn Lookup>,
}

impl Guard {
    pub(super) fn new(addresses: &Addresses, from: Arc<dyn Lookup>) -> Self {
        Self {
            addresses: addresses.clone(),
            from,
        }
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let (found, addresses) = (self.from.lookup(name.as_str()), self.addresses.clone());
        Box::pin(async move {
            let kept = kept(&addresses, found.await?)?;
            Ok(Box::new(kept.into_iter()) as Addrs)
        })
    }
}

/// The addresses that are contacted.
fn kept(addresses: &Addresses, found: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, Forbidden> {
    let mut refused = None;
    let mut kept = Vec::with_capacity(found.len());
    for address in found {
        match addresses.check(address.ip()) {
            Ok(()) => kept.push(address),
            Err(why) => refused = refused.or(Some(why)),
        }
    }
    match refused.filter(|_| kept.is_empty()) {
        Some(why) => Err(why),
        None => Ok(kept),
    }
}

//! The exchange of one issuer or connection: settings, credentials and session
//! that all its calls share.

use std::sync::Arc;

use super::call::Call;
use super::place::Place;
use super::session::Sessions;
use super::settings::Shared;
use crate::clock::Clock;
use crate::fault::{Fault, FaultClass, FaultKind};
use crate::http::client::Client;
use crate::http::fired::Firings;
use crate::http::oauth2::{Caller, CallerAuth};
use crate::http::template::Context;
use crate::secret::resolve::Secrets;

/// Whose exchange it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// An issuer.
    Issuer,
    /// A connection.
    Connection,
    /// What the service provider of a federated credential trusts: read only.
    Trust,
}

impl Owner {
    /// The word for messages, also the name under which templates have its
    /// name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Issuer => "issuer",
            Self::Connection => "connection",
            Self::Trust => "trust",
        }
    }

    /// Quick repetitions of a call that did nothing; everything slower is
    /// decided by the core. An issuer's calls are repeated by the core alone.
    fn quick_tries(self) -> u32 {
        match self {
            Self::Issuer | Self::Trust => 0,
            Self::Connection => 2,
        }
    }
}

/// What calls are made with. Lives as long as its issuer or connection.
pub struct Exchange {
    pub(super) owner: Owner,
    pub(super) name: String,
    pub(super) shared: Shared,
    pub(super) caller: Caller,
    pub(super) anonymous: Caller,
    pub(super) secrets: Arc<dyn Secrets>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) sessions: Sessions,
    pub(super) fired: Option<Firings>,
    unusable: Option<String>,
}

impl Exchange {
    /// An exchange that has not called anybody yet.
    #[must_use]
    pub fn new(
        owner: Owner,
        name: &str,
        mut shared: Shared,
        client: &Client,
        secrets: &Arc<dyn Secrets>,
        fired: Option<Firings>,
    ) -> Self {
        let caller = |auth| Caller::new(auth, client.clone(), Arc::clone(secrets));
        let context = Context::new(client.clock().now()).config(&shared.config);
        let mut unusable = shared.resolve_places(&context).err();
        let auth = shared.auth.resolved(&context).unwrap_or_else(|why| {
            unusable.get_or_insert(why);
            CallerAuth::None
        });
        Self {
            owner,
            name: name.to_owned(),
            caller: caller(auth).noting(fired.clone()),
            anonymous: caller(CallerAuth::None),
            secrets: Arc::clone(secrets),
            clock: Arc::clone(client.clock()),
            sessions: Sessions::default(),
            fired,
            unusable,
            shared,
        }
    }

    /// Name of the issuer or connection.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Time.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// Fills in the templates in the places of calls that belong to this
    /// exchange. What cannot be filled in refuses every operation.
    pub fn prepare<'c>(&mut self, calls: impl IntoIterator<Item = &'c mut Call>) {
        let context = Context::new(self.clock.now()).config(&self.shared.config);
        for call in calls {
            if let Err(why) = call.resolve_places(&context) {
                self.unusable.get_or_insert(why);
            }
        }
    }

    /// The same for places outside of calls.
    pub fn prepare_places<'p>(&mut self, places: impl IntoIterator<Item = &'p mut Place>) {
        let context = Context::new(self.clock.now()).config(&self.shared.config);
        for place in places {
            if let Err(why) = place.resolve(&context) {
                self.unusable.get_or_insert(why);
            }
        }
    }

    /// A fault of the configuration; nothing was sent.
    #[must_use]
    pub fn refuse(&self, text: &str) -> Fault {
        Fault::new(
            FaultClass::Rejected,
            FaultKind::Config,
            format!("{} `{}`: {text}", self.owner.as_str(), self.name),
        )
    }

    pub(super) fn usable(&self) -> Result<(), Fault> {
        match &self.unusable {
            None => Ok(()),
            Some(why) => Err(self.refuse(&format!("a place in an answer is not known: {why}"))),
        }
    }

    pub(super) fn quick_tries(&self) -> u32 {
        self.owner.quick_tries()
    }

    /// A login that was refused makes its credentials be read again.
    pub(super) fn refuse_secrets(&self, fault: &Fault) {
        if fault.class == FaultClass::Unauthorized || fault.class == FaultClass::Rejected {
            for credential in self.shared.secrets.values() {
                self.secrets.refused(&credential.0);
            }
        }
    }
}

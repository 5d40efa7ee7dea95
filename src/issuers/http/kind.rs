//! An HTTP API as a kind of issuer.

use std::sync::Arc;

use jiff::SignedDuration;

use super::{HttpIssuer, HttpTokens};
use crate::ports::Issuer;
use crate::ports::kind::{Deps, Kind, remedy_by_secrets};
use crate::problem::Problems;
use crate::rotation::capability::{IssuerCapabilities, Supply};
use crate::secret::SecretRef;

impl Kind for HttpIssuer {
    type Capabilities = IssuerCapabilities;
    type Built = dyn Issuer;

    fn kind(&self) -> &str {
        "http"
    }

    fn check(&self, path: &str, problems: &mut Problems) {
        self.check_all(path, problems);
    }

    fn capabilities(&self) -> IssuerCapabilities {
        self.capabilities.resolve(Supply::Issuer)
    }

    fn credentials(&self) -> Vec<SecretRef> {
        let named = self.secrets.values().map(|credential| credential.0.clone());
        self.auth.credentials().into_iter().chain(named).collect()
    }

    fn build(&self, name: &str, deps: &Deps) -> Result<Arc<dyn Issuer>, String> {
        Ok(Arc::new(HttpTokens::new(name, self, deps)))
    }

    fn declared_lifetime(&self) -> Option<SignedDuration> {
        self.lifetime.declared.map(|life| life.0)
    }

    fn literal_remedy(&self, key: &str) -> &'static str {
        remedy_by_secrets(key)
    }
}

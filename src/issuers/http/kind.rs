//! An HTTP API as a kind of issuer.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::SignedDuration;

use super::{HttpIssuer, HttpTokens};
use crate::http::fired::RuleName;
use crate::http::template::ConfigValue;
use crate::issuers::lifetime;
use crate::ports::Issuer;
use crate::ports::kind::{Deps, Kind, VendorMark, remedy_by_secrets};
use crate::problem::Problems;
use crate::rotation::capability::{IssuerCapabilities, Supply};
use crate::secret::SecretRef;

impl Kind for HttpIssuer {
    type Capabilities = IssuerCapabilities;
    type Built = dyn Issuer;

    fn kind(&self) -> &str {
        self.vendor.as_ref().map_or("http", |vendor| &vendor.name)
    }

    fn check(&self, path: &str, problems: &mut Problems) {
        // Below the vendor's name stand the parameters, and beside them `http`.
        match &self.vendor {
            Some(_) => self.check_all(&format!("{path}.http"), problems),
            None => self.check_all(path, problems),
        }
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

    fn asked_lifetime(&self, wish: SignedDuration) -> Option<SignedDuration> {
        let asks = lifetime::NAMES.iter().any(|name| self.issue.uses(name));
        asks.then(|| self.lifetime.asked(Some(wish))).flatten()
    }

    fn asked_scopes(&self) -> Vec<String> {
        match self.config.get("scopes") {
            Some(ConfigValue::List(scopes)) => scopes.clone(),
            Some(ConfigValue::Text(scopes)) => {
                scopes.split_whitespace().map(str::to_owned).collect()
            }
            Some(ConfigValue::Integer(_) | ConfigValue::Boolean(_) | ConfigValue::Url(_))
            | None => Vec::new(),
        }
    }

    fn handles_client_id(&self) -> bool {
        self.issue.reads(|read| read.client_id.clone())
    }

    fn vendor(&self) -> Option<&VendorMark> {
        self.vendor.as_deref()
    }

    fn rules(&self) -> BTreeSet<RuleName> {
        self.declared_rules()
    }

    fn literal_remedy(&self, key: &str) -> &'static str {
        remedy_by_secrets(key)
    }
}

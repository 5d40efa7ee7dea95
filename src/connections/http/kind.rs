//! HTTP calls as a kind of connection.

use std::collections::BTreeSet;
use std::sync::Arc;

use http::Method;

use super::HttpConnection;
use crate::http::exchange::{Body, Purpose};
use crate::http::fired::RuleName;
use crate::ports::Connection;
use crate::ports::kind::{Deps, Kind, VendorMark, remedy_by_secrets};
use crate::problem::Problems;
use crate::rotation::capability::{
    ConnectionCapabilities, ConnectionTest, ConnectionWrite, Readback, SideEffects, Writer,
};
use crate::secret::SecretRef;

impl Kind for HttpConnection {
    type Capabilities = ConnectionCapabilities;
    type Built = dyn Connection;

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

    fn capabilities(&self) -> ConnectionCapabilities {
        let by_state = self.state.is_some() && self.confirm.by_state;
        let proves = self.test_saved.is_some() || by_state;
        let merges = matches!(self.deliver.body, Some(Body::Merge(_)));
        let usual = Purpose::Deliver.method();
        let patches = self.deliver.method.as_ref().unwrap_or(&usual) == Method::PATCH;
        self.capabilities.over(ConnectionCapabilities {
            writer: Writer::Daemon,
            test: match (proves, &self.test_candidate) {
                (true, _) => ConnectionTest::Saved,
                (false, Some(_)) => ConnectionTest::Candidate,
                (false, None) => ConnectionTest::None,
            },
            write: if merges && !patches {
                ConnectionWrite::FullReplace
            } else {
                ConnectionWrite::Merge
            },
            readback: Readback::Absent,
            side_effects: SideEffects::None,
        })
    }

    fn handles_client_id(&self) -> bool {
        self.deliver.uses("client_id")
    }

    fn writes_client_id(&self) -> bool {
        self.handles_client_id()
    }

    fn credentials(&self) -> Vec<SecretRef> {
        let mut all = self.auth.credentials();
        all.extend(self.secrets.values().map(|c| c.0.clone()));
        all
    }

    fn build(&self, name: &str, deps: &Deps) -> Result<Arc<dyn Connection>, String> {
        Ok(super::build(name, self, deps, deps.fired.clone()))
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

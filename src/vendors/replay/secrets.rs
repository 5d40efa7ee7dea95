//! The credentials of a scene: test values out of its parameters.

use std::collections::BTreeMap;

use async_trait::async_trait;
use parking_lot::{Mutex, MutexGuard};

use crate::fault::{Fault, FaultClass, FaultKind};
use crate::secret::resolve::{Resolved, Secrets};
use crate::secret::{SecretRef, SecretText};

/// The parameters of a scene by their names, as credentials.
pub(super) struct TestSecrets {
    known: BTreeMap<String, String>,
    resolved: Mutex<BTreeMap<String, String>>,
}

impl TestSecrets {
    /// All parameters that are texts.
    pub(super) fn of(parameters: &toml::Table) -> Self {
        let texts = parameters
            .iter()
            .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
        Self {
            known: texts.collect(),
            resolved: Mutex::default(),
        }
    }

    /// The parameters that were asked for so far, with their values: they are
    /// the credentials.
    pub(super) fn resolved(&self) -> BTreeMap<String, String> {
        self.asked_for().clone()
    }

    fn asked_for(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.resolved.lock()
    }
}

/// The parameter that a reference stands for: `NAME` for `{ env = "NAME" }`,
/// `"path#field"` for one of Vault's, and the whole path for a file.
fn parameter(reference: &SecretRef) -> String {
    match reference {
        SecretRef::Env(name) => name.clone(),
        SecretRef::Vault { path, field } | SecretRef::VaultLease { path, field } => {
            format!("{path}#{field}")
        }
        SecretRef::File(path) => path.display().to_string(),
    }
}

#[async_trait]
impl Secrets for TestSecrets {
    async fn resolve(&self, reference: &SecretRef) -> Result<Resolved, Fault> {
        let refused = |text| Fault::new(FaultClass::Rejected, FaultKind::Config, text);
        let name = parameter(reference);
        let value = self.known.get(&name).ok_or_else(|| {
            refused(format!(
                "the replay has no value for the {reference}: write \"{name}\" into [parameters]"
            ))
        })?;
        self.asked_for().insert(name, value.clone());
        let value = SecretText::parse(value.as_str())
            .map_err(|why| refused(format!("the replay's value for the {reference}: {why}")))?;
        Ok(Resolved {
            fingerprint: value.fingerprint(),
            value,
        })
    }

    fn refused(&self, _reference: &SecretRef) {}
}

//! Settings of a connection that a person writes.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use super::Manual;
use super::confirm::{LogReader, OwnLog};
use crate::http::names::Side;
use crate::http::template::ConfigValue;
use crate::ports::Connection;
use crate::ports::instructions::Instructions;
use crate::ports::kind::{Deps, Kind, VaultNeed, VendorMark};
use crate::problem::Problems;
use crate::rotation::capability::{
    ConnectionCapabilities, ConnectionTest, ConnectionWrite, Readback, SideEffects, Writer,
};
use crate::secret::SecretRef;
use crate::value::Credential;

/// `[connections.<name>.manual]`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManualConnection {
    /// The folder in KV v2 below which the new token waits, one secret for each
    /// token: `<mount>/<path>`. Only the person who does the work may read it.
    pub vault_path: String,
    /// What a person has to do, and where.
    pub instructions: Instructions,
    /// Values for the instructions, as `{{ config.<name> }}`.
    #[serde(default)]
    pub config: BTreeMap<String, ConfigValue>,
    /// Credentials for the calls of `confirm`, as `{{ secrets.<name> }}`.
    #[serde(default)]
    pub secrets: BTreeMap<String, Credential>,
    /// What the identity provider itself tells of the work.
    pub confirm: Option<Box<OwnLog>>,
    /// The vendor file that this was made from.
    #[serde(skip)]
    pub vendor: Option<Arc<VendorMark>>,
}

impl Kind for ManualConnection {
    type Capabilities = ConnectionCapabilities;
    type Built = dyn Connection;

    fn kind(&self) -> &str {
        self.vendor.as_ref().map_or("manual", |mark| &mark.name)
    }

    fn check(&self, path: &str, problems: &mut Problems) {
        // Below the vendor's name stand the parameters, and beside them `manual`.
        let path = match &self.vendor {
            Some(_) => format!("{path}.manual"),
            None => path.to_owned(),
        };
        let absent = self.vendor.iter().flat_map(|vendor| &vendor.absent);
        let at = format!("{path}.instructions");
        self.instructions
            .check(Side::Connection, &self.config, absent, &at, problems);
        self.check_confirm(&path, problems);
        if !is_folder(&self.vault_path) {
            problems.error(
                format!("{path}.vault_path"),
                format!("`{}` is not a folder in KV v2", self.vault_path),
                "write the mount and the path below it, such as \"kv/handover/hr\"",
            );
        }
    }

    fn handles_client_id(&self) -> bool {
        true
    }

    fn capabilities(&self) -> ConnectionCapabilities {
        ConnectionCapabilities {
            writer: Writer::Person,
            test: match self.confirm {
                Some(_) => ConnectionTest::Saved,
                None => ConnectionTest::None,
            },
            write: ConnectionWrite::Merge,
            readback: Readback::Absent,
            side_effects: SideEffects::None,
        }
    }

    fn credentials(&self) -> Vec<SecretRef> {
        let own = self.secrets.values().map(|credential| credential.0.clone());
        let log = self.confirm.iter().flat_map(|log| log.credentials());
        own.chain(log).collect()
    }

    fn build(&self, name: &str, deps: &Deps) -> Result<Arc<dyn Connection>, String> {
        let place = deps.handover.clone();
        let place = place.ok_or_else(|| {
            format!("connection `{name}` is written by a person, and there is no Vault here in which a token could wait")
        })?;
        Ok(Arc::new(Manual {
            name: name.to_owned(),
            log: self
                .confirm
                .as_ref()
                .map(|log| LogReader::new(name, log, &self.config, &self.secrets, deps)),
            config: self.clone(),
            place,
        }))
    }

    fn instructions(&self) -> Option<String> {
        Some(self.told())
    }

    fn handover_folder(&self) -> Option<&str> {
        Some(self.vault_path.trim_matches('/'))
    }

    fn vault_needs(&self) -> Vec<VaultNeed> {
        let Some((mount, folder)) = self.vault_path.trim_matches('/').split_once('/') else {
            return Vec::new();
        };
        let place = |kind: &str| format!("{mount}/{kind}/{folder}/+");
        vec![
            VaultNeed {
                path: place("data"),
                capabilities: &["create", "read", "update"],
                purpose: "tokens wait there for a person".to_owned(),
            },
            VaultNeed {
                path: place("metadata"),
                capabilities: &["delete"],
                purpose: "tokens that a person has written are removed there".to_owned(),
            },
        ]
    }

    fn vendor(&self) -> Option<&VendorMark> {
        self.vendor.as_deref()
    }
}

impl ManualConnection {
    fn check_confirm(&self, path: &str, problems: &mut Problems) {
        if let Some(log) = &self.confirm {
            let absent = self.vendor.iter().flat_map(|vendor| &vendor.absent);
            let absent: Vec<String> = absent.cloned().collect();
            let values = (&self.config, &self.secrets);
            log.check(&format!("{path}.confirm"), values, &absent, problems);
        }
        for name in self.secrets.keys() {
            let whole = format!("secrets.{name}");
            let is_used = |log: &OwnLog| log.uses(&whole, &self.config, &self.secrets);
            if !self.confirm.as_deref().is_some_and(is_used) {
                problems.warning(
                    format!("{path}.{whole}"),
                    "no template uses this credential",
                    "remove it, so that it is not read for nothing",
                );
            }
        }
    }

    /// What a person is told.
    pub(super) fn told(&self) -> String {
        self.instructions.text(&self.config, None)
    }

    /// Where a token waits.
    pub(super) fn place_of(&self, token: &str) -> String {
        format!("{}/{token}", self.vault_path.trim_matches('/'))
    }
}

/// A mount and something below it, without parts that lead elsewhere.
fn is_folder(path: &str) -> bool {
    let parts: Vec<_> = path.trim_matches('/').split('/').collect();
    let plain = |c: char| c.is_ascii_graphic() && !"?#%*+\\\"".contains(c);
    let is_part =
        |part: &&str| !part.is_empty() && *part != "." && *part != ".." && part.chars().all(plain);
    parts.len() >= 2 && parts.iter().all(is_part)
}

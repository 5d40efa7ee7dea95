//! What a configuration names: paths, credentials, files, permissions in Vault.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::pool::Pool;
use crate::config::{Settings, TokenSettings};
use crate::environment;
use crate::ports::kind::VaultNeed;
use crate::secret::SecretRef;
use crate::vault::{KvPath, PublishTarget};

/// Folders in which systemd and Kubernetes put credentials.
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";
const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// What programs that we start must not read.
pub(super) fn own_files(settings: &Settings) -> Vec<PathBuf> {
    let folders = environment::variable(CREDENTIALS).map(PathBuf::from);
    let folders = folders.into_iter().chain([PathBuf::from(SERVICE_ACCOUNT)]);
    let audit = settings.audit.path.iter().cloned();
    let own = settings.own_files.iter().cloned();
    own.chain(audit).chain(folders).collect()
}

pub(in crate::cli) fn targets(settings: &Settings) -> BTreeMap<String, PublishTarget> {
    let mut fields = Pool::default();
    let mut target = |token: &TokenSettings| PublishTarget {
        path: token.vault_path.clone(),
        fields: fields.share(&token.fields),
    };
    settings
        .tokens
        .iter()
        .map(|(name, token)| (name.clone(), target(token)))
        .collect()
}

pub(in crate::cli) fn credentials(settings: &Settings) -> BTreeSet<SecretRef> {
    let issuers = settings.issuers.values();
    let issuers = issuers.map(|kind| kind.as_kind().credentials());
    let connections = settings.connections.values();
    let connections = connections.map(|kind| kind.as_kind().credentials());
    let federated = settings.federated.values();
    let federated = federated.map(|token| token.federated.credentials());
    let notify = settings.notify.values();
    let notify = notify.map(|target| target.credentials());
    let all = issuers.chain(connections).chain(federated);
    let traces = settings
        .traces
        .enabled
        .then(|| settings.traces.credentials());
    let others = notify.chain(traces);
    all.flatten().chain(others.flatten()).collect()
}

/// What our Vault token must be allowed to do for issuers and connections,
/// besides reading their credentials.
pub(super) fn needs_of_kinds(settings: &Settings) -> Vec<VaultNeed> {
    let issuers = settings.issuers.values();
    let issuers = issuers.map(|kind| kind.as_kind().vault_needs());
    let connections = settings.connections.values();
    let connections = connections.map(|kind| kind.as_kind().vault_needs());
    let notes = notes_of_messages(settings);
    issuers.chain(connections).flatten().chain(notes).collect()
}

/// Where it is noted what people were told. The name `any` stands for every token.
fn notes_of_messages(settings: &Settings) -> Option<VaultNeed> {
    let state = KvPath::parse(&settings.vault.state_path).ok()?;
    (!settings.notify.is_empty()).then(|| VaultNeed {
        path: format!("{}/notify/any", state.data()),
        capabilities: &["create", "read", "update"],
        purpose: "the notes of what people were told ([notify])".to_owned(),
    })
}

//! What Vault tells before anything is configured.

use std::sync::Arc;

use super::answers::Answers;
use crate::clock::SystemClock;
use crate::environment;
use crate::http::{NoObserver, Observer};
use crate::ports::Clock;
use crate::secret::SecretRef;
use crate::value::Credential;
use crate::vault::auth::{AuthConfig, TokenAuth};
use crate::vault::inspect::names_below;
use crate::vault::{Session, VaultConfig};

/// As Vault's own tool names it.
const VAULT_TOKEN: &str = "VAULT_TOKEN";

/// What Vault told.
pub(super) struct Seen {
    /// Its version and state, for people.
    pub(super) server: String,
    /// What lies in the folder that the person named; `None` if it was not looked at.
    pub(super) names: Option<Result<Vec<String>, String>>,
}

/// Asks Vault, with the person's own token.
pub(super) async fn look(answers: &Answers) -> Result<Seen, String> {
    let token = Credential(SecretRef::Env(VAULT_TOKEN.to_owned()));
    let ca_file = answers.ca_file.clone();
    let config = VaultConfig {
        ca_file,
        ..VaultConfig::new(
            answers.address.clone(),
            answers.state_path.to_string(),
            AuthConfig::Token(TokenAuth { token }),
        )
    };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let observer: Arc<dyn Observer> = Arc::new(NoObserver);
    let session = Session::new(&config, clock, observer, "init");
    let session = session.map_err(|fault| fault.to_string())?;
    let server = session.server().await.map_err(|error| error.to_string())?;
    let version = server
        .version
        .unwrap_or_else(|| "of an unknown version".to_owned());
    let state = match server.sealed {
        true => "sealed",
        false => "not sealed",
    };
    let names = match (answers.folder_is_named, environment::has(VAULT_TOKEN)) {
        (false, _) => None,
        (true, false) => Some(Err("VAULT_TOKEN is not set".to_owned())),
        (true, true) => {
            let found = names_below(&session, &answers.folder).await;
            Some(found.map_err(|error| error.to_string()))
        }
    };
    Ok(Seen {
        server: format!("Vault at {} is {version}, {state}", answers.address),
        names,
    })
}

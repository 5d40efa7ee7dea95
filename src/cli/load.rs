//! The start of every command that uses tokens: configuration, logging,
//! runtime.

use std::path::Path;
use std::sync::Arc;

use super::output::complain;
use super::wiring::World;
use super::{Exit, failure};
use crate::audit::event::WhoKind;
use crate::config::{self, Loaded, Report, Settings};
use crate::driver::federated::Watched;
use crate::environment;
use crate::ports::unit::Unit;
use crate::problem::Severity;
use crate::secret::SecretRef;
use crate::telemetry::config::{LogConfig, LogFormat};
use crate::telemetry::logging::{self, LoggingError};
use crate::telemetry::notify::Notifier;
use crate::value::Credential;
use crate::vault::auth::{AuthConfig, TokenAuth};

/// How much a command logs to standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Logs {
    /// As `[log]` says, for processes that run unattended.
    AsConfigured,
    /// Warnings only, as text, for commands that a person watches.
    Warnings,
}

/// Reads the configuration and sets up logging. Mistakes go to standard error.
///
/// # Errors
/// With the exit code, if the configuration cannot be used.
pub(super) fn settings(path: &Path, logs: Logs) -> Result<Settings, Exit> {
    let loaded = match config::load(path) {
        Ok(loaded) => loaded,
        Err(report) => {
            complain(&report.render(false));
            failure::note_report(&report);
            return Err(Exit::Usage);
        }
    };
    let log = match logs {
        Logs::AsConfigured => loaded.settings.log.clone(),
        Logs::Warnings => LogConfig {
            format: LogFormat::Text,
            filter: "warn".to_owned(),
        },
    };
    match logging::init(&log) {
        // A command that hands over to another one has set it up.
        Ok(()) | Err(LoggingError::Twice) => {}
        Err(error @ (LoggingError::Filter(_) | LoggingError::Thread(_))) => {
            complain(&format!("{error}\n"));
            return Err(Exit::Failed);
        }
    }
    if logs == Logs::AsConfigured {
        log_notes(&loaded);
    }
    Ok(loaded.settings)
}

/// Logs what is worth knowing of a configuration, and what works but is likely
/// not as meant.
pub(super) fn log_notes(loaded: &Loaded) {
    for note in &loaded.notes {
        tracing::info!("{note}");
    }
    for finding in loaded.warnings.findings() {
        tracing::warn!(
            file = %finding.file.display(),
            line = finding.line,
            key = %finding.path,
            remedy = %finding.remedy,
            "the configuration is valid, but {}",
            finding.message
        );
    }
}

/// Number of mistakes of a refused configuration that are logged; `check` shows
/// all.
const MOST_LOGGED: usize = 20;

/// Logs why a changed configuration was refused.
pub(super) fn log_refusal(report: &Report) {
    let errors = report.count(Severity::Error);
    tracing::error!(
        errors,
        "the changed configuration is refused, and the old one stays in force: `scim-rotator check` shows what is wrong"
    );
    let wrong = report.findings().iter();
    let wrong = wrong.filter(|finding| finding.severity == Severity::Error);
    for finding in wrong.take(MOST_LOGGED) {
        tracing::error!(
            file = %finding.file.display(),
            line = finding.line,
            key = %finding.path,
            remedy = %finding.remedy,
            "refused: {}",
            finding.message
        );
    }
}

/// The wired program and the named tokens (all if none is named), for a command
/// that a person or a timer started.
///
/// # Errors
/// With the exit code, after a message, if the configuration cannot be used or
/// a name is unknown.
pub(super) fn world(
    config: &Path,
    logs: Logs,
    names: &[String],
) -> Result<(Settings, World, Vec<Unit>), Exit> {
    let settings = settings(config, logs)?;
    let world = World::new(&settings, Notifier::silent(), WhoKind::Command);
    match world.and_then(|world| Ok((world.named(names)?, world))) {
        Ok((units, world)) => Ok((settings, world, units)),
        Err(error) => {
            complain(&format!("{error}\n"));
            Err(Exit::Usage)
        }
    }
}

/// The same for a command that a person gives, which acts with the person's own
/// Vault token: that in `VAULT_TOKEN`. Without it, the login of the
/// configuration is used.
///
/// # Errors
/// As [`world`].
pub(super) fn world_of_a_person(
    config: &Path,
    names: &[String],
) -> Result<(World, Vec<Unit>), Exit> {
    let settings = settings_of_a_person(config)?;
    let world = World::new(&settings, Notifier::silent(), WhoKind::Command);
    match world.and_then(|world| Ok((world.named(names)?, world))) {
        Ok((units, world)) => Ok((world, units)),
        Err(error) => {
            complain(&format!("{error}\n"));
            Err(Exit::Usage)
        }
    }
}

/// Tokens that are rotated, and federated credentials.
pub(super) type Both = (Vec<Unit>, Vec<Arc<Watched>>);

/// The same as [`world`], with the named federated credentials.
///
/// # Errors
/// As [`world`].
pub(super) fn world_of_both(
    config: &Path,
    logs: Logs,
    names: &[String],
) -> Result<(Settings, World, Both), Exit> {
    let settings = settings(config, logs)?;
    let world = World::new(&settings, Notifier::silent(), WhoKind::Command);
    match world.and_then(|world| Ok((world.named_of_both(names)?, world))) {
        Ok((both, world)) => Ok((settings, world, both)),
        Err(error) => {
            complain(&format!("{error}\n"));
            Err(Exit::Usage)
        }
    }
}

/// The same as [`world_of_a_person`], with the named federated credentials.
///
/// # Errors
/// As [`world`].
pub(super) fn world_of_a_person_of_both(
    config: &Path,
    names: &[String],
) -> Result<(World, Both), Exit> {
    let settings = settings_of_a_person(config)?;
    let world = World::new(&settings, Notifier::silent(), WhoKind::Command);
    match world.and_then(|world| Ok((world.named_of_both(names)?, world))) {
        Ok((both, world)) => Ok((world, both)),
        Err(error) => {
            complain(&format!("{error}\n"));
            Err(Exit::Usage)
        }
    }
}

fn settings_of_a_person(config: &Path) -> Result<Settings, Exit> {
    let mut settings = settings(config, Logs::Warnings)?;
    if environment::has(VAULT_TOKEN) {
        let token = Credential(SecretRef::Env(VAULT_TOKEN.to_owned()));
        settings.vault.auth = AuthConfig::Token(TokenAuth { token });
    }
    Ok(settings)
}

/// As Vault's own tool names it.
const VAULT_TOKEN: &str = "VAULT_TOKEN";

/// Runs a future on a new multi-threaded runtime.
pub(super) fn block_on(work: impl Future<Output = Exit>) -> Exit {
    block_on_value(work).unwrap_or(Exit::Failed)
}

/// The same for a future with another result. `None` after a message if there is no
/// runtime.
pub(super) fn block_on_value<T>(work: impl Future<Output = T>) -> Option<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => {
            let value = runtime.block_on(work);
            // A thread that waits for a file system must not keep the process.
            runtime.shutdown_background();
            Some(value)
        }
        Err(error) => {
            complain(&format!("the runtime could not be started: {error}\n"));
            None
        }
    }
}

//! The parts of the configuration that the supervisor needs.

use std::sync::Arc;

use jiff::SignedDuration;

use crate::ports::unit::Unit;

/// How the supervisor works.
#[derive(Debug, Clone)]
pub struct SupervisorSettings {
    /// Number of tokens that are worked on at once.
    pub concurrency: usize,
    /// A token is read from the store at least this often.
    pub sweep: SignedDuration,
    /// How long running steps may take when the process ends.
    pub grace: SignedDuration,
}

/// A new configuration.
#[derive(Debug, Clone)]
pub struct Change {
    /// All tokens.
    pub units: Vec<Arc<Unit>>,
    /// How the supervisor works.
    pub settings: SupervisorSettings,
}

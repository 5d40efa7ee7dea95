//! What the configuration says to the supervisor.

use std::sync::Arc;

use jiff::SignedDuration;

use crate::ports::unit::Unit;

/// How the supervisor works.
#[derive(Debug, Clone)]
pub struct SupervisorSettings {
    /// Tokens that are worked on at once.
    pub concurrency: usize,
    /// A token is read from the store at least this often.
    pub sweep: SignedDuration,
    /// How long running steps may take to end when the work is ended.
    pub grace: SignedDuration,
}

/// What the configuration says now.
#[derive(Debug, Clone)]
pub struct Change {
    /// All tokens.
    pub units: Vec<Arc<Unit>>,
    /// How the supervisor works.
    pub settings: SupervisorSettings,
}

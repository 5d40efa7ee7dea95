//! The switch that stops all work.

use async_trait::async_trait;
use jiff::Timestamp;

use super::StoreError;
use crate::rotation::record::{Control, Handled, RequestsOf};

/// The switch after requests about all tokens were handled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Switched {
    /// What is stored then.
    pub control: Control,
    /// The requests that were handled by this call; empty if nothing was changed.
    pub newly_handled: Vec<Handled>,
}

/// Stops and resumes the work on all tokens, as people ask for.
#[async_trait]
pub trait Switch: Send + Sync {
    /// Handles requests about all tokens.
    ///
    /// # Errors
    /// When the store cannot be used, or its document cannot be understood.
    async fn take_requests_for_all(
        &self,
        from: &[RequestsOf],
        now: Timestamp,
    ) -> Result<Switched, StoreError>;
}

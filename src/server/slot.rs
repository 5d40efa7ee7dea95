//! What a connection of the server is doing.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio_util::sync::CancellationToken;

/// What one open connection is doing.
#[derive(Default)]
pub(super) struct Slot {
    /// A request is being answered.
    pub(super) busy: AtomicBool,
    /// An answer cannot be written on, because the client does not read.
    pub(super) stalled: AtomicBool,
    /// Ends the connection.
    pub(super) ended: CancellationToken,
}

impl Slot {
    pub(super) fn is_idle(&self) -> bool {
        !self.busy.load(Ordering::Relaxed) && !self.is_stalled()
    }

    pub(super) fn is_stalled(&self) -> bool {
        self.stalled.load(Ordering::Relaxed)
    }
}

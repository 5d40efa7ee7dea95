//! Reconciles what this process did with a record that another writer has
//! stored since. The core decides what the record must contain:
//! [`reconcile_uncommitted`].

use super::memory::Memory;
use super::run::Runner;
use super::situation::Seen;
use crate::ports::StoreError;
use crate::ports::unit::Unit;
use crate::rotation::apply::reconcile_uncommitted;
use crate::rotation::capability::ConnectionCapabilities;
use crate::rotation::record::StatedEnd;
use crate::rotation::situation::Published;
use crate::rotation::uncommitted::Uncommitted;

impl Runner {
    /// Adds what this process did to the record of the other writer, and stores it.
    /// This comes before anything else is done for the token.
    ///
    /// # Errors
    /// When the store cannot be used, or another write came first. What has to be
    /// reconciled then stays in `memory`.
    pub(super) async fn reconcile(
        &self,
        unit: &Unit,
        memory: &mut Memory,
        connections: &[(String, ConnectionCapabilities)],
    ) -> Result<(), StoreError> {
        if memory.conflicted.is_empty() && memory.unrecorded.is_empty() {
            return Ok(());
        }
        let Some(stored) = memory.record() else {
            return Ok(());
        };
        let unread = Seen {
            what: Published::Unknown,
            end: StatedEnd::Absent,
        };
        let situation = self.situation(unit, connections, &unread, memory, stored);
        let now = self.now(unit);
        let reconciled = reconcile_uncommitted(stored, &memory.conflicted, &situation, now);
        if reconciled.record != *stored {
            self.replace(memory, reconciled.record).await?;
        }
        memory.conflicted = Uncommitted::default();
        memory.unrecorded = reconciled.unrecorded;
        Ok(())
    }
}

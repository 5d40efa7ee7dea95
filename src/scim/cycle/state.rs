//! A running cycle: what it was given, its journal, and the steps so far.

use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use super::full::FullCycle;
use super::journal::{Journal, JournalDocument, JournalError, LastRun};
use super::names::Names;
use super::profile::{CycleConfig, DeleteSemantics};
use super::report::{Grade, Step, StepReport, Stop};
use super::sender::Sender;
use crate::secret::BearerToken;

/// What one run is given.
#[derive(Clone, Copy)]
pub struct Order<'a> {
    /// The token in use.
    pub token: &'a BearerToken,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// Its name in the configuration.
    pub name: &'a str,
    /// Random id of this run.
    pub run: &'a str,
    /// Random id of this process.
    pub holder: &'a str,
    /// Where is stored what may be left behind.
    pub journal: &'a dyn Journal,
    /// Ends the run between two steps; the clean-up is still done.
    pub cancel: &'a CancellationToken,
}

/// How long a process may run besides `full_cycle.timeout`.
const BESIDES: SignedDuration = SignedDuration::from_secs(60);

/// A running cycle.
pub(super) struct Run<'a> {
    pub(super) cycle: FullCycle<'a>,
    pub(super) order: Order<'a>,
    pub(super) send: Sender<'a>,
    pub(super) names: Names,
    pub(super) ledger: Ledger<'a>,
    /// Whether resources are changed by PUT.
    pub(super) by_put: bool,
    /// Whether the service provider stores the user under another name than was sent.
    pub(super) is_rewritten: bool,
    pub(super) steps: &'a mut Vec<StepReport>,
}

impl<'a> Run<'a> {
    pub(super) fn config(&self) -> &'a CycleConfig {
        &self.cycle.rules.config
    }

    pub(super) fn scim_url(&self) -> String {
        self.cycle.endpoint.scim_url.to_string()
    }

    pub(super) fn note(&mut self, step: Step, grade: Grade, detail: impl Into<String>) {
        self.steps.push(StepReport {
            step,
            grade,
            detail: detail.into(),
        });
    }

    pub(super) fn passed(&mut self, step: Step) {
        self.note(step, Grade::Passed, "");
    }

    /// Whether the process is ending.
    pub(super) fn goes_on(&self, step: Step) -> Result<(), Stop> {
        match self.order.cancel.is_cancelled() {
            true => Err(Stop::inconclusive(step, "the process is ending")),
            false => Ok(()),
        }
    }
}

/// The journal as this run has it.
pub(super) struct Ledger<'a> {
    order: Order<'a>,
    lasts: SignedDuration,
    pub(super) document: JournalDocument,
    version: u64,
    /// Whether another process has taken over: it cleans up, too.
    pub(super) is_lost: bool,
}

impl<'a> Ledger<'a> {
    pub(super) async fn open(
        order: Order<'a>,
        config: &CycleConfig,
        now: Timestamp,
    ) -> Result<Self, Stop> {
        let read = order.journal.read(order.name).await;
        let (document, version) = read.map_err(|error| stop_of(&error))?;
        if document.is_taken(order.holder, now) {
            let until = document.runner.as_ref().map(|runner| runner.until);
            let text = format!(
                "another process runs a cycle of this token, or was killed in one: try again after {}",
                until.unwrap_or(now)
            );
            return Err(Stop::inconclusive(Step::Journal, text));
        }
        let mut ledger = Self {
            order,
            lasts: config.timeout.0.saturating_add(BESIDES),
            document,
            version,
            is_lost: false,
        };
        ledger.change(now, |_| {}).await?;
        Ok(ledger)
    }

    /// Stores a change. What is not stored is kept in memory all the same: the
    /// clean-up of this run needs it.
    pub(super) async fn change(
        &mut self,
        now: Timestamp,
        edit: impl FnOnce(&mut JournalDocument),
    ) -> Result<(), Stop> {
        edit(&mut self.document);
        self.document.take(self.order.holder, now, self.lasts);
        self.store().await
    }

    pub(super) async fn conclude(
        &mut self,
        last: LastRun,
        issued_at: Timestamp,
    ) -> Result<(), Stop> {
        self.document.conclude(last, issued_at);
        self.store().await
    }

    pub(super) async fn release(&mut self) -> Result<(), Stop> {
        self.document.runner = None;
        self.store().await
    }

    async fn store(&mut self) -> Result<(), Stop> {
        let journal = self.order.journal;
        let written = journal.write(self.order.name, &self.document, self.version);
        match written.await {
            Ok(version) => {
                self.version = version;
                Ok(())
            }
            Err(error) => {
                self.is_lost |= error == JournalError::Conflict;
                Err(stop_of(&error))
            }
        }
    }
}

fn stop_of(error: &JournalError) -> Stop {
    Stop::inconclusive(Step::Journal, error.to_string())
}

/// Whether every run uses the same user.
pub(super) fn uses_again(config: &CycleConfig) -> bool {
    config.reuse_identity || config.delete_semantics == DeleteSemantics::Deactivate
}

impl From<Stop> for StepReport {
    fn from(stop: Stop) -> Self {
        Self {
            step: stop.step,
            grade: stop.grade,
            detail: stop.detail,
        }
    }
}

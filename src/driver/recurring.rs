//! Recurring jobs. Each only sends a message to the supervisor, which decides
//! what is due.
//!
//! The jobs of tokio-cron-scheduler are given in UTC: its repeated jobs stop for
//! ever after one long pause of the process, and with a time zone it keeps the
//! offset of the day on which a job was made.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::mpsc;
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};

/// What a recurring job asks the supervisor to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SupervisorMessage {
    /// Read the tokens that were not read from Vault for a while.
    Sweep,
    /// Send a one-line report of the state of all tokens.
    Report,
    /// Wake every token now: something that concerns all of them has changed.
    WakeAll,
    /// Read these tokens again and wake them now: somebody wrote something.
    Look(BTreeSet<String>),
}

const JOBS: [(&str, SupervisorMessage); 2] = [
    ("*/5 * * * * *", SupervisorMessage::Sweep),
    ("*/15 * * * * *", SupervisorMessage::Report),
];

/// The running jobs; they end when this is dropped or shut down.
pub struct Recurring {
    scheduler: JobScheduler,
}

impl Recurring {
    /// Starts the jobs.
    ///
    /// # Errors
    /// When the scheduler cannot be started.
    pub async fn start(
        messages: mpsc::Sender<SupervisorMessage>,
    ) -> Result<Self, JobSchedulerError> {
        let scheduler = JobScheduler::new().await?;
        for (pattern, message) in JOBS {
            scheduler.add(job(pattern, &message, &messages)?).await?;
        }
        scheduler.start().await?;
        Ok(Self { scheduler })
    }

    /// Stops the jobs.
    pub async fn stop(mut self) {
        if let Err(error) = self.scheduler.shutdown().await {
            tracing::debug!(%error, "the recurring jobs did not stop cleanly");
        }
    }
}

/// The scheduler starts a job again while it is still running; with this guard
/// the second run returns at once.
fn job(
    pattern: &str,
    message: &SupervisorMessage,
    messages: &mpsc::Sender<SupervisorMessage>,
) -> Result<Job, JobSchedulerError> {
    let running = Arc::new(AtomicBool::new(false));
    let (message, messages) = (message.clone(), messages.clone());
    Job::new_async(pattern, move |_id, _scheduler| {
        let (running, messages) = (Arc::clone(&running), messages.clone());
        let message = message.clone();
        Box::pin(async move {
            if running.swap(true, Ordering::AcqRel) {
                return;
            }
            // If the channel is full, the supervisor has not read earlier
            // messages yet, and needs no further one.
            let _sent = messages.try_send(message).is_ok();
            running.store(false, Ordering::Release);
        })
    })
}

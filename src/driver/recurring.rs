//! The recurring jobs. They only ring: the body of each job puts a word into
//! the supervisor's channel, and what is due is decided there.
//!
//! tokio-cron-scheduler is given cron jobs in UTC only: its repeated jobs stop
//! for ever after one long pause, and its time zones keep the offset of the day
//! on which a job was made.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::mpsc;
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};

/// What a recurring job asks the supervisor to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ring {
    /// Look which tokens have not been read from Vault for a while.
    Sweep,
    /// Say in words how things stand.
    Report,
    /// Look at every token now: what holds for all of them has changed.
    LookAtAll,
}

const JOBS: [(&str, Ring); 2] = [
    ("*/5 * * * * *", Ring::Sweep),
    ("*/15 * * * * *", Ring::Report),
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
    pub async fn start(rings: mpsc::Sender<Ring>) -> Result<Self, JobSchedulerError> {
        let scheduler = JobScheduler::new().await?;
        for (pattern, ring) in JOBS {
            scheduler.add(job(pattern, ring, rings.clone())?).await?;
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

/// The scheduler starts a job again while it still runs; the guard makes the
/// second run return at once.
fn job(pattern: &str, ring: Ring, rings: mpsc::Sender<Ring>) -> Result<Job, JobSchedulerError> {
    let running = Arc::new(AtomicBool::new(false));
    Job::new_async(pattern, move |_id, _scheduler| {
        let (running, rings) = (Arc::clone(&running), rings.clone());
        Box::pin(async move {
            if running.swap(true, Ordering::AcqRel) {
                return;
            }
            // A full channel means that the supervisor has not heard the last
            // ring yet: one is enough.
            let _heard = rings.try_send(ring).is_ok();
            running.store(false, Ordering::Release);
        })
    })
}

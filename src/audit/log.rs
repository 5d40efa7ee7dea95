//! The lines on their way to the file. A thread of its own writes them; who hands one over
//! waits until it is written and on the disk, but never long. What waits at one time is
//! synchronised to the disk together.

mod writing;

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use tokio::sync::oneshot;

use super::chain::Head;
use super::pen::{Destination, Own, Pen};
use writing::Together;

/// How long one waits for its line to be written. After that, and until lines are written
/// again, nobody waits.
const PATIENCE: Duration = Duration::from_secs(2);
/// Most bytes that wait to be written: some ten thousand lines.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// How the lines fare, for metrics and for the decision to begin no rotation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Health {
    /// Lines that were written.
    pub written: u64,
    /// Lines that were lost.
    pub lost: u64,
    /// Why lines are not written now; `None` if they are.
    pub failing: Option<String>,
}

/// A queue of lines with its writing thread.
pub(super) struct AuditLog {
    shared: Arc<Shared>,
}

struct Shared {
    most_bytes: usize,
    patience: Duration,
    /// Whether nobody goes on before its line is on the disk.
    sync: bool,
    queue: Mutex<Queue>,
    filled: Condvar,
    written: AtomicU64,
    /// How often lines were synchronised to the disk.
    synced: AtomicU64,
    lost: AtomicU64,
    failing: Mutex<Option<String>>,
}

#[derive(Default)]
struct Queue {
    lines: VecDeque<Waiting>,
    bytes: usize,
    /// Lines that were lost since the last line that told so.
    lost: u64,
    reopen: bool,
    syncs: Vec<oneshot::Sender<Head>>,
}

struct Waiting {
    fields: String,
    written: Option<oneshot::Sender<()>>,
}

impl AuditLog {
    pub(super) fn new(sync: bool) -> Self {
        Self::with(MOST_BYTES, PATIENCE, sync)
    }

    fn with(most_bytes: usize, patience: Duration, sync: bool) -> Self {
        Self {
            shared: Arc::new(Shared {
                most_bytes,
                patience,
                sync,
                queue: Mutex::default(),
                filled: Condvar::new(),
                written: AtomicU64::new(0),
                synced: AtomicU64::new(0),
                lost: AtomicU64::new(0),
                failing: Mutex::default(),
            }),
        }
    }

    /// Starts the thread, which continues the chain of `replica` from the file or from the
    /// head that is stored in Vault.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub(super) fn start(
        &self,
        to: Destination,
        replica: &str,
        stored: Option<Head>,
        own: Own,
    ) -> io::Result<()> {
        let mut pen = Pen::new(to, replica, stored, own);
        let shared = Arc::clone(&self.shared);
        thread::Builder::new()
            .name("audit".to_owned())
            .spawn(move || {
                let mut together = Together::default();
                loop {
                    shared.turn(&mut pen, &mut together);
                }
            })
            .map(drop)
    }

    /// Hands a line over and waits until it is written, and on the disk if so configured,
    /// for as long as lines are written.
    pub(super) async fn push(&self, fields: String) {
        let Some(written) = self.enqueue(fields, true) else {
            return;
        };
        let shared = &self.shared;
        if tokio::time::timeout(shared.patience, written)
            .await
            .is_err()
        {
            let how = match shared.sync {
                true => "written and synchronised to the disk",
                false => "written",
            };
            let text = format!("a line was not {how} within {:?}", shared.patience);
            shared.fails(text);
        }
    }

    /// Hands a line over and does not wait.
    pub(super) fn push_now(&self, fields: String) {
        self.enqueue(fields, false);
    }

    fn enqueue(&self, fields: String, waits: bool) -> Option<oneshot::Receiver<()>> {
        let shared = &self.shared;
        let waits = waits && shared.failing.lock().is_none();
        let mut queue = shared.queue.lock();
        if queue.bytes + fields.len() > shared.most_bytes {
            queue.lost += 1;
            drop(queue);
            shared.lost.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        let (tell, told) = oneshot::channel();
        queue.bytes += fields.len();
        queue.lines.push_back(Waiting {
            fields,
            written: waits.then_some(tell),
        });
        drop(queue);
        shared.filled.notify_one();
        waits.then_some(told)
    }

    /// Opens the file anew before the next line.
    pub(super) fn reopen(&self) {
        self.shared.queue.lock().reopen = true;
        self.shared.filled.notify_one();
    }

    /// The head of the chain, once everything before it is written and on the disk. `None`
    /// if that takes too long.
    pub(super) async fn head(&self) -> Option<Head> {
        let (tell, told) = oneshot::channel();
        self.shared.queue.lock().syncs.push(tell);
        self.shared.filled.notify_one();
        tokio::time::timeout(self.shared.patience, told)
            .await
            .ok()?
            .ok()
    }

    pub(super) fn health(&self) -> Health {
        let shared = &self.shared;
        Health {
            written: shared.written.load(Ordering::Relaxed),
            lost: shared.lost.load(Ordering::Relaxed),
            failing: shared.failing.lock().clone(),
        }
    }
}

#[cfg(test)]
mod tests;

//! The lines on their way to the file. A thread of its own writes them; who hands one over
//! waits until it is written and on the disk, but never long. What waits at one time is
//! synchronised to the disk together.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use parking_lot::{Condvar, Mutex, MutexGuard};
use tokio::sync::oneshot;

use super::chain::Head;
use super::event::bounded;
use super::pen::{Destination, Own, Pen};

/// How long one waits for its line to be written. After that, and until lines are written
/// again, nobody waits.
const PATIENCE: Duration = Duration::from_secs(2);
/// Pause before what could not be written is tried again.
const RETRY: Duration = Duration::from_millis(250);
/// Most bytes that wait to be written: some ten thousand lines.
const MOST_BYTES: usize = 4 * 1024 * 1024;
/// Most lines that are synchronised to the disk together.
const MOST_TOGETHER: usize = 1024;

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

/// Lines that were written and are not on the disk yet.
#[derive(Default)]
struct Together {
    lines: usize,
    waiting: Vec<oneshot::Sender<()>>,
}

/// What the thread does next.
enum Task {
    Line(String),
    /// Has what was written survive the machine, and lets those go on who wait for it.
    Together,
    Lost(u64),
    Begin,
    Reopen,
    Sync,
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

impl Together {
    /// Lets those go on whose lines are safe.
    fn goes_on(&mut self) {
        for tell in self.waiting.drain(..) {
            // Who waited may have given up.
            let _gone = tell.send(()).is_err();
        }
    }
}

impl Shared {
    fn turn(&self, pen: &mut Pen, together: &mut Together) {
        match self.next(pen, together) {
            Task::Together => self.synchronise(pen, together),
            Task::Begin => {
                self.begin(pen);
            }
            Task::Reopen => {
                pen.close();
                self.begin(pen);
            }
            Task::Sync => self.sync(pen),
            Task::Lost(lost) => {
                let fields = pen.lost(lost);
                if self.write(pen, &fields) {
                    together.lines += usize::from(self.sync);
                    let mut queue = self.queue.lock();
                    queue.lost = queue.lost.saturating_sub(lost);
                }
            }
            Task::Line(fields) => {
                if self.write(pen, &fields) {
                    self.is_written(together);
                }
            }
        }
    }

    fn next(&self, pen: &Pen, together: &Together) -> Task {
        let mut queue = self.queue.lock();
        loop {
            // What was written is in the file that is open now.
            let is_much = together.lines >= MOST_TOGETHER;
            if together.lines > 0 && (queue.reopen || is_much) {
                return Task::Together;
            }
            if std::mem::take(&mut queue.reopen) {
                return Task::Reopen;
            }
            if let Some(line) = queue.lines.front() {
                return Task::Line(line.fields.clone());
            }
            if together.lines > 0 {
                return Task::Together;
            }
            if queue.lost > 0 {
                return Task::Lost(queue.lost);
            }
            if !queue.syncs.is_empty() {
                return Task::Sync;
            }
            if pen.head().is_none() {
                // The first line says that the chain goes on.
                return Task::Begin;
            }
            self.filled.wait(&mut queue);
        }
    }

    /// Opens the file and writes what has to stand at its place.
    fn begin(&self, pen: &mut Pen) {
        let begun = pen.begin();
        self.goes_on(pen, begun);
    }

    /// Writes a line, and what has to stand before it.
    fn write(&self, pen: &mut Pen, fields: &str) -> bool {
        let written = pen.write(fields);
        self.goes_on(pen, written)
    }

    /// Whether it succeeded. After a failure it pauses.
    fn goes_on(&self, pen: &Pen, done: io::Result<()>) -> bool {
        self.written.store(pen.written(), Ordering::Relaxed);
        match done {
            Ok(()) => {
                self.works();
                true
            }
            Err(error) => {
                self.fails(error.to_string());
                let mut queue = self.queue.lock();
                self.pause(&mut queue);
                false
            }
        }
    }

    /// A reopening ends the pause.
    fn pause(&self, queue: &mut MutexGuard<'_, Queue>) {
        let until = |queue: &mut Queue| !queue.reopen;
        self.filled.wait_while_for(queue, until, RETRY);
    }

    fn is_written(&self, together: &mut Together) {
        let mut queue = self.queue.lock();
        let Some(line) = queue.lines.pop_front() else {
            return;
        };
        queue.bytes = queue.bytes.saturating_sub(line.fields.len());
        drop(queue);
        together.lines += usize::from(self.sync);
        together.waiting.extend(line.written);
        if !self.sync {
            together.goes_on();
        }
    }

    fn synchronise(&self, pen: &Pen, together: &mut Together) {
        match pen.sync() {
            Ok(()) => {
                self.synced.fetch_add(1, Ordering::Relaxed);
                together.lines = 0;
                together.goes_on();
            }
            Err(error) => {
                self.fails(format!(
                    "lines are written and cannot be synchronised to the disk: {error}"
                ));
                let mut queue = self.queue.lock();
                if queue.reopen {
                    // The file is left as it is.
                    together.lines = 0;
                    return;
                }
                self.pause(&mut queue);
            }
        }
    }

    fn sync(&self, pen: &mut Pen) {
        let waiting = std::mem::take(&mut self.queue.lock().syncs);
        if let Err(error) = pen.sync() {
            self.fails(error.to_string());
            return;
        }
        for tell in waiting {
            let _gone = pen.head().is_some_and(|head| tell.send(head).is_err());
        }
    }

    fn fails(&self, why: String) {
        let mut failing = self.failing.lock();
        if failing.is_none() {
            tracing::error!(why, "the audit is not written");
            *failing = Some(bounded(&why));
        }
    }

    fn works(&self) {
        if self.failing.lock().take().is_some() {
            tracing::warn!("the audit is written again");
        }
    }
}

#[cfg(test)]
mod tests;

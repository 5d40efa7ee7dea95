//! The lines on their way to the file. A thread of its own writes them; who hands one over
//! waits until it is written, but never long.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use parking_lot::{Condvar, Mutex, MutexGuard};
use tokio::sync::oneshot;

use super::chain::{Gap, Head};
use super::event::{Event, bounded};
use super::sink::{NotWritten, Sink};
use super::tail;

/// How long one waits for its line to be written. After that, and until lines are written
/// again, nobody waits.
const PATIENCE: Duration = Duration::from_secs(2);
/// Pause before what could not be written is tried again.
const RETRY: Duration = Duration::from_millis(250);
/// Most bytes that wait to be written: some ten thousand lines.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// Makes an event about the audit itself.
pub(super) type Own = Box<dyn Fn(&'static str) -> Event + Send>;

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

/// Where lines go.
pub(super) struct Destination {
    pub(super) sink: Sink,
    /// Takes a copy, and must never block.
    pub(super) copy: Option<Box<dyn io::Write + Send>>,
}

/// A queue of lines with its writing thread.
pub(super) struct AuditLog {
    shared: Arc<Shared>,
}

struct Shared {
    most_bytes: usize,
    patience: Duration,
    queue: Mutex<Queue>,
    filled: Condvar,
    written: AtomicU64,
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

/// What the thread does next.
enum Task {
    Line(String),
    Lost(u64),
    Begin,
    Reopen,
    Sync,
}

impl AuditLog {
    pub(super) fn new() -> Self {
        Self::with(MOST_BYTES, PATIENCE)
    }

    fn with(most_bytes: usize, patience: Duration) -> Self {
        Self {
            shared: Arc::new(Shared {
                most_bytes,
                patience,
                queue: Mutex::default(),
                filled: Condvar::new(),
                written: AtomicU64::new(0),
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
        let mut pen = Pen {
            sink: to.sink,
            replica: replica.to_owned(),
            stored,
            head: None,
            own,
            before: VecDeque::new(),
            ends_line: false,
            written: 0,
            copy: to.copy,
        };
        let shared = Arc::clone(&self.shared);
        thread::Builder::new()
            .name("audit".to_owned())
            .spawn(move || {
                loop {
                    shared.turn(&mut pen);
                }
            })
            .map(drop)
    }

    /// Hands a line over and waits until it is written, for as long as lines are written.
    pub(super) async fn push(&self, fields: String) {
        let Some(written) = self.enqueue(fields, true) else {
            return;
        };
        let shared = &self.shared;
        if tokio::time::timeout(shared.patience, written)
            .await
            .is_err()
        {
            let text = format!("a line was not written within {:?}", shared.patience);
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

impl Shared {
    fn turn(&self, pen: &mut Pen) {
        match self.next(pen) {
            Task::Begin => {
                self.begin(pen);
            }
            Task::Reopen => {
                pen.sink.close();
                self.begin(pen);
            }
            Task::Sync => self.sync(pen),
            Task::Lost(lost) => {
                let fields = pen.lost(lost);
                if self.write(pen, &fields) {
                    let mut queue = self.queue.lock();
                    queue.lost = queue.lost.saturating_sub(lost);
                }
            }
            Task::Line(fields) => {
                if self.write(pen, &fields) {
                    self.is_written();
                }
            }
        }
    }

    fn next(&self, pen: &Pen) -> Task {
        let mut queue = self.queue.lock();
        loop {
            if std::mem::take(&mut queue.reopen) {
                return Task::Reopen;
            }
            if let Some(line) = queue.lines.front() {
                return Task::Line(line.fields.clone());
            }
            if queue.lost > 0 {
                return Task::Lost(queue.lost);
            }
            if !queue.syncs.is_empty() {
                return Task::Sync;
            }
            if pen.head.is_none() {
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
        self.written.store(pen.written, Ordering::Relaxed);
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

    fn is_written(&self) {
        let mut queue = self.queue.lock();
        if let Some(line) = queue.lines.pop_front() {
            queue.bytes = queue.bytes.saturating_sub(line.fields.len());
            drop(queue);
            if let Some(tell) = line.written {
                // Who waited may have given up.
                let _gone = tell.send(()).is_err();
            }
        }
    }

    fn sync(&self, pen: &mut Pen) {
        let waiting = std::mem::take(&mut self.queue.lock().syncs);
        if let Err(error) = pen.sink.sync() {
            self.fails(error.to_string());
            return;
        }
        for tell in waiting {
            let _gone = pen.head.is_some_and(|head| tell.send(head).is_err());
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

/// The writing end: the place in the chain, and what stands before the next line.
struct Pen {
    sink: Sink,
    replica: String,
    /// The head that Vault has stored.
    stored: Option<Head>,
    /// `None` until the first file is open.
    head: Option<Head>,
    own: Own,
    /// Lines about the audit itself that come first.
    before: VecDeque<String>,
    /// Whether the part of a line has to be ended first.
    ends_line: bool,
    /// Lines that were written.
    written: u64,
    /// Takes each line too: standard output beside a file.
    copy: Option<Box<dyn io::Write + Send>>,
}

impl Pen {
    fn write(&mut self, fields: &str) -> io::Result<()> {
        self.begin()?;
        self.put(fields)
    }

    fn begin(&mut self) -> io::Result<()> {
        self.open()?;
        while let Some(own) = self.before.front().cloned() {
            self.put(&own)?;
            self.before.pop_front();
        }
        Ok(())
    }

    fn put(&mut self, fields: &str) -> io::Result<()> {
        let (line, next) = self.head.unwrap_or(Head::NONE).line(fields);
        let mut bytes = Vec::with_capacity(line.len() + 2);
        if self.ends_line {
            bytes.push(b'\n');
        }
        bytes.extend_from_slice(line.as_bytes());
        bytes.push(b'\n');
        match self.sink.write(&bytes) {
            Ok(()) => {
                self.head = Some(next);
                self.ends_line = false;
                self.written += 1;
                if let Some(copy) = &mut self.copy {
                    // It never blocks, and tells by itself what nobody read.
                    drop(copy.write(&bytes));
                }
                Ok(())
            }
            Err(NotWritten { error, left }) => {
                if left > 0 {
                    let fragment = &bytes[..left];
                    let fragment = fragment.strip_prefix(b"\n").unwrap_or(fragment);
                    let torn = self.torn(fragment);
                    self.before.push_back(torn);
                    self.ends_line = true;
                }
                Err(error)
            }
        }
    }

    /// Opens the sink. The first time, the place in the chain is found; each time, the part
    /// of a line at the end of the file is marked.
    fn open(&mut self) -> io::Result<()> {
        let opened = self.sink.open()?;
        let tail = match self.sink.readable().filter(|_| opened) {
            Some(path) => tail::of_file(path, &self.replica)?,
            None => tail::Tail::default(),
        };
        if let Some(torn) = tail.torn {
            let event = Event {
                torn: Some(torn),
                ..(self.own)("torn")
            };
            self.ends_line = true;
            self.before.push_back(text(&event));
        }
        if self.head.is_none() {
            self.go_on(tail.head);
        }
        Ok(())
    }

    /// Continues the chain after the last line that is known, and says from where.
    fn go_on(&mut self, in_file: Option<Head>) {
        let rotated = || tail::of_rotated(self.sink.readable()?, &self.replica);
        let found = in_file.or_else(rotated);
        let (found_number, stored_number) = (number(found), number(self.stored));
        let head = match found_number >= stored_number {
            true => found,
            false => self.stored,
        };
        self.head = Some(head.unwrap_or(Head::NONE));
        let agrees = found == self.stored || found_number > stored_number;
        if !agrees {
            let event = Event {
                gap: Some(Gap {
                    found: found_number,
                    stored: stored_number,
                }),
                ..(self.own)("gap")
            };
            let why = "the last line that Vault knows is not the last one of the file: lines before this one may be missing";
            self.before.push_back(text(&event.because(why)));
        }
        self.before.push_back(text(&(self.own)("start")));
    }

    fn torn(&self, fragment: &[u8]) -> String {
        text(&Event {
            torn: Some(tail::torn(fragment)),
            ..(self.own)("torn")
        })
    }

    fn lost(&self, lost: u64) -> String {
        let why = "these events were not written, because the file or its reader took no line";
        let event = Event {
            lost: Some(lost),
            ..(self.own)("lost")
        };
        text(&event.because(why))
    }
}

fn number(head: Option<Head>) -> u64 {
    head.map_or(0, |head| head.number)
}

/// The fields of an event, with every secret masked that the program knows.
pub(super) fn text(event: &Event) -> String {
    let fields = serde_json::to_string(event).unwrap_or_else(|_| "{\"version\":0}".to_owned());
    crate::secret::redact::global()
        .mask_text(&fields)
        .into_owned()
}

#[cfg(test)]
mod tests;

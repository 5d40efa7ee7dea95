//! Lines on their way to standard error or standard output. A thread of its own
//! writes them, so that a reader that stalls costs lines and stops no work.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use tracing_subscriber::fmt::MakeWriter;

/// Most bytes that wait to be written: some ten thousand lines.
const MOST_BYTES: usize = 4 * 1024 * 1024;
/// Pause where the reader's side is set not to block and is full.
const FULL: Duration = Duration::from_millis(20);

/// A queue of lines with its writing thread. Clones share it.
#[derive(Clone)]
pub(super) struct LineQueue {
    shared: Arc<Shared>,
}

/// Tells people how many lines were lost.
type Tell = Box<dyn Fn(u64) + Send + Sync>;

struct Shared {
    most_bytes: usize,
    tell: Tell,
    waiting: Mutex<Waiting>,
    /// Something has come.
    filled: Condvar,
    /// All is written.
    emptied: Condvar,
    lost: AtomicU64,
    /// How many of them were told.
    told: AtomicU64,
}

#[derive(Default)]
struct Waiting {
    lines: VecDeque<Vec<u8>>,
    bytes: usize,
    /// A line has been taken out and is not written yet.
    is_writing: bool,
    /// Nothing is taken any more.
    has_ended: bool,
}

impl LineQueue {
    /// Starts the thread that writes to `to`. How many lines were lost is told once
    /// `to` is read again.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub(super) fn start(
        to: impl Write + Send + 'static,
        tell: impl Fn(u64) + Send + Sync + 'static,
    ) -> io::Result<Self> {
        Self::with_bound(to, tell, MOST_BYTES)
    }

    fn with_bound(
        to: impl Write + Send + 'static,
        tell: impl Fn(u64) + Send + Sync + 'static,
        most_bytes: usize,
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            most_bytes,
            tell: Box::new(tell),
            waiting: Mutex::default(),
            filled: Condvar::new(),
            emptied: Condvar::new(),
            lost: AtomicU64::new(0),
            told: AtomicU64::new(0),
        });
        let writing = Arc::clone(&shared);
        thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || writing.write_all_to(to))?;
        Ok(Self { shared })
    }

    /// Takes a line, or counts it as lost if too much waits already. Never blocks.
    pub(super) fn push(&self, line: &[u8]) {
        let shared = &self.shared;
        let mut waiting = shared.waiting.lock();
        if waiting.has_ended || waiting.bytes + line.len() > shared.most_bytes {
            drop(waiting);
            shared.lost.fetch_add(1, Ordering::Relaxed);
            return;
        }
        waiting.bytes += line.len();
        waiting.lines.push_back(line.to_vec());
        drop(waiting);
        shared.filled.notify_one();
    }

    /// How many lines were lost since the start.
    pub(super) fn lost(&self) -> u64 {
        self.shared.lost.load(Ordering::Relaxed)
    }

    /// Waits until everything is written, but no longer than this.
    pub(super) fn flush(&self, patience: Duration) {
        let mut waiting = self.shared.waiting.lock();
        let is_busy = |waiting: &mut Waiting| waiting.is_writing || !waiting.lines.is_empty();
        self.shared
            .emptied
            .wait_while_for(&mut waiting, is_busy, patience);
    }

    /// Ends the writing: waits like [`Self::flush`], and tells how many lines were
    /// not written. What is pushed afterwards is lost untold.
    pub(super) fn end(&self, patience: Duration) {
        self.flush(patience);
        let left = {
            let mut waiting = self.shared.waiting.lock();
            if std::mem::replace(&mut waiting.has_ended, true) {
                return;
            }
            let left = std::mem::take(&mut waiting.lines);
            left.len() + usize::from(waiting.is_writing)
        };
        let left = u64::try_from(left).unwrap_or(u64::MAX);
        self.shared.lost.fetch_add(left, Ordering::Relaxed);
        self.shared.tell_lost();
    }
}

impl Shared {
    /// Writes every line, for as long as the process lives.
    fn write_all_to(&self, mut to: impl Write) {
        loop {
            let line = self.next();
            let written = write(&mut to, &line);
            if written.is_err() {
                self.lost.fetch_add(1, Ordering::Relaxed);
            }
            self.waiting.lock().is_writing = false;
            // It is read again.
            if written.is_ok() {
                self.tell_lost();
            }
            self.tell_if_empty();
        }
    }

    fn tell_lost(&self) {
        let lost = self.lost.load(Ordering::Relaxed);
        let told = self.told.swap(lost, Ordering::Relaxed);
        if lost > told {
            (self.tell)(lost - told);
        }
    }

    fn next(&self) -> Vec<u8> {
        let mut waiting = self.waiting.lock();
        loop {
            if let Some(line) = waiting.lines.pop_front() {
                waiting.bytes -= line.len();
                waiting.is_writing = true;
                return line;
            }
            self.filled.wait(&mut waiting);
        }
    }

    fn tell_if_empty(&self) {
        if self.waiting.lock().lines.is_empty() {
            self.emptied.notify_all();
        }
    }
}

fn write(to: &mut impl Write, line: &[u8]) -> io::Result<()> {
    let mut rest = line;
    while !rest.is_empty() {
        match to.write(rest) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => rest = &rest[written..],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => thread::sleep(FULL),
            Err(error) => return Err(error),
        }
    }
    to.flush()
}

/// One line on its way into the queue; it comes in one piece.
pub(super) struct Line(LineQueue);

impl Write for Line {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.push(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for LineQueue {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line(self.clone())
    }
}

#[cfg(test)]
mod tests;

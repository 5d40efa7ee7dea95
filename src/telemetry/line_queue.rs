//! Log lines on their way to standard error. A thread of its own writes them, so
//! that a reader that stalls costs lines and stops no work.

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

struct Shared {
    most_bytes: usize,
    waiting: Mutex<Waiting>,
    /// Something has come.
    filled: Condvar,
    /// All is written.
    emptied: Condvar,
    lost: AtomicU64,
}

#[derive(Default)]
struct Waiting {
    lines: VecDeque<Vec<u8>>,
    bytes: usize,
    /// A line has been taken out and is not written yet.
    is_writing: bool,
}

impl LineQueue {
    /// Starts the thread that writes to `to`.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub(super) fn start(to: impl Write + Send + 'static) -> io::Result<Self> {
        Self::with_bound(to, MOST_BYTES)
    }

    fn with_bound(to: impl Write + Send + 'static, most_bytes: usize) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            most_bytes,
            waiting: Mutex::default(),
            filled: Condvar::new(),
            emptied: Condvar::new(),
            lost: AtomicU64::new(0),
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
        if waiting.bytes + line.len() > shared.most_bytes {
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
}

impl Shared {
    /// Writes every line, for as long as the process lives.
    fn write_all_to(&self, mut to: impl Write) {
        let mut told = 0;
        loop {
            let line = self.next();
            let written = write(&mut to, &line);
            if written.is_err() {
                self.lost.fetch_add(1, Ordering::Relaxed);
            }
            self.waiting.lock().is_writing = false;
            let lost = self.lost.load(Ordering::Relaxed);
            // Standard error is read again.
            if written.is_ok() && lost > told {
                let lines = lost - told;
                told = lost;
                tracing::warn!(lines, "log lines were lost: standard error was not read");
            }
            self.tell_if_empty();
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
mod tests {
    use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
    use std::time::Instant;

    use super::*;

    const SHORT: Duration = Duration::from_millis(100);
    const PATIENCE: Duration = Duration::from_secs(60);

    /// A reader that takes a line when it is asked to.
    struct Reader(SyncSender<Vec<u8>>);

    impl Write for Reader {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let sent = self.0.send(bytes.to_vec());
            sent.map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn stalled(most_bytes: usize) -> (LineQueue, Receiver<Vec<u8>>) {
        let (send, receive) = sync_channel(0);
        let queue = LineQueue::with_bound(Reader(send), most_bytes).expect("a thread");
        (queue, receive)
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the thread runs in real time")]
    fn a_reader_that_stalls_costs_lines_and_no_time() {
        let (queue, reader) = stalled(100);
        let begun = Instant::now();
        for number in 0..1000 {
            queue.push(format!("line {number:03}\n").as_bytes());
        }
        queue.flush(SHORT);
        assert!(begun.elapsed() < Duration::from_secs(20));
        let lost = queue.lost();
        // Nine bytes each: eleven wait, and one is being written.
        assert!((988..=989).contains(&lost), "{lost}");
        // Which one is being written depends on when the thread began.
        let mut kept: Vec<Vec<u8>> = Vec::new();
        while let Ok(line) = reader.recv_timeout(PATIENCE) {
            assert!(kept.last().is_none_or(|before| *before < line));
            kept.push(line);
            if kept.len() as u64 + lost == 1000 {
                break;
            }
        }
        assert_eq!(kept.len() as u64 + lost, 1000);
    }

    #[test]
    fn everything_is_written_before_the_end() {
        let (queue, reader) = stalled(MOST_BYTES);
        for number in 0..100 {
            queue.push(format!("{number}\n").as_bytes());
        }
        let reading = thread::spawn(move || reader.iter().take(100).count());
        queue.flush(PATIENCE);
        assert_eq!(reading.join().expect("joined"), 100);
        assert_eq!(queue.lost(), 0);
    }

    #[test]
    fn lines_that_nobody_can_read_any_more_are_lost() {
        let (queue, reader) = stalled(MOST_BYTES);
        drop(reader);
        queue.push(b"one\n");
        queue.push(b"two\n");
        queue.flush(PATIENCE);
        assert_eq!(queue.lost(), 2);
    }
}

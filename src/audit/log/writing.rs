//! The thread that writes the lines.

use std::io;
use std::sync::atomic::Ordering;
use std::time::Duration;

use parking_lot::MutexGuard;
use tokio::sync::oneshot;

use super::{Queue, Shared};
use crate::audit::event::bounded;
use crate::audit::pen::Pen;

/// Pause before what could not be written is tried again.
const RETRY: Duration = Duration::from_millis(250);
/// Most lines that are synchronised to the disk together.
const MOST_TOGETHER: usize = 1024;

/// Lines that were written and are not on the disk yet.
#[derive(Default)]
pub(super) struct Together {
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
    /// Waits for something to do, and does it.
    pub(super) fn turn(&self, pen: &mut Pen, together: &mut Together) {
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

    pub(super) fn fails(&self, why: String) {
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

//! The writing end: continues the chain where it ended, and marks what a crash left.

use std::collections::VecDeque;
use std::io;

use super::chain::{Gap, Head};
use super::event::Event;
use super::sink::{NotWritten, Sink};
use super::tail;
use crate::secret::redact;

/// Makes an event about the audit itself.
pub(super) type Own = Box<dyn Fn(&'static str) -> Event + Send>;

/// Where lines go.
pub(super) struct Destination {
    pub(super) sink: Sink,
    /// Takes a copy, and must never block.
    pub(super) copy: Option<Box<dyn io::Write + Send>>,
}

/// The writing end: the place in the chain, and what stands before the next line.
pub(super) struct Pen {
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
    /// Before the first line of this process. `stored` is the head that Vault has stored.
    pub(super) fn new(to: Destination, replica: &str, stored: Option<Head>, own: Own) -> Self {
        Self {
            sink: to.sink,
            replica: replica.to_owned(),
            stored,
            head: None,
            own,
            before: VecDeque::new(),
            ends_line: false,
            written: 0,
            copy: to.copy,
        }
    }

    /// The last line; `None` until the place in the chain is known.
    pub(super) fn head(&self) -> Option<Head> {
        self.head
    }

    /// How many lines were written.
    pub(super) fn written(&self) -> u64 {
        self.written
    }

    /// Has what was written survive the machine.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.sink.sync()
    }

    /// Opens the file anew before the next line.
    pub(super) fn close(&mut self) {
        self.sink.close();
    }

    pub(super) fn write(&mut self, fields: &str) -> io::Result<()> {
        self.begin()?;
        self.put(fields)
    }

    pub(super) fn begin(&mut self) -> io::Result<()> {
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
                    drop(copy.write_all(&bytes));
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

    pub(super) fn lost(&self, lost: u64) -> String {
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
    redact::global().mask_text(&fields).into_owned()
}

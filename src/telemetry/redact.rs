//! Masks secrets in log lines, in case one was logged by mistake.

use std::io;

use tracing_subscriber::fmt::MakeWriter;

pub use crate::secret::redact::{Redactor, global, install};

/// Wraps a writer of log lines. Each line comes in one piece.
#[derive(Clone)]
pub struct Redacting<M> {
    inner: M,
    redactor: &'static Redactor,
}

impl<M> Redacting<M> {
    /// Masks with this redactor what goes to `inner`.
    pub fn new(inner: M, redactor: &'static Redactor) -> Self {
        Self { inner, redactor }
    }
}

impl<'a, M: MakeWriter<'a>> MakeWriter<'a> for Redacting<M> {
    type Writer = RedactingWriter<M::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        RedactingWriter {
            inner: self.inner.make_writer(),
            redactor: self.redactor,
        }
    }
}

/// One line on its way out.
pub struct RedactingWriter<W> {
    inner: W,
    redactor: &'static Redactor,
}

impl<W: io::Write> io::Write for RedactingWriter<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.inner.write_all(&self.redactor.mask(line))?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

//! Traces: one a rotation, a span a step, sent to an OpenTelemetry collector.
//!
//! A rotation takes hours or days, survives restarts and is worked on by several
//! replicas. So no span is kept open: the ids of a trace and of its root follow from the
//! id of the rotation, which the record keeps, and a span is made when its step has
//! ended. Each process adds the steps that it performs to the same trace.
//!
//! Spans wait in a queue of bounded length. A collector that is slow or away loses
//! spans, which are counted, and never delays a step.

pub mod config;
mod exporter;
#[cfg(feature = "otlp")]
mod message;
mod queue;
mod span;

pub use self::exporter::{Deps, Exporter};

/// How spans become a message, and what the answer to one says.
#[derive(Clone, Copy)]
struct Encoding {
    encode: fn(&span::Process, &[span::Span]) -> Vec<u8>,
    /// How many spans of a message were refused, by this answer.
    rejected: fn(&[u8]) -> u64,
}

/// The encoding of OTLP; `None` in a build without the feature `otlp`.
fn encoding() -> Option<Encoding> {
    #[cfg(feature = "otlp")]
    let encoding = Some(Encoding {
        encode: message::encode,
        rejected: message::rejected,
    });
    #[cfg(not(feature = "otlp"))]
    let encoding = None;
    encoding
}

/// Whether this build can export traces.
#[must_use]
pub fn can_export() -> bool {
    encoding().is_some()
}

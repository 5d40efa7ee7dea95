//! Logs on standard error, as text or JSON. Secrets are masked before a line is
//! written. Standard output is for the results of commands.

use std::io::{self, IsTerminal, Write};
use std::sync::OnceLock;
use std::time::Duration;

use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::filter::FilterExt;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{Registry, filter, fmt};

use super::config::{LogConfig, LogFormat};
use super::line_queue::LineQueue;
use super::redact::{self, Redacting, Redactor};

/// Logging could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum LoggingError {
    /// The filter cannot be used.
    #[error("{0}")]
    Filter(String),
    /// Logging was set up before.
    #[error("logging is already set up in this process")]
    Twice,
    /// The thread that writes the lines cannot be started.
    #[error("the thread that writes the log cannot be started: {0}")]
    Thread(#[source] io::Error),
}

/// The lines of this process, once [`init`] was called.
static LINES: OnceLock<LineQueue> = OnceLock::new();

/// How long the last lines may take to be written when the process ends.
const LAST_LINES: Duration = Duration::from_secs(1);

/// Writes the logs of this process to standard error, and masks every secret
/// that is created from now on. Called once, before a secret is read.
///
/// # Errors
/// When the filter cannot be used, or when called twice.
pub fn init(config: &LogConfig) -> Result<(), LoggingError> {
    redact::install();
    quiet_panics();
    let colours = io::stderr().is_terminal();
    let told = |lines| tracing::warn!(lines, "log lines were lost: standard error was not read");
    let lines = LineQueue::start(io::stderr(), told).map_err(LoggingError::Thread)?;
    let layer = layer(config, lines.clone(), colours, redact::global())?;
    LINES.get_or_init(|| lines);
    tracing::subscriber::set_global_default(Registry::default().with(layer))
        .map_err(|_| LoggingError::Twice)
}

/// Writes a text to standard error, after the log lines before it, with every
/// secret masked. Once logging is set up it does not wait for a reader.
pub fn write_aside(text: &str) {
    let text = redact::global().mask(text.as_bytes());
    match LINES.get() {
        Some(lines) => lines.push(&text),
        // If standard error is closed, there is nobody to tell.
        None => drop(io::stderr().write_all(&text)),
    }
}

/// A writer that never blocks: a thread of its own writes to `to`, standard output.
/// What is left when it is dropped is waited for, a moment; how many lines nobody read
/// is told on standard error.
pub fn aside(to: Box<dyn Write + Send>) -> Box<dyn Write + Send> {
    let told = |lines| {
        write_aside(&format!(
            "{lines} lines of the output were lost: standard output was not read; the work went on\n"
        ));
    };
    match LineQueue::start(to, told) {
        Ok(lines) => Box::new(Aside(lines)),
        // Without a thread nothing is written; there are others to say so.
        Err(_) => Box::new(io::sink()),
    }
}

struct Aside(LineQueue);

impl Write for Aside {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.push(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        self.0.end(LAST_LINES);
    }
}

/// Waits a moment until the last lines are written. Called when the process ends.
pub fn flush() {
    if let Some(lines) = LINES.get() {
        lines.flush(LAST_LINES);
    }
}

/// How many log lines were lost because standard error was not read.
pub(super) fn lost() -> u64 {
    LINES.get().map_or(0, LineQueue::lost)
}

/// The layer that writes log lines to `writer`.
///
/// # Errors
/// When the filter cannot be used.
pub fn layer<S, M>(
    config: &LogConfig,
    writer: M,
    colours: bool,
    redactor: &'static Redactor,
) -> Result<Box<dyn Layer<S> + Send + Sync>, LoggingError>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    M: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    let filter = config
        .parse_filter()
        .map_err(LoggingError::Filter)?
        .and(filter::filter_fn(is_permitted));
    let lines = fmt::layer().with_writer(Redacting::new(writer, redactor));
    Ok(match config.format {
        LogFormat::Text => lines.with_ansi(colours).with_filter(filter).boxed(),
        LogFormat::Json => lines
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .with_span_list(false)
            .with_filter(filter)
            .boxed(),
    })
}

/// Whether a log event may be written at all. Some libraries log requests with
/// headers and bodies, which contain tokens; the scheduler logs its own start
/// at a level that is meant for operators.
fn is_permitted(metadata: &Metadata<'_>) -> bool {
    let library = metadata.target().split("::").next().unwrap_or_default();
    match library {
        "vaultrs" | "rustify" | "rustify_derive" => false,
        "hyper"
        | "hyper_util"
        | "h2"
        | "reqwest"
        | "rustls"
        | "tower"
        | "tower_http"
        | "tokio_cron_scheduler" => *metadata.level() <= Level::WARN,
        _ => true,
    }
}

/// Logs only the place of a panic: its message may quote a secret.
fn quiet_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(
            || "an unknown place".to_owned(),
            |at| format!("{}:{}:{}", at.file(), at.line(), at.column()),
        );
        write_aside(&format!(
            "panic at {place}: this is a bug in scim-rotator; the message is withheld because it could quote a secret\n"
        ));
        flush();
    }));
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use parking_lot::Mutex;
    use tracing::{debug, error, info, trace, warn};

    use super::*;
    use crate::secret::{BearerToken, SecretText};

    const CANARY: &str = "canary\"7f3a/90+bc\\de";

    #[derive(Clone, Default)]
    struct Captured(Arc<Mutex<Vec<u8>>>);

    impl Write for Captured {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn capture(format: LogFormat, log: impl FnOnce()) -> String {
        let captured = Captured::default();
        let writer = captured.clone();
        let config = LogConfig {
            format,
            filter: "trace,vaultrs::client=trace".to_owned(),
        };
        let layer = layer(&config, move || writer.clone(), false, redact::global());
        let subscriber = Registry::default().with(layer.expect("filter"));
        tracing::subscriber::with_default(subscriber, log);
        let bytes = captured.0.lock().clone();
        String::from_utf8(bytes).expect("text")
    }

    #[test]
    fn a_canary_reaches_no_line_in_any_form() {
        redact::install();
        let token = BearerToken::parse(CANARY).expect("valid");
        for format in [LogFormat::Text, LogFormat::Json] {
            let output = capture(format, || {
                let span = tracing::info_span!("wake", value = CANARY);
                let _inside = span.enter();
                trace!("plain {}", token.expose());
                debug!(value = token.expose(), "a field");
                info!(value = ?token.expose(), "a debug field");
                warn!(body = %serde_json::json!({ "token": CANARY }), "a body");
                error!(auth = %STANDARD.encode(format!("id:{CANARY}")), "basic");
                let url = percent_encoding::utf8_percent_encode(
                    CANARY,
                    percent_encoding::NON_ALPHANUMERIC,
                );
                info!("https://example.test/?token={url}");
            });
            assert_eq!(output.lines().count(), 6, "{output}");
            for part in [
                "canary", "7f3a", "90+bc", "90%2Bbc", "Y2FuYXJ5", "NhbmFye", "jYW5hcn",
            ] {
                assert!(!output.contains(part), "{part} in {output}");
            }
            assert_eq!(output.matches("[redacted]").count() / 2, 6, "{output}");
        }
    }

    #[test]
    fn a_key_of_several_lines_reaches_no_line_whole_or_in_part() {
        const KEY: &str = "-----BEGIN PRIVATE KEY-----\ncanaryMIGHAgEAMBMGByqGSM4\ncanaryAgEGCCqGSM49AwEHBG0w\n-----END PRIVATE KEY-----\n";
        redact::install();
        let key = SecretText::parse(KEY).expect("a credential");
        for format in [LogFormat::Text, LogFormat::Json] {
            let output = capture(format, || {
                trace!("plain {}", key.expose());
                info!(value = ?key.expose(), "a debug field");
                warn!(body = %serde_json::json!({ "key": KEY }), "a body");
                error!(auth = %STANDARD.encode(format!("id:{KEY}")), "basic");
                let mut lines = KEY.lines();
                info!("the second line is {:?}", lines.nth(1));
                info!("indented: {}", KEY.replace('\n', "\r\n    "));
            });
            for part in ["canary", "Y2FuYXJ5", "NhbmFye", "jYW5hcn"] {
                assert!(!output.contains(part), "{part} in {output}");
            }
            assert!(output.matches("[redacted]").count() >= 6, "{output}");
        }
    }

    #[test]
    fn libraries_that_chatter_or_log_requests_stay_quiet_at_any_level() {
        let output = capture(LogFormat::Text, || {
            error!(target: "vaultrs::client", "1");
            error!(target: "rustify::endpoint", "2");
            info!(target: "reqwest::connect", "3");
            debug!(target: "h2::codec", "4");
            trace!(target: "hyper::proto", "5");
            warn!(target: "hyper::proto", "kept");
            trace!(target: "scim_rotator::driver", "kept");
            info!(target: "tokio_cron_scheduler::job_scheduler", "Uninited");
            info!(target: "tokio_cron_scheduler::job", "Job creator created");
            warn!(target: "tokio_cron_scheduler::job", "kept");
        });
        assert_eq!(output.lines().count(), 3, "{output}");
        assert_eq!(output.matches("kept").count(), 3, "{output}");
    }

    #[test]
    fn json_lines_are_objects() {
        let output = capture(LogFormat::Json, || {
            let span = tracing::info_span!("wake", token = "crm-prod");
            let _inside = span.enter();
            info!(reason = "renewal_due", "decided");
        });
        let line: serde_json::Value = serde_json::from_str(&output).expect("one object");
        assert_eq!(line["reason"], "renewal_due");
        assert_eq!(line["span"]["token"], "crm-prod");
        assert_eq!(line["level"], "INFO");
    }
}

//! With `--output json` a command writes one JSON document, also if it fails before it
//! has a result: why, what to do, and the exit code.

use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use serde_json::{Value, json};

use super::output::Output;
use super::{Colour, Exit, OutputFormat};
use crate::config::Report;

/// What was said on standard error so far.
static SAID: Mutex<String> = Mutex::new(String::new());
/// The mistakes in the configuration, if these are the failure.
static PROBLEMS: Mutex<Option<Value>> = Mutex::new(None);
/// Whether a document was written.
static IS_WRITTEN: AtomicBool = AtomicBool::new(false);

/// Longest message: what a command says is short.
const LONGEST: usize = 64 * 1024;

/// Remembers what is said on standard error.
pub(super) fn note(text: &str) {
    let mut said = SAID.lock();
    if said.len() + text.len() <= LONGEST {
        said.push_str(text);
    }
}

/// Remembers the mistakes in a configuration that cannot be used.
pub(super) fn note_report(report: &Report) {
    *PROBLEMS.lock() = Some(report.to_json()["problems"].take());
}

/// Remembers that a document was written.
pub(super) fn document_written() {
    IS_WRITTEN.store(true, Ordering::Relaxed);
}

/// Writes the document of a command that failed and has written none.
pub(super) fn tell(exit: Exit) {
    if exit == Exit::Ok || IS_WRITTEN.load(Ordering::Relaxed) {
        return;
    }
    let problems = PROBLEMS.lock().take();
    let said = SAID.lock().clone();
    let (message, remedy) = match problems.as_ref().map(|problems| &problems[0]) {
        Some(first) => {
            let text = |key: &str| first[key].as_str().map(str::to_owned);
            let message = text("message").unwrap_or_default();
            (
                format!("the configuration is wrong: {message}"),
                text("remedy"),
            )
        }
        None => (said.trim().to_owned(), None),
    };
    let mut error = object(exit, &message);
    if let Some(remedy) = remedy {
        error["remedy"] = json!(remedy);
    }
    if let Some(problems) = problems {
        error["problems"] = problems;
    }
    write(&error);
}

/// The document of a command line that was not understood.
pub(super) fn tell_usage(error: &clap::Error) {
    let text = error.render().to_string();
    let mut paragraphs = text.split("\n\n").map(str::trim);
    let first = paragraphs.next().unwrap_or_default();
    let message = first.strip_prefix("error: ").unwrap_or(first);
    let tip = text.lines().map(str::trim);
    let mut tip = tip.filter_map(|line| line.strip_prefix("tip: "));
    let mut error = object(Exit::Usage, &message.replace('\n', " "));
    let remedy = tip
        .next()
        .unwrap_or("`scim-rotator help` lists the commands, `--help` after one its options");
    error["remedy"] = json!(remedy);
    write(&error);
}

/// A failure: code, message, remedy and exit code.
pub(super) fn object(exit: Exit, message: &str) -> Value {
    let (code, number, remedy) = match exit {
        Exit::Ok => ("ok", 0, ""),
        Exit::Failed => ("failed", 1, "`scim-rotator doctor` shows what is wrong"),
        Exit::Urgent => ("urgent", 2, "`scim-rotator status` shows what to do"),
        Exit::Usage => (
            "usage",
            64,
            "correct the command line or the configuration; `scim-rotator check` shows mistakes",
        ),
        Exit::TryAgain => (
            "try_again",
            75,
            "the same command may work later; `scim-rotator doctor` shows what does not answer",
        ),
    };
    json!({ "code": code, "message": message, "remedy": remedy, "exit_code": number })
}

fn write(error: &Value) {
    let mut output = Output::stdout(OutputFormat::Json, Colour::Never);
    // If nobody reads the output any more, the exit code still tells the result.
    drop(output.json(&json!({ "error": error })));
}

/// Whether a command line that was not understood asks for JSON.
pub(super) fn asks_for_json(words: impl Iterator<Item = std::ffi::OsString>) -> bool {
    let words: Vec<String> = words
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let pairs = words.windows(2);
    let mut apart = pairs.filter(|pair| pair[0] == "-o" || pair[0] == "--output");
    let mut joined = words.iter();
    apart.any(|pair| pair[1] == "json")
        || joined.any(|word| ["-ojson", "-o=json", "--output=json"].contains(&word.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_asked_for_in_every_way_of_the_command_line() {
        let asks = |line: &str| asks_for_json(line.split(' ').map(Into::into));
        for line in [
            "x status -o json",
            "x --output json y",
            "x -ojson",
            "x --output=json",
        ] {
            assert!(asks(line), "{line}");
        }
        for line in ["x status", "x -o text", "x json", "x -o"] {
            assert!(!asks(line), "{line}");
        }
    }
}

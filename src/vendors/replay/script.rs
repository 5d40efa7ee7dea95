//! The script of a scene: which request is due, and what it is answered.

use std::fs::File;
use std::io::Write;
use std::sync::Arc;

use http::HeaderValue;
use parking_lot::{Mutex, MutexGuard};

use super::file::{Exchange, GivenAnswer, Lost, OneOrMore};
use super::pattern::Values;
use super::recorded::{Recorded, RecordedAnswer};
use super::wanted::{differences, is_the_same_call};
use crate::clock::Clock;

/// Which request an exchange takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// The next one, which must be as expected: our own code is tested.
    Exact,
    /// The next one of the same method and path; in what else it differs is
    /// recorded. For others, who test the answers.
    Serving,
}

/// What the server does with a request.
pub(super) enum Reply {
    /// Answers.
    Whole(RecordedAnswer),
    /// Answers, and breaks off in the middle.
    Torn(RecordedAnswer),
    /// Ends the connection without an answer.
    Nothing,
}

/// The script of a scene.
pub(super) struct Script {
    scene: String,
    mode: Mode,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

struct State {
    values: Values,
    due: Vec<Due>,
    during: String,
    trouble: Option<String>,
    recorded: Vec<Recorded>,
    file: Option<File>,
}

/// An exchange that is still to come so often.
struct Due {
    index: usize,
    exchange: Exchange,
    left: u32,
}

impl Script {
    pub(super) fn new(
        scene: &str,
        exchanges: Vec<Exchange>,
        mut values: Values,
        mode: Mode,
        clock: Arc<dyn Clock>,
    ) -> Self {
        values.lenient = mode == Mode::Serving;
        let due = exchanges.into_iter().enumerate();
        let due = due.map(|(index, exchange)| Due {
            index,
            left: exchange.times,
            exchange,
        });
        Self {
            scene: scene.to_owned(),
            mode,
            clock,
            state: Mutex::new(State {
                values,
                due: due.collect(),
                during: "before any operation".to_owned(),
                trouble: None,
                recorded: Vec::new(),
                file: None,
            }),
        }
    }

    /// Also writes each request into a file, as a line of JSON.
    pub(super) fn record_into(&self, file: File) {
        self.state().file = Some(file);
    }

    /// From now on requests belong to this operation.
    pub(super) fn during(&self, operation: &str) {
        self.state().during = format!("during {operation}");
    }

    /// Reads and changes what placeholders stand for.
    pub(super) fn with_values<T>(&self, work: impl FnOnce(&mut Values) -> T) -> T {
        let mut state = self.state();
        state.values.set("now", self.clock.now().to_string());
        work(&mut state.values)
    }

    /// What the first request that was not expected was about.
    pub(super) fn trouble(&self) -> Option<String> {
        self.state().trouble.clone()
    }

    /// The first exchange that never came, or came too seldom.
    pub(super) fn left(&self) -> Option<String> {
        let state = self.state();
        let due = state.due.first()?;
        let (all, came) = (due.exchange.times, due.exchange.times - due.left);
        let how = match came {
            0 => "never came".to_owned(),
            came => format!("came {came} of {all} times"),
        };
        let request = &due.exchange.request;
        let (number, method, url) = (due.index + 1, &request.method, &request.url);
        let more = match state.due.len() - 1 {
            0 => String::new(),
            more => format!("; none of the {more} after it came either"),
        };
        Some(format!("exchange {number} {how}: {method} {url}{more}"))
    }

    /// All requests so far.
    pub(super) fn recorded(&self) -> Vec<Recorded> {
        self.state().recorded.clone()
    }

    /// Takes a request and says what to do with it.
    pub(super) fn take(&self, mut request: Recorded) -> Reply {
        request.scene.clone_from(&self.scene);
        let mut state = self.state();
        state.values.set("now", self.clock.now().to_string());
        let reply = match self.mode {
            Mode::Exact => state.exact(&mut request),
            Mode::Serving => state.serving(&mut request),
        };
        request.answer = match &reply {
            Reply::Whole(answer) | Reply::Torn(answer) => Some(answer.clone()),
            Reply::Nothing => None,
        };
        if let Some(file) = &mut state.file {
            // A line that cannot be written is missing in that file, and nothing else.
            drop(writeln!(file, "{}", request.line()).and_then(|()| file.flush()));
        }
        state.recorded.push(request);
        reply
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }
}

impl State {
    fn exact(&mut self, request: &mut Recorded) -> Reply {
        if self.trouble.is_some() {
            return unexpected();
        }
        let Some(due) = self.due.first() else {
            let text = format!(
                "{}: a request that no exchange expects any more: {}{}",
                self.during,
                request.head(),
                shown_body(request)
            );
            self.trouble = Some(text);
            return unexpected();
        };
        let expected = &due.exchange.request;
        let mut values = self.values.clone();
        request.differences = differences(expected, request, &mut values);
        if !request.differences.is_empty() {
            let text = format!(
                "exchange {}, {}: another request came than expected\n  expected {} {}\n  came     {}{}\n  {}",
                due.index + 1,
                self.during,
                expected.method,
                expected.url,
                request.head(),
                shown_body(request),
                request.differences.join("\n  ")
            );
            self.trouble = Some(text);
            return unexpected();
        }
        self.values = values;
        self.answer(0, request)
    }

    fn serving(&mut self, request: &mut Recorded) -> Reply {
        let found = self.due.iter().position(|due| {
            let mut values = self.values.clone();
            is_the_same_call(&due.exchange.request, request, &mut values)
        });
        let Some(at) = found else {
            return unexpected();
        };
        let expected = &self.due[at].exchange.request;
        request.differences = differences(expected, request, &mut self.values);
        // It talks to this server by its own address, not by the vendor's.
        request
            .differences
            .retain(|text| !text.starts_with("host: "));
        self.answer(at, request)
    }

    /// Answers with the exchange at this place of those that are due.
    fn answer(&mut self, at: usize, request: &mut Recorded) -> Reply {
        let due = &mut self.due[at];
        request.exchange = Some(due.index);
        let rendered = reply(&due.exchange.answer, &self.values);
        let index = due.index;
        due.left -= 1;
        if due.left == 0 {
            self.due.remove(at);
        }
        rendered.unwrap_or_else(|why| {
            let text = format!("exchange {}, {}: its answer: {why}", index + 1, self.during);
            self.trouble = Some(text);
            unexpected()
        })
    }
}

/// What a request gets that should not have been sent.
fn unexpected() -> Reply {
    Reply::Whole(RecordedAnswer {
        status: 501,
        headers: vec![("content-type".to_owned(), "text/plain".to_owned())],
        body: "the replay does not expect this request".to_owned(),
        torn: false,
    })
}

fn shown_body(request: &Recorded) -> String {
    if request.body.is_empty() {
        return String::new();
    }
    format!(" with the body {}", request.body)
}

/// # Errors
/// Names the placeholder that has no value.
fn reply(answer: &GivenAnswer, values: &Values) -> Result<Reply, String> {
    if answer.lost == Some(Lost::Before) {
        return Ok(Reply::Nothing);
    }
    let (body, usual_type) = match (&answer.json, &answer.text) {
        (Some(json), _) => (values.json(&json.0)?.to_string(), Some("application/json")),
        (None, Some(text)) => (values.text(text)?, Some("text/plain")),
        (None, None) => (String::new(), None),
    };
    let mut headers = Vec::new();
    for (name, texts) in &answer.headers {
        for text in OneOrMore::all(texts) {
            let text = values.text(text)?;
            HeaderValue::from_str(&text)
                .map_err(|_| format!("the header `{name}` cannot hold `{text}`"))?;
            headers.push((name.to_ascii_lowercase(), text));
        }
    }
    let names_one = headers.iter().any(|(name, _)| name == "content-type");
    if let (Some(usual), false) = (usual_type, names_one) {
        headers.push(("content-type".to_owned(), usual.to_owned()));
    }
    let torn = answer.lost == Some(Lost::After);
    let told = RecordedAnswer {
        status: answer.status.unwrap_or(200),
        headers,
        body,
        torn,
    };
    Ok(if torn {
        Reply::Torn(told)
    } else {
        Reply::Whole(told)
    })
}

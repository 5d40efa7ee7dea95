//! What the demo shows to people: one line a rotation, and what is out of the ordinary.

use std::collections::BTreeMap;
use std::io;

use jiff::Timestamp;
use parking_lot::Mutex;

use super::line::{Mark, RotationLine, words};
use super::paint::{Paint, Word};
use super::screen::Screen;
use crate::rotation::reason::Reason;
use crate::telemetry::result::StepResult;

/// The lines of the demo for people.
pub(super) struct People(Mutex<Shown>);

struct Shown {
    screen: Screen,
    began: Timestamp,
    /// The rotations that go on, by token.
    lines: BTreeMap<String, RotationLine>,
    generations: BTreeMap<String, u64>,
    waits: BTreeMap<String, Reason>,
    /// The last failure that was shown of each token.
    trouble: BTreeMap<String, String>,
    fares: Option<String>,
}

/// Columns before the text of a note: the time.
const INDENT: usize = 6;
/// Columns before the first step of a rotation.
const STEPS_AT: usize = 15;

impl People {
    pub(super) fn new(screen: Screen, began: Timestamp) -> Self {
        Self(Mutex::new(Shown {
            screen,
            began,
            lines: BTreeMap::new(),
            generations: BTreeMap::new(),
            waits: BTreeMap::new(),
            trouble: BTreeMap::new(),
            fares: None,
        }))
    }

    /// Whether lines change in place.
    pub(super) fn redraws(&self) -> bool {
        self.0.lock().screen.redraws()
    }

    /// Whether colours are used.
    pub(super) fn colour(&self) -> bool {
        self.0.lock().screen.colour()
    }

    /// Writes text as it is.
    ///
    /// # Errors
    /// When the reader of the output is gone.
    pub(super) fn say(&self, text: &str) -> io::Result<()> {
        self.0.lock().draw(text)
    }

    /// Writes a line about something else than a step.
    ///
    /// # Errors
    /// When the reader of the output is gone.
    pub(super) fn note(&self, now: Timestamp, subject: &str, text: &str) -> io::Result<()> {
        let paint = match subject {
            "BROKEN" => Paint::Bad,
            "REPAIRED" | "RECOVERED" => Paint::Good,
            _ => Paint::Strong,
        };
        self.0.lock().note(now, subject, paint, text)
    }

    /// Shows how provisioning fares: on a terminal below all that stays.
    ///
    /// # Errors
    /// When the reader of the output is gone.
    pub(super) fn fares(&self, now: Timestamp, text: &str) -> io::Result<()> {
        let mut shown = self.0.lock();
        if !shown.screen.redraws() {
            return shown.note(now, "provisioning", Paint::Strong, text);
        }
        shown.fares = Some(text.to_owned());
        shown.draw("")
    }

    pub(super) fn step_began(&self, token: &str, step: &str, connection: Option<&str>) {
        if is_of_no_rotation(step) {
            return;
        }
        let mut shown = self.0.lock();
        if let Some(line) = shown
            .lines
            .get_mut(token)
            .filter(|line| !line.is_before(step))
        {
            line.runs(step, connection);
        }
        // The work goes on although nobody reads the output any more; so below.
        drop(shown.draw(""));
    }

    pub(super) fn step_ended(
        &self,
        now: Timestamp,
        token: &str,
        (step, connection): (&str, Option<&str>),
        result: StepResult<'_>,
    ) {
        let mut shown = self.0.lock();
        if !is_of_no_rotation(step) {
            shown.waits.remove(token);
            if !matches!(result, StepResult::Trouble(_)) {
                shown.trouble.remove(token);
            }
            if shown
                .lines
                .get(token)
                .is_some_and(|line| line.is_before(step))
            {
                shown.close(token);
            }
            let mark = match result {
                StepResult::Done | StepResult::PartlyProven(_) => Mark::Done,
                StepResult::NoProofYet => Mark::Again,
                StepResult::Trouble(_) => Mark::Failed,
            };
            shown.line(now, token).ended(step, mark);
        }
        let name = [Some(words(step)), connection.map(str::to_owned)];
        let name = name.into_iter().flatten().collect::<Vec<_>>().join(" ");
        let drawn = match result {
            StepResult::Done | StepResult::NoProofYet => shown.draw(""),
            StepResult::PartlyProven(cause) => shown.note(
                now,
                token,
                Paint::Busy,
                &format!("{name}: accepted, but {cause}"),
            ),
            StepResult::Trouble(trouble) => {
                shown.trouble(now, token, format!("{name} failed: {trouble}"))
            }
        };
        drop(drawn);
    }

    pub(super) fn promoted(&self, now: Timestamp, token: &str, generation: u64) {
        let mut shown = self.0.lock();
        shown.generations.insert(token.to_owned(), generation);
        shown.line(now, token).in_use(generation);
        drop(shown.draw(""));
    }

    /// A token waits. A rotation whose token is fresh has ended.
    pub(super) fn waits(&self, now: Timestamp, token: &str, reason: Reason, until: &str) {
        let mut shown = self.0.lock();
        if reason == Reason::Fresh {
            shown.waits.remove(token);
            shown.close(token);
        } else if reason == Reason::WaitingOverlap {
            if let Some(line) = shown.lines.get_mut(token) {
                line.waits();
            }
            drop(shown.draw(""));
        } else if matches!(reason, Reason::InFlight | Reason::Backoff) {
            // The failure itself was shown.
        } else if shown.waits.insert(token.to_owned(), reason) != Some(reason) {
            let text = format!("waits: {} (next check {until})", reason.sentence());
            drop(shown.note(now, token, Paint::Busy, &text));
        }
    }

    pub(super) fn store_failed(&self, now: Timestamp, token: &str, error: &str) {
        let text = format!("waits, and tries again: {error}");
        drop(self.0.lock().trouble(now, token, text));
    }

    pub(super) fn halted(&self, now: Timestamp, token: &str, detail: &str) {
        let text = format!("HALTED until a person acts: {detail}");
        drop(self.0.lock().note(now, token, Paint::Bad, &text));
    }

    /// Writes the lines of the rotations that go on for the last time.
    pub(super) fn finish(&self, now: Timestamp) {
        let mut shown = self.0.lock();
        shown.fares = None;
        let tokens: Vec<String> = shown.lines.keys().cloned().collect();
        for token in tokens {
            shown.line(now, &token).cut_off();
            shown.close(&token);
        }
    }
}

/// Whether a step is none of a rotation: a periodic probe, a first look.
fn is_of_no_rotation(step: &str) -> bool {
    matches!(step, "verify" | "adopt" | "end_rehearsal")
}

impl Shown {
    fn line(&mut self, now: Timestamp, token: &str) -> &mut RotationLine {
        let at = clock(now, self.began);
        let known = self.generations.get(token).copied().unwrap_or_default();
        let line = self.lines.entry(token.to_owned());
        let line = line.or_insert_with(|| RotationLine::new(token, known + 1));
        line.at = at;
        line
    }

    /// Lets the line of a rotation stay as it is.
    fn close(&mut self, token: &str) {
        if let Some(line) = self.lines.remove(token) {
            let rows = self.screen.rows(&line.words(), STEPS_AT).join("\n");
            drop(self.draw(&(rows + "\n")));
        }
    }

    /// Shows a failure, unless it only repeats.
    fn trouble(&mut self, now: Timestamp, token: &str, text: String) -> io::Result<()> {
        if self.trouble.get(token) == Some(&text) {
            return self.draw("");
        }
        let shown = self.note(now, token, Paint::Bad, &text);
        self.trouble.insert(token.to_owned(), text);
        shown
    }

    fn note(&mut self, now: Timestamp, subject: &str, paint: Paint, text: &str) -> io::Result<()> {
        let mut line = vec![
            Word::new(clock(now, self.began), Paint::Dim),
            Word::new(format!("{subject:<4}"), paint),
        ];
        line.extend(Word::all(text, Paint::Plain));
        let rows = self.screen.rows(&line, INDENT).join("\n");
        self.draw(&(rows + "\n"))
    }

    fn draw(&mut self, stays: &str) -> io::Result<()> {
        let mut changes = Vec::new();
        if self.screen.redraws() {
            for line in self.lines.values() {
                changes.extend(self.screen.rows(&line.words(), STEPS_AT));
            }
            if let Some(fares) = &self.fares {
                let mut words = vec![Word::new(" ".repeat(INDENT - 1), Paint::Dim)];
                words.extend(Word::all(&format!("provisioning: {fares}"), Paint::Dim));
                changes.extend(self.screen.rows(&words, INDENT));
            }
        }
        self.screen.update(stays, &changes)
    }
}

/// Minutes and seconds since the beginning.
fn clock(now: Timestamp, began: Timestamp) -> String {
    let seconds = now.duration_since(began).as_secs().max(0);
    format!("{:02}:{:02}", seconds / 60, seconds % 60)
}

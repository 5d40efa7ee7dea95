//! One rotation as one line: its steps, as they are done.

use super::paint::{Paint, Word};

/// The line of one rotation of one token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RotationLine {
    /// Minutes and seconds at its last change.
    pub(super) at: String,
    token: String,
    /// The number of the new token.
    generation: u64,
    steps: Vec<(String, Mark)>,
    running: Option<String>,
    /// Whether the demo ended before the rotation.
    is_cut_off: bool,
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Done,
    /// It must be repeated, and nothing is wrong.
    Again,
    Failed,
}

const IN_USE: &str = "in use";

impl RotationLine {
    /// A rotation that leads to the token with this number.
    pub(super) fn new(token: &str, generation: u64) -> Self {
        Self {
            at: String::new(),
            token: token.to_owned(),
            generation,
            steps: Vec::new(),
            running: None,
            is_cut_off: false,
        }
    }

    /// A step is running, or something is waited for.
    pub(super) fn runs(&mut self, step: &str, connection: Option<&str>) {
        let connection = connection.map(|name| format!(" {name}"));
        self.running = Some(format!("{}{}", words(step), connection.unwrap_or_default()));
    }

    /// The old token is not retired yet.
    pub(super) fn waits(&mut self) {
        self.running = Some(String::new());
    }

    /// The demo ends before the rotation.
    pub(super) fn cut_off(&mut self) {
        self.running = None;
        self.is_cut_off = true;
    }

    /// A step has ended. Steps of one kind are shown as one, those after a lost
    /// answer apart from those before.
    pub(super) fn ended(&mut self, step: &str, mark: Mark) {
        self.running = None;
        // It only decides whether the old token is revoked already.
        if step == "check_use" && mark == Mark::Done {
            return;
        }
        let name = words(step);
        let since = self.steps.iter().rposition(|(name, _)| name == "recover");
        let since = since.map_or(0, |at| at + usize::from(name != "recover"));
        match self.steps.iter_mut().skip(since).find(|one| one.0 == name) {
            Some(known) => known.1 = mark,
            None => self.steps.push((name, mark)),
        }
    }

    /// The new token is the current one.
    pub(super) fn in_use(&mut self, generation: u64) {
        self.generation = generation;
        self.ended(IN_USE, Mark::Done);
    }

    /// Whether this step would begin another rotation.
    pub(super) fn is_before(&self, step: &str) -> bool {
        let has = |name: &str| self.steps.iter().any(|(step, _)| step == name);
        step == "prepare" && (has(IN_USE) || has("discard"))
    }

    /// The words of the line.
    pub(super) fn words(&self) -> Vec<Word> {
        let number = format!("#{}", self.generation);
        let mut line = vec![
            Word::new(self.at.clone(), Paint::Dim),
            Word::new(format!("{:<4}", self.token), Paint::Strong),
            Word::new(format!("{number:<3}"), Paint::Plain),
        ];
        let last = self.steps.len().saturating_sub(1);
        for (at, (name, mark)) in self.steps.iter().enumerate() {
            let comma = match at == last && self.running.is_none() {
                true => "",
                false => ",",
            };
            let (sign, paint) = match mark {
                Mark::Done => ("", Paint::Good),
                Mark::Again => ("…", Paint::Busy),
                Mark::Failed => ("!", Paint::Bad),
            };
            line.push(Word::new(format!("{name}{sign}{comma}"), paint));
        }
        if let Some(running) = &self.running {
            line.push(Word::new(format!("{running}…"), Paint::Busy));
        }
        if self.is_cut_off {
            line.push(Word::new("(not finished)", Paint::Dim));
        }
        line
    }
}

/// A step as people read it.
pub(super) fn words(step: &str) -> String {
    match step {
        "revoke_orphan" => "revoke lost token".to_owned(),
        other => other.replace('_', " "),
    }
}

#[cfg(test)]
mod tests {
    use super::super::paint::wrapped;
    use super::*;

    fn text(line: &RotationLine) -> String {
        wrapped(&line.words(), 15, 80, false).join("\n")
    }

    fn whole() -> RotationLine {
        let mut line = RotationLine::new("wiki", 11);
        line.at = "00:15".to_owned();
        for step in ["prepare", "issue", "prove", "deliver", "deliver", "confirm"] {
            line.ended(step, Mark::Done);
        }
        line.in_use(12);
        for step in ["publish", "check_use", "retire", "retire"] {
            line.ended(step, Mark::Done);
        }
        line
    }

    #[test]
    fn a_whole_rotation_is_one_line_of_80_columns() {
        let text = text(&whole());
        assert_eq!(
            text,
            "00:15 wiki #12 prepare, issue, prove, deliver, confirm, in use, publish, retire"
        );
        // A step that runs takes one column more.
        assert_eq!(text.chars().count(), 79);
    }

    #[test]
    fn a_step_that_runs_or_fails_is_marked_and_corrected_later() {
        let mut line = RotationLine::new("crm", 1);
        line.at = "00:01".to_owned();
        line.ended("prepare", Mark::Done);
        line.runs("deliver", Some("hr"));
        assert_eq!(text(&line), "00:01 crm  #1  prepare, deliver hr…");
        line.ended("deliver", Mark::Failed);
        assert_eq!(text(&line), "00:01 crm  #1  prepare, deliver!");
        line.ended("deliver", Mark::Done);
        line.ended("confirm", Mark::Again);
        assert_eq!(text(&line), "00:01 crm  #1  prepare, deliver, confirm…");
    }

    #[test]
    fn a_token_that_is_issued_again_is_shown_as_such() {
        let mut line = RotationLine::new("crm", 2);
        line.ended("issue", Mark::Failed);
        line.ended("recover", Mark::Done);
        line.ended("issue", Mark::Done);
        assert!(text(&line).ends_with("issue!, recover, issue"));
    }

    #[test]
    fn the_next_rotation_begins_a_line_of_its_own() {
        let mut line = RotationLine::new("crm", 2);
        line.ended("prepare", Mark::Failed);
        assert!(!line.is_before("prepare"));
        assert!(whole().is_before("prepare") && !whole().is_before("retire"));
    }
}

//! Finds what was changed in a chain: a changed, missing, reordered or duplicated line, and
//! lines that were cut off at the end, which only the head in Vault shows.

mod lines;
mod verdict;

use std::collections::{BTreeSet, VecDeque};
use std::io::{self, BufRead};

use super::chain::{Broken, Hash, Head, Link, Torn};
use super::tail;
use lines::read_line;

pub use verdict::{Finding, ProblemKind, Verdict};

/// How many of the last lines are remembered, to tell reordered lines from duplicated ones.
const REMEMBERED: usize = 4096;
/// Most missing numbers that are looked for among later lines.
const MOST_MISSING: usize = 4096;
/// Most problems that are told; more are counted.
const MOST_TOLD: usize = 100;

/// Reads files in their order.
#[derive(Default)]
pub struct Verifier {
    verdict: Verdict,
    place: (String, u64),
    head: Option<Head>,
    remembered: VecDeque<Head>,
    missing: BTreeSet<u64>,
    /// Where numbers were first missed, for the problem that is told at the end.
    missed_at: Vec<(u64, Finding)>,
    /// Parts of lines, whose marks have not come yet.
    fragments: VecDeque<(Torn, Finding)>,
    /// The head that Vault has stored, and the hash of the line with its number.
    stored: Option<Head>,
    found: Option<Hash>,
}

impl Verifier {
    /// A verifier that also compares with the head that Vault has stored.
    #[must_use]
    pub fn new(stored: Option<Head>) -> Self {
        Self {
            stored,
            ..Self::default()
        }
    }

    /// Whose chain it is, once a line was read.
    #[must_use]
    pub fn replica(&self) -> Option<&str> {
        self.verdict.replica.as_deref()
    }

    /// Sets the head that Vault has stored, before the first file is read.
    pub fn compare_with(&mut self, stored: Head) {
        self.stored = Some(stored);
    }

    /// Reads the next file.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn file(&mut self, name: &str, mut from: impl BufRead) -> io::Result<()> {
        self.place = (name.to_owned(), 0);
        let mut line = Vec::new();
        loop {
            line.clear();
            let length = read_line(&mut from, &mut line)?;
            if length == 0 {
                return Ok(());
            }
            self.place.1 += 1;
            match line.strip_suffix(b"\n") {
                _ if length > line.len() => {
                    let text = format!("it has {length} bytes: no line is that long");
                    self.problem(ProblemKind::Changed, text);
                }
                Some(whole) => self.line(whole),
                None => self.fragment(&line),
            }
        }
    }

    /// What was found.
    #[must_use]
    pub fn end(mut self) -> Verdict {
        for (_, finding) in std::mem::take(&mut self.fragments) {
            self.tell(finding);
        }
        self.tell_missing();
        self.compare();
        self.verdict.last = self.head;
        self.verdict.stored = self.stored;
        self.verdict.ok = self.verdict.problems.is_empty();
        self.verdict
    }

    fn line(&mut self, line: &[u8]) {
        let link = match Link::parse(line) {
            Ok(link) => link,
            Err(Broken::NoLine) => return self.fragment(line),
            Err(Broken::Changed(link)) => {
                let text = format!(
                    "the line with the number {} is not what was written",
                    link.number
                );
                self.problem(ProblemKind::Changed, text);
                *link
            }
        };
        self.verdict.lines += 1;
        let known = self.verdict.replica.get_or_insert(link.replica.clone());
        if *known != link.replica {
            let text = format!("it is of the chain of `{}`, not of `{known}`", link.replica);
            return self.problem(ProblemKind::Foreign, text);
        }
        self.torn(&link);
        if let Some(lost) = link.lost {
            self.note(format!(
                "{lost} events were not written here, because no line could be written"
            ));
        }
        self.follow(&link);
        if self
            .stored
            .is_some_and(|stored| stored.number == link.number)
        {
            self.found = Some(link.hash);
        }
    }

    /// Whether the line follows the one before.
    fn follow(&mut self, link: &Link) {
        let Some(head) = self.head else {
            self.verdict.first = Some(link.number);
            if link.number == 1 && link.previous != Head::NONE.hash {
                let text = "the first line of the chain follows another one".to_owned();
                self.problem(ProblemKind::Changed, text);
            }
            if let Some(gap) = &link.gap {
                self.note(format!(
                    "the daemon found line {} in its file, and Vault knew line {}",
                    gap.found, gap.stored
                ));
            }
            return self.go_on(link.head());
        };
        let expected = head.number.saturating_add(1);
        if link.number == expected {
            if link.previous != head.hash {
                let text = format!(
                    "the line with the number {} does not follow the line before it, which was replaced",
                    link.number
                );
                self.problem(ProblemKind::Changed, text);
            }
            return self.go_on(link.head());
        }
        if link.number > expected {
            self.miss(expected, link);
            return self.go_on(link.head());
        }
        self.earlier(link);
    }

    /// A line whose number came before.
    fn earlier(&mut self, link: &Link) {
        let number = link.number;
        let begins_again = link.gap.is_some()
            && self
                .remembered
                .iter()
                .any(|line| line.number.saturating_add(1) == number && line.hash == link.previous);
        if begins_again {
            self.note(format!(
                "the daemon was ended and went on from the line that Vault knew: the numbers from {number} on come twice"
            ));
            return self.go_on(link.head());
        }
        if self.missing.remove(&number) {
            let text = format!("the line with the number {number} stands after a later one");
            return self.problem(ProblemKind::Reordered, text);
        }
        let same = self.remembered.iter().any(|line| *line == link.head());
        let (kind, what) = match same {
            true => (ProblemKind::Duplicated, "was there before"),
            false => (
                ProblemKind::Reordered,
                "stands after a later one, or replaces another",
            ),
        };
        self.problem(kind, format!("the line with the number {number} {what}"));
    }

    fn miss(&mut self, first: u64, link: &Link) {
        let last = link.number - 1;
        let noted = match &link.gap {
            Some(_) => ", as the daemon noted at its start",
            None => "",
        };
        let finding = self.finding(
            Some(ProblemKind::Missing),
            format!("the lines with the numbers {first} to {last} are missing before it{noted}"),
        );
        let many = usize::try_from(last - first).map_or(true, |count| count >= MOST_MISSING);
        if many || self.missing.len() >= MOST_MISSING {
            return self.tell(finding);
        }
        self.missing.extend(first..=last);
        self.missed_at.push((last, finding));
    }

    /// Tells of numbers that did not come later either.
    fn tell_missing(&mut self) {
        let mut first = 0;
        for (last, finding) in std::mem::take(&mut self.missed_at) {
            let left: Vec<_> = self.missing.range(first..=last).copied().collect();
            first = last + 1;
            if let (Some(from), Some(to)) = (left.first(), left.last()) {
                let detail = match from == to {
                    true => format!("the line with the number {from} is missing before it"),
                    false => finding.detail.clone(),
                };
                self.tell(Finding { detail, ..finding });
            }
        }
    }

    fn go_on(&mut self, head: Head) {
        self.head = Some(head);
        self.remembered.push_back(head);
        if self.remembered.len() > REMEMBERED {
            self.remembered.pop_front();
        }
    }

    /// A text that is no line: the part of one, if the next start has marked it.
    fn fragment(&mut self, line: &[u8]) {
        let finding = self.finding(
            Some(ProblemKind::Torn),
            "it is no whole line: it was changed or cut, or the process ended while it wrote it; the next start marks such a line".to_owned(),
        );
        self.fragments.push_back((tail::torn(line), finding));
        if self.fragments.len() > MOST_TOLD
            && let Some((_, finding)) = self.fragments.pop_front()
        {
            self.tell(finding);
        }
    }

    /// Matches the mark of a part of a line with it. What was not marked by the next line
    /// is a problem.
    fn torn(&mut self, link: &Link) {
        let marked = link.torn.as_ref();
        let first = self.fragments.front().map(|(torn, _)| torn.clone());
        if let (Some(marked), Some(first)) = (marked, &first)
            && marked == first
        {
            self.fragments.pop_front();
            return self.note(format!(
                "before it, {} bytes of a line were written when the process ended",
                marked.bytes
            ));
        }
        for (_, finding) in std::mem::take(&mut self.fragments) {
            self.tell(finding);
        }
        if marked.is_some() {
            let text = "it marks a part of a line that is not there".to_owned();
            self.problem(ProblemKind::Missing, text);
        }
    }

    fn compare(&mut self) {
        let Some(stored) = self.stored else {
            return;
        };
        let last = self.head.map_or(0, |head| head.number);
        let text = match self.found {
            Some(hash) if hash == stored.hash => return,
            _ if stored.number == 0 => return,
            Some(_) => format!("line {} is not the one that Vault knows", stored.number),
            None if stored.number > last => format!(
                "the last line is {last}, and Vault knows line {}: the lines after {last} are missing",
                stored.number
            ),
            None => format!(
                "line {}, which Vault knows, is not in these files: give older files too",
                stored.number
            ),
        };
        let kind = match self.found {
            Some(_) => ProblemKind::Changed,
            None => ProblemKind::Truncated,
        };
        self.problem(kind, text);
    }

    fn finding(&self, kind: Option<ProblemKind>, detail: String) -> Finding {
        Finding {
            file: self.place.0.clone(),
            line: self.place.1,
            kind,
            detail,
        }
    }

    fn problem(&mut self, kind: ProblemKind, detail: String) {
        let finding = self.finding(Some(kind), detail);
        self.tell(finding);
    }

    fn tell(&mut self, finding: Finding) {
        match self.verdict.problems.len() < MOST_TOLD {
            true => self.verdict.problems.push(finding),
            false => self.verdict.problems_left_off += 1,
        }
    }

    fn note(&mut self, detail: String) {
        if self.verdict.notes.len() < MOST_TOLD {
            let finding = self.finding(None, detail);
            self.verdict.notes.push(finding);
        }
    }
}

#[cfg(test)]
mod tests;

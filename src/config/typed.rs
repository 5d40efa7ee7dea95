//! Reads one section into its type and goes on after what is wrong, so that
//! one wrong key does not hide the others.

use std::borrow::Cow;

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeValue, ValueDeserializer};

use super::finding::{Finding, Findings};
use super::mask::without_user_info;
use super::told::{is_placeholder, kinds_chosen, name_kinds, share_of_life};
use super::tree::{Step, find_span, find_table, follow, insert, join, leaves, remove};
use super::wording::{Wording, choices, explain, is_far_off, meant, missing_field};
use crate::value::{NO_FIELD, NO_SECRET_HERE};
use crate::vendors::expand::is_foreign;

/// A part of the configuration that is read on its own.
#[derive(Debug, Clone)]
pub(super) struct Section<'a> {
    /// Index of its file.
    pub(super) source: usize,
    /// Dotted path.
    pub(super) path: String,
    /// Its value.
    pub(super) value: Spanned<DeValue<'a>>,
    /// Where to point when the section as a whole is meant.
    pub(super) span: std::ops::Range<usize>,
}

/// More findings in one section than this help nobody.
const MOST: usize = 40;

/// A section in its type. What was wrong in it was noted, and has a placeholder
/// value, so that later rules can run on the rest.
pub(super) struct Draft<T> {
    pub(super) value: T,
    /// Dotted paths of what was wrong: what the rules say of these follows from
    /// the placeholder.
    pub(super) placeholders: Vec<String>,
}

/// Reads a section and notes what is wrong in it. `None` when nothing can be
/// made of it. `also` are keys that are known there although the type does not
/// have them.
pub(super) fn read<T: DeserializeOwned>(
    section: Section<'_>,
    also: &[&str],
    size: Size,
    findings: &mut Findings,
) -> Option<Draft<T>> {
    let mut reader = Reader {
        size,
        left: section.value.clone(),
        section,
        wrong: Vec::new(),
        placed: Vec::new(),
        meant: Vec::new(),
    };
    for _ in 0..MOST * (SMALL.len() + 1) {
        let value = reader.left.clone();
        match T::deserialize(ValueDeserializer::from(value)) {
            Ok(value) => {
                let placeholders = reader.placeholders();
                return Some(Draft {
                    value,
                    placeholders,
                });
            }
            Err(error) => {
                if !reader.go_on(&error, also, findings) {
                    break;
                }
            }
        }
        if reader.wrong.len().max(reader.placed.len()) > MOST {
            break;
        }
    }
    None
}

/// Bytes of a value that is in no file.
const NOWHERE: std::ops::Range<usize> = usize::MAX - 1..usize::MAX;

/// Which placeholder values are tried for a key that is missing or wrong. What a
/// rule finds with both does not depend on the placeholder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Size {
    Small,
    Large,
}

/// In this order, until the reader takes one.
const SMALL: [&str; 9] = [
    "''",
    "'https://x.invalid/'",
    "'1s'",
    "'1%'",
    "0",
    "false",
    "[]",
    "{}",
    "{ file = '/' }",
];
const LARGE: [&str; 9] = [
    "''",
    "'https://x.invalid/'",
    "'9999d'",
    "'99%'",
    "999999",
    "true",
    "[]",
    "{}",
    "{ file = '/' }",
];

struct Reader<'a> {
    size: Size,
    section: Section<'a>,
    /// The section, with placeholder values where it is wrong or lacks something.
    left: Spanned<DeValue<'a>>,
    /// Ways to what was taken out or replaced, in the section as written.
    wrong: Vec<Vec<Step>>,
    /// Ways to the placeholders, and how many values were tried there.
    placed: Vec<(Vec<Step>, usize)>,
    /// Ways to the keys that are meant by misspelt ones: they are not missing.
    meant: Vec<Vec<Step>>,
}

impl Reader<'_> {
    /// Notes the error and puts a placeholder in the place of its cause, so that
    /// the next error shows.
    /// `false`: nothing more can be learned from this section.
    fn go_on(&mut self, error: &toml::de::Error, also: &[&str], findings: &mut Findings) -> bool {
        let raw = error.message();
        let span = error.span().unwrap_or_else(|| self.section.value.span());
        if span == NOWHERE {
            return self.try_next_value(choices(raw));
        }
        match missing_field(raw) {
            Some(field) => self.put_in(field, &span, raw, findings),
            None => self.take_out(&span, raw, also, findings),
        }
    }

    fn take_out(
        &mut self,
        span: &std::ops::Range<usize>,
        raw: &str,
        also: &[&str],
        findings: &mut Findings,
    ) -> bool {
        let trail = find_span(&self.section.value, span);
        let cause = find_span(&self.left, span);
        // What is wrong with the rest of something follows from what was
        // taken out of it.
        let is_last_value = self
            .placed
            .last()
            .is_some_and(|(_, tried)| *tried == SMALL.len());
        if is_placeholder(raw, is_last_value) {
            name_kinds(&choices(raw).unwrap_or_default(), findings);
        } else if !self.wrong.iter().any(|w| w.starts_with(&trail)) {
            self.note(span, &trail, raw, also, findings);
        }
        self.remember_what_is_meant(&trail, raw, also);
        let again = self.wrong.contains(&trail);
        if trail.is_empty() || cause.is_empty() {
            return false;
        }
        self.wrong.push(trail);
        if again || is_of_the_key(raw, &self.left, &cause, span) {
            return remove(&mut self.left, &cause);
        }
        self.placed.push((cause, 0));
        self.try_next_value(choices(raw))
    }

    fn remember_what_is_meant(&mut self, trail: &[Step], raw: &str, also: &[&str]) {
        let also = if trail.len() <= 1 { also } else { &[] };
        if let (Some(name), Some((_, table))) = (meant(raw, also), trail.split_last()) {
            let way = [table, &[Step::Key(name)]].concat();
            self.meant.push(way);
        }
    }

    fn put_in(
        &mut self,
        field: &str,
        span: &std::ops::Range<usize>,
        raw: &str,
        findings: &mut Findings,
    ) -> bool {
        let mut way = find_table(&self.left, span);
        way.push(Step::Key(field.to_owned()));
        if self.placed.iter().any(|(known, _)| *known == way) {
            return false;
        }
        if !self.wrong.contains(&way) && !self.meant.contains(&way) {
            self.note(span, &way, raw, &[], findings);
        }
        self.placed.push((way, 0));
        self.try_next_value(None)
    }

    /// Tries the next value for the last key that was missing or wrong; where a
    /// word must be chosen, that word. What was wrong is taken out in the end.
    fn try_next_value(&mut self, words: Option<Vec<&str>>) -> bool {
        // Two different words, as of the other values.
        let word = words.and_then(|words| match self.size {
            Size::Small => words.first().copied(),
            Size::Large => words.last().copied(),
        });
        let Some((way, tried)) = self.placed.last_mut() else {
            return false;
        };
        let values = match self.size {
            Size::Small => &SMALL,
            Size::Large => &LARGE,
        };
        let Some(text) = values.get(*tried) else {
            let is_written = follow(&self.section.value, way).is_some();
            return is_written && remove(&mut self.left, way);
        };
        *tried += 1;
        let value = match (word, DeValue::parse(text)) {
            (Some(word), _) => DeValue::String(Cow::Owned(word.to_owned())),
            (None, Ok(value)) => value.into_inner(),
            (None, Err(_)) => return false,
        };
        let value = Spanned::new(NOWHERE, value);
        insert(&mut self.left, way, value)
    }

    fn placeholders(&self) -> Vec<String> {
        let ways = self.wrong.iter();
        let ways = ways.chain(self.placed.iter().map(|(way, _)| way));
        let ways = ways.chain(&self.meant);
        ways.map(|way| join(&self.section.path, way)).collect()
    }

    /// What must not be shown: a literal where a reference belongs, and values
    /// of which nobody knows what they are.
    fn secrets(
        &self,
        raw: &str,
        trail: &[Step],
        place: &std::ops::Range<usize>,
    ) -> Vec<std::ops::Range<usize>> {
        let literal = raw.contains(NO_SECRET_HERE) || raw.contains(NO_FIELD);
        // A misspelt kind with something below it, not a misspelt word.
        let kind = choices(raw).is_some()
            && follow(&self.section.value, trail).is_some_and(|part| part.span() != *place);
        if literal || kind || is_far_off(raw) {
            leaves(&self.section.value, trail)
        } else {
            Vec::new()
        }
    }

    /// What only the value tells.
    fn told(&self, trail: &[Step], raw: &str) -> Option<Wording> {
        let value = follow(&self.section.value, trail)?.get_ref();
        if raw.starts_with("wanted exactly 1 element") {
            return kinds_chosen(value.as_table()?, &join(&self.section.path, trail));
        }
        match trail.last()? {
            Step::Key(key) if key == "renew_at" => share_of_life(value),
            Step::Key(_) | Step::Index(_) => None,
        }
    }

    fn note(
        &self,
        span: &std::ops::Range<usize>,
        trail: &[Step],
        raw: &str,
        also: &[&str],
        findings: &mut Findings,
    ) {
        let also = if trail.len() <= 1 { also } else { &[] };
        let wording = self.told(trail, raw).unwrap_or_else(|| explain(raw, also));
        let path = join(&self.section.path, trail);
        let whole = trail.is_empty() || *span == self.section.value.span() || is_foreign(span);
        let place = if whole {
            self.section.span.clone()
        } else {
            span.clone()
        };
        let finding = Finding::error(
            self.section.source,
            place.clone(),
            path,
            without_user_info(&wording.message),
            wording.remedy,
        );
        findings.push(finding.hiding(self.secrets(raw, trail, &place)));
    }
}

/// Whether it is the key that is wrong, and not its value.
fn is_of_the_key(
    raw: &str,
    left: &Spanned<DeValue<'_>>,
    cause: &[Step],
    span: &std::ops::Range<usize>,
) -> bool {
    raw.starts_with("unknown field `") || follow(left, cause).is_some_and(|v| v.span() != *span)
}

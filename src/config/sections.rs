//! Gathers the sections of all files: which file has which section, what is
//! defined twice, and what is in the wrong file. `read` and `kinds` read them into
//! their types.

mod kinds;
mod read;

use std::collections::BTreeMap;

use toml::de::DeValue;

use super::finding::{Finding, Findings};
use super::lists::List;
use super::locate::Document;
use super::placeholders::Placeholders;
use super::rules;
use super::typed::{Section, Size};
use super::vendors::Uses;
use super::wording;
use crate::problem::nearest;

/// Sections of the main file.
const SINGLE: [&str; 8] = [
    "vault", "server", "log", "audit", "traces", "http", "limits", "defaults",
];
/// Sections of named tables, in any file.
const NAMED: [&str; 4] = ["issuers", "connections", "tokens", "notify"];

/// Keys of the main file that name other files.
fn lists() -> impl Iterator<Item = &'static str> {
    List::ALL.into_iter().map(List::key)
}

/// The sections of all files, each read separately.
pub(super) struct Sections<'a> {
    single: BTreeMap<&'static str, Section<'a>>,
    named: BTreeMap<&'static str, BTreeMap<String, Section<'a>>>,
    /// The size of the placeholder values by which the reader replaces wrong ones.
    size: Size,
    /// The names of the tables of misspelt sections.
    misspelt: BTreeMap<&'static str, Vec<String>>,
    /// What was wrong in the sections that were read.
    placeholders: Placeholders,
    uses: Uses,
}

impl<'a> Sections<'a> {
    pub(super) fn gather(documents: &[Document<'a>], size: Size, findings: &mut Findings) -> Self {
        let mut sections = Self {
            single: BTreeMap::new(),
            named: NAMED.iter().map(|n| (*n, BTreeMap::new())).collect(),
            size,
            misspelt: BTreeMap::new(),
            placeholders: Placeholders::default(),
            uses: Uses::default(),
        };
        for (source, document) in documents.iter().enumerate() {
            for (key, value) in document.get_ref() {
                let section = Section {
                    source,
                    path: key.get_ref().to_string(),
                    span: key.span(),
                    value: value.clone(),
                };
                sections.add(section, findings);
            }
        }
        sections
    }

    fn add(&mut self, section: Section<'a>, findings: &mut Findings) {
        let name = section.path.as_str();
        if let Some(name) = NAMED.iter().find(|n| **n == name) {
            self.add_named(name, section, findings);
        } else if let Some(name) = SINGLE.iter().find(|n| **n == name) {
            if section.source == 0 {
                self.single.insert(name, section);
            } else {
                misplaced(&section, findings);
            }
        } else if !lists().any(|list| list == name) {
            let known: Vec<_> = SINGLE
                .iter()
                .chain(&NAMED)
                .copied()
                .chain(lists())
                .collect();
            let wording = wording::unknown_name("section", name, &known);
            self.note_what_is_meant(name, section.value.get_ref());
            let (message, remedy) = (wording.message, wording.remedy);
            findings.push(Finding::error(
                section.source,
                section.span,
                section.path,
                message,
                remedy,
            ));
        } else if section.source > 0 {
            misplaced(&section, findings);
        }
    }

    /// A misspelt section is not missing, and what it names exists.
    fn note_what_is_meant(&mut self, name: &str, value: &DeValue<'_>) {
        let known = SINGLE.into_iter().chain(NAMED);
        let Some(meant) = nearest(name, known) else {
            return;
        };
        self.placeholders.extend([meant.to_owned()]);
        let Some(group) = NAMED.into_iter().find(|group| *group == meant) else {
            return;
        };
        let tables = value.as_table().into_iter().flatten();
        let names = tables.map(|(key, _)| key.get_ref().to_string());
        self.misspelt.entry(group).or_default().extend(names);
    }

    fn add_named(&mut self, group: &'static str, section: Section<'a>, findings: &mut Findings) {
        let DeValue::Table(table) = section.value.into_inner() else {
            findings.push(Finding::error(
                section.source,
                section.span,
                group,
                format!("`{group}` is a table of named tables"),
                format!("write a header for each: [{group}.<name>]"),
            ));
            return;
        };
        for (key, value) in table {
            let name = key.get_ref().to_string();
            let part = Section {
                source: section.source,
                path: format!("{group}.{name}"),
                span: key.span(),
                value,
            };
            check_name(&name, &part, findings);
            let known = self.named.entry(group).or_default();
            match known.get(&name) {
                Some(first) => defined_twice(first, &part, findings),
                None => {
                    known.insert(name, part);
                }
            }
        }
    }

    /// Every name in the files, even where its table is wrong.
    pub(super) fn names(&self) -> rules::Names {
        let of = |group: &str| {
            let tables = self.named.get(group).into_iter().flatten();
            let misspelt = self.misspelt.get(group).into_iter().flatten();
            let names = tables.map(|(name, _)| name).chain(misspelt);
            names.cloned().collect()
        };
        rules::Names {
            issuers: of("issuers"),
            connections: of("connections"),
            tokens: of("tokens"),
            kinds: self.kinds(),
        }
    }

    fn kinds(&self) -> BTreeMap<String, String> {
        let groups = ["issuers", "connections"].iter();
        let sections = groups
            .filter_map(|g| self.named.get(g))
            .flat_map(BTreeMap::values);
        let kinds = sections.filter_map(|section| {
            let (kind, _) = section.value.get_ref().as_table()?.iter().next()?;
            let path = section.path.clone();
            Some((path.clone(), format!("{path}.{}", kind.get_ref())))
        });
        kinds.collect()
    }

    /// What was wrong in the sections that were read until now, and what was
    /// made of vendor files.
    pub(super) fn placeholders(self) -> (Placeholders, Uses) {
        (self.placeholders, self.uses)
    }
}

fn misplaced(section: &Section<'_>, findings: &mut Findings) {
    findings.push(Finding::error(
        section.source,
        section.span.clone(),
        section.path.clone(),
        format!("`{}` belongs into the main file", section.path),
        "an included file holds [issuers.…], [connections.…], [tokens.…] and [notify.…] only: move it",
    ));
}

fn defined_twice(first: &Section<'_>, second: &Section<'_>, findings: &mut Findings) {
    findings.push(
        Finding::error(
            second.source,
            second.span.clone(),
            second.path.clone(),
            format!("`{}` is defined twice", second.path),
            "rename one of the two, or take it out",
        )
        .and_at(first.source, first.span.clone(), "first defined here"),
    );
}

/// Reports a name that cannot be a path in Vault and a label value.
fn check_name(name: &str, section: &Section<'_>, findings: &mut Findings) {
    let mut letters = name.chars();
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let good = letters.next().is_some_and(plain)
        && letters.all(|c| plain(c) || c == '-')
        && name.len() <= 63;
    if !good {
        findings.push(Finding::error(
            section.source,
            section.span.clone(),
            section.path.clone(),
            format!("`{name}` cannot be a name: names become paths in Vault and labels of metrics"),
            "use 1 to 63 of a-z, 0-9 and `-`, beginning with a letter or digit",
        ));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_section_that_is_read_tells_its_keys() {
        let known = crate::config::known_keys();
        let top = known.iter().filter(|key| !key.path.contains('.'));
        let top: BTreeSet<_> = top.map(|key| key.path.as_str()).collect();
        let read = SINGLE.iter().chain(&NAMED).copied();
        assert_eq!(top, read.chain(lists()).collect());
    }
}

//! Gathers the sections of all files: which file has which section, what is
//! defined twice, and what is in the wrong file.

mod kinds;

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::federated;
use super::finding::{Finding, Findings};
use super::keys;
use super::lists::List;
use super::locate::Document;
use super::placeholders::Placeholders;
use super::raw::{RawFederatedToken, RawPolicy, RawToken};
use super::rules;
use super::typed::{self, Section, Size};
use super::vendors::Uses;
use super::wording;

/// Sections of the main file.
const SINGLE: [&str; 7] = [
    "vault", "server", "log", "audit", "http", "limits", "defaults",
];
/// Sections of named tables, in any file.
const NAMED: [&str; 4] = ["issuers", "connections", "tokens", "notify"];

/// Keys of the main file that name other files.
fn lists() -> impl Iterator<Item = &'static str> {
    List::ALL.into_iter().map(List::key)
}

/// The parts of all files, each read on its own.
pub(super) struct Sections<'a> {
    single: BTreeMap<&'static str, Section<'a>>,
    named: BTreeMap<&'static str, BTreeMap<String, Section<'a>>>,
    /// Which placeholder values the reader puts in the place of wrong ones.
    size: Size,
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
            tables.map(|(name, _)| name.clone()).collect()
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

    pub(super) fn required<T: DeserializeOwned>(
        &mut self,
        name: &'static str,
        findings: &mut Findings,
    ) -> Option<T> {
        match self.single.remove(name) {
            Some(section) => self.read(section, &[], findings),
            None => {
                findings.push(Finding::error(
                    0,
                    0..0,
                    name,
                    format!("the section `[{name}]` is missing"),
                    "add it; config/minimal.toml shows the least that is needed",
                ));
                None
            }
        }
    }

    pub(super) fn optional<T: DeserializeOwned>(
        &mut self,
        name: &'static str,
        findings: &mut Findings,
    ) -> Option<T> {
        let section = self.single.remove(name).unwrap_or_else(|| empty(name));
        self.read(section, &[], findings)
    }

    /// A token's table holds keys of its own and keys of the policy: each kind
    /// is read into its own type.
    pub(super) fn tokens(
        &mut self,
        findings: &mut Findings,
    ) -> BTreeMap<String, (RawToken, RawPolicy)> {
        let policy_keys = keys::fields::<RawPolicy>();
        let mut read = BTreeMap::new();
        let all = self.named.remove("tokens").into_iter().flatten();
        let (federated, rotated) = all.partition(|(_, section)| federated::is_one(section));
        self.named.insert("tokens", federated);
        let rotated: BTreeMap<String, Section<'_>> = rotated;
        for (name, section) in rotated {
            let (own, policy) = split(section, &policy_keys);
            let own = self.read::<RawToken>(own, &policy_keys, findings);
            let policy = self.read::<RawPolicy>(policy, &[], findings);
            if let (Some(own), Some(policy)) = (own, policy) {
                read.insert(name, (own, policy));
            }
        }
        read
    }

    /// Named tables of one type.
    pub(super) fn each<T: DeserializeOwned>(
        &mut self,
        group: &str,
        findings: &mut Findings,
    ) -> BTreeMap<String, T> {
        let mut read = BTreeMap::new();
        for (name, section) in self.named.remove(group).into_iter().flatten() {
            if let Some(value) = self.read(section, &[], findings) {
                read.insert(name, value);
            }
        }
        read
    }

    /// The tokens whose credential is federated, after [`Sections::tokens`].
    pub(super) fn federated(
        &mut self,
        findings: &mut Findings,
    ) -> BTreeMap<String, (RawFederatedToken, RawPolicy)> {
        let policy_keys = keys::fields::<RawPolicy>();
        let mut read = BTreeMap::new();
        for (name, mut section) in self.named.remove("tokens").into_iter().flatten() {
            federated::take_out_keys_of_rotation(&mut section, findings);
            if !federated::has_table(&section, findings) {
                self.placeholders.extend([section.path.clone()]);
                continue;
            }
            let (own, policy) = split(section, &policy_keys);
            let own = self.read::<RawFederatedToken>(own, &policy_keys, findings);
            let policy = self.read::<RawPolicy>(policy, &[], findings);
            if let (Some(own), Some(policy)) = (own, policy) {
                read.insert(name, (own, policy));
            }
        }
        read
    }

    /// What was wrong in the sections that were read until now, and what was
    /// made of vendor files.
    pub(super) fn placeholders(self) -> (Placeholders, Uses) {
        (self.placeholders, self.uses)
    }

    fn read<T: DeserializeOwned>(
        &mut self,
        section: Section<'_>,
        also: &[&str],
        findings: &mut Findings,
    ) -> Option<T> {
        let path = section.path.clone();
        let draft = typed::read(section, also, self.size, findings);
        match draft {
            Some(draft) => {
                self.placeholders.extend(draft.placeholders);
                Some(draft.value)
            }
            None => {
                self.placeholders.extend([path]);
                None
            }
        }
    }
}

fn split<'a>(section: Section<'a>, policy_keys: &[&str]) -> (Section<'a>, Section<'a>) {
    let mut own = section.clone();
    let mut policy = section;
    if let (DeValue::Table(own), DeValue::Table(policy)) =
        (own.value.get_mut(), policy.value.get_mut())
    {
        for key in policy_keys {
            own.remove(*key);
        }
        for (key, _) in own.iter() {
            policy.remove(key.get_ref().as_ref());
        }
    }
    (own, policy)
}

fn empty(name: &str) -> Section<'static> {
    Section {
        source: 0,
        path: name.to_owned(),
        value: Spanned::new(0..0, DeValue::Table(DeTable::new())),
        span: 0..0,
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

/// Names become paths in Vault and label values.
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

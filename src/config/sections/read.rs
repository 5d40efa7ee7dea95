//! Reads gathered sections into their types.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Sections;
use crate::config::federated;
use crate::config::finding::{Finding, Findings};
use crate::config::keys;
use crate::config::raw::{RawFederatedToken, RawIssuer, RawPolicy, RawToken};
use crate::config::typed::{self, Section};

impl Sections<'_> {
    /// A section that the main file must have.
    pub(in crate::config) fn required<T: DeserializeOwned>(
        &mut self,
        name: &'static str,
        findings: &mut Findings,
    ) -> Option<T> {
        match self.single.remove(name) {
            Some(section) => self.read(section, &[], findings),
            // Its misspelt name was noted.
            None if self.placeholders.cover(name) => None,
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

    /// A section that the main file may leave out.
    pub(in crate::config) fn optional<T: DeserializeOwned>(
        &mut self,
        name: &'static str,
        findings: &mut Findings,
    ) -> Option<T> {
        let section = self.single.remove(name).unwrap_or_else(|| empty(name));
        self.read(section, &[], findings)
    }

    /// The tokens that are rotated. A token's table holds keys of its own and keys of
    /// the policy: each kind is read into its own type.
    pub(in crate::config) fn tokens(
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

    /// What stands beside the kinds of issuers. Call it before anything looks at their
    /// tables.
    pub(in crate::config) fn issuer_rules(
        &mut self,
        findings: &mut Findings,
    ) -> BTreeMap<String, RawIssuer> {
        let keys = keys::fields::<RawIssuer>();
        let mut beside = Vec::new();
        for (name, section) in self.named.entry("issuers").or_default() {
            let (kind, rules) = split(section.clone(), &keys);
            if rules
                .value
                .get_ref()
                .as_table()
                .is_some_and(|t| !t.is_empty())
            {
                *section = kind;
                beside.push((name.clone(), rules));
            }
        }
        let read = |(name, rules)| Some((name, self.read(rules, &[], findings)?));
        beside.into_iter().filter_map(read).collect()
    }

    /// Named tables of one type.
    pub(in crate::config) fn each<T: DeserializeOwned>(
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

    /// The tokens whose credential is federated. Call it after [`Sections::tokens`].
    pub(in crate::config) fn federated(
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

    /// Reads one section; notes what was wrong in it.
    pub(super) fn read<T: DeserializeOwned>(
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

/// The keys of the token's own, and those of the policy.
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

/// A section without keys, so that every key has its default.
fn empty(name: &str) -> Section<'static> {
    Section {
        source: 0,
        path: name.to_owned(),
        value: Spanned::new(0..0, DeValue::Table(DeTable::new())),
        span: 0..0,
    }
}

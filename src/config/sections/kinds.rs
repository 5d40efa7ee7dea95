//! Issuers and connections: a kind that is built in, or a vendor file.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::de::DeTable;

use super::{Finding, Findings, Section, Sections};
use crate::config::keys;
use crate::config::vendors::{Found, Usage, Vendors};
use crate::vendors::{FromVendor, Vendor};

impl<'a> Sections<'a> {
    /// The issuers or the connections.
    pub(in crate::config) fn family<K: FromVendor>(
        &mut self,
        vendors: &Vendors<'a>,
        findings: &mut Findings,
    ) -> BTreeMap<String, K> {
        let tables = self.named.remove(K::FAMILY.section()).into_iter().flatten();
        let read = tables.filter_map(|(name, section)| {
            let kind = self.kind(section, vendors, findings)?;
            Some((name, kind))
        });
        read.collect()
    }

    fn kind<K: FromVendor>(
        &mut self,
        section: Section<'a>,
        vendors: &Vendors<'a>,
        findings: &mut Findings,
    ) -> Option<K> {
        let chosen = Chosen::of(&section).filter(|chosen| !is_builtin::<K>(&chosen.name));
        let Some(chosen) = chosen else {
            return self.read(section, &[], findings);
        };
        let kind = match vendors.find(K::FAMILY, &chosen.name) {
            Found::Vendor(vendor) => return self.of_vendor(&section, chosen, vendor, findings),
            // What is wrong with the file is noted.
            Found::Broken => None,
            Found::Nothing => Some(vendors.no_such_kind(K::FAMILY, &chosen.name)),
        };
        if let Some(wording) = kind {
            let path = format!("{}.{}", section.path, chosen.name);
            let (message, remedy) = (wording.message, wording.remedy);
            let finding = Finding::error(section.source, chosen.key, path, message, remedy);
            findings.push(finding.hiding(vec![chosen.value]));
        }
        self.placeholders.extend([section.path]);
        None
    }

    fn of_vendor<K: FromVendor>(
        &mut self,
        section: &Section<'a>,
        chosen: Chosen<'a>,
        vendor: &Vendor<'a>,
        findings: &mut Findings,
    ) -> Option<K> {
        let path = format!("{}.{}", section.path, chosen.name);
        let Some(table) = chosen.table else {
            let (place, message) = (chosen.value, "a table is expected here");
            let remedy = format!("write a header: [{path}]");
            let finding = Finding::error(section.source, place.clone(), path, message, remedy);
            findings.push(finding.hiding(vec![place]));
            self.placeholders.extend([section.path.clone()]);
            return None;
        };
        let mut usage = Usage {
            source: section.source,
            path: path.clone(),
            key: chosen.key,
            table: &table,
            vendor,
            size: self.size,
            findings,
        };
        let used = usage.read();
        self.placeholders.extend(used.placeholders);
        self.uses.add(path, used.moved);
        used.kind
    }
}

/// The one entry below the name of an issuer or a connection.
struct Chosen<'a> {
    name: String,
    /// Where the name stands, and the value.
    key: Range<usize>,
    value: Range<usize>,
    table: Option<DeTable<'a>>,
}

impl<'a> Chosen<'a> {
    fn of(section: &Section<'a>) -> Option<Self> {
        let table = section.value.get_ref().as_table()?;
        let (key, value) = table.iter().next().filter(|_| table.len() == 1)?;
        Some(Self {
            name: key.get_ref().to_string(),
            key: key.span(),
            value: value.span(),
            table: value.get_ref().as_table().cloned(),
        })
    }
}

fn is_builtin<K: FromVendor>(name: &str) -> bool {
    keys::fields::<K>().contains(&name)
}

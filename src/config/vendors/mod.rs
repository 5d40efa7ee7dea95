//! Vendor files as part of a configuration: the user's own are read and
//! checked, and a user's table of a vendor becomes one of kind `http`.
//!
//! A mistake in a user's own vendor file is shown in that file, also when
//! nothing uses it. A mistake in a user's table is shown there, never in the
//! vendor file.

mod file;
#[cfg(test)]
mod tests;
mod typed_value;
mod usage;

use std::collections::BTreeSet;
use std::path::Path;

use super::file::Source;
use super::finding::{Finding, Findings};
use super::report::Report;
use super::source;
use super::wording::Wording;
use crate::problem::nearest;
use crate::vendors::{Family, Library, Vendor};

pub(super) use self::usage::{Usage, Uses};

/// The vendor files of a configuration.
pub(super) struct Vendors<'a> {
    pub(super) library: Library<'a>,
    /// Names of the user's own files that cannot be used; what is wrong with
    /// them is noted.
    broken: BTreeSet<(Family, String)>,
    /// What a person should know of them.
    pub(super) notes: Vec<String>,
}

impl<'a> Vendors<'a> {
    /// The shipped files, and the user's own: `sources` from the index `first`
    /// on.
    pub(super) fn read(
        shipped: &Library<'a>,
        sources: &'a [Source],
        first: usize,
        findings: &mut Findings,
    ) -> Self {
        let mut vendors = Self {
            library: shipped.clone(),
            broken: BTreeSet::new(),
            notes: Vec::new(),
        };
        let mut seen: Vec<(Family, String, &Path)> = Vec::new();
        for (index, source) in sources.iter().enumerate().skip(first) {
            let read = file::read(index, source, findings);
            let Some((family, name)) = read.names() else {
                // Whatever it was to describe, it is not the name that is wrong.
                let stem = file::stem(&source.path);
                vendors
                    .broken
                    .extend(Family::ALL.map(|family| (family, stem.clone())));
                continue;
            };
            let first = seen.iter().find(|(f, n, _)| (*f, n) == (family, &name));
            if let Some((_, _, first)) = first {
                let message = format!(
                    "the {} `{name}` is already described by {}",
                    family.as_str(),
                    first.display()
                );
                let remedy =
                    "rename one of the two files: the name of the file is the vendor's name";
                findings.push(Finding::error(index, 0..0, "", message, remedy));
                continue;
            }
            seen.push((family, name.clone(), &source.path));
            match read {
                file::Read::Sound(vendor) => vendors.add(*vendor),
                file::Read::Broken(..) => {
                    vendors.broken.insert((family, name));
                }
            }
        }
        vendors
    }

    fn add(&mut self, vendor: Vendor<'a>) {
        let (family, name) = (vendor.family(), vendor.name.clone());
        let path = vendor.path.clone().unwrap_or_default();
        if self.library.add(vendor).is_some() {
            self.notes.push(format!(
                "{} takes the place of the shipped {} `{name}`",
                path.display(),
                family.as_str()
            ));
        }
    }

    /// What is known of a kind with this name.
    pub(super) fn find(&self, family: Family, name: &str) -> Found<'_, 'a> {
        if self.broken.contains(&(family, name.to_owned())) {
            return Found::Broken;
        }
        match self.library.get(family, name) {
            Some(vendor) => Found::Vendor(vendor),
            None => Found::Nothing,
        }
    }
}

impl Vendors<'_> {
    /// What is said of a kind that nobody knows.
    pub(super) fn no_such_kind(&self, family: Family, name: &str) -> Wording {
        let builtin = file::builtin(family);
        let broken = self.broken.iter().filter(|(of, _)| *of == family);
        let broken = broken.map(|(_, name)| name.as_str());
        let mut vendors: Vec<_> = self.library.names(family).chain(broken).collect();
        vendors.sort_unstable();
        let all: Vec<_> = builtin.iter().copied().chain(vendors.clone()).collect();
        let near = nearest(name, all.iter().copied());
        let near = near.map_or(String::new(), |near| format!("did you mean `{near}`? "));
        let listed = match vendors.is_empty() {
            true => String::new(),
            false => format!("; vendors: {}", vendors.join(", ")),
        };
        Wording {
            message: format!("unknown kind or vendor `{name}`"),
            remedy: format!("{near}kinds: {}{listed}", builtin.join(", ")),
        }
    }
}

/// What a name of a kind leads to.
pub(super) enum Found<'v, 'a> {
    /// A vendor file that can be used.
    Vendor(&'v Vendor<'a>),
    /// A file of the user's that cannot be used; that is noted.
    Broken,
    /// No vendor file.
    Nothing,
}

/// Checks one vendor file as its author would: everything that is wrong, with
/// its place.
#[must_use]
pub fn check_vendor_file(path: &Path) -> Report {
    let mut findings = Findings::default();
    let sources: Vec<_> = source::read_one(path, &mut findings).into_iter().collect();
    for (index, source) in sources.iter().enumerate() {
        drop(file::read(index, source, &mut findings));
    }
    Report::of(findings, &sources)
}

/// The vendor files that can be used by name under a configuration: those that
/// are built in, and the user's own. Only the main file is looked at, so that
/// this works while the rest of the configuration is being written.
pub struct Catalogue {
    sources: Vec<Source>,
    first: usize,
    findings: Findings,
}

impl Catalogue {
    /// With the files that a configuration names; `None`: only those that are
    /// built in.
    #[must_use]
    pub fn read(config: Option<&Path>) -> Self {
        let mut findings = Findings::default();
        let files = config.map(|path| source::read_all(path, &mut findings));
        let files = files.unwrap_or_default();
        Self {
            sources: files.all,
            first: files.settings,
            findings,
        }
    }

    /// All files that can be used, and what is wrong with the others.
    #[must_use]
    pub fn vendors(&self) -> (Library<'_>, Report) {
        let mut findings = self.findings.clone();
        let shipped: Library<'_> = Library::shipped().clone();
        let vendors = Vendors::read(&shipped, &self.sources, self.first, &mut findings);
        (vendors.library, Report::of(findings, &self.sources))
    }
}

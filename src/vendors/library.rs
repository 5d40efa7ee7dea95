//! All vendor files that can be used by name.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use super::Family;
use super::shipped::SHIPPED;
use super::vendor::Vendor;

/// Vendor files by family and name.
#[derive(Debug, Clone, Default)]
pub struct Library<'a> {
    all: BTreeMap<(Family, String), Arc<Vendor<'a>>>,
}

static LIBRARY: LazyLock<Library<'static>> = LazyLock::new(|| {
    let read = SHIPPED
        .iter()
        .map(|file| Vendor::shipped(file.name, file.text));
    // That each of them can be read is for the tests to see.
    Library::of(read.filter_map(Result::ok))
});

impl<'a> Library<'a> {
    /// The files that are built into the program.
    #[must_use]
    pub fn shipped() -> &'static Library<'static> {
        &LIBRARY
    }

    /// These files. Of two with the same name and family, the later one.
    #[must_use]
    pub fn of(vendors: impl IntoIterator<Item = Vendor<'a>>) -> Self {
        let mut library = Self::default();
        for vendor in vendors {
            library.add(vendor);
        }
        library
    }

    /// Adds a file, and gives the one that it takes the place of.
    pub fn add(&mut self, vendor: Vendor<'a>) -> Option<Arc<Vendor<'a>>> {
        let key = (vendor.family(), vendor.name.clone());
        self.all.insert(key, Arc::new(vendor))
    }

    /// The file with this name.
    #[must_use]
    pub fn get(&self, family: Family, name: &str) -> Option<&Arc<Vendor<'a>>> {
        self.all.get(&(family, name.to_owned()))
    }

    /// The names of a family.
    pub fn names(&self, family: Family) -> impl Iterator<Item = &str> {
        let all = self.all.keys().filter(move |(of, _)| *of == family);
        all.map(|(_, name)| name.as_str())
    }

    /// All files, issuers first, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Vendor<'a>>> {
        self.all.values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::kind::Origin;
    use crate::vendors::example::testing::{CONNECTION, ISSUER};

    #[test]
    fn one_name_may_stand_for_an_issuer_and_for_a_connection() {
        let read = |text| Vendor::shipped("acme", text).expect("sound");
        let library = Library::of([read(ISSUER), read(CONNECTION)]);
        let title = |family| {
            let vendor = library.get(family, "acme").expect("there");
            vendor.file.vendor.title.clone()
        };
        assert_eq!(title(Family::Issuer), "Acme CRM");
        assert_eq!(title(Family::Connection), "Acme Login");
        assert!(library.get(Family::Issuer, "other").is_none());
        assert_eq!(library.iter().count(), 2);
        assert_eq!(library.names(Family::Issuer).collect::<Vec<_>>(), ["acme"]);
    }

    #[test]
    fn a_file_of_the_same_name_takes_the_place() {
        let read = |text| Vendor::shipped("acme", text).expect("sound");
        let mut library = Library::of([read(ISSUER)]);
        let touched = format!("{ISSUER}\n");
        let mut own = read(&touched);
        own.origin = Origin::Own;
        let replaced = library.add(own).expect("there was one");
        assert_eq!(replaced.origin, Origin::Shipped);
        let now = library.get(Family::Issuer, "acme").expect("there");
        assert_eq!(now.origin, Origin::Own);
        assert_ne!(now.sha256, replaced.sha256);
    }
}

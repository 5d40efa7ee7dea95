//! The vendor files that are built into the program.
//!
//! `config/vendors/shipped.rs` lists them, so that a vendor is added without a
//! change below `src`; a test holds the list against the folders. The replays
//! that stand beside the files are not built in.

use super::Family;

/// One file.
pub(super) struct Shipped {
    /// The folder that it stands in.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "the file says it too; a test compares")
    )]
    pub(super) family: Family,
    /// Its name without the ending.
    pub(super) name: &'static str,
    /// Its content.
    pub(super) text: &'static str,
}

/// Turns the two lists of names into files.
macro_rules! shipped {
    (issuers: [$($issuer:literal),* $(,)?], connections: [$($connection:literal),* $(,)?] $(,)?) => {
        &[
            $(shipped!(Issuer, "issuers", $issuer),)*
            $(shipped!(Connection, "connections", $connection),)*
        ]
    };
    ($family:ident, $folder:literal, $name:literal) => {
        Shipped {
            family: Family::$family,
            name: $name,
            text: include_str!(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/config/vendors/",
                $folder,
                "/",
                $name,
                ".toml"
            )),
        }
    };
}

/// All of them.
pub(super) const SHIPPED: &[Shipped] = include!("../../config/vendors/shipped.rs");

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;
    use crate::vendors::Vendor;

    /// Names of the vendor files in a folder; the replays beside them are none.
    fn files(family: Family) -> BTreeSet<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("config/vendors")
            .join(family.section());
        let Ok(entries) = std::fs::read_dir(folder) else {
            return BTreeSet::new();
        };
        let names = entries.map(|entry| entry.expect("an entry").file_name());
        let names = names.map(|name| name.into_string().expect("a name"));
        let files = names.filter(|name| !name.ends_with(".replay.toml"));
        files
            .filter_map(|name| name.strip_suffix(".toml").map(str::to_owned))
            .collect()
    }

    #[test]
    fn the_list_names_every_file_of_the_folders() {
        for family in Family::ALL {
            let listed = SHIPPED.iter().filter(|file| file.family == family);
            let listed: BTreeSet<_> = listed.map(|file| file.name.to_owned()).collect();
            assert_eq!(listed, files(family), "config/vendors/shipped.rs");
        }
    }

    #[test]
    fn every_file_can_be_read_and_stands_in_the_folder_of_its_family() {
        for file in SHIPPED {
            let vendor = Vendor::shipped(file.name, file.text);
            let vendor = vendor.unwrap_or_else(|why| panic!("{}: {why}", file.name));
            assert_eq!(vendor.family(), file.family, "{}", file.name);
        }
    }
}

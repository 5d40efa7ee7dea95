//! `config/vendors/pages` holds a page for each vendor, made from the vendor files.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use scim_rotator::environment;
use scim_rotator::vendors::Library;
use serde_json::Value;

use super::page::{Source, page};
use super::repository;

const FOLDER: &str = "config/vendors/pages";

#[test]
fn each_vendor_has_the_page_that_its_file_makes() {
    let pages = all();
    assert!(pages.len() > 100, "{}", pages.len());
    let folder = repository(FOLDER);
    if environment::has("UPDATE_GOLDEN") {
        std::fs::create_dir_all(&folder).expect("the folder");
        for name in written().difference(&pages.keys().cloned().collect()) {
            std::fs::remove_file(folder.join(name)).expect("removed");
        }
        for (name, text) in &pages {
            std::fs::write(folder.join(name), text).expect("written");
        }
        return;
    }
    let made: BTreeSet<String> = pages.keys().cloned().collect();
    assert_eq!(written(), made, "run the test with UPDATE_GOLDEN=1");
    for (name, text) in pages {
        let written = std::fs::read_to_string(folder.join(&name)).expect("a page");
        assert!(written == text, "{name}: run the test with UPDATE_GOLDEN=1");
    }
}

/// The names of the pages that are there.
fn written() -> BTreeSet<String> {
    let entries = std::fs::read_dir(repository(FOLDER)).into_iter().flatten();
    let names = entries.map(|entry| entry.expect("an entry").file_name());
    names
        .map(|name| name.into_string().expect("text"))
        .collect()
}

fn all() -> BTreeMap<String, String> {
    let library = Library::shipped();
    let names: BTreeSet<_> = library.iter().map(|vendor| vendor.name.clone()).collect();
    let pages = names
        .iter()
        .map(|name| (format!("{name}.md"), page(&sources(name))));
    pages.collect()
}

fn sources(name: &str) -> Vec<Source> {
    let ran = Command::new(env!("CARGO_BIN_EXE_scim-rotator"))
        .args(["vendors", "show", name, "--output", "json"])
        .output()
        .expect("the binary runs");
    let told: Value = serde_json::from_slice(&ran.stdout).expect("JSON");
    let told = told["vendors"].as_array().expect("a list").iter();
    told.map(|told| {
        let family = told["family"].as_str().expect("a family");
        let path = repository(&format!("config/vendors/{family}s/{name}.toml"));
        let text = std::fs::read_to_string(path).expect("the file");
        Source {
            told: told.clone(),
            file: text.parse().expect("TOML"),
        }
    })
    .collect()
}

//! The guide for authors, and the files that are shipped.

use scim_rotator::config::{check_vendor_file, keys};
use scim_rotator::vendors::file::VendorFile;

use super::author::said_of;
use super::repository;

/// The guide for authors.
fn guide() -> String {
    std::fs::read_to_string(repository("config/vendors/README.md")).expect("the guide")
}

#[test]
fn the_skeleton_of_the_guide_is_sound() {
    let guide = guide();
    let (_, skeleton) = guide
        .split_once("## The skeleton\n\n```toml\n")
        .expect("there");
    let (skeleton, _) = skeleton.split_once("```").expect("its end");
    assert!(skeleton.contains("\n[http]\n"), "{skeleton}");
    let calls = "
[http.capabilities]
live_tokens = 'many'
issue_effect = 'keeps'
[http.issue]
url = 'https://{{ config.domain }}/api/tokens'
effect = 'creates'
read.token = '/token'
";
    assert_eq!(said_of("acme.toml", &format!("{skeleton}{calls}")), []);
    let commented = skeleton.replace("# openapi = ", "openapi = ");
    let said = said_of("acme.toml", &format!("{commented}{calls}"));
    assert_eq!(said.len(), 1, "an ellipsis is no digest: {said:#?}");
}

#[test]
fn the_guide_names_every_key_and_every_word() {
    let guide = guide();
    let known = keys::of::<VendorFile>("");
    assert!(known.keys.len() > 25, "{}", known.keys.len());
    for key in known.keys.iter().chain(&known.words) {
        let name = key.path.rsplit('.').next().unwrap_or_default();
        let spellings = [
            "`NAME`",
            "`NAME = ",
            "\nNAME = ",
            " NAME = ",
            "[NAME]",
            "\"NAME\"",
            "[NAME.",
        ];
        let named = spellings
            .iter()
            .any(|spelling| guide.contains(&spelling.replace("NAME", name)));
        assert!(
            named || name == keys::ANY,
            "config/vendors/README.md does not name {}",
            key.path
        );
    }
}

#[test]
fn every_shipped_file_is_sound() {
    for family in ["issuers", "connections"] {
        let folder = repository("config/vendors").join(family);
        for entry in std::fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.expect("an entry").path();
            let name = path.display().to_string();
            if name.ends_with(".toml") && !name.ends_with(".replay.toml") {
                let report = check_vendor_file(&path);
                assert!(report.findings().is_empty(), "{report}");
            }
        }
    }
}

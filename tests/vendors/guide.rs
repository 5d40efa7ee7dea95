//! The guide for authors, and the files that are shipped.

use scim_rotator::config::{check_vendor_file, keys};
use scim_rotator::vendors::Library;
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

/// The part of the guide that the program makes.
const TABLES: [&str; 2] = [
    "<!-- vendors: made by the program -->\n",
    "<!-- end of vendors -->",
];

#[test]
fn the_tables_of_all_vendors_are_those_that_the_program_makes() {
    let ran = std::process::Command::new(env!("CARGO_BIN_EXE_scim-rotator"))
        .args(["vendors", "--markdown"])
        .output()
        .expect("the binary runs");
    let made = String::from_utf8(ran.stdout).expect("text");
    let guide = guide();
    let (before, rest) = guide.split_once(TABLES[0]).expect("the begin");
    let (written, after) = rest.split_once(TABLES[1]).expect("the end");
    if scim_rotator::environment::has("UPDATE_GOLDEN") {
        let new = [before, TABLES[0], &made, TABLES[1], after].concat();
        std::fs::write(repository("config/vendors/README.md"), new).expect("written");
        return;
    }
    assert!(written == made, "run the test with UPDATE_GOLDEN=1");
    for vendor in Library::shipped().iter() {
        let name = format!("| [`{0}`](pages/{0}.md) |", vendor.name);
        assert!(made.contains(&name), "{name}");
    }
}

/// A reader of the section on client secrets finds every file that makes them, and
/// each of these says what to write into the token.
#[test]
fn the_guide_lists_every_issuer_of_client_secrets() {
    let guide = std::fs::read_to_string(repository("config/CREDENTIALS.md")).expect("the guide");
    let (_, section) = guide.split_once("## Client secrets\n").expect("there");
    let (section, _) = section.split_once("\n## ").expect("the next section");
    let mut makers = 0;
    for vendor in Library::shipped().iter() {
        let notes = vendor.file.vendor.notes.as_deref().unwrap_or_default();
        let is_listed = section.contains(&format!("| `{}` |", vendor.name));
        let is_maker = vendor.name.ends_with("-secret") || vendor.name.contains("-secret-");
        assert_eq!(is_listed, is_maker, "{}", vendor.name);
        if is_maker {
            makers += 1;
            for needed in [
                "`credential = \"client_secret\"`",
                "token_url = \"",
                "scope",
            ] {
                let said =
                    notes.contains(needed) || notes.contains("vendor `keycloak-client-secret`");
                assert!(said, "{} does not say {needed}", vendor.name);
            }
        }
    }
    assert!(makers > 10, "{makers}");
}

/// Somebody who looks for a vendor finds it before anything else.
#[test]
fn the_first_screen_of_the_readme_names_what_a_reader_looks_for() {
    let readme = std::fs::read_to_string(repository("README.md")).expect("the README");
    let first: String = readme.lines().take(60).collect::<Vec<_>>().join("\n");
    let names = [
        "Entra",
        "Okta",
        "Google Workspace",
        "OneLogin",
        "JumpCloud",
        "PingOne",
        "Keycloak",
        "AWS IAM Identity Center",
        "GitHub",
        "GitLab",
        "Slack",
        "Atlassian",
        "Zscaler",
        "Figma",
        "Miro",
        "Notion",
        "Databricks",
        "Auth0",
        "HCP Terraform",
        "OpenAI",
        "Claude",
        "1Password",
        "Zoom",
        "config/vendors/README.md",
    ];
    let missing: Vec<_> = names
        .iter()
        .filter(|name| !first.contains(**name))
        .collect();
    assert!(missing.is_empty(), "{missing:?}\n{first}");
}

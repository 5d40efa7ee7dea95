use super::*;
use crate::config;
use crate::vault::KvPath;

fn answers() -> Answers {
    Answers {
        address: "https://vault.example.com:8200".parse().expect("a URL"),
        auth: Auth::Approle,
        role: None,
        state_path: KvPath::parse("kv/scim-rotator").expect("a path"),
        folder: KvPath::parse("kv/scim").expect("a path"),
        folder_is_named: true,
        tokens: vec!["crm".to_owned()],
        scim_url: None,
        issuer_vendor: None,
        connection_vendor: None,
        ca_file: None,
    }
}

/// What `check` says of it.
fn mistakes(answers: &Answers) -> String {
    let text = match configuration(answers) {
        Ok(text) => text,
        // A vendor that can do nothing is refused with the reason.
        Err(_) => return String::new(),
    };
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("scim-rotator.toml");
    std::fs::write(&path, &text).expect("written");
    match config::load(&path) {
        Ok(_) => String::new(),
        Err(report) => format!("{}\n{text}", report.render(false)),
    }
}

#[test]
fn every_login_and_several_tokens_give_a_valid_configuration() {
    for auth in [Auth::Approle, Auth::Kubernetes, Auth::Jwt, Auth::Token] {
        let answers = Answers {
            auth,
            tokens: vec!["crm".to_owned(), "erp-2".to_owned()],
            ..answers()
        };
        assert_eq!(mistakes(&answers), "", "{auth:?}");
    }
}

#[test]
fn every_vendor_gives_a_valid_configuration() {
    let library = Library::shipped();
    let issuers = library.names(Family::Issuer).map(|vendor| Answers {
        issuer_vendor: Some(vendor.to_owned()),
        ..answers()
    });
    let connections = library.names(Family::Connection).map(|vendor| Answers {
        connection_vendor: Some(vendor.to_owned()),
        ..answers()
    });
    let all: Vec<Answers> = issuers.chain(connections).collect();
    assert!(all.len() > 20, "the library is there");
    let wrong: Vec<String> = all.iter().map(mistakes).collect();
    let wrong: Vec<&String> = wrong.iter().filter(|text| !text.is_empty()).collect();
    assert!(wrong.is_empty(), "{}: {}", wrong.len(), wrong[0]);
}

#[test]
fn a_vendor_that_there_is_not_is_answered_with_the_nearest() {
    let answers = Answers {
        issuer_vendor: Some("auht0".to_owned()),
        ..answers()
    };
    let said = configuration(&answers).expect_err("there is none");
    assert!(said.contains("did you mean `auth0`?"), "{said}");
}

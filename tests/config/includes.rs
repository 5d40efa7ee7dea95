//! Several files: which are read, in which order, and what may stand where.

use std::path::PathBuf;

use scim_rotator::config::Finding;
use scim_rotator::problem::Severity::{Error, Warning};

use super::{Folder, report};

const VAULT: &str = "
[vault]
address = 'https://vault.example.com:8200'
state_path = 'kv/scim-rotator'
auth.token.token = { file = '/run/vault-token' }
";

fn token(name: &str) -> String {
    format!(
        "[tokens.{name}]\nvault_path = 'kv/scim/{name}'\nscim_url = 'https://{name}.example.com/scim'\n\
         issuer = 'by-hand'\ndeclared_lifetime = '90d'\n"
    )
}

const ISSUER: &str = "
[issuers.by-hand.operator]
live_tokens = 'many'
issue_effect = 'keeps'
lifetime = '90d'
instructions = 'Ask the owner.'
";

/// A folder whose main file includes these patterns.
fn including(patterns: &str) -> Folder {
    Folder::with(&format!("include = {patterns}\n{VAULT}{ISSUER}"))
}

fn findings(folder: &Folder) -> Vec<Finding> {
    report(folder.load()).findings().to_vec()
}

#[test]
fn files_are_found_relative_to_the_one_that_includes_them() {
    let folder = including("['issuers.toml', 'tokens.d/*.toml']");
    folder.write(
        "main.toml",
        format!("include = ['issuers.toml', 'tokens.d/*.toml']\n{VAULT}"),
    );
    folder.write("issuers.toml", ISSUER);
    folder.write("tokens.d/b.toml", token("b"));
    folder.write("tokens.d/a.toml", token("a"));
    folder.write("tokens.d/a.toml.bak", "not TOML");
    for hidden in [".a.toml", ".#a.toml", "._a.toml", ".toml"] {
        folder.write(&format!("tokens.d/{hidden}"), "not TOML");
    }
    folder.write("tokens.d/sub.toml/c.toml", "not TOML");
    let loaded = folder.load().unwrap_or_else(|report| panic!("{report}"));
    assert_eq!(loaded.warnings.findings(), []);
    let names: Vec<_> = loaded.settings.tokens.keys().map(String::as_str).collect();
    assert_eq!(names, ["a", "b"]);
    let expected = [
        "main.toml",
        "issuers.toml",
        "tokens.d/a.toml",
        "tokens.d/b.toml",
    ];
    let expected: Vec<PathBuf> = expected.iter().map(|name| folder.path(name)).collect();
    assert_eq!(loaded.files, expected);
}

#[test]
fn signs_of_patterns_in_the_folders_own_name_are_no_patterns() {
    let outer = Folder::new();
    outer.write(
        "a[b]*/main.toml",
        format!("include = ['t/*.toml']\n{VAULT}{ISSUER}"),
    );
    outer.write("a[b]*/t/crm.toml", token("crm"));
    let loaded = scim_rotator::config::load(&outer.path("a[b]*/main.toml"));
    let loaded = loaded.unwrap_or_else(|report| panic!("{report}"));
    assert!(loaded.settings.tokens.contains_key("crm"));
}

#[test]
fn a_file_is_read_once_however_often_it_is_named() {
    let folder = including("['crm.toml', '*.toml', './crm.toml', 'link.toml']");
    folder.write("crm.toml", token("crm"));
    std::os::unix::fs::symlink(folder.path("crm.toml"), folder.path("link.toml")).expect("a link");
    let loaded = folder.load().unwrap_or_else(|report| panic!("{report}"));
    assert_eq!(
        loaded.files,
        [folder.path("main.toml"), folder.path("crm.toml")]
    );
    assert_eq!(loaded.warnings.findings(), []);
}

#[test]
fn absolute_paths_may_be_included() {
    let elsewhere = Folder::new();
    elsewhere.write("crm.toml", token("crm"));
    let folder = including(&format!("[{:?}]", elsewhere.path("crm.toml")));
    assert!(folder.load().is_ok());
}

#[test]
fn an_included_file_includes_nothing() {
    let folder = including("['crm.toml']");
    folder.write(
        "crm.toml",
        format!("include = ['main.toml']\n{}", token("crm")),
    );
    let found = findings(&folder);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].message, "`include` belongs into the main file");
    assert_eq!((found[0].line, found[0].column), (Some(1), Some(1)));
    assert_eq!(found[0].file, folder.path("crm.toml"));
}

#[test]
fn sections_of_the_daemon_stand_in_the_main_file() {
    for section in ["vault", "http", "server", "log", "limits", "defaults"] {
        let folder = including("['crm.toml']");
        folder.write("crm.toml", format!("{}[{section}]\n", token("crm")));
        let found = findings(&folder);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].path, section);
        assert_eq!(
            found[0].message,
            format!("`{section}` belongs into the main file")
        );
    }
}

#[test]
fn what_cannot_be_included_is_said_where_it_is_named() {
    let cases = [
        (
            "['gone.toml']",
            Error,
            "the file `gone.toml` does not exist",
        ),
        (
            "['gone.d/*.toml']",
            Warning,
            "no file matches `gone.d/*.toml`",
        ),
        ("['a***b']", Error, "`a***b` is not a file pattern"),
        ("'crm.toml'", Error, "`include` is a list of file patterns"),
        ("[7]", Error, "`include` is a list of file patterns"),
    ];
    for (patterns, severity, message) in cases {
        let folder = including(patterns);
        let text = std::fs::read_to_string(folder.path("main.toml")).expect("written");
        folder.write("main.toml", format!("{text}{}", token("crm")));
        let found = findings(&folder);
        assert_eq!(found.len(), 1, "{patterns}: {found:?}");
        assert!(found[0].message.starts_with(message), "{found:?}");
        assert_eq!(found[0].severity, severity, "{patterns}");
        assert_eq!(found[0].line, Some(1));
        assert!(found[0].column >= Some(11), "{found:?}");
        assert!(!found[0].remedy.is_empty());
    }
}

#[test]
fn an_included_file_that_cannot_be_read_is_named_with_its_include() {
    let folder = including("['bad.toml']");
    folder.write("bad.toml", b"x = \"\xff\"\n");
    let found = findings(&folder);
    let bad = found
        .iter()
        .find(|f| f.file == folder.path("bad.toml"))
        .expect("named");
    assert!(
        bad.message
            .starts_with("the file is not UTF-8 text (byte 5)"),
        "{bad:?}"
    );
    assert!(bad.message.contains("main.toml:1"), "{bad:?}");
}

#[test]
fn a_name_that_two_files_define_is_shown_with_both_places() {
    let folder = including("['a.toml', 'b.toml']");
    folder.write("a.toml", token("crm"));
    folder.write("b.toml", format!("\n{}", token("crm")));
    let found = findings(&folder);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].file, folder.path("b.toml"));
    assert_eq!(found[0].line, Some(2));
    let first = format!("first defined here {}:1", folder.path("a.toml").display());
    assert!(found[0].message.contains(&first), "{found:?}");
}

#[test]
fn the_scopes_that_an_issuer_allows_hold_for_its_tokens_that_say_nothing() {
    let folder = including("['*.d/*.toml']");
    folder.write(
        "main.toml",
        format!(
            "include = ['*.d/*.toml']\n{VAULT}\n[defaults]\nscopes_allowed = ['scim']\n\
             [issuers.by-hand]\nscopes_allowed = ['users:read', 'users:write']\n{ISSUER}\n{}",
            ISSUER.replace("by-hand", "other")
        ),
    );
    let own = format!("{}scopes_allowed = ['own']\n", token("own"));
    let other = token("other").replace("by-hand", "other");
    folder.write("tokens.d/all.toml", [token("crm"), own, other].join("\n"));
    let loaded = folder.load().unwrap_or_else(|report| panic!("{report}"));
    assert_eq!(loaded.warnings.findings(), []);
    let allowed = |name: &str| {
        let privilege = &loaded.settings.tokens[name].policy.privilege;
        privilege.scopes_allowed.clone().unwrap_or_default()
    };
    assert_eq!(allowed("crm"), ["users:read", "users:write"]);
    assert_eq!(allowed("own"), ["own"]);
    assert_eq!(allowed("other"), ["scim"]);

    folder.write(
        "main.toml",
        format!(
            "include = ['*.d/*.toml']\n{VAULT}\n[issuers.by-hand]\nscopes_allowed = []\n{ISSUER}"
        ),
    );
    folder.write("tokens.d/all.toml", token("crm"));
    let found = findings(&folder);
    let errors: Vec<_> = found
        .iter()
        .filter(|finding| finding.severity == Error)
        .map(|finding| finding.path.as_str())
        .collect();
    assert!(
        errors.contains(&"issuers.by-hand.scopes_allowed"),
        "{found:#?}"
    );

    folder.write(
        "main.toml",
        format!("include = ['*.d/*.toml']\n{VAULT}\n[issuers.by-hand]\nscope = 1\n{ISSUER}"),
    );
    let found = findings(&folder);
    let said = found
        .first()
        .map(|one| (one.message.as_str(), one.remedy.as_str()));
    let expected = "write it below [issuers.by-hand.operator] if it belongs there, or remove it";
    assert_eq!(said, Some(("`scope` is not a key of this table", expected)));
}

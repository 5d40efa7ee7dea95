//! What the author of a vendor file is told.

use scim_rotator::config::check_vendor_file;

use super::{Folder, Said, assert_golden, repository, sound};

/// What is said of a file in a folder of its own.
pub(super) fn said_of(name: &str, text: &str) -> Vec<Said> {
    let folder = Folder::with("");
    folder.write(name, text);
    let report = check_vendor_file(&folder.path(name));
    let said = report
        .findings()
        .iter()
        .map(|finding| Said::of(finding, &folder));
    said.collect()
}

/// Replaces a part of the sound issuer, and expects one thing to be said.
fn one(from: &str, to: &str) -> Said {
    let text = sound("issuers/acme");
    assert!(text.contains(from), "`{from}` is not there");
    let mut said = said_of("acme.toml", &text.replacen(from, to, 1));
    assert_eq!(said.len(), 1, "{to}: {said:#?}");
    said.remove(0)
}

#[test]
fn the_sound_files_raise_no_word() {
    for which in ["issuers/acme", "connections/acme"] {
        assert_eq!(said_of("acme.toml", &sound(which)), [], "{which}");
    }
}

#[test]
fn a_newer_language_is_refused_with_the_version_that_is_needed() {
    let text = sound("issuers/acme").replace("language = 1", "language = 2\nwhatever = true");
    let said = said_of("acme.toml", &text);
    assert_eq!(said.len(), 1, "{said:#?}");
    assert!(
        said[0].message.contains("written in language 2"),
        "{said:?}"
    );
    assert!(
        said[0].remedy.contains("newer version of scim-rotator"),
        "{said:?}"
    );
    assert_eq!(said[0].at, "2");
    assert_eq!(one("language = 1\n", "").message, "`language` is missing");
}

#[test]
fn types_are_strict_and_unknown_keys_are_led_to_the_nearest() {
    let cases = [
        (
            "family = \"issuer\"",
            "family = \"issuers\"",
            "\"issuers\"",
            "unknown choice `issuers`",
            "did you mean `issuer`?",
        ),
        (
            "title =",
            "titel =",
            "titel",
            "unknown key `titel`",
            "did you mean `title`?",
        ),
        (
            "verified_on = \"2026-11-01\"",
            "verified_on = \"1.11.2026\"",
            "\"1.11.",
            "this is not a day",
            "write year, month and day",
        ),
        (
            "verified_on = \"2026-11-01\"",
            "verified_on = 2026-11-01",
            "2026",
            "a text in quotes is expected here, not",
            "quotes",
        ),
        (
            "optional = true",
            "optional = \"yes\"",
            "\"yes\"",
            "true or false is expected here, not a text",
            "",
        ),
        (
            "type = \"host\"",
            "type = \"hostname\"",
            "\"hostname\"",
            "unknown choice `hostname`",
            "known here",
        ),
        (
            "about = \"the host",
            "abuot = \"the host",
            "abuot",
            "unknown key `abuot`",
            "did you mean `about`?",
        ),
        (
            "documented_life = \"60d\"",
            "documented_life = \"2 months\"",
            "\"2 months",
            "`2 months` is not a length",
            "",
        ),
        (
            "[\"https://docs.acme.example/api/tokens\"]",
            "[\"docs\"]",
            "\"docs\"",
            "the URL cannot be used",
            "",
        ),
        (
            "[refused]",
            "[refusd]",
            "refusd",
            "unknown key `refusd`",
            "did you mean `refused`?",
        ),
    ];
    for (from, to, at, message, remedy) in cases {
        let text = sound("issuers/acme").replacen(from, to, 1);
        let said = said_of("acme.toml", &text);
        let said = said.iter().find(|said| said.at.starts_with(at));
        let said = said.unwrap_or_else(|| panic!("{to}: nothing at `{at}`"));
        assert!(said.message.starts_with(message), "{to}: {said:?}");
        assert!(said.remedy.contains(remedy), "{to}: {said:?}");
    }
}

#[test]
fn examples_and_defaults_are_of_their_type() {
    let cases = [
        (
            "\"tenant.acme.example\"\npattern",
            "\"https://tenant.acme.example\"\n#pattern",
            "a host has no scheme",
        ),
        (
            "default = [\"scim\"]",
            "default = \"scim\"",
            "a list is expected here, not a text",
        ),
        (
            "default = 100",
            "default = \"100\"",
            "a whole number is expected here, not a text",
        ),
        (
            "default = \"60d\"",
            "default = \"60\"",
            "`60` is not a length of time",
        ),
        ("optional = true", "default = \"uk\"", "unknown choice `uk`"),
        (
            "{ vault = \"kv/admin/acme#api_key\" }",
            "\"secret-value\"",
            "a secret must not stand in the configuration",
        ),
    ];
    for (from, to, message) in cases {
        let text = sound("issuers/acme").replacen(from, to, 1);
        let said = said_of("acme.toml", &text);
        assert!(
            said.iter().any(|s| s.message == message && s.is_error),
            "{to}: {said:#?}"
        );
    }
}

#[test]
fn http_is_read_into_the_typed_settings_with_placeholders() {
    let cases = [
        (
            "url = \"https://{{ config.domain }}/api",
            "url = \"http://x.example/api",
            "\"http://x",
            "http would send",
        ),
        (
            "{{ config.domain }}",
            "{{ config.domian }}",
            "\"https://{{ config.domian",
            "uses `config.domian`",
        ),
        (
            "issue_effect = \"keeps\"",
            "issue_effect = \"keep\"",
            "\"keep\"",
            "unknown choice `keep`",
        ),
        (
            "issue_effect = \"keeps\"\n",
            "",
            "capabilities]",
            "it must be stated what issuing",
        ),
        ("read.token", "read.tokn", "tokn", "unknown key `tokn`"),
        (
            "{ parameter = \"life\" }",
            "{ parameter = \"scopes\" }",
            "{ parameter",
            "a text in quotes is expected here, not a list",
        ),
        (
            "{ parameter = \"life\" }",
            "{ parameter = \"lif\" }",
            "declared",
            "there is no parameter `lif`",
        ),
        (
            "{ parameter = \"label_length\" }",
            "{ parameter = \"life\" }",
            "{ parameter",
            "zero or more is expected here, not a text",
        ),
    ];
    for (from, to, at, message) in cases {
        let text = sound("issuers/acme").replacen(from, to, 1);
        let said = said_of("acme.toml", &text);
        let found = said
            .iter()
            .any(|s| s.at.starts_with(at) && s.message.contains(message));
        assert!(found, "{to}: {said:#?}");
    }
}

/// What only holds while every optional parameter is given is a mistake.
#[test]
fn a_file_works_without_its_optional_parameters() {
    let said = one(
        "{ parameter = \"admin_key\" } }",
        "{ parameter = \"signature\" } }\nsecrets.more = { parameter = \"admin_key\" }",
    );
    assert_eq!(said.path, "http.auth");
    let message =
        "without the parameters that may be left out: exactly one kind must be chosen here";
    assert_eq!(said.message, message);
}

#[test]
fn the_name_of_the_file_is_the_vendors() {
    let text = sound("issuers/acme");
    for (name, message) in [
        ("Acme.toml", "`Acme` cannot be the name of a vendor"),
        ("acme crm.toml", "`acme crm` cannot be the name of a vendor"),
        ("http.toml", "`http` is the name of a kind that is built in"),
    ] {
        let said = said_of(name, &text);
        assert_eq!(said.len(), 1, "{name}: {said:#?}");
        assert_eq!(said[0].message, message);
    }
    assert_eq!(
        said_of("manual.toml", &text),
        [],
        "a kind of connections only"
    );
}

#[test]
fn a_secret_in_the_file_is_refused_and_not_shown() {
    let text = sound("issuers/acme").replace(
        "[http.headers]",
        "[http.headers]\nAuthorization = \"Bearer canary-7f3a\"",
    );
    let folder = Folder::with("");
    folder.write("acme.toml", &text);
    let report = check_vendor_file(&folder.path("acme.toml"));
    let shown = report.render(false);
    assert!(
        shown.contains("a secret must not stand in the configuration"),
        "{shown}"
    );
    assert!(
        shown.contains("declare a parameter of the type \"credential\""),
        "{shown}"
    );
    assert!(!shown.contains("canary"), "{shown}");
}

#[test]
fn one_name_is_described_once() {
    let folder = Folder::with("");
    folder.write("vendors.d/more/acme.toml", &sound("issuers/acme"));
    let said = folder.said();
    let said = said
        .iter()
        .find(|said| said.file == "vendors.d/more/acme.toml");
    let said = said.expect("told");
    assert!(
        said.message
            .starts_with("the issuer `acme` is already described by "),
        "{said:?}"
    );
}

/// A broken vendor file is told of there, and not again at each of its uses.
#[test]
fn a_use_of_a_broken_file_is_not_blamed() {
    let main = "
[issuers.crm.acme]
domain = 'tenant.acme.example'
[connections.hr.exec]
command = ['/bin/true']
";
    let folder = Folder::with(main);
    let text = sound("issuers/acme").replace("type = \"host\"", "type = \"hots\"");
    folder.write("vendors.d/issuers/acme.toml", &text);
    let said = folder.said();
    assert_eq!(said.len(), 1, "{said:#?}");
    assert_eq!(said[0].file, "vendors.d/issuers/acme.toml");
    assert_eq!(said[0].at, "\"hots\"");
    folder.write("vendors.d/issuers/acme.toml", "language = 1\n[vendor\n");
    let files: Vec<_> = folder.said().into_iter().map(|said| said.file).collect();
    assert!(
        files
            .iter()
            .all(|file| file == "vendors.d/issuers/acme.toml"),
        "{files:?}"
    );
}

#[test]
fn authors_see_every_mistake_with_its_place() {
    // Tests run in the repository, so the path is the same everywhere.
    for name in ["types", "meaning"] {
        let path = format!("tests/vendors/wrong/{name}.toml");
        assert!(repository(&path).exists(), "{path}");
        let report = check_vendor_file(std::path::Path::new(&path));
        assert_golden(&format!("{name}.txt"), &report.render(false));
    }
}

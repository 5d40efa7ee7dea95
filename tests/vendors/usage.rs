//! A user's table of a vendor: what it becomes, and what is said of mistakes.

use scim_rotator::ports::kind::Origin;

use super::{Folder, Said, sound};

/// A sound use of both vendor files.
pub(super) const SOUND: &str = "
[issuers.crm.acme]
domain = 'tenant.acme.example'
admin_key = { vault = 'kv/admin/acme#api_key' }

[connections.hr.acme]
url = 'https://login.acme.example'
connection = 'con_1'
user = 'scim-rotator'
password = { vault = 'kv/admin/login#password' }
";

/// Replaces a part of the sound use.
pub(super) fn with(from: &str, to: &str) -> Folder {
    assert_eq!(SOUND.matches(from).count(), 1, "`{from}` is not unique");
    Folder::with(&SOUND.replace(from, to))
}

/// What is said of it, when that is one thing.
pub(super) fn one(from: &str, to: &str) -> Said {
    let mut said = with(from, to).said();
    assert_eq!(said.len(), 1, "{to}: {said:#?}");
    said.remove(0)
}

#[test]
fn a_vendor_is_used_by_its_name_as_the_kind() {
    let folder = Folder::with(SOUND);
    let loaded = folder.load().unwrap_or_else(|report| panic!("{report}"));
    assert_eq!(loaded.warnings.findings(), []);
    assert_eq!(loaded.notes, [""; 0]);
    assert_eq!(loaded.files.len(), 3);
    let issuer = loaded.settings.issuers["crm"].as_kind();
    let connection = loaded.settings.connections["hr"].as_kind();
    assert_eq!((issuer.kind(), connection.kind()), ("acme", "acme"));
    let mark = issuer.vendor().expect("a vendor");
    assert_eq!((mark.origin, mark.sha256.len()), (Origin::Own, 64));
    assert_eq!(issuer.credentials().len(), 1);
    let life = loaded.settings.tokens["crm"].policy.declared_lifetime;
    assert_eq!(life.map(|life| life.as_hours()), Some(60 * 24));
}

#[test]
fn every_key_of_the_file_can_be_overridden() {
    let key = "domain = 'tenant.acme.example'";
    let life = |lines: &str| {
        let folder = with(key, &format!("{key}\n{lines}"));
        let loaded = folder
            .load()
            .unwrap_or_else(|report| panic!("{lines}: {report}"));
        let life = loaded.settings.tokens["crm"].policy.declared_lifetime;
        life.map(|life| life.as_hours() / 24)
    };
    assert_eq!(life("life = '30d'"), Some(30));
    assert_eq!(life("http.lifetime.declared = '20d'"), Some(20));
    assert_eq!(
        life("http.lifetime = { declared = '20d', max = '30d' }"),
        Some(20)
    );
    assert_eq!(life("http.auth.bearer = { env = 'OTHER' }"), Some(60));
    let basic = "http.auth.basic = { username = 'u', password = { parameter = 'admin_key' } }";
    assert_eq!(life(basic), Some(60));
}

#[test]
fn former_names_work_and_say_nothing() {
    let folder = with("domain = 'tenant", "host = 'tenant");
    assert_eq!(folder.said(), []);
}

#[test]
fn a_missing_parameter_is_named_with_its_meaning_and_an_example() {
    let said = one("domain = 'tenant.acme.example'\n", "");
    assert_eq!(said.path, "issuers.crm.acme.domain");
    assert_eq!(said.message, "`domain` is missing: the host of your tenant");
    assert_eq!(said.remedy, "add here: domain = \"tenant.acme.example\"");
    assert_eq!(
        (said.at.as_str(), said.file.as_str()),
        ("acme]", "main.toml")
    );
    let said = one("password = { vault = 'kv/admin/login#password' }\n", "");
    assert_eq!(
        said.remedy,
        "add here: password = { vault = \"kv/admin/login#password\" }"
    );
}

#[test]
fn an_unknown_key_is_led_to_the_nearest_parameter() {
    let said = one(
        "connection = 'con_1'",
        "connection = 'con_1'\nconection = 'x'",
    );
    assert_eq!(said.path, "connections.hr.acme.conection");
    assert_eq!(said.message, "unknown parameter `conection`");
    assert_eq!(said.remedy, "did you mean `connection`?");
    let said = one(
        "connection = 'con_1'",
        "connection = 'con_1'\ndeliver.url = '/x'",
    );
    assert_eq!(
        said.remedy,
        "known here: url, connection, user, password, http"
    );
}

#[test]
fn two_names_of_one_parameter_are_one_too_many() {
    let said = one(
        "domain = 'tenant.acme.example'",
        "domain = 'a.acme.example'\nhost = 'b.acme.example'",
    );
    assert_eq!(
        said.message,
        "`host` and `domain` are names of the same parameter"
    );
    assert_eq!(said.remedy, "keep `domain`");
}

#[test]
fn unusual_and_outdated_values_are_warned_of_and_used() {
    let said = one("'tenant.acme.example'", "'scim.example.org'");
    assert!(!said.is_error, "{said:?}");
    assert!(said.message.contains("`.+[.]acme[.]example`"), "{said:?}");
    assert_eq!(said.at, "'scim.example.org'");
    let key = "domain = 'tenant.acme.example'";
    let said = one(key, &format!("{key}\nteam = 'identity'"));
    assert!(!said.is_error, "{said:?}");
    assert!(said.remedy.contains("teams were taken out"), "{said:?}");
    assert_eq!(said.at, "team = 'identity'");
}

#[test]
fn the_owner_of_a_token_is_warned_of() {
    let folder = Folder::with(SOUND);
    let bound = sound("issuers/acme").replace("title =", "owner_bound = true\ntitle =");
    folder.write("vendors.d/issuers/acme.toml", &bound);
    let said = folder.said();
    assert_eq!(said.len(), 1, "{said:#?}");
    assert!(!said[0].is_error);
    assert_eq!(
        (said[0].path.as_str(), said[0].at.as_str()),
        ("issuers.crm.acme", "acme]")
    );
    assert!(
        said[0]
            .message
            .contains("dies with the account of the person"),
        "{said:?}"
    );
}

#[test]
fn a_wrong_kind_is_led_to_the_kinds_and_vendors() {
    let said = one("[issuers.crm.acme]", "[issuers.crm.amce]");
    assert_eq!(said.path, "issuers.crm.amce");
    assert_eq!(said.message, "unknown kind or vendor `amce`");
    let remedy = "did you mean `acme`? kinds: http, oauth2, local, exec, vault_dynamic, operator; vendors: 1password-bridge";
    assert!(said.remedy.starts_with(remedy), "{said:?}");
    assert!(
        said.remedy.contains(", terraform"),
        "the shipped ones too: {said:?}"
    );
    assert_eq!(said.at, "amce]");
    let said = one("[connections.hr.acme]", "[connections.hr.something-else]");
    assert!(
        said.remedy
            .starts_with("kinds: http, exec, manual; vendors: acme"),
        "{said:?}"
    );
}

#[test]
fn what_is_no_table_is_told_so() {
    let user = "user = 'scim-rotator'";
    let said = one(user, &format!("{user}\nhttp = 'canary'"));
    assert_eq!(
        (said.path.as_str(), said.at.as_str()),
        ("connections.hr.acme.http", "'canary'")
    );
    let table = SOUND.split_once("[connections").expect("there").0;
    let said = one(table, "[issuers]\ncrm.acme = 'canary'\n");
    assert_eq!(said.path, "issuers.crm.acme");
    assert_eq!(said.remedy, "write a header: [issuers.crm.acme]");
}

/// Mistakes in the user's own keys of kind `http` are shown there; what follows
/// for keys of the vendor file, at the vendor's name.
#[test]
fn overrides_are_checked_where_they_stand() {
    let key = "domain = 'tenant.acme.example'";
    let cases = [
        (
            "http.lifetime.declared = 5",
            "http.lifetime.declared",
            "5",
            "a text in quotes",
        ),
        (
            "http.lifetme.declared = '5d'",
            "http.lifetme",
            "lifetme.",
            "unknown key `lifetme`",
        ),
        (
            "http.issue.url = 'http://x.example/'",
            "http.issue.url",
            "'http://x",
            "http would send",
        ),
        (
            "http.headers.X = '{{ config.nothing }}'",
            "http.headers.X",
            "'{{ config.nothing",
            "does not exist here",
        ),
        ("http.headers.X = '{{ config.region }}'", "", "", ""),
        (
            "http.headers.X = { parameter = 'domian' }",
            "http.headers.X",
            "{ parameter",
            "unknown parameter `domian`",
        ),
        (
            "http.capabilities.live_tokens = 'one'",
            "http.capabilities.issue_effect",
            "capabilities",
            "with one live token",
        ),
        (
            "http.capabilities.expiry = 'requested'",
            "http.issue",
            "acme]",
            "asks for no lifetime",
        ),
        (
            "label_length = 5",
            "label_length",
            "5",
            "cannot name a rotation",
        ),
    ];
    for (line, path, at, message) in cases {
        let said = with(key, &format!("{key}\n{line}")).said();
        if path.is_empty() {
            assert_eq!(said, [], "{line}");
            continue;
        }
        assert_eq!(said.len(), 1, "{line}: {said:#?}");
        let said = &said[0];
        assert_eq!(said.path, format!("issuers.crm.acme.{path}"), "{line}");
        assert_eq!(said.file, "main.toml", "{line}");
        assert!(said.at.starts_with(at), "{line}: {said:?}");
        assert!(said.message.contains(message), "{line}: {said:?}");
    }
}

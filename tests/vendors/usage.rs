//! A user's table of a vendor: what it becomes, and what is said of mistakes.

use scim_rotator::ports::kind::Origin;

use super::{Folder, Said, assert_golden, sound};

/// A sound use of both vendor files.
const SOUND: &str = "
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
fn with(from: &str, to: &str) -> Folder {
    assert_eq!(SOUND.matches(from).count(), 1, "`{from}` is not unique");
    Folder::with(&SOUND.replace(from, to))
}

/// What is said of it, when that is one thing.
fn one(from: &str, to: &str) -> Said {
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

/// What stands for a sound parameter, with what is said of it at its place.
#[test]
fn values_are_held_to_their_types() {
    let cases = [
        // host
        (
            "domain = 'tenant.acme.example'",
            "domain = 'https://tenant.acme.example'",
            "a host has no scheme",
        ),
        (
            "domain = 'tenant.acme.example'",
            "domain = 'tenant.acme.example/x'",
            "there is more here than a host",
        ),
        (
            "domain = 'tenant.acme.example'",
            "domain = 5",
            "a text in quotes is expected here, not a number",
        ),
        (
            "domain = 'tenant.acme.example'",
            "domain = ['a']",
            "a text in quotes is expected here, not a list",
        ),
        // credential
        (
            "admin_key = { vault = 'kv/admin/acme#api_key' }",
            "admin_key = 'canary-7f3a'",
            "a secret must not stand in the configuration",
        ),
        (
            "admin_key = { vault = 'kv/admin/acme#api_key' }",
            "admin_key = { vault = 'canary-7f3a' }",
            "this does not name a field in Vault",
        ),
        (
            "admin_key = { vault = 'kv/admin/acme#api_key' }",
            "admin_key = { vualt = 'kv/admin/acme#api_key' }",
            "unknown key `vualt`",
        ),
        // url
        (
            "url = 'https://login.acme.example'",
            "url = 'http://login.acme.example'",
            "http would send credentials in clear text",
        ),
        (
            "url = 'https://login.acme.example'",
            "url = 'login.acme.example'",
            "the URL cannot be used",
        ),
        // text
        (
            "connection = 'con_1'",
            "connection = true",
            "a text in quotes is expected here, not true or false",
        ),
    ];
    for (from, to, message) in cases {
        let said = one(from, to);
        assert!(said.message.starts_with(message), "{to}: {said:?}");
        assert_eq!(said.file, "main.toml", "{to}");
        let (key, value) = to.split_once(" = ").expect("an assignment");
        let meant = value.contains(&said.at) || said.at.starts_with("vualt");
        assert!(meant, "{to}: {said:?}");
        assert!(
            said.path.contains(&format!(".acme.{key}")),
            "{to}: {said:?}"
        );
        let shown = with(from, to).report().render(false);
        assert!(!shown.contains("canary"), "{shown}");
    }
}

#[test]
fn optional_values_are_held_to_their_types_too() {
    let key = "domain = 'tenant.acme.example'";
    let cases = [
        ("region = 'uk'", "unknown choice `uk`", "did you mean"),
        (
            "region = 'canary-7f3a'",
            "there is no such choice",
            "known here: eu, us",
        ),
        (
            "scopes = 'scim'",
            "a list is expected here, not a text",
            "correct the value",
        ),
        (
            "scopes = ['scim', 5]",
            "a text in quotes is expected here, not a number",
            "write it in quotes",
        ),
        (
            "life = 60",
            "a text in quotes is expected here, not a number",
            "30d",
        ),
        (
            "life = '2 months'",
            "`2 months` is not a length of time",
            "write a number with a unit",
        ),
        (
            "label_length = '100'",
            "a whole number is expected here, not a text",
            "correct the value",
        ),
        (
            "label_length = 1.5",
            "a whole number is expected here, not a number",
            "correct the value",
        ),
    ];
    for (line, message, remedy) in cases {
        let said = one(key, &format!("{key}\n{line}"));
        let (name, _) = line.split_once(" = ").expect("an assignment");
        assert!(said.is_error, "{line}: {said:?}");
        assert_eq!(said.message, message, "{line}");
        assert!(said.remedy.contains(remedy), "{line}: {said:?}");
        assert!(
            said.path.starts_with(&format!("issuers.crm.acme.{name}")),
            "{line}: {said:?}"
        );
        assert!(line.ends_with(&said.at), "{line}: {said:?}");
    }
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
    let remedy = "did you mean `acme`? kinds: http, oauth2, local, operator; vendors: acme";
    assert!(said.remedy.starts_with(remedy), "{said:?}");
    assert!(
        said.remedy.contains(", terraform"),
        "the shipped ones too: {said:?}"
    );
    assert_eq!(said.at, "amce]");
    let said = one("[connections.hr.acme]", "[connections.hr.something-else]");
    assert!(
        said.remedy.starts_with("kinds: http, exec; vendors: acme"),
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

/// One mistake must not hide another, and none may be made up.
#[test]
fn people_see_every_mistake_of_a_table_at_once() {
    let text = "
[issuers.crm.acme]
domain = 'https://tenant.acme.example/'
admin_kee = { vault = 'kv/admin/acme#api_key' }
life = 60
region = 'eu'
http.lifetime.declared = 'never'
http.issue.methid = 'PUT'

[connections.hr.acme]
connection = 'conn 1'
user = 5
password = 'hunter2'
";
    let folder = Folder::with(text);
    let shown = folder.report().render(false);
    let shown = shown.replace(&folder.0.path().display().to_string(), "<folder>");
    assert!(!shown.contains("hunter2"), "{shown}");
    assert_golden("table.txt", &shown);
}

#[test]
fn hidden_files_and_replays_are_not_read_and_one_without_a_use_is() {
    let folder = Folder::with(SOUND);
    folder.write("vendors.d/issuers/.wrong.toml", "wrong");
    folder.write("vendors.d/issuers/acme.replay.toml", "wrong");
    assert_eq!(folder.said(), []);
    folder.write("vendors.d/issuers/unused.toml", "language = 1");
    let files: Vec<_> = folder.said().into_iter().map(|said| said.file).collect();
    assert!(!files.is_empty());
    assert!(
        files
            .iter()
            .all(|file| file == "vendors.d/issuers/unused.toml"),
        "{files:?}"
    );
}

#[test]
fn a_pattern_that_finds_nothing_is_told() {
    let folder = Folder::with(SOUND);
    let main = std::fs::read_to_string(folder.path("main.toml")).expect("written");
    let with = |list: &str| {
        folder.write("main.toml", &main.replace("['vendors.d/*/*.toml']", list));
        let said = folder.said();
        said.into_iter()
            .find(|said| said.path == "vendors")
            .expect("told")
    };
    let said = with("['nowhere.d/*.toml']");
    assert!(!said.is_error);
    assert_eq!(
        said.remedy,
        "patterns are relative to the file that holds `vendors`"
    );
    assert!(with("['nowhere.toml']").is_error);
    assert_eq!(
        with("'vendors.d/*.toml'").message,
        "`vendors` is a list of file patterns"
    );
}

#[test]
fn only_the_main_file_names_vendor_files() {
    let folder = Folder::with(SOUND);
    let main = std::fs::read_to_string(folder.path("main.toml")).expect("written");
    folder.write("main.toml", &format!("include = ['more.toml']\n{main}"));
    folder.write("more.toml", "vendors = ['x']");
    let said = folder.said();
    assert_eq!(said.len(), 1, "{said:#?}");
    assert_eq!(said[0].message, "`vendors` belongs into the main file");
}

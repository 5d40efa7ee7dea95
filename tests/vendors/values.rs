//! Values of parameters in their types, and many mistakes at once.

use super::usage::{one, with};
use super::{Folder, assert_golden};

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
            "region = 'mars'",
            "unknown choice `mars`",
            "known here: eu, us",
        ),
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

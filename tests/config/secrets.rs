//! Secrets that were written into the configuration: refused with the remedy,
//! and never shown.

use scim_rotator::config::{Report, known_keys};
use scim_rotator::secret::spellings::spellings;

use super::example::{Entry, Example};
use super::example_set::all;
use super::{Folder, report};

/// A secret with every sign that some output escapes, and a part that none
/// does.
pub(crate) const CANARY: &str = r#"canary/7f3a9c2e+="\&x"#;
const CORE: &str = "7f3a9c2e";

/// Fails when any spelling of the canary, or its core, is in the text.
pub(crate) fn assert_hidden(text: &str, what: &str) {
    for hidden in [CANARY, CORE].into_iter().flat_map(spellings) {
        let (way, spelling) = (hidden.way, hidden.text.as_str());
        assert!(
            !text.contains(spelling),
            "{what}: {way}, `{spelling}` in\n{text}"
        );
    }
}

fn assert_report_hides(report: &Report, what: &str) {
    for text in [
        report.render(false),
        report.render(true),
        report.to_json().to_string(),
        format!("{report:?}"),
    ] {
        assert_hidden(&text, what);
    }
}

/// Ways to write a secret where a reference belongs.
const LITERALS: [(&str, &str); 8] = [
    ("a text", "'CANARY'"),
    ("a text of several lines", "'''\nCANARY\n'''"),
    ("a list", "['CANARY']"),
    ("a table with another key", "{ value = 'CANARY' }"),
    ("a table in a table", "{ secret = { value = 'CANARY' } }"),
    ("a reference without a field", "{ vault = 'CANARY' }"),
    (
        "two sources",
        "{ file = '/x', env = 'X', literal = 'CANARY' }",
    ),
    ("without quotes", "CANARY"),
];

/// A line of the example with its credential replaced.
fn with_literal(example: &Example, entry: &Entry, literal: &str) -> String {
    let line = example.text.lines().nth(entry.line).expect("a line");
    let key = entry.path.rsplit('.').next().expect("a key");
    let start = line.find(&format!("{key} = {{ ")).expect("a reference") + key.len() + 3;
    let end = start + line[start..].find('}').expect("its end") + 1;
    let new = format!("{}{literal}{}", &line[..start], &line[end..]);
    example.with_line(entry.line, &new)
}

#[test]
fn every_credential_refuses_a_literal_with_the_remedy() {
    let known = known_keys();
    let is_credential = |path: &str| {
        let vault = format!("{path}.vault");
        known
            .iter()
            .any(|k| k.path == vault && k.owner == "Credential")
    };
    let files = all();
    let credentials = files.iter().flat_map(|shown| {
        let entries = shown.entries.iter().filter(|entry| {
            let key = entry.key.as_ref();
            key.is_some_and(|key| is_credential(&key.path))
        });
        entries.map(move |entry| (shown, entry))
    });
    let mut tried = 0;
    for (shown, entry) in credentials {
        for (what, literal) in LITERALS {
            let what = format!("{}: {what}", entry.path);
            let text = with_literal(&shown.example, entry, &literal.replace("CANARY", CANARY));
            let found = report(shown.load_with(&text));
            assert!(found.has_errors(), "{what} is accepted");
            assert_report_hides(&found, &what);
            let refused = literal.starts_with(['\'', '[']);
            if refused {
                let finding = &found.findings()[0];
                assert_eq!(
                    finding.message,
                    "a secret must not stand in the configuration"
                );
                for way in ["{ vault = ", "{ file = ", "{ env = "] {
                    assert!(finding.remedy.contains(way), "{what}: {}", finding.remedy);
                }
                assert_eq!(finding.line, Some(entry.line + 1), "{what}");
            }
        }
        tried += 1;
    }
    assert!(tried > 10, "only {tried} credentials were found");
}

#[test]
fn a_number_is_refused_like_a_text() {
    let text = "[vault.auth.approle]\nsecret_id = 48151623427777\n";
    let found = report(Folder::with(text).load());
    let shown = found.render(false);
    assert!(shown.contains("a secret must not stand"), "{shown}");
    assert!(!shown.contains("48151623427777"), "{shown}");
}

const ISSUER: &str = "
[issuers.crm.http.issue]
url = 'https://crm.example.com/tokens'
";

#[test]
fn texts_under_the_name_of_a_secret_are_refused() {
    let cases = [
        ("headers.Authorization = 'Bearer CANARY'", "secrets.<name>"),
        ("headers.x-api-key = 'CANARY'", "secrets.<name>"),
        ("body.json = { client_secret = 'CANARY' }", "secrets.<name>"),
        ("form.password = 'CANARY'", "secrets.<name>"),
    ];
    for (line, remedy) in cases {
        let text = format!("{ISSUER}{}\n", line.replace("CANARY", CANARY));
        let found = report(Folder::with(&text).load());
        let refused = found
            .findings()
            .iter()
            .find(|f| f.message.starts_with("a secret must not stand"))
            .unwrap_or_else(|| panic!("{line} is accepted"));
        assert!(
            refused.remedy.contains(remedy),
            "{line}: {}",
            refused.remedy
        );
        assert_report_hides(&found, line);
    }
    let program = "[connections.idp.exec]\ncommand = ['/bin/sh']\nenv.IDP_PASSWORD = 'CANARY'\n";
    let found = report(Folder::with(&program.replace("CANARY", CANARY)).load());
    assert!(
        found
            .render(false)
            .contains("have the program read the secret")
    );
    assert_report_hides(&found, "env");
}

#[test]
fn a_secret_in_any_wrong_place_is_not_shown() {
    let cases = [
        "[issuers.crm.http]\nauth = 'CANARY'\n",
        "[issuers.crm.http]\nauth = { bearre = 'CANARY' }\n",
        "[issuers.crm.http]\nauth = { basic = 'CANARY' }\n",
        "[issuers.crm.http]\nsecrets = 'CANARY'\n",
        "[issuers.crm.oauth2]\nclient_secert = 'CANARY'\n",
        "[issuers.crm.oauth2.client_secert]\nvalue = 'CANARY'\n",
        "[vault]\naddress = 'https://user:CANARY@vault.example.com'\n",
        "[vault]\naddress = 'https://user:CANARY@[vault'\n",
        "[vault]\nauth = 'CANARY'\n",
        "[vault]\ntoken = 'CANARY'\n",
        "[http]\nproxy = 'http://user:CANARY@proxy.example.com:3128'\n",
        "[http]\nproxy = 'http://user:CANARY@:::'\n",
        "[tokens.crm]\nscim_url = 'https://user:CANARY@crm.example.com/'\n",
        "[tokens.crm]\ntoken = 'CANARY'\n",
        // Wrong syntax.
        "[vault]\nsecret_id = CANARY\n",
        "[vault]\nsecret_id = 'CANARY\n",
        "[vault]\nsecret_id = '''\nCANARY\n",
        "[vault]\nsecret_id = '''\nCANARY",
        "[vault]\nx = ['CANARY' 'CANARY']\n",
        "[vault]\npasswort 'CANARY'\n",
        "[vault]\nx = { y = 'CANARY'\n",
        "[vault]\npin = 'CANARY'\npin = 'CANARY'\n",
        "CANARY\n",
    ];
    for case in cases {
        // In a URL the password is spelled as URLs do.
        let canary = if case.contains("://") { CORE } else { CANARY };
        let found = report(Folder::with(&case.replace("CANARY", canary)).load());
        assert!(found.has_errors(), "{case} is accepted");
        assert_report_hides(&found, case);
    }
}

/// Slack and Teams let post who has the URL.
#[test]
fn a_url_that_is_a_credential_is_refused_and_not_shown() {
    let base = std::fs::read_to_string(super::repository("config/minimal.toml")).expect("a file");
    for url in [
        "https://hooks.slack.com/services/T0/B0/7f3a9c2e",
        "https://a.example/workflows/x?api-version=1&sig=7f3a9c2e",
        "canary7f3a9c2e",
    ] {
        let text = format!("{base}\n[notify.chat]\nformat = \"slack\"\nurl = \"{url}\"\n");
        let report = Folder::with(&text).load().expect_err("refused");
        let path = "notify.chat.url";
        let found = report.findings().iter().find(|found| found.path == path);
        let remedy = &found.expect("a finding").remedy;
        assert!(remedy.contains("vault = "), "{remedy}");
        assert_report_hides(&report, url);
    }
}

//! What a person and a program see: every finding with file, line, column,
//! caret and remedy, compared with files that hold it as it shall be.

use std::path::Path;

use scim_rotator::config::{self, Finding, Report};
use scim_rotator::problem::Severity;
use scim_rotator::vendors::{Family, Library};

use super::{Folder, report, repository, said_of};

/// The findings of a file below `golden`. Tests run in the repository, so the
/// paths in the output are the same everywhere.
fn golden(name: &str) -> Report {
    let path = format!("tests/config/golden/{name}.toml");
    report(config::load(Path::new(&path)))
}

fn assert_same(name: &str, actual: &str) {
    let path = repository("tests/config/golden").join(name);
    let expected = std::fs::read_to_string(&path).expect("an expectation");
    let differing = expected.lines().zip(actual.lines()).find(|(a, b)| a != b);
    assert!(
        expected == actual,
        "{name} differs, first at {differing:#?}\nis now:\n{actual}"
    );
}

#[test]
fn people_see_every_finding_with_its_place_and_remedy() {
    for name in ["several", "syntax", "warnings", "two-files"] {
        assert_same(&format!("{name}.txt"), &golden(name).render(false));
    }
}

#[test]
fn programs_see_the_same() {
    let json = golden("warnings").to_json();
    let pretty = serde_json::to_string_pretty(&json).expect("JSON");
    assert_same("warnings.json", &format!("{pretty}\n"));

    let report = golden("several");
    let json = report.to_json();
    let problems = json["problems"].as_array().expect("a list");
    assert_eq!(problems.len(), report.findings().len());
    for (object, finding) in problems.iter().zip(report.findings()) {
        assert_eq!(object["line"], finding.line.expect("a line"));
        assert_eq!(object["column"], finding.column.expect("a column"));
        assert_eq!(object["path"], finding.path.as_str());
        assert_eq!(object["message"], finding.message.as_str());
        assert_eq!(object["remedy"], finding.remedy.as_str());
    }
    let errors = problems.iter().filter(|p| p["severity"] == "error");
    assert_eq!(json["errors"], errors.count());
}

#[test]
fn every_place_is_the_one_that_is_meant() {
    let text = std::fs::read_to_string(repository("tests/config/golden/several.toml"));
    let text = text.expect("a file");
    for finding in golden("several").findings() {
        let (line, column) = (
            finding.line.expect("a line"),
            finding.column.expect("a column"),
        );
        let rest: String = text
            .lines()
            .nth(line - 1)
            .expect("there")
            .chars()
            .skip(column - 1)
            .collect();
        let last = finding.path.rsplit('.').next().unwrap_or_default();
        let key = last.split('[').next().unwrap_or_default();
        // Either the key, or the table that lacks it, or the value after it.
        let around = text.lines().nth(line - 1).expect("there");
        let table = finding.path.split('.').any(|part| rest.starts_with(part));
        assert!(
            table || around.contains(key) || around.starts_with('['),
            "{finding:?} points at `{rest}`"
        );
        assert!(!finding.remedy.is_empty() && !finding.message.is_empty());
    }
}

#[test]
fn errors_stand_before_warnings_and_each_in_the_order_of_the_file() {
    for name in ["several", "warnings", "two-files"] {
        let report = golden(name);
        let order: Vec<_> = report
            .findings()
            .iter()
            .map(|f| {
                (
                    std::cmp::Reverse(f.severity),
                    f.file.clone(),
                    f.line,
                    f.column,
                )
            })
            .collect();
        assert!(order.is_sorted(), "{name}: {order:?}");
        let errors = report.count(Severity::Error);
        assert_eq!(report.has_errors(), errors > 0);
        assert_eq!(
            errors + report.count(Severity::Warning),
            report.findings().len()
        );
    }
}

fn message(found: &[Finding], path: &str) -> (String, String) {
    let finding = found.iter().find(|f| f.path == path);
    let finding = finding.unwrap_or_else(|| panic!("nothing at {path}: {found:?}"));
    (finding.message.clone(), finding.remedy.clone())
}

#[test]
fn an_unknown_key_near_a_known_one_is_asked_about() {
    let vendors = Library::shipped().names(Family::Issuer);
    let known_kinds = format!(
        "did you mean `http`? kinds: http, oauth2, local, exec, vault_dynamic, operator; vendors: {}",
        vendors.collect::<Vec<_>>().join(", ")
    );
    let cases = [
        (
            "[vault]\nadress = 'x'",
            "vault.adress",
            "did you mean `address`?",
        ),
        (
            "[tokens.crm]\nscim_ulr = 'x'",
            "tokens.crm.scim_ulr",
            "did you mean `scim_url`?",
        ),
        (
            "[tokens.crm]\noverlapp = '1h'",
            "tokens.crm.overlapp",
            "did you mean `overlap`?",
        ),
        (
            "[defaults]\nrenew-at = '1%'",
            "defaults.renew-at",
            "did you mean `renew_at`?",
        ),
        ("[token.crm]\nx = 1", "token", "did you mean `tokens`?"),
        (
            "[issuers.crm.htpp]\nx = 1",
            "issuers.crm.htpp",
            known_kinds.as_str(),
        ),
        (
            "[issuers.crm.operator]\nlive_tokens = 'mnay'",
            "issuers.crm.operator.live_tokens",
            "did you mean `many`?",
        ),
        (
            "[server]\nport = 1",
            "server.port",
            "known here: hosts, listen",
        ),
    ];
    for (text, path, remedy) in cases {
        let (message, found) = message(&said_of(text), path);
        assert!(message.starts_with("unknown "), "{text}: {message}");
        assert_eq!(found, remedy, "{text}");
    }
}

#[test]
fn one_mistake_does_not_hide_the_others_of_its_section() {
    let text = "
[[issuers.crm.http.auth.headers]]
nmae = 'X'
value = 'literal'

[issuers.crm.http]
headers = 3
foo = 1

[issuers.crm.http.issue]
method = 'FETCH'
bar = 2
read.expires_at = { at = 'a..b', format = 'unix' }
";
    let found = said_of(text);
    for path in [
        "issuers.crm.http.auth.headers[0].nmae",
        "issuers.crm.http.auth.headers[0].value",
        "issuers.crm.http.headers",
        "issuers.crm.http.foo",
        "issuers.crm.http.issue.method",
        "issuers.crm.http.issue.bar",
        "issuers.crm.http.issue.url",
        "issuers.crm.http.issue.read.expires_at.at",
        "issuers.crm.http.issue.read.expires_at.format",
    ] {
        let count = found.iter().filter(|f| f.path == path).count();
        assert_eq!(count, 1, "{path}: {found:#?}");
    }
    // It is misspelt, not missing.
    let missing = "issuers.crm.http.auth.headers[0].name";
    assert!(found.iter().all(|f| f.path != missing), "{found:#?}");
}

#[test]
fn a_mistake_of_type_does_not_hide_what_the_rules_say_of_the_rest() {
    let text = "
[vault]
address = 'https://vault.example.com'
state_path = 'kv/scim-rotator'
request_timeout = 7
auth.approle = { role_id = 'id', secret_id = { file = '/run/id' }, mount = '' }

[issuers.crm.http]
auth = { bearer = { vault = 'kv/scim/crm#token' } }
foo = 1
[issuers.crm.http.issue]
method = 'FETCH'
url = 'http://crm.example.com/tokens'

[connections.idp.exec]
command = ['push-token']
timeout = true

[tokens.crm]
vault_path = 'kv/scim/crm'
scim_url = 'http://crm.example.com/scim'
issuer = 'cmr'
connections = ['idp', 7, 'pdi']
fields = 'token'
overlap = 3
renew_at = 0.67
retry_min = '2h'
renew_cron = 'whenever'

[tokens.erp]
vault_path = 'kv/scim/crm'
scim_url = 'erp.example.com'
issuer = 8

[tokens.hr]
vault_path = 'nowhere'
scim_url = 'https://hr.example.com'
issuer = 'rh'

[tokens.pay]
vault_path = 'kv/scim-rotator/pay'
scim_url = 'https://pay.example.com'
";
    let found = said_of(text);
    let mut paths: Vec<_> = found.iter().map(|f| f.path.as_str()).collect();
    paths.sort_unstable();
    assert_eq!(
        paths,
        [
            "connections.idp.exec.command",
            "connections.idp.exec.timeout",
            "issuers.crm.http",
            "issuers.crm.http.capabilities.issue_effect",
            "issuers.crm.http.capabilities.live_tokens",
            "issuers.crm.http.foo",
            "issuers.crm.http.issue.method",
            "issuers.crm.http.issue.read.token",
            "issuers.crm.http.issue.url",
            "tokens.crm.connections[1]",
            "tokens.crm.connections[2]",
            "tokens.crm.fields",
            "tokens.crm.issuer",
            "tokens.crm.overlap",
            "tokens.crm.renew_at",
            "tokens.crm.renew_cron",
            "tokens.crm.retry_min",
            "tokens.crm.scim_url",
            "tokens.erp.issuer",
            "tokens.erp.scim_url",
            "tokens.erp.vault_path",
            "tokens.hr.issuer",
            "tokens.hr.vault_path",
            "tokens.pay.issuer",
            "tokens.pay.vault_path",
            "vault.auth.approle.mount",
            "vault.request_timeout",
        ],
        "{found:#?}"
    );
}

#[test]
fn columns_count_characters_and_a_byte_order_mark_counts_nothing() {
    let folder = Folder::new();
    folder.write("main.toml", "\u{feff}[vault]\naddress = 'ü', x = 1\n");
    let report = report(folder.load());
    let first = &report.findings()[0];
    assert_eq!((first.line, first.column), (Some(2), Some(14)), "{report}");
}

/// An environment variable that every test run has.
const HOME: &str = "${CARGO_MANIFEST_DIR}";

#[test]
fn variables_in_file_paths_are_replaced_wherever_a_file_is_named() {
    let text = format!(
        "
[vault]
address = 'https://vault.example.com:8200'
state_path = 'kv/scim-rotator'
ca_file = '{HOME}/vault.pem'
auth.token.token = {{ file = '{HOME}/token' }}
[http]
ca_file = '{HOME}/http.pem'
"
    );
    let loaded = Folder::with(&text)
        .load()
        .unwrap_or_else(|report| panic!("{report}"));
    let settings = format!("{:?}", loaded.settings);
    for file in ["vault.pem", "token", "http.pem"] {
        let path = repository(file).display().to_string();
        assert!(settings.contains(&path), "{file}: {settings}");
    }
}

#[test]
fn variables_that_are_not_set_are_named() {
    let cases = [
        ("ca_file = '${NOT_SET_ANYWHERE}/x'", "vault.ca_file"),
        (
            "auth.token.token = { file = '${NOT_SET_ANYWHERE}' }",
            "vault.auth.token.token",
        ),
    ];
    for (line, path) in cases {
        let found = said_of(&format!("[vault]\n{line}\n"));
        let (message, remedy) = message(&found, path);
        assert!(
            message.contains("`NOT_SET_ANYWHERE` is not set"),
            "{message}"
        );
        assert!(remedy.contains("Environment="), "{remedy}");
    }
    let found = said_of("[http]\nca_file = '${NOT_SET_ANYWHERE'\n");
    assert!(message(&found, "http.ca_file").0.contains("without `}`"));
}

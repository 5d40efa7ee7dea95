//! Shipped vendor files in a configuration: with files of the tests' own in
//! their place.

use std::path::PathBuf;

use tempfile::TempDir;

use crate::config::{Loaded, Report, load_with};
use crate::ports::kind::Origin;
use crate::vendors::example::testing::ISSUER;
use crate::vendors::{Library, Vendor};

const MAIN: &str = "
[vault]
address = 'https://vault.example.com:8200'
state_path = 'kv/scim-rotator'
auth.token.token = { file = '/run/vault-token' }
[tokens.crm]
vault_path = 'kv/scim/crm'
scim_url = 'https://crm.example.com/scim'
issuer = 'crm'
[issuers.crm.acme]
domain = 'tenant.acme.example'
";
const KEY: &str = "admin_key = { file = '/run/key' }\n";

struct Folder(TempDir);

impl Folder {
    fn with(main: &str) -> Self {
        let folder = Self(TempDir::new().expect("a folder"));
        folder.write("main.toml", main);
        folder
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).expect("written");
        path
    }

    /// Loads it as if this file were shipped as `acme`.
    fn load(&self, shipped: &'static str) -> Result<Loaded, Report> {
        let vendor = Vendor::shipped("acme", shipped).expect("sound");
        load_with(&self.0.path().join("main.toml"), &Library::of([vendor]))
    }
}

#[test]
fn a_shipped_file_is_used_by_its_name() {
    let loaded = Folder::with(&format!("{MAIN}{KEY}")).load(ISSUER);
    let loaded = loaded.unwrap_or_else(|report| panic!("{report}"));
    assert_eq!(loaded.warnings.findings(), []);
    assert_eq!(loaded.notes, [""; 0]);
    let mark = loaded.settings.issuers["crm"].as_kind().vendor();
    assert_eq!(mark.map(|mark| mark.origin), Some(Origin::Shipped));
}

#[test]
fn an_own_file_takes_the_place_of_a_shipped_one_with_a_note() {
    let folder = Folder::with(&format!("vendors = ['acme.toml']\n{MAIN}{KEY}"));
    let own = folder.write(
        "acme.toml",
        &ISSUER.replace("default = \"60d\"", "default = \"9d\""),
    );
    let loaded = folder
        .load(ISSUER)
        .unwrap_or_else(|report| panic!("{report}"));
    assert_eq!(loaded.warnings.findings(), [], "that is no warning");
    let note = format!(
        "{} takes the place of the shipped issuer `acme`",
        own.display()
    );
    assert_eq!(loaded.notes, [note]);
    let issuer = loaded.settings.issuers["crm"].as_kind();
    assert_eq!(issuer.vendor().map(|mark| mark.origin), Some(Origin::Own));
    let life = issuer.declared_lifetime().map(|life| life.as_hours());
    assert_eq!(life, Some(9 * 24));
}

/// Whatever is wrong with a shipped file, or becomes wrong by the user's keys,
/// is shown at a key of the user's.
#[test]
fn no_finding_points_into_a_shipped_file() {
    let lines = [
        "",
        "domain2 = 'x'",
        "label_length = -1",
        "http.issue.url = 5",
        "http.issue.read.token = 5",
        "http.capabilities.expiry = 'requested'",
        "http.capabilities.recovery = 'by_label'",
        "http.auth.basic = {}",
    ];
    for line in lines {
        let text = format!("{MAIN}{line}\n");
        let folder = Folder::with(&text);
        let report = folder.load(ISSUER).expect_err(line);
        for finding in report.findings() {
            assert_eq!(finding.file, folder.0.path().join("main.toml"), "{line}");
            let shown = text.lines().nth(finding.line.expect("a line") - 1);
            let shown = shown.expect("there");
            let meant = shown == "[issuers.crm.acme]" || shown == line;
            assert!(meant, "{line}: {finding:?} at `{shown}`");
            assert!(
                finding.path.starts_with("issuers.crm.acme"),
                "{line}: {finding:?}"
            );
        }
        let missing = report
            .findings()
            .iter()
            .any(|f| f.path.ends_with(".admin_key"));
        assert!(missing, "{line}: {report}");
    }
}

/// The vendor file with a key of a service account, which may be given in place of the
/// administrator's.
fn with_alternative() -> String {
    let parameter = "[parameters.service_key]\ntype = \"credential\"\nabout = \"the key of a service account\"\nexample = { file = \"/key\" }\ninstead_of = \"admin_key\"\n\n[refused]";
    let file = ISSUER.replacen("[refused]", parameter, 1);
    let either =
        "[http.headers]\nX-Key = \"{{ secrets.service_key | default(secrets.admin_key) }}\"";
    file.replacen("[http.headers]", either, 1)
}

/// What the file says where only one of the two can be used.
const ONE: &str = "auth = { bearer = { parameter = \"admin_key\" } }";

#[test]
fn exactly_one_of_the_parameters_that_replace_each_other_is_given() {
    let other = "service_key = { file = '/run/service-key' }\n";
    let file = &*with_alternative().replacen(ONE, "", 1).leak();
    for given in [KEY, other] {
        let loaded = Folder::with(&format!("{MAIN}{given}")).load(file);
        let loaded = loaded.unwrap_or_else(|report| panic!("{given}: {report}"));
        let credentials = loaded.settings.issuers["crm"].as_kind().credentials();
        assert_eq!(credentials.len(), 1, "{given}");
    }
    for (given, message, remedy) in [
        (
            String::new(),
            "`admin_key` is missing",
            "in its place may stand: service_key",
        ),
        (
            format!("{KEY}{other}"),
            "more than one of these is given",
            "keep exactly one of: admin_key, service_key",
        ),
    ] {
        let report = Folder::with(&format!("{MAIN}{given}")).load(file);
        let report = report.expect_err("an error");
        let found: Vec<_> = report.findings().iter().collect();
        assert_eq!(found.len(), 1, "{given}: {report}");
        assert_eq!(found[0].path, "issuers.crm.acme.admin_key", "{given}");
        assert!(found[0].message.contains(message), "{given}: {report}");
        assert!(found[0].remedy.contains(remedy), "{given}: {report}");
    }
}

/// A vendor file that is right with the one and wrong with the other.
#[test]
fn what_is_wrong_with_the_parameter_in_place_of_another_is_told_as_such() {
    let file = with_alternative();
    assert!(file.contains(ONE), "{file}");
    let folder = Folder::with(&format!("vendors = ['acme.toml']\n{MAIN}{KEY}"));
    folder.write("acme.toml", &file);
    let report = folder.load(ISSUER).expect_err("an error");
    let told = report.findings().iter();
    let told: Vec<_> = told.map(|finding| finding.message.as_str()).collect();
    let with_it = "with the parameter `service_key`: ";
    assert!(!told.is_empty(), "{report}");
    assert!(
        told.iter().all(|told| told.starts_with(with_it)),
        "{report}"
    );
}

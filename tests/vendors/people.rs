//! Vendor files that describe what a person does, and those that forbid it.

use scim_rotator::connections::ConnectionKind;
use scim_rotator::issuers::IssuerKind;
use scim_rotator::problem::{Problems, Severity};
use scim_rotator::vendors::example::{Filled, values};
use scim_rotator::vendors::{Family, Form, Library, Vendor};

use super::Folder;

/// The shipped files of a form, at least as many as are known to be there.
fn shipped(form: Form, at_least: usize) -> Vec<&'static Vendor<'static>> {
    let all = Library::shipped().iter().map(AsRef::as_ref);
    let all: Vec<_> = all
        .filter(|vendor: &&Vendor<'_>| vendor.form == form)
        .collect();
    assert!(all.len() >= at_least, "{form:?}: {}", all.len());
    all
}

fn says(vendor: &Vendor<'_>, key: &str) -> Option<String> {
    let value = vendor.body.get_ref().get(key)?.get_ref();
    value.as_str().map(str::to_owned)
}

/// A configuration with the example that `vendors show` gives.
fn configuration(vendor: &Vendor<'_>) -> String {
    let mut text = format!("[issuers.crm.{}]\n", vendor.name);
    for (name, parameter) in vendor.parameters() {
        let shown = parameter.example.as_ref().or(parameter.default.as_ref());
        text.push_str(&format!("{name} = {}\n", shown.expect("an example")));
    }
    text
}

/// A folder with this beside the rest; the token may be cut off at any time.
fn folder(main: &str) -> Folder {
    let folder = Folder::with(main);
    let text = std::fs::read_to_string(folder.path("main.toml")).expect("written");
    let window = "connections = ['hr']\nwindows = { allow = ['daily 00:00-24:00'] }";
    folder.write("main.toml", &text.replace("connections = ['hr']", window));
    folder
}

const CONNECTION: &str = "
[connections.hr.acme]
url = 'https://login.acme.example'
connection = 'con_1'
user = 'scim-rotator'
password = { vault = 'kv/admin/login#password' }
";

const ISSUER: &str = "[issuers.crm.acme]
domain = 'tenant.acme.example'
admin_key = { vault = 'kv/admin/acme#api_key' }
";

#[test]
fn every_operator_file_says_what_a_reader_looks_for() {
    for vendor in shipped(Form::Operator, 48) {
        let name = &vendor.name;
        assert_eq!(vendor.family(), Family::Issuer, "{name}");
        for key in ["life", "live_tokens", "issue_effect"] {
            assert!(says(vendor, key).is_some(), "{name}: {key}");
        }
        let kills = says(vendor, "issue_effect").as_deref() == Some("kills");
        assert_eq!(says(vendor, "gap_starts_at").is_some(), kills, "{name}");
        let unconfirmed = &vendor.file.unconfirmed;
        for (key, fact) in [("life", "life"), ("gap_starts_at", "gap_starts_at")] {
            let unknown = says(vendor, key).as_deref() == Some("unknown");
            assert!(!unknown || unconfirmed.contains_key(fact), "{name}: {fact}");
        }
        let kind = settings(vendor, Filled::All);
        let IssuerKind::Operator(operator) = &kind else {
            panic!("{name}: another kind");
        };
        let told = &operator.instructions;
        assert!(told.steps.len() >= 2, "{name}: the steps");
        assert!(told.role.is_some(), "{name}: who");
        let link = told.link(&operator.config).expect("a link");
        assert!(
            link.starts_with("https://") && !link.contains("{{"),
            "{name}: {link}"
        );
        let text = kind.as_kind().instructions().expect("told");
        assert!(
            text.contains("Vault"),
            "{name}: where the token goes: {text}"
        );
        assert!(!text.contains("{{"), "{name}: {text}");
        assert_eq!(kind.as_kind().kind(), name);
    }
}

fn settings(vendor: &Vendor<'static>, filled: Filled) -> IssuerKind {
    let read = vendor.settings(&values(vendor, filled));
    read.unwrap_or_else(|why| panic!("{}: {why}", vendor.name))
}

#[test]
fn every_operator_file_expands_and_passes_check_with_its_example() {
    for vendor in shipped(Form::Operator, 48) {
        for filled in [Filled::All, Filled::Required] {
            let mut problems = Problems::default();
            settings(vendor, filled).as_kind().check("x", &mut problems);
            let errors = problems
                .all()
                .iter()
                .filter(|p| p.severity == Severity::Error);
            assert_eq!(
                errors.collect::<Vec<_>>(),
                Vec::<&_>::new(),
                "{}",
                vendor.name
            );
        }
        let folder = super::people::folder(&format!("{}{CONNECTION}", configuration(vendor)));
        let loaded = folder.load();
        let loaded = loaded.unwrap_or_else(|report| panic!("{}: {report}", vendor.name));
        let warned = loaded.warnings.findings().iter();
        let of_owner = warned.filter(|f| {
            f.message
                .contains("dies with the account of the person who makes it")
        });
        assert_eq!(
            of_owner.count() > 0,
            vendor.file.vendor.owner_bound,
            "{}",
            vendor.name
        );
        let issuer = loaded.settings.issuers["crm"].as_kind();
        assert_eq!(issuer.vendor().expect("a mark").name, vendor.name);
    }
}

#[test]
fn a_forbidden_vendor_is_refused_with_what_to_do_instead() {
    for vendor in shipped(Form::Forbidden, 11) {
        let text = match vendor.family() {
            Family::Issuer => format!("{}{CONNECTION}", configuration(vendor)),
            Family::Connection => {
                let text = configuration(vendor).replace("issuers.crm", "connections.hr");
                format!("{ISSUER}{text}")
            }
        };
        let said = super::people::folder(&text).said();
        let refused: Vec<_> = said.iter().filter(|said| said.is_error).collect();
        assert_eq!(refused.len(), 1, "{}: {said:#?}", vendor.name);
        let forbidden = vendor.file.forbidden.as_ref().expect("a reason");
        assert!(refused[0].message.contains(&forbidden.why), "{said:#?}");
        assert_eq!(refused[0].remedy, forbidden.instead);
        assert!(refused[0].at.starts_with(&vendor.name), "{said:#?}");
    }
}

#[test]
fn what_is_known_to_do_harm_is_told_first() {
    let library = Library::shipped();
    let told = |name: &str| {
        let vendor = library.get(Family::Issuer, name).expect("shipped");
        settings(vendor, Filled::All)
            .as_kind()
            .instructions()
            .expect("told")
    };
    assert!(
        told("claude").starts_with("DANGER: never reset"),
        "{}",
        told("claude")
    );
    let amplitude = told("amplitude");
    assert!(
        amplitude.contains("dead from the click that makes the new one, also if nothing is saved"),
        "{amplitude}"
    );
    let hosted = library
        .get(Family::Issuer, "1password-hosted")
        .expect("shipped");
    assert_eq!(hosted.form, Form::Forbidden);
    let key = |name: &str, header: &str| {
        let vendor = library.get(Family::Issuer, name).expect("shipped");
        let headers = vendor.file.token.probe["headers"].clone();
        headers[header].as_str().expect("a text").to_owned()
    };
    assert_eq!(key("pagerduty", "Authorization"), "Token token={{ token }}");
    assert_eq!(key("contentful", "Accept"), "application/scim+json");
}

#[test]
fn a_key_of_an_operator_file_can_be_overridden() {
    let main = format!(
        "[issuers.crm.figma]\noperator.lifetime = '200d'\noperator.life = 'fixed'\n{CONNECTION}"
    );
    let loaded = folder(&main)
        .load()
        .unwrap_or_else(|report| panic!("{report}"));
    let issuer = loaded.settings.issuers["crm"].as_kind();
    let life = issuer.declared_lifetime().map(|life| life.as_hours() / 24);
    assert_eq!(life, Some(200));
    let wrong =
        format!("[issuers.crm.figma]\nhttp.url = 'x'\noperator.life = 'sometimes'\n{CONNECTION}");
    let said = folder(&wrong).said();
    let paths: Vec<_> = said
        .iter()
        .filter(|s| s.is_error)
        .map(|s| s.path.as_str())
        .collect();
    assert_eq!(
        paths,
        ["issuers.crm.figma.http", "issuers.crm.figma.operator.life"],
        "{said:#?}"
    );
}

#[test]
fn every_manual_file_says_what_to_do_and_passes_check_with_its_example() {
    for vendor in shipped(Form::Manual, 14) {
        let name = &vendor.name;
        assert_eq!(vendor.family(), Family::Connection, "{name}");
        for filled in [Filled::All, Filled::Required] {
            let read = vendor.settings::<ConnectionKind>(&values(vendor, filled));
            let kind = read.unwrap_or_else(|why| panic!("{name}: {why}"));
            let mut problems = Problems::default();
            kind.as_kind().check("x", &mut problems);
            assert_eq!(problems.all(), [], "{name}");
            let ConnectionKind::Manual(manual) = &kind else {
                panic!("{name}: another kind");
            };
            assert!(manual.instructions.steps.len() >= 3, "{name}: the steps");
            assert!(manual.instructions.role.is_some(), "{name}: who");
            let link = manual.instructions.link(&manual.config).expect("a link");
            assert!(
                link.starts_with("https://") && !link.contains("{{"),
                "{name}: {link}"
            );
            let text = kind.as_kind().instructions().expect("told");
            let place = format!("below {}", manual.vault_path);
            assert!(
                text.contains(&place) && !text.contains("{{"),
                "{name}: {text}"
            );
        }
        let text = configuration(vendor).replace("issuers.crm", "connections.hr");
        let loaded = super::people::folder(&format!("{ISSUER}{text}")).load();
        let loaded = loaded.unwrap_or_else(|report| panic!("{name}: {report}"));
        assert_eq!(loaded.settings.connections["hr"].as_kind().kind(), name);
    }
}

#[test]
fn a_token_waits_apart_from_all_that_others_read() {
    let at = |path: &str| {
        let onelogin = format!(
            "[connections.hr.onelogin]\nvault_path = '{path}'\ndomain = 'acme.onelogin.com'\napp = 'CRM'\n"
        );
        let other =
            "[connections.other.manual]\nvault_path = 'kv/handover/other'\ninstructions = 'x'\n";
        let said = folder(&format!("{ISSUER}{onelogin}{other}")).said();
        let errors = said.into_iter().filter(|said| said.is_error);
        errors
            .map(|said| (said.path, said.message))
            .collect::<Vec<_>>()
    };
    assert_eq!(at("kv/handover/hr"), []);
    for (path, expected) in [
        (
            "kv/scim-rotator/handover",
            "overlaps with `state_path` (kv/scim-rotator)",
        ),
        (
            "kv/scim",
            "overlaps with the path at which `crm` is published (kv/scim/crm)",
        ),
        (
            "kv/scim/crm",
            "overlaps with the path at which `crm` is published",
        ),
        ("kv/handover/other", "wait at `kv/handover/other` too"),
        ("kv", "is not a folder in KV v2"),
    ] {
        let said = at(path);
        assert!(
            said.iter().any(|(_, message)| message.contains(expected)),
            "{path}: {said:#?}"
        );
        let of_users = said
            .iter()
            .all(|(key, _)| key.ends_with(".vault_path") && !key.contains(".onelogin.manual"));
        assert!(of_users, "{said:#?}");
    }
}

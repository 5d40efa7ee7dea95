//! What the settings say, and what they ask of Vault's policy.

use super::*;
use crate::ports::kind::LoginNeed;
use crate::ports::vault_lease::Parent;
use crate::problem::{Problems, Severity};
use crate::rotation::capability::{IssueEffect, LiveTokens, Recovery, Revoke};

const GOOD: &str = r#"
    path = "mesh/creds/scim"
    token = "/token"
    parent = { token_role = "scim-leases" }
    live_tokens = "many"
"#;

fn settings(text: &str) -> VaultDynamicIssuer {
    toml::from_str(text).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

fn found(text: &str, severity: Severity) -> Vec<String> {
    let mut problems = Problems::default();
    settings(text).check("issuers.x.vault_dynamic", &mut problems);
    let found = problems.all().iter().filter(|p| p.severity == severity);
    found
        .map(|p| format!("{}: {}", p.path, p.message))
        .collect()
}

#[test]
fn each_mistake_is_named_at_its_key() {
    assert_eq!(found(GOOD, Severity::Error), [""; 0]);
    assert_eq!(found(GOOD, Severity::Warning), [""; 0]);
    let cases = [
        (
            "mesh/creds/scim",
            "mesh",
            "path: the path has no part below",
        ),
        ("mesh/creds/scim", "/mesh/creds", "path: `` cannot stand"),
        ("mesh/creds/scim", "mesh/../sys", "path: `..` cannot stand"),
        ("mesh/creds/scim", "mesh/creds/a b", "path: `a b` cannot"),
        (
            "mesh/creds/scim",
            "auth/token/create",
            "path: no secrets engine",
        ),
        (
            "mesh/creds/scim",
            "v1/mesh/creds/x",
            "path: no secrets engine",
        ),
        ("\"/token\"", "\"token\"", "token: this is no JSON pointer"),
        ("\"many\"", "\"two\"", "list: with two live tokens"),
        (
            "live_tokens = \"many\"",
            "",
            "live_tokens: it must be stated",
        ),
        ("scim-leases", "a/b", "parent: `a/b` is no name"),
        (
            "\"many\"",
            "\"many\"\nlifetime = \"0s\"",
            "lifetime: a lifetime of",
        ),
        (
            "parent = { token_role = \"scim-leases\" }",
            "",
            "parent: it must be stated",
        ),
        (
            "\"many\"",
            "\"many\"\nbody = { x = \"{{ token }}\" }",
            "body.x: ",
        ),
    ];
    for (good, bad, expected) in cases {
        let text = GOOD.replace(good, bad);
        let errors = found(&text, Severity::Error);
        let expected = format!("issuers.x.vault_dynamic.{expected}");
        assert!(
            errors.iter().any(|error| error.starts_with(&expected)),
            "{bad}: {errors:?}, not {expected}"
        );
    }
    let login = GOOD.replace("{ token_role = \"scim-leases\" }", "\"login\"");
    let errors = found(&login, Severity::Error);
    assert!(
        errors[0].contains(".lifetime: it must be stated"),
        "{errors:?}"
    );
    let login = login + "lifetime = \"2h\"";
    assert_eq!(found(&login, Severity::Error), [""; 0]);
    let warned = found(&login, Severity::Warning);
    assert!(warned[0].contains("ends with the login"), "{warned:?}");
    let hour = jiff::SignedDuration::from_hours(1);
    let needs = [None, Some(hour)].map(|wish| settings(&login).needs_of_login(wish));
    assert_eq!(needs, [LoginNeed::For(hour * 2), LoginNeed::For(hour)]);
    let none = settings(GOOD).needs_of_login(Some(hour));
    assert_eq!(none, LoginNeed::Nothing);
    assert_eq!(settings(&login).lease_parent(), Parent::Login);
}

#[test]
fn capabilities_follow_from_what_is_stated() {
    let many = settings(GOOD).capabilities();
    assert_eq!(many.recovery, Recovery::None);
    assert_eq!(many.revoke, Revoke::ById);
    assert_eq!(many.issue_effect, IssueEffect::Keeps);
    assert!(many.ends_old_tokens_for_us());
    let one = settings(&(GOOD.replace("many", "one") + "list = true")).capabilities();
    assert_eq!(one.live_tokens, LiveTokens::One);
    assert_eq!(one.issue_effect, IssueEffect::Kills);
    assert_eq!(one.recovery, Recovery::BySetDifference);
}

#[test]
fn the_policy_is_asked_for_no_more_than_the_settings_need() {
    let needs = |text: &str| {
        let needs = settings(text).vault_needs();
        let needs = needs.into_iter().map(|need| (need.path, need.capabilities));
        needs.collect::<Vec<_>>()
    };
    let expected: [(String, &[&str]); 4] = [
        ("mesh/creds/scim".to_owned(), &["read"]),
        ("sys/leases/renew".to_owned(), &["update"]),
        ("sys/leases/revoke".to_owned(), &["update"]),
        ("auth/token/create/scim-leases".to_owned(), &["update"]),
    ];
    assert_eq!(needs(GOOD), expected);
    let more = GOOD.replace("{ token_role = \"scim-leases\" }", "\"login\"");
    let more = needs(&format!("{more}\nlist = true\nbody = {{ x = 1 }}"));
    let expected: [(String, &[&str]); 5] = [
        ("mesh/creds/scim".to_owned(), &["update"]),
        ("sys/leases/renew".to_owned(), &["update"]),
        ("sys/leases/revoke".to_owned(), &["update"]),
        ("sys/leases/lookup".to_owned(), &["update"]),
        (
            "sys/leases/lookup/mesh/creds/scim/".to_owned(),
            &["list", "sudo"],
        ),
    ];
    assert_eq!(more, expected);
}

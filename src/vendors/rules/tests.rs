//! Mistakes of authors, each with its place.

use super::*;
use crate::problem::Severity::{self, Error, Warning};
use crate::vendors::example::testing::{CONNECTION, ISSUER};

fn said(text: &str) -> Vec<(Severity, String)> {
    let vendor = Vendor::shipped("acme", text).expect("typed");
    let mut problems = Problems::default();
    vendor.check(&mut problems);
    let all = problems.all().iter();
    all.map(|p| (p.severity, p.path.clone())).collect()
}

#[test]
fn sound_files_raise_no_word() {
    assert_eq!(said(ISSUER), []);
    assert_eq!(said(CONNECTION), []);
}

#[test]
fn each_mistake_is_named_at_its_key() {
    let cases = [
        (
            "title = \"Acme CRM\"",
            "title = \" \"",
            Error,
            "vendor.title",
        ),
        (
            "[\"https://docs.acme.example/api/tokens\"]",
            "[]",
            Error,
            "vendor.documentation",
        ),
        (
            "https://docs",
            "ftp://docs",
            Error,
            "vendor.documentation[0]",
        ),
        (
            "notes =",
            "openapi = { url = \"https://a.example/o\", sha256 = \"12\" }\nnotes =",
            Error,
            "vendor.openapi.sha256",
        ),
        (
            "the host of your tenant",
            "",
            Error,
            "parameters.domain.about",
        ),
        (
            "default = 100",
            "default = 100\noptional = true",
            Error,
            "parameters.label_length.optional",
        ),
        (
            "default = 100",
            "optional = true",
            Error,
            "parameters.label_length",
        ),
        (
            "choices = [\"eu\", \"us\"]",
            "",
            Error,
            "parameters.region.choices",
        ),
        (
            "default = \"60d\"",
            "default = \"60d\"\nchoices = [\"x\"]",
            Error,
            "parameters.life.choices",
        ),
        (
            "example = { vault = \"kv/admin/acme#signature\" }\noptional = true",
            "default = \"x\"",
            Error,
            "parameters.signature.default",
        ),
        (
            "\".+[.]acme[.]example\"",
            "\"[\"",
            Error,
            "parameters.domain.pattern",
        ),
        (
            "\".+[.]acme[.]example\"",
            "\".+[.]example[.]org\"",
            Error,
            "parameters.domain.pattern",
        ),
        (
            "default = 100",
            "default = 100\npattern = \".+\"",
            Error,
            "parameters.label_length.pattern",
        ),
        (
            "[parameters.team]",
            "[parameters.Team]",
            Error,
            "parameters.Team",
        ),
        (
            "[parameters.team]",
            "[parameters.http]",
            Error,
            "parameters.http",
        ),
        (
            "aliases = [\"host\"]",
            "aliases = [\"life\"]",
            Error,
            "parameters.life",
        ),
        ("expired = {", "# {", Error, "refused.expired"),
        (
            "{ status = [401], note = \"documented below Authentication\" }",
            "{ note = \" \" }",
            Error,
            "refused.wrong",
        ),
        (
            "wrong = {",
            "positive_only = \"x\"\nwrong = {",
            Error,
            "refused.positive_only",
        ),
        (
            "{ parameter = \"life\" }",
            "{ parameter = \"live\" }",
            Error,
            "http.lifetime.declared",
        ),
        (
            "{ parameter = \"scopes\" }",
            "{ parameter = 5 }",
            Error,
            "http.issue.body.json.scopes",
        ),
        (
            "[http.headers]",
            "[http.config]\nteam = \"x\"\n[http.headers]",
            Error,
            "http.config.team",
        ),
        (
            "[http.headers]",
            "[http.list]\nurl = \"/\"\n[http.headers]",
            Error,
            "http.list",
        ),
        ("deprecated = \"teams", "# \"", Warning, ""),
    ];
    for (from, to, severity, path) in cases {
        assert!(ISSUER.contains(from), "`{from}` is not there");
        let found = said(&ISSUER.replacen(from, to, 1));
        match path {
            "" => assert_eq!(found, [], "{to}"),
            path => assert!(
                found.contains(&(severity, path.to_owned())),
                "{to}: {found:?}"
            ),
        }
    }
    let unused = ISSUER.replace("X-Region = \"{{ config.region | default('eu') }}\"", "");
    assert_eq!(said(&unused), [(Warning, "parameters.region".to_owned())]);
    let of_the_past = ISSUER.replace("X-Team = \"{{ config.team | default('none') }}\"", "");
    assert_eq!(said(&of_the_past), [], "`team` is deprecated");
}

#[test]
fn without_a_negative_proof_the_reason_is_asked_for() {
    let (_, tail) = ISSUER.split_once("[refused]").expect("there");
    let (refused, _) = tail.split_once("[http]").expect("there");
    let none = ISSUER.replace(refused, "\n");
    assert_eq!(
        said(&none),
        ["wrong", "expired", "revoked"].map(|name| (Error, format!("refused.{name}")))
    );
    let empty = ISSUER.replace(refused, "\npositive_only = ''\n");
    assert_eq!(said(&empty), [(Error, "refused.positive_only".to_owned())]);
    let reason = ISSUER.replace(refused, "\npositive_only = 'any text is accepted'\n");
    assert_eq!(said(&reason), []);
}

/// The issuer with a parameter that is given in place of another.
fn with_alternative(keys: &str, header: &str) -> String {
    let parameter = format!(
        "[parameters.key]\ntype = \"credential\"\nabout = \"a key of a service account\"\nexample = {{ file = \"/key\" }}\n{keys}\n\n[refused]"
    );
    let with_parameter = ISSUER.replacen("[refused]", &parameter, 1);
    with_parameter.replacen("[http.headers]", &format!("[http.headers]\n{header}"), 1)
}

#[test]
fn a_parameter_in_place_of_another_is_named_rightly() {
    let used = "X-Key = \"{{ secrets.key | default('none') }}\"";
    let sound = with_alternative("instead_of = \"admin_key\"", used);
    assert_eq!(said(&sound), []);
    let unused = with_alternative("instead_of = \"admin_key\"", "");
    assert_eq!(said(&unused), [(Warning, "parameters.key".to_owned())]);
    for (keys, path) in [
        ("instead_of = \"nobody\"", "parameters.key.instead_of"),
        // These may be left out anyway.
        ("instead_of = \"region\"", "parameters.key.instead_of"),
        ("instead_of = \"life\"", "parameters.key.instead_of"),
        ("instead_of = \"key\"", "parameters.key.instead_of"),
        (
            "instead_of = \"admin_key\"\noptional = true",
            "parameters.key",
        ),
    ] {
        let found = said(&with_alternative(keys, used));
        assert_eq!(found, [(Error, path.to_owned())], "{keys}");
    }
}

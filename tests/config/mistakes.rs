//! What a beginner mistypes: one finding for each mistake, at its place, with the
//! cause and what to write instead.

use scim_rotator::config::Finding;

use super::said_of;

/// A configuration without a mistake, so that all that is said comes of the one
/// that is made.
const SOUND: &str = r#"[vault]
address = "https://vault.example.com:8200"
state_path = "kv/scim-rotator"
[vault.auth.token]
token = { file = "/run/token" }

[issuers.world.http.capabilities]
live_tokens = "many"
overlap = "explicit_retire"
issue_effect = "keeps"
recovery = "none"
revoke = "by_id"
expiry = "reported"
[issuers.world.http.issue]
url = "https://api.example.com/tokens"
body.json = { name = "{{ label }}" }
read = { token = "/token", id = "/id", expires_at = "/expires_at" }
[issuers.world.http.revoke]
url = "https://api.example.com/tokens/{{ id }}"

[connections.idp.manual]
vault_path = "kv/manual/idp"
instructions = "Write it."

[tokens.world]
vault_path = "kv/scim/world"
scim_url = "https://api.example.com/scim"
issuer = "world"
connections = ["idp"]
"#;

/// One mistake: what is written in place of what, and what is said of it.
struct Mistake {
    right: &'static str,
    wrong: &'static str,
    /// The line of the finding begins like this.
    at: &'static str,
    cause: &'static str,
    remedy: &'static str,
}

const fn mistake(
    (right, wrong): (&'static str, &'static str),
    at: &'static str,
    cause: &'static str,
    remedy: &'static str,
) -> Mistake {
    Mistake {
        right,
        wrong,
        at,
        cause,
        remedy,
    }
}

const ISSUER: &str = "issuer = \"world\"";

const MISTAKES: &[Mistake] = &[
    mistake(
        ("live_tokens", "live_token"),
        "live_token =",
        "unknown key `live_token`",
        "did you mean `live_tokens`?",
    ),
    mistake(
        ("state_path =", "statepath ="),
        "statepath =",
        "unknown key `statepath`",
        "did you mean `state_path`?",
    ),
    mistake(
        ("[tokens.world]", "[token.world]"),
        "[token.world]",
        "unknown section `token`",
        "did you mean `tokens`?",
    ),
    mistake(
        ("[connections.idp.manual]", "[connection.idp.manual]"),
        "[connection.idp.manual]",
        "unknown section `connection`",
        "did you mean `connections`?",
    ),
    mistake(
        (ISSUER, "issuer = \"world\"\noverlap = 3600"),
        "overlap = 3600",
        "a text in quotes is expected here, not a number",
        "a length of time needs its unit",
    ),
    mistake(
        (ISSUER, "issuer = \"world\"\noverlap = \"3600\""),
        "overlap = \"3600\"",
        "`3600` is not a length of time",
        "write a number with a unit",
    ),
    mistake(
        (ISSUER, "issuer = \"world\"\noverlap = \"1 month\""),
        "overlap = \"1 month\"",
        "`1 month` is not a length of time",
        "months and years have no fixed length",
    ),
    mistake(
        (ISSUER, "issuer = \"world\"\nrenew_at = 0.5"),
        "renew_at = 0.5",
        "a share of the lifetime is a percentage in quotes, not a number",
        "write \"50%\"",
    ),
    mistake(
        (ISSUER, "issuer = \"world\"\nrenew_at = 67"),
        "renew_at = 67",
        "a share of the lifetime is a percentage in quotes",
        "write \"67%\"",
    ),
    mistake(
        ("{{ label }}", "{{ lable }}"),
        "body.json",
        "the template uses `lable`, which does not exist here",
        "did you mean `label`?",
    ),
    mistake(
        ("{{ label }}", "{{ label }"),
        "body.json",
        "the template has an error in line 1",
        "write values as `{{ name }}`",
    ),
    mistake(
        ("\"/token\"", "\"$.token\""),
        "read =",
        "`$.token` is written as JSONPath",
        "write \"/token\"",
    ),
    mistake(
        (ISSUER, "issuer = \"wrld\""),
        "issuer = \"wrld\"",
        "there is no issuer `wrld`",
        "did you mean `world`?",
    ),
    mistake(
        ("[\"idp\"]", "[\"ipd\"]"),
        "connections = [\"ipd\"]",
        "there is no connection `ipd`",
        "did you mean `idp`?",
    ),
    mistake(
        (
            ISSUER,
            "issuer = \"world\"\n[tokens.world]\nissuer = \"other\"",
        ),
        "[tokens.world]",
        "`tokens.world` is defined twice (first defined here FILE:25)",
        "rename one of them",
    ),
    mistake(
        (ISSUER, "issuer = \"world\"\nissuer = \"other\""),
        "issuer = \"other\"",
        "`tokens.world.issuer` is defined twice (first defined here FILE:28)",
        "keep one of the two",
    ),
    mistake(
        (ISSUER, "issuer: world"),
        "issuer: world",
        "this line is written in YAML",
        "write `issuer = \"world\"`",
    ),
    mistake(
        (ISSUER, "issuer = world"),
        "issuer = world",
        "the text of `issuer` needs quotes",
        "write `issuer = \"world\"`",
    ),
    mistake(
        (ISSUER, "issuer = “world”"),
        "issuer = “world”",
        "these are no quotes of TOML",
        "write straight quotes: `issuer = \"world\"`",
    ),
    mistake(
        (
            "[vault.auth.token]\ntoken = { file = \"/run/token\" }\n",
            "",
        ),
        "[vault]",
        "`auth` is missing",
        "add one of the tables [vault.auth.approle], [vault.auth.cert]",
    ),
    mistake(
        (
            "[vault.auth.token]",
            "[vault.auth.approle]\nrole_id = \"r\"\nsecret_id = { file = \"/run/id\" }\n[vault.auth.token]",
        ),
        "[vault.auth.approle]",
        "exactly one kind must be chosen here, and there are approle and token",
        "keep one of [vault.auth.approle], [vault.auth.token] and remove the others",
    ),
    mistake(
        (
            "\"https://vault.example.com:8200\"",
            "\"http://vault.example.com:8200\"",
        ),
        "address =",
        "would send tokens unencrypted",
        "write \"https://vault.example.com:8200\"",
    ),
    mistake(
        (
            "\"https://vault.example.com:8200\"",
            "\"vault.example.com:8200\"",
        ),
        "address =",
        "the address has no scheme or no host",
        "write \"https://vault.example.com:8200\"",
    ),
    mistake(
        (
            "\"https://vault.example.com:8200\"",
            "\"vault.example.com\"",
        ),
        "address =",
        "`vault.example.com` is not a URL",
        "\"https://vault.example.com\"",
    ),
    mistake(
        ("scim_url = \"https://", "scim_url = \"http://"),
        "scim_url =",
        "http would send the token unencrypted",
        "\"https://api.example.com/scim\"",
    ),
    mistake(
        ("scim_url = \"https://", "scim_url = \""),
        "scim_url =",
        "the URL cannot be used",
        "\"https://api.example.com/scim\"",
    ),
    mistake(
        (
            "url = \"https://api.example.com/tokens\"",
            "url = \"http://api.example.com/tokens\"",
        ),
        "url =",
        "http would send credentials in clear text",
        "write \"https://api.example.com/tokens\"",
    ),
    mistake(
        (
            "url = \"https://api.example.com/tokens\"",
            "url = \"api.example.com/tokens\"",
        ),
        "url =",
        "it is not a URL",
        "write \"https://api.example.com/tokens\"",
    ),
    mistake(
        ("recovery = \"none\"", "recovery = \"label\""),
        "recovery =",
        "unknown choice `label`",
        "did you mean `by_label`?",
    ),
    mistake(
        ("live_tokens = \"many\"", "live_tokens = \"lots\""),
        "live_tokens =",
        "unknown choice `lots`",
        "known here: many, one, two",
    ),
    mistake(
        (
            ISSUER,
            "issuer = \"world\"\noverlap = \"80d\"\nlifetime = \"90d\"\nrenew_at = \"67%\"",
        ),
        "overlap = \"80d\"",
        "the overlap (80d) is longer than the old token lives on after a renewal (29d",
        "use a shorter overlap",
    ),
    mistake(
        (
            "[issuers.world.http.revoke]\nurl = \"https://api.example.com/tokens/{{ id }}\"\n",
            "",
        ),
        "revoke =",
        "this capability needs the call `revoke` with `{{ id }}` in it, which is not configured",
        "add [issuers.world.http.revoke] with a `url` or a body that contains `{{ id }}`",
    ),
    mistake(
        ("tokens/{{ id }}", "tokens/all"),
        "[issuers.world.http.revoke]",
        "the call names neither the id nor the token",
        "put `{{ id }}` into the URL or the body",
    ),
    mistake(
        ("{ file = \"/run/token\" }", "\"hunter2\""),
        "token =",
        "a secret must not stand in the configuration",
        "write a reference instead",
    ),
    mistake(
        ("kv/scim/world", "kv/data/scim/world"),
        "vault_path =",
        "holds the `data/` of Vault's HTTP API",
        "leave `data/` out",
    ),
    mistake(
        (ISSUER, "issuer = \"world\"\nrenew_cron = \"0 3 * *\""),
        "renew_cron =",
        "is not a cron rule of five fields",
        "minute, hour, day of month, month, day of week",
    ),
    mistake(
        (
            ISSUER,
            "issuer = \"world\"\nwindows = { allow = [\"Monday 8-17\"] }",
        ),
        "windows =",
        "`Monday 8-17` is not a window",
        "write \"Mon-Fri 08:00-17:00\"",
    ),
];

/// The place in the text of the test's file, which no test can name.
fn without_file(finding: &Finding) -> String {
    let file = finding.file.display().to_string();
    finding.message.replace(&file, "FILE")
}

#[test]
fn the_configuration_without_a_mistake_is_sound() {
    assert_eq!(said_of(SOUND), []);
}

#[test]
fn each_mistake_has_one_finding_with_place_cause_and_remedy() {
    let mut wrong = Vec::new();
    for row in MISTAKES {
        assert!(SOUND.contains(row.right), "{}", row.right);
        let text = SOUND.replacen(row.right, row.wrong, 1);
        let found = said_of(&text);
        let [finding] = found.as_slice() else {
            let said: Vec<_> = found.iter().map(|f| (&f.message, &f.remedy)).collect();
            wrong.push(format!(
                "{}: {} findings: {said:#?}",
                row.wrong,
                found.len()
            ));
            continue;
        };
        let line = text
            .lines()
            .nth(finding.line.unwrap_or_default().saturating_sub(1));
        let line = line.unwrap_or_default();
        let message = without_file(finding);
        if !line.starts_with(row.at)
            || !message.contains(row.cause)
            || !finding.remedy.contains(row.remedy)
        {
            wrong.push(format!(
                "{}: at `{line}`: {message}\n  {}",
                row.wrong, finding.remedy
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn a_file_of_yaml_is_one_finding_that_says_how_toml_writes_it() {
    let text = "# ours\nvault:\n  address: https://vault.example.com\n  admin_key: hunter2\ntokens:\n  - name: world\n    issuer: world\n";
    let report = super::report(super::Folder::with(text).load());
    let [finding] = report.findings() else {
        panic!("{report}");
    };
    assert_eq!(
        finding.message,
        "this file is written in YAML, and scim-rotator reads TOML"
    );
    for part in [
        "`vault:` becomes [vault]",
        "`address = \"https://vault.example.com\"`",
        "minimal.toml",
    ] {
        assert!(finding.remedy.contains(part), "{}", finding.remedy);
    }
    assert_eq!(finding.line, Some(2));
    let shown = report.render(false);
    assert!(
        !shown.contains('*') && !shown.contains("hunter2"),
        "{shown}"
    );
}

#[test]
fn what_is_wrong_with_the_syntax_is_shown_unless_it_may_be_a_secret() {
    for (wrong, shown, hidden) in [
        ("issuer: world", "issuer: world", "*"),
        ("issuer = “world”", "issuer = “world”", "*"),
        (
            "scim_url = api.example.com/scim",
            "scim_url = api.example.com/scim",
            "*",
        ),
        ("admin_key: hunter2", "admin_key: *******", "hunter2"),
        ("password = hunter2", "password = *******", "hunter2"),
        ("issuer = world, key = hunter2", "issuer = *****", "hunter2"),
    ] {
        let text = SOUND.replacen(ISSUER, wrong, 1);
        let report = super::report(super::Folder::with(&text).load());
        let said = report.render(false);
        assert!(said.contains(shown), "{wrong}: {said}");
        assert!(!said.contains(hidden), "{wrong}: {said}");
    }
}

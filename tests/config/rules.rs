//! The rules across keys and sections, each with the mistake and its remedy.

use scim_rotator::config::problem::Severity::{self, Error, Warning};

use super::said_of;

/// A sound configuration in parts that the tests replace.
const SOUND: &str = "
[vault]
address = 'https://vault.example.com:8200'
state_path = 'kv/scim-rotator'
auth.token.token = { file = '/run/vault-token' }

[limits]
lease = '90s'

[defaults]
renew_at = '67%'

[issuers.by-hand.operator]
live_tokens = 'many'
issue_effect = 'keeps'
lifetime = '90d'
instructions = 'Ask the owner.'

[issuers.sso.oauth2]
token_url = 'https://sso.example.com/token'
client_id = 'x'
client_secret = { vault = 'kv/admin/sso#secret' }
revocation_url = 'https://sso.example.com/revoke'

[connections.idp.exec]
command = ['/bin/sh']

[tokens.crm]
vault_path = 'kv/scim/crm'
scim_url = 'https://crm.example.com/scim'
issuer = 'by-hand'
connections = ['idp']

[tokens.erp]
vault_path = 'kv/scim/erp'
scim_url = 'https://erp.example.com/scim'
issuer = 'sso'
connections = ['idp']
";

#[test]
fn the_sound_configuration_raises_no_word() {
    assert_eq!(said_of(SOUND), []);
}

/// Replaces a part and expects one finding: severity, key, what the message
/// and the remedy hold.
fn one(from: &str, to: &str, severity: Severity, path: &str, message: &str, remedy: &str) {
    assert_eq!(SOUND.matches(from).count(), 1, "`{from}` is not unique");
    let text = SOUND.replace(from, to);
    let found = said_of(&text);
    assert_eq!(found.len(), 1, "{to}: {found:#?}");
    let finding = &found[0];
    assert_eq!(finding.severity, severity, "{to}: {finding:?}");
    assert_eq!(finding.path, path, "{to}");
    assert!(finding.message.contains(message), "{to}: {finding:?}");
    assert!(finding.remedy.contains(remedy), "{to}: {finding:?}");
    let line = finding.line.and_then(|line| text.lines().nth(line - 1));
    let line = line.unwrap_or_else(|| panic!("{to}: no line: {finding:?}"));
    // A key that is not written is shown by the table that lacks it.
    let mut parts = path.split(['.', '[']).rev();
    assert!(
        parts.any(|part| line.contains(part)),
        "{to}: line `{line}` for `{path}`"
    );
}

#[test]
fn names_lead_somewhere_and_are_used() {
    one(
        "issuer = 'by-hand'",
        "issuer = 'by-hnad'",
        Error,
        "tokens.crm.issuer",
        "there is no issuer `by-hnad`",
        "did you mean `by-hand`?",
    );
    one(
        "issuer = 'by-hand'\nconnections = ['idp']",
        "issuer = 'by-hand'\nconnections = ['idp', 'entra']",
        Error,
        "tokens.crm.connections[1]",
        "there is no connection `entra`",
        "add a table [connections.entra.<kind>]",
    );
    one(
        "issuer = 'sso'\nconnections = ['idp']",
        "issuer = 'sso'\nconnections = ['idp', 'idp']",
        Error,
        "tokens.erp.connections[1]",
        "named twice",
        "take one of the two out",
    );
    one(
        "[connections.idp.exec]",
        "[connections.spare.exec]\ncommand = ['/bin/sh']\n[connections.idp.exec]",
        Warning,
        "connections.spare",
        "no token uses the connection `spare`",
        "take [connections.spare] out",
    );
    one(
        "[tokens.crm]",
        "[tokens.CRM]",
        Error,
        "tokens.CRM",
        "`CRM` cannot be a name",
        "a-z, 0-9 and `-`",
    );
}

#[test]
fn paths_in_vault_are_apart() {
    one(
        "kv/scim/erp",
        "kv/scim/crm",
        Error,
        "tokens.erp.vault_path",
        "already the path of the token `crm`",
        "a path of its own",
    );
    one(
        "kv/scim/erp",
        "/kv/scim/crm/",
        Error,
        "tokens.erp.vault_path",
        "already the path of the token `crm`",
        "a path of its own",
    );
    one(
        "kv/scim/erp",
        "kv/scim-rotator/erp",
        Error,
        "tokens.erp.vault_path",
        "overlaps with `state_path`",
        "publish elsewhere",
    );
    one(
        "kv/scim/erp",
        "kv/data/scim/erp",
        Error,
        "tokens.erp.vault_path",
        "holds the `data/` of Vault's HTTP API",
        "leave `data/` out",
    );
}

#[test]
fn no_managed_token_is_a_caller() {
    one(
        "kv/admin/sso#secret",
        "kv/scim/crm#token",
        Error,
        "issuers.sso.oauth2",
        "the managed token `crm`",
        "a credential of its own",
    );
    let spelled = SOUND.replace("kv/admin/sso#secret", "/kv/scim/crm/#token");
    assert_eq!(said_of(&spelled).len(), 1, "slashes make no difference");
    let other_field = SOUND.replace("kv/admin/sso#secret", "kv/scim/crm#admin");
    assert_eq!(said_of(&other_field), []);
}

#[test]
fn http_is_for_this_machine_only() {
    one(
        "https://vault.example.com:8200",
        "http://vault.example.com:8200",
        Error,
        "vault.address",
        "unencrypted",
        "https://",
    );
    one(
        "https://crm.example.com/scim",
        "http://crm.example.com/scim",
        Error,
        "tokens.crm.scim_url",
        "unencrypted",
        "https://",
    );
    one(
        "https://sso.example.com/token",
        "http://sso.example.com/token",
        Error,
        "issuers.sso.oauth2.token_url",
        "clear text",
        "https",
    );
    one(
        "https://sso.example.com/revoke",
        "http://sso.example.com/revoke",
        Error,
        "issuers.sso.oauth2.revocation_url",
        "clear text",
        "https",
    );
    for host in ["127.0.0.1:8200", "[::1]:8200", "localhost:8200"] {
        let text = SOUND.replace("https://vault.example.com:8200", &format!("http://{host}"));
        assert_eq!(said_of(&text), [], "{host}");
    }
}

#[test]
fn what_is_planned_fits_into_the_life() {
    let crm = "issuer = 'by-hand'";
    let with = |lines: &str| format!("{crm}\n{lines}");
    one(
        crm,
        &with("overlap = '31d'"),
        Error,
        "tokens.crm.overlap",
        "longer than the old token lives on",
        "renew earlier",
    );
    one(
        crm,
        &with("renew_before = '90d'"),
        Error,
        "tokens.crm.renew_before",
        "is not shorter than `declared_lifetime`",
        "use a shorter time",
    );
    one(
        crm,
        &with("max_age = '90d'"),
        Warning,
        "tokens.crm.max_age",
        "is never reached",
        "use a shorter time",
    );
    one(
        crm,
        &with("lifetime = '23h'\noverlap = '1h'\nprobe_every = '10m'"),
        Error,
        "tokens.crm.lifetime",
        "leaves nobody time",
        "allow_short_lived = true",
    );
    one(
        crm,
        &with("windows = { allow = ['Sun 02:00-04:00'], deadline = '45d' }"),
        Error,
        "tokens.crm.windows",
        "would never be heeded",
        "renew earlier",
    );
    one(
        crm,
        &with("declared_lifetime = '20d'\nwindows = { allow = ['Sun 02:00-04:00'] }"),
        Warning,
        "tokens.crm.windows",
        "may stay closed",
        "open the windows more often",
    );
    one(
        crm,
        &with("windows = { allow = ['Sun 02:00-04:00'], deny = ['daily 00:00-24:00'] }"),
        Error,
        "tokens.crm.windows",
        "never open",
        "leave some time",
    );
    one(
        crm,
        &with("probe_every = '2d'"),
        Warning,
        "tokens.crm.probe_every",
        "may miss a whole overlap",
        "probe more often",
    );
}

#[test]
fn a_default_is_blamed_where_it_stands() {
    one(
        "renew_at = '67%'",
        "renew_at = '67%'\nretry_min = '2h'",
        Error,
        "defaults.retry_min",
        "longer than `retry_max`",
        "the shorter of the two",
    );
}

#[test]
fn a_killing_issue_has_a_window() {
    one(
        "live_tokens = 'many'\nissue_effect = 'keeps'",
        "live_tokens = 'one'\nissue_effect = 'kills'",
        Error,
        "tokens.crm.windows",
        "no window says when",
        "add windows = ",
    );
}

#[test]
fn a_lease_outlives_what_is_done_under_it() {
    one(
        "lease = '90s'",
        "lease = '39s'",
        Error,
        "limits.lease",
        "shorter than two of the longest calls",
        "use at least \"40s\"",
    );
    let slow = [
        (
            "['/bin/sh']",
            "['/bin/sh']\ntimeout = '46s'",
            "connections.idp.exec.timeout",
        ),
        (
            "[limits]",
            "[http]\nrequest_timeout = '46s'\n[limits]",
            "http.request_timeout",
        ),
        (
            "[vault]",
            "[vault]\nrequest_timeout = '46s'",
            "vault.request_timeout",
        ),
    ];
    for (from, to, key) in slow {
        let found = said_of(&SOUND.replace(from, to));
        let paths: Vec<_> = found.iter().map(|f| f.path.as_str()).collect();
        assert_eq!(paths, ["limits.lease", "limits.shutdown_grace"], "{key}");
        assert!(
            found[0].remedy.contains("use at least \"92s\""),
            "{found:?}"
        );
        assert!(found.iter().all(|f| f.message.contains(key)), "{found:?}");
    }
}

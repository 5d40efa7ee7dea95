//! The rules across keys and sections, each with the mistake and its remedy.

mod times;

use scim_rotator::problem::Severity::{self, Error, Warning};

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
        "issuer = 'by-hand'\nconnections = ['idp']",
        "issuer = 'by-hand'\nconnections = ['idp']\n[tokens.twin]\nvault_path = 'kv/scim/twin'\nscim_url = 'https://crm.example.com/scim/'\nissuer = 'by-hand'\nconnections = ['idp']",
        Warning,
        "tokens.twin.connections[0]",
        "the token `crm` feeds the connection `idp` too",
        "a connection of its own",
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

//! The rules across keys and sections, each with the mistake and its remedy.

mod addresses;
mod cycles;
mod federated;
mod revoking;
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

/// The token of the issuer `sso`, as a client secret.
const SECRET: &str = "issuer = 'sso'
credential = 'client_secret'
token_url = 'https://login.example.com/token'
client_id = 'scim'
scopes = ['scim.read', 'scim.write']";

/// The sound configuration with this in place of `issuer = 'sso'`.
fn with_token(keys: &str) -> String {
    SOUND.replace("issuer = 'sso'", keys)
}

fn paths(text: &str) -> Vec<(Severity, String)> {
    let found = said_of(text);
    found.iter().map(|f| (f.severity, f.path.clone())).collect()
}

#[test]
fn a_client_secret_needs_a_token_endpoint_and_a_client() {
    assert_eq!(paths(&with_token(SECRET)), []);
    let error = |key: &str| vec![(Error, format!("tokens.erp.{key}"))];
    let cases = [
        (
            "token_url = 'https://login.example.com/token'\n",
            "",
            "token_url",
        ),
        (
            "https://login.example.com/token",
            "http://login.example.com/token",
            "token_url",
        ),
        ("client_id = 'scim'\n", "", "client_id"),
        ("client_id = 'scim'", "client_id = ''", "client_id"),
        (
            "'scim.read', 'scim.write'",
            "'scim.read scim.write'",
            "scopes[0]",
        ),
        ("credential = 'client_secret'\n", "", "token_url"),
    ];
    for (from, to, key) in cases {
        assert!(SECRET.contains(from), "{from}");
        let found = paths(&with_token(&SECRET.replace(from, to)));
        assert_eq!(found[..1], error(key), "{from} -> {to}: {found:?}");
    }
    let params = format!("{SECRET}\ntoken_params = {{ client_id = 'x' }}");
    assert_eq!(paths(&with_token(&params)), error("token_params.client_id"));
}

#[test]
fn an_issuer_that_tells_the_client_id_needs_connections_that_take_it() {
    let issuer = "
[issuers.sso.http]
capabilities = { live_tokens = 'many', issue_effect = 'keeps', recovery = 'none', revoke = 'by_id', expiry = 'reported' }
issue = { url = 'https://sso.example.com/clients', read = { token = '/secret', id = '/id', client_id = '/client_id', expires_at = '/end' } }
revoke = { url = 'https://sso.example.com/clients/{{ id }}' }
";
    let connection = "
[connections.idp.http]
base_url_check = 'unavailable'
deliver = { url = 'https://idp.example.com/scim', body.json = { id = '{{ client_id }}', secret = '{{ token }}' } }
";
    let without_id = SECRET.replace("client_id = 'scim'\n", "");
    let text = with_token(&without_id);
    let (begin, rest) = text.split_once("[issuers.sso.oauth2]").expect("an issuer");
    let (_, rest) = rest
        .split_once("[connections.idp.exec]")
        .expect("a connection");
    let (_, rest) = rest.split_once("command = ['/bin/sh']").expect("its key");
    let text = format!("{begin}{issuer}{connection}{rest}");
    let unchecked = (Warning, "connections.idp.http.base_url_check".to_owned());
    let said: Vec<_> = paths(&text)
        .into_iter()
        .filter(|f| *f != unchecked)
        .collect();
    let of_crm = (Warning, "tokens.crm.connections[0]".to_owned());
    assert_eq!(said, [of_crm], "the other token has no client");
    let text = text.replacen("connections = ['idp']", "", 1);
    let said: Vec<_> = paths(&text)
        .into_iter()
        .filter(|f| *f != unchecked)
        .collect();
    assert_eq!(said, []);

    let forgotten = text.replace("id = '{{ client_id }}', ", "");
    let said: Vec<_> = paths(&forgotten)
        .into_iter()
        .filter(|f| *f != unchecked)
        .collect();
    assert_eq!(said, [(Warning, "tokens.erp.connections[0]".to_owned())]);

    let later = "after_deliver = [{ name = 'id', url = 'https://idp.example.com/id', body.json = { id = '{{ client_id }}' } }]\n\n[tokens.crm]";
    let apart = forgotten.replacen("[tokens.crm]", later, 1);
    let errors = said_of(&apart);
    let mut errors = errors.iter().filter(|f| f.severity == Error);
    let found = errors.next().expect("an error");
    assert!(found.path.contains("after_deliver"), "{found:?}");
    assert!(found.message.contains("another call"), "{found:?}");

    let undone = "revert = { url = 'https://idp.example.com/scim', body.json = { secret = '{{ token }}' } }\n\n[tokens.crm]";
    let undone = text.replacen("[tokens.crm]", undone, 1);
    let errors = said_of(&undone);
    let mut errors = errors.iter().filter(|f| f.severity == Error);
    assert_eq!(
        errors.next().expect("an error").path,
        "connections.idp.http.revert"
    );
}

#[test]
fn the_place_of_a_key_must_be_said() {
    let key = "issuer = 'sso'\ncredential = 'key'";
    let probed = format!("{key}\nprobe.headers = {{ X-Api-Key = '{{{{ token }}}}' }}");
    assert_eq!(paths(&with_token(&probed)), []);
    let found = paths(&with_token(key));
    assert_eq!(found, [(Error, "tokens.erp.probe.headers".to_owned())]);
}

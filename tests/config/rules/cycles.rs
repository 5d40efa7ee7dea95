//! Full cycles: every lock of the configuration, and the gate.

use scim_rotator::problem::Severity::{self, Error, Warning};

use crate::said_of;

/// A test tenant with full cycles, and a token of production that waits for it.
const SOUND: &str = "
[vault]
address = 'https://vault.example.com:8200'
state_path = 'kv/scim-rotator'
auth.token.token = { file = '/run/vault-token' }

[limits]
write_probe_hosts = ['staging.example.com']

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

[connections.idp-test.exec]
command = ['/bin/sh']

[tokens.crm]
vault_path = 'kv/scim/crm'
scim_url = 'https://crm.example.com/scim'
issuer = 'by-hand'
connections = ['idp']
require_full_cycle_on = 'crm-staging'
full_cycle_within = '7d'

[tokens.sso]
vault_path = 'kv/scim/sso'
scim_url = 'https://sso.example.com/scim'
issuer = 'sso'
connections = ['idp']

[tokens.crm-staging]
vault_path = 'kv/scim/crm-staging'
scim_url = 'https://staging.example.com/scim'
issuer = 'by-hand'
connections = ['idp-test']
environment = 'staging'
allow_write_probe = true
schedule_write_probe = true
write_probe_every = '24h'
full_cycle = { tenant_marker = { group = 'g1' } }
";

#[test]
fn the_sound_configuration_raises_no_word() {
    assert_eq!(said_of(SOUND), []);
}

/// What is told, and where.
type Words = &'static [(Severity, &'static str)];

#[test]
fn every_closed_lock_is_named_at_its_key() {
    let rows: &[(&str, &str, Words)] = &[
        (
            "environment = 'staging'\n",
            "",
            &[
                (Error, "tokens.crm.require_full_cycle_on"),
                (Error, "tokens.crm-staging.allow_write_probe"),
            ],
        ),
        (
            "write_probe_hosts = ['staging.example.com']",
            "write_probe_hosts = ['example.com', '.example.com', 'staging.example.com.']",
            &[(Error, "tokens.crm-staging.scim_url")],
        ),
        (
            "https://staging.example.com/scim'",
            "https://crm.example.com/scim/'",
            &[
                (Error, "tokens.crm-staging.scim_url"),
                (Error, "tokens.crm-staging.scim_url"),
            ],
        ),
        (
            "full_cycle = { tenant_marker = { group = 'g1' } }",
            "",
            &[(Warning, "tokens.crm-staging.full_cycle")],
        ),
        (
            "connections = ['idp-test']",
            "connections = ['idp-test', 'idp']",
            &[(Error, "tokens.crm-staging.connections")],
        ),
        (
            "allow_write_probe = true",
            "allow_write_probe = false",
            &[
                (Error, "tokens.crm.require_full_cycle_on"),
                (Error, "tokens.crm-staging.schedule_write_probe"),
            ],
        ),
        (
            "write_probe_every = '24h'",
            "write_probe_every = '1m'",
            &[(Error, "tokens.crm-staging.write_probe_every")],
        ),
    ];
    for (from, to, expected) in rows {
        check(from, to, expected);
    }
}

#[test]
fn a_gate_that_can_never_open_is_an_error() {
    let gate = "require_full_cycle_on = 'crm-staging'";
    let at = "tokens.crm.require_full_cycle_on";
    check(gate, "require_full_cycle_on = 'crm-stagin'", &[(Error, at)]);
    check(gate, "require_full_cycle_on = 'crm'", &[(Error, at)]);
    check(gate, "require_full_cycle_on = 'sso'", &[(Error, at)]);
    check(
        "full_cycle_within = '7d'",
        "full_cycle_within = '1m'",
        &[(Error, "tokens.crm.full_cycle_within")],
    );
    check("schedule_write_probe = true\n", "", &[(Warning, at)]);
    check(
        "issuer = 'by-hand'\nconnections = ['idp']\nrequire",
        "issuer = 'sso'\nconnections = ['idp']\nrequire",
        &[(Error, at)],
    );
}

fn check(from: &str, to: &str, expected: &[(Severity, &str)]) {
    assert_eq!(SOUND.matches(from).count(), 1, "`{from}` is not unique");
    let found = said_of(&SOUND.replace(from, to));
    let mut said: Vec<_> = found
        .iter()
        .map(|finding| (finding.severity, finding.path.as_str()))
        .collect();
    said.sort_unstable();
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    assert_eq!(said, expected, "{to}: {found:#?}");
    assert!(found.iter().all(|finding| !finding.remedy.is_empty()));
}

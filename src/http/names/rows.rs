//! The table of names.

use super::Purpose::{
    AfterDeliver, Cancel, Command, Complete, Deliver, Get, Instructions, Inventory, InventoryEach,
    Issue, Label, List, Login, Lookup, Probe as Probing, Revert, Revoke, State, Status,
    TestCandidate, TestSaved,
};
use super::Side::{Connection, Issuer, Probe, Trust};
use super::{Purpose, Row, Side};

/// Every call of an issuer.
pub(super) const ISSUER_CALLS: &[Purpose] = &[
    Login, Lookup, Issue, List, Get, Revoke, Status, Complete, Cancel,
];

/// Every call of a connection.
pub(super) const CONNECTION_CALLS: &[Purpose] = &[
    Login,
    Lookup,
    TestCandidate,
    Deliver,
    AfterDeliver,
    TestSaved,
    State,
    Revert,
];

/// The calls that list connections: they are about no token.
const INVENTORY: &[Purpose] = &[Inventory, InventoryEach];

/// Every call of the probe.
pub(super) const PROBE_CALLS: &[Purpose] = &[Probing];

/// Every call that reads what a service provider trusts.
pub(super) const TRUST_CALLS: &[Purpose] = &[Login, Lookup];

/// The calls of a connection that may hold the token: those that are made only
/// after the base URL at the identity provider was compared.
const WITH_TOKEN: &[Purpose] = &[
    TestCandidate,
    Deliver,
    AfterDeliver,
    TestSaved,
    State,
    Revert,
];

type Exists = &'static [(Side, &'static [Purpose])];

const CALLS: Exists = &[
    (Issuer, ISSUER_CALLS),
    (Connection, CONNECTION_CALLS),
    (Connection, INVENTORY),
    (Trust, TRUST_CALLS),
];
const CALLS_AND_COMMAND: Exists = &[
    (Issuer, ISSUER_CALLS),
    (Issuer, &[Command]),
    (Connection, CONNECTION_CALLS),
    (Connection, INVENTORY),
    (Connection, &[Command]),
    (Probe, PROBE_CALLS),
    (Trust, TRUST_CALLS),
];
const EVERYWHERE: Exists = &[
    (Issuer, ISSUER_CALLS),
    (Issuer, &[Label]),
    (Issuer, &[Command]),
    (Connection, CONNECTION_CALLS),
    (Connection, &[Command]),
    (Probe, PROBE_CALLS),
    (Trust, TRUST_CALLS),
];
const CALLS_AND_INSTRUCTIONS: Exists = &[
    (Issuer, ISSUER_CALLS),
    (Connection, CONNECTION_CALLS),
    (Connection, INVENTORY),
    (Trust, TRUST_CALLS),
    (Issuer, &[Instructions]),
    (Connection, &[Instructions]),
];
const ISSUE: Exists = &[(Issuer, &[Issue])];
const LABEL: Exists = &[(Issuer, &[Label])];

const fn row(
    name: &'static str,
    about: &'static str,
    missing: &'static str,
    (example, gives): (&'static str, &'static str),
    exists: Exists,
) -> Row {
    Row {
        name,
        about,
        missing,
        example,
        gives,
        exists,
    }
}

/// Every name that a template may use.
pub const ROWS: &[Row] = &[
    row(
        "now",
        "The time at which the operation began: RFC 3339, UTC, to the second.",
        "",
        ("{{ now }}", "2026-01-31T12:00:00Z"),
        CALLS_AND_COMMAND,
    ),
    row(
        "uuid",
        "A random UUID; the same in all calls of one operation.",
        "",
        ("{{ uuid }}", "0d4f8f4e-6b1c-4c58-9a3e-5f6f0f0c7a11"),
        CALLS_AND_COMMAND,
    ),
    row(
        "token_name",
        "The token's name in the configuration: `[tokens.<name>]`.",
        "",
        ("{{ token_name }}", "crm-prod"),
        EVERYWHERE,
    ),
    row(
        "config.<key>",
        "A value of the table `config`: text, whole number, boolean or list of texts. In a vendor file: a parameter.",
        "",
        ("{{ config.tenant }}", "acme"),
        CALLS_AND_INSTRUCTIONS,
    ),
    row(
        "secrets.<key>",
        "A credential of the table `secrets`. In a vendor file: a parameter of type `credential`.",
        "",
        ("{{ secrets.api_key }}", "k3y"),
        CALLS,
    ),
    row(
        "steps.<call>.status",
        "The status code of the answer to an earlier call, a number.",
        "The call was skipped (`when`).",
        ("{{ steps.find.status }}", "200"),
        CALLS,
    ),
    row(
        "steps.<call>.json",
        "The body of that answer as JSON; dots and brackets go down into it.",
        "The body is not JSON, or nothing or `null` stands there.",
        ("{{ steps.find.json.apps[0].id }}", "42"),
        CALLS,
    ),
    row(
        "steps.<call>.text",
        "The body of that answer as text.",
        "The body is not UTF-8, or larger than 64 KiB.",
        ("{{ steps.page.text | trim }}", "ready"),
        CALLS,
    ),
    row(
        "steps.<call>.headers.<name>",
        "A header of that answer; the name in lower case. Several of one name are joined with `, `.",
        "There is no such header, or it is not UTF-8.",
        ("{{ steps.find.headers['x-request-id'] }}", "r-7"),
        CALLS,
    ),
    row(
        "steps.<call>.cookies.<name>",
        "The value of a cookie that the answer sets, without its attributes.",
        "The answer does not set it.",
        ("{{ steps.login.cookies['XSRF-TOKEN'] }}", "c2FsdA=="),
        CALLS,
    ),
    row(
        "issuer",
        "The issuer's name in the configuration: `[issuers.<name>]`.",
        "",
        ("{{ issuer }}", "crm"),
        &[(Issuer, ISSUER_CALLS)],
    ),
    row(
        "connection",
        "The connection's name in the configuration: `[connections.<name>]`.",
        "",
        ("{{ connection }}", "entra-hr"),
        &[(Connection, CONNECTION_CALLS), (Connection, INVENTORY)],
    ),
    row(
        "scim_url",
        "The SCIM base URL of the token, without a slash at its end. In a URL it stands as it is.",
        "",
        ("{{ scim_url }}", "https://acme.example.com/scim/v2"),
        &[
            (Connection, CONNECTION_CALLS),
            (Connection, &[Command]),
            (Probe, PROBE_CALLS),
        ],
    ),
    row(
        "token",
        "Connection and probe: the token. `issue`: the new secret. `revoke`: the token that is revoked.",
        "`issue`: the issuer chooses the secret. `revoke`: only the token's id is known.",
        ("{{ token }}", "tok_8f3a"),
        &[
            (Issuer, &[Issue, Revoke]),
            (Connection, WITH_TOKEN),
            (Probe, PROBE_CALLS),
        ],
    ),
    row(
        "old_token",
        "The token that is replaced.",
        "There is none yet, or its text is not known.",
        ("{{ old_token }}", "tok_11c0"),
        &[(Issuer, &[Issue]), (Connection, WITH_TOKEN)],
    ),
    row(
        "client_id",
        "The client id that belongs to the client secret `token`.",
        "The credential is no client secret.",
        ("{{ client_id }}", "scim-client-7"),
        &[(Connection, WITH_TOKEN)],
    ),
    row(
        "token_url",
        "The token endpoint at which the client secret `token` is exchanged. In a URL it stands as it is.",
        "The credential is no client secret.",
        ("{{ token_url }}", "https://login.example.com/oauth2/token"),
        &[(Connection, WITH_TOKEN)],
    ),
    row(
        "scope",
        "The scopes that are asked for there, separated by blanks.",
        "The credential is no client secret, or no scope is configured.",
        ("{{ scope }}", "scim.read scim.write"),
        &[(Connection, WITH_TOKEN)],
    ),
    row(
        "id",
        "The issuer's id of a token. `issue`: of the token that is replaced. `get`, `revoke`: of the one that is meant. `inventory.each`, `inventory.adopt`: the id of what was listed.",
        "`issue`: there is no token yet. `issue`, `revoke`: its id is not known.",
        ("{{ id }}", "tid_77"),
        &[
            (Issuer, &[Issue, Get, Revoke]),
            (Connection, &[InventoryEach]),
        ],
    ),
    row(
        "label",
        "The label of the attempt, by which a token is found again whose answer was lost.",
        "",
        ("{{ label }}", "scim-rotator-crm-prod-r1-1"),
        ISSUE,
    ),
    row(
        "lifetime",
        "The life to ask for, in the unit of `lifetime.unit`: a number, or the time of the end.",
        "No life is asked for.",
        ("{{ lifetime }}", "90"),
        ISSUE,
    ),
    row(
        "lifetime_seconds",
        "The life to ask for in seconds, a number.",
        "No life is asked for.",
        ("{{ lifetime_seconds }}", "7776000"),
        ISSUE,
    ),
    row(
        "expires_at",
        "The end of the life to ask for: RFC 3339, UTC, to the second.",
        "No life is asked for.",
        ("{{ expires_at }}", "2026-05-01T12:00:00Z"),
        ISSUE,
    ),
    row(
        "overlap_seconds",
        "How long the replaced token shall stay valid, in seconds, a number.",
        "",
        ("{{ overlap_seconds }}", "86400"),
        ISSUE,
    ),
    row(
        "overlap_ends_at",
        "Until when the replaced token shall stay valid: RFC 3339, UTC, to the second.",
        "",
        ("{{ overlap_ends_at }}", "2026-02-01T12:00:00Z"),
        ISSUE,
    ),
    row(
        "etag",
        "The version of the issuer's state, as `status` or `list` showed it.",
        "No answer showed one.",
        ("{{ etag }}", "W/\"3\""),
        ISSUE,
    ),
    row(
        "rotation_id",
        "The id of the rotation.",
        "",
        ("{{ rotation_id }}", "0198c3a0-1111-7222-8333-444455556666"),
        LABEL,
    ),
    row(
        "attempt",
        "The number of the attempt in this rotation, from 1.",
        "",
        ("{{ attempt }}", "1"),
        LABEL,
    ),
    row(
        "action",
        "What the program shall do. Issuer: `issue`, `list` or `revoke`. Connection: `deliver`, `confirm` or `preflight`.",
        "",
        ("{{ action }}", "deliver"),
        &[(Issuer, &[Command]), (Connection, &[Command])],
    ),
];

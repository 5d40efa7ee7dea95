//! Mistakes in the replay of the connection.

use super::Mistake;

pub(super) const MISTAKES: &[Mistake] = &[
    (
        "good path",
        "blocked = \"{null}\" } } }\nanswer = { status = 200, json = { revision",
        "blocked = \"{absent}\" } } }\nanswer = { status = 200, json = { revision",
        &[
            "exchange 3, during run 2 (deliver)",
            "body /settings/blocked: expected \"{absent}\", came null",
        ],
    ),
    (
        "good path",
        "settings = { base_url = \"{scim_url}/\", token = \"{token}\"",
        "settings = { base_url = \"{scim_url}/\", token = \"{old_token}\"",
        &[
            "body /settings/token: expected \"old-token/91bc+d\\\"\\\\==y\" (\"{old_token}\"), came \"new-token",
        ],
    ),
    (
        "good path",
        "headers = { if-match = \"\\\"v7\\\"\" }",
        "headers = { if-match = \"\\\"v8\\\"\" }",
        &["header if-match: expected \"v8\", came \"v7\""],
    ),
    (
        "good path",
        "form = { revision = \"8\" }",
        "form = { revision = \"9\" }",
        &["exchange 4", "form revision: expected 9, came 8"],
    ),
    (
        "good path",
        "is = \"not_yet\", detail_contains = \"older than the token\", ask_again = \"30s\"",
        "is = \"refused\", detail_contains = \"newer\", ask_again = \"1m\"",
        &[
            "run 3 (confirm): expected a confirmation, came the confirmation not_yet: ",
            "confirmation: expected refused, came not_yet",
            "detail: expected a text with `newer`",
            "ask_again: expected 1m, came 30s",
        ],
    ),
    (
        "good path",
        "state = \"healthy\", last_success_at = \"2026-11-27T00:00:05Z\"",
        "state = \"degraded\", last_success_at = \"{absent}\"",
        &[
            "state: expected degraded, came healthy",
            "last_success_at: expected nothing, came 2026-11-27T00:00:05Z",
        ],
    ),
    (
        "good path",
        "after = \"10s\"\nexpect = { confirmation = {",
        "after = \"10s\"\nslept = \"1s\"\nexpect = { confirmation = {",
        &["run 3 (confirm): it waited 0s in all, and 1s were expected"],
    ),
    (
        "short and long waits",
        "slept = \"4s\"",
        "slept = \"2s\"",
        &["run 1 (preflight): it waited 4s in all, and 2s were expected"],
    ),
    (
        "write lost",
        "answer = { lost = \"before\" }",
        "answer = { status = 200, json = { revision = 8 } }",
        &[
            "during run 1 (deliver): a request that no exchange expects any more: POST https://idp.example.com/api/connectors/c1/publish with the body revision=8",
        ],
    ),
    (
        "good path",
        "expect = { confirmation = \"works\" }",
        "expect = { fault = { class = \"rejected\" } }",
        &["run 4 (confirm): expected a fault, came the confirmation works"],
    ),
];

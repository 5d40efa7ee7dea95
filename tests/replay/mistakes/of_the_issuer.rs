//! Mistakes in the replay of the issuer.

use super::Mistake;

pub(super) const MISTAKES: &[Mistake] = &[
    (
        "good path",
        "method = \"DELETE\", url = \"https://{domain}/api/tokens/tok_2\"",
        "method = \"POST\", url = \"https://{domain}/api/tokens/tok_2\"",
        &[
            "scene `good path`:\n  exchange 4, during run 3 (revoke): another request came than expected",
            "expected POST https://{domain}/api/tokens/tok_2",
            "came     DELETE https://acme.example.com/api/tokens/tok_2",
            "method: expected POST, came DELETE",
        ],
    ),
    (
        "good path",
        "DELETE\", url = \"https://{domain}/api/tokens/tok_2\"",
        "DELETE\", url = \"https://{domain}/api/v2/tokens/tok_2\"",
        &["path: expected /api/v2/tokens/tok_2, came /api/tokens/tok_2"],
    ),
    (
        "good path",
        "DELETE\", url = \"https://{domain}/",
        "DELETE\", url = \"https://other.{domain}/",
        &["host: expected other.acme.example.com (other.{domain}), came acme.example.com"],
    ),
    (
        "good path",
        "DELETE\", url = \"https://{domain}/api/tokens/tok_2\"",
        "DELETE\", url = \"https://{domain}/api/tokens/tok_2?force=true\"",
        &["query force: expected true, came nothing"],
    ),
    (
        "two pages",
        "query = { limit = \"2\", after = \"b c\" }",
        "query = { limit = \"2\" }",
        &["exchange 3", "query after: not expected at all, came b c"],
    ),
    (
        "good path",
        "headers = { authorization = \"Bearer access-1\" }, json = { name",
        "headers = { X-Api-Version = \"1\" }, json = { name",
        &[
            "exchange 2, during run 1 (issue)",
            "header x-api-version: expected 1, came nothing",
        ],
    ),
    (
        "good path",
        "headers = { authorization = \"Bearer access-1\" }, json = { name",
        "absent_headers = [\"authorization\"], json = { name",
        &["header authorization: must be absent, came Bearer access-1"],
    ),
    (
        "good path",
        "headers = { authorization = \"Bearer access-1\" }, headers_exact = true",
        "headers_exact = true",
        &["header authorization: not expected at all, came Bearer access-1"],
    ),
    (
        "good path",
        "days = 30",
        "days = \"30\"",
        &["body /days: expected \"30\", came 30", "with the body {"],
    ),
    (
        "good path",
        "json = { name = \"{label}\", days = 30 }",
        "json = { name = \"{label}\" }",
        &["body /days: not expected at all"],
    ),
    (
        "good path",
        "json = { name = \"{label}\", days = 30 }",
        "form = { name = \"{label}\" }",
        &["header content-type: expected application/x-www-form-urlencoded, came application/json"],
    ),
    (
        "good path",
        ", json = { name = \"{label}\", days = 30 }",
        "",
        &["body: not expected at all, came {"],
    ),
    (
        "good path",
        "client_id = \"rotator\", ",
        "",
        &[
            "exchange 1",
            "form client_id: not expected at all, came rotator",
        ],
    ),
    (
        "lost reply",
        "[[scene.exchange]]\nuse = \"list\"\nanswer = { status = 200, json = { items = [{ id = \"tok_1\", name = \"by hand\" },",
        "[[scene.exchange]]\nuse = \"login\"\nanswer = { status = 200, json = { items = [{ id = \"tok_1\", name = \"by hand\" },",
        &[
            "exchange 3, during run 2 (list)",
            "method: expected POST, came GET",
            "path: expected /oauth/token, came /api/tokens",
        ],
    ),
    (
        "request lost",
        "answer = { lost = \"before\" }\n[[scene.exchange]]\nuse = \"list\"\n",
        "answer = { lost = \"before\" }\n",
        &[
            "during run 2 (list): a request that no exchange expects any more: GET https://acme.example.com/api/tokens?limit=2",
        ],
    ),
    (
        "access token expires",
        "times = 2",
        "times = 3",
        &[
            "exchange 2, during run 3 (list)",
            "came     POST https://acme.example.com/oauth/token",
        ],
    ),
    (
        "rate limit",
        "answer = { status = 429,",
        "times = 2\nanswer = { status = 429,",
        &["exchange 2 came 1 of 2 times: GET https://{domain}/api/tokens?limit=2\n"],
    ),
    (
        "another secret",
        "[[scene.exchange]]\nrequest = { method = \"POST\", url = \"https://{domain}/oauth/token\", form = { grant_type = \"client_credentials\", client_id = \"rotator\", client_secret = \"wrong-secret\" } }\nanswer = { status = 401, json = { error = \"invalid_client\", error_description = \"{client_secret}\" } }\n",
        "[[scene.exchange]]\nuse = \"login\"\nanswer = { status = 401, json = { error = \"invalid_client\" } }\n[[scene.exchange]]\nuse = \"list\"\ntimes = 3\n[[scene.exchange]]\nuse = \"list\"\n",
        &[
            "exchange 2 never came: GET https://{domain}/api/tokens?limit=2; none of the 1 after it came either",
        ],
    ),
    (
        "good path",
        "id = \"tok_2\", expires_at = \"2026-12-27T00:00:00Z\", expiry = \"api\", old_dies_at = \"{absent}\"",
        "id = \"tok_3\", expires_at = \"{absent}\", expiry = \"jwt\", old_dies_at = \"2026-12-27T00:00:00Z\"",
        &[
            "run 1 (issue): expected a token, came a token (id tok_2)",
            "id: expected tok_3, came tok_2",
            "expires_at: expected nothing, came 2026-12-27T00:00:00Z",
            "expiry: expected jwt, came api",
            "old_dies_at: expected 2026-12-27T00:00:00Z, came nothing",
        ],
    ),
    (
        "good path",
        "token = \"acme_2nd\", id = \"tok_2\"",
        "token = \"acme_1st\", id = \"{absent}\"",
        &[
            "token: expected acme_1st, came acme_2nd",
            "id: expected {absent}, came tok_2",
        ],
    ),
    (
        "two pages",
        "count = 3, ids = [\"tok_1\", \"tok_2\", \"tok_3\"]",
        "count = 2, ids = [\"tok_1\", \"tok_3\"], etag = \"v1\", tokens = [{ id = \"tok_9\" }]",
        &[
            "count: expected 2, came 3",
            "ids: expected tok_1, tok_3, came tok_1, tok_2, tok_3",
            "etag: expected v1, came nothing",
            "tokens: expected one with the id tok_9, came none",
        ],
    ),
    (
        "good path",
        "found = { id = \"tok_2\", label = \"{label}\"",
        "found = { id = \"tok_2\", label = \"rot-1\"",
        &["run 2 (get)", "label: expected rot-1, came rot-01937a3e"],
    ),
    (
        "limit of tokens reached",
        "class = \"rejected\", kind = \"refused\", message_contains = [\"issue\", \"409\"]",
        "class = \"conflict\", kind = \"conflict\", message_contains = [\"issue\", \"410\"]",
        &[
            "run 1 (issue): expected a fault, came the fault rejected/refused: ",
            "class: expected conflict, came rejected",
            "kind: expected conflict, came refused",
            "message: expected a text with `410`, came `",
        ],
    ),
    (
        "rate limit",
        "retry_after = \"2m\"",
        "retry_after = \"3m\"",
        &["retry_after: expected 3m, came 2m"],
    ),
    (
        "404 that means unauthorised",
        "expect = { fault = { class = \"unauthorized\", kind = \"auth\" } }",
        "expect = { listed = { count = 0 } }",
        &["run 1 (list): expected a list, came the fault unauthorized/auth"],
    ),
    (
        "unknown id is revoked",
        "expect = \"nothing\"",
        "expect = { found = { id = \"tok_9\" } }",
        &["run 3 (get): expected a token that is found, came nothing"],
    ),
    (
        "limit of tokens reached",
        "message = \"you sent {label}\"",
        "message = \"you sent {name}\"",
        &[
            "exchange 2, during run 1 (issue): its answer: nothing gave `{name}` a value before this",
        ],
    ),
    (
        "good path",
        "with = { lifetime = \"30d\" }",
        "with = { lifetime = \"30d\", token = \"with space\" }",
        &["run 1 (issue): the token `with space` cannot be used"],
    ),
    (
        "another secret",
        "parameters = { client_secret = \"wrong-secret\" }",
        "parameters = { client_secret = \"\" }",
        &[
            "run 1 (list): expected a fault",
            "client_secret: it is empty",
        ],
    ),
];

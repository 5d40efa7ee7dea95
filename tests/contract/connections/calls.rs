//! What can be said of calls: lookups that build on each other, conditions,
//! rules, polling, bodies and places.

mod request;
mod rules;
mod sequence;
mod told;
mod waiting;

use serde_json::json;

use super::world::{Reply, SCIM_URL, reply};

/// One lookup, then the write.
const PLAIN: &str = r#"
    base_url = [{ at = "/base" }]
    auth.bearer = { env = "ADMIN" }
    [[lookups]]
    name = "object"
    url = "@IDP@/c"
    [deliver]
    url = "@IDP@/c"
    body.json = { token = "{{ token }}" }
"#;

fn shown() -> Reply {
    reply(200, json!({"base": SCIM_URL, "state": "on"}))
}

use scim_rotator::fault::FaultClass;
use serde_json::json;

use crate::connections::world::{Idp, NEW, OLD, SCIM_URL, reply};

const RAUTHY: &str = r#"
    base_url = [{ at = "/scim/base_uri" }]
    auth.headers = [{ name = "Authorization", scheme = "API-Key", value = { env = "ADMIN" } }]
    token_rules = { max_length = 64, allowed_characters = "!-~" }
    [[lookups]]
    name = "client"
    url = "@IDP@/auth/v1/clients/crm"
    [deliver]
    url = "@IDP@/auth/v1/clients/crm"
    body.merge.set = [{ at = "/scim/bearer_token", value = "{{ token }}" }]
    answers = [{ means = "applied", status = 500, when = [{ at = "/error", equals = "Scim" }] }]
"#;

#[tokio::test]
async fn rauthy_saves_and_answers_500() {
    for (error, expected) in [("Scim", None), ("Internal", Some(FaultClass::Ambiguous))] {
        let idp = Idp::start(move |seen| match seen.method.as_str() {
            "GET" => reply(
                200,
                json!({"id": "crm", "scim": {"bearer_token": OLD, "base_uri": SCIM_URL}}),
            ),
            _ => reply(
                500,
                json!({"error": error, "message": format!("cannot sync with {NEW}")}),
            ),
        })
        .await;
        let result = idp.connection(RAUTHY).deliver().await;
        assert_eq!(result.err().map(|f| f.class), expected, "{error}");
        assert_eq!(
            idp.calls().len(),
            2,
            "a write that may have happened is not repeated"
        );
    }
}

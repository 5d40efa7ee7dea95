use scim_rotator::fault::FaultClass;
use serde_json::json;

use crate::connections::world::{Idp, NEW, SCIM_URL, reply};

const CLOUDFLARE: &str = r#"
    base_url = [{ at = "/result/scim_config/remote_uri" }]
    auth.bearer = { env = "ADMIN" }
    answers = [
        { means = "success", when = [{ at = "/success", equals = true }] },
        { means = "refused", status = 200, when = [{ at = "/success", equals = false }] },
    ]
    error.code = "/errors/0/code"
    [[lookups]]
    name = "app"
    url = "@IDP@/accounts/a/access/apps/1"
    [deliver]
    method = "PUT"
    url = "@IDP@/accounts/a/access/apps/1"
    body.json.scim_config.authentication = { scheme = "oauthbearertoken", token = "{{ token }}" }
"#;

#[tokio::test]
async fn cloudflare_success_false_with_200_is_a_refusal() {
    let answers = [
        (json!({"success": true}).to_string(), None),
        (
            json!({"success": false, "errors": [{"code": 12130, "message": NEW}]}).to_string(),
            Some(FaultClass::Rejected),
        ),
        ("{}".to_owned(), Some(FaultClass::Ambiguous)),
        (
            "<html>sign in</html>".to_owned(),
            Some(FaultClass::Ambiguous),
        ),
    ];
    for (answer, expected) in answers {
        let shown = answer.clone();
        let idp = Idp::start(move |seen| match seen.method.as_str() {
            "GET" => reply(
                200,
                json!({"success": true, "result": {"scim_config": {"remote_uri": SCIM_URL}}}),
            ),
            _ => reply(200, &shown),
        })
        .await;
        let result = idp.connection(CLOUDFLARE).deliver().await;
        assert_eq!(result.as_ref().err().map(|f| f.class), expected, "{answer}");
        if expected == Some(FaultClass::Rejected) {
            assert!(result.expect_err("refused").message.contains("12130"));
        }
    }
}

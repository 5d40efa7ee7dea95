//! What is told of an error.

use jiff::SignedDuration;

use super::*;

#[test]
fn what_the_other_side_says_is_told_masked_and_cut() {
    let rules = Settings::new("error = { code = '/error/code', text = '/error/text' }", "");
    let long = "x".repeat(5000);
    for (error, expected) in [
        (
            json!({"code": "E1", "text": "no cAnArY\n"}),
            "; it says: E1: no [secret]",
        ),
        (json!({"code": 7}), "; it says: 7"),
        (json!({"text": format!("{long} the end")}), "the end"),
        (json!({"text": "  "}), "headers and limits"),
        (json!(null), "headers and limits"),
    ] {
        let body = json!({ "error": error }).to_string();
        let Verdict::Failed { fault, .. } =
            rules.verdict(Purpose::Deliver, &answer(400, &body, Effect::Writes))
        else {
            panic!("a failure");
        };
        assert!(fault.message.ends_with(expected), "{fault}");
        assert!(
            fault.message.len() < 1000 && !fault.message.contains("cAnArY"),
            "{fault}"
        );
    }
    let ruled = Settings::new("answers = [{ means = 'later', status = 400 }]", "");
    let mut asked = answer(400, "", Effect::Writes);
    asked
        .headers
        .insert("retry-after", "7".parse().expect("a header"));
    let Verdict::Failed { fault, .. } = ruled.verdict(Purpose::Deliver, &asked) else {
        panic!("a failure");
    };
    assert_eq!(fault.retry_after, Some(SignedDuration::from_secs(7)));
}

//! What a success that is none says of its error: a GraphQL API, for example,
//! answers 200 with `errors`.

use serde_json::Value;

use super::place::View;
use crate::secret::mask::Mask;

/// Where such answers tell an error, the most telling first.
const USUAL: [&str; 9] = [
    "/errors/0/message",
    "/errors/0/detail",
    "/errors/0",
    "/error/message",
    "/error_description",
    "/error",
    "/message",
    "/detail",
    "/reason",
];

/// Shorter words are no tokens.
const SHORTEST_TOKEN: usize = 16;

/// The text at the first of the usual places that has one. The answer may hold
/// a token that nobody knows yet, so words that look like one are left out.
pub(super) fn usual(view: View<'_>, mask: &Mask) -> Option<String> {
    let json = view.json()?;
    let text = USUAL
        .iter()
        .find_map(|at| json.pointer(at).and_then(Value::as_str))
        .filter(|text| !text.trim().is_empty())?;
    let words: Vec<&str> = text.split_whitespace().map(hidden_if_token).collect();
    Some(mask.quote(&words.join(" ")))
}

fn hidden_if_token(word: &str) -> &str {
    let long = word.len() >= SHORTEST_TOKEN;
    let mixed = word.bytes().any(|b| b.is_ascii_digit());
    if long && mixed { "[…]" } else { word }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_reason_is_told_and_no_token() {
        let cases = [
            (
                json!({"errors": [{"message": "field `mint` is unknown"}]}),
                Some("field `mint` is unknown"),
            ),
            (
                json!({"ok": false, "error": "not_allowed"}),
                Some("not_allowed"),
            ),
            (
                json!({"message": "made tok_8271aa99bb77cc as asked"}),
                Some("made […] as asked"),
            ),
            (json!({"message": "a\u{1b}[31m b"}), Some("a\\u{1b}[31m b")),
            (json!({"token": "tok_8271aa99bb77cc"}), None),
            (json!({"error": {"message": ""}}), None),
        ];
        for (body, expected) in cases {
            let said = usual(View::item(&body), &Mask::over([]));
            assert_eq!(said.as_deref(), expected, "{body}");
        }
    }
}

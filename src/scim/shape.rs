//! L0: what the text of a token shows before a request is sent.

use jiff::{SignedDuration, Timestamp};
use url::Url;

use super::evidence::{Finding, FindingReason};
use super::jwt::{self, Claims, Expiry};
use crate::secret::BearerToken;

/// How far `nbf` may be in the future, since clocks differ.
const NOT_BEFORE_LEEWAY: SignedDuration = SignedDuration::from_mins(2);

/// Minimum entropy in bits, estimated from length and alphabet.
const ENOUGH_BITS: u32 = 128;

/// Texts from examples that are not tokens.
const PLACEHOLDERS: [&str; 14] = [
    "changeme",
    "change-me",
    "change_me",
    "placeholder",
    "replaceme",
    "replace-me",
    "your-token-here",
    "your_token_here",
    "token",
    "secret",
    "null",
    "none",
    "undefined",
    "todo",
];

/// Checks the checksum of a text that has the form of a token of this program;
/// `None` if it does not have that form.
pub type ChecksumCheck = std::sync::Arc<dyn Fn(&str) -> Option<bool> + Send + Sync>;

/// What L0 checks against.
#[derive(Clone, Copy)]
pub struct ShapeRules<'a> {
    /// Longest token, in bytes.
    pub max_length: usize,
    /// Where the token will be sent.
    pub scim_url: &'a Url,
    /// Checks tokens that this program generated.
    pub own_checksum: Option<&'a ChecksumCheck>,
}

/// The result of L0.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shape {
    /// Why the token must not be sent at all.
    pub fault: Option<Finding>,
    /// Oddities of a token that may still work.
    pub notes: Vec<Note>,
}

/// An oddity of a token that may still work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Note {
    /// Has a character that RFC 6750 does not allow in a bearer token.
    NotB64Token,
    /// It is short or has a small alphabet.
    LowEntropy,
    /// It is a JWT for another host than the service provider's.
    ForeignAudience,
    /// It is a JWT with an implausible expiry.
    ImplausibleExpiry,
}

impl Note {
    /// For a person.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotB64Token => "it has a character that RFC 6750 does not allow",
            Self::LowEntropy => "it is short enough to be guessed",
            Self::ForeignAudience => "it names the audience of another host",
            Self::ImplausibleExpiry => "it states an expiry that cannot be meant",
        }
    }
}

/// Examines a token without sending it.
#[must_use]
pub fn examine(token: &BearerToken, rules: &ShapeRules<'_>, now: Timestamp) -> Shape {
    let text = token.expose();
    let claims = jwt::decode(text);
    let fault = text_fault(text, rules)
        .map(|detail| (FindingReason::Malformed, detail))
        .or_else(|| claims.as_ref().and_then(|claims| claims_fault(claims, now)))
        .map(|(reason, detail)| Finding { reason, detail });
    let mut notes = Vec::new();
    if !is_b64token(text) {
        notes.push(Note::NotB64Token);
    }
    if entropy_bits(text) < ENOUGH_BITS {
        notes.push(Note::LowEntropy);
    }
    notes.extend(
        claims
            .iter()
            .flat_map(|claims| claims_notes(claims, rules, now)),
    );
    Shape { fault, notes }
}

fn text_fault(text: &str, rules: &ShapeRules<'_>) -> Option<String> {
    if text.len() > rules.max_length {
        return Some(format!(
            "the token has {} bytes, more than the {} that are allowed: raise `max_token_length` if the service provider takes more",
            text.len(),
            rules.max_length
        ));
    }
    if is_placeholder(text) {
        return Some("the token is a placeholder from an example: write the real one".to_owned());
    }
    if is_vault_token(text) {
        return Some(
            "this is a Vault token, not a SCIM token: somebody wrote the wrong secret; revoke it in Vault"
                .to_owned(),
        );
    }
    let broken = rules.own_checksum.and_then(|check| check(text)) == Some(false);
    broken.then(|| "the token's checksum is wrong: it was cut or mistyped".to_owned())
}

fn is_placeholder(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let first = text.as_bytes().first();
    PLACEHOLDERS.contains(&lower.as_str())
        || (text.starts_with('<') && text.ends_with('>'))
        || text.starts_with("{{")
        || text.starts_with("${")
        || text.bytes().all(|b| Some(&b) == first)
}

fn is_vault_token(text: &str) -> bool {
    ["hvs.", "hvb.", "hvr."]
        .iter()
        .any(|prefix| text.starts_with(prefix))
}

fn claims_fault(claims: &Claims, now: Timestamp) -> Option<(FindingReason, String)> {
    if claims.algorithm.eq_ignore_ascii_case("none") {
        let detail =
            "the token is a JWT without a signature (alg=none): anybody could have made it";
        return Some((FindingReason::Malformed, detail.to_owned()));
    }
    if let Expiry::At(end) = claims.expiry
        && end <= now
    {
        let detail = format!("the token states that it expired at {end}");
        return Some((FindingReason::NotInForce, detail));
    }
    match claims.not_before {
        Some(start) if start.duration_since(now) > NOT_BEFORE_LEEWAY => Some((
            FindingReason::NotInForce,
            format!("the token states that it is valid only from {start}: compare the clocks"),
        )),
        Some(_) | None => None,
    }
}

fn claims_notes(claims: &Claims, rules: &ShapeRules<'_>, now: Timestamp) -> Vec<Note> {
    let mut notes = Vec::new();
    let own = rules.scim_url.host_str();
    if !claims.audience_hosts.is_empty()
        && !claims
            .audience_hosts
            .iter()
            .any(|host| Some(host.as_str()) == own)
    {
        notes.push(Note::ForeignAudience);
    }
    let implausible = match claims.expiry {
        Expiry::Implausible => true,
        Expiry::At(end) => end.duration_since(now) > jwt::LONGEST_LIFE,
        Expiry::Absent => false,
    };
    if implausible {
        notes.push(Note::ImplausibleExpiry);
    }
    notes
}

/// `b64token` of RFC 6750, section 2.1.
fn is_b64token(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    !body.is_empty()
        && body
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-._~+/".contains(&b))
}

/// An upper bound of the entropy: length times the bits of the alphabet in use.
fn entropy_bits(text: &str) -> u32 {
    let seen = |test: fn(&u8) -> bool, size: u32| {
        if text.as_bytes().iter().any(test) {
            size
        } else {
            0
        }
    };
    let alphabet = if text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-') {
        16
    } else {
        seen(u8::is_ascii_digit, 10)
            + seen(u8::is_ascii_lowercase, 26)
            + seen(u8::is_ascii_uppercase, 26)
            + seen(u8::is_ascii_punctuation, 2)
    };
    let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
    length.saturating_mul(alphabet.max(1).ilog2())
}

#[cfg(test)]
mod tests {
    use super::super::jwt::tests::jwt;
    use super::*;

    const GOOD: &str = "Zq3vT8yK1mN5bX7cR2wP9sD4fG6hJ0aL";

    fn look(text: &str) -> Shape {
        let url = Url::parse("https://acme.example.com/scim/v2").expect("valid");
        let check: ChecksumCheck = std::sync::Arc::new(|text: &str| {
            text.strip_prefix("own_").map(|rest| rest.ends_with('9'))
        });
        let rules = ShapeRules {
            max_length: 2000,
            scim_url: &url,
            own_checksum: Some(&check),
        };
        let now = Timestamp::from_second(1_800_000_000).expect("valid");
        examine(&BearerToken::parse(text).expect("sendable"), &rules, now)
    }

    #[test]
    fn good_tokens_are_silent() {
        for text in [
            GOOD.to_owned(),
            format!("own_{GOOD}9"),
            "9f86d081884c7d659a2feaa0c55ad015".to_owned(),
            jwt(
                r#"{"alg":"RS256"}"#,
                r#"{"exp":1800000600,"aud":"https://acme.example.com"}"#,
            ),
        ] {
            assert_eq!(look(&text), Shape::default(), "{text}");
        }
    }

    #[test]
    fn texts_that_cannot_be_tokens_are_not_sent() {
        let malformed = [
            "changeme".to_owned(),
            "CHANGE-ME".to_owned(),
            "<token>".to_owned(),
            "{{token}}".to_owned(),
            "${SCIM_TOKEN}".to_owned(),
            "xxxxxxxxxxxxxxxxxxxxxxxx".to_owned(),
            "hvs.CAESIJ".to_owned(),
            format!("own_{GOOD}1"),
            "a1".repeat(1001),
            jwt(r#"{"alg":"NONE"}"#, "{}"),
        ];
        for text in &malformed {
            let fault = look(text).fault.expect(text);
            assert_eq!(fault.reason, FindingReason::Malformed, "{text}");
            assert!(!fault.detail.contains(text.as_str()), "{}", fault.detail);
        }
        for payload in [r#"{"exp":1799999999}"#, r#"{"nbf":1800000200}"#] {
            let fault = look(&jwt(r#"{"alg":"ES256"}"#, payload))
                .fault
                .expect(payload);
            assert_eq!(fault.reason, FindingReason::NotInForce, "{payload}");
        }
    }

    #[test]
    fn odd_tokens_are_noted_and_sent() {
        let cases = [
            (
                "Zm9vZm9vZm9vZm9vZm9v==:YmFyYmFyYmFyYmFyYmFy".to_owned(),
                Note::NotB64Token,
            ),
            ("short-1".to_owned(), Note::LowEntropy),
            (
                jwt(r#"{"alg":"RS256"}"#, r#"{"aud":"https://other.example"}"#),
                Note::ForeignAudience,
            ),
            (
                jwt(r#"{"alg":"RS256"}"#, r#"{"exp":1800000000000}"#),
                Note::ImplausibleExpiry,
            ),
        ];
        for (text, note) in cases {
            let shape = look(&text);
            assert_eq!((shape.fault, shape.notes), (None, vec![note]), "{text}");
        }
    }
}

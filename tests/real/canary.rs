//! The search for secrets in what the binary said.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::alphabet::{Alphabet, STANDARD, URL_SAFE};
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// Part of a secret that must not appear even alone.
const WINDOW: usize = 16;

/// Where one of these secrets stands in a text, whole or in part, plain or
/// encoded. The secret itself is not repeated.
pub fn find(text: &[u8], secrets: &BTreeSet<String>) -> Option<String> {
    let text = String::from_utf8_lossy(text);
    let found = secrets
        .iter()
        .flat_map(|secret| pieces(secret))
        .find_map(|piece| {
            let forms = forms(&piece);
            forms
                .into_iter()
                .find_map(|(name, form)| Some((name, text.find(&form)?, form.len())))
        });
    if let Some((name, at, length)) = found {
        return Some(format!("{name}: {}", around(&text, at, length)));
    }
    vault_token(&text).map(|at| format!("a token of Vault's: {}", around(&text, at, 24)))
}

/// The secret, and each window of what follows its last dot: what stands before
/// may be a public id or the header of a JWT.
fn pieces(secret: &str) -> Vec<String> {
    let tail = secret.rsplit('.').next().unwrap_or(secret).as_bytes();
    let windows = tail.windows(WINDOW).step_by(WINDOW / 2);
    let windows = windows.map(|w| String::from_utf8_lossy(w).into_owned());
    std::iter::once(secret.to_owned()).chain(windows).collect()
}

fn forms(piece: &str) -> Vec<(&'static str, String)> {
    let json = serde_json::Value::from(piece).to_string();
    let hex: String = piece.bytes().map(|b| format!("{b:02x}")).collect();
    let mut forms = vec![
        ("plain", piece.to_owned()),
        (
            "percent-encoded",
            utf8_percent_encode(piece, NON_ALPHANUMERIC).to_string(),
        ),
        ("escaped for JSON", json.trim_matches('"').to_owned()),
        ("in hex", hex.to_uppercase()),
        ("in hex", hex),
    ];
    for alphabet in [&STANDARD, &URL_SAFE] {
        forms.extend((0..3).map(|offset| ("in base64", base64_within(piece, alphabet, offset))));
    }
    forms
}

/// The digits of a longer base64 text that depend on this piece alone, when it
/// begins `offset` bytes behind a group of three.
fn base64_within(piece: &str, alphabet: &Alphabet, offset: usize) -> String {
    let mut bytes = vec![0; offset];
    bytes.extend_from_slice(piece.as_bytes());
    let text = GeneralPurpose::new(alphabet, NO_PAD).encode(&bytes);
    let whole = bytes.len() / 3 * 4;
    let first = (offset * 8).div_ceil(6);
    text.get(first..whole).unwrap_or_default().to_owned()
}

/// A token that Vault gave the daemon: the tests never learn it.
fn vault_token(text: &str) -> Option<usize> {
    let begins = text.match_indices("hvs.").map(|(at, _)| at);
    let mut tokens = begins.filter(|at| {
        let tail = text[at + 4..].bytes();
        tail.take_while(u8::is_ascii_alphanumeric).count() >= WINDOW
    });
    tokens.next()
}

/// The line in which it stands, without the secret.
fn around(text: &str, at: usize, length: usize) -> String {
    let begin = text[..at].rfind('\n').map_or(0, |line| line + 1);
    let rest = text.get(at + length..).unwrap_or_default();
    let end = rest.find('\n').unwrap_or(rest.len());
    format!("{}[HERE]{}", &text[begin..at], &rest[..end])
}

#[test]
fn the_search_finds_every_disguise_and_nothing_else() {
    let secret = "id-1.n4ry\"+/q0Zx81LbVw7Tt3";
    let secrets = BTreeSet::from([secret.to_owned()]);
    let half = &secret[5..25];
    let standard = GeneralPurpose::new(&STANDARD, NO_PAD);
    let hidden = [
        secret.to_owned(),
        half.to_owned(),
        utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string(),
        serde_json::json!({ "detail": secret }).to_string(),
        standard.encode(format!("client:{secret}")),
        standard.encode(format!("a-client:{half}")),
        secret.bytes().map(|b| format!("{b:02X}")).collect(),
        "hvs.CAESIJ7Zq0sQb81dWw2Lr5Nn".to_owned(),
    ];
    for text in hidden {
        let line = format!("fine\nfault: {text}, said the server\n");
        let found = find(line.as_bytes(), &secrets).unwrap_or_else(|| panic!("{line}"));
        assert!(found.contains("fault: "), "{found}");
        assert!(find(found.as_bytes(), &secrets).is_none(), "{found}");
    }
    for text in ["", "id-1", "n4ry", "hvs.", "token_id=id-1 sha256:0f3c"] {
        assert_eq!(find(text.as_bytes(), &secrets), None, "{text}");
    }
}

//! The search for secrets finds what it is there for. Its expectations are
//! written by other encoders than its own.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::support::canary;

/// A key of several lines, quoted as programs quote such keys.
#[test]
fn the_search_finds_a_line_of_a_key() {
    let key =
        "-----BEGIN KEY-----\nMIGHAgEAMBMGByqGSM49\nAgEGCCqGSM49AwEHBG0w\n-----END KEY-----\n";
    let secrets = BTreeSet::from([key.to_owned()]);
    for text in [
        key.replace('\n', "\\n"),
        "line 2: AgEGCCqGSM49AwEHBG0w".to_owned(),
        key.replace('\n', "\n    "),
    ] {
        assert!(canary::find(text.as_bytes(), &secrets).is_some(), "{text}");
    }
    let innocent = "-----BEGIN KEY----- is no key";
    assert_eq!(canary::find(innocent.as_bytes(), &secrets), None);
}

#[test]
fn the_search_finds_every_disguise_and_nothing_else() {
    let secret = "id-1.n4ry\"+/q0Zx81LbVw7Tt3";
    let secrets = BTreeSet::from([secret.to_owned()]);
    let half = &secret[5..25];
    let hidden = [
        secret.to_owned(),
        half.to_owned(),
        utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string(),
        serde_json::json!({ "detail": secret }).to_string(),
        STANDARD_NO_PAD.encode(format!("client:{secret}")),
        STANDARD_NO_PAD.encode(format!("a-client:{half}")),
        secret.bytes().map(|b| format!("{b:02X}")).collect(),
        half.replace('"', "\\u0022").replace('+', "\\u002B"),
        half.replace('"', "\\\"").replace('/', "\\/"),
        "hvs.CAESIJ7Zq0sQb81dWw2Lr5Nn".to_owned(),
    ];
    for text in hidden {
        let line = format!("fine\nfault: {text}, said the server\n");
        let found = canary::find(line.as_bytes(), &secrets).unwrap_or_else(|| panic!("{line}"));
        assert!(found.contains("fault: "), "{found}");
        assert!(
            canary::find(found.as_bytes(), &secrets).is_none(),
            "{found}"
        );
    }
    for text in ["", "id-1", "n4ry", "hvs.", "token_id=id-1 sha256:0f3c"] {
        assert_eq!(canary::find(text.as_bytes(), &secrets), None, "{text}");
    }
}

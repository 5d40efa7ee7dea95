use super::*;

fn has(secret: &str, spelling: &str) -> bool {
    let all = spellings(secret);
    all.iter().any(|known| known.text.as_str() == spelling)
}

/// What the libraries named here wrote for `a"b/c+d=é😀<`.
#[test]
fn the_spellings_of_other_libraries_are_known() {
    let secret = "a\"b/c+d=é😀<";
    let cases = [
        ("Python quote", "a%22b/c%2Bd%3D%C3%A9%F0%9F%98%80%3C"),
        ("Python quote_plus", "a%22b%2Fc%2Bd%3D%C3%A9%F0%9F%98%80%3C"),
        ("Go PathEscape", "a%22b%2Fc+d=%C3%A9%F0%9F%98%80%3C"),
        ("encodeURI", "a%22b/c+d=%C3%A9%F0%9F%98%80%3C"),
        ("lower-case digits", "a%22b%2fc%2bd%3d%c3%a9%f0%9f%98%80%3c"),
        ("Rust serde_json", "a\\\"b/c+d=é😀<"),
        ("Python json", "a\\\"b/c+d=\\u00e9\\ud83d\\ude00<"),
        ("PHP json_encode", "a\\\"b\\/c+d=\\u00e9\\ud83d\\ude00<"),
        ("Go json", "a\\\"b/c+d=é😀\\u003c"),
        ("Gson", "a\\\"b/c+d\\u003dé😀\\u003c"),
        (".NET", "a\\u0022b/c\\u002Bd=\\u00E9\\uD83D\\uDE00\\u003C"),
        ("JSON in JSON", "a\\\\\\\"b/c+d=é😀<"),
        ("Rust escape_default", "a\\\"b/c+d=\\u{e9}\\u{1f600}<"),
        ("XML", "a&quot;b/c+d=é😀&lt;"),
        ("base64", "YSJiL2MrZD3DqfCfmIA8"),
        ("base64 behind one byte", "EiYi9jK2Q9w6nwn5iAP"),
        ("base64 behind two bytes", "hImIvYytkPcOp8J-YgD"),
        ("hex", "6122622f632b643dc3a9f09f98803c"),
        ("hex, upper case", "6122622F632B643DC3A9F09F98803C"),
    ];
    for (library, expected) in cases {
        assert!(has(secret, expected), "{library}: {expected}");
    }
}

#[test]
fn forms_and_basic_of_oauth_are_known() {
    let secret = "p~s w/d";
    assert!(has(secret, "p%7Es+w%2Fd"), "an HTML form");
    // base64 of `id:p%7Es+w%2Fd`, without what `id:` and the end decide.
    assert!(has(secret, "cCU3RXMrdyUyRm"), "Basic of RFC 6749");
}

#[test]
fn a_secret_of_several_lines_is_known_line_by_line() {
    let key = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49\n  AgEGCCqGSM49AwEHBG0w\r\nshort\n-----END PRIVATE KEY-----\n";
    for expected in [
        key,
        key.trim(),
        "MIGHAgEAMBMGByqGSM49",
        "AgEGCCqGSM49AwEHBG0w",
    ] {
        assert!(has(key, expected), "{expected}");
    }
    for innocent in ["short", "-----BEGIN PRIVATE KEY-----"] {
        assert!(!has(key, innocent), "{innocent}");
    }
    assert!(has(key, &key.replace('\r', "\\r").replace('\n', "\\n")));
}

#[test]
fn none_is_empty_or_there_twice_and_the_plain_one_is_first() {
    for secret in ["a", "k3y", "plain-token_1", "a\"b c/d"] {
        let all = spellings(secret);
        assert_eq!(all[0].text.as_str(), secret);
        assert!(all.iter().all(|spelling| !spelling.text.is_empty()));
        let unique: std::collections::BTreeSet<&str> =
            all.iter().map(|spelling| spelling.text.as_str()).collect();
        assert_eq!(unique.len(), all.len());
    }
    assert_eq!(spellings("k3y").len(), 1, "too short to be encoded");
    assert!(spellings("").is_empty());
}

//! What in a text may be a secret.

use std::collections::BTreeSet;

/// No secret that anybody hands out is shorter.
const SHORTEST: usize = 8;
/// Nor longer.
const LONGEST: usize = 16 * 1024;
/// How many candidates of a text are looked at.
const MOST: usize = 2000;

/// What no token has in it, or only at its end.
const ENDS: &[char] = &[
    '"', '\'', '`', '<', '>', '(', ')', '[', ']', '{', '}', ',', ';', '\\', '|',
];
/// What stands between a name and its value, and in some tokens.
const INSIDE: &[char] = &['=', ':', '&', '?', '/', '@'];

/// Every part of a text that may be a secret: the whole of it, its words, and the parts
/// between the marks of logs, headers, JSON and URLs.
pub(super) fn candidates(text: &str) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    add(&mut found, text.trim());
    for line in text.lines() {
        add(&mut found, line.trim());
    }
    for word in text.split_whitespace() {
        add(&mut found, word);
        for part in word.split(ENDS) {
            add(&mut found, part);
            add(&mut found, part.trim_end_matches(['.', ':', '!', '?']));
            // After each mark, to the end and to the next mark.
            for (at, mark) in part.match_indices(INSIDE) {
                let rest = &part[at + mark.len()..];
                add(&mut found, rest);
                add(&mut found, rest.trim_end_matches(['.', ':', '!', '?']));
                add(&mut found, rest.split(INSIDE).next().unwrap_or_default());
                add(&mut found, rest.split('&').next().unwrap_or_default());
            }
            add(&mut found, part.split(INSIDE).next().unwrap_or_default());
        }
        if found.len() >= MOST {
            break;
        }
    }
    found
}

fn add<'t>(found: &mut BTreeSet<&'t str>, part: &'t str) {
    if (SHORTEST..=LONGEST).contains(&part.len()) && found.len() < MOST {
        found.insert(part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_found_in_the_lines_that_people_paste() {
        let tokens = ["scim_0aB9xYz12345", "a==:b.c-d_e~f+g/h==", "eyJh.eyJz.c2ln"];
        let lines = [
            "{}",
            "  {}\n",
            "Authorization: Bearer {}",
            "{\"token\": \"{}\"}",
            "{\"token\":\"{}\",\"id\":7}",
            "SCIM_TOKEN={}",
            "export SCIM_TOKEN='{}';",
            "https://example.com/scim?access_token={}&x=1",
            "curl -H \"authorization: Bearer {}\" https://sp.example.com",
            "2026-11-27T10:00:00Z WARN refused token={} status=401",
            "token: {}.",
            "<secret>{}</secret>",
        ];
        for token in tokens {
            for line in lines {
                let text = line.replace("{}", token);
                assert!(candidates(&text).contains(token), "{text}");
            }
        }
    }

    #[test]
    fn a_large_text_is_bounded() {
        let text = "a=bcdefghijk&lmnopqrst/uvwxyz:1234567890 ".repeat(5000);
        assert!(candidates(&text).len() <= MOST);
        let many: String = (0..50_000).map(|n| format!("word-{n:08} ")).collect();
        assert!(candidates(&many).len() <= MOST);
    }
}

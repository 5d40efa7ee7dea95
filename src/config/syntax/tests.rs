use super::*;
use crate::config::lines::Lines;

fn said(text: &str) -> Vec<(String, String)> {
    let source = Source {
        path: "c.toml".into(),
        lines: Lines::of(text),
        text: text.to_owned(),
    };
    let mut findings = Findings::default();
    assert!(document(0, &source, &mut findings).is_none(), "{text}");
    let all = findings.into_all().into_iter();
    all.map(|f| (f.message, f.remedy)).collect()
}

#[test]
fn a_line_has_one_finding_and_its_own_language() {
    let cases = [
        ("a: b", "YAML", "write `a = \"…\"`"),
        (
            "issuer:   world # ours",
            "YAML",
            "write `issuer = \"world\"`",
        ),
        ("issuer: \"world\"", "YAML", "write `issuer = \"world\"`"),
        ("lifetime: 90d", "YAML", "write `lifetime = \"90d\"`"),
        (
            "connections: [\"a\"]",
            "YAML",
            "write `connections = [\"a\"]`",
        ),
        (
            "vault:",
            "YAML",
            "write [vault] in a line of its own, and its keys below",
        ),
        (
            "  - issuer: world",
            "YAML",
            "a table for each item: [tokens.<name>]",
        ),
        (
            "owner = me",
            "`owner` needs quotes",
            "write `owner = \"me\"`",
        ),
        ("key = hunter2", "`key` needs quotes", "write `key = \"…\"`"),
        (
            "key = „hunter2“",
            "no quotes of TOML",
            "straight quotes: `key = \"…\"`",
        ),
    ];
    for (line, message, remedy) in cases {
        let found = said(&format!("x = 1\n{line}\n"));
        assert_eq!(found.len(), 1, "{line}: {found:?}");
        assert!(found[0].0.contains(message), "{line}: {found:?}");
        assert!(found[0].1.contains(remedy), "{line}: {found:?}");
        assert!(!format!("{found:?}").contains("hunter2"), "{found:?}");
    }
}

#[test]
fn what_is_no_yaml_is_not_called_so() {
    for text in ["a b\n", "[a\nb = 1\n", "x = 1\ntime 12:30\n", "= 1\n"] {
        let found = said(text);
        assert!(
            !found.is_empty() && !format!("{found:?}").contains("YAML"),
            "{found:?}"
        );
    }
}

#[test]
fn a_table_that_stands_twice_is_named_with_its_first_place() {
    let first = |text: &str| {
        said(text)
            .into_iter()
            .map(|(message, _)| message)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        first("[a.b]\nx = 1\n[c]\n[a.b] # again\nx = 2\ny = 3\n"),
        ["`a.b` is defined twice"]
    );
    assert_eq!(
        first("[a]\nb = 1\n[a.b]\nc = 1\n"),
        ["`a.b` is defined twice"]
    );
    assert_eq!(first("[a]\nx = 1\nx = 2\n"), ["`a.x` is defined twice"]);
    assert_eq!(first("a = { x = 1, x = 2 }\n"), ["`x` is defined twice"]);
}

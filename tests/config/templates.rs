//! `config/TEMPLATES.md` holds the tables that the program uses.

use std::path::Path;

use scim_rotator::http::names::{filters_table, names_table};

const FILE: &str = "config/TEMPLATES.md";

/// The text with the tables in it, as they are now.
fn with_tables(text: &str) -> String {
    let tables = [("names", names_table()), ("filters", filters_table())];
    tables
        .into_iter()
        .fold(text.to_owned(), |text, (name, table)| {
            let begin = format!("<!-- {name}: made by the program, see the last section -->\n");
            let end = format!("<!-- end of {name} -->\n");
            let (before, rest) = text.split_once(&begin).expect("the begin of the table");
            let (_, after) = rest.split_once(&end).expect("the end of the table");
            format!("{before}{begin}{table}{end}{after}")
        })
}

#[test]
fn templates_are_documented_as_they_are() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
    let text = std::fs::read_to_string(&path).expect(FILE);
    let expected = with_tables(&text);
    if update_wanted() {
        std::fs::write(&path, &expected).expect(FILE);
        return;
    }
    assert!(
        text == expected,
        "the tables of {FILE} are old: run UPDATE_DOCS=1 cargo test --test config templates"
    );
}

#[expect(
    clippy::disallowed_methods,
    reason = "a person asks the test to write the file"
)]
fn update_wanted() -> bool {
    std::env::var_os("UPDATE_DOCS").is_some_and(|value| !value.is_empty())
}

#[test]
fn every_name_filter_and_test_is_in_the_tables() {
    let names = names_table();
    for name in [
        "now",
        "secrets.<key>",
        "steps.<call>.cookies.<name>",
        "old_token",
        "rotation_id",
    ] {
        assert!(names.contains(&format!("| `{name}` |")), "{name}");
    }
    let label = names.lines().find(|line| line.starts_with("| `label`"));
    assert!(
        label.is_some_and(|line| line.ends_with("| issuer: `issue` |")),
        "{label:?}"
    );
    let filters = filters_table();
    for usage in ["`\\| or_omit`", "`\\| replace(old, new)`", "`is defined`"] {
        assert!(filters.contains(usage), "{usage}");
    }
    // A bar that is not escaped would end a cell.
    for line in names
        .lines()
        .chain(filters.lines())
        .filter(|line| !line.is_empty())
    {
        let cells = line.replace("\\|", "").matches('|').count();
        assert!(cells == 7 || cells == 5, "{line}");
    }
}

//! Every link between the documents leads somewhere.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

#[test]
fn links_between_the_documents_lead_to_files_and_headings() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut broken = Vec::new();
    let mut count = 0;
    for document in documents(root) {
        let text = text_of(&document);
        let folder = document.parent().expect("a folder");
        for target in targets(&text) {
            count += 1;
            let (path, heading) = target.split_once('#').unwrap_or((target, ""));
            let to = match path {
                "" => document.clone(),
                path => folder.join(path),
            };
            let leads = to.exists() && (heading.is_empty() || headings(&to).contains(heading));
            if !leads {
                broken.push(format!("{}: {target}", document.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    assert!(count > 100, "only {count} links were found");
}

/// The Markdown files of people: those at the top, and those of these folders.
fn documents(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![
        root.join("config"),
        root.join("deploy"),
        root.join(".github"),
    ];
    found.extend(["README.md", "CHANGELOG.md"].map(|name| root.join(name)));
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "md") {
                found.push(path);
            }
        }
    }
    found
}

fn text_of(file: &Path) -> String {
    let text = std::fs::read_to_string(file);
    text.unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// What `[text](target)` names, outside of code and not on the web.
fn targets(text: &str) -> Vec<&str> {
    let prose = text.split("```").step_by(2);
    let after = prose.flat_map(|part| part.split("](").skip(1));
    let targets = after.filter_map(|rest| rest.split(')').next());
    targets.filter(|target| !target.contains("://")).collect()
}

/// The headings of a document, as links name them.
fn headings(file: &Path) -> BTreeSet<String> {
    let text = text_of(file);
    let lines = text.split("```").step_by(2).flat_map(str::lines);
    let titles = lines.filter_map(|line| line.strip_prefix('#'));
    titles
        .map(|title| name_of(title.trim_start_matches('#').trim()))
        .collect()
}

fn name_of(title: &str) -> String {
    let kept = title
        .chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

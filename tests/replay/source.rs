//! Nothing but the test bench may send requests elsewhere than to their host.

use std::path::{Path, PathBuf};

fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|e| e == "rs") {
            into.push(path);
        }
    }
}

#[test]
fn only_the_bench_builds_a_client_for_replays() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut all = Vec::new();
    sources(&root, &mut all);
    all.sort();
    let mut named: Vec<String> = Vec::new();
    for path in all {
        let text = std::fs::read_to_string(&path).expect("a source");
        let calls = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        if calls.clone().any(|line| line.contains("for_replay")) {
            let path = path.strip_prefix(&root).expect("below src");
            named.push(path.display().to_string());
        }
    }
    assert_eq!(named, ["http/client.rs", "vendors/replay/run.rs"]);
}

//! The judges of vendor files: the vendors' own SDKs, in Python. `README.md`
//! says what they ask for.
#![allow(
    clippy::expect_used,
    clippy::print_stderr,
    unreachable_pub,
    reason = "a test program may fail where it stands, and nobody links it"
)]

use std::path::Path;
use std::process::Command;

#[path = "../support/mod.rs"]
mod support;

#[test]
fn each_judge_takes_what_its_vendor_sends_and_refuses_small_changes_to_it() {
    let Some(part) = support::part::find("judges") else {
        return;
    };
    let output = Command::new(part.join("venv/bin/python"))
        // The repository is no place for compiled files.
        .args(["-B", "-W", "ignore::ResourceWarning", "-m", "unittest"])
        .args(["-q", "test_judges", "test_follow"])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/judges"))
        .output()
        .expect("Python runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("Ran 9 tests"), "some did not run: {said}");
}

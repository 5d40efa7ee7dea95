//! What parses the input of other people, given the inputs below `corpus`: among
//! them each input that the fuzzer (`run.sh`) has found a fault with. `README.md`
//! says how to fuzz.
#![allow(
    clippy::expect_used,
    clippy::wildcard_enum_match_arm,
    unreachable_pub,
    reason = "a test program may fail where it stands, and nobody links it"
)]

mod targets;

use std::path::{Path, PathBuf};

/// Largest corpus: what is in it has to be read again in each clone.
const MOST_BYTES: usize = 200 * 1024;
const MOST_FILES: usize = 40;

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let mut files: Vec<PathBuf> = entries.map(|e| e.expect("an entry").path()).collect();
    files.retain(|path| path.is_file());
    files.sort();
    files
}

fn corpus(target: &str) -> Vec<PathBuf> {
    files(&repository("tests/fuzz/corpus").join(target))
}

/// Runs a target on each file, and names the file in a failure.
fn run(target: &str, files: &[PathBuf]) {
    let target = targets::ALL.iter().find(|known| known.name == target);
    let target = target.expect("a target of this name");
    assert!(
        !files.is_empty(),
        "{}: there is nothing to run",
        target.name
    );
    for file in files {
        let input = std::fs::read(file).expect("a file");
        let run = || (target.run)(&input);
        if std::panic::catch_unwind(run).is_err() {
            panic!("{}: {} fails", target.name, file.display());
        }
    }
}

macro_rules! corpora {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            run(stringify!($name), &corpus(stringify!($name)));
        })*

        #[test]
        fn every_target_has_a_test() {
            let tested = [$(stringify!($name)),*];
            let known: Vec<_> = targets::ALL.iter().map(|target| target.name).collect();
            assert_eq!(known, tested);
        }
    };
}

corpora! {
    configuration vendor_file template place record
    jwt retry_after date time challenge scim_body
}

#[test]
fn every_example_configuration_is_read() {
    let mut all = files(&repository("config"));
    all.extend(
        ["issuers", "connections"]
            .iter()
            .flat_map(|kind| files(&repository("config").join(kind))),
    );
    all.retain(|path| path.extension().is_some_and(|end| end == "toml"));
    run("configuration", &all);
}

#[test]
fn every_nothing_is_survived() {
    for target in &targets::ALL {
        for input in [&b""[..], b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\n", b"@@"] {
            (target.run)(input);
        }
    }
}

#[test]
fn the_corpus_is_small() {
    for target in &targets::ALL {
        let files = corpus(target.name);
        assert!(
            files.len() <= MOST_FILES,
            "{}: {}",
            target.name,
            files.len()
        );
    }
    let sizes = targets::ALL.iter().flat_map(|target| corpus(target.name));
    let sizes = sizes.map(|file| std::fs::read(file).expect("a file").len());
    let whole: usize = sizes.sum();
    assert!(whole <= MOST_BYTES, "{whole} bytes");
}

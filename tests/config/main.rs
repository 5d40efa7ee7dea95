//! The configuration: the example files, what the loader says of every kind of
//! mistake, and the command `check` with the real binary.
#![allow(
    clippy::expect_used,
    unreachable_pub,
    reason = "a test program may fail where it stands, and nobody links it"
)]

mod check_command;
mod completeness;
mod coverage;
mod example;
mod example_set;
mod examples;
mod guides;
mod includes;
mod mistakes;
mod places;

mod rules;
mod schema;
mod secrets;
mod templates;
mod validator;

use std::path::{Path, PathBuf};

use scim_rotator::config::{self, Finding, Loaded, Report};

/// Path of a file of this repository.
fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A folder with configuration files.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    /// A folder with one file, `main.toml`.
    fn with(main: &str) -> Self {
        let folder = Self::new();
        folder.write("main.toml", main);
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, content).expect("a file");
    }

    fn load(&self) -> Result<Loaded, Report> {
        config::load(&self.path("main.toml"))
    }
}

/// Everything that was found, whether or not the configuration can be used.
fn report(result: Result<Loaded, Report>) -> Report {
    result.map_or_else(|report| report, |loaded| loaded.warnings)
}

/// What the loader says of this text.
fn said_of(main: &str) -> Vec<Finding> {
    report(Folder::with(main).load()).findings().to_vec()
}

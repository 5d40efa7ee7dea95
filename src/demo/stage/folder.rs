//! A private folder that is gone when its handle is dropped.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::secret::random_256;

/// A folder that only its owner can enter.
pub(super) struct Folder(PathBuf);

impl Folder {
    /// Makes one below `parent`.
    pub(super) fn new(parent: &Path) -> io::Result<Self> {
        let random = random_256();
        let name: String = random[..8].iter().map(|b| format!("{b:02x}")).collect();
        let path = parent.join(format!("scim-rotator-demo-{name}"));
        DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self(path))
    }

    /// Writes a new file that only its owner can read; returns its path.
    pub(super) fn write(&self, name: &str, text: &str) -> io::Result<PathBuf> {
        let path = self.0.join(name);
        let mut options = OpenOptions::new();
        let mut file = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)?;
        file.write_all(text.as_bytes())?;
        Ok(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Nobody is left who could do more about it than the system's own
        // cleaning of temporary files.
        std::fs::remove_dir_all(&self.0).ok();
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn it_is_private_and_leaves_nothing() {
        let parent = tempfile::tempdir().expect("a folder");
        let folder = Folder::new(parent.path()).expect("made");
        let file = folder.write("secret", "text").expect("written");
        let mode = |path: &Path| path.metadata().expect("there").permissions().mode() & 0o777;
        assert_eq!((mode(&folder.0), mode(&file)), (0o700, 0o600));
        assert_eq!(std::fs::read_to_string(&file).expect("read"), "text");
        drop(folder);
        let left = std::fs::read_dir(parent.path()).expect("there").count();
        assert_eq!(left, 0);
    }
}

//! Whether the files of a configuration have changed.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{self, Context, SHA256};
use zeroize::Zeroizing;

use super::lists::{self, Pattern};
use super::source::LONGEST;
use crate::files;

/// Looks at the files of a configuration: the one that was named, those that it
/// includes and its vendor files, also those that begin to match a pattern.
///
/// A look costs one `stat` a file. Content is read when that differs, and now
/// and then, for file systems whose times are coarse. Only another content is a
/// change: a file that was touched is none, and it does not matter how a file
/// got there (written, renamed, or by a symbolic link that points elsewhere, as
/// Kubernetes changes a ConfigMap).
#[derive(Debug)]
pub struct Watch {
    path: PathBuf,
    /// The files that the main file names. Not its text: with thousands of tokens a look
    /// would read through all of them.
    patterns: Vec<Pattern>,
    /// Digest of the main file with these patterns.
    main: Vec<u8>,
    marks: Vec<Mark>,
    /// Digest of the last content that was read.
    seen: Vec<u8>,
    /// Digest of the content that is known.
    known: Vec<u8>,
    looks: u32,
}

/// Every so many looks read the content whatever `stat` says. With thousands of
/// tokens this costs more than all other looks.
const CONTENT: u32 = 150;

/// What tells cheaply that a file is still the same.
#[derive(Debug, PartialEq, Eq)]
struct Mark {
    path: PathBuf,
    /// Device, inode, size, and when it was changed; `None`: not to be read.
    state: Option<(u64, u64, u64, i64, i64)>,
}

impl Watch {
    /// What is there now is known.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        let mut watch = Self {
            path: path.to_owned(),
            patterns: Vec::new(),
            main: Vec::new(),
            marks: Vec::new(),
            seen: Vec::new(),
            known: Vec::new(),
            looks: 0,
        };
        watch.read();
        watch.know();
        watch
    }

    /// Whether the content is another one than the known one, and was the same
    /// at the last look: a file that is being written is left alone.
    pub fn has_changed(&mut self) -> bool {
        self.looks = self.looks.wrapping_add(1);
        if self.looks.is_multiple_of(CONTENT) || self.marks != self.look() {
            let last = self.seen.clone();
            self.read();
            if last != self.seen {
                return false;
            }
        }
        self.seen != self.known
    }

    /// The content of the last look is the known one from now on.
    pub fn know(&mut self) {
        self.known.clone_from(&self.seen);
    }

    /// Reads everything, without regard to what it was.
    pub fn read(&mut self) {
        let text = content_of(&self.path);
        let main = digest::digest(&SHA256, &text).as_ref().to_vec();
        if self.main != main {
            self.main = main;
            self.patterns = lists::patterns(&String::from_utf8_lossy(&text));
        }
        // Older than what is read below: a write in between shows at the next
        // look.
        let mut marks = self.look();
        let mut digest = Context::new(&SHA256);
        for (index, mark) in marks.iter_mut().enumerate() {
            let content = content_of(&mark.path);
            if index == 0 && content != text {
                // Its patterns are outdated already.
                mark.state = None;
            }
            digest.update(mark.path.as_os_str().as_encoded_bytes());
            digest.update(&[0]);
            digest.update(&content.len().to_le_bytes());
            digest.update(&content);
        }
        self.marks = marks;
        self.seen = digest.finish().as_ref().to_vec();
    }

    fn look(&self) -> Vec<Mark> {
        let files = lists::files(&self.path, &self.patterns);
        let mark = |path: PathBuf| Mark {
            state: std::fs::metadata(&path).ok().map(|found| {
                let at = (found.ctime(), found.ctime_nsec());
                (found.dev(), found.ino(), found.size(), at.0, at.1)
            }),
            path,
        };
        files.into_iter().map(mark).collect()
    }
}

/// What is not to be read counts as empty: reading the configuration again says why.
fn content_of(path: &Path) -> Zeroizing<Vec<u8>> {
    files::read(path, LONGEST).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use tempfile::TempDir;

    use super::*;

    struct Folder(TempDir);

    impl Folder {
        fn new() -> Self {
            Self(TempDir::new().expect("a folder"))
        }

        fn write(&self, name: &str, text: &str) -> PathBuf {
            let path = self.0.path().join(name);
            std::fs::write(&path, text).expect("written");
            path
        }
    }

    /// Whether two looks in a row find a change.
    fn changes(watch: &mut Watch) -> bool {
        let _first = watch.has_changed();
        let changed = watch.has_changed();
        watch.know();
        changed
    }

    #[test]
    fn another_content_is_a_change_and_a_touched_file_is_none() {
        let folder = Folder::new();
        let path = folder.write("main.toml", "a = 1");
        let mut watch = Watch::new(&path);
        assert!(!changes(&mut watch));
        folder.write("main.toml", "a = 22");
        assert!(changes(&mut watch));
        folder.write("main.toml", "a = 22");
        assert!(!changes(&mut watch), "the same content");
        std::fs::remove_file(&path).expect("removed");
        assert!(changes(&mut watch), "it is gone");
        folder.write("main.toml", "a = 22");
        assert!(changes(&mut watch), "it is there again");
    }

    #[test]
    fn a_file_that_is_being_written_is_left_alone() {
        let folder = Folder::new();
        let path = folder.write("main.toml", "a = 1");
        let mut watch = Watch::new(&path);
        for text in ["", "a =", "a = 22"] {
            folder.write("main.toml", text);
            assert!(!watch.has_changed(), "{text}");
        }
        assert!(watch.has_changed(), "it is no longer being written");
        assert!(watch.has_changed(), "until it is known");
        watch.know();
        assert!(!watch.has_changed());
    }

    #[test]
    fn included_files_count_and_so_do_new_ones() {
        let folder = Folder::new();
        std::fs::create_dir(folder.0.path().join("d")).expect("a folder");
        let path = folder.write("main.toml", "include = [\"d/*.toml\"]");
        let mut watch = Watch::new(&path);
        folder.write("d/a.toml", "a = 1");
        assert!(changes(&mut watch), "a new file");
        folder.write("d/a.toml", "a = 22");
        assert!(changes(&mut watch), "another content");
        folder.write("d/a.txt", "a = 2");
        assert!(!changes(&mut watch), "a file that is not included");
        std::fs::remove_file(folder.0.path().join("d/a.toml")).expect("removed");
        assert!(changes(&mut watch), "a file less");
    }

    #[test]
    fn vendor_files_count_and_their_replays_do_not() {
        let folder = Folder::new();
        std::fs::create_dir(folder.0.path().join("d")).expect("a folder");
        let path = folder.write("main.toml", "vendors = [\"d/*.toml\"]");
        let mut watch = Watch::new(&path);
        folder.write("d/acme.toml", "a = 1");
        assert!(changes(&mut watch), "a new file");
        for other in ["d/acme.replay.toml", "d/.acme.toml", "d/acme.txt"] {
            folder.write(other, "a = 1");
            assert!(!changes(&mut watch), "{other}");
        }
    }

    /// A ConfigMap: the file is a link into `..data`, which is a link to a
    /// folder and is swapped as one.
    #[test]
    fn a_swapped_link_is_a_change() {
        let folder = Folder::new();
        let root = folder.0.path();
        for (name, text) in [("..1", "a = 1"), ("..2", "a = 2")] {
            std::fs::create_dir(root.join(name)).expect("a folder");
            folder.write(&format!("{name}/main.toml"), text);
        }
        symlink("..1", root.join("..data")).expect("a link");
        symlink("..data/main.toml", root.join("main.toml")).expect("a link");
        let mut watch = Watch::new(&root.join("main.toml"));
        symlink("..2", root.join("..new")).expect("a link");
        std::fs::rename(root.join("..new"), root.join("..data")).expect("swapped");
        assert!(changes(&mut watch));
        assert!(!changes(&mut watch));
    }
}

//! The end of what was written before: where the chain goes on, and whether its last line
//! is whole.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::chain::{Hash, Head, Link, Torn};

/// Most bytes of a file that are looked at: hundreds of lines.
const MOST: u64 = 1024 * 1024;
/// Most files beside it that are looked at.
const MOST_FILES: usize = 64;

/// The end of a file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Tail {
    /// The last whole line of the chain.
    pub(super) head: Option<Head>,
    /// The part of a line after the last line end.
    pub(super) torn: Option<Torn>,
}

/// Reads the end of a file. Lines of other chains are passed over.
///
/// # Errors
/// When it cannot be read.
pub(super) fn of_file(path: &Path, replica: &str) -> io::Result<Tail> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(MOST)))?;
    let mut end = Vec::new();
    file.take(MOST).read_to_end(&mut end)?;
    let whole = end.iter().rposition(|byte| *byte == b'\n');
    let whole = whole.map_or(0, |place| place + 1);
    let fragment = &end[whole..];
    let torn = (!fragment.is_empty()).then(|| torn(fragment));
    let mut lines = end[..whole].split(|byte| *byte == b'\n').rev();
    let head = lines.find_map(|line| {
        let link = Link::parse(line).ok()?;
        (link.replica == replica).then(|| link.head())
    });
    Ok(Tail { head, torn })
}

/// What is noted of the part of a line.
pub(super) fn torn(fragment: &[u8]) -> Torn {
    Torn {
        bytes: u64::try_from(fragment.len()).unwrap_or(u64::MAX),
        sha256: Hash::of(fragment),
    }
}

/// The last line in the files that were rotated away from this path: those beside it whose
/// names begin with its name, such as `audit.jsonl.1` or `audit.jsonl-20260101`.
pub(super) fn of_rotated(path: &Path, replica: &str) -> Option<Head> {
    let name = path.file_name()?.to_str()?;
    let entries = fs::read_dir(path.parent()?).ok()?;
    let mut files: Vec<_> = entries
        .flatten()
        .filter(|entry| {
            let of = entry.file_name();
            let of = of.to_str().unwrap_or_default();
            let is_plain = entry.file_type().is_ok_and(|kind| kind.is_file());
            is_plain && of != name && of.starts_with(name)
        })
        .map(|entry| {
            let at = entry.metadata().and_then(|facts| facts.modified()).ok();
            (at, entry.path())
        })
        .collect();
    files.sort();
    let newest = files.iter().rev().take(MOST_FILES);
    let heads = newest.filter_map(|(_, path): &(_, PathBuf)| of_file(path, replica).ok()?.head);
    heads.max_by_key(|head| head.number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(count: u64) -> (String, Head) {
        let (mut text, mut head) = (String::new(), Head::NONE);
        for _ in 0..count {
            let (line, next) = head.line("{\"replica\":\"a\"}");
            text.push_str(&line);
            text.push('\n');
            head = next;
        }
        (text, head)
    }

    #[test]
    fn the_chain_goes_on_after_the_last_whole_line() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("audit.jsonl");
        let (text, head) = lines(9);
        let tail = |text: &str| {
            fs::write(&path, text).expect("written");
            of_file(&path, "a").expect("read")
        };
        let whole = Tail {
            head: Some(head),
            torn: None,
        };
        assert_eq!(tail(&text), whole);
        assert_eq!(tail(""), Tail::default());
        let (line, _) = head.line("{\"replica\":\"a\"}");
        let cut = tail(&format!("{text}{}", &line[..20]));
        assert_eq!(cut.head, Some(head));
        assert_eq!(cut.torn.expect("torn").bytes, 20);
        let (other, _) = head.line("{\"replica\":\"b\"}");
        assert_eq!(tail(&format!("{text}{other}\nnonsense\n")).head, Some(head));
        // Longer than what is looked at.
        let long = "x".repeat(usize::try_from(2 * MOST).expect("fits"));
        assert_eq!(tail(&format!("{long}\n{text}")), whole);
    }

    #[test]
    fn a_file_that_was_rotated_away_is_found() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("audit.jsonl");
        assert_eq!(of_rotated(&path, "a"), None);
        let (older, newer) = (lines(3), lines(7));
        fs::write(folder.path().join("audit.jsonl.2"), older.0).expect("written");
        fs::write(folder.path().join("audit.jsonl.1"), &newer.0).expect("written");
        fs::write(folder.path().join("other.jsonl"), lines(20).0).expect("written");
        fs::write(folder.path().join("audit.jsonl.3.gz"), [31, 139, 8]).expect("written");
        assert_eq!(of_rotated(&path, "a"), Some(newer.1));
        assert_eq!(of_rotated(&path, "b"), None);
    }
}

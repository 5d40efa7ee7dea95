use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
use std::process::Command;

use tempfile::TempDir;

use super::*;

const MOST: u64 = 1024;

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(TempDir::new().expect("a folder"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn file(&self, name: &str, mode: u32) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, "content").expect("written");
        set_mode(&path, mode);
        path
    }

    fn folder(&self, name: &str, mode: u32) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir(&path).expect("made");
        set_mode(&path, mode);
        path
    }
}

fn set_mode(path: &Path, mode: u32) {
    let permissions = std::fs::Permissions::from_mode(mode);
    std::fs::set_permissions(path, permissions).expect("set");
}

fn is_root() -> bool {
    geteuid().is_root()
}

#[test]
fn a_regular_file_is_read_whole_and_within_its_bound() {
    let folder = Folder::new();
    let path = folder.file("a", 0o640);
    assert_eq!(
        read(&path, MOST).as_deref().map(Vec::as_slice),
        Ok(&b"content"[..])
    );
    for (length, fine) in [(0, true), (MOST, true), (MOST + 1, false)] {
        let bytes = vec![b'x'; usize::try_from(length).expect("small")];
        std::fs::write(&path, &bytes).expect("written");
        let found = read(&path, MOST);
        assert_eq!(found.is_ok(), fine, "{length}");
        assert!(found.is_ok_and(|found| *found == bytes) || !fine);
    }
    assert_eq!(read(&path, MOST), Err(FileFault::TooLong(MOST)));
}

#[test]
fn what_is_no_regular_file_is_refused_at_once() {
    let folder = Folder::new();
    let pipe = folder.path("pipe");
    let made = Command::new("mkfifo").arg(&pipe).status().expect("mkfifo");
    assert!(made.success());
    let link = folder.path("link");
    symlink(&pipe, &link).expect("a link");
    let cases = [
        (pipe.as_path(), "a pipe"),
        (link.as_path(), "a pipe"),
        (folder.0.path(), "a folder"),
        (Path::new("/dev/zero"), "a device"),
        (Path::new("/dev/null"), "a device"),
    ];
    for (path, kind) in cases {
        assert_eq!(
            read(path, MOST),
            Err(FileFault::NotRegular(kind)),
            "{}",
            path.display()
        );
        assert_eq!(
            check(path),
            Err(FileFault::NotRegular(kind)),
            "{}",
            path.display()
        );
    }
    let socket = folder.path("socket");
    let _listening = std::os::unix::net::UnixListener::bind(&socket).expect("a socket");
    assert!(read(&socket, MOST).is_err());
    assert_eq!(read(&folder.path("none"), MOST), Err(FileFault::Missing));
}

#[test]
fn a_file_that_others_may_write_is_refused_with_the_remedy() {
    let folder = Folder::new();
    for mode in [0o602, 0o646, 0o666, 0o777] {
        let path = folder.file("a", mode);
        let fault = read(&path, MOST).expect_err("writable");
        let text = fault.told();
        assert!(text.contains(&format!("mode {mode:04o}")), "{text}");
        assert!(
            text.contains(&format!("chmod go-w {}", path.display())),
            "{text}"
        );
        assert_eq!(check(&path), Err(fault));
        // By a link, too.
        let link = folder.path("link");
        symlink(&path, &link).expect("a link");
        assert!(read(&link, MOST).is_err(), "{mode:o}");
        std::fs::remove_file(link).expect("removed");
    }
    // A group of one's own, where the system has such, may write.
    let path = folder.file("a", 0o660);
    assert_eq!(
        read(&path, MOST).is_ok(),
        !is_root() && getegid().as_raw() == geteuid().as_raw()
    );
}

#[test]
fn every_folder_on_the_way_counts_also_behind_links() {
    let folder = Folder::new();
    let open = folder.folder("open", 0o777);
    std::fs::create_dir(open.join("below")).expect("made");
    let file = open.join("below").join("a");
    std::fs::write(&file, "content").expect("written");
    set_mode(&file, 0o600);
    let links = [folder.path("to-file"), folder.path("to-folder")];
    symlink(&file, &links[0]).expect("a link");
    symlink("open/below", &links[1]).expect("a link");
    let ways = [
        file.clone(),
        links[0].clone(),
        links[1].join("a"),
        open.join("below").join("..").join("below").join("a"),
    ];
    for way in &ways {
        let fault = read(way, MOST).expect_err("replaceable");
        let expected = FileFault::WritableFolder {
            path: open.canonicalize().expect("there"),
            mode: 0o777,
        };
        assert_eq!(fault, expected, "{}", way.display());
        assert!(fault.told().contains("chmod go-w"), "{fault}");
    }
    set_mode(&open, 0o755);
    for way in &ways {
        assert!(read(way, MOST).is_ok(), "{}", way.display());
    }
    // A link in an open folder may be replaced, wherever it points.
    set_mode(&open, 0o777);
    let outside = folder.file("outside", 0o600);
    symlink(&outside, open.join("link")).expect("a link");
    assert!(read(&outside, MOST).is_ok());
    assert!(read(&open.join("link"), MOST).is_err());
}

#[test]
fn in_a_sticky_folder_only_files_of_others_are_refused() {
    let folder = Folder::new();
    let open = folder.folder("open", 0o1777);
    let path = open.join("a");
    std::fs::write(&path, "content").expect("written");
    assert!(read(&path, MOST).is_ok());
    if !is_root() {
        return;
    }
    chown(&path, Some(65_534), None).expect("given away");
    let fault = read(&path, MOST).expect_err("planted");
    assert!(
        matches!(fault, FileFault::Planted { owner: 65_534, .. }),
        "{fault}"
    );
}

#[test]
fn links_without_end_are_refused() {
    let folder = Folder::new();
    let path = folder.path("a");
    symlink("a", &path).expect("a link");
    assert!(read(&path, MOST).is_err());
    assert!(check(&path).is_err());
}

#[tokio::test]
async fn a_file_system_that_does_not_answer_is_not_waited_for() {
    let (send, receive) = std::sync::mpsc::channel::<()>();
    let waiting = within(Duration::from_millis(20), move || receive.recv().is_ok());
    assert_eq!(waiting.await, Err(FileFault::Slow));
    drop(send);
}

//! Reads the files that people provide: configuration, credentials, certificates.
//!
//! Only a regular file of a bounded length is read, since a pipe would stop the
//! reader for as long as nobody writes to it. A file that other users may write, or
//! replace because they may write its folder, is an error: they could decide what
//! the daemon trusts and where tokens go.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use parking_lot::Mutex;
use rustix::fs::{OFlags, StatVfsMountFlags, statvfs};
use rustix::process::{getegid, geteuid};
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use zeroize::Zeroizing;

/// Longest wait for a file system, such as one of the network.
const PATIENCE: Duration = Duration::from_secs(10);
/// As many symbolic links as Linux follows in one path.
const MOST_LINKS: usize = 40;
/// Write permission of the group and of all others.
const GROUP_WRITES: u32 = 0o020;
const OTHERS_WRITE: u32 = 0o002;
/// In such a folder only the owner of a file may replace it.
const STICKY: u32 = 0o1000;

/// Why a file is not used. No text quotes the content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileFault {
    /// Nothing is there.
    #[error("there is no such file")]
    Missing,
    /// It may not be read.
    #[error("permission denied")]
    Denied,
    /// Another failure of the file system.
    #[error("{0}")]
    Io(io::ErrorKind),
    /// Not a regular file.
    #[error("it is {0}, not a regular file")]
    NotRegular(&'static str),
    /// Longer than the reader accepts.
    #[error("it has more than {0} bytes")]
    TooLong(u64),
    /// The file system did not answer in time.
    #[error("the file system did not answer within {} s", PATIENCE.as_secs())]
    Slow,
    /// Other users may write the file.
    #[error("other users may write it (mode {mode:04o})")]
    Writable {
        /// The file, after links.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// Other users may put another file in its place.
    #[error("other users may replace it, since they may write the folder {} (mode {mode:04o})", path.display())]
    WritableFolder {
        /// The folder.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// It belongs to another user, and lies where every user may put files.
    #[error("it belongs to another user (uid {owner}) and lies in a folder where every user may put files, {}", folder.display())]
    Planted {
        /// The folder.
        folder: PathBuf,
        /// The owner of the file, or of the link to it.
        owner: u32,
    },
}

impl FileFault {
    /// What a person can do about it; `None` where the fault says it.
    #[must_use]
    pub fn remedy(&self) -> Option<String> {
        match self {
            Self::Missing | Self::Io(_) | Self::NotRegular(_) | Self::TooLong(_) | Self::Slow => {
                None
            }
            Self::Denied => Some("give the service's user the right to read it".to_owned()),
            Self::Writable { path, .. } | Self::WritableFolder { path, .. } => {
                Some(format!("chmod go-w {}", path.display()))
            }
            Self::Planted { .. } => Some("move it to a folder of its own".to_owned()),
        }
    }

    /// The fault with its remedy, in one sentence.
    #[must_use]
    pub fn told(&self) -> String {
        match self.remedy() {
            Some(remedy) => format!("{self}: {remedy}"),
            None => self.to_string(),
        }
    }
}

impl From<io::Error> for FileFault {
    fn from(error: io::Error) -> Self {
        let kind = error.kind();
        if kind == io::ErrorKind::NotFound {
            Self::Missing
        } else if kind == io::ErrorKind::PermissionDenied {
            Self::Denied
        } else {
            Self::Io(kind)
        }
    }
}

/// Reads a file of at most so many bytes. Never waits for a writer.
///
/// # Errors
/// When it is not to be used.
pub fn read(path: &Path, most: u64) -> Result<Zeroizing<Vec<u8>>, FileFault> {
    let mut file = OpenOptions::new()
        .read(true)
        // A pipe without a writer, or a terminal, must not stop us here.
        .custom_flags((OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed())
        .open(path)?;
    let found = file.metadata()?;
    is_regular(&found)?;
    if found.len() > most {
        return Err(FileFault::TooLong(most));
    }
    guard(path, &found)?;
    let expected = usize::try_from(found.len()).unwrap_or_default();
    whole(&mut file, expected, most)
}

/// [`read`] on a thread that may wait, for callers on the runtime.
///
/// # Errors
/// As [`read`], and when the file system does not answer.
pub async fn read_aside(path: PathBuf, most: u64) -> Result<Zeroizing<Vec<u8>>, FileFault> {
    aside(move || read(&path, most)).await?
}

/// Runs what waits for a file system on another thread.
///
/// # Errors
/// When it does not end in time. The thread is then left to itself.
pub async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, FileFault> {
    within(PATIENCE, work).await
}

async fn within<T: Send + 'static>(
    limit: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, FileFault> {
    match timeout(limit, spawn_blocking(work)).await {
        Ok(Ok(done)) => Ok(done),
        // It panicked, or the runtime ends.
        Ok(Err(_)) => Err(FileFault::Io(io::ErrorKind::Other)),
        Err(_) => Err(FileFault::Slow),
    }
}

/// Whether other users may write this file, or put another one in its place.
///
/// # Errors
/// When they may, and when the file cannot be looked at.
pub fn check(path: &Path) -> Result<(), FileFault> {
    let found = std::fs::metadata(path)?;
    is_regular(&found)?;
    guard(path, &found)
}

/// The files and folders of this process that programs which it starts must not
/// read.
static OWN: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Sets them: credentials and keys, as the configuration names them.
pub fn set_own(paths: Vec<PathBuf>) {
    *OWN.lock() = paths;
}

/// Where they are now, after links; what is not there is left out.
#[must_use]
pub fn own() -> Vec<PathBuf> {
    let named = OWN.lock().clone();
    named
        .iter()
        .filter_map(|path| path.canonicalize().ok())
        .collect()
}

fn is_regular(found: &Metadata) -> Result<(), FileFault> {
    let kind = found.file_type();
    if kind.is_file() {
        return Ok(());
    }
    Err(FileFault::NotRegular(if kind.is_dir() {
        "a folder"
    } else if kind.is_fifo() {
        "a pipe"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    }))
}

/// Reads to the end without leaving an unwiped copy behind when the buffer grows.
fn whole(file: &mut File, expected: usize, most: u64) -> Result<Zeroizing<Vec<u8>>, FileFault> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(expected + 1));
    let mut chunk = Zeroizing::new(vec![0_u8; 16 * 1024]);
    loop {
        let read = match file.read(&mut chunk) {
            Ok(0) => return Ok(bytes),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error.into()),
        };
        if (bytes.len() + read) as u64 > most {
            return Err(FileFault::TooLong(most));
        }
        if bytes.capacity() - bytes.len() < read {
            let mut larger = Zeroizing::new(Vec::with_capacity(2 * (bytes.len() + read)));
            larger.extend_from_slice(&bytes);
            bytes = larger;
        }
        bytes.extend_from_slice(&chunk[..read]);
    }
}

/// Checks the permissions of the file, and of each folder on the way to it.
fn guard(path: &Path, found: &Metadata) -> Result<(), FileFault> {
    let real = walk(&std::path::absolute(path)?)?;
    if others_write(&real, found) {
        return Err(FileFault::Writable {
            path: real,
            mode: found.mode() & 0o7777,
        });
    }
    Ok(())
}

/// Follows a path, link by link, and checks every folder that it goes through.
fn walk(path: &Path) -> Result<PathBuf, FileFault> {
    let mut todo: VecDeque<Step> = steps(path).collect();
    let (mut at, mut links) = (PathBuf::from("/"), 0);
    while let Some(step) = todo.pop_front() {
        let name = match step {
            Step::Top => {
                at = PathBuf::from("/");
                continue;
            }
            Step::Up => {
                at.pop();
                continue;
            }
            Step::Into(name) => name,
        };
        let next = at.join(name);
        let entry = std::fs::symlink_metadata(&next)?;
        check_folder(&at, &entry)?;
        if !entry.file_type().is_symlink() {
            at = next;
            continue;
        }
        links += 1;
        if links > MOST_LINKS {
            return Err(FileFault::Io(io::ErrorKind::InvalidInput));
        }
        for step in steps(&std::fs::read_link(&next)?)
            .collect::<Vec<_>>()
            .into_iter()
            .rev()
        {
            todo.push_front(step);
        }
    }
    Ok(at)
}

/// One part of a path.
enum Step {
    Top,
    Up,
    Into(OsString),
}

fn steps(path: &Path) -> impl Iterator<Item = Step> {
    path.components().filter_map(|part| match part {
        Component::RootDir => Some(Step::Top),
        Component::ParentDir => Some(Step::Up),
        Component::Normal(name) => Some(Step::Into(name.to_owned())),
        Component::CurDir | Component::Prefix(_) => None,
    })
}

fn check_folder(folder: &Path, entry: &Metadata) -> Result<(), FileFault> {
    let found = std::fs::metadata(folder)?;
    if !others_write(folder, &found) {
        return Ok(());
    }
    if found.mode() & STICKY == 0 {
        return Err(FileFault::WritableFolder {
            path: folder.to_owned(),
            mode: found.mode() & 0o7777,
        });
    }
    let owner = entry.uid();
    if owner == 0 || owner == geteuid().as_raw() {
        return Ok(());
    }
    Err(FileFault::Planted {
        folder: folder.to_owned(),
        owner,
    })
}

/// Whether users besides root and the owner may write. On a file system that is
/// mounted read-only nobody writes: Kubernetes mounts configurations like that, in
/// folders with all permissions.
fn others_write(path: &Path, found: &Metadata) -> bool {
    let mode = found.mode();
    let by_mode = mode & OTHERS_WRITE != 0 || mode & GROUP_WRITES != 0 && !is_own_group(found);
    by_mode && !statvfs(path).is_ok_and(|fs| fs.f_flag.contains(StatVfsMountFlags::RDONLY))
}

/// Whether the group is the one that systems make for each user, with nobody else
/// in it: its number is the user's.
fn is_own_group(found: &Metadata) -> bool {
    let user = geteuid().as_raw();
    user != 0 && found.uid() == user && found.gid() == user && getegid().as_raw() == user
}

#[cfg(test)]
mod tests;

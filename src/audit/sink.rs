//! Where the lines go: a file, a named pipe, or standard output.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, OFlags, flock};

use super::config::FileMode;

/// A place to write to.
pub(super) enum Sink {
    /// A file or a named pipe.
    File(FileSink),
    /// Standard output; a reader that stalls holds the writing thread up.
    Stdout(Box<dyn Write + Send>),
}

/// Why bytes were not written, and how many of them were.
#[derive(Debug)]
pub(super) struct NotWritten {
    /// For a person.
    pub(super) error: io::Error,
    /// How many bytes stand in the file nevertheless.
    pub(super) left: usize,
}

impl Sink {
    /// Opens it, if it is not open.
    ///
    /// # Errors
    /// When it cannot be opened, or another process writes to it. Returns whether it was
    /// opened by this call.
    pub(super) fn open(&mut self) -> io::Result<bool> {
        match self {
            Self::File(file) => file.open(),
            Self::Stdout(_) => Ok(false),
        }
    }

    /// The path, if what was written there can be read again.
    pub(super) fn readable(&self) -> Option<&Path> {
        match self {
            Self::File(file) if file.is_regular => Some(&file.path),
            Self::File(_) | Self::Stdout(_) => None,
        }
    }

    /// Writes these bytes, all or none as far as that can be had.
    ///
    /// # Errors
    /// [`NotWritten`]; the same bytes have to be written again.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), NotWritten> {
        match self {
            Self::File(file) => file.write(bytes),
            Self::Stdout(to) => {
                let written = to.write_all(bytes).and_then(|()| to.flush());
                written.map_err(|error| NotWritten { error, left: 0 })
            }
        }
    }

    /// Has what was written survive the machine.
    pub(super) fn sync(&self) -> io::Result<()> {
        match self {
            Self::File(FileSink {
                file: Some(file),
                is_regular: true,
                ..
            }) => file.sync_data(),
            Self::File(_) | Self::Stdout(_) => Ok(()),
        }
    }

    /// Closes it, so that the next write opens it anew.
    pub(super) fn close(&mut self) {
        if let Self::File(file) = self {
            file.close();
        }
    }
}

/// A file or a named pipe.
pub(super) struct FileSink {
    path: PathBuf,
    mode: FileMode,
    file: Option<File>,
    is_regular: bool,
    /// How much of the bytes of the last call a pipe took.
    taken: usize,
}

impl FileSink {
    pub(super) fn new(path: PathBuf, mode: FileMode) -> Self {
        Self {
            path,
            mode,
            file: None,
            is_regular: false,
            taken: 0,
        }
    }

    fn open(&mut self) -> io::Result<bool> {
        if self.file.is_some() {
            return Ok(false);
        }
        // A named pipe that nobody reads is an error at once, and one that is full too.
        let flags = (OFlags::NONBLOCK | OFlags::CLOEXEC).bits();
        let file = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(self.mode.bits())
            .custom_flags(flags.cast_signed())
            .open(&self.path)
            .map_err(|error| self.explained(error))?;
        let facts = file.metadata()?;
        self.is_regular = facts.is_file();
        if self.is_regular {
            self.lock(&file)?;
            self.narrow(&file, facts.mode())?;
        }
        self.taken = 0;
        self.file = Some(file);
        Ok(true)
    }

    fn lock(&self, file: &File) -> io::Result<()> {
        match flock(file, FlockOperation::NonBlockingLockExclusive) {
            Err(rustix::io::Errno::WOULDBLOCK) => Err(io::Error::new(
                io::ErrorKind::ResourceBusy,
                format!("another process writes to {}", self.path.display()),
            )),
            // Not every file system has locks.
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Nobody else may read or write the file, also if it was there before.
    fn narrow(&self, file: &File, mode: u32) -> io::Result<()> {
        if mode & 0o777 == self.mode.bits() {
            return Ok(());
        }
        let narrowed = file.set_permissions(Permissions::from_mode(self.mode.bits()));
        narrowed.map_err(|error| {
            let path = self.path.display();
            let text = format!(
                "the mode of {path} cannot be set to {:o}: {error}",
                self.mode.bits()
            );
            io::Error::new(error.kind(), text)
        })
    }

    fn explained(&self, error: io::Error) -> io::Error {
        let path = self.path.display();
        let is_pipe_without_reader =
            error.raw_os_error() == Some(rustix::io::Errno::NXIO.raw_os_error());
        let text = match is_pipe_without_reader {
            true => format!("nobody reads the named pipe {path}"),
            false => format!("{path} cannot be opened: {error}"),
        };
        io::Error::new(error.kind(), text)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), NotWritten> {
        let lost = |error| NotWritten { error, left: 0 };
        self.open().map_err(lost)?;
        let Some(file) = &mut self.file else {
            return Err(lost(io::ErrorKind::NotFound.into()));
        };
        let before = match self.is_regular {
            true => Some(file.metadata().map_err(lost)?.len()),
            false => None,
        };
        let mut written = self.taken.min(bytes.len());
        let error = loop {
            match file.write(&bytes[written..]) {
                Ok(0) if written < bytes.len() => break io::ErrorKind::WriteZero.into(),
                Ok(count) => written += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => break error,
            }
            if written == bytes.len() {
                self.taken = 0;
                return Ok(());
            }
        };
        match before {
            // The part of a line is taken back, where the file may be cut.
            Some(_) if written == 0 => Err(lost(error)),
            Some(length) => match file.set_len(length) {
                Ok(()) => Err(lost(error)),
                Err(_) => Err(NotWritten {
                    error,
                    left: written,
                }),
            },
            None if error.kind() == io::ErrorKind::WouldBlock => {
                self.taken = written;
                let text = format!("{} is not read", self.path.display());
                Err(lost(io::Error::new(io::ErrorKind::WouldBlock, text)))
            }
            None => {
                self.close();
                Err(lost(error))
            }
        }
    }

    fn close(&mut self) {
        self.file = None;
        self.taken = 0;
    }
}

/// The path beside `path` for a command that works itself while the daemon writes there.
pub(super) fn path_of_command(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".command");
    path.with_file_name(name)
}

/// Whether another process holds the file at this path.
pub(super) fn is_held(path: &Path) -> bool {
    // To open a named pipe that nobody reads would wait.
    if !fs::metadata(path).is_ok_and(|facts| facts.is_file()) {
        return false;
    }
    let file = OpenOptions::new().append(true).open(path);
    file.is_ok_and(|file| {
        let locked = flock(&file, FlockOperation::NonBlockingLockExclusive);
        matches!(locked, Err(rustix::io::Errno::WOULDBLOCK))
    })
}

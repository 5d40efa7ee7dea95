//! The service provider alone, for clients and tests of other people.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::folder::Folder;
use crate::demo::service_provider::{DemoServiceProvider, Options};
use crate::ports::Clock;

/// A service provider whose admin token is in a file. It stops, and the file is gone,
/// when it is dropped.
pub struct Alone {
    /// The service provider.
    pub provider: DemoServiceProvider,
    admin_token_file: PathBuf,
    _folder: Folder,
}

impl Alone {
    /// Starts it at this port on loopback; 0 takes a free one.
    ///
    /// # Errors
    /// When the port or a folder cannot be had.
    pub async fn start(clock: Arc<dyn Clock>, port: u16) -> io::Result<Self> {
        let mut options = Options::new(clock);
        options.port = port;
        let provider = DemoServiceProvider::start(options).await?;
        let folder = Folder::new(&std::env::temp_dir())?;
        let admin_token_file = folder.write("admin-token", provider.admin_token().expose())?;
        Ok(Self {
            provider,
            admin_token_file,
            _folder: folder,
        })
    }

    /// The file with the bearer token of the admin API.
    #[must_use]
    pub fn admin_token_file(&self) -> &Path {
        &self.admin_token_file
    }
}

//! The answers of a scene for somebody else's client: a vendor's SDK decodes
//! them, and what it sends is recorded.

use std::fs::File;
use std::net::SocketAddr;
use std::sync::Arc;

use super::clock::SceneClock;
use super::file::Replay;
use super::recorded::Recorded;
use super::run::beginning;
use super::script::{Mode, Script};
use super::server::Server;

/// A scene whose answers are served; it ends when it is dropped.
///
/// A request gets the next exchange that is left with its method and its path,
/// whatever host it names. In what else it differs from the one that the replay
/// expects is recorded, not refused. A request that no exchange fits gets 501.
/// A placeholder that no request has given a value stands for its own name.
pub struct Served {
    script: Arc<Script>,
    server: Server,
}

impl Served {
    /// Serves a scene on loopback. Port 0 takes a free one. Each request is also
    /// written to `record` as a line of JSON.
    ///
    /// # Errors
    /// When there is no such scene, or the port cannot be listened at.
    pub async fn start(
        replay: &Replay,
        scene: &str,
        port: u16,
        record: Option<File>,
    ) -> Result<Self, String> {
        let scene = replay.scene(scene)?;
        let script = Arc::new(Script::new(
            &scene.name,
            replay.exchanges_of(scene)?,
            beginning(replay, scene),
            Mode::Serving,
            Arc::new(SceneClock::at(replay.begin(scene))),
        ));
        if let Some(file) = record {
            script.record_into(file);
        }
        let server = Server::start(Arc::clone(&script), port)
            .await
            .map_err(|e| format!("port {port} of loopback cannot be listened at: {e}"))?;
        Ok(Self { script, server })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// All requests so far.
    #[must_use]
    pub fn requests(&self) -> Vec<Recorded> {
        self.script.recorded()
    }
}

//! The lines between the nodes: one proxy for each pair and direction, so that
//! a node can be cut off while clients still reach it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use url::Url;

use super::super::cut::{Cut, Line};

/// Process ids of the nodes.
type Running = Arc<Mutex<BTreeMap<usize, u32>>>;

/// All lines; they break when dropped.
pub(super) struct Links {
    /// By the node that calls and the node that is called.
    pairs: Arc<BTreeMap<(usize, usize), Cut>>,
    known_as: Vec<SocketAddr>,
    running: Running,
    _doors: JoinSet<()>,
}

impl Links {
    /// Stands before nodes that will listen at these ports.
    pub(super) async fn start(listening: &[u16]) -> Self {
        let mut pairs = BTreeMap::new();
        for (to, port) in listening.iter().enumerate() {
            let upstream = Url::parse(&format!("http://127.0.0.1:{port}")).expect("a URL");
            for from in (0..listening.len()).filter(|from| *from != to) {
                pairs.insert((from, to), Cut::start(&upstream).await);
            }
        }
        let pairs = Arc::new(pairs);
        let running = Running::default();
        let (mut known_as, mut doors) = (Vec::new(), JoinSet::new());
        for to in 0..listening.len() {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            known_as.push(listener.local_addr().expect("an address"));
            let door = Door {
                to,
                pairs: Arc::clone(&pairs),
                running: Arc::clone(&running),
            };
            doors.spawn(door.open(listener));
        }
        Self {
            pairs,
            known_as,
            running,
            _doors: doors,
        }
    }

    /// Where the others find a node.
    pub(super) fn address_of(&self, node: usize) -> SocketAddr {
        self.known_as[node]
    }

    /// Says which process a node is: calls are told apart by it.
    pub(super) fn runs(&self, node: usize, process: u32) {
        self.running.lock().insert(node, process);
    }

    /// How all lines from and to a node are from now on.
    pub(super) fn set(&self, node: usize, line: Line) {
        for ((from, to), cut) in self.pairs.iter() {
            if *from == node || *to == node {
                cut.set(line);
            }
        }
    }
}

/// Where a node is called.
struct Door {
    to: usize,
    pairs: Arc<BTreeMap<(usize, usize), Cut>>,
    running: Running,
}

impl Door {
    async fn open(self, listener: TcpListener) {
        let here = listener.local_addr().expect("an address");
        let mut calls = JoinSet::new();
        loop {
            tokio::select! {
                Ok((call, caller)) = listener.accept() => {
                    let from = self.who(caller, here);
                    let line = from.and_then(|from| self.pairs.get(&(from, self.to)));
                    let Some(line) = line.map(|cut| cut.url.clone()) else {
                        continue;
                    };
                    calls.spawn(carry(call, line));
                }
                Some(_) = calls.join_next() => {}
            }
        }
    }

    /// The node whose process holds the other end of a connection.
    fn who(&self, caller: SocketAddr, here: SocketAddr) -> Option<usize> {
        let inode = inode_of(caller, here)?;
        let wanted = format!("socket:[{inode}]");
        let running = self.running.lock().clone();
        let holds = |process: &u32| -> Option<()> {
            let mut open = std::fs::read_dir(format!("/proc/{process}/fd")).ok()?;
            let is_it = |entry: std::fs::DirEntry| {
                std::fs::read_link(entry.path()).is_ok_and(|to| to.as_os_str() == &*wanted)
            };
            open.any(|entry| entry.is_ok_and(is_it)).then_some(())
        };
        running
            .iter()
            .find_map(|(node, process)| holds(process).map(|()| *node))
    }
}

/// The kernel's number of the socket with these ends.
fn inode_of(local: SocketAddr, remote: SocketAddr) -> Option<String> {
    let table = std::fs::read_to_string("/proc/net/tcp").ok()?;
    let end = |address: SocketAddr| format!("0100007F:{:04X}", address.port());
    let (local, remote) = (end(local), end(remote));
    table.lines().find_map(|line| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let is_it = columns.get(1) == Some(&&*local) && columns.get(2) == Some(&&*remote);
        is_it.then(|| columns.get(9).map(|inode| (*inode).to_owned()))?
    })
}

async fn carry(mut call: TcpStream, line: Url) {
    let port = line.port().expect("a port");
    if let Ok(mut there) = TcpStream::connect(("127.0.0.1", port)).await {
        // Either end may break it off at any time.
        tokio::io::copy_bidirectional(&mut call, &mut there)
            .await
            .ok();
    }
}

//! Ports for servers that cannot choose one themselves.
//!
//! Several test programs run at the same time, and each of their servers is
//! given its port before it binds it. So a program takes whole blocks of ports,
//! locked until it ends: no other program binds one of them meanwhile, not even
//! to see whether it is free, and a server finds its port again after a restart.

use std::fs::File;
use std::net::TcpListener;
use std::sync::LazyLock;

use parking_lot::Mutex;

/// Ports that the kernel gives to nobody by itself (`ip_local_port_range` begins
/// at 32768), so that none is taken by a connection while a server starts.
const FIRST_PORT: u16 = 14_000;
const BLOCKS: u16 = 300;
const BLOCK: u16 = 50;

/// A port on loopback that nobody uses, nor the one after it: some servers
/// take two. Each call tells another one.
pub fn free_port() -> u16 {
    static OURS: LazyLock<Mutex<Blocks>> = LazyLock::new(Mutex::default);
    let mut ours = OURS.lock();
    loop {
        let port = ours.next_pair();
        let bind = |port| TcpListener::bind(("127.0.0.1", port));
        if bind(port).is_ok() && bind(port + 1).is_ok() {
            return port;
        }
    }
}

/// The blocks that this program has taken.
#[derive(Default)]
struct Blocks {
    /// A lock on each of them; the kernel releases it when this program ends.
    locks: Vec<File>,
    /// What is left of the last one.
    left: std::ops::Range<u16>,
}

impl Blocks {
    fn next_pair(&mut self) -> u16 {
        if self.left.is_empty() {
            let (block, lock) = (0..BLOCKS)
                .find_map(|block| Some((block, lock(block)?)))
                .expect("a block of ports that no other test program has taken");
            self.locks.push(lock);
            let begin = FIRST_PORT + block * BLOCK;
            self.left = begin..begin + BLOCK;
        }
        let port = self.left.start;
        self.left.start += 2;
        port
    }
}

/// The lock on this block, unless a program holds it, this one included.
fn lock(block: u16) -> Option<File> {
    let user = rustix::process::getuid().as_raw();
    let folder = std::env::temp_dir().join(format!("scim-rotator-test-ports-{user}"));
    std::fs::create_dir_all(&folder).expect("a folder for the locks");
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(folder.join(block.to_string()))
        .expect("a file to lock");
    file.try_lock().is_ok().then_some(file)
}

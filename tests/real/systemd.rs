//! What systemd hears from the daemon.

use std::net::TcpListener;
use std::os::unix::net::UnixDatagram;
use std::path::Path;

use super::house::{House, is_settled};
use super::parts::{DUE, Keeper, better_auth_issuer, due_at_once, token};
use super::support::better_auth::BetterAuth;
use super::wait::eventually;

#[tokio::test]
async fn systemd_hears_of_start_state_heartbeat_and_end() {
    let (Some(mut house), Some(server)) = (House::new().await, BetterAuth::start()) else {
        return;
    };
    due_at_once(&house, &server).await;
    let keeper = Keeper::new(&house);
    let sections = [
        better_auth_issuer(&mut house, &server).await,
        keeper.connection(&house),
        token(&server.scim_url(), "idp", DUE),
    ];
    let mut systemd = Systemd::new(&house.path("notify"));
    let environment = systemd.environment("3000000");
    let environment: Vec<_> = environment.iter().map(|(k, v)| (*k, v.as_str())).collect();
    let mut daemon = house.run_with(&sections.concat(), &environment).await;
    systemd.hears("READY=1\nSTATUS=").await;
    house.until("it works", is_settled).await;
    systemd.hears("STATUS=1 token").await;
    for _ in 0..3 {
        systemd.hears("WATCHDOG=1").await;
    }
    daemon.terminate();
    systemd.hears("STOPPING=1").await;
    assert!(daemon.wait().await.success());
    systemd.tell(&house);
    house.close().await;
}

/// A Vault whose audit device is blocked takes connections and never answers.
#[tokio::test]
async fn the_heartbeat_goes_on_while_vault_keeps_a_login_waiting() {
    let Some(mut house) = House::new().await else {
        return;
    };
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = silent.local_addr().expect("an address").to_string();
    house.longest_call = 60;
    house.vault_addresses = vec![format!("http://{address}")];
    let mut systemd = Systemd::new(&house.path("notify"));
    let environment = systemd.environment("6000000");
    let environment: Vec<_> = environment.iter().map(|(k, v)| (*k, v.as_str())).collect();
    let mut daemon = house.run_with("", &environment).await;
    for _ in 0..2 {
        systemd.hears("WATCHDOG=1").await;
    }
    assert!(
        !daemon.log().contains("waiting for Vault"),
        "the first login still waits for its answer"
    );
    daemon.terminate();
    assert!(daemon.wait().await.success());
    house.search().await;
}

/// The socket on which systemd listens.
struct Systemd {
    socket: UnixDatagram,
    path: String,
    heard: Vec<String>,
}

impl Systemd {
    fn new(path: &Path) -> Self {
        let socket = UnixDatagram::bind(path).expect("a socket");
        socket.set_nonblocking(true).expect("it can");
        Self {
            socket,
            path: path.display().to_string(),
            heard: Vec::new(),
        }
    }

    /// The variables that a service is started with.
    fn environment(&self, watchdog_microseconds: &str) -> [(&'static str, String); 2] {
        [
            ("NOTIFY_SOCKET", self.path.clone()),
            ("WATCHDOG_USEC", watchdog_microseconds.to_owned()),
        ]
    }

    /// What was heard is part of what the binary said.
    fn tell(&self, house: &House) {
        let mut heard = house.heard().lock();
        heard.insert("systemd".to_owned(), self.heard.concat().into_bytes());
    }

    /// Waits for a message that begins so; others before it are passed over.
    async fn hears(&mut self, begin: &str) {
        eventually(begin, async || {
            let mut buffer = [0; 1024];
            while let Ok(length) = self.socket.recv(&mut buffer) {
                let message = String::from_utf8_lossy(&buffer[..length]).into_owned();
                let wanted = message.starts_with(begin);
                self.heard.push(message);
                if wanted {
                    return Some(());
                }
            }
            None
        })
        .await;
    }
}

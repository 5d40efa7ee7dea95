//! A server on loopback that answers with the bytes it is given.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use parking_lot::Mutex;
use url::Url;

/// From the path of a request and what was given last to the whole answer.
type Answering = fn(&str, &[u8]) -> Vec<u8>;

/// The server; its threads end with the process.
pub(super) struct Server {
    given: Arc<Mutex<Vec<u8>>>,
    url: Url,
}

impl Server {
    pub(super) fn start(answering: Answering) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let given = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&given);
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let given = Arc::clone(&shared);
                std::thread::spawn(move || serve(connection, answering, &given));
            }
        });
        Self {
            given,
            url: Url::parse(&format!("http://{address}/")).expect("a URL"),
        }
    }

    pub(super) fn url(&self) -> Url {
        self.url.clone()
    }

    /// What the next answers are made of.
    pub(super) fn answer(&self, given: Vec<u8>) {
        *self.given.lock() = given;
    }
}

/// Answers requests without a body until the other side closes.
fn serve(mut connection: TcpStream, answering: Answering, given: &Mutex<Vec<u8>>) {
    connection.set_nodelay(true).ok();
    let mut request = Vec::new();
    let mut part = [0; 4096];
    loop {
        while let Some(end) = request.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&request[..end]).into_owned();
            let path = head.split(' ').nth(1).unwrap_or_default();
            let answer = answering(path, &given.lock());
            if connection.write_all(&answer).is_err() {
                return;
            }
            request.drain(..end + 4);
        }
        match connection.read(&mut part) {
            Ok(read @ 1..) => request.extend_from_slice(&part[..read]),
            Ok(0) | Err(_) => return,
        }
    }
}

//! An HTTP proxy that lets everything through and notes whom it was asked for.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

/// A running proxy; it ends with its test.
pub struct ConnectProxy {
    pub url: Url,
    asked: Arc<Mutex<Vec<String>>>,
}

impl ConnectProxy {
    #[expect(
        clippy::disallowed_methods,
        reason = "the proxy lives as long as its test"
    )]
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let asked = Arc::new(Mutex::new(Vec::new()));
        let notes = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(serve(client, Arc::clone(&notes)));
            }
        });
        Self {
            url: Url::parse(&format!("http://{address}")).expect("a URL"),
            asked,
        }
    }

    /// The first lines of all requests so far.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().clone()
    }
}

async fn serve(mut client: TcpStream, notes: Arc<Mutex<Vec<String>>>) -> Option<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).ok()?;
    let line = head.lines().next()?.to_owned();
    let target = line.split(' ').nth(1)?.to_owned();
    notes.lock().push(line);
    let mut server = TcpStream::connect(target).await.ok()?;
    let ready = b"HTTP/1.1 200 Connection established\r\n\r\n";
    client.write_all(ready).await.ok()?;
    tokio::io::copy_bidirectional(&mut client, &mut server)
        .await
        .ok()?;
    Some(())
}

//! A name that leads somewhere else at each question.

use futures_util::future::BoxFuture;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::super::addresses::Addresses;
use super::super::failure::Failure;
use super::*;

/// A name server whose answers are written down; the last one stays.
struct Rebinding {
    answers: Mutex<Vec<Vec<SocketAddr>>>,
    asked: Mutex<usize>,
}

impl Rebinding {
    fn new(answers: &[&[&str]]) -> Arc<Self> {
        let address = |text: &&str| SocketAddr::new(text.parse().expect("an address"), 0);
        let answers = answers.iter().map(|all| all.iter().map(address).collect());
        Arc::new(Self {
            answers: Mutex::new(answers.collect()),
            asked: Mutex::default(),
        })
    }

    fn asked(&self) -> usize {
        *self.asked.lock()
    }
}

impl Lookup for Rebinding {
    fn lookup(&self, _name: &str) -> BoxFuture<'static, std::io::Result<Vec<SocketAddr>>> {
        *self.asked.lock() += 1;
        let mut answers = self.answers.lock();
        let answer = match answers.len() {
            1 => answers[0].clone(),
            _ => answers.remove(0),
        };
        Box::pin(async move { Ok(answer) })
    }
}

/// A server that answers every request, and closes the connection after it.
struct Heard {
    port: u16,
    requests: Arc<Mutex<usize>>,
    _server: tokio::task::JoinSet<()>,
}

impl Heard {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let requests: Arc<Mutex<usize>> = Arc::default();
        let counted = Arc::clone(&requests);
        let mut server = tokio::task::JoinSet::new();
        server.spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut head = vec![0; 1024];
                drop(stream.read(&mut head).await);
                *counted.lock() += 1;
                let answer = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
                drop(stream.write_all(answer).await);
            }
        });
        Self {
            port,
            requests,
            _server: server,
        }
    }

    /// How a request to a name ends: by its status, or by why there is none.
    async fn asked_by(&self, client: &reqwest::Client) -> Result<u16, String> {
        let url = format!("http://sp.example:{}/scim/v2/Users", self.port);
        match client.get(url).bearer_auth("the-token").send().await {
            Ok(answer) => Ok(answer.status().as_u16()),
            Err(error) => {
                let failure = Failure::of(&error);
                Err(if let Failure::Forbidden(why) = &failure {
                    why.to_string()
                } else {
                    format!("another failure: {}", failure.code())
                })
            }
        }
    }
}

#[tokio::test]
async fn an_address_is_looked_at_again_at_each_connection_and_it_is_the_one_contacted() {
    let server = Heard::start().await;
    let names = Rebinding::new(&[
        &["127.0.0.1"],
        &["169.254.169.254"],
        &["::ffff:169.254.169.254", "fd00:ec2::254"],
        &["fe80::1", "169.254.0.1", "0.0.0.0"],
        &["127.0.0.1"],
    ]);
    let from = Arc::clone(&names) as Arc<dyn Lookup>;
    let client = build_with(&ClientSettings::default(), from).expect("a client");
    assert_eq!(server.asked_by(&client).await, Ok(200));
    for expected in ["169.254.169.254", "::ffff:169.254.169.254", "fe80::1"] {
        let asked = server.asked_by(&client).await;
        let why = asked.expect_err("a forbidden address");
        let names_it = why.starts_with(expected) && why.contains("permit_addresses");
        assert!(names_it && !why.contains("the-token"), "{why}");
    }
    assert_eq!(
        server.asked_by(&client).await,
        Ok(200),
        "the true one again"
    );
    assert_eq!(names.asked(), 5, "each connection asks");
    assert_eq!(*server.requests.lock(), 2, "nothing was sent to the others");
}

#[tokio::test]
async fn of_several_addresses_the_forbidden_ones_are_left_out() {
    let server = Heard::start().await;
    let names = Rebinding::new(&[&["169.254.169.254", "127.0.0.1", "fe80::1"]]);
    let client = build_with(&ClientSettings::default(), names).expect("a client");
    assert_eq!(server.asked_by(&client).await, Ok(200));
}

/// Without the guard the same request arrives: it is the guard that holds it back.
/// 0.0.0.0 leads to this machine.
#[tokio::test]
async fn a_permitted_address_is_contacted() {
    let server = Heard::start().await;
    let with = |addresses| {
        let settings = ClientSettings {
            addresses,
            ..ClientSettings::default()
        };
        build_with(&settings, Rebinding::new(&[&["0.0.0.0"]])).expect("a client")
    };
    let permitted = Addresses::Guarded(vec!["0.0.0.0".parse().expect("an address")]);
    let refused = server.asked_by(&with(Addresses::default())).await;
    assert!(refused.is_err_and(|why| why.starts_with("0.0.0.0")));
    assert_eq!(server.asked_by(&with(permitted)).await, Ok(200));
    assert_eq!(server.asked_by(&with(Addresses::Any)).await, Ok(200));
}

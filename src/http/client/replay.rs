//! The way of all requests of a client for replays: to a server on loopback.

use std::net::SocketAddr;

use http::HeaderValue;
use http::header::HOST;
use url::{Position, Url};

use super::super::message::Request;

/// Sends requests to a replay server in place of the host that their URL names.
pub(super) struct Detour {
    server: SocketAddr,
}

impl Detour {
    /// A way to this server.
    ///
    /// # Errors
    /// When it is not on loopback: what is sent is not encrypted.
    pub(super) fn to(server: SocketAddr) -> Result<Self, String> {
        if server.ip().is_loopback() {
            return Ok(Self { server });
        }
        Err(format!(
            "{server} is not on loopback: replays stay on this machine"
        ))
    }

    /// Points the request at the server and names its real host in `Host`.
    ///
    /// # Errors
    /// When it cannot be pointed there: then it must not be sent at all.
    pub(super) fn divert(&self, request: &mut Request) -> Result<(), &'static str> {
        let host = HeaderValue::from_str(&request.host())
            .map_err(|_| "its host cannot stand in a header")?;
        let rest = &request.url[Position::BeforePath..];
        let url = Url::parse(&format!("http://{}{rest}", self.server))
            .map_err(|_| "its URL cannot be sent to the replay server")?;
        request.headers.insert(HOST, host);
        request.url = url;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;

    fn detour() -> Detour {
        let server = "127.0.0.1:4001".parse().expect("an address");
        Detour::to(server).expect("a way")
    }

    #[test]
    fn a_request_keeps_its_path_its_query_and_the_name_of_its_host() {
        for (url, diverted, host) in [
            (
                "https://acme.example.com/api/a%2Fb?x=1%202",
                "http://127.0.0.1:4001/api/a%2Fb?x=1%202",
                "acme.example.com",
            ),
            (
                "https://acme.example.com:8443",
                "http://127.0.0.1:4001/",
                "acme.example.com:8443",
            ),
        ] {
            let url = Url::parse(url).expect("a URL");
            let mut request = Request::new(Method::GET, url, "list");
            detour().divert(&mut request).expect("diverted");
            assert_eq!(request.url.as_str(), diverted);
            assert_eq!(request.headers[HOST], host);
        }
    }

    #[test]
    fn only_loopback_is_a_way() {
        let elsewhere = "192.0.2.1:80".parse().expect("an address");
        assert!(Detour::to(elsewhere).is_err());
    }
}

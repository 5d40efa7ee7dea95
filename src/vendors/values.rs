//! Values of parameters that are more than a text.

use serde::{Deserialize, Deserializer, de};
use url::Url;

use crate::http::client::allowed;

/// A host, or host and port, without scheme and path: `acme.example.com`,
/// `127.0.0.1:8443`, `[::1]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host(pub String);

impl Host {
    /// Reads a host.
    ///
    /// # Errors
    /// Says what stands there besides the host.
    pub fn parse(text: &str) -> Result<Self, String> {
        const HOW: &str =
            "write the host alone, such as \"acme.example.com\" or \"acme.example.com:8443\"";
        if text.contains("://") {
            return Err(format!("a host has no scheme: {HOW}"));
        }
        if text.contains(['/', '?', '#', '@', '\\']) || text.contains(char::is_whitespace) {
            return Err(format!("there is more here than a host: {HOW}"));
        }
        let url = Url::parse(&format!("https://{text}/"));
        let sound = url.is_ok_and(|url| url.has_host() && url.path() == "/");
        // A template puts the text into a URL as it stands.
        let plain = |c: char| c.is_ascii_alphanumeric() || ".-_:[]".contains(c);
        if sound && text.chars().all(plain) {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!("this is not a host: {HOW}"))
        }
    }
}

impl<'de> Deserialize<'de> for Host {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

/// A whole URL that a request may go to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerUrl(pub Url);

impl<'de> Deserialize<'de> for ServerUrl {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let url = Url::deserialize(from)?;
        match allowed(&url) {
            Ok(()) => Ok(Self(url)),
            Err(why) => Err(de::Error::custom(format!(
                "{why}: write a whole URL, such as \"https://acme.example.com/api\""
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_bare_origin() {
        let good = [
            "acme.example.com",
            "acme.example.com:8443",
            "localhost",
            "127.0.0.1:80",
            "[::1]:8443",
            "a_b.example.com",
        ];
        for text in good {
            assert_eq!(Host::parse(text), Ok(Host(text.to_owned())));
        }
        let bad = [
            ("", "not a host"),
            ("https://acme.example.com", "no scheme"),
            ("acme.example.com/", "more here than a host"),
            ("acme.example.com/api", "more here than a host"),
            ("acme.example.com?x", "more here than a host"),
            ("acme.example.com#x", "more here than a host"),
            ("user@acme.example.com", "more here than a host"),
            ("acme.example.com\\@evil.example", "more here than a host"),
            (" acme.example.com", "more here than a host"),
            ("acme.example.com\n", "more here than a host"),
            ("acme.example.com:port", "not a host"),
            ("acme.example.com:99999", "not a host"),
            ("{{ token }}", "more here than a host"),
            ("acmé.example.com", "not a host"),
            ("a%2fb.example.com", "not a host"),
        ];
        for (text, expected) in bad {
            let said = Host::parse(text).expect_err(text);
            assert!(said.contains(expected), "{text}: {said}");
        }
    }

    #[test]
    fn a_url_is_encrypted_or_stays_here() {
        let read = |text: &str| {
            let value = toml::Value::String(text.to_owned());
            ServerUrl::deserialize(value).map_err(|e| e.to_string())
        };
        for text in ["https://a.example/x", "http://127.0.0.1:8/x"] {
            assert!(read(text).is_ok(), "{text}");
        }
        for (text, expected) in [
            ("http://a.example", "clear text"),
            ("ftp://a.example", "only https"),
            ("https://u:p@a.example", "user name or password"),
            ("a.example", "relative URL"),
        ] {
            let said = read(text).expect_err(text);
            assert!(said.contains(expected), "{text}: {said}");
        }
    }
}

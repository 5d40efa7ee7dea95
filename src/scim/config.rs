//! The keys of a token's `probe` table.

use serde::Deserialize;

use crate::problem::Problems;
use crate::secret::MAX_TOKEN_LEN;

/// How the probes of one token read from its service provider. The defaults
/// suit a server that follows RFC 7644.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProbeConfig {
    /// The protected collection that is read, below the SCIM base URL.
    pub path: String,
    /// Which read is tried first; the others follow if the server does not
    /// support it.
    pub read: Read,
    /// Whether `ServiceProviderConfig` is requested first, without the token.
    /// Then an unreachable server is noticed before the token is sent.
    pub discovery: bool,
    /// Whether the same read must be refused without a token and with a wrong
    /// one. Without these controls the proof suffices for a delivery only:
    /// superseded tokens are then kept until they expire.
    pub negative_controls: bool,
    /// Whether a list is accepted that does not name the `ListResponse` schema
    /// (SCIM 1.1, self-written servers). An `Error` is never accepted.
    pub accept_non_scim: bool,
    /// Header that carries the token.
    pub header: String,
    /// Scheme before the token in that header; empty for the token alone.
    pub scheme: String,
    /// Longest token that the server accepts, in bytes.
    pub max_token_length: usize,
    /// How many refusals in a row, within one round, prove that an old token is
    /// refused; several, because servers behind a load balancer cache tokens.
    pub refusals_needed: u8,
}

/// A read that a service provider may be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Read {
    /// `?filter=userName eq "<nobody>"&count=1`: reads no person's data.
    Filter,
    /// `?startIndex=1&count=1`: reads one entry.
    Count,
    /// The collection without a query: the server's default page.
    Plain,
}

impl Default for ProbeConfig {
    fn default() -> Self {
        Self {
            path: "Users".to_owned(),
            read: Read::Filter,
            discovery: true,
            negative_controls: true,
            accept_non_scim: false,
            header: "Authorization".to_owned(),
            scheme: "Bearer".to_owned(),
            max_token_length: MAX_TOKEN_LEN,
            refusals_needed: 2,
        }
    }
}

/// More refusals would not fit into the requests of a round.
const MOST_REFUSALS: u8 = 4;

impl ProbeConfig {
    /// Notes what is wrong with these settings; `path` is the dotted path of
    /// their table.
    pub fn check(&self, path: &str, problems: &mut Problems) {
        let at = |key: &str| format!("{path}.{key}");
        if !is_relative_path(&self.path) {
            problems.error(
                at("path"),
                format!("`{}` is not a path below the SCIM base URL", self.path),
                "name the collection alone, such as \"Users\", without a scheme, a query, `..` or a leading slash",
            );
        }
        if http::HeaderName::from_bytes(self.header.as_bytes()).is_err() {
            problems.error(
                at("header"),
                format!("`{}` cannot be the name of an HTTP header", self.header),
                "write a header name such as \"Authorization\"",
            );
        }
        if !self.scheme.bytes().all(|b| b.is_ascii_graphic()) {
            problems.error(
                at("scheme"),
                "the scheme holds white space or a character outside visible ASCII",
                "write one word such as \"Bearer\", or \"\" to send the token alone",
            );
        }
        if !(1..=MAX_TOKEN_LEN).contains(&self.max_token_length) {
            problems.error(
                at("max_token_length"),
                format!("{} is outside 1 to {MAX_TOKEN_LEN}", self.max_token_length),
                "write the length that the service provider takes, or leave the key out",
            );
        }
        if !(1..=MOST_REFUSALS).contains(&self.refusals_needed) {
            problems.error(
                at("refusals_needed"),
                format!("{} is outside 1 to {MOST_REFUSALS}", self.refusals_needed),
                "write a small number, or leave the key out",
            );
        }
        if !self.negative_controls {
            problems.warning(
                at("negative_controls"),
                "without controls no probe shows that the service provider checks tokens at all, so superseded tokens are never revoked, only left to expire",
                "leave the key out unless the service provider locks accounts after one wrong token",
            );
        }
    }
}

fn is_relative_path(path: &str) -> bool {
    !path.is_empty()
        && path.split('/').all(|segment| {
            !segment.is_empty()
                && segment != "."
                && segment != ".."
                && segment
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~'))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_silent() {
        let mut problems = Problems::default();
        ProbeConfig::default().check("tokens.crm.probe", &mut problems);
        assert!(problems.all().is_empty(), "{problems:?}");
    }

    #[test]
    fn every_bad_value_is_named_by_its_key() {
        let cases = [
            ("path = \"../admin\"", "path"),
            ("path = \"https://evil.example\"", "path"),
            ("path = \"Users?x=1\"", "path"),
            ("path = \"\"", "path"),
            ("header = \"X Y\"", "header"),
            ("scheme = \"Bearer \"", "scheme"),
            ("max_token_length = 0", "max_token_length"),
            ("refusals_needed = 9", "refusals_needed"),
            ("negative_controls = false", "negative_controls"),
        ];
        for (text, key) in cases {
            let config: ProbeConfig = toml::from_str(text).expect(text);
            let mut problems = Problems::default();
            config.check("p", &mut problems);
            let paths: Vec<_> = problems.all().iter().map(|p| p.path.as_str()).collect();
            assert_eq!(paths, [format!("p.{key}")], "{text}");
        }
    }

    #[test]
    fn unknown_keys_and_reads_are_refused() {
        assert!(toml::from_str::<ProbeConfig>("user_path = \"Users\"").is_err());
        assert!(toml::from_str::<ProbeConfig>("read = \"search\"").is_err());
        let config: ProbeConfig = toml::from_str("read = \"plain\"").expect("valid");
        assert_eq!(config.read, Read::Plain);
    }
}

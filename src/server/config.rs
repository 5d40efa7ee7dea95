//! The section `[server]`.

use std::net::SocketAddr;

use serde::Deserialize;

use crate::problem::Problems;

/// Where metrics, health and status are served. All of it is read-only and
/// without secrets, so any address is permitted.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerConfig {
    /// Address and port; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Names with a dot under which it is asked, besides its addresses and the name
    /// of this machine. Requests for other names are refused, since a page of a
    /// stranger in a browser could read the answers.
    pub hosts: Vec<String>,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 9767)),
            hosts: Vec::new(),
        }
    }
}

impl ServerConfig {
    /// Notes what is wrong with the section at `path`.
    pub fn check(&self, path: &str, problems: &mut Problems) {
        if self.listen.port() == 0 {
            problems.warning(
                format!("{path}.listen"),
                "port 0 is another port at each start, so Prometheus cannot find it",
                "write a fixed port, such as 127.0.0.1:9767",
            );
        }
        for (index, host) in self.hosts.iter().enumerate() {
            if !is_host(host) {
                problems.error(
                    format!("{path}.hosts[{index}]"),
                    format!("`{host}` is not the name of a host"),
                    "write the name alone, such as \"scim-rotator.example.com\": no scheme, no port, no `*`",
                );
            }
        }
    }
}

fn is_host(text: &str) -> bool {
    let named = matches!(url::Host::parse(text), Ok(url::Host::Domain(name)) if name.eq_ignore_ascii_case(text));
    named && !text.contains('*') && !text.ends_with('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_checked() {
        let any: ServerConfig = toml::from_str("listen = \"0.0.0.0:9767\"").expect("valid");
        let mut problems = Problems::default();
        any.check("server", &mut problems);
        assert!(problems.all().is_empty());
        let random: ServerConfig = toml::from_str("listen = \"[::1]:0\"").expect("valid");
        random.check("server", &mut problems);
        assert_eq!(problems.all().len(), 1);
        assert!(toml::from_str::<ServerConfig>("listen = \"9767\"").is_err());
    }

    #[test]
    fn hosts_are_names_alone() {
        for (host, fine) in [
            ("scim-rotator.example.com", true),
            ("Rotator.svc", true),
            ("*.example.com", false),
            ("https://example.com", false),
            ("example.com:9767", false),
            ("10.0.0.1", false),
            ("", false),
        ] {
            let config = ServerConfig {
                hosts: vec![host.to_owned()],
                ..ServerConfig::default()
            };
            let mut problems = Problems::default();
            config.check("server", &mut problems);
            assert_eq!(!problems.has_errors(), fine, "{host}: {problems:?}");
        }
    }
}

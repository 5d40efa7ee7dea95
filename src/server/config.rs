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
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 9767)),
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
    }
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
}

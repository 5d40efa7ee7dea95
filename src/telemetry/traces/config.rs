//! The section `[traces]`.

use std::collections::BTreeMap;

use http::HeaderName;
use jiff::SignedDuration;
use serde::{Deserialize, Deserializer, de};
use url::Url;

use super::encoding;
use crate::http::client::allowed;
use crate::problem::Problems;
use crate::secret::SecretRef;
use crate::value::{Credential, HumanDuration};

/// Where traces of rotations are sent; nowhere unless it is switched on.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TracesConfig {
    /// Whether traces are exported.
    pub enabled: bool,
    /// The URL of the collector for traces: OTLP over HTTP.
    pub endpoint: Option<Url>,
    /// Headers of each request; each value is a credential.
    pub headers: BTreeMap<String, Credential>,
    /// How long a request may take.
    pub timeout: HumanDuration,
    /// Share of the rotations that are traced.
    pub sample: Share,
}

impl Default for TracesConfig {
    fn default() -> Self {
        Self {
            enabled: false,
            endpoint: None,
            headers: BTreeMap::new(),
            timeout: HumanDuration(SignedDuration::from_secs(10)),
            sample: Share(1.0),
        }
    }
}

/// A share such as `"10%"`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share(pub f64);

impl<'de> Deserialize<'de> for Share {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let number = text.trim().strip_suffix('%').map(str::trim);
        let number = number.and_then(|number| number.parse::<f64>().ok());
        let number = number.filter(|number| (0.01..=100.0).contains(number));
        number.map(|number| Self(number / 100.0)).ok_or_else(|| {
            de::Error::custom(format!(
                "`{text}` is not a share of the rotations: write a percentage from \"0.01%\" to \"100%\""
            ))
        })
    }
}

/// Least and most of `timeout`.
const TIMEOUT: (SignedDuration, SignedDuration) = (
    SignedDuration::from_millis(100),
    SignedDuration::from_secs(60),
);

/// The port of OTLP over gRPC, which is not spoken.
const GRPC: u16 = 4317;

impl TracesConfig {
    /// Its credentials.
    #[must_use]
    pub fn credentials(&self) -> Vec<SecretRef> {
        self.headers.values().map(|one| one.0.clone()).collect()
    }

    /// Notes what is wrong with the section at `path`.
    pub fn check(&self, path: &str, problems: &mut Problems) {
        self.check_for(encoding().is_some(), path, problems);
    }

    /// The same for a build that has the feature `otlp` or lacks it.
    fn check_for(&self, can_export: bool, path: &str, problems: &mut Problems) {
        if self.enabled && !can_export {
            problems.error(
                format!("{path}.enabled"),
                "this program was built without the feature `otlp` and cannot export traces",
                "build it with `cargo build --release --features otlp`, or write `enabled = false`",
            );
        }
        if self.enabled && self.endpoint.is_none() {
            problems.error(
                format!("{path}.endpoint"),
                "it is not said where traces are sent",
                "write for example endpoint = \"https://collector.example.com:4318/v1/traces\"",
            );
        }
        if let Some(endpoint) = &self.endpoint {
            check_endpoint(endpoint, &format!("{path}.endpoint"), problems);
        }
        for name in self.headers.keys() {
            if HeaderName::from_bytes(name.as_bytes()).is_err() {
                problems.error(
                    format!("{path}.headers.{name}"),
                    "this cannot be the name of a header",
                    "write for example headers = { Authorization = { vault = \"<mount>/<path>#<field>\" } }",
                );
            }
        }
        let (least, most) = TIMEOUT;
        if self.timeout.0 < least || self.timeout.0 > most {
            problems.error(
                format!("{path}.timeout"),
                "requests to the collector end too early or too late",
                "write a time from \"100ms\" to \"60s\"",
            );
        }
    }
}

fn check_endpoint(endpoint: &Url, path: &str, problems: &mut Problems) {
    if let Err(why) = allowed(endpoint) {
        problems.error(path, why, "write a URL that begins with https://");
    }
    if endpoint.port() == Some(GRPC) {
        problems.error(
            path,
            "4317 is the port of OTLP over gRPC, and OTLP over HTTP is spoken here",
            "write the port of the collector's HTTP receiver, which is usually 4318",
        );
    } else if matches!(endpoint.path(), "" | "/") {
        problems.error(
            path,
            "the URL has no path, and nothing is added to it",
            format!("write {}v1/traces", endpoint.as_str()),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(text: &str, can_export: bool) -> Vec<String> {
        let config: TracesConfig = toml::from_str(text).expect("a section");
        let mut problems = Problems::default();
        config.check_for(can_export, "traces", &mut problems);
        let all = problems.all().iter();
        all.map(|one| format!("{}: {one:?}", one.path)).collect()
    }

    const GOOD: &str = "enabled = true\nendpoint = 'https://c.example.com:4318/v1/traces'";

    #[test]
    fn a_build_without_the_feature_refuses_what_it_cannot_do() {
        assert_eq!(complaints(GOOD, true), Vec::<String>::new());
        let refused = complaints(GOOD, false);
        assert_eq!(refused.len(), 1, "{refused:?}");
        assert!(refused[0].contains("--features otlp"), "{refused:?}");
        let off = GOOD.replace("true", "false");
        assert_eq!(complaints(&off, false), Vec::<String>::new());
    }

    #[test]
    fn what_would_send_traces_nowhere_is_refused() {
        for (text, words) in [
            ("enabled = true", "not said where"),
            ("endpoint = 'http://c.example.com:4318/v1/traces'", "https"),
            ("endpoint = 'https://c.example.com:4317/v1/traces'", "4318"),
            (
                "endpoint = 'http://127.0.0.1:4318'",
                "write http://127.0.0.1:4318/v1/traces",
            ),
            ("headers = { 'a b' = { env = 'A' } }", "name of a header"),
            ("timeout = '2h'", "60s"),
        ] {
            let told = complaints(text, true);
            assert!(
                told.len() == 1 && told[0].contains(words),
                "{text}: {told:?}"
            );
        }
        for bad in [
            "sample = '0%'",
            "sample = 0.5",
            "sample = '101%'",
            "endpont = ''",
        ] {
            assert!(toml::from_str::<TracesConfig>(bad).is_err(), "{bad}");
        }
        let share: TracesConfig = toml::from_str("sample = '12.5%'").expect("a share");
        assert_eq!(share.sample, Share(0.125));
    }
}

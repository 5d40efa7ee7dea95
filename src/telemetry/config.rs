//! The section `[log]`.

use serde::Deserialize;
use tracing_subscriber::EnvFilter;

use crate::problem::Problems;

/// How logs are written to standard error.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogConfig {
    /// Text for people or one JSON object a line for programs.
    pub format: LogFormat,
    /// `error`, `warn`, `info`, `debug` or `trace`, or directives such as
    /// `info,scim_rotator::driver=debug`.
    pub filter: String,
}

/// See [`LogConfig::format`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            format: LogFormat::Text,
            filter: "info".to_owned(),
        }
    }
}

impl LogConfig {
    /// Notes what is wrong with the section at `path`.
    pub fn check(&self, path: &str, problems: &mut Problems) {
        if let Err(complaint) = self.parse_filter() {
            problems.error(
                format!("{path}.filter"),
                complaint,
                "write a level such as \"info\", or directives such as \"info,scim_rotator::driver=debug\"",
            );
        }
    }

    /// The parsed filter.
    ///
    /// # Errors
    /// Says which part of the filter is invalid.
    pub(crate) fn parse_filter(&self) -> Result<EnvFilter, String> {
        if self.filter.trim().is_empty() {
            return Err("the log filter is empty, so nothing would be logged".to_owned());
        }
        EnvFilter::builder()
            .parse(&self.filter)
            .map_err(|error| format!("`{}` is not a log filter: {error}", self.filter))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_checked() {
        let cases = [
            ("info", true),
            ("info,scim_rotator=trace", true),
            ("", false),
            ("a=b=c", false),
        ];
        for (filter, fine) in cases {
            let mut problems = Problems::default();
            let config = LogConfig {
                filter: filter.to_owned(),
                ..LogConfig::default()
            };
            config.check("log", &mut problems);
            assert_eq!(!problems.has_errors(), fine, "{filter:?}: {problems:?}");
        }
    }

    #[test]
    fn unknown_keys_are_refused() {
        assert!(toml::from_str::<LogConfig>("format = \"json\"").is_ok());
        assert!(toml::from_str::<LogConfig>("fromat = \"json\"").is_err());
    }
}

//! The shipped forms of messages: one file each in `config/notify`, built in.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::http::template::{JsonTemplate, Template, TemplateMap};

/// The form that has no file: all that is known, as JSON.
pub(super) const JSON: &str = "json";

/// A form of messages.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Format {
    /// Whom it is for.
    pub title: String,
    /// Where its form is documented.
    pub source: Vec<String>,
    /// How far it was tried: `documented`, or `tenant`.
    pub verified: String,
    /// Where messages are sent to, where that is the same for everybody.
    pub url: Option<Template>,
    /// Credentials that its templates use, with what they are.
    #[serde(default)]
    pub secrets: BTreeMap<String, String>,
    /// Values that its templates use, with what they are.
    #[serde(default)]
    pub config: BTreeMap<String, String>,
    /// Whether the receiver wants a credential in a header, which the configuration
    /// names.
    #[serde(default)]
    pub signed_by_headers: bool,
    /// Headers.
    #[serde(default)]
    pub headers: TemplateMap,
    /// The body.
    pub body: JsonTemplate,
}

/// Name and text of each.
const SHIPPED: [(&str, &str); 4] = [
    ("slack", include_str!("../../config/notify/slack.toml")),
    ("teams", include_str!("../../config/notify/teams.toml")),
    (
        "pagerduty",
        include_str!("../../config/notify/pagerduty.toml"),
    ),
    (
        "servicenow",
        include_str!("../../config/notify/servicenow.toml"),
    ),
];

impl Format {
    /// The names of all forms.
    pub fn all() -> impl Iterator<Item = &'static str> {
        let shipped = SHIPPED.into_iter().map(|(name, _)| name);
        std::iter::once(JSON).chain(shipped)
    }

    /// The form with this name; `None` for `json`, which has no file, and for a name
    /// that does not exist.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let (_, text) = SHIPPED.into_iter().find(|(known, _)| *known == name)?;
        // A test reads each of them.
        toml::from_str(text).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::names::Names;
    use crate::notify::NAMES;
    use crate::problem::Problems;

    #[test]
    fn every_file_is_shipped_and_its_templates_are_sound() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/config/notify");
        let files = std::fs::read_dir(folder).expect("a folder");
        let names = files.map(|file| file.expect("a file").file_name());
        let mut names: Vec<_> = names
            .filter_map(|name| Some(name.to_str()?.strip_suffix(".toml")?.to_owned()))
            .collect();
        names.sort();
        let mut shipped: Vec<_> = Format::all().filter(|name| *name != JSON).collect();
        shipped.sort_unstable();
        assert_eq!(names, shipped);
        for name in shipped {
            let (_, text) = SHIPPED.into_iter().find(|(n, _)| *n == name).expect("one");
            let format: Format = toml::from_str(text).expect(name);
            let own = NAMES.iter().map(|(name, _)| (*name).to_owned());
            let config = format.config.keys().map(|key| format!("config.{key}"));
            let secrets = format.secrets.keys().map(|key| format!("secrets.{key}"));
            let known = Names::new(own.chain(config).chain(secrets));
            let mut problems = Problems::default();
            format.body.check(name, &known, &mut problems);
            if let Some(url) = &format.url {
                url.check("url", &known, &mut problems);
            }
            assert_eq!(problems.all(), [], "{name}");
            for key in format.secrets.keys() {
                assert!(format.body.uses(&format!("secrets.{key}")), "{name}: {key}");
            }
            assert!(!format.source.is_empty(), "{name}");
        }
    }
}

//! What a person is told who must make a token, or write one into an identity
//! provider.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, de};

use crate::http::names::{Configured, Names, Purpose, Side};
use crate::http::template::{ConfigValue, Context, Template};
use crate::problem::Problems;

/// `instructions`: one text, or a table of its parts. All of them are templates
/// that may use `config`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Instructions {
    /// What could do harm, told before anything else.
    pub danger: Option<Template>,
    /// Who may do it: the role at the vendor.
    pub role: Option<Template>,
    /// The page on which it is done.
    pub link: Option<Template>,
    /// What to do, in this order.
    pub steps: Vec<Template>,
    /// What people get wrong.
    pub traps: Vec<Template>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawInstructions {
    danger: Option<Template>,
    role: Option<Template>,
    link: Option<Template>,
    steps: Vec<Template>,
    #[serde(default)]
    traps: Vec<Template>,
}

impl<'de> Deserialize<'de> for Instructions {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Instructions;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, or { role = \"…\", link = \"…\", steps = [\"…\"] }")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Instructions, E> {
                Ok(Instructions {
                    steps: vec![Template::new(text)],
                    ..Instructions::default()
                })
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Instructions, A::Error> {
                let map = de::value::MapAccessDeserializer::new(map);
                let raw = RawInstructions::deserialize(map)?;
                Ok(Instructions {
                    danger: raw.danger,
                    role: raw.role,
                    link: raw.link,
                    steps: raw.steps,
                    traps: raw.traps,
                })
            }
        }
        from.deserialize_any(Visitor)
    }
}

impl Instructions {
    /// Reports what is missing, and templates that cannot be used. `absent` are
    /// names that may be used although they have no value.
    pub fn check<'n>(
        &self,
        side: Side,
        config: &BTreeMap<String, ConfigValue>,
        absent: impl IntoIterator<Item = &'n String>,
        path: &str,
        problems: &mut Problems,
    ) {
        let known = Configured::default().config(config);
        let known = Names::of(side, Purpose::Instructions, &known);
        let known = absent
            .into_iter()
            .fold(known, |names, name| names.with(name));
        let empty = |text: &Template| text.source().trim().is_empty();
        if self.steps.iter().all(empty) {
            problems.error(
                path,
                "nobody is told what to do",
                "write where it is done, who may do it, and the steps",
            );
        }
        for (key, text) in self.parts() {
            let at = match key.is_empty() {
                true => path.to_owned(),
                false => format!("{path}.{key}"),
            };
            text.check(&at, &known, problems);
            if text
                .source()
                .contains(|c: char| c.is_control() && c != '\n')
            {
                problems.error(
                    at,
                    "there are control characters in this text",
                    "take them out: it is shown in logs and on terminals",
                );
            }
        }
    }

    /// Every template with its key; that of a plain text has none.
    fn parts(&self) -> Vec<(String, &Template)> {
        let single = [
            ("danger", &self.danger),
            ("role", &self.role),
            ("link", &self.link),
        ];
        let single = single
            .into_iter()
            .filter_map(|(key, text)| Some((key.to_owned(), text.as_ref()?)));
        let listed = [("steps", &self.steps), ("traps", &self.traps)];
        let listed = listed.into_iter().flat_map(|(key, texts)| {
            let texts = texts.iter().enumerate();
            texts.map(move |(index, text)| (format!("{key}[{index}]"), text))
        });
        let mut all: Vec<_> = single.chain(listed).collect();
        if self.is_plain() {
            all.iter_mut().for_each(|(key, _)| key.clear());
        }
        all
    }

    /// Whether it is one text without parts.
    fn is_plain(&self) -> bool {
        self.steps.len() == 1
            && self.danger.is_none()
            && self.role.is_none()
            && self.link.is_none()
            && self.traps.is_empty()
    }

    /// The page on which it is done.
    #[must_use]
    pub fn link(&self, config: &BTreeMap<String, ConfigValue>) -> Option<String> {
        let context = context(config);
        self.link.as_ref().map(|link| rendered(link, &context))
    }

    /// Everything in one paragraph, for logs, terminals and pages. `after` is
    /// added to the steps.
    #[must_use]
    pub fn text(&self, config: &BTreeMap<String, ConfigValue>, after: Option<&str>) -> String {
        let context = context(config);
        let of = |text: &Template| sentence(&rendered(text, &context));
        let mut parts = Vec::new();
        parts.extend(
            self.danger
                .as_ref()
                .map(|text| format!("DANGER: {}", of(text))),
        );
        let who = self.role.as_ref().map(|role| rendered(role, &context));
        parts.extend(who.map(|role| format!("Who: {}", sentence(&role))));
        let page = self.link.as_ref().map(|link| rendered(link, &context));
        parts.extend(page.map(|link| format!("Where: {link}")));
        match self.steps.as_slice() {
            [only] => parts.push(of(only)),
            steps => {
                let numbered = steps.iter().enumerate();
                parts.extend(numbered.map(|(index, step)| format!("{}. {}", index + 1, of(step))));
            }
        }
        parts.extend(after.map(str::to_owned));
        parts.extend(self.traps.iter().map(|trap| format!("Note: {}", of(trap))));
        parts.join(" ")
    }
}

fn context(config: &BTreeMap<String, ConfigValue>) -> Context {
    Context::new(Timestamp::UNIX_EPOCH).config(config)
}

/// [`Instructions::check`] reports templates that give nothing.
fn rendered(text: &Template, context: &Context) -> String {
    let rendered = text.text(context);
    let text = rendered.map_or_else(|_| text.source().to_owned(), |text| text.to_string());
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn sentence(text: &str) -> String {
    match text.ends_with(['.', '!', '?']) {
        true => text.to_owned(),
        false => format!("{text}."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Holder {
        instructions: Instructions,
    }

    fn read(text: &str) -> Instructions {
        let holder: Holder = toml::from_str(text).expect("sound");
        holder.instructions
    }

    fn config() -> BTreeMap<String, ConfigValue> {
        let org = ConfigValue::Text("acme".to_owned());
        BTreeMap::from([("org".to_owned(), org)])
    }

    #[test]
    fn one_text_stands_as_it_is() {
        let plain = read("instructions = 'Archive, Settings: press `New`.'");
        assert_eq!(
            plain.text(&config(), None),
            "Archive, Settings: press `New`."
        );
    }

    #[test]
    fn parts_become_one_paragraph_with_values() {
        let parts = read(
            "instructions = { danger = 'never press Reset', role = 'an owner', link = 'https://a.example/{{ config.org }}', steps = ['Open SCIM', 'Press New'], traps = ['It is shown once'] }",
        );
        assert_eq!(
            parts.text(&config(), Some("The old one dies.")),
            "DANGER: never press Reset. Who: an owner. Where: https://a.example/acme 1. Open SCIM. 2. Press New. The old one dies. Note: It is shown once."
        );
        assert_eq!(
            parts.link(&config()).as_deref(),
            Some("https://a.example/acme")
        );
    }

    #[test]
    fn what_cannot_be_shown_is_reported_at_its_key() {
        let paths = |text: &str| -> Vec<String> {
            let mut problems = Problems::default();
            read(text).check(Side::Issuer, &config(), [], "x", &mut problems);
            problems.all().iter().map(|p| p.path.clone()).collect()
        };
        assert_eq!(paths("instructions = ' '"), ["x"]);
        assert_eq!(paths("instructions = '{{ config.other }}'"), ["x"]);
        assert_eq!(
            paths("instructions = { link = '{{ secrets.org }}', steps = ['a', '{{ now }}'] }"),
            ["x.link", "x.steps[1]"]
        );
        assert_eq!(paths("instructions = { steps = [] }"), ["x"]);
        assert_eq!(paths("instructions = \"a\\u001b[31m\""), ["x"]);
        assert_eq!(paths("instructions = '{{ config.org }}'"), [""; 0]);
    }
}

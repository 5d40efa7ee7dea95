//! The label under which a token is issued: it must name the rotation, and fit
//! what the issuer allows.

use serde::Deserialize;

use super::spelled;
use crate::http::template::{Context, Names, Template};
use crate::problem::Problems;
use crate::secret::Fingerprint;

/// How labels are made.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Label {
    /// May use `token_name`, `rotation_id` and `attempt`.
    pub template: Template,
    /// Longest label that the issuer takes, in characters. A longer one is cut
    /// and ends in a digest, so that it still names its rotation.
    pub max_length: usize,
    /// Characters that the issuer takes, with ranges: `a-z0-9-`. Others are
    /// written in lower case or replaced, and so are `/` and what is not visible
    /// ASCII. A `-` for itself stands at the end.
    pub charset: Option<String>,
}

/// Hex digits at the end of a label that was cut.
const DIGEST: usize = 12;

impl Default for Label {
    fn default() -> Self {
        Self {
            template: Template::new(
                "scim-rotator-{{ token_name }}-{{ rotation_id }}-{{ attempt }}",
            ),
            max_length: 128,
            charset: None,
        }
    }
}

impl Label {
    /// Reports what could make two labels equal, or none possible.
    pub fn check(&self, path: &str, problems: &mut Problems) {
        let known = Names::new(["token_name", "rotation_id", "attempt"]);
        let path_of = |key: &str| format!("{path}.{key}");
        self.template.check(&path_of("template"), &known, problems);
        for name in ["rotation_id", "attempt"] {
            if !self.template.uses(name) {
                problems.error(
                    path_of("template"),
                    format!("the label does not hold `{{{{ {name} }}}}`: two attempts could not be told apart"),
                    "put both `{{ rotation_id }}` and `{{ attempt }}` into it",
                );
            }
        }
        for name in ["now", "uuid"] {
            if self.template.uses(name) {
                problems.error(
                    path_of("template"),
                    format!("the label uses `{name}`: it must come out the same each time"),
                    "use `{{ token_name }}`, `{{ rotation_id }}` and `{{ attempt }}` only",
                );
            }
        }
        if self.max_length < 2 * DIGEST {
            problems.error(
                path_of("max_length"),
                format!(
                    "a label of {} characters cannot name a rotation",
                    self.max_length
                ),
                format!("allow at least {} characters", 2 * DIGEST),
            );
        }
        if self.max_length > spelled::LONGEST {
            problems.error(
                path_of("max_length"),
                "the label may be longer than any that is compared with it",
                format!("allow at most {} characters", spelled::LONGEST),
            );
        }
        if self.charset.is_some() && !"0123456789abcdef".chars().all(|c| self.allows(c)) {
            problems.error(
                path_of("charset"),
                "the character set lacks digits or the letters a to f, which labels end in",
                "write ranges, for example \"a-z0-9-\"",
            );
        }
    }

    /// The label of one attempt. Always the same for the same arguments.
    #[must_use]
    pub fn of(&self, token: &str, rotation_id: &str, attempt: u32) -> String {
        let context = Context::new(jiff::Timestamp::UNIX_EPOCH)
            .text("token_name", token)
            .text("rotation_id", rotation_id)
            .number("attempt", i64::from(attempt));
        let text = self.template.text(&context).map_or_else(
            |_| format!("{token}-{rotation_id}-{attempt}"),
            |text| text.to_string(),
        );
        self.fitted(&text)
    }

    fn fitted(&self, text: &str) -> String {
        let fitted: String = text.chars().filter_map(|c| self.fit(c)).collect();
        if fitted.chars().count() <= self.max_length {
            return fitted;
        }
        let head = fitted.chars().take(self.max_length.saturating_sub(DIGEST));
        head.chain(Fingerprint::of(text).short().chars()).collect()
    }

    fn fit(&self, c: char) -> Option<char> {
        [c, c.to_ascii_lowercase(), '-', '_']
            .into_iter()
            .find(|c| self.allows(*c))
    }

    fn allows(&self, c: char) -> bool {
        if c != ' ' && spelled::objection(c.encode_utf8(&mut [0; 4]), None).is_some() {
            return false;
        }
        let Some(charset) = &self.charset else {
            return true;
        };
        let mut rest = charset.chars().peekable();
        while let Some(first) = rest.next() {
            let mut ahead = rest.clone();
            let last = match (ahead.next(), ahead.next()) {
                (Some('-'), Some(last)) => {
                    rest = ahead;
                    last
                }
                _ => first,
            };
            if (first..=last).contains(&c) {
                return true;
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROTATION: &str = "0198c3a0-1111-7222-8333-444455556666";

    fn google() -> Label {
        Label {
            max_length: 32,
            charset: Some("a-z0-9-".to_owned()),
            ..Label::default()
        }
    }

    #[test]
    fn labels_fit_and_still_tell_rotations_apart() {
        let label = google();
        let first = label.of("CRM.prod/ö", ROTATION, 1);
        let second = label.of("CRM.prod/ö", ROTATION, 2);
        assert_eq!(first.len(), 32, "{first}");
        assert!(
            first
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        );
        assert_ne!(first, second);
        assert_eq!(first, label.of("CRM.prod/ö", ROTATION, 1));
        assert_eq!(Label::default().of("crm", "r1", 1), "scim-rotator-crm-r1-1");
        let odd = Label::default().of("crm prod/ö\u{1b}", "r1", 1);
        assert_eq!(odd, "scim-rotator-crm prod----r1-1");
    }

    #[test]
    fn labels_that_repeat_are_reported() {
        let check = |label: &Label| {
            let mut problems = Problems::default();
            label.check("x.label", &mut problems);
            problems.has_errors()
        };
        assert!(!check(&Label::default()) && !check(&google()));
        for template in [
            "fixed",
            "{{ rotation_id }}",
            "{{ rotation_id }}{{ attempt }}{{ uuid }}",
            "{{ token }}",
        ] {
            let label = Label {
                template: Template::new(template),
                ..Label::default()
            };
            assert!(check(&label), "{template}");
        }
        assert!(check(&Label {
            max_length: 8,
            ..Label::default()
        }));
        assert!(check(&Label {
            max_length: 513,
            ..Label::default()
        }));
        assert!(check(&Label {
            charset: Some("0-9".to_owned()),
            ..Label::default()
        }));
    }
}

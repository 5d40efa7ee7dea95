//! When an answer counts as a success: its status and what its body says.
//! Several providers answer 200 and report the failure in the body.

use serde::Deserialize;
use serde_json::Value;

use super::extract::Pointer;
use super::message::Answer;
use crate::problem::Problems;

/// What a success looks like.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Success {
    /// Status codes; empty means what the operation expects by default.
    pub status: Vec<u16>,
    /// All of these must hold for the JSON body.
    pub body: Vec<Condition>,
}

/// One demand on a JSON body: a pointer and exactly one test.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// Where to look.
    pub at: Option<Pointer>,
    /// Exactly this value.
    pub equals: Option<Value>,
    /// One of these values.
    pub one_of: Option<Vec<Value>>,
    /// `true`: there is a value that is not null. `false`: there is none.
    pub exists: Option<bool>,
    /// A text that contains this.
    pub contains: Option<String>,
    /// A text that begins with this.
    pub prefix: Option<String>,
}

impl Success {
    /// Reports impossible codes and conditions that test nothing.
    pub fn check(&self, path: &str, problems: &mut Problems) {
        check_codes(&self.status, &format!("{path}.status"), problems);
        for (index, condition) in self.body.iter().enumerate() {
            condition.check(&format!("{path}.body[{index}]"), problems);
        }
    }

    /// Whether the status is one of the expected.
    #[must_use]
    pub fn accepts_status(&self, status: u16, default: &[u16]) -> bool {
        if self.status.is_empty() {
            default.contains(&status)
        } else {
            self.status.contains(&status)
        }
    }

    /// Whether an answer is a success.
    ///
    /// # Errors
    /// Says which condition failed, without a value of the body.
    pub fn holds(&self, answer: &Answer, default: &[u16]) -> Result<(), String> {
        if !self.accepts_status(answer.status, default) {
            return Err("the status is not one that means success".to_owned());
        }
        if self.body.is_empty() {
            return Ok(());
        }
        let body = answer.secret_json().map_err(|fault| fault.message)?;
        self.body
            .iter()
            .try_for_each(|condition| condition.holds(&body))
    }
}

impl Condition {
    /// Reports a condition that tests nothing, or two things at once.
    pub fn check(&self, path: &str, problems: &mut Problems) {
        if self.at.is_none() {
            problems.error(
                path,
                "the condition does not say where to look",
                "write `at = \"/pointer\"`; the empty text is the whole body",
            );
        }
        let tests = [
            self.equals.is_some(),
            self.one_of.is_some(),
            self.exists.is_some(),
            self.contains.is_some(),
            self.prefix.is_some(),
        ];
        if tests.into_iter().filter(|present| *present).count() != 1 {
            problems.error(
                path,
                "a condition has exactly one test",
                "write one of `equals`, `one_of`, `exists`, `contains` and `prefix`; use several conditions for several tests",
            );
        }
    }

    /// Whether the condition holds.
    ///
    /// # Errors
    /// Says what was expected where, without the value that is there.
    pub fn holds(&self, body: &Value) -> Result<(), String> {
        let Some(at) = &self.at else {
            return Ok(());
        };
        let found = at.get(body);
        let text = found.and_then(Value::as_str).unwrap_or_default();
        let holds = self.equals.as_ref().is_none_or(|v| found == Some(v))
            && self
                .one_of
                .as_ref()
                .is_none_or(|all| found.is_some_and(|f| all.contains(f)))
            && self
                .exists
                .is_none_or(|wanted| wanted == found.is_some_and(|v| !v.is_null()))
            && self
                .contains
                .as_ref()
                .is_none_or(|part| text.contains(part.as_str()))
            && self
                .prefix
                .as_ref()
                .is_none_or(|part| text.starts_with(part.as_str()));
        if holds {
            Ok(())
        } else {
            Err(format!("the body does not hold what is expected at `{at}`"))
        }
    }
}

/// Reports numbers that are no status codes.
pub fn check_codes(codes: &[u16], path: &str, problems: &mut Problems) {
    for code in codes.iter().filter(|code| !(100..600).contains(*code)) {
        problems.error(
            path,
            format!("{code} is not a status code"),
            "write numbers from 100 to 599",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_test_can_hold_and_fail() {
        let body = json!({"status": "OK: done", "count": 2, "none": null, "ok": true});
        let cases = [
            (json!({"at": "/ok", "equals": true}), true),
            (json!({"at": "/ok", "equals": "true"}), false),
            (json!({"at": "/count", "one_of": [1, 2]}), true),
            (json!({"at": "/count", "one_of": [3]}), false),
            (json!({"at": "/gone", "one_of": [null]}), false),
            (json!({"at": "/ok", "exists": true}), true),
            (json!({"at": "/none", "exists": true}), false),
            (json!({"at": "/none", "exists": false}), true),
            (json!({"at": "/gone", "exists": false}), true),
            (json!({"at": "/ok", "exists": false}), false),
            (json!({"at": "/status", "contains": "done"}), true),
            (json!({"at": "/status", "prefix": "OK"}), true),
            (json!({"at": "/status", "prefix": "done"}), false),
            (json!({"at": "/count", "contains": "2"}), false),
        ];
        for (config, expected) in cases {
            let condition: Condition = serde_json::from_value(config.clone()).expect("valid");
            assert_eq!(condition.holds(&body).is_ok(), expected, "{config}");
        }
    }

    #[test]
    fn empty_and_double_conditions_are_reported() {
        for config in [
            json!({"at": "/a"}),
            json!({"at": "/a", "equals": 1, "exists": true}),
            json!({"equals": 1}),
        ] {
            let condition: Condition = serde_json::from_value(config).expect("parses");
            let mut problems = Problems::default();
            condition.check("x", &mut problems);
            assert!(problems.has_errors());
        }
    }
}

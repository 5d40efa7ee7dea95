//! How a replay went.

use serde_json::{Value, json};

use super::super::Family;
use super::recorded::Recorded;
use crate::http::fired::RuleName;

/// How a replay went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Whose replay it is.
    pub vendor: String,
    /// What it ran against.
    pub family: Family,
    /// Its scenes in their order.
    pub scenes: Vec<SceneReport>,
    /// Declared rules that no scene fired.
    pub not_fired: Vec<RuleName>,
}

/// How a scene went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SceneReport {
    /// Its name.
    pub name: String,
    /// What it shows.
    pub about: Option<String>,
    /// What was the first to differ from the replay; `None`: nothing.
    pub failure: Option<String>,
    /// All requests that were sent.
    pub requests: Vec<Recorded>,
}

impl Report {
    /// Whether every scene went as written, and every rule fired.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.scenes.iter().all(|scene| scene.failure.is_none()) && self.not_fired.is_empty()
    }

    /// All that is wrong, for people; empty if nothing is.
    #[must_use]
    pub fn failures(&self) -> String {
        let mut text = String::new();
        let mut told = None;
        for scene in &self.scenes {
            let Some(failure) = &scene.failure else {
                continue;
            };
            text.push_str(&format!("scene `{}`:\n", scene.name));
            // Settings that cannot be used fail every scene with the same words.
            if told == Some(failure) {
                text.push_str("  the same\n");
            } else {
                text.push_str(&format!("  {}\n", failure.replace('\n', "\n  ")));
            }
            told = Some(failure);
        }
        for rule in &self.not_fired {
            text.push_str(&format!(
                "rule {rule}: no scene fires it; write one in which the vendor answers so, or take the rule out\n"
            ));
        }
        text
    }

    /// All requests of all scenes as lines of JSON, for other judges.
    #[must_use]
    pub fn recorded_lines(&self) -> String {
        let requests = self.scenes.iter().flat_map(|scene| &scene.requests);
        requests.map(|request| request.line() + "\n").collect()
    }

    /// The report for programs.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let scenes = self.scenes.iter().map(|scene| {
            json!({
                "name": scene.name,
                "about": scene.about,
                "result": if scene.failure.is_none() { "ok" } else { "failed" },
                "failure": scene.failure,
                "requests": scene.requests.len(),
            })
        });
        json!({
            "vendor": self.vendor,
            "family": self.family.as_str(),
            "result": if self.is_ok() { "ok" } else { "failed" },
            "scenes": scenes.collect::<Vec<_>>(),
            "rules_not_fired": self.not_fired,
        })
    }
}

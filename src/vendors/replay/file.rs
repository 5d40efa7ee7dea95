//! A replay as it is written in TOML.

mod check;
mod exchange;
mod expect;
mod json;
mod operation;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;

use crate::vendors::Family;

pub use self::exchange::{Exchange, ExpectedRequest, GivenAnswer, Lost, OneOrMore};
pub use self::expect::{
    ConditionFacts, ConfirmationFacts, ConfirmationWord, ConnectionsFacts, Expect, FaultFacts,
    IssuedFacts, ListedConnectionFacts, ListedFacts, TextFact, TimeFact, TokenFacts,
};
pub use self::json::Json;
pub(super) use self::json::json;
pub use self::operation::{Call, Operation, With};

/// A replay: the documented exchanges of a vendor, good and bad.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replay {
    /// Whose exchanges they are.
    #[serde(rename = "replay")]
    pub head: Head,
    /// Parameters of the vendor, for all scenes. A credential is written as it
    /// is: these are test values. Each is also a placeholder.
    #[serde(default)]
    pub parameters: toml::Table,
    /// What placeholders stand for from the beginning, in all scenes.
    #[serde(default)]
    pub values: BTreeMap<String, String>,
    /// Exchanges that several scenes use by their name.
    #[serde(default)]
    pub exchanges: BTreeMap<String, Exchange>,
    /// The scenes. Each begins anew, with nothing remembered.
    #[serde(default, rename = "scene")]
    pub scenes: Vec<Scene>,
}

/// `[replay]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// Name of the vendor; the issuer or connection bears it in errors.
    pub vendor: String,
    /// What is replayed.
    pub family: Family,
    /// The time at which each scene begins.
    #[serde(default = "usual_now")]
    pub now: Timestamp,
}

/// One scene: operations in order, and the exchanges that they lead to.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scene {
    /// Its name.
    pub name: String,
    /// What it shows.
    #[serde(default)]
    pub about: Option<String>,
    /// The time at which it begins, where it is not that of the replay.
    #[serde(default)]
    pub now: Option<Timestamp>,
    /// Parameters beside those of the replay, or in place of them.
    #[serde(default)]
    pub parameters: toml::Table,
    /// Values beside those of the replay, or in place of them.
    #[serde(default)]
    pub values: BTreeMap<String, String>,
    /// The operations.
    #[serde(default)]
    pub run: Vec<Operation>,
    /// The exchanges, in the order in which the requests come.
    #[serde(default, rename = "exchange")]
    exchanges: Vec<exchange::Listed>,
}

/// A day on which the vendors' documentation was read.
fn usual_now() -> Timestamp {
    Timestamp::constant(1_795_737_600, 0)
}

impl Replay {
    /// Reads a replay and checks what can be checked without running it.
    ///
    /// # Errors
    /// Says what is wrong and where.
    pub fn parse(text: &str) -> Result<Self, String> {
        let replay: Self = toml::from_str(text).map_err(|e| e.to_string())?;
        check::check(&replay)?;
        Ok(replay)
    }

    /// The scene of this name.
    ///
    /// # Errors
    /// Names the scenes that there are.
    pub fn scene(&self, name: &str) -> Result<&Scene, String> {
        let found = self.scenes.iter().find(|scene| scene.name == name);
        found.ok_or_else(|| {
            let names = self.scenes.iter().map(|scene| format!("`{}`", scene.name));
            let names = names.collect::<Vec<_>>().join(", ");
            format!("the replay has no scene `{name}`; it has {names}")
        })
    }

    /// The time at which a scene begins.
    pub(super) fn begin(&self, scene: &Scene) -> Timestamp {
        scene.now.unwrap_or(self.head.now)
    }

    /// The parameters of a scene.
    pub(super) fn parameters_of(&self, scene: &Scene) -> toml::Table {
        let mut all = self.parameters.clone();
        all.extend(scene.parameters.clone());
        all
    }

    /// The exchanges of a scene, those with a name written out.
    ///
    /// # Errors
    /// When a name is not known.
    pub(super) fn exchanges_of(&self, scene: &Scene) -> Result<Vec<Exchange>, String> {
        let listed = scene.exchanges.iter().enumerate();
        listed
            .map(|(index, listed)| {
                let written_out = listed.written_out(&self.exchanges);
                written_out.map_err(|why| format!("exchange {}: {why}", index + 1))
            })
            .collect()
    }
}

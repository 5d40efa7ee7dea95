//! A long run as data: what a seed decides, and all that is needed to make the
//! run again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::acts::Act;
use crate::dice::Dice;
use crate::fault::Trouble;
use crate::profile::{Profile, strategies, variants};

/// A long run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Story {
    pub(crate) seed: u64,
    pub(crate) replicas: usize,
    /// Each token with the name of its profile.
    pub(crate) tokens: BTreeMap<String, String>,
    /// Between two storms nothing goes wrong, until all is at rest.
    pub(crate) storms: Vec<Storm>,
    /// For each token: what goes wrong at which of its port calls.
    #[serde(default)]
    pub(crate) troubles: BTreeMap<String, BTreeMap<usize, Trouble>>,
}

/// A time in which things go wrong and people do things.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Storm {
    pub(crate) hours: i64,
    /// How many of a thousand port calls go wrong.
    pub(crate) per_mille: usize,
    pub(crate) acts: Vec<Timed>,
}

/// Something that is done at a time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Timed {
    /// Minutes after the storm began.
    pub(crate) at: i64,
    #[serde(flatten)]
    pub(crate) act: Act,
}

const MOST_TOKENS: usize = 3;
const REPLICAS: i64 = 3;
const STORMS: i64 = 3;

impl Story {
    /// The beginning of the story that a seed tells. What goes wrong at which
    /// port call is decided by the same seed while the story is played.
    pub(crate) fn of(seed: u64) -> (Self, Dice) {
        let mut dice = Dice::new(seed);
        let known: Vec<_> = strategies().into_iter().chain(variants()).collect();
        let count = 2 + dice.below(MOST_TOKENS - 1);
        let tokens: BTreeMap<_, _> = (0..count)
            .map(|number| {
                let profile = dice.pick(&known);
                (format!("token-{number}"), profile.name.to_owned())
            })
            .collect();
        let replicas = usize::try_from(dice.between(2, REPLICAS + 1)).unwrap_or(2);
        let names: Vec<_> = tokens.keys().cloned().collect();
        let storms = (0..dice.between(2, STORMS + 1))
            .map(|_| Storm::of(&mut dice, &names, replicas))
            .collect();
        let story = Self {
            seed,
            replicas,
            tokens,
            storms,
            troubles: BTreeMap::new(),
        };
        (story, dice)
    }

    pub(crate) fn json(&self) -> String {
        serde_json::to_string(self).expect("JSON")
    }

    /// Size, for people: troubles and acts.
    pub(crate) fn size(&self) -> usize {
        let troubles: usize = self.troubles.values().map(BTreeMap::len).sum();
        let acts: usize = self.storms.iter().map(|storm| storm.acts.len()).sum();
        troubles + acts
    }
}

/// The profile of that name.
pub(crate) fn profile(name: &str) -> std::sync::Arc<Profile> {
    let mut known = strategies().into_iter().chain(variants());
    known
        .find(|p| p.name == name)
        .unwrap_or_else(|| panic!("no profile `{name}`"))
}

impl Storm {
    fn of(dice: &mut Dice, tokens: &[String], replicas: usize) -> Self {
        let hours = dice.between(24, 24 * 21);
        let per_mille = *dice.pick(&[2, 10, 30, 80, 150]);
        let minutes = hours * 60;
        let mut acts: Vec<_> = (0..dice.below(24))
            .flat_map(|_| {
                let at = dice.between(0, minutes);
                let act = Act::any(dice, tokens, replicas);
                let undone = act.undone().map(|act| Timed {
                    at: (at + dice.between(1, 60 * 24)).min(minutes),
                    act,
                });
                std::iter::once(Timed { at, act }).chain(undone)
            })
            .collect();
        acts.sort_by_key(|timed| timed.at);
        Self {
            hours,
            per_mille,
            acts,
        }
    }
}

//! Troubles that come at random, and are remembered.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::dice::Dice;
use crate::fault::{Nature, Trouble};
use crate::request::Request;

/// Decides of each port call whether it goes wrong.
#[derive(Debug, Clone)]
pub(crate) struct Chaos {
    /// `None`: what is remembered is done again.
    dice: Option<Dice>,
    /// How many of a thousand calls go wrong now.
    pub(crate) per_mille: usize,
    /// For each token: what went wrong at which of its calls.
    pub(crate) troubles: BTreeMap<String, BTreeMap<usize, Trouble>>,
    calls: BTreeMap<Arc<str>, usize>,
}

impl Chaos {
    pub(crate) fn drawn(dice: Dice) -> Self {
        Self {
            dice: Some(dice),
            per_mille: 0,
            troubles: BTreeMap::new(),
            calls: BTreeMap::new(),
        }
    }

    pub(crate) fn again(troubles: &BTreeMap<String, BTreeMap<usize, Trouble>>) -> Self {
        Self {
            dice: None,
            per_mille: 0,
            troubles: troubles.clone(),
            calls: BTreeMap::new(),
        }
    }

    /// What goes wrong at the next port call of a token.
    pub(crate) fn next(&mut self, token: &Arc<str>, request: &Request) -> Option<Trouble> {
        let number = self.calls.entry(Arc::clone(token)).or_default();
        let call = *number;
        *number += 1;
        if self.per_mille == 0 {
            return None;
        }
        let Some(dice) = &mut self.dice else {
            return self.troubles.get(token.as_ref())?.get(&call).copied();
        };
        if !dice.happens(self.per_mille) {
            return None;
        }
        let trouble = *dice.pick(&Trouble::ALL);
        let possible = match trouble {
            Trouble::ReplyLost | Trouble::Repeated => Nature::of(request) != Nature::Read,
            Trouble::Rival => Nature::of(request) == Nature::Commit,
            Trouble::Sealed => request.is_for_vault(),
            Trouble::TakenOverCut => !request.is_for_vault(),
            Trouble::Unreachable
            | Trouble::Refused
            | Trouble::Unauthorized
            | Trouble::Throttled
            | Trouble::Uncertain
            | Trouble::Slow
            | Trouble::CrashBefore
            | Trouble::CrashAfter
            | Trouble::TakenOver
            | Trouble::ClockForward
            | Trouble::ClockBack => true,
        };
        if !possible {
            return None;
        }
        let token = token.as_ref().to_owned();
        self.troubles
            .entry(token)
            .or_default()
            .insert(call, trouble);
        Some(trouble)
    }
}

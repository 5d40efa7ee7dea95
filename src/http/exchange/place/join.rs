//! A text that is made of several places.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::{Place, View};
use crate::http::template::{Context, Names};
use crate::problem::Problems;

/// The parts one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Join {
    pub(super) parts: Vec<Part>,
    pub(super) base64: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    Fixed(String),
    At(Box<Place>),
}

impl Join {
    /// The text; nothing if one of the places is not there.
    pub(super) fn text(&self, view: View<'_>) -> Option<String> {
        let mut text = Zeroizing::new(String::new());
        for part in &self.parts {
            match part {
                Part::Fixed(fixed) => text.push_str(fixed),
                Part::At(place) => text.push_str(&Zeroizing::new(place.text(view)?)),
            }
        }
        Some(if self.base64 {
            STANDARD.encode(text.as_bytes())
        } else {
            text.to_string()
        })
    }

    /// Whether one of the places is in a JSON body.
    pub(super) fn is_in_json(&self) -> bool {
        self.parts.iter().any(|part| match part {
            Part::Fixed(_) => false,
            Part::At(place) => place.is_in_json(),
        })
    }

    /// Reports templates in it that cannot be used.
    pub(super) fn check(&self, path: &str, known: &Names, problems: &mut Problems) {
        for (index, part) in self.parts.iter().enumerate() {
            if let Part::At(place) = part {
                place.check(&format!("{path}.join[{index}]"), known, problems);
            }
        }
    }

    /// Fills in the templates.
    pub(super) fn resolve(&mut self, context: &Context) -> Result<(), String> {
        for part in &mut self.parts {
            if let Part::At(place) = part {
                place.resolve(context)?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Join {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places = self.parts.iter().filter_map(|part| match part {
            Part::Fixed(_) => None,
            Part::At(place) => Some(place.to_string()),
        });
        f.write_str(&places.collect::<Vec<_>>().join(" with "))
    }
}

//! What several looks mean. Pure: the time is given.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::sight::{Difference, Look, Part, Saw, Sight, Source};

/// How soon it is looked again while something is unclear or broken.
const SOON: SignedDuration = SignedDuration::from_mins(1);

/// How a federated credential stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Each part at each place that shows it.
    pub marks: Vec<Mark>,
    /// A digest of the settings that it was compared with.
    #[serde(default)]
    pub settings: String,
    /// When it was looked last.
    pub looked_at: Timestamp,
    /// When a look last showed everything; `None` if none ever did.
    pub clear_at: Option<Timestamp>,
    /// What is no break and worth knowing.
    #[serde(default)]
    pub notes: Vec<String>,
    /// When the first certificate of a published key ends.
    #[serde(default)]
    pub certificate_ends_at: Option<Timestamp>,
}

/// One part at one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The part.
    pub part: Part,
    /// The place.
    pub source: Source,
    /// What differs, since when, and how often in a row it was seen.
    pub against: Option<Against>,
    /// Why the last look showed nothing of it.
    pub unclear: Option<String>,
}

/// Something that is not as configured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Against {
    /// What.
    pub difference: Difference,
    /// When it was seen first.
    pub since: Timestamp,
    /// How often in a row.
    pub times: u32,
    /// Whether it counts as a break.
    pub is_broken: bool,
}

/// In one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// Everything is as configured.
    Trusted,
    /// Nothing is known to be broken, and not everything could be seen.
    Unclear,
    /// A part is not as configured.
    Broken,
}

impl Word {
    /// The word for status, page and logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Trusted => "trusted",
            Self::Unclear => "unclear",
            Self::Broken => "broken",
        }
    }
}

/// What a look makes of what was known before.
///
/// What is unclear changes nothing: a break stays one until its place shows again
/// that the part is as configured, and what was in order stays so.
#[must_use]
pub fn judge(before: Option<&Standing>, look: &Look, now: Timestamp) -> Standing {
    let mut marks: Vec<Mark> = look
        .sights
        .iter()
        .map(|sight| mark(before, sight, now))
        .collect();
    marks.extend(not_seen(before, look));
    marks.sort_by_key(|mark| (mark.part, mark.source));
    let is_clear = marks.iter().all(|mark| mark.unclear.is_none());
    let known = before.filter(|_| !is_clear);
    Standing {
        clear_at: match is_clear {
            true => Some(now),
            false => known.and_then(|known| known.clear_at),
        },
        marks,
        settings: before.map_or_else(String::new, |before| before.settings.clone()),
        looked_at: now,
        notes: look.notes.clone(),
        certificate_ends_at: look
            .certificate_ends_at
            .or(known.and_then(|known| known.certificate_ends_at)),
    }
}

/// What was against it at a place that this look did not reach, or that said
/// nothing: it stays. A place that told something else clearly has told that this is
/// over.
fn not_seen(before: Option<&Standing>, look: &Look) -> Vec<Mark> {
    let is_clear = |source| {
        let mut sights = look.sights.iter();
        sights.any(|sight| sight.source == source && !matches!(sight.saw, Saw::Unclear(_)))
    };
    let is_seen = |mark: &Mark| {
        let mut sights = look.sights.iter();
        sights.any(|sight| sight.part == mark.part && sight.source == mark.source)
    };
    let marks = before.map_or(&[][..], |before| &before.marks);
    marks
        .iter()
        .filter(|mark| mark.against.is_some() && !is_seen(mark) && !is_clear(mark.source))
        .map(|mark| Mark {
            unclear: Some("this look did not get so far".to_owned()),
            ..mark.clone()
        })
        .collect()
}

fn mark(before: Option<&Standing>, sight: &Sight, now: Timestamp) -> Mark {
    let before = before.and_then(|before| before.mark(sight.part, sight.source));
    let known = before.and_then(|mark| mark.against.clone());
    let (against, unclear) = match &sight.saw {
        Saw::Agrees => (None, None),
        Saw::Unclear(why) => (known, Some(why.clone())),
        Saw::Against(difference, needed) => {
            let times = known
                .as_ref()
                .map_or(1, |known| known.times.saturating_add(1));
            let was_broken = known.as_ref().is_some_and(|known| known.is_broken);
            let against = Against {
                difference: difference.clone(),
                since: known.map_or(now, |known| known.since),
                times,
                is_broken: was_broken || times >= *needed,
            };
            (Some(against), None)
        }
    };
    Mark {
        part: sight.part,
        source: sight.source,
        against,
        unclear,
    }
}

impl Standing {
    fn mark(&self, part: Part, source: Source) -> Option<&Mark> {
        let mut marks = self.marks.iter();
        marks.find(|mark| mark.part == part && mark.source == source)
    }

    /// In one word.
    #[must_use]
    pub fn word(&self) -> Word {
        let against = |mark: &Mark| mark.against.is_some() || mark.unclear.is_some();
        match () {
            () if self.breaks().next().is_some() => Word::Broken,
            () if self.marks.is_empty() || self.marks.iter().any(against) => Word::Unclear,
            () => Word::Trusted,
        }
    }

    /// Every break, by part.
    pub fn breaks(&self) -> impl Iterator<Item = (&Mark, &Against)> {
        let marks = self.marks.iter();
        let against = marks.filter_map(|mark| Some((mark, mark.against.as_ref()?)));
        against.filter(|(_, against)| against.is_broken)
    }

    /// The parts that some place shows, each with whether it is broken.
    pub fn parts(&self) -> impl Iterator<Item = (Part, bool)> {
        let shown = |part: &Part| self.marks.iter().any(|mark| mark.part == *part);
        let broken = |part| self.breaks().any(|(mark, _)| mark.part == part);
        Part::ALL
            .into_iter()
            .filter(shown)
            .map(move |part| (part, broken(part)))
    }

    /// When it is looked again. `every`: the configured pace.
    #[must_use]
    pub fn look_again(&self, every: SignedDuration) -> SignedDuration {
        match self.word() {
            Word::Trusted => every,
            Word::Unclear | Word::Broken => every.min(SOON),
        }
    }

    /// Whether people see the same, apart from the times of the looks.
    #[must_use]
    pub fn looks_like(&self, other: &Self) -> bool {
        let shown = |standing: &Self| {
            let marks = standing.marks.iter().map(|mark| {
                let against = mark.against.as_ref().map(|against| Against {
                    times: 0,
                    ..against.clone()
                });
                (mark.part, mark.source, against, mark.unclear.is_some())
            });
            let marks: Vec<_> = marks.collect();
            (marks, standing.notes.clone(), standing.certificate_ends_at)
        };
        shown(self) == shown(other)
    }
}

//! Windows in which rotations may begin.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::window::Window;

/// When rotations may begin. Without a rule, always.
#[derive(Debug, Clone, PartialEq)]
pub struct Windows {
    allow: Vec<Window>,
    deny: Vec<Window>,
    zone: TimeZone,
    /// This long before expiry windows are ignored, so that a window never
    /// causes an expiry.
    pub deadline: SignedDuration,
}

impl Default for Windows {
    fn default() -> Self {
        Self {
            allow: Vec::new(),
            deny: Vec::new(),
            zone: TimeZone::UTC,
            deadline: SignedDuration::ZERO,
        }
    }
}

/// The list that a window is in, for error messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WindowList {
    /// `allow`.
    Allow,
    /// `deny`.
    Deny,
}

/// Number of window edges after which a search ends: more than a year of
/// several windows a day.
const MAX_EDGES: usize = 4000;

impl Windows {
    /// Reads the lists of windows.
    ///
    /// # Errors
    /// The list, the index in it, and what is wrong.
    pub fn parse(
        allow: &[String],
        deny: &[String],
        zone: TimeZone,
        deadline: SignedDuration,
    ) -> Result<Self, (WindowList, usize, String)> {
        let parse_all = |list, texts: &[String]| {
            texts
                .iter()
                .enumerate()
                .map(|(index, text)| Window::parse(text).map_err(|error| (list, index, error)))
                .collect::<Result<Vec<_>, _>>()
        };
        Ok(Self {
            allow: parse_all(WindowList::Allow, allow)?,
            deny: parse_all(WindowList::Deny, deny)?,
            zone,
            deadline,
        })
    }

    /// Whether any rule is set.
    #[must_use]
    pub fn is_restricted(&self) -> bool {
        !(self.allow.is_empty() && self.deny.is_empty())
    }

    /// Whether an `allow` window is set.
    #[must_use]
    pub fn has_allow(&self) -> bool {
        !self.allow.is_empty()
    }

    /// Whether a rotation may begin at this time.
    #[must_use]
    pub fn permit(&self, at: Timestamp) -> bool {
        let local = self.zone.to_datetime(at);
        (self.allow.is_empty() || self.allow.iter().any(|w| w.contains(local)))
            && !self.deny.iter().any(|w| w.contains(local))
    }

    /// The first time from `from` on at which a rotation may begin.
    #[must_use]
    pub fn next_opening(&self, from: Timestamp) -> Option<Timestamp> {
        let mut at = from;
        for _ in 0..MAX_EDGES {
            if self.permit(at) {
                return Some(at);
            }
            at = self.next_edge(at)?;
        }
        None
    }

    fn next_edge(&self, after: Timestamp) -> Option<Timestamp> {
        let local = self.zone.to_datetime(after);
        let edges = self
            .allow
            .iter()
            .chain(&self.deny)
            .flat_map(|w| w.edges(local));
        edges
            .filter_map(|edge| self.zone.to_timestamp(edge).ok())
            .filter(|at| *at > after)
            .min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a timestamp")
    }

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).expect("a zone")
    }

    fn windows(allow: &[&str], deny: &[&str]) -> Windows {
        let own = |texts: &[&str]| texts.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>();
        Windows::parse(
            &own(allow),
            &own(deny),
            zone("Europe/Berlin"),
            SignedDuration::ZERO,
        )
        .expect("windows")
    }

    #[test]
    fn weekly_windows_open_and_close_in_local_time() {
        let w = windows(&["Mon-Fri 08:00-17:00"], &[]);
        assert!(w.permit(at("2026-11-24T08:00:00Z")));
        assert!(
            !w.permit(at("2026-11-24T16:00:00Z")),
            "17:00 in Berlin is the end"
        );
        assert!(!w.permit(at("2026-11-28T10:00:00Z")), "a Saturday");
        assert_eq!(
            w.next_opening(at("2026-11-27T18:00:00Z")),
            Some(at("2026-11-30T07:00:00Z"))
        );
    }

    #[test]
    fn a_window_may_cross_midnight() {
        let w = windows(&["Fri 22:00-04:00"], &[]);
        assert!(
            w.permit(at("2026-11-28T02:00:00Z")),
            "Saturday 03:00 in Berlin"
        );
        assert!(
            !w.permit(at("2026-11-28T03:00:00Z")),
            "Saturday 04:00 in Berlin"
        );
        assert!(
            !w.permit(at("2026-11-27T02:00:00Z")),
            "Friday 03:00 in Berlin"
        );
    }

    #[test]
    fn deny_wins_over_allow_and_days_are_whole() {
        let w = windows(&[], &["2026-12-20..2027-01-03"]);
        assert!(w.permit(at("2026-12-19T22:59:59Z")));
        assert!(
            !w.permit(at("2026-12-19T23:00:00Z")),
            "already the 20th in Berlin"
        );
        assert_eq!(
            w.next_opening(at("2026-12-24T00:00:00Z")),
            Some(at("2027-01-03T23:00:00Z"))
        );
    }

    #[test]
    fn windows_that_never_open_are_found_out() {
        let w = windows(&["Mon 08:00-09:00"], &["daily 00:00-24:00"]);
        assert_eq!(w.next_opening(at("2026-11-24T00:00:00Z")), None);
    }

    #[test]
    fn malformed_windows_name_list_and_index() {
        let texts = ["Mon 08:00-09:00".to_owned(), "Moon 8-9".to_owned()];
        let error =
            Windows::parse(&[], &texts, TimeZone::UTC, SignedDuration::ZERO).expect_err("bad");
        assert_eq!((error.0, error.1), (WindowList::Deny, 1));
    }
}

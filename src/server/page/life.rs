//! The bar of a token's life: issued, renewal, deadline, expiry, overlap and now.

use jiff::Timestamp;
use serde::Serialize;

use crate::telemetry::snapshot::TokenSnapshot;
use crate::telemetry::words::relative;

/// The width of the drawing.
const WIDTH: f64 = 1000.0;

/// The places in the drawing, from 0 to `WIDTH`.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Bar {
    /// Where the life of the token in use begins and ends.
    life: Part,
    /// Whether its end is known.
    ends: bool,
    /// From the renewal to the end.
    window: Option<Part>,
    /// From when on windows are ignored.
    deadline: Option<u32>,
    /// Until when the old tokens are kept.
    overlap: Option<Part>,
    now: u32,
    /// The same in words.
    label: String,
}

/// From where, and how wide.
#[derive(Debug, PartialEq, Serialize)]
struct Part {
    x: u32,
    width: u32,
}

impl Bar {
    /// `None` if there is no token in use.
    pub(super) fn of(snapshot: &TokenSnapshot, now: Timestamp) -> Option<Self> {
        let current = snapshot.current.as_ref()?;
        let issued = current.issued_at;
        let kept = snapshot.retiring.iter().map(|old| old.not_before).max();
        let end = current.expires_at.or(snapshot.renew_at).unwrap_or(now);
        let begin = issued.min(now);
        let last = end.max(now).max(kept.unwrap_or(end));
        let scale = Scale { begin, last };
        let window = snapshot.renew_at.filter(|at| *at <= end);
        Some(Self {
            life: scale.part(issued, end),
            ends: current.expires_at.is_some(),
            window: window.map(|at| scale.part(at, end)),
            deadline: snapshot.renewal_deadline_at.map(|at| scale.place(at)),
            overlap: kept.map(|until| scale.part(issued.min(until), until)),
            now: scale.place(now),
            label: label(snapshot, now),
        })
    }
}

/// What time is where.
struct Scale {
    begin: Timestamp,
    last: Timestamp,
}

impl Scale {
    fn place(&self, at: Timestamp) -> u32 {
        let whole = self.last.duration_since(self.begin).as_secs_f64();
        let part = at.duration_since(self.begin).as_secs_f64();
        let place = match whole > 0.0 {
            true => (part / whole).clamp(0.0, 1.0) * WIDTH,
            false => 0.0,
        };
        // Between 0 and the width.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is clamped"
        )]
        let place = place.round() as u32;
        place
    }

    fn part(&self, from: Timestamp, to: Timestamp) -> Part {
        let x = self.place(from);
        Part {
            x,
            width: self.place(to).saturating_sub(x),
        }
    }
}

fn label(snapshot: &TokenSnapshot, now: Timestamp) -> String {
    let current = snapshot.current.as_ref();
    let kept = snapshot.retiring.iter().map(|old| old.not_before).max();
    let times = [
        ("issued", current.map(|slot| slot.issued_at)),
        ("renewal", snapshot.renew_at),
        ("deadline", snapshot.renewal_deadline_at),
        ("expiry", current.and_then(|slot| slot.expires_at)),
        ("end of the overlap", kept),
    ];
    let known = times.into_iter().filter_map(|(what, at)| {
        let at = at?;
        Some(format!("{what} {}", relative(at, now)))
    });
    known.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::telemetry::fixture;

    #[test]
    fn the_bar_has_each_time_in_its_place() {
        // Issued 10 days ago for 90; renewed 77 days before its end.
        let fresh = fixture::snapshot(&fixture::fresh_record("crm"));
        let bar = Bar::of(&fresh, fixture::now()).expect("a token");
        assert_eq!(bar.life, Part { x: 0, width: 1000 });
        assert_eq!(bar.now, 111);
        let renew = fresh.renew_at.expect("a rule");
        let days = renew.duration_since(fixture::now()).as_secs_f64() / 86_400.0;
        let window = bar.window.expect("a window");
        assert!((f64::from(window.x) - (10.0 + days) / 90.0 * 1000.0).abs() < 1.0);
        assert_eq!(window.x + window.width, 1000);
        assert_eq!(bar.overlap, None);
        assert!(
            bar.label.starts_with("issued 10 d ago, renewal in 3 d"),
            "{}",
            bar.label
        );
    }

    #[test]
    fn after_its_end_now_is_the_last_and_an_old_token_has_its_own_part() {
        let busy = fixture::snapshot(&fixture::busy_record("crm"));
        let later = fixture::now() + SignedDuration::from_hours(24 * 160);
        let bar = Bar::of(&busy, later).expect("a token");
        assert_eq!(bar.now, 1000);
        assert!(bar.life.width < 600, "{bar:?}");
        assert!(bar.overlap.is_some());
    }
}

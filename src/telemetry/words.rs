//! Durations and times in words.

use jiff::{SignedDuration, Timestamp};

/// A duration in its largest unit, `3 d`, `12 h`, `5 min`, `40 s`, without a
/// sign.
#[must_use]
pub fn span(length: SignedDuration) -> String {
    let seconds = length.as_secs().unsigned_abs();
    let (value, unit) = match seconds {
        0..90 => (seconds, "s"),
        90..5_400 => (seconds / 60, "min"),
        5_400..129_600 => (seconds / 3_600, "h"),
        _ => (seconds / 86_400, "d"),
    };
    format!("{value} {unit}")
}

/// A time relative to now, `in 3 d` or `3 d ago`.
#[must_use]
pub fn relative(at: Timestamp, now: Timestamp) -> String {
    let length = at.duration_since(now);
    if length.is_negative() {
        format!("{} ago", span(length))
    } else {
        format!("in {}", span(length))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_unit_is_taken() {
        let cases = [
            (0, "0 s"),
            (89, "89 s"),
            (90, "1 min"),
            (5_399, "89 min"),
            (5_400, "1 h"),
            (129_599, "35 h"),
            (129_600, "1 d"),
            (-259_200, "3 d"),
        ];
        for (seconds, expected) in cases {
            assert_eq!(span(SignedDuration::from_secs(seconds)), expected);
        }
    }

    #[test]
    fn the_direction_is_told() {
        let now = Timestamp::UNIX_EPOCH;
        let later = now + SignedDuration::from_hours(72);
        assert_eq!(relative(later, now), "in 3 d");
        assert_eq!(relative(now, later), "3 d ago");
    }
}

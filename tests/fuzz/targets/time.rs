//! A time in an answer, in every format: it is believed within bounds only, and an
//! error does not quote it.

use jiff::{SignedDuration, Timestamp};
use scim_rotator::http::times::{Known, Missing, NeverMark, TimeFormat, TimeReading};
use serde_json::Value;

use super::hold::{hides, in_time, is_for_people, now, planted};

const FORMATS: [TimeFormat; 8] = [
    TimeFormat::Rfc3339,
    TimeFormat::Local,
    TimeFormat::Date,
    TimeFormat::Rfc2822,
    TimeFormat::EpochS,
    TimeFormat::EpochMs,
    TimeFormat::SecondsFromNow,
    TimeFormat::MinutesFromNow,
];

/// The second day of 1970: times before it are zero times, in any zone.
const ONE_DAY: SignedDuration = SignedDuration::from_hours(24);
const FIFTY_YEARS: SignedDuration = SignedDuration::from_hours(50 * 8_766);

pub(super) fn run(input: &[u8]) {
    let Some(text) = planted(input) else {
        return;
    };
    is_read(&Value::String(text.clone()));
    if let Ok(value) = serde_json::from_str::<Value>(&text) {
        is_read(&value);
    }
}

fn is_read(value: &Value) {
    for format in FORMATS {
        for zone in [None, Some("Europe/Berlin"), Some("Pacific/Apia")] {
            let zone = zone.filter(|_| format.takes_zone());
            let never = vec![NeverMark::Number(-1), NeverMark::Text("never".to_owned())];
            let how = TimeReading::new(format, zone, never, Missing::Error, Missing::Error);
            let how = how.expect("a format with a zone");
            let clocks = [now(), Timestamp::UNIX_EPOCH];
            for clock in clocks {
                is_believed_within_bounds(&how, value, clock);
            }
        }
    }
}

fn is_believed_within_bounds(how: &TimeReading, value: &Value, clock: Timestamp) {
    let read = in_time(|| how.read_value(Some(value), "`/expires_at`", clock));
    assert_eq!(read, how.read_value(Some(value), "`/expires_at`", clock));
    match read {
        Ok(Known::At(time)) => {
            let first = match how.format {
                TimeFormat::SecondsFromNow | TimeFormat::MinutesFromNow => clock - FIFTY_YEARS,
                _ => Timestamp::UNIX_EPOCH + ONE_DAY,
            };
            assert!(time >= first, "{time}: {how:?}");
            assert!(time <= now() + FIFTY_YEARS, "{time}: {how:?}");
        }
        Ok(Known::Never | Known::Unknown) => {}
        Err(why) => {
            hides(&why);
            is_for_people(&why, 400);
        }
    }
}

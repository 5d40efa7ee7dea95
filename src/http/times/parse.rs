//! From a text or number to an instant, one function a format. A failure may
//! hint at what to change.

use jiff::civil::DateTime;
use jiff::fmt::rfc2822::DateTimeParser;
use jiff::fmt::temporal::{Pieces, PiecesOffset};
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};

/// 2000-01-01, before which no token was issued.
const FIRST_PLAUSIBLE: f64 = 946_684_800.0;

/// Times further ahead than this are no end that anybody plans for.
const LONGEST_AHEAD: SignedDuration = SignedDuration::from_hours(50 * 8_766);

/// 2025-01-01. A clock that shows less is not set, and must not make every time
/// of a server look like the far future.
const CLOCK_IS_SET: i64 = 1_735_689_600;

/// Digits of a fraction that can be told apart.
const NANOSECONDS: usize = 9;

/// A point in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Instant {
    /// Then.
    At(Timestamp),
    /// A zero date that no calendar has.
    Zero,
    /// Later than any time that can be held.
    FarFuture,
}

/// What to change, where that can be told.
type Hint = Option<&'static str>;

const DATE_ALONE: Hint = Some("is a date without a time: write format = \"date\"");

pub(super) fn rfc3339(text: &str, zone: Option<&TimeZone>) -> Result<Instant, Hint> {
    if is_zero_date(text) {
        return Ok(Instant::Zero);
    }
    let text = usual(text);
    let pieces = Pieces::parse(&text).map_err(|_| None)?;
    let time = pieces.time().ok_or(DATE_ALONE)?;
    let local = DateTime::from_parts(pieces.date(), time);
    if let Some(offset) = pieces.offset() {
        return match offset {
            PiecesOffset::Zulu => Ok(at_offset(local, Offset::UTC)),
            PiecesOffset::Numeric(numeric) => Ok(at_offset(local, numeric.offset())),
            // The enumeration may grow.
            _ => Err(None),
        };
    }
    let named = pieces.to_time_zone().map_err(|_| None)?;
    let zone = named.as_ref().or(zone).ok_or(Some(
        "names no time zone: write which one is meant, for example zone = \"UTC\" or zone = \"Europe/Berlin\"",
    ))?;
    Ok(in_zone(local, zone))
}

pub(super) fn local(text: &str, zone: &TimeZone) -> Result<Instant, Hint> {
    if is_zero_date(text) {
        return Ok(Instant::Zero);
    }
    let text = usual(text);
    let pieces = Pieces::parse(&text).map_err(|_| None)?;
    let time = pieces.time().ok_or(DATE_ALONE)?;
    if pieces.offset().is_some() || pieces.time_zone_annotation().is_some() {
        return Err(Some(
            "names its time zone itself: write format = \"rfc3339\"",
        ));
    }
    Ok(in_zone(DateTime::from_parts(pieces.date(), time), zone))
}

pub(super) fn date(text: &str, zone: &TimeZone) -> Result<Instant, Hint> {
    if is_zero_date(text) {
        return Ok(Instant::Zero);
    }
    let pieces = Pieces::parse(text).map_err(|_| None)?;
    if pieces.time().is_some() {
        return Err(Some(
            "has a time of day: write format = \"rfc3339\", or \"local\" if it names no zone",
        ));
    }
    // The day begins at its first moment, also where clocks skip midnight.
    let start = pieces.date().to_zoned_datetime(zone.clone());
    Ok(start.map_or(Instant::FarFuture, |start| Instant::At(start.timestamp())))
}

pub(super) fn rfc2822(text: &str) -> Result<Instant, Hint> {
    let zone = text.rsplit(' ').next().unwrap_or_default();
    // The standard reads unknown letters as UTC, which would be hours off.
    if zone.starts_with(|c: char| c.is_ascii_alphabetic()) && !ZONES.contains(&zone) {
        return Err(None);
    }
    // The weekday adds nothing, and some servers have it wrong.
    let parser = DateTimeParser::new().relaxed_weekday(true);
    if let Ok(time) = parser.parse_timestamp(text) {
        return Ok(Instant::At(time));
    }
    // The last hours of 9999 cannot be held, the year before can.
    let before = text.replacen(" 9999 ", " 9998 ", 1);
    match parser.parse_timestamp(&before) {
        Ok(_) if before != text => Ok(Instant::FarFuture),
        Ok(_) | Err(_) => Err(None),
    }
}

/// The names of zones that RFC 2822 defines, and the usual name of the first.
const ZONES: [&str; 12] = [
    "GMT", "UT", "UTC", "Z", "EST", "EDT", "CST", "CDT", "MST", "MDT", "PST", "PDT",
];

pub(super) fn epoch_s(seconds: f64, now: Timestamp) -> Result<Instant, Hint> {
    if plausible(seconds / 1000.0, now) {
        return Err(Some(
            "is far too large for seconds since 1970: write format = \"epoch_ms\"",
        ));
    }
    after(Timestamp::UNIX_EPOCH, seconds)
}

pub(super) fn epoch_ms(milliseconds: f64, now: Timestamp) -> Result<Instant, Hint> {
    if plausible(milliseconds, now) {
        return Err(Some(
            "is far too small for milliseconds since 1970: write format = \"epoch_s\"",
        ));
    }
    // Whole seconds first: a fraction of so large a number is not exact.
    let seconds = (milliseconds / 1000.0).floor();
    let rest = (milliseconds - seconds * 1000.0) / 1000.0;
    match after(Timestamp::UNIX_EPOCH, seconds)? {
        Instant::At(whole) => after(whole, rest),
        beyond @ (Instant::Zero | Instant::FarFuture) => Ok(beyond),
    }
}

/// So many seconds after a time.
pub(super) fn after(start: Timestamp, seconds: f64) -> Result<Instant, Hint> {
    let duration = SignedDuration::try_from_secs_f64(seconds).ok();
    match duration.and_then(|duration| start.checked_add(duration).ok()) {
        Some(time) => Ok(Instant::At(time)),
        None if seconds > 0.0 => Ok(Instant::FarFuture),
        None => Err(None),
    }
}

/// The last time that is believed.
pub(super) fn horizon(now: Timestamp) -> Timestamp {
    let set = Timestamp::from_second(CLOCK_IS_SET).unwrap_or(now);
    now.max(set)
        .checked_add(LONGEST_AHEAD)
        .unwrap_or(Timestamp::MAX)
}

/// The first time that is believed of one that is told from now on.
pub(super) fn earliest(now: Timestamp) -> Timestamp {
    now.checked_sub(LONGEST_AHEAD).unwrap_or(Timestamp::MIN)
}

/// Whether a number is, in seconds since 1970, a time of a token.
fn plausible(seconds: f64, now: Timestamp) -> bool {
    let last = horizon(now).duration_since(Timestamp::UNIX_EPOCH);
    (FIRST_PLAUSIBLE..=last.as_secs_f64()).contains(&seconds)
}

/// `0000-00-00 00:00:00`, in any zone.
fn is_zero_date(text: &str) -> bool {
    text.starts_with("0000-00-00")
}

/// Variants that servers write, in the form of the standard: `+0000` after a
/// space, `UTC` in place of `Z`, more digits than nanoseconds.
fn usual(text: &str) -> String {
    let text = match text.strip_suffix(" UTC") {
        Some(before) if before.contains('+') => before.to_owned(),
        Some(before) => format!("{before}Z"),
        None => text.to_owned(),
    };
    let text = match text.rsplit_once(' ') {
        Some((before, zone)) if zone.starts_with(['+', '-']) => format!("{before}{zone}"),
        Some(_) | None => text,
    };
    let Some(point) = text.find(['.', ',']) else {
        return text;
    };
    let (whole, fraction) = text.split_at(point + 1);
    let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, zone) = fraction.split_at(digits);
    format!("{whole}{}{zone}", &digits[..digits.len().min(NANOSECONDS)])
}

fn at_offset(local: DateTime, offset: Offset) -> Instant {
    held(offset.to_timestamp(local).ok(), local)
}

/// Of a time that occurs twice, or is skipped, the earlier reading: an expiry
/// that is thought to be too early does no harm.
fn in_zone(local: DateTime, zone: &TimeZone) -> Instant {
    held(zone.to_ambiguous_timestamp(local).earlier().ok(), local)
}

/// Only the ends of the calendar cannot be held.
fn held(time: Option<Timestamp>, local: DateTime) -> Instant {
    match time {
        Some(time) => Instant::At(time),
        None if local.year() > 0 => Instant::FarFuture,
        None => Instant::Zero,
    }
}

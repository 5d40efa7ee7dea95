//! Broken, unclear or trusted: tables over the pure decision.

use jiff::{SignedDuration, Timestamp};

use crate::scim::federated::sight::{Look, Part, Saw, Source};
use crate::scim::federated::verdict::{Standing, Word, judge};

fn at(minute: i64) -> Timestamp {
    let start: Timestamp = "2027-01-15T08:00:00Z".parse().expect("a time");
    start + SignedDuration::from_mins(minute)
}

fn agrees() -> Saw {
    Saw::Agrees
}

fn unclear() -> Saw {
    Saw::Unclear("503".to_owned())
}

fn differs() -> Saw {
    Saw::differs("a", "b")
}

fn refused() -> Saw {
    Saw::refused("a", "401")
}

fn missing() -> Saw {
    Saw::missing("a", "nothing")
}

/// Looks at one part at one place, a minute apart.
fn after(sights: &[fn() -> Saw]) -> Standing {
    let mut standing = None;
    for (minute, saw) in sights.iter().enumerate() {
        let mut look = Look::default();
        look.see(Part::Key, Source::Keys, saw());
        let now = at(i64::try_from(minute).expect("few"));
        standing = Some(judge(standing.as_ref(), &look, now));
    }
    standing.expect("a look")
}

#[test]
fn what_is_unclear_is_never_a_break_and_what_is_missing_only_when_it_stays_so() {
    type Sights = &'static [fn() -> Saw];
    let cases: [(Sights, Word); 15] = [
        (&[agrees], Word::Trusted),
        (&[unclear], Word::Unclear),
        (
            &[unclear, unclear, unclear, unclear, unclear, unclear],
            Word::Unclear,
        ),
        (&[differs], Word::Broken),
        (&[agrees, differs], Word::Broken),
        (&[differs, agrees], Word::Trusted),
        (&[differs, unclear, unclear], Word::Broken),
        (&[refused], Word::Unclear),
        (&[refused, refused], Word::Broken),
        (&[refused, agrees, refused], Word::Unclear),
        (&[missing, missing], Word::Unclear),
        (&[missing, missing, missing], Word::Broken),
        (&[missing, missing, agrees, missing], Word::Unclear),
        // What is unclear neither counts nor starts the count again.
        (&[missing, unclear, missing, unclear, missing], Word::Broken),
        (&[missing, unclear, unclear, unclear], Word::Unclear),
    ];
    for (index, (sights, expected)) in cases.into_iter().enumerate() {
        assert_eq!(after(sights).word(), expected, "case {index}");
    }
}

#[test]
fn a_break_has_begun_when_it_was_first_seen() {
    let standing = after(&[agrees, missing, missing, unclear, missing, missing]);
    let (_, against) = standing.breaks().next().expect("a break");
    assert_eq!(against.since, at(1));
    let again = after(&[differs, agrees, differs]);
    assert_eq!(again.breaks().next().expect("a break").1.since, at(2));
}

#[test]
fn it_is_known_when_everything_could_be_seen_last() {
    assert_eq!(after(&[agrees, unclear, unclear]).clear_at, Some(at(0)));
    assert_eq!(after(&[unclear, differs]).clear_at, Some(at(1)));
    assert_eq!(after(&[unclear]).clear_at, None);
}

/// One place of one look: its part, the place, what it showed.
type Seen = (Part, Source, Saw);

fn look(seen: Vec<Seen>) -> Look {
    let mut look = Look::default();
    for (part, source, saw) in seen {
        look.see(part, source, saw);
    }
    look
}

/// The token endpoint names another part than before, or says nothing.
#[test]
fn a_break_stays_until_its_own_place_shows_that_it_is_over() {
    use {Part::*, Source::*};
    let first = look(vec![(Audience, TokenEndpoint, refused())]);
    let broken = judge(Some(&judge(None, &first, at(0))), &first, at(1));
    assert_eq!(broken.word(), Word::Broken);

    let silent = look(vec![(Access, TokenEndpoint, unclear())]);
    let still = judge(Some(&broken), &silent, at(2));
    assert_eq!(still.word(), Word::Broken, "503 ends no break");
    let away = look(vec![(Issuer, Discovery, agrees())]);
    let still = judge(Some(&still), &away, at(3));
    assert_eq!(still.word(), Word::Broken, "the look did not get there");
    let (mark, against) = still.breaks().next().expect("a break");
    assert_eq!((mark.part, against.since), (Audience, at(0)));

    let granted = look(vec![(Access, TokenEndpoint, agrees())]);
    assert_eq!(judge(Some(&still), &granted, at(4)).word(), Word::Trusted);
    let another = look(vec![(Subject, TokenEndpoint, refused())]);
    let another = judge(Some(&still), &another, at(4));
    assert_eq!(another.word(), Word::Unclear, "it counts anew");
}

#[test]
fn several_parts_break_on_their_own() {
    use {Part::*, Source::*};
    let look = look(vec![
        (Issuer, Discovery, agrees()),
        (Key, Keys, agrees()),
        (Key, Trust, differs()),
        (Subject, Trust, differs()),
        (Audience, Trust, unclear()),
    ]);
    let standing = judge(None, &look, at(0));
    let parts: Vec<_> = standing.parts().collect();
    let expected = [
        (Issuer, false),
        (Audience, false),
        (Key, true),
        (Subject, true),
    ];
    assert_eq!(parts, expected);
}

#[test]
fn it_is_looked_again_soon_while_something_is_open() {
    let every = SignedDuration::from_mins(30);
    let minute = SignedDuration::from_mins(1);
    for (sights, expected) in [
        (&[agrees as fn() -> Saw], every),
        (&[missing as fn() -> Saw], minute),
        (&[differs as fn() -> Saw], minute),
    ] {
        assert_eq!(after(sights).look_again(every), expected);
    }
    let seconds = SignedDuration::from_secs(30);
    assert_eq!(after(&[differs]).look_again(seconds), seconds);
}

/// A record of the standing survives a restart.
#[test]
fn what_is_stored_is_read_back() {
    let standing = after(&[agrees, missing, missing, missing]);
    let text = serde_json::to_string(&standing).expect("JSON");
    let back: Standing = serde_json::from_str(&text).expect("a standing");
    assert_eq!(back, standing);
    assert!(back.looks_like(&standing));
    let other = after(&[agrees, missing, missing]);
    assert!(!other.looks_like(&standing));
}

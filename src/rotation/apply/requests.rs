//! Accepts what people ask for: each request once, whichever replica reads
//! it, and however often.

use jiff::Timestamp;

use super::adopting;
use crate::rotation::handover;
use crate::rotation::record::{
    Acknowledged, Control, Handled, MOST_AUTHORS, Paused, Record, Request, RequestsOf, Trigger,
    Wish, WrittenRequest,
};

/// The record after the requests for this token were handled. It is unchanged if
/// none of them is new.
#[must_use]
pub fn take_requests(record: &Record, from: &[RequestsOf], now: Timestamp) -> Record {
    let now = now.max(record.updated_at);
    let mut next = record.clone();
    let unfit = |request: &WrittenRequest| match request.what {
        Wish::Ack => handover::obstacle(record, request),
        Wish::Adopt => adopting::obstacle(record, request, now),
        Wish::Rotate | Wish::Pause | Wish::Resume => None,
    };
    let accepted = note(&mut next.handled, from, now, unfit);
    for (by, request) in accepted {
        match request.what {
            Wish::Rotate => ask_for_rotation(&mut next, by, &request, now),
            // The first pause is kept: it tells since when nothing is done.
            Wish::Pause if next.paused.is_some() => {}
            Wish::Pause => next.paused = Some(paused(by, request, now)),
            Wish::Resume => next.paused = None,
            Wish::Adopt => adopting::tell(&mut next, &request),
            Wish::Ack => {
                let connection = request.connection;
                let (at, reason) = (now, request.reason);
                handover::acknowledge(&mut next, &connection, Acknowledged { at, by, reason });
            }
        }
    }
    if next.handled != record.handled {
        next.updated_at = now;
    }
    next
}

/// The switch of all tokens after the requests for all of them were handled.
#[must_use]
pub fn take_requests_for_all(control: &Control, from: &[RequestsOf], now: Timestamp) -> Control {
    let mut next = control.clone();
    let only_the_switch = |request: &WrittenRequest| {
        let what = match request.what {
            Wish::Rotate => "all tokens cannot be rotated at once",
            Wish::Ack => "what was written into a connection is told of one token",
            Wish::Adopt => "an adopted token is told of by its name",
            Wish::Pause | Wish::Resume if request.has_reason() => return None,
            Wish::Pause | Wish::Resume => "its `reason` is empty: say why, with --reason",
        };
        Some(what.to_owned())
    };
    for (by, request) in note(&mut next.handled, from, now, only_the_switch) {
        next.paused = match request.what {
            Wish::Pause => next.paused.or_else(|| Some(paused(by, request, now))),
            Wish::Rotate | Wish::Resume | Wish::Ack | Wish::Adopt => None,
        };
    }
    next
}

fn paused(by: String, request: WrittenRequest, since: Timestamp) -> Paused {
    Paused {
        since,
        reason: request.reason,
        by: Some(by),
    }
}

/// A request does not weaken an earlier one that is not fulfilled yet.
fn ask_for_rotation(record: &mut Record, by: String, request: &WrittenRequest, now: Timestamp) {
    let before = record.request.as_ref();
    let was_compromise = before.is_some_and(|r| r.trigger == Trigger::Compromise);
    let overrode = before.is_some_and(|r| r.override_guards);
    let before_supplied = before.is_some_and(|r| r.supplied);
    record.request = Some(Request {
        trigger: match was_compromise || request.compromised {
            true => Trigger::Compromise,
            false => Trigger::Force,
        },
        at: now,
        override_guards: overrode || request.override_guards,
        supplied: before_supplied || request.supplied,
        by: Some(by),
        reason: request.reason.clone(),
    });
}

/// Notes every new request as handled. Returns those that are accepted, with
/// their authors, in the order in which they were written.
fn note(
    handled: &mut Vec<Handled>,
    from: &[RequestsOf],
    now: Timestamp,
    unfit: impl Fn(&WrittenRequest) -> Option<String>,
) -> Vec<(String, WrittenRequest)> {
    let mut accepted = Vec::new();
    for letter in from {
        let Some(place) = place_for(handled, &letter.author, now) else {
            continue;
        };
        let noted = place.map(|place| &handled[place]);
        let (seq, version) = noted.map_or((0, 0), |noted| (noted.seq, noted.version));
        let newest = match &letter.requests {
            Err(why) if version != letter.version => Some(unusable(letter, seq, why, now)),
            Err(_) => None,
            Ok(requests) => {
                let new = requests.iter().filter(|request| request.seq > seq);
                let judged = new.map(|request| {
                    let refused = request.obstacle(now).or_else(|| unfit(request));
                    if refused.is_none() {
                        accepted.push((letter.by(), request.clone()));
                    }
                    answer(letter, request, refused, now)
                });
                newest_of(judged.collect())
            }
        };
        match (newest, place) {
            (None, _) => {}
            (Some(newest), Some(place)) => handled[place] = newest,
            (Some(newest), None) => handled.push(newest),
        }
    }
    accepted.sort_by_key(|(_, request)| (request.at, request.seq));
    accepted
}

/// The newest answer, with the earlier ones in it.
fn newest_of(mut answers: Vec<Handled>) -> Option<Handled> {
    answers.sort_by_key(|answer| answer.seq);
    let newest = answers.pop()?;
    Some(Handled {
        earlier: answers,
        ..newest
    })
}

/// Where the author's requests are noted; `Some(None)`: nowhere yet. `None`:
/// there is no room, and the author's requests are not handled.
fn place_for(handled: &mut Vec<Handled>, author: &str, now: Timestamp) -> Option<Option<usize>> {
    if let Some(place) = handled.iter().position(|noted| noted.author == author) {
        return Some(Some(place));
    }
    if handled.len() >= MOST_AUTHORS {
        handled.retain(|noted| !noted.is_forgotten(now));
    }
    (handled.len() < MOST_AUTHORS).then_some(None)
}

fn unusable(letter: &RequestsOf, seq: u64, why: &str, now: Timestamp) -> Handled {
    Handled {
        author: letter.author.clone(),
        by: letter.by(),
        seq,
        version: letter.version,
        id: String::new(),
        at: now,
        what: None,
        refused: Some(why.to_owned()),
        reason: String::new(),
        options: Vec::new(),
        earlier: Vec::new(),
    }
}

fn answer(
    letter: &RequestsOf,
    request: &WrittenRequest,
    refused: Option<String>,
    now: Timestamp,
) -> Handled {
    Handled {
        author: letter.author.clone(),
        by: letter.by(),
        seq: request.seq,
        version: letter.version,
        id: request.id.clone(),
        at: now,
        what: Some(request.what),
        refused,
        reason: request.reason.clone(),
        options: request.options(),
        earlier: Vec::new(),
    }
}

//! How the id of a token is found that the issuer has not told: an adopted one,
//! or one that a person supplied.

use super::change::Change;
use super::losing::{is_throwaway, owns};
use crate::rotation::capability::Supply;
use crate::rotation::outcome::{ListedToken, Lookup};
use crate::rotation::record::{ExpiryKnown, HeldToken, Record};
use crate::secret::shown_parts::Fit;

/// Finds the token in use in the issuer's list: by the id in its own text, by the
/// beginning or the end of its value, by its label, or as the only one. If it cannot be told, the token keeps no id,
/// and is not revoked: it is left to expire.
pub(super) fn identify_current(change: &mut Change<'_, '_>, lookup: &Lookup) {
    let record = &*change.record;
    let Some(current) = record.current.as_ref().filter(|token| token.id.is_none()) else {
        return;
    };
    if change.situation.issuer.supply == Supply::Operator {
        return;
    }
    let shares = change.situation.shares_issuer;
    let Some(found) = find(record, current, lookup, shares) else {
        return;
    };
    let (id, end) = (found.issuer_id(), found.expires_at);
    let issuer = change.situation.issuer_name.to_owned();
    if let Some(current) = change.record.current.as_mut() {
        current.id = Some(id);
        current.issuer = Some(issuer);
        let earlier = end.filter(|end| current.expires_at.is_none_or(|known| *end < known));
        if let Some(end) = earlier {
            current.expires_at = Some(end);
            current.expiry = ExpiryKnown::Api;
        }
    }
}

fn find<'l>(
    record: &Record,
    current: &HeldToken,
    lookup: &'l Lookup,
    shares_issuer: bool,
) -> Option<&'l ListedToken> {
    let others = lookup.listing.tokens.iter();
    let is_other =
        |listed: &&ListedToken| !owns(record, &listed.id) && !is_throwaway(record, listed);
    let others: Vec<_> = others.filter(is_other).collect();
    if let Some(id) = &lookup.id_in_value {
        // The text of the token names it, whatever time a person wrote beside it.
        return the_only(others.iter().filter(|listed| listed.id == *id));
    }
    let fit = |listed: &ListedToken| listed.shown.fit(&current.value);
    let mut open: Vec<_> = others
        .into_iter()
        .filter(|listed| may_be(current, listed) && fit(listed) != Fit::Differs)
        .collect();
    let fits = |listed: &&ListedToken| fit(listed) == Fit::Fits;
    if open.iter().any(fits) {
        open.retain(fits);
        if let [found] = open[..] {
            return Some(found);
        }
    }
    let labelled = open.iter().filter(|listed| has_our_label(listed, lookup));
    if let Some(found) = the_only(labelled) {
        return Some(found);
    }
    let all = lookup.listing.tokens.len();
    the_only(open.iter()).filter(|listed| {
        let is_of_another = is_labelled_by_us(listed, lookup) && !has_our_label(listed, lookup);
        all == 1 && !shares_issuer && !is_of_another
    })
}

fn the_only<'a, 'l: 'a>(
    found: impl Iterator<Item = &'a &'l ListedToken>,
) -> Option<&'l ListedToken> {
    let mut found = found.copied();
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

/// Whether the times agree: it was made before it was seen, and the list shows
/// no other end than the token itself.
fn may_be(current: &HeldToken, listed: &ListedToken) -> bool {
    let off = match current.issued_at_is_seen {
        true => TOLERATED,
        false => BY_HAND,
    };
    let made_later = listed
        .created_at
        .is_some_and(|at| at.duration_since(current.issued_at) > off);
    let own_end = current
        .expires_at
        .filter(|_| current.expiry == ExpiryKnown::Jwt);
    let other_end = match (own_end, listed.expires_at) {
        (Some(own), Some(shown)) => own.duration_since(shown).abs() > TOLERATED,
        (Some(_) | None, _) => false,
    };
    !made_later && !other_end
}

/// People write the day on which a token was made, in whatever zone, and often
/// from memory.
const BY_HAND: jiff::SignedDuration = jiff::SignedDuration::from_hours(48);

/// How far times of the issuer, the token and this machine may differ.
const TOLERATED: jiff::SignedDuration = jiff::SignedDuration::from_mins(5);

/// Whether a label is one that this token's rotations are given: it begins as
/// all of them do, and has their length.
fn has_our_label(listed: &ListedToken, lookup: &Lookup) -> bool {
    let [one, other] = &lookup.sample_labels;
    let common = common_prefix(one, other);
    let Some(label) = listed.label.as_deref().filter(|_| !common.is_empty()) else {
        return false;
    };
    let (length, usual) = (label.chars().count(), one.chars().count());
    let is_as_long = length == usual || length + EARLIER_IDS_SHORTER == usual;
    label.starts_with(common) && is_as_long
}

/// Ids of rotations had so many characters less in earlier programs.
const EARLIER_IDS_SHORTER: usize = 2;

/// Whether a label may be one that this program gave to a token, this one or
/// another.
fn is_labelled_by_us(listed: &ListedToken, lookup: &Lookup) -> bool {
    let beginning: String = lookup.sample_labels[0].chars().take(8).collect();
    let label = listed.label.as_deref();
    label.is_some_and(|label| !beginning.is_empty() && label.starts_with(&beginning))
}

fn common_prefix<'a>(one: &'a str, other: &str) -> &'a str {
    let pairs = one.char_indices().zip(other.chars());
    let mut differing = pairs.filter(|((_, a), b)| a != b);
    let end = differing.next().map_or(one.len(), |((at, _), _)| at);
    &one[..end]
}

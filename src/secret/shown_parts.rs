//! The beginning and the end of a token's value, as an issuer's list shows them.

use std::fmt;

use zeroize::Zeroizing;

use super::BearerToken;

/// A shorter part is shared by too many tokens: that it fits proves nothing.
const FEWEST: usize = 4;

/// More of a value is not kept: a place may point at the whole of it.
const MOST: usize = 16;

/// Characters that stand for those that are not shown.
const MASKS: [char; 6] = ['*', '…', '•', '●', '·', '#'];

/// What a list shows of a token's value. A text may be masked on its other side, as in
/// `abcd****` or `…wxyz`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ShownParts {
    prefix: Option<Zeroizing<String>>,
    suffix: Option<Zeroizing<String>>,
}

/// Whether a value can be the one of which parts are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// It begins and ends in that way, and few values do.
    Fits,
    /// It does not.
    Differs,
    /// Too little is shown.
    Unknown,
}

impl ShownParts {
    /// From the texts at the places for the beginning and the end; both may be the
    /// same text, with a mask in the middle.
    #[must_use]
    pub fn new(prefix: Option<&str>, suffix: Option<&str>) -> Self {
        let kept =
            |characters: Vec<char>| Zeroizing::new(characters.into_iter().collect::<String>());
        let first = prefix.map(|text| {
            let shown = first_mask(text).map_or(text, |(start, _)| &text[..start]);
            kept(shown.trim().chars().take(MOST).collect())
        });
        let last = suffix.map(|text| {
            let shown = last_mask(text).map_or(text, |(_, end)| &text[end..]).trim();
            let hidden = shown.chars().count().saturating_sub(MOST);
            kept(shown.chars().skip(hidden).collect())
        });
        Self {
            prefix: first,
            suffix: last,
        }
    }

    /// Whether this value can be the one of which the parts are shown.
    #[must_use]
    pub fn fit(&self, value: &BearerToken) -> Fit {
        let value = value.expose();
        let (prefix, suffix) = (self.prefix.as_deref(), self.suffix.as_deref());
        let begins = prefix.is_none_or(|part| value.starts_with(part.as_str()));
        let ends = suffix.is_none_or(|part| value.ends_with(part.as_str()));
        let tells = prefix.map_or(0, |part| own_characters(part)).max(
            // No vendor writes the same characters at the end of all its tokens.
            suffix.map_or(0, |part| part.chars().count()),
        );
        match (begins && ends, tells >= FEWEST) {
            (false, _) => Fit::Differs,
            (true, true) => Fit::Fits,
            (true, false) => Fit::Unknown,
        }
    }
}

/// How many characters follow the word with which all tokens of a vendor begin, as in
/// `tok_` or `glpat-`.
fn own_characters(part: &str) -> usize {
    let word = part.find(['_', '-', '.', ':']).map_or(0, |at| at + 1);
    part[word..].chars().count()
}

/// Where the first mask is: its start and end.
fn first_mask(text: &str) -> Option<(usize, usize)> {
    masks(text).next()
}

fn last_mask(text: &str) -> Option<(usize, usize)> {
    masks(text).last()
}

/// Runs of characters that stand for others: one of [`MASKS`], two points, or three
/// times the letter x.
fn masks(text: &str) -> impl Iterator<Item = (usize, usize)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
            let first = rest.chars().next()?;
            let run = rest.chars().take_while(|c| *c == first);
            let (count, bytes) = run.fold((0, 0), |(n, len), c| (n + 1, len + c.len_utf8()));
            let start = at;
            at += bytes;
            let hides = match first {
                '.' => count >= 2,
                'x' | 'X' => count >= 3,
                other => MASKS.contains(&other),
            };
            if hides {
                return Some((start, at));
            }
        }
        None
    })
}

impl fmt::Debug for ShownParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShownParts")
            .field("prefix", &self.prefix.is_some())
            .field("suffix", &self.suffix.is_some())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit(prefix: Option<&str>, suffix: Option<&str>) -> Fit {
        let value = BearerToken::parse("tok_a1b2c3d4e5f6wxyz").expect("a token");
        ShownParts::new(prefix, suffix).fit(&value)
    }

    #[test]
    fn four_characters_of_its_own_tell_a_token() {
        let rows = [
            (None, None, Fit::Unknown),
            (Some("tok_a1b2"), None, Fit::Fits),
            (Some("tok_a1b2****"), None, Fit::Fits),
            (Some("tok_a1b2xxxxxxxx"), None, Fit::Fits),
            (Some("tok_"), None, Fit::Unknown),
            (Some("tok_a1b"), None, Fit::Unknown),
            (Some("tok_a1b9"), None, Fit::Differs),
            (Some("tok_b"), None, Fit::Differs),
            (Some(""), None, Fit::Unknown),
            (None, Some("wxyz"), Fit::Fits),
            (None, Some("…wxyz"), Fit::Fits),
            (None, Some("••••••wxyz"), Fit::Fits),
            (None, Some("xyz"), Fit::Unknown),
            (None, Some("wxy"), Fit::Differs),
            (Some("tok_a1...wxyz"), Some("tok_a1...wxyz"), Fit::Fits),
            (Some("tok_a1...wxy9"), Some("tok_a1...wxy9"), Fit::Differs),
            (Some("tok_a1b2"), Some("9"), Fit::Differs),
        ];
        for (prefix, suffix, expected) in rows {
            assert_eq!(fit(prefix, suffix), expected, "{prefix:?} {suffix:?}");
        }
    }

    #[test]
    fn a_value_that_is_shown_whole_is_not_kept_and_not_printed() {
        let whole = "tok_a1b2c3d4e5f6wxyz";
        let parts = ShownParts::new(Some(whole), Some(whole));
        assert_eq!(parts.prefix.as_ref().map(|part| part.len()), Some(MOST));
        assert_eq!(parts.suffix.as_ref().map(|part| part.len()), Some(MOST));
        assert!(!format!("{parts:?}").contains("a1b2"));
    }
}

//! What is kept of the spellings of secrets, and how they are found again.

use std::collections::{BTreeSet, VecDeque};
use std::hash::{BuildHasher, RandomState};

use aws_lc_rs::digest;

/// Shorter spellings are not kept: masking them would eat ordinary words, and
/// no service provider issues such tokens.
pub(super) const SHORTEST: usize = 8;

/// How many spellings are kept; beyond, the oldest go. A secret that is in use
/// is registered again each time it is read.
pub(super) const REMEMBERED: usize = 65_536;

/// Enough that no other text is taken for a secret.
const DIGEST: usize = 12;
type Digest = [u8; DIGEST];

/// Bits of a slot of [`Begins`]: there are sixteen slots for each spelling that
/// is kept.
const SLOT_BITS: u32 = 20;

/// The known spellings, by digests and keyed prefixes. The spellings themselves
/// are not kept.
#[derive(Default)]
pub(super) struct Forms {
    keys: Keys,
    known: BTreeSet<Form>,
    /// The same, oldest first.
    order: VecDeque<Form>,
    begins: Begins,
}

/// One spelling: small, for there are thousands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Form {
    prefix: Prefix,
    length: u32,
    digest: Digest,
}

/// The first bytes of a spelling under keys of this process: the slot in the
/// upper [`SLOT_BITS`], a hash that cannot be inverted below.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Prefix(u64);

impl Forms {
    pub(super) fn knows(&self, spelling: &[u8]) -> bool {
        self.form(spelling)
            .is_some_and(|form| self.known.contains(&form))
    }

    pub(super) fn insert(&mut self, spelling: &[u8]) {
        let Some(form) = self.form(spelling) else {
            return;
        };
        if !self.known.insert(form) {
            return;
        }
        self.begins.insert(form.prefix);
        self.order.push_back(form);
        if self.order.len() > REMEMBERED {
            self.forget_oldest();
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    /// How long the longest known spelling is that this text begins with.
    pub(super) fn longest_match(&self, text: &[u8]) -> Option<usize> {
        let first = first_bytes(text)?;
        if !self.begins.may_have(self.keys.slot(first)) {
            return None;
        }
        let prefix = self.keys.prefix(first);
        let mut longest = None;
        let mut length = 0;
        // All secrets of one issuer may begin alike: each length is tried once.
        while let Some(next) = self.first_of(prefix, length) {
            let Some(slice) = usize::try_from(next).ok().and_then(|end| text.get(..end)) else {
                break;
            };
            let form = Form {
                prefix,
                length: next,
                digest: digest_of(slice),
            };
            if self.known.contains(&form) {
                longest = Some(slice.len());
            }
            length = next.saturating_add(1);
        }
        longest
    }

    /// The least length, from this one on, of what begins with this prefix.
    fn first_of(&self, prefix: Prefix, length: u32) -> Option<u32> {
        let from = Form {
            prefix,
            length,
            digest: Digest::default(),
        };
        let first = self.known.range(from..).next()?;
        (first.prefix == prefix).then_some(first.length)
    }

    fn forget_oldest(&mut self) {
        if let Some(form) = self.order.pop_front() {
            self.known.remove(&form);
        }
        self.begins.outdated += 1;
        if self.begins.outdated >= REMEMBERED {
            self.begins = Begins::default();
            self.known
                .iter()
                .for_each(|form| self.begins.insert(form.prefix));
        }
    }

    fn form(&self, spelling: &[u8]) -> Option<Form> {
        Some(Form {
            prefix: self.keys.prefix(first_bytes(spelling)?),
            length: u32::try_from(spelling.len()).ok()?,
            digest: digest_of(spelling),
        })
    }
}

/// A quick look at the first bytes of a text: almost every place of a log line
/// is passed over here. Says yes too often, never too seldom.
#[derive(Default)]
struct Begins {
    /// One bit a slot; empty until the first spelling is known.
    bits: Vec<u64>,
    /// Spellings that were forgotten since the bits were set.
    outdated: usize,
}

impl Begins {
    fn insert(&mut self, prefix: Prefix) {
        if self.bits.is_empty() {
            self.bits = vec![0; 1 << (SLOT_BITS - 6)];
        }
        let (word, bit) = place(prefix.0 >> (64 - SLOT_BITS));
        if let Some(word) = self.bits.get_mut(word) {
            *word |= bit;
        }
    }

    fn may_have(&self, slot: u64) -> bool {
        let (word, bit) = place(slot);
        self.bits.get(word).is_some_and(|word| word & bit != 0)
    }
}

fn place(slot: u64) -> (usize, u64) {
    let word = usize::try_from(slot >> 6).unwrap_or(usize::MAX);
    (word, 1 << (slot & 63))
}

/// Drawn anew by each process, so that what it keeps tells others nothing.
struct Keys {
    hash: RandomState,
    mask: u64,
}

impl Default for Keys {
    fn default() -> Self {
        let hash = RandomState::new();
        Self {
            mask: hash.hash_one(SLOT_BITS),
            hash,
        }
    }
}

impl Keys {
    fn slot(&self, first: u64) -> u64 {
        // The golden ratio in 64 bits: its product spreads over the upper ones.
        const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
        (first ^ self.mask).wrapping_mul(FACTOR) >> (64 - SLOT_BITS)
    }

    fn prefix(&self, first: u64) -> Prefix {
        let hash = self.hash.hash_one(first);
        Prefix(self.slot(first) << (64 - SLOT_BITS) | hash >> SLOT_BITS)
    }
}

fn first_bytes(text: &[u8]) -> Option<u64> {
    text.first_chunk::<SHORTEST>()
        .map(|first| u64::from_le_bytes(*first))
}

fn digest_of(text: &[u8]) -> Digest {
    let whole = digest::digest(&digest::SHA256, text);
    let mut part = Digest::default();
    part.copy_from_slice(&whole.as_ref()[..DIGEST]);
    part
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_is_found_after_many_were_forgotten() {
        let mut forms = Forms::default();
        let total = 3 * REMEMBERED;
        for number in 0..total {
            forms.insert(format!("{number:08}-token").as_bytes());
        }
        assert_eq!(forms.len(), REMEMBERED);
        assert_eq!(forms.known.len(), REMEMBERED);
        let found = |number: usize| {
            let text = format!("{number:08}-token and more");
            forms.longest_match(text.as_bytes())
        };
        for number in total - REMEMBERED..total {
            assert_eq!(found(number), Some(14), "{number}");
        }
        assert_eq!(found(total - REMEMBERED - 1), None);
        // The bits of what was forgotten are taken back.
        let words = forms.begins.bits.iter();
        let set: usize = words.map(|word| word.count_ones() as usize).sum();
        assert!(set < 5 * REMEMBERED / 2, "{set} bits");
    }

    #[test]
    fn what_is_too_short_is_not_kept() {
        let mut forms = Forms::default();
        forms.insert(b"1234567");
        assert_eq!(forms.len(), 0);
        assert_eq!(forms.longest_match(b"1234567"), None);
    }
}

//! Masks secrets in log lines, in case one was logged by mistake.
//!
//! Only keyed prefixes and digests of the secrets are kept. Once [`install`]
//! was called, every [`BearerToken`](crate::secret::BearerToken) registers
//! itself when it is created.

use std::borrow::Cow;
use std::collections::{BTreeSet, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::sync::{OnceLock, PoisonError, RwLock};

use aws_lc_rs::digest;
use base64::Engine;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tracing_subscriber::fmt::MakeWriter;

/// What replaces a secret.
const MASK: &[u8] = b"[redacted]";

/// Shorter values are not registered: ordinary words would be masked, and no
/// service provider issues such tokens.
const SHORTEST: usize = 8;

/// Number of forms that are kept; beyond that the oldest are dropped. A secret
/// in use is registered again whenever it is read.
const REMEMBERED: usize = 65_536;

/// The secrets that must not be written, in every form in which they could be.
#[derive(Default)]
pub struct Redactor {
    keys: RandomState,
    forms: RwLock<Forms>,
}

#[derive(Default)]
struct Forms {
    known: BTreeSet<Form>,
    /// The same, oldest first.
    order: VecDeque<Form>,
}

/// One spelling of a secret: small, for there are thousands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Form {
    /// Key of its first bytes.
    prefix: u64,
    length: u32,
    digest: Digest,
}

/// Enough that no other text is taken for a secret.
const DIGEST: usize = 12;
type Digest = [u8; DIGEST];

/// The redactor of this process.
pub fn global() -> &'static Redactor {
    static GLOBAL: OnceLock<Redactor> = OnceLock::new();
    GLOBAL.get_or_init(Redactor::default)
}

/// Has every secret of this process registered from now on.
pub fn install() {
    crate::secret::watch(|value| global().register(value));
}

impl Redactor {
    /// Masks this value from now on: as it is, percent-encoded, in base64 at
    /// any offset (Basic authentication), and escaped for JSON.
    pub fn register(&self, secret: &str) {
        if secret.len() < SHORTEST || self.knows(secret.as_bytes()) {
            return;
        }
        let mut forms = self.forms.write().unwrap_or_else(PoisonError::into_inner);
        // The plain form goes last: that it is known means that all are.
        for spelling in spellings(secret).iter().map(String::as_bytes) {
            self.insert(&mut forms, spelling);
        }
        self.insert(&mut forms, secret.as_bytes());
    }

    /// The text with every registered secret masked.
    #[must_use]
    pub fn mask<'a>(&self, text: &'a [u8]) -> Cow<'a, [u8]> {
        let forms = self.forms.read().unwrap_or_else(PoisonError::into_inner);
        let mut masked = Vec::new();
        let (mut copied, mut at) = (0, 0);
        while let Some(rest) = text.get(at..).filter(|rest| rest.len() >= SHORTEST) {
            match self.longest_match(&forms, rest) {
                Some(length) => {
                    masked.extend_from_slice(&text[copied..at]);
                    masked.extend_from_slice(MASK);
                    at += length;
                    copied = at;
                }
                None => at += 1,
            }
        }
        if copied == 0 {
            return Cow::Borrowed(text);
        }
        masked.extend_from_slice(&text[copied..]);
        Cow::Owned(masked)
    }

    fn longest_match(&self, forms: &Forms, text: &[u8]) -> Option<usize> {
        let prefix = self.key(text);
        let mut longest = None;
        let mut length = 0;
        // All secrets of one issuer may begin alike: each length is tried once.
        while let Some(next) = forms.first_of(prefix, length) {
            let Some(slice) = usize::try_from(next).ok().and_then(|end| text.get(..end)) else {
                break;
            };
            if forms.known.contains(&self.form(slice)) {
                longest = Some(slice.len());
            }
            length = next.saturating_add(1);
        }
        longest
    }

    fn knows(&self, secret: &[u8]) -> bool {
        let forms = self.forms.read().unwrap_or_else(PoisonError::into_inner);
        forms.known.contains(&self.form(secret))
    }

    fn insert(&self, forms: &mut Forms, spelling: &[u8]) {
        if spelling.len() < SHORTEST {
            return;
        }
        let form = self.form(spelling);
        if !forms.known.insert(form) {
            return;
        }
        if forms.order.len() >= REMEMBERED {
            forms.forget_oldest();
        }
        forms.order.push_back(form);
    }

    fn form(&self, spelling: &[u8]) -> Form {
        Form {
            prefix: self.key(spelling),
            length: u32::try_from(spelling.len()).unwrap_or(u32::MAX),
            digest: digest_of(spelling),
        }
    }

    fn key(&self, text: &[u8]) -> u64 {
        self.keys.hash_one(&text[..SHORTEST])
    }
}

impl Forms {
    fn forget_oldest(&mut self) {
        if let Some(form) = self.order.pop_front() {
            self.known.remove(&form);
        }
    }

    /// The least length, from this one on, of what begins with this prefix.
    fn first_of(&self, prefix: u64, length: u32) -> Option<u32> {
        let from = Form {
            prefix,
            length,
            digest: Digest::default(),
        };
        let first = self.known.range(from..).next()?;
        (first.prefix == prefix).then_some(first.length)
    }
}

fn digest_of(text: &[u8]) -> Digest {
    let whole = digest::digest(&digest::SHA256, text);
    let mut part = Digest::default();
    part.copy_from_slice(&whole.as_ref()[..DIGEST]);
    part
}

/// What RFC 3986 leaves as it is, and what HTML forms leave.
const URL: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
const FORM: &AsciiSet = &URL.add(b'~').remove(b'*');

/// Every other spelling of a secret.
fn spellings(secret: &str) -> BTreeSet<String> {
    let json = json_escaped(secret);
    let mut all = BTreeSet::from([
        utf8_percent_encode(secret, URL).to_string(),
        utf8_percent_encode(secret, URL)
            .to_string()
            .to_ascii_lowercase(),
        utf8_percent_encode(secret, FORM).to_string(),
        utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string(),
        json.replace('/', "\\/"),
        json_escaped(&json),
        json,
    ]);
    for alphabet in [&STANDARD, &URL_SAFE] {
        let engine = GeneralPurpose::new(alphabet, NO_PAD);
        all.extend((0..3).map(|offset| base64_inside(&engine, secret, offset)));
    }
    all.remove(secret);
    all
}

fn json_escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

/// The characters that base64 has for the secret wherever it begins `offset`
/// bytes into a group of three; those shared with neighbours are left out.
fn base64_inside(engine: &GeneralPurpose, secret: &str, offset: usize) -> String {
    let mut bytes = vec![0_u8; offset];
    bytes.extend_from_slice(secret.as_bytes());
    let encoded = engine.encode(&bytes);
    let first = (offset * 8).div_ceil(6);
    let end = bytes.len() * 8 / 6;
    encoded.get(first..end).unwrap_or_default().to_owned()
}

/// Wraps a writer of log lines. Each line comes in one piece.
#[derive(Clone)]
pub struct Redacting<M> {
    inner: M,
    redactor: &'static Redactor,
}

impl<M> Redacting<M> {
    /// Masks with this redactor what goes to `inner`.
    pub fn new(inner: M, redactor: &'static Redactor) -> Self {
        Self { inner, redactor }
    }
}

impl<'a, M: MakeWriter<'a>> MakeWriter<'a> for Redacting<M> {
    type Writer = RedactingWriter<M::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        RedactingWriter {
            inner: self.inner.make_writer(),
            redactor: self.redactor,
        }
    }
}

/// One line on its way out.
pub struct RedactingWriter<W> {
    inner: W,
    redactor: &'static Redactor,
}

impl<W: io::Write> io::Write for RedactingWriter<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.inner.write_all(&self.redactor.mask(line))?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "ca/nary+7f\"3a\\90~x";

    fn masked(line: &str) -> String {
        let redactor = Redactor::default();
        redactor.register(SECRET);
        String::from_utf8(redactor.mask(line.as_bytes()).into_owned()).expect("text")
    }

    #[test]
    fn every_form_is_masked_and_the_rest_is_kept() {
        let standard = GeneralPurpose::new(&STANDARD, NO_PAD);
        let forms = [
            SECRET.to_owned(),
            utf8_percent_encode(SECRET, URL).to_string(),
            serde_json::to_string(SECRET).expect("json"),
            format!("{SECRET:?}"),
            serde_json::to_string(&serde_json::to_string(SECRET).expect("json")).expect("json"),
        ];
        for form in forms {
            let line = masked(&format!("before {form} after"));
            assert!(line.contains("[redacted]"), "{form} in {line}");
            assert!(!line.contains("nary"), "{line}");
            assert!(line.starts_with("before ") && line.ends_with(" after"));
        }
        for user in ["", "a", "ab", "abc"] {
            let basic = standard.encode(format!("{user}:{SECRET}:tail"));
            assert!(masked(&basic).contains("[redacted]"), "user {user:?}");
        }
    }

    #[test]
    fn a_line_without_secrets_is_not_copied() {
        let redactor = Redactor::default();
        redactor.register(SECRET);
        let line = b"nothing to see here";
        assert!(matches!(redactor.mask(line), Cow::Borrowed(_)));
        assert!(matches!(redactor.mask(b"short"), Cow::Borrowed(_)));
    }

    #[test]
    fn two_secrets_in_a_row_are_both_masked() {
        assert_eq!(masked(&format!("{SECRET}{SECRET}")), "[redacted][redacted]");
    }

    #[test]
    fn the_longer_of_two_secrets_with_one_prefix_is_masked_whole() {
        let redactor = Redactor::default();
        redactor.register("prefix-1234");
        redactor.register("prefix-1234-5678");
        assert_eq!(&*redactor.mask(b"<prefix-1234-5678>"), b"<[redacted]>");
    }

    #[test]
    fn memory_is_bounded() {
        let redactor = Redactor::default();
        for number in 0..20_000 {
            redactor.register(&format!("{number:08}-token"));
        }
        let forms = redactor.forms.read().expect("lock");
        assert_eq!(forms.order.len(), REMEMBERED);
        drop(forms);
        assert_eq!(&*redactor.mask(b"00019999-token"), MASK);
    }
}

//! Masks the secrets of this process in everything that leaves it: log lines,
//! answers of the server, output of commands, and texts in records. It is the
//! last of several precautions: [`Mask`](super::mask::Mask) has masked foreign
//! texts before.
//!
//! Only keyed prefixes and digests are kept, never the secrets themselves.
//! Every secret that is made ([`SecretText`](crate::secret::SecretText),
//! [`BearerToken`](crate::secret::BearerToken)) registers itself once [`install`]
//! was called, and what is no such type is registered by [`super::announce`].

mod forms;

use std::borrow::Cow;
use std::sync::OnceLock;

use parking_lot::RwLock;

use self::forms::{Forms, SHORTEST};
use super::spellings::spellings;

/// The text in place of a secret.
const MASK: &[u8] = b"[redacted]";

/// The secrets that must not be written, in every spelling in which they could
/// be.
#[derive(Default)]
pub struct Redactor {
    forms: RwLock<Forms>,
}

/// The redactor of this process.
pub fn global() -> &'static Redactor {
    static GLOBAL: OnceLock<Redactor> = OnceLock::new();
    GLOBAL.get_or_init(Redactor::default)
}

/// Has every secret of this process registered from now on.
pub fn install() {
    super::watch(|value| global().register(value));
}

impl Redactor {
    /// Masks this value from now on, in all its [`spellings`] that are long
    /// enough not to be ordinary words.
    pub fn register(&self, secret: &str) {
        let whole = secret.as_bytes();
        if whole.len() < SHORTEST || self.knows(whole) {
            return;
        }
        let spellings = spellings(secret);
        let mut forms = self.forms.write();
        // The plain one, which is the first, goes last: that it is known means
        // that all are.
        for spelling in spellings.iter().rev() {
            forms.insert(spelling.text.as_bytes());
        }
    }

    /// The text with every registered secret masked.
    #[must_use]
    pub fn mask<'a>(&self, text: &'a [u8]) -> Cow<'a, [u8]> {
        let forms = self.forms.read();
        let mut masked = Vec::new();
        let (mut copied, mut at) = (0, 0);
        while let Some(rest) = text.get(at..).filter(|rest| rest.len() >= SHORTEST) {
            match forms.longest_match(rest) {
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

    /// The same for a text.
    #[must_use]
    pub fn mask_text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match self.mask(text.as_bytes()) {
            Cow::Borrowed(_) => Cow::Borrowed(text),
            // What is cut out are whole spellings, which are texts.
            Cow::Owned(masked) => Cow::Owned(String::from_utf8_lossy(&masked).into_owned()),
        }
    }

    /// Masks a text where it stands.
    pub fn mask_in_place(&self, text: &mut String) {
        if let Cow::Owned(masked) = self.mask_text(text) {
            *text = masked;
        }
    }

    fn knows(&self, spelling: &[u8]) -> bool {
        let forms = self.forms.read();
        forms.knows(spelling)
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD_NO_PAD;

    use super::*;

    const SECRET: &str = "ca/nary+7f\"3a\\90~x";

    fn masked(line: &str) -> String {
        let redactor = Redactor::default();
        redactor.register(SECRET);
        String::from_utf8(redactor.mask(line.as_bytes()).into_owned()).expect("text")
    }

    #[test]
    fn every_form_is_masked_and_the_rest_is_kept() {
        let forms = [
            SECRET.to_owned(),
            "ca%2Fnary%2B7f%223a%5C90~x".to_owned(),
            "ca%2fnary%2b7f%223a%5c90~x".to_owned(),
            serde_json::to_string(SECRET).expect("json"),
            format!("{SECRET:?}"),
            serde_json::to_string(&serde_json::to_string(SECRET).expect("json")).expect("json"),
            SECRET.bytes().map(|b| format!("{b:02x}")).collect(),
        ];
        for form in forms {
            let line = masked(&format!("before {form} after"));
            assert!(line.contains("[redacted]"), "{form} in {line}");
            assert!(!line.contains("nary"), "{line}");
            assert!(line.starts_with("before ") && line.ends_with(" after"));
        }
        for user in ["", "a", "ab", "abc"] {
            let basic = STANDARD_NO_PAD.encode(format!("{user}:{SECRET}:tail"));
            assert!(masked(&basic).contains("[redacted]"), "user {user:?}");
        }
    }

    #[test]
    fn a_key_of_several_lines_is_masked_as_one_and_line_by_line() {
        let redactor = Redactor::default();
        let key =
            "-----BEGIN KEY-----\nMIGHAgEAMBMGByqGSM49\nAgEGCCqGSM49AwEHBG0w\n-----END KEY-----";
        redactor.register(key);
        for text in [key.to_owned(), key.replace('\n', "\\n")] {
            assert_eq!(&*redactor.mask(text.as_bytes()), MASK, "{text}");
        }
        let wrapped = redactor.mask(b"line 3: AgEGCCqGSM49AwEHBG0w").into_owned();
        assert_eq!(wrapped, b"line 3: [redacted]");
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
        let kept = redactor.forms.read().len();
        assert_eq!(kept, forms::REMEMBERED);
        assert_eq!(&*redactor.mask(b"00019999-token"), MASK);
    }
}

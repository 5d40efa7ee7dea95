//! Base64 and hex.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use zeroize::Zeroizing;

/// The characters that base64 has for a text wherever it begins in a group of
/// three bytes, in both alphabets; those that it shares with what stands before
/// and after it are left out.
pub(super) fn base64(text: &str) -> Vec<String> {
    (0..3)
        .flat_map(|lead| {
            let mut bytes = Zeroizing::new(vec![0_u8; lead]);
            bytes.extend_from_slice(text.as_bytes());
            let first = (lead * 8).div_ceil(6);
            let end = bytes.len() * 8 / 6;
            let all = Zeroizing::new(STANDARD_NO_PAD.encode(&*bytes));
            let standard = all.get(first..end).unwrap_or_default();
            [
                standard.to_owned(),
                standard.replace('+', "-").replace('/', "_"),
            ]
        })
        .collect()
}

/// Hex with digits of either case; not worth a crate.
pub(super) fn hex(text: &str) -> [String; 2] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = text.bytes().flat_map(|byte| [byte >> 4, byte & 15]);
    let lower: String = digits
        .map(|digit| char::from(DIGITS[usize::from(digit)]))
        .collect();
    [lower.to_ascii_uppercase(), lower]
}

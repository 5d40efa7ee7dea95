//! The signature of a message, by the convention Standard Webhooks:
//! `v1,` and the base64 of HMAC-SHA256 over `<id>.<timestamp>.<body>`.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::secret::SecretText;

/// The three headers of a signed message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// `webhook-timestamp`: seconds since 1970.
    pub timestamp: String,
    /// `webhook-signature`.
    pub value: String,
}

/// A secret of Standard Webhooks: the base64 of the key stands behind this.
const PREFIX: &str = "whsec_";

/// Signs a message. The key is what stands behind `whsec_`, decoded from base64; of
/// any other secret, its bytes.
#[must_use]
pub fn signature(secret: &SecretText, id: &str, now: Timestamp, body: &[u8]) -> Signature {
    let timestamp = now.as_second().to_string();
    let mut signed = Zeroizing::new(Vec::with_capacity(body.len() + 64));
    signed.extend_from_slice(format!("{id}.{timestamp}.").as_bytes());
    signed.extend_from_slice(body);
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key_of(secret));
    let tag = hmac::sign(&key, &signed);
    Signature {
        timestamp,
        value: format!("v1,{}", STANDARD.encode(tag.as_ref())),
    }
}

fn key_of(secret: &SecretText) -> Zeroizing<Vec<u8>> {
    let text = secret.expose();
    let decoded = text
        .strip_prefix(PREFIX)
        .and_then(|encoded| STANDARD.decode(encoded).ok());
    Zeroizing::new(decoded.unwrap_or_else(|| text.as_bytes().to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification of Standard Webhooks.
    #[test]
    fn the_example_of_the_convention_is_signed_as_it_says() {
        let secret = SecretText::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("one");
        let body = br#"{"test": 2432232314}"#;
        let now = Timestamp::from_second(1_614_265_330).expect("a time");
        let signed = signature(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", now, body);
        assert_eq!(signed.timestamp, "1614265330");
        assert_eq!(
            signed.value,
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }

    #[test]
    fn any_other_secret_is_the_key_itself() {
        let secret = SecretText::parse("a plain secret").expect("one");
        let now = Timestamp::from_second(1).expect("a time");
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"a plain secret");
        let tag = hmac::sign(&key, b"id.1.{}");
        let signed = signature(&secret, "id", now, b"{}");
        assert_eq!(
            signed.value,
            format!("v1,{}", STANDARD.encode(tag.as_ref()))
        );
    }
}

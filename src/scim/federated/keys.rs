//! Published keys (JWKS, RFC 7517).

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::certificate;

/// More keys than this nobody publishes.
const MOST: usize = 100;

/// A public key, by its id, by its content, or both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// `kid`.
    pub id: Option<String>,
    /// Thumbprint of RFC 7638 with SHA-256.
    pub thumbprint: Option<String>,
    /// When the certificate in `x5c` ends.
    pub certificate_ends_at: Option<Timestamp>,
}

impl PublicKey {
    /// A key of which only the id is known.
    #[must_use]
    pub fn of_id(id: impl Into<String>) -> Self {
        Self {
            id: Some(id.into()),
            thumbprint: None,
            certificate_ends_at: None,
        }
    }

    fn of_jwk(jwk: &Value) -> Option<Self> {
        let text = |name: &str| jwk.get(name).and_then(Value::as_str);
        if text("use").is_some_and(|purpose| purpose != "sig") {
            return None;
        }
        let chain = jwk.get("x5c").and_then(Value::as_array);
        let first = chain.and_then(|chain| chain.first()?.as_str());
        let key = Self {
            id: text("kid").map(str::to_owned),
            thumbprint: thumbprint(jwk),
            certificate_ends_at: first.and_then(certificate::ends_at),
        };
        (key.id.is_some() || key.thumbprint.is_some()).then_some(key)
    }

    /// Whether both are the same key: by content where both show it, else by id.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        match (&self.thumbprint, &other.thumbprint) {
            (Some(own), Some(other)) => own == other,
            _ => self.id.is_some() && self.id == other.id,
        }
    }

    /// What people call it.
    #[must_use]
    pub fn name(&self) -> &str {
        self.id
            .as_deref()
            .or(self.thumbprint.as_deref())
            .unwrap_or_default()
    }
}

/// The names of keys, for people.
#[must_use]
pub fn names(keys: &[PublicKey]) -> String {
    let names: Vec<&str> = keys.iter().map(PublicKey::name).collect();
    match names.is_empty() {
        true => "no key".to_owned(),
        false => names.join(", "),
    }
}

/// The keys for signatures of a JWKS document; `None` if it is none.
#[must_use]
pub fn of_document(document: &Value) -> Option<Vec<PublicKey>> {
    let keys = document.get("keys")?.as_array()?;
    let keys = keys.iter().take(MOST).filter_map(PublicKey::of_jwk);
    Some(keys.collect())
}

/// The keys that stand at a place: ids, keys, a JWKS, or one of these as JSON text.
#[must_use]
pub fn of_value(value: &Value) -> Vec<PublicKey> {
    match value {
        Value::String(text) => match serde_json::from_str(text) {
            Ok(inner @ (Value::Object(_) | Value::Array(_))) => of_value(&inner),
            Ok(_) | Err(_) if text.is_empty() => Vec::new(),
            Ok(_) | Err(_) => vec![PublicKey::of_id(text.as_str())],
        },
        Value::Array(items) => items.iter().take(MOST).flat_map(of_value).collect(),
        Value::Object(_) => {
            of_document(value).unwrap_or_else(|| PublicKey::of_jwk(value).into_iter().collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}

/// RFC 7638: the digest of the required members in the order of their names.
fn thumbprint(jwk: &Value) -> Option<String> {
    let members: &[&str] = match jwk.get("kty")?.as_str()? {
        "RSA" => &["e", "kty", "n"],
        "EC" => &["crv", "kty", "x", "y"],
        "OKP" => &["crv", "kty", "x"],
        _ => return None,
    };
    let mut text = String::from("{");
    for (index, name) in members.iter().enumerate() {
        let value = json!(jwk.get(name)?.as_str()?);
        let comma = if index == 0 { "" } else { "," };
        text.push_str(&format!("{comma}\"{name}\":{value}"));
    }
    text.push('}');
    Some(URL_SAFE_NO_PAD.encode(digest(&SHA256, text.as_bytes())))
}

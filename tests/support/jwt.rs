//! A maker of JWTs (ES256), as a workload's platform would be.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jiff::SignedDuration;
use rcgen::KeyPair;
use scim_rotator::clock::SystemClock;
use scim_rotator::ports::Clock;
use serde_json::{Value, json};

/// Who signs.
pub const ISSUER: &str = "https://platform.example.com";

/// Signs with one key.
pub struct JwtMaker {
    key: EcdsaKeyPair,
    public: KeyPair,
    id: String,
}

impl JwtMaker {
    /// With a new key.
    pub fn new() -> Self {
        let public = KeyPair::generate().expect("a key");
        let der = public.serialize_der();
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der);
        let id = public.public_key_raw().iter().skip(1).take(8);
        Self {
            key: key.expect("the same key"),
            id: id.map(|byte| format!("{byte:02x}")).collect(),
            public,
        }
    }

    /// The key itself.
    pub fn private_pem(&self) -> String {
        self.public.serialize_pem()
    }

    /// The public key in a key set, as `jwks_url` of Vault finds it.
    pub fn key_set(&self) -> Value {
        let point = self.public.public_key_raw();
        let (x, y) = point[1..].split_at(32);
        let text = |half: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(half);
        json!({"keys": [{
            "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": self.id,
            "x": text(x), "y": text(y),
        }]})
    }

    /// The public key, as `jwt_validation_pubkeys` of Vault takes it.
    pub fn public_pem(&self) -> String {
        self.public.public_key_pem()
    }

    /// A JWT of a workload for the audience `vault`, which ends in `life` from
    /// now; a negative life has ended.
    pub fn sign(&self, subject: &str, life: SignedDuration) -> String {
        let now = SystemClock.now();
        let issued = now - SignedDuration::from_hours(2);
        let claims = json!({
            "sub": subject, "aud": "vault", "iss": ISSUER,
            "iat": issued.as_second(), "exp": (now + life).as_second(),
        });
        let text = |value: Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let header = json!({"alg": "ES256", "typ": "JWT", "kid": self.id});
        let signed = format!("{}.{}", text(header), text(claims));
        let signature = self.key.sign(&SystemRandom::new(), signed.as_bytes());
        let signature = BASE64_URL_SAFE_NO_PAD.encode(signature.expect("signs"));
        format!("{signed}.{signature}")
    }
}

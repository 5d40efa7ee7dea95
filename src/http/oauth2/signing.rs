//! A private key of ours, and the JSON Web Tokens that it signs (RFC 7515, 7518).

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, EcdsaSigningAlgorithm, KeyPair as _, RsaEncoding, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use crate::secret::SecretText;

/// How a token is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Algorithm {
    /// RSA PKCS #1 with SHA-256.
    Rs256,
    /// RSA PKCS #1 with SHA-384.
    Rs384,
    /// RSA PKCS #1 with SHA-512.
    Rs512,
    /// RSA PSS with SHA-256.
    Ps256,
    /// RSA PSS with SHA-384.
    Ps384,
    /// RSA PSS with SHA-512.
    Ps512,
    /// ECDSA with P-256 and SHA-256.
    Es256,
    /// ECDSA with P-384 and SHA-384.
    Es384,
    /// ECDSA with P-521 and SHA-512.
    Es512,
}

/// Which header names the certificate of the key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum Thumbprint {
    /// SHA-1 of the certificate.
    #[serde(rename = "x5t")]
    Sha1,
    /// SHA-256 of the certificate.
    #[default]
    #[serde(rename = "x5t#S256")]
    Sha256,
}

/// A private key that was read, and the header of what it signs.
pub(super) struct Signer {
    key: Key,
    algorithm: Algorithm,
    header: Map<String, Value>,
}

enum Key {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair, Algorithm),
}

impl Signer {
    /// Reads a private key: PEM, or the JSON key file of a Google service account,
    /// which also names the key.
    ///
    /// # Errors
    /// Says what is wrong, without any part of the key.
    pub(super) fn read(
        text: &SecretText,
        algorithm: Option<Algorithm>,
    ) -> Result<Self, &'static str> {
        let (pem, key_id) = match google_key(text)? {
            Some((pem, key_id)) => (pem, key_id),
            None => (text.clone(), None),
        };
        let key = Key::from_pem(pem.expose().as_bytes())?;
        let algorithm = key.algorithm(algorithm)?;
        let mut signer = Self {
            key,
            algorithm,
            header: Map::new(),
        };
        signer.put("alg", algorithm.as_str());
        signer.put("typ", "JWT");
        if let Some(key_id) = key_id {
            signer.put("kid", &key_id);
        }
        Ok(signer)
    }

    /// Names the key in the header.
    pub(super) fn named(mut self, key_id: &str) -> Self {
        self.put("kid", key_id);
        self
    }

    /// Names the certificate of the key in the header.
    ///
    /// # Errors
    /// When it is no certificate in PEM, or that of another key.
    pub(super) fn certified(
        mut self,
        pem: &str,
        thumbprint: Thumbprint,
    ) -> Result<Self, &'static str> {
        let der = CertificateDer::from_pem_slice(pem.as_bytes())
            .map_err(|_| "it holds no certificate in PEM (\"BEGIN CERTIFICATE\")")?;
        let public = self.key.public_bytes();
        if !der.windows(public.len()).any(|part| part == public) {
            return Err("it is the certificate of another key than the private key");
        }
        match thumbprint {
            Thumbprint::Sha1 => self.put(
                "x5t",
                &URL_SAFE_NO_PAD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, &der)),
            ),
            Thumbprint::Sha256 => {
                self.put("x5t#S256", &URL_SAFE_NO_PAD.encode(digest(&SHA256, &der)))
            }
        }
        Ok(self)
    }

    /// `SHA256:` and the SHA-256 of the public key (DER, SubjectPublicKeyInfo) in
    /// base64, as Snowflake names a public key.
    ///
    /// # Errors
    /// When the public key cannot be written.
    pub(super) fn fingerprint(&self) -> Result<String, &'static str> {
        let der = self.key.public_der()?;
        Ok(format!(
            "SHA256:{}",
            STANDARD.encode(digest(&SHA256, der.as_ref()))
        ))
    }

    /// The signed token of these claims.
    ///
    /// # Errors
    /// When the key cannot sign.
    pub(super) fn sign(&self, claims: &Map<String, Value>) -> Result<SecretText, &'static str> {
        let part = |map: &Map<String, Value>| URL_SAFE_NO_PAD.encode(json!(map).to_string());
        let signed = format!("{}.{}", part(&self.header), part(claims));
        let signature = self.key.sign(self.algorithm, signed.as_bytes())?;
        let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature));
        SecretText::parse(token).map_err(|_| "the signed token is too long")
    }

    fn put(&mut self, name: &str, value: &str) {
        self.header.insert(name.to_owned(), json!(value));
    }
}

/// The private key in the key file of a Google service account, and its id.
fn google_key(text: &SecretText) -> Result<Option<(SecretText, Option<String>)>, &'static str> {
    if !text.expose().trim_start().starts_with('{') {
        return Ok(None);
    }
    let no_key = "it is JSON without a text `private_key`: write the key in PEM, or the JSON key file of a Google service account";
    let mut file: Value = serde_json::from_str(text.expose()).map_err(|_| no_key)?;
    let key_id = file["private_key_id"].as_str().map(str::to_owned);
    let pem = file["private_key"].as_str().map(SecretText::parse);
    let pem = pem.and_then(Result::ok).ok_or(no_key);
    crate::http::message::wipe(&mut file);
    Ok(Some((pem?, key_id)))
}

impl Key {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "a foreign, open list of which two are worth words of their own"
    )]
    fn from_pem(pem: &[u8]) -> Result<Self, &'static str> {
        let der = PrivateKeyDer::from_pem_slice(pem).map_err(|_| {
            "it holds no private key in PEM (\"BEGIN PRIVATE KEY\"); a key with a passphrase cannot be used: `openssl pkey -in KEY -out NEW` writes it without"
        })?;
        // Wiped when dropped.
        let der = Zeroizing::new(der);
        let rsa = match &*der {
            PrivateKeyDer::Pkcs1(key) => RsaKeyPair::from_der(key.secret_pkcs1_der()),
            PrivateKeyDer::Pkcs8(key) => RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()),
            _ => return Self::ec(der.secret_der()),
        };
        match rsa {
            Ok(key) => Ok(Self::Rsa(key)),
            Err(_) => Self::ec(der.secret_der()),
        }
    }

    fn ec(der: &[u8]) -> Result<Self, &'static str> {
        let curves = [Algorithm::Es256, Algorithm::Es384, Algorithm::Es512];
        let mut keys = curves.into_iter().filter_map(|algorithm| {
            let key = EcdsaKeyPair::from_private_key_der(algorithm.curve()?, der).ok()?;
            Some(Self::Ec(key, algorithm))
        });
        keys.next().ok_or(
            "its private key is of another kind than RSA (2048 to 8192 bits), P-256, P-384 or P-521",
        )
    }

    /// The algorithm that was asked for, if the key fits it; else the key's usual
    /// one.
    fn algorithm(&self, wanted: Option<Algorithm>) -> Result<Algorithm, &'static str> {
        let usual = match self {
            Self::Rsa(_) => Algorithm::Rs256,
            Self::Ec(_, algorithm) => *algorithm,
        };
        match (self, wanted) {
            (_, None) => Ok(usual),
            (Self::Rsa(_), Some(wanted)) if wanted.curve().is_some() => Err(
                "`algorithm` is for an elliptic curve, and the private key is RSA: write RS256 or PS256, or leave `algorithm` out",
            ),
            (Self::Ec(..), Some(wanted)) if wanted != usual => Err(
                "`algorithm` does not fit the curve of the private key: P-256 is for ES256, P-384 for ES384 and P-521 for ES512; leave `algorithm` out",
            ),
            (_, Some(wanted)) => Ok(wanted),
        }
    }

    fn sign(&self, algorithm: Algorithm, message: &[u8]) -> Result<Vec<u8>, &'static str> {
        let random = SystemRandom::new();
        let failed = "the private key cannot sign";
        match self {
            Self::Rsa(key) => {
                let padding = algorithm.padding().ok_or(failed)?;
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(padding, &random, message, &mut signature)
                    .map_err(|_| failed)?;
                Ok(signature)
            }
            Self::Ec(key, _) => {
                let signature = key.sign(&random, message).map_err(|_| failed)?;
                Ok(signature.as_ref().to_vec())
            }
        }
    }

    /// The public key as it stands in a certificate.
    fn public_bytes(&self) -> &[u8] {
        match self {
            Self::Rsa(key) => key.public_key().as_ref(),
            Self::Ec(key, _) => key.public_key().as_ref(),
        }
    }

    fn public_der(&self) -> Result<PublicKeyX509Der<'static>, &'static str> {
        let der = match self {
            Self::Rsa(key) => key.public_key().as_der(),
            Self::Ec(key, _) => key.public_key().as_der(),
        };
        der.map_err(|_| "its public key cannot be written")
    }
}

impl Algorithm {
    /// The word of the standard, also that of the configuration.
    fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Es512 => "ES512",
        }
    }

    fn curve(self) -> Option<&'static EcdsaSigningAlgorithm> {
        match self {
            Self::Es256 => Some(&signature::ECDSA_P256_SHA256_FIXED_SIGNING),
            Self::Es384 => Some(&signature::ECDSA_P384_SHA384_FIXED_SIGNING),
            Self::Es512 => Some(&signature::ECDSA_P521_SHA512_FIXED_SIGNING),
            Self::Rs256 | Self::Rs384 | Self::Rs512 | Self::Ps256 | Self::Ps384 | Self::Ps512 => {
                None
            }
        }
    }

    fn padding(self) -> Option<&'static dyn RsaEncoding> {
        match self {
            Self::Rs256 => Some(&signature::RSA_PKCS1_SHA256),
            Self::Rs384 => Some(&signature::RSA_PKCS1_SHA384),
            Self::Rs512 => Some(&signature::RSA_PKCS1_SHA512),
            Self::Ps256 => Some(&signature::RSA_PSS_SHA256),
            Self::Ps384 => Some(&signature::RSA_PSS_SHA384),
            Self::Ps512 => Some(&signature::RSA_PSS_SHA512),
            Self::Es256 | Self::Es384 | Self::Es512 => None,
        }
    }
}

#[cfg(test)]
pub(super) mod tests;

//! The vectors of RFC 7515, appendix A, and every algorithm verified by its public
//! key. The keys are those that the standard prints.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512,
    UnparsedPublicKey, VerificationAlgorithm,
};

use super::*;

/// RFC 7515, A.2.1, as PKCS #1.
pub(in crate::http::oauth2) const RSA: &str = "\
-----BEGIN RSA PRIVATE KEY-----
MIIEowIBAAKCAQEAofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd/wWJcyQoTbji9k0
l8W26mPddxHmfHQp+Vaw+4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL+yRT+SFd2lZS+pC
gNMsD1W/YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb/7OMg0LOL+bSf63kpaSHSX
ndS5z5rexMdbBYUsLA9e+KXBdQOS+UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uD
Zlxvb3qCo5ZwKh9kG4LT6/I5IhlJH7aGhyxXFvUK+DWNmoudF8NAco9/h9iaGNj8
q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQIDAQABAoIBABKucaRpzQorw35S
bEUAVx8dYXUdZOlJcHtiWQ+dC6V8ljxAHj/PLyzTveyI5QO/xkObCyjIL303l2cf
UhPu2MFaJdjVzqACXuOrLot/eSFvxjvqVidTtAZExqFRJ9mylUVAoLvhowVWmC1O
n95fZCXxTUtxNEG1Xcc7m0rtzJKs45J+N/V9DP1edYH6USyPSWGp6wuA+KgHRnKK
Vf9GRx80JQY7nVNkL17eHoTWEwga+lwi0FEoW9Y7lDtWXYmKBWhUE+U8PGxlJf8f
40493HDw1WRQ/aSLoS4QTp3rn7gYgeHEvfJdkkf0UMhlknlo53M09EFPdadQ4TlU
bjqKc50CgYEA4BzEEOtIpmVdVEZNCqS7baC4crd0pqnRH/5IB3jw3bcxGn6QLvnE
tfdUdiYrqBdss1l58BQ3KhooKeQTa9AB0Hw/Py5PJdTJNPY8cQn7ouZ2KKDcmnPG
BY5t7yLc1QlQ5xHdwW1VhvKn+nXqhJTBgIPgtldC+KDV5z+y2XDwGUcCgYEAuQPE
fgmVtjL0Uyyx88GZFF1fOunH3+7cepKmtH4pxhtCoHqpWmT8YAmZxaewHgHAjLYs
p1ZSe7zFYHj7C6ul7TjeLQeZD/YwD66t62wDmpe/HlB+TnBA+njbglfIsRLtXlnD
zQkv5dTltRJ11BKBBypeeF6689rjcJIDEz9RWdcCgYAHAp9XcCSrn8wVkMVkKdb7
DOX4IKjzdahm+ctDAJN4O/y7OW5FKebvUjdAIt2GuoTZ71iTG+7F0F+lP88jtjP4
U4qe7VHoewl4MKOfXZKTe+YCS1XbNvfgwJ3Ltyl1OH9hWvu2yza7q+d5PCsDzqtm
27kxuvULVeya+TEdAB1ijQKBgQCH/3r6YrVH/uCWGy6bzV1nGNOdjKc9tmkfOJmN
54dxdixdpozCQ6U4OxZrsj3FcOhHBsqAHvX2uuYjagqvo3cOj1TRqNocX40omfCC
Mx3bD1yPPf/6TI2XECva/ggqEY2mYzmIiA5LVVmc5nrybr+lssFKneeyxN2Wq93S
0iJMdQKBgCGHewxzoa1r8ZMD0LETNrToK423K377UCYqXfg5XMclbrjPbEC3YI1Z
NqMtuhdBJqUnBi6tjKMF+34Xf0CUN8ncuXGO2CAYvO8PdyCixHX52ybaDjy1FtCE
6yUXjoKNXKvUm7MWGsAYH6f4IegOetN5NvmUMFStCSkh7ixZLkN1
-----END RSA PRIVATE KEY-----
";

/// RFC 7515, A.3.1, as SEC 1.
pub(in crate::http::oauth2) const P256: &str = "\
-----BEGIN EC PRIVATE KEY-----
MHcCAQEEII6bEJ5xkJi/mASH3x9dd+nLKWBuvtImO19XwhPfhPSyoAoGCCqGSM49
AwEHoUQDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEXH8UTNG72b
focs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==
-----END EC PRIVATE KEY-----
";

/// RFC 7515, A.4.1, as PKCS #8.
const P521: &str = "\
-----BEGIN PRIVATE KEY-----
MIHuAgEAMBAGByqGSM49AgEGBSuBBAAjBIHWMIHTAgEBBEIBjmlvsDRQWIHdEQtI
Prh9Ms5JX+NrN0Xt8tjK5PDyU59GFaDpjqtSs8DF6sTOB1GFqOe7R96sHR3ne8z2
YTXmPYKhgYkDgYYABAHpKQUPEk/GvFXH1TkzZd+d70qwwiyyV5j5NOsE48a643Aa
V6eRDp2BvzYxWejryxVdY0n0vbbM+KlMXFnHqsEBpAA0pkQON2dQ0jcf0b3CyPO3
HS9O5eo0MsgVzKMVYP5dk4fsd0tVg4Yw5cu/Woy+CpHdAGTGmZofbm5n+t3t5MjI
9g==
-----END PRIVATE KEY-----
";

/// A self-signed certificate of the RSA key.
pub(in crate::http::oauth2) const CERTIFICATE: &str = "\
-----BEGIN CERTIFICATE-----
MIICsTCCAZmgAwIBAgIBATANBgkqhkiG9w0BAQsFADAcMRowGAYDVQQDDBFzY2lt
LXJvdGF0b3IgdGVzdDAeFw0yNjAxMDEwMDAwMDBaFw00NjAxMDEwMDAwMDBaMBwx
GjAYBgNVBAMMEXNjaW0tcm90YXRvciB0ZXN0MIIBIjANBgkqhkiG9w0BAQEFAAOC
AQ8AMIIBCgKCAQEAofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd/wWJcyQoTbji9k0
l8W26mPddxHmfHQp+Vaw+4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL+yRT+SFd2lZS+pC
gNMsD1W/YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb/7OMg0LOL+bSf63kpaSHSX
ndS5z5rexMdbBYUsLA9e+KXBdQOS+UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uD
Zlxvb3qCo5ZwKh9kG4LT6/I5IhlJH7aGhyxXFvUK+DWNmoudF8NAco9/h9iaGNj8
q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQIDAQABMA0GCSqGSIb3DQEBCwUA
A4IBAQAbE18zkFxvzNinNLvgKLk0crJB0YDCjjWxT3lEn9Tvozt/7HytbZiNdrma
3VxHMqP72krnsGylKJU6DeaUlIMA9I9jPmfUuCgEz/AAHBCMp9eEy88nwJdKTg71
gH5reRBbtMtgX9pqhedggP5E5I//44QX1BpKCUVUKSbva7MKGnEYQu7nMNykNXpj
UpC+zAvSDRyp81LVGMkPn/u6AW+0+F2YLG05mwZ7VQ839ZcOMeRTQlbt3+1U2Wto
Z/CrDXOvZqArK/7BziTDnvAa9QF94SypogQOcETfIS/YxX/E+8tf7RctIazE2YCb
NonU5FWf3ulRbCTop3EUjqNC6yE7
-----END CERTIFICATE-----
";

fn read(pem: &str, algorithm: Option<Algorithm>) -> Result<Signer, &'static str> {
    Signer::read(&SecretText::parse(pem).expect("a text"), algorithm)
}

fn claims(text: &str) -> Map<String, Value> {
    serde_json::from_str(text).expect("claims")
}

#[test]
fn the_rsa_vector_of_the_standard_is_signed_to_the_byte() {
    let signed = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    let expected = "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
    let signer = read(RSA, None).expect("a key");
    let signature = signer.key.sign(Algorithm::Rs256, signed.as_bytes());
    assert_eq!(URL_SAFE_NO_PAD.encode(signature.expect("signed")), expected);
}

#[test]
fn the_elliptic_keys_of_the_standard_are_those_whose_vectors_verify() {
    let rows: [(&str, Algorithm, &dyn VerificationAlgorithm, &str, &str); 2] = [
        (
            P256,
            Algorithm::Es256,
            &ECDSA_P256_SHA256_FIXED,
            "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ",
            "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
        ),
        (
            P521,
            Algorithm::Es512,
            &ECDSA_P521_SHA512_FIXED,
            "eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA",
            "AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn",
        ),
    ];
    for (pem, algorithm, verifies, signed, signature) in rows {
        let signer = read(pem, None).expect("a key");
        assert_eq!(signer.algorithm, algorithm);
        let key = UnparsedPublicKey::new(verifies, signer.key.public_bytes());
        let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64");
        assert!(key.verify(signed.as_bytes(), &signature).is_ok());
        let ours = signer
            .key
            .sign(algorithm, signed.as_bytes())
            .expect("signed");
        assert!(key.verify(signed.as_bytes(), &ours).is_ok());
        assert_eq!(ours.len(), signature.len());
    }
}

#[test]
fn every_algorithm_signs_what_its_public_key_verifies() {
    let p384 = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).expect("a key");
    let p384 = p384.serialize_pem();
    let rows: [(&str, Algorithm, &dyn VerificationAlgorithm); 9] = [
        (RSA, Algorithm::Rs256, &RSA_PKCS1_2048_8192_SHA256),
        (RSA, Algorithm::Rs384, &RSA_PKCS1_2048_8192_SHA384),
        (RSA, Algorithm::Rs512, &RSA_PKCS1_2048_8192_SHA512),
        (RSA, Algorithm::Ps256, &RSA_PSS_2048_8192_SHA256),
        (RSA, Algorithm::Ps384, &RSA_PSS_2048_8192_SHA384),
        (RSA, Algorithm::Ps512, &RSA_PSS_2048_8192_SHA512),
        (P256, Algorithm::Es256, &ECDSA_P256_SHA256_FIXED),
        (&p384, Algorithm::Es384, &ECDSA_P384_SHA384_FIXED),
        (P521, Algorithm::Es512, &ECDSA_P521_SHA512_FIXED),
    ];
    for (pem, algorithm, verifies) in rows {
        let signer = read(pem, Some(algorithm)).expect("a key").named("key-1");
        let token = signer.sign(&claims(r#"{"iss":"joe"}"#)).expect("signed");
        let (signed, signature) = token.expose().rsplit_once('.').expect("three parts");
        let (header, body) = signed.split_once('.').expect("two parts");
        let part = |text: &str| URL_SAFE_NO_PAD.decode(text).expect("base64url");
        let header: Value = serde_json::from_slice(&part(header)).expect("JSON");
        let expected = json!({"alg": algorithm.as_str(), "typ": "JWT", "kid": "key-1"});
        assert_eq!(header, expected);
        assert_eq!(part(body), br#"{"iss":"joe"}"#);
        let key = UnparsedPublicKey::new(verifies, signer.key.public_bytes());
        assert!(
            key.verify(signed.as_bytes(), &part(signature)).is_ok(),
            "{algorithm:?}"
        );
    }
}

/// The expected values were made with `openssl`.
#[test]
fn a_certificate_names_the_key_by_either_thumbprint() {
    let header = |thumbprint| {
        let signer = read(RSA, None).expect("a key");
        let signer = signer.certified(CERTIFICATE, thumbprint).expect("its own");
        Value::Object(signer.header)
    };
    let old = header(Thumbprint::Sha1);
    assert_eq!(old["x5t"], "po3yyB9dqkERTUO8bSSJWUWc2v8");
    let new = header(Thumbprint::Sha256);
    assert_eq!(
        new["x5t#S256"],
        "QGge90CuhrqGo5vG0hQHxGWWcVxWZry3A46WzUeUiGo"
    );
}

/// The expected value was made with `openssl`, as Snowflake's documentation says.
#[test]
fn a_public_key_has_the_fingerprint_that_snowflake_names_it_by() {
    let fingerprint = read(RSA, None).expect("a key").fingerprint();
    assert_eq!(
        fingerprint.as_deref(),
        Ok("SHA256:b9E8JDWjYefFiM0X9V9a098Bd6ZsFyemogCEX016uIw=")
    );
}

#[test]
fn the_key_file_of_a_google_service_account_names_its_key() {
    let file = json!({
        "type": "service_account", "private_key_id": "abc123", "private_key": RSA,
    });
    let signer = read(&file.to_string(), None).expect("a key");
    assert_eq!(signer.header["kid"], "abc123");
}

#[test]
fn what_cannot_sign_says_why_and_shows_no_part_of_it() {
    let weak = "-----BEGIN PRIVATE KEY-----\nY2FuYXJ5\n-----END PRIVATE KEY-----\n";
    let locked = RSA.replace("RSA PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    let rows = [
        ("canary", None, "BEGIN PRIVATE KEY"),
        (locked.as_str(), None, "passphrase"),
        (weak, None, "of another kind"),
        (CERTIFICATE, None, "no private key"),
        ("{\"key\":\"canary\"}", None, "Google"),
        ("{canary", None, "Google"),
        (RSA, Some(Algorithm::Es256), "is RSA"),
        (P256, Some(Algorithm::Rs256), "curve"),
        (P256, Some(Algorithm::Es384), "curve"),
    ];
    for (text, algorithm, why) in rows {
        let said = read(text, algorithm).err().expect("refused");
        assert!(said.contains(why) && !said.contains("canary"), "{said}");
    }
    let signer = || read(P256, None).expect("a key");
    for (text, why) in [(CERTIFICATE, "another key"), (P256, "no certificate")] {
        let said = signer().certified(text, Thumbprint::Sha1).err();
        assert!(said.is_some_and(|said| said.contains(why)), "{said:?}");
    }
}

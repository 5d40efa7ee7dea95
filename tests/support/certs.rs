//! Certificates: authorities of the tests' own, and what they sign.

use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams,
    SerialNumber, date_time_ymd,
};

/// A certificate authority.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate with its key, both as PEM.
pub struct Leaf {
    pub certificate: String,
    pub key: String,
}

impl Authority {
    /// With a new key.
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("signs"))
    }

    /// Its own certificate.
    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// A server's certificate for this name or address.
    pub fn server(&self, name: &str) -> Leaf {
        self.sign(name, ExtendedKeyUsagePurpose::ServerAuth, |_| {})
    }

    /// A server's certificate that ended long ago.
    pub fn expired_server(&self, name: &str) -> Leaf {
        self.sign(name, ExtendedKeyUsagePurpose::ServerAuth, end)
    }

    /// A client's certificate.
    pub fn client(&self, name: &str) -> Leaf {
        self.sign(name, ExtendedKeyUsagePurpose::ClientAuth, |_| {})
    }

    /// A client's certificate with this serial number, to be revoked by it.
    pub fn numbered_client(&self, name: &str, serial: u64) -> Leaf {
        self.sign(name, ExtendedKeyUsagePurpose::ClientAuth, |params| {
            params.serial_number = Some(SerialNumber::from(serial));
        })
    }

    /// A client's certificate that ended long ago.
    pub fn expired_client(&self, name: &str) -> Leaf {
        self.sign(name, ExtendedKeyUsagePurpose::ClientAuth, end)
    }

    /// The list of what it revoked, as PEM.
    pub fn revocation_list(&self, serials: impl IntoIterator<Item = u64>) -> String {
        let revoked = |serial| RevokedCertParams {
            serial_number: SerialNumber::from(serial),
            revocation_time: date_time_ymd(2024, 1, 1),
            reason_code: None,
            invalidity_date: None,
        };
        let list = CertificateRevocationListParams {
            this_update: date_time_ymd(2024, 1, 1),
            next_update: date_time_ymd(2100, 1, 1),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: serials.into_iter().map(revoked).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        let list = list.signed_by(&self.0).expect("signs");
        list.pem().expect("PEM")
    }

    fn sign(
        &self,
        name: &str,
        purpose: ExtendedKeyUsagePurpose,
        more: impl Fn(&mut CertificateParams),
    ) -> Leaf {
        let mut params = CertificateParams::new([name.to_owned()]).expect("a name");
        params.distinguished_name.push(DnType::CommonName, name);
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![purpose];
        more(&mut params);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.0).expect("signs");
        Leaf {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        }
    }
}

fn end(params: &mut CertificateParams) {
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2021, 2, 3);
}

impl Leaf {
    /// Writes `NAME.pem` and `NAME-key.pem`; returns their paths.
    pub fn write(&self, folder: &Path, name: &str) -> (PathBuf, PathBuf) {
        let certificate = folder.join(format!("{name}.pem"));
        let key = folder.join(format!("{name}-key.pem"));
        std::fs::write(&certificate, &self.certificate).expect("written");
        std::fs::write(&key, &self.key).expect("written");
        (certificate, key)
    }
}

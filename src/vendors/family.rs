//! What a vendor file describes.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::connections::ConnectionKind;
use crate::connections::http::HttpConnection;
use crate::issuers::IssuerKind;
use crate::issuers::http::HttpIssuer;
use crate::ports::kind::VendorMark;
use crate::problem::Problems;

/// Whether a file describes an issuer or a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// `[issuers.<name>.<vendor>]`
    Issuer,
    /// `[connections.<name>.<vendor>]`
    Connection,
}

impl Family {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Issuer, Self::Connection];

    /// The word of the file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Issuer => "issuer",
            Self::Connection => "connection",
        }
    }

    /// The section of the configuration, and the folder of shipped files.
    #[must_use]
    pub fn section(self) -> &'static str {
        match self {
            Self::Issuer => "issuers",
            Self::Connection => "connections",
        }
    }
}

/// The kinds of a family, of which `http` can come from a vendor file.
pub trait FromVendor: DeserializeOwned {
    /// The typed settings of kind `http`.
    type Http: DeserializeOwned;
    /// Issuers or connections.
    const FAMILY: Family;

    /// Settings of kind `http` that came from a vendor file.
    fn from_vendor(http: Self::Http, mark: Arc<VendorMark>) -> Self;

    /// Notes what is wrong with the settings; see [`crate::ports::kind::Kind`].
    fn check(&self, path: &str, problems: &mut Problems);
}

impl FromVendor for IssuerKind {
    type Http = HttpIssuer;
    const FAMILY: Family = Family::Issuer;

    fn from_vendor(mut http: HttpIssuer, mark: Arc<VendorMark>) -> Self {
        http.vendor = Some(mark);
        Self::Http(Box::new(http))
    }

    fn check(&self, path: &str, problems: &mut Problems) {
        self.as_kind().check(path, problems);
    }
}

impl FromVendor for ConnectionKind {
    type Http = HttpConnection;
    const FAMILY: Family = Family::Connection;

    fn from_vendor(mut http: HttpConnection, mark: Arc<VendorMark>) -> Self {
        http.vendor = Some(mark);
        Self::Http(Box::new(http))
    }

    fn check(&self, path: &str, problems: &mut Problems) {
        self.as_kind().check(path, problems);
    }
}

//! What a vendor file describes.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::connections::ConnectionKind;
use crate::issuers::IssuerKind;
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

    /// The word for a sentence.
    #[must_use]
    pub fn with_article(self) -> &'static str {
        match self {
            Self::Issuer => "an issuer",
            Self::Connection => "a connection",
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

/// The kinds of a family, of which some can come from a vendor file.
pub trait FromVendor: DeserializeOwned {
    /// Issuers or connections.
    const FAMILY: Family;

    /// The settings with a note of the vendor file that they came from.
    #[must_use]
    fn marked(self, mark: Arc<VendorMark>) -> Self;

    /// Notes what is wrong with the settings; see [`crate::ports::kind::Kind`].
    fn check(&self, path: &str, problems: &mut Problems);
}

impl FromVendor for IssuerKind {
    const FAMILY: Family = Family::Issuer;

    fn marked(mut self, mark: Arc<VendorMark>) -> Self {
        match &mut self {
            Self::Http(http) => http.vendor = Some(mark),
            Self::Operator(operator) => operator.vendor = Some(mark),
            Self::Oauth2(_) | Self::Local(_) | Self::Exec(_) | Self::VaultDynamic(_) => {}
        }
        self
    }

    fn check(&self, path: &str, problems: &mut Problems) {
        self.as_kind().check(path, problems);
    }
}

impl FromVendor for ConnectionKind {
    const FAMILY: Family = Family::Connection;

    fn marked(mut self, mark: Arc<VendorMark>) -> Self {
        match &mut self {
            Self::Http(http) => http.vendor = Some(mark),
            Self::Manual(manual) => manual.vendor = Some(mark),
            Self::Exec(_) => {}
        }
        self
    }

    fn check(&self, path: &str, problems: &mut Problems) {
        self.as_kind().check(path, problems);
    }
}

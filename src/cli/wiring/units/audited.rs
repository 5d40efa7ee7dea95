//! The audit's doors before issuers and connections.

use std::sync::Arc;

use super::Builder;
use crate::audit::door::{AuditedConnection, AuditedIssuer, Place};
use crate::connections::ConnectionKind;
use crate::issuers::IssuerKind;
use crate::ports::{Connection, Issuer};

impl Builder {
    pub(super) fn audited_issuer(
        &self,
        name: &str,
        kind: &IssuerKind,
        built: Arc<dyn Issuer>,
    ) -> Arc<dyn Issuer> {
        let Some(auditor) = &self.auditor else {
            return built;
        };
        let kind = kind.as_kind();
        let digest = Some(built.settings().to_owned()).filter(|digest| !digest.is_empty());
        let place = Place {
            name: name.to_owned(),
            kind: kind.kind().to_owned(),
            settings: kind.vendor().map(|v| v.sha256.clone()).or(digest),
        };
        Arc::new(AuditedIssuer::new(built, place, Arc::clone(auditor)))
    }

    pub(super) fn audited_connection(
        &self,
        name: &str,
        kind: &ConnectionKind,
        built: Arc<dyn Connection>,
    ) -> Arc<dyn Connection> {
        let Some(auditor) = &self.auditor else {
            return built;
        };
        let kind = kind.as_kind();
        let place = Place {
            name: name.to_owned(),
            kind: kind.kind().to_owned(),
            settings: kind.vendor().map(|v| v.sha256.clone()),
        };
        Arc::new(AuditedConnection::new(built, place, Arc::clone(auditor)))
    }
}

//! The full cycle of one token, as it was configured.

use url::Url;

use super::profile::CycleRules;
use super::report::{Step, Stop};
use crate::scim::endpoint::Endpoint;
use crate::scim::exchange::{Exchange, Exchanged};
use crate::secret::BearerToken;

/// The full cycle of one token, at its service provider.
#[derive(Clone, Copy)]
pub struct FullCycle<'a> {
    pub(in crate::scim) endpoint: &'a Endpoint,
    pub(in crate::scim) exchange: Option<&'a Exchange>,
    pub(in crate::scim) rules: &'a CycleRules,
    /// URLs beside SCIM that must refuse the token.
    pub(in crate::scim) must_refuse: &'a [Url],
}

impl FullCycle<'_> {
    /// How it is run.
    #[must_use]
    pub fn rules(&self) -> &CycleRules {
        self.rules
    }

    /// The token with which the service provider is used.
    pub(super) async fn access(self, token: &BearerToken) -> Result<BearerToken, Stop> {
        let Some(exchange) = self.exchange else {
            return Ok(token.clone());
        };
        match exchange.ask(token).await {
            Exchanged::Granted(access) => Ok(access),
            Exchanged::Refused(why) | Exchanged::Denied(why) => {
                Err(Stop::failed(Step::Access, why))
            }
            Exchanged::Silent(finding) => Err(Stop::inconclusive(Step::Access, finding.detail)),
        }
    }
}

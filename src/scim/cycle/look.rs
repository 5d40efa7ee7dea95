//! What is read before anything is written: the tenant marker, and for the dry run
//! what could be pinned.

use super::full::FullCycle;
use super::locks::{self, TenantMarker};
use super::report::{Step, Stop};
use super::resource::{self, total};
use super::sender::Sender;
use crate::scim::tenancy::lasting;
use crate::secret::{BearerToken, Fingerprint};

/// What the dry run reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// How many users there are, or why that lock is closed.
    pub users: Result<u64, String>,
    /// Whether the tenant is the pinned one.
    pub tenant: Result<(), String>,
    /// The digest of the configuration, for `tenant_marker`.
    pub configuration: Option<String>,
}

impl FullCycle<'_> {
    /// Reads what the locks need; nothing is written.
    pub async fn look(self, token: &BearerToken) -> Look {
        let access = match self.access(token).await {
            Ok(access) => access,
            Err(stop) => {
                return Look {
                    users: Err(stop.detail.clone()),
                    tenant: Err(stop.detail),
                    configuration: None,
                };
            }
        };
        let config = &self.rules.config;
        let mut send = Sender::new(self.endpoint, &access, config);
        let mut url = send.url(send.users(), None);
        url.query_pairs_mut()
            .append_pair("startIndex", "1")
            .append_pair("count", "1");
        let users = match send.get(url).await {
            Ok(reply) if reply.status == 200 => {
                let total = reply.json.as_ref().and_then(total);
                locks::population(total, config.max_expected_users)
            }
            Ok(reply) => Err(reply.unwanted(Step::Population).detail),
            Err(silence) => Err(silence.detail),
        };
        let tenant = match &config.tenant_marker {
            Some(marker) => tenant_is(&mut send, marker, Step::Tenant)
                .await
                .map_err(|stop| stop.detail),
            None => Err("`full_cycle.tenant_marker` is not set".to_owned()),
        };
        let configuration = configuration(&mut send, Step::Tenant).await.ok();
        Look {
            users,
            tenant,
            configuration,
        }
    }
}

/// Whether the tenant shows this marker.
pub(super) async fn tenant_is(
    send: &mut Sender<'_>,
    marker: &TenantMarker,
    step: Step,
) -> Result<(), Stop> {
    let (collection, id) = match marker {
        TenantMarker::Group(id) => ("Groups", id),
        TenantMarker::User(id) => (send.users(), id),
        TenantMarker::Configuration(digest) => {
            let seen = configuration(send, step).await?;
            return match seen.eq_ignore_ascii_case(digest.trim()) {
                true => Ok(()),
                false => Err(wrong_tenant(step, marker)),
            };
        }
    };
    if !resource::is_usable_id(id, send.token().expose()) {
        return Err(wrong_tenant(step, marker));
    }
    let url = send.url(collection, Some(id));
    let reply = send.get(url).await.map_err(|s| s.stop(step))?;
    if reply.is_gone() {
        return Err(wrong_tenant(step, marker));
    }
    if reply.status != 200 {
        return Err(reply.unwanted(step));
    }
    let body = reply.json.as_ref().ok_or_else(|| reply.no_resource(step))?;
    match resource::id(body, send.token().expose()).as_deref() == Some(id) {
        true => Ok(()),
        false => Err(wrong_tenant(step, marker)),
    }
}

/// The digest of the service provider's configuration.
async fn configuration(send: &mut Sender<'_>, step: Step) -> Result<String, Stop> {
    let url = send.url("ServiceProviderConfig", None);
    let reply = send.get(url).await.map_err(|s| s.stop(step))?;
    if reply.status != 200 {
        return Err(reply.unwanted(step));
    }
    let body = reply.json.as_ref().ok_or_else(|| reply.no_resource(step))?;
    Ok(Fingerprint::of(&lasting(body).to_string())
        .short()
        .to_string())
}

/// What a run may do to a tenant that it does not know: nothing.
fn wrong_tenant(step: Step, marker: &TenantMarker) -> Stop {
    let what = match marker {
        TenantMarker::Group(_) => "the group of",
        TenantMarker::User(_) => "the user of",
        TenantMarker::Configuration(_) => "the configuration of",
    };
    Stop::failed(
        step,
        format!(
            "{what} `full_cycle.tenant_marker` is not what this service provider shows: this may be another tenant"
        ),
    )
}

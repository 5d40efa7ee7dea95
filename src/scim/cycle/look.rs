//! What is read before anything is written: the tenant marker, and for the dry run
//! what could be pinned.

use super::full::FullCycle;
use super::locks::{self, TenantMarker};
use super::report::{Step, Stop};
use super::resource::{self, total};
use super::sender::{Reply, Sender, Silence};
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
        let users = match first_page(&mut send).await {
            Ok(reply) if reply.status == 200 => {
                let total = reply.json.as_ref().and_then(total);
                locks::population(total, config.max_expected_users)
            }
            Ok(reply) => Err(reply.unwanted(Step::Population).detail),
            Err(silence) => Err(silence.detail),
        };
        let marker = &config.tenant_marker;
        let tenant = match marker.is_set() {
            true => tenant_is(&mut send, marker, Step::Tenant)
                .await
                .map_err(|stop| stop.detail),
            false => Err("`full_cycle.tenant_marker` is not set".to_owned()),
        };
        let configuration = configuration(&mut send, Step::Tenant).await.ok();
        Look {
            users,
            tenant,
            configuration,
        }
    }
}

/// The first page of users: one user, or the whole page of a server that cannot count.
pub(super) async fn first_page(send: &mut Sender<'_>) -> Result<Reply, Silence> {
    let all = send.url(send.users(), None);
    let mut one = all.clone();
    one.query_pairs_mut()
        .append_pair("startIndex", "1")
        .append_pair("count", "1");
    let reply = send.get(one).await?;
    match reply.status {
        // Some servers fail at the parameters.
        400 | 500 | 501 => send.get(all).await,
        _ => Ok(reply),
    }
}

/// Whether the tenant shows everything that is pinned.
pub(super) async fn tenant_is(
    send: &mut Sender<'_>,
    marker: &TenantMarker,
    step: Step,
) -> Result<(), Stop> {
    if let Some(id) = &marker.group {
        has(send, "Groups", id, step).await?;
    }
    if let Some(id) = &marker.user {
        let users = send.users().to_owned();
        has(send, &users, id, step).await?;
    }
    if let Some(digest) = &marker.configuration {
        let seen = configuration(send, step).await?;
        if !seen.eq_ignore_ascii_case(digest.trim()) {
            return Err(wrong_tenant(step, "configuration"));
        }
    }
    Ok(())
}

/// Whether there is a resource with this id.
async fn has(send: &mut Sender<'_>, collection: &str, id: &str, step: Step) -> Result<(), Stop> {
    let secret = send.token().expose();
    if !resource::is_usable_id(id, secret) {
        return Err(wrong_tenant(step, collection));
    }
    let url = send.url(collection, Some(id));
    let reply = send.get(url).await.map_err(|s| s.stop(step))?;
    if reply.is_gone() {
        return Err(wrong_tenant(step, collection));
    }
    if reply.status != 200 {
        return Err(reply.unwanted(step));
    }
    let body = reply.json.as_ref().ok_or_else(|| reply.no_resource(step))?;
    match resource::id(body, secret).as_deref() == Some(id) {
        true => Ok(()),
        false => Err(wrong_tenant(step, collection)),
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
fn wrong_tenant(step: Step, what: &str) -> Stop {
    Stop::failed(
        step,
        format!(
            "`full_cycle.tenant_marker` ({what}) is not what this service provider shows: this may be another tenant"
        ),
    )
}

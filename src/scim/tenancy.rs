//! Whether two tokens belong to the same tenant of a service provider: one sees
//! what the other sees.
//!
//! Where all tenants share a SCIM base URL, the token of another tenant works
//! there too. Delivered to an identity provider, it would send every account to
//! a stranger.

use serde_json::Value;
use url::Url;

use super::endpoint::Endpoint;
use super::evidence::Tenancy;
use super::tenant_mark::TenantMark;
use crate::secret::{BearerToken, Fingerprint};

/// How many entries are listed, to have one that was not deleted meanwhile.
const ENTRIES: &str = "3";

/// Longest id of an entry that is asked for again.
const LONGEST_ID: usize = 512;

/// Compares the tenants of a new token and of its predecessor: an entry that one
/// lists must be there for the other. Without entries, the accounts of the
/// tokens (`/Me`) and the service provider's configuration are compared.
pub(in crate::scim) async fn compare(
    endpoint: &Endpoint,
    new: &BearerToken,
    old: &BearerToken,
) -> Tenancy {
    let reader = Reader { endpoint };
    let Some(seen_by_old) = reader.ids(old).await else {
        return Tenancy::Unknown("the predecessor does not list any entries any more".to_owned());
    };
    if let Some(shown) = reader.shares(&seen_by_old, new, old).await {
        return shown;
    }
    let Some(seen_by_new) = reader.ids(new).await else {
        return Tenancy::Unknown("the new token does not list any entries".to_owned());
    };
    if let Some(shown) = reader.shares(&seen_by_new, old, new).await {
        return shown;
    }
    reader.compare_accounts(new, old).await
}

/// What a token that works sees of its tenant; `None` if it sees nothing that could
/// be compared later. What was remembered `before` is kept as long as one of its
/// entries is there, which costs one request.
pub(in crate::scim) async fn mark(
    endpoint: &Endpoint,
    token: &BearerToken,
    before: Option<&TenantMark>,
) -> Option<TenantMark> {
    let reader = Reader { endpoint };
    if let Some(before) = before {
        for id in &before.entries {
            if let Sight::There = reader.entry(id, token).await {
                return Some(before.clone());
            }
        }
    }
    let mark = TenantMark {
        entries: reader.ids(token).await.unwrap_or_default(),
        account: reader.account(token).await,
        configuration: reader.configuration(token).await,
    };
    (!mark.is_empty()).then_some(mark)
}

/// Compares the tenant of a new token with what its predecessor saw while it worked.
pub(in crate::scim) async fn compare_with_mark(
    endpoint: &Endpoint,
    new: &BearerToken,
    old: &TenantMark,
) -> Tenancy {
    let reader = Reader { endpoint };
    let mut missing = 0;
    for id in &old.entries {
        match reader.entry(id, new).await {
            Sight::There => return Tenancy::Same,
            Sight::Missing => missing += 1,
            Sight::Unclear => {}
        }
    }
    let account = reader.account(new).await;
    if account.is_some() && account == old.account {
        return Tenancy::Same;
    }
    if missing > 0 && missing == old.entries.len() {
        return Tenancy::Gone(
            "no entry that the predecessor listed when it was last tested is there for the new token"
                .to_owned(),
        );
    }
    let configuration = reader.configuration(new).await;
    // A service provider changes it with an update too.
    let why = match (&old.configuration, configuration) {
        (Some(old), Some(new)) if *old != new => {
            "the service provider's configuration differs from the one that the predecessor was shown"
        }
        _ => "what is remembered of the predecessor's tenant cannot be seen with the new token",
    };
    Tenancy::Unknown(why.to_owned())
}

/// Whether an entry is there for a token.
enum Sight {
    There,
    Missing,
    Unclear,
}

struct Reader<'a> {
    endpoint: &'a Endpoint,
}

impl Reader<'_> {
    /// Ids of the first entries that a token lists; `None` if it lists none
    /// because the request was not answered.
    async fn ids(&self, token: &BearerToken) -> Option<Vec<String>> {
        let path = self.endpoint.config.path.clone();
        let mut url = self.url(&[path.as_str()]);
        url.query_pairs_mut()
            .append_pair("startIndex", "1")
            .append_pair("count", ENTRIES);
        let Seen::Document(list) = self.read(url, token).await else {
            return None;
        };
        let entries = field(&list, "Resources").and_then(Value::as_array);
        let ids = entries.into_iter().flatten().filter_map(id_of);
        Some(ids.take(3).collect())
    }

    /// Whether an entry that `owner` lists is there for `other`; `None` if that
    /// cannot be told.
    async fn shares(
        &self,
        ids: &[String],
        other: &BearerToken,
        owner: &BearerToken,
    ) -> Option<Tenancy> {
        for id in ids {
            match self.entry(id, other).await {
                Sight::There => return Some(Tenancy::Same),
                Sight::Missing => {}
                Sight::Unclear => continue,
            }
            // It may have been deleted since it was listed.
            if let Sight::There = self.entry(id, owner).await {
                return Some(Tenancy::Other(
                    "an entry that one of the two tokens lists is not there for the other"
                        .to_owned(),
                ));
            }
        }
        None
    }

    async fn entry(&self, id: &str, token: &BearerToken) -> Sight {
        let path = self.endpoint.config.path.as_str();
        match self.read(self.url(&[path, id]), token).await {
            Seen::Document(entry) if id_of(&entry).as_deref() == Some(id) => Sight::There,
            Seen::Document(_) | Seen::Nothing => Sight::Missing,
            Seen::Unclear => Sight::Unclear,
        }
    }

    async fn account(&self, token: &BearerToken) -> Option<Fingerprint> {
        match self.read(self.url(&["Me"]), token).await {
            Seen::Document(account) => id_of(&account).map(|id| Fingerprint::of(&id)),
            Seen::Nothing | Seen::Unclear => None,
        }
    }

    async fn configuration(&self, token: &BearerToken) -> Option<Fingerprint> {
        match self.read(self.url(&["ServiceProviderConfig"]), token).await {
            Seen::Document(about) => Some(Fingerprint::of(&lasting(&about).to_string())),
            Seen::Nothing | Seen::Unclear => None,
        }
    }

    async fn compare_accounts(&self, new: &BearerToken, old: &BearerToken) -> Tenancy {
        let (one, other) = (self.account(new).await, self.account(old).await);
        if one.is_some() && one == other {
            return Tenancy::Same;
        }
        match (self.configuration(new).await, self.configuration(old).await) {
            (Some(one), Some(other)) if one != other => Tenancy::Other(
                "the service provider's configuration differs between the two tokens".to_owned(),
            ),
            _ => {
                Tenancy::Unknown("neither token lists an entry that the other could see".to_owned())
            }
        }
    }

    async fn read(&self, url: Url, token: &BearerToken) -> Seen {
        let Ok(request) = self.endpoint.request_to(url, Some(token)) else {
            return Seen::Unclear;
        };
        match self.endpoint.http.send(request).await {
            Ok(answer) if answer.status == 200 => match serde_json::from_slice(&answer.body) {
                Ok(document) => Seen::Document(document),
                Err(_) => Seen::Unclear,
            },
            Ok(answer) if matches!(answer.status, 403 | 404 | 410) => Seen::Nothing,
            Ok(_) | Err(_) => Seen::Unclear,
        }
    }

    fn url(&self, paths: &[&str]) -> Url {
        let mut url = Url::clone(&self.endpoint.scim_url);
        // An https URL always has a path that can be extended.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty();
            if let [collection, id @ ..] = paths {
                segments.extend(collection.split('/'));
                segments.extend(id);
            }
        }
        url
    }
}

/// What a token sees at a URL.
enum Seen {
    Document(Value),
    /// It is not there, or not for this token.
    Nothing,
    /// No answer from which that could be told.
    Unclear,
}

/// Attribute names are case-insensitive (RFC 7643, section 2.1).
fn field<'v>(document: &'v Value, name: &str) -> Option<&'v Value> {
    let fields = document.as_object()?;
    let mut named = fields
        .iter()
        .filter(|(key, _)| key.eq_ignore_ascii_case(name));
    named.next().map(|(_, value)| value)
}

fn id_of(entry: &Value) -> Option<String> {
    let id = field(entry, "id")?.as_str()?;
    let is_plain = !id.is_empty() && id.len() <= LONGEST_ID && id != "." && id != "..";
    is_plain.then(|| id.to_owned())
}

/// A configuration without what changes from one answer to the next.
pub(in crate::scim) fn lasting(configuration: &Value) -> Value {
    let mut lasting = configuration.clone();
    if let Some(fields) = lasting.as_object_mut() {
        fields.retain(|key, _| !key.eq_ignore_ascii_case("meta"));
    }
    lasting
}

//! Carries out an operation of a scene on the real issuer or connection.

use jiff::SignedDuration;
use url::Url;

use super::file::{Call, With};
use super::pattern::Values;
use super::script::Script;
use super::subject::Actor;
use crate::fault::Fault;
use crate::ports::{Condition, Connection, Delivery, IssueRequest, Issuer, TokenHandle};
use crate::rotation::inventory::Provisioned;
use crate::rotation::issuer_id::IssuerId;
use crate::rotation::outcome::{Confirmation, IssuedToken, ListedToken, Listing};
use crate::secret::{BearerToken, ClientParts};

/// The rotation that labels name.
const ROTATION: &str = "01937a3e-0000-7000-8000-000000000001";

/// The overlap that is asked for where the replay says nothing.
const USUAL_OVERLAP: SignedDuration = SignedDuration::from_hours(24);

/// What came of an operation.
pub(super) enum Outcome {
    Done,
    Issued(IssuedToken),
    Listed(Listing),
    Found(Option<ListedToken>),
    Confirmation(Confirmation),
    Condition(Option<Condition>),
    Connections(Box<Listed>),
    Fault(Fault),
}

/// What an inventory shows.
pub(super) struct Listed {
    pub(super) seen: Provisioned,
    /// The id of the connection itself.
    pub(super) own: Option<String>,
    /// The parameters with which each is adopted.
    pub(super) sections: Vec<Vec<(String, String)>>,
}

impl<T: Into<Outcome>> From<Result<T, Fault>> for Outcome {
    fn from(result: Result<T, Fault>) -> Self {
        result.map_or_else(Self::Fault, Into::into)
    }
}

impl From<()> for Outcome {
    fn from((): ()) -> Self {
        Self::Done
    }
}

impl From<IssuedToken> for Outcome {
    fn from(issued: IssuedToken) -> Self {
        Self::Issued(issued)
    }
}

impl From<Listing> for Outcome {
    fn from(listing: Listing) -> Self {
        Self::Listed(listing)
    }
}

impl From<Option<ListedToken>> for Outcome {
    fn from(found: Option<ListedToken>) -> Self {
        Self::Found(found)
    }
}

impl From<Confirmation> for Outcome {
    fn from(seen: Confirmation) -> Self {
        Self::Confirmation(seen)
    }
}

impl From<Option<Condition>> for Outcome {
    fn from(seen: Option<Condition>) -> Self {
        Self::Condition(seen)
    }
}

/// One operation with all that it is given.
pub(super) struct Performance<'a> {
    pub(super) script: &'a Script,
    pub(super) call: Call,
    pub(super) with: &'a With,
    /// Which issue of the scene it is, from 1.
    pub(super) attempt: u32,
}

impl Performance<'_> {
    /// Carries it out.
    ///
    /// # Errors
    /// When the replay gives it something that cannot be used.
    pub(super) async fn on(&self, actor: &Actor) -> Result<Outcome, String> {
        match actor {
            Actor::Issuer(issuer) => self.on_issuer(&**issuer).await,
            Actor::Connection(connection) => self.on_connection(&**connection).await,
        }
    }

    async fn on_issuer(&self, issuer: &dyn Issuer) -> Result<Outcome, String> {
        let token = &self.known("token_name")?;
        Ok(match self.call {
            Call::Issue => {
                let request = self.issue_request(issuer, token)?;
                issuer.issue(&request).await.into()
            }
            Call::List => issuer.list(token).await.into(),
            Call::Get => {
                let id = self.text(self.with.id.as_deref())?;
                let id = id.ok_or("`get` needs `with = { id = \"…\" }`")?;
                issuer.get(token, &id).await.into()
            }
            Call::Revoke => {
                let handle = TokenHandle {
                    id: self.shown_id()?,
                    value: self.token(self.with.token.as_deref())?,
                };
                issuer.revoke(token, &handle).await.into()
            }
            Call::Complete => issuer.complete(token).await.into(),
            Call::Cancel => issuer.cancel(token).await.into(),
            Call::Preflight
            | Call::Deliver
            | Call::Revert
            | Call::Confirm
            | Call::Look
            | Call::Inventory => {
                return Err("an issuer has no such operation".to_owned());
            }
        })
    }

    fn issue_request(&self, issuer: &dyn Issuer, token: &str) -> Result<IssueRequest, String> {
        let label = match self.text(self.with.label.as_deref())? {
            Some(label) => label,
            None => issuer.label(token, ROTATION, self.attempt),
        };
        let chosen = match self.token(self.with.token.as_deref())? {
            Some(token) => Some(token),
            None => issuer.choose_secret(),
        };
        self.script.with_values(|values| {
            values.set("label", label.as_str());
            if let Some(chosen) = &chosen {
                values.set("token", chosen.expose());
            }
        });
        let current = TokenHandle {
            id: self.shown_id()?,
            value: self.token(self.with.old_token.as_deref())?,
        };
        let is_known = current.id.is_some() || current.value.is_some();
        Ok(IssueRequest {
            token: token.to_owned(),
            label,
            lifetime: self.with.lifetime.map(|d| d.0),
            overlap: self.with.overlap.map_or(USUAL_OVERLAP, |d| d.0),
            etag: self.text(self.with.etag.as_deref())?,
            chosen,
            current: is_known.then_some(current),
        })
    }

    async fn on_connection(&self, connection: &dyn Connection) -> Result<Outcome, String> {
        let name = self.known("token_name")?;
        let scim_url = self.or_known(self.with.scim_url.as_deref(), "scim_url")?;
        let scim_url = Url::parse(&scim_url).map_err(|e| format!("`scim_url`: {e}"))?;
        if self.call == Call::Preflight {
            return Ok(connection.preflight(&name, &scim_url).await.into());
        }
        if self.call == Call::Inventory {
            return Ok(listed(connection).await);
        }
        // What goes back is the old token.
        let (held, former) = if self.call == Call::Revert {
            ("old_token", "token")
        } else {
            ("token", "old_token")
        };
        let value = self.or_known(self.with.token.as_deref(), held)?;
        let old = self.or_known(self.with.old_token.as_deref(), former)?;
        let (held, former) = match self.call == Call::Revert {
            true => ("old_scim_client_id", "scim_client_id"),
            false => ("scim_client_id", "old_scim_client_id"),
        };
        let value = parsed(&value)?.of_client(Some(self.client(held)?));
        let old = parsed(&old)?.of_client(Some(self.client(former)?));
        let mut delivery = Delivery {
            token: &name,
            value: &value,
            old: Some(&old),
            scim_url: &scim_url,
            since: None,
        };
        Ok(match self.call {
            Call::Deliver => connection.deliver(&delivery).await.into(),
            Call::Revert => connection.revert(&delivery).await.into(),
            Call::Confirm => connection.confirm(&delivery).await.into(),
            Call::Look => {
                // Nothing is being changed: there is no old token.
                delivery.old = None;
                connection.look(&delivery).await.into()
            }
            Call::Preflight
            | Call::Inventory
            | Call::Issue
            | Call::List
            | Call::Get
            | Call::Revoke
            | Call::Complete
            | Call::Cancel => return Err("a connection has no such operation".to_owned()),
        })
    }

    /// The parts of the client with this id: those of a token, too, since a template
    /// that does not use them is not changed by them.
    fn client(&self, id: &str) -> Result<ClientParts, String> {
        Ok(ClientParts {
            id: Some(self.known(id)?),
            token_url: Some(self.known("scim_token_url")?),
            scope: Some(self.known("scim_scope")?),
        })
    }

    fn known(&self, name: &str) -> Result<String, String> {
        self.values(|values| values.text(&format!("{{{name}}}")))
    }

    fn or_known(&self, given: Option<&str>, name: &str) -> Result<String, String> {
        match self.text(given)? {
            Some(text) => Ok(text),
            None => self.known(name),
        }
    }

    fn text(&self, given: Option<&str>) -> Result<Option<String>, String> {
        let text = |given: &str| self.values(|values| values.text(given));
        given.map(text).transpose()
    }

    /// The id that the replay gives, as if the issuer had listed it.
    fn shown_id(&self) -> Result<Option<IssuerId>, String> {
        let id = self.text(self.with.id.as_deref())?;
        Ok(id.map(|id| ListedToken::with_id(id).issuer_id()))
    }

    fn token(&self, given: Option<&str>) -> Result<Option<BearerToken>, String> {
        self.text(given)?.as_deref().map(parsed).transpose()
    }

    fn values<T>(&self, read: impl FnOnce(&Values) -> T) -> T {
        self.script.with_values(|values| read(values))
    }
}

async fn listed(connection: &dyn Connection) -> Outcome {
    let seen = match connection.inventory().await {
        Ok(seen) => seen,
        Err(fault) => return Outcome::Fault(fault),
    };
    let sections = seen.connections.iter();
    Outcome::Connections(Box::new(Listed {
        own: connection.listed_as().map(|own| own.id),
        sections: sections.map(|one| connection.section_for(one)).collect(),
        seen,
    }))
}

fn parsed(text: &str) -> Result<BearerToken, String> {
    BearerToken::parse(text).map_err(|why| format!("the token `{text}` cannot be used: {why}"))
}

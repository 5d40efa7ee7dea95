//! Reading what the issuer shows of its tokens.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::Value;
use zeroize::Zeroizing;

use super::HttpTokens;
use crate::fault::Fault;
use crate::http::exchange::{Call, Place, Purpose, Read, Reply, Run, View};
use crate::http::times::TimeField;
use crate::issuers::spelled;
use crate::rotation::outcome::{ListedToken, Listing};
use crate::scim::scopes::{ScopeSource, Scopes};
use crate::secret::BearerToken;
use crate::secret::shown_parts::ShownParts;

impl HttpTokens {
    /// Every page of the list, and the version of the state.
    pub(super) async fn read_listing(&self, token: &str) -> Result<Listing, Fault> {
        let mut run = self.begin(token).await?;
        self.listing_in(&mut run).await
    }

    /// The same within an operation that has begun.
    pub(super) async fn listing_in(&self, run: &mut Run<'_>) -> Result<Listing, Fault> {
        let mut listing = match &self.config.list {
            Some(call) => self.read_pages(call, run).await?,
            None => Listing::default(),
        };
        if let Some(status) = &self.config.status {
            listing.etag = self.read_etag(status, run).await?;
        }
        Ok(listing)
    }

    async fn read_pages(&self, call: &Call, run: &mut Run<'_>) -> Result<Listing, Fault> {
        let mut pages = Pages::default();
        let now = self.clock.now();
        run.read_pages(call, Purpose::List, &mut |view, items| {
            for item in items {
                pages.add(&call.read, item, now);
            }
            if let Some(etag) = &call.read.etag {
                pages.listing.etag = usable_etag(etag.text(view));
            }
        })
        .await?;
        if pages.unreadable > 0 {
            tracing::warn!(
                issuer = self.exchange.name(),
                items = pages.unreadable,
                "items of the list have no usable id where `list.read.id` looks, or a time that cannot be read; they are left out, or the time counts as unknown"
            );
        }
        Ok(pages.listing)
    }

    async fn read_etag(&self, call: &Call, run: &mut Run<'_>) -> Result<Option<String>, Fault> {
        let answer = match run.call(call, Purpose::Status).await? {
            Reply::Done(answer) => answer,
            Reply::Gone | Reply::Skipped => return Ok(None),
        };
        let Some(place) = &call.read.etag else {
            return Ok(usable_etag(answer.header("etag").map(str::to_owned)));
        };
        let body = answer.secret_json().ok();
        place
            .text(View::of(&answer, body.as_ref()))
            .map(|etag| usable_etag(Some(etag)))
            .ok_or_else(|| run.about(answer.unexpected(format!("there is no version at {place}"))))
    }

    /// One token: asked for by its id, or found in the list.
    pub(super) async fn read_one(
        &self,
        token: &str,
        id: &str,
    ) -> Result<Option<ListedToken>, Fault> {
        let Some(call) = &self.config.get else {
            if self.config.list.is_none() {
                return Err(self.missing("get"));
            }
            let listing = self.read_listing(token).await?;
            return Ok(listing.tokens.into_iter().find(|t| t.id == id));
        };
        let mut run = self.begin(token).await?;
        run.with(|context| context.text("id", id));
        let answer = match run.call(call, Purpose::Get).await? {
            Reply::Done(answer) => answer,
            Reply::Gone | Reply::Skipped => return Ok(None),
        };
        let from_list = self.config.list.as_ref().map(|l| l.read.of_one_token());
        let read = match from_list {
            Some(read) if call.read == Read::default() => read,
            Some(_) | None => call.read.clone(),
        };
        let body = answer.secret_json().map_err(|fault| run.about(fault))?;
        let (listed, _) = read_token(&read, View::of(&answer, Some(&body)), self.clock.now());
        Ok(Some(listed.unwrap_or_else(|| ListedToken::with_id(id))))
    }
}

/// A version that can be stored and sent back.
fn usable_etag(etag: Option<String>) -> Option<String> {
    let plain = |b: u8| b.is_ascii_graphic() || b == b' ';
    etag.filter(|etag| etag.len() <= spelled::LONGEST && etag.bytes().all(plain))
}

/// What was read of a list until now.
#[derive(Default)]
struct Pages {
    listing: Listing,
    ids: BTreeSet<String>,
    unreadable: usize,
}

impl Pages {
    /// One item that nobody can read must not hide the others.
    fn add(&mut self, read: &Read, item: &Value, now: Timestamp) {
        let view = View::item(item);
        if !read.takes(view) {
            return;
        }
        let (listed, readable) = read_token(read, view, now);
        self.unreadable += usize::from(!readable);
        let live = |token: &ListedToken| token.expires_at.is_none_or(|end| end > now);
        if let Some(listed) = listed.filter(live)
            && self.ids.insert(listed.id.clone())
        {
            self.listing.tokens.push(listed);
        }
    }
}

/// What a token may do, as an answer tells.
pub(super) fn scopes_at(
    read: &Read,
    view: View<'_>,
    source: ScopeSource,
    token: Option<&BearerToken>,
) -> Option<Scopes> {
    let found = read.scopes.as_ref()?.find(view)?;
    Scopes::in_json(source, &found, token)
}

/// What is told of one token, and whether all of it could be read. `None`:
/// there is no id where one should be.
fn read_token(read: &Read, view: View<'_>, now: Timestamp) -> (Option<ListedToken>, bool) {
    let text = |place: &Option<Place>| place.as_ref()?.text(view);
    let id = text(&read.id).filter(|id| spelled::objection(id, None).is_none());
    let Some(id) = id else {
        return (None, false);
    };
    let mut readable = true;
    let mut at = |field: &Option<TimeField>| {
        let field = field.as_ref()?;
        match field.read(view, now) {
            Ok(known) => known.timestamp(),
            Err(_) => {
                readable = false;
                None
            }
        }
    };
    let part = |place| text(place).map(Zeroizing::new);
    let (prefix, suffix) = (part(&read.token_prefix), part(&read.token_suffix));
    let listed = ListedToken {
        shown: ShownParts::new(
            prefix.as_ref().map(|part| part.as_str()),
            suffix.as_ref().map(|part| part.as_str()),
        ),
        id,
        label: text(&read.label).filter(|label| spelled::objection_to_label(label).is_none()),
        created_at: at(&read.created_at),
        expires_at: at(&read.expires_at),
        last_used_at: at(&read.last_used_at),
        last_used_by: text(&read.last_used_by).and_then(|by| spelled::shown(&by)),
        scopes: scopes_at(read, view, ScopeSource::Listing, None),
    };
    (Some(listed), readable)
}

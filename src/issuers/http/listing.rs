//! Reading what the issuer shows of its tokens.

use jiff::Timestamp;
use serde_json::Value;

use super::HttpTokens;
use crate::fault::Fault;
use crate::http::exchange::{Call, Pager, Purpose, Read, Reply, Run, View};
use crate::http::message::Answer;
use crate::http::times::TimeField;
use crate::rotation::outcome::{ListedToken, Listing};

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
        let first = run.url(call, Purpose::List)?;
        let mut pager = Pager::new(&call.paging, first);
        let mut listing = Listing::default();
        let mut unreadable = 0_usize;
        loop {
            let reply = run.call_page(call, Purpose::List, pager.mark()).await?;
            let answer = match reply {
                Reply::Done(answer) => answer,
                Reply::Gone | Reply::Skipped => return Ok(listing),
            };
            let body = answer.secret_json().map_err(|fault| run.about(fault))?;
            let view = View::of(&answer, Some(&body));
            let items = items_of(&call.read, &answer, view).map_err(|fault| run.about(fault))?;
            for item in &items {
                unreadable += usize::from(!self.add_item(&call.read, item, &mut listing));
            }
            if let Some(etag) = &call.read.etag {
                listing.etag = etag.text(view);
            }
            let more = pager
                .advance(&answer, view, items.len())
                .map_err(|why| run.about(answer.unexpected(why)))?;
            if !more {
                if unreadable > 0 {
                    tracing::warn!(
                        issuer = self.exchange.name(),
                        items = unreadable,
                        "items of the list have no id where `list.read.id` looks, or a time that cannot be read; they are left out, or the time counts as unknown"
                    );
                }
                return Ok(listing);
            }
        }
    }

    /// `false`: something of the item could not be read. One item that nobody
    /// can read must not hide the others.
    fn add_item(&self, read: &Read, item: &Value, listing: &mut Listing) -> bool {
        let view = View::item(item);
        if read.only.iter().any(|c| c.holds(view).is_err()) {
            return true;
        }
        let now = self.clock.now();
        let (listed, readable) = read_token(read, view, now);
        let Some(listed) = listed else {
            return false;
        };
        let live = listed.expires_at.is_none_or(|end| end > now);
        let known = listing.tokens.iter().any(|t| t.id == listed.id);
        if live && !known {
            listing.tokens.push(listed);
        }
        readable
    }

    async fn read_etag(&self, call: &Call, run: &mut Run<'_>) -> Result<Option<String>, Fault> {
        let answer = match run.call(call, Purpose::Status).await? {
            Reply::Done(answer) => answer,
            Reply::Gone | Reply::Skipped => return Ok(None),
        };
        let Some(place) = &call.read.etag else {
            return Ok(answer.header("etag").map(str::to_owned));
        };
        let body = answer.secret_json().ok();
        place
            .text(View::of(&answer, body.as_ref()))
            .map(Some)
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

fn items_of(read: &Read, answer: &Answer, view: View<'_>) -> Result<Vec<Value>, Fault> {
    let (found, at) = match &read.items {
        Some(place) => (
            place.find(view).map(std::borrow::Cow::into_owned),
            format!("at {place}"),
        ),
        None => (view.json().cloned(), "as its body".to_owned()),
    };
    match found {
        Some(Value::Array(items)) => Ok(items),
        Some(
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_),
        )
        | None => Err(answer.unexpected(format!("there is no array {at}"))),
    }
}

/// What is told of one token, and whether all of it could be read. `None`:
/// there is no id where one should be.
fn read_token(read: &Read, view: View<'_>, now: Timestamp) -> (Option<ListedToken>, bool) {
    let Some(id) = read.id.as_ref().and_then(|place| place.text(view)) else {
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
    let listed = ListedToken {
        id,
        label: read.label.as_ref().and_then(|place| place.text(view)),
        created_at: at(&read.created_at),
        expires_at: at(&read.expires_at),
        last_used_at: at(&read.last_used_at),
    };
    (Some(listed), readable)
}

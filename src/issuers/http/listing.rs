//! Reading what the issuer shows of its tokens.

use jiff::Timestamp;
use serde_json::Value;

use super::HttpTokens;
use super::config::{ListFields, Operation, StatusFields, TokenFields};
use super::operation::{Called, Kind};
use crate::fault::Fault;
use crate::http::extract::TimeField;
use crate::http::message::Answer;
use crate::http::paging::Pager;
use crate::http::template::Context;
use crate::rotation::outcome::{ListedToken, Listing};

impl HttpTokens {
    /// Every page of the list, and the version of the state.
    pub(super) async fn read_listing(&self, token: &str) -> Result<Listing, Fault> {
        let context = self.context(token).await?;
        let mut listing = match &self.config.list {
            Some(operation) => self.read_pages(operation, &context).await?,
            None => Listing::default(),
        };
        if let Some(status) = &self.config.status {
            listing.etag = self.read_etag(status, &context).await?;
        }
        Ok(listing)
    }

    async fn read_pages(
        &self,
        operation: &Operation<ListFields>,
        context: &Context,
    ) -> Result<Listing, Fault> {
        let fields = operation.extract.token();
        let first = self.api.url(operation, Kind::List, context)?;
        let mut pager = Pager::new(&self.config.paging, first);
        let mut listing = Listing::default();
        loop {
            let url = pager.url().clone();
            let called = self
                .api
                .call_at(operation, Kind::List, url, context)
                .await?;
            let Called::Done(answer) = called else {
                return Ok(listing);
            };
            let body = answer.secret_json()?;
            let items = items_of(&operation.extract, &answer, &body)?;
            for item in items {
                self.add_item(&operation.extract, &fields, &answer, item, &mut listing)?;
            }
            if let Some(etag) = &operation.extract.etag {
                listing.etag = etag.text(&body);
            }
            let more = pager
                .advance(&answer, &body, items.len())
                .map_err(|why| answer.unexpected(why))?;
            if !more {
                return Ok(listing);
            }
        }
    }

    fn add_item(
        &self,
        list: &ListFields,
        fields: &TokenFields,
        answer: &Answer,
        item: &Value,
        listing: &mut Listing,
    ) -> Result<(), Fault> {
        if list
            .only
            .iter()
            .any(|condition| condition.holds(item).is_err())
        {
            return Ok(());
        }
        let now = self.clock.now();
        let listed = read_token(fields, answer, item, now)?.ok_or_else(|| {
            answer.unexpected("an item of the list has no id where `list.extract.id` points")
        })?;
        let live = listed.expires_at.is_none_or(|end| end > now);
        let known = listing.tokens.iter().any(|t| t.id == listed.id);
        if live && !known {
            listing.tokens.push(listed);
        }
        Ok(())
    }

    async fn read_etag(
        &self,
        operation: &Operation<StatusFields>,
        context: &Context,
    ) -> Result<Option<String>, Fault> {
        let Called::Done(answer) = self.api.call(operation, Kind::Status, context).await? else {
            return Ok(None);
        };
        let Some(pointer) = &operation.extract.etag else {
            return Ok(answer.header("etag").map(str::to_owned));
        };
        let body = answer.secret_json()?;
        pointer
            .text(&body)
            .map(Some)
            .ok_or_else(|| answer.unexpected(format!("there is no version at `{pointer}`")))
    }

    /// One token: asked for by its id, or found in the list.
    pub(super) async fn read_one(
        &self,
        token: &str,
        id: &str,
    ) -> Result<Option<ListedToken>, Fault> {
        let Some(operation) = &self.config.get else {
            if self.config.list.is_none() {
                return Err(self.missing("get"));
            }
            let listing = self.read_listing(token).await?;
            return Ok(listing.tokens.into_iter().find(|t| t.id == id));
        };
        let context = self.context(token).await?.text("id", id);
        let Called::Done(answer) = self.api.call(operation, Kind::Get, &context).await? else {
            return Ok(None);
        };
        let from_list = self.config.list.as_ref().map(|l| l.extract.token());
        let fields = match from_list {
            Some(fields) if operation.extract == TokenFields::default() => fields,
            Some(_) | None => operation.extract.clone(),
        };
        let body = answer.secret_json()?;
        let listed = read_token(&fields, &answer, &body, self.clock.now())?;
        Ok(Some(listed.unwrap_or_else(|| bare(id))))
    }
}

fn bare(id: &str) -> ListedToken {
    ListedToken {
        id: id.to_owned(),
        label: None,
        created_at: None,
        expires_at: None,
        last_used_at: None,
    }
}

fn items_of<'b>(list: &ListFields, answer: &Answer, body: &'b Value) -> Result<&'b [Value], Fault> {
    let (found, place) = match &list.items {
        Some(pointer) => (pointer.get(body), format!("at `{pointer}`")),
        None => (Some(body), "as its body".to_owned()),
    };
    found
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .ok_or_else(|| answer.unexpected(format!("there is no array {place}")))
}

/// `None`: there is no id where one should be.
fn read_token(
    fields: &TokenFields,
    answer: &Answer,
    item: &Value,
    now: Timestamp,
) -> Result<Option<ListedToken>, Fault> {
    let Some(id) = fields.id.as_ref().and_then(|p| p.text(item)) else {
        return Ok(None);
    };
    let time = |field: &Option<TimeField>| match field {
        Some(field) => field
            .read(item, now)
            .map(|known| known.timestamp())
            .map_err(|why| answer.unexpected(why)),
        None => Ok(None),
    };
    Ok(Some(ListedToken {
        id,
        label: fields.label.as_ref().and_then(|p| p.text(item)),
        created_at: time(&fields.created_at)?,
        expires_at: time(&fields.expires_at)?,
        last_used_at: time(&fields.last_used_at)?,
    }))
}

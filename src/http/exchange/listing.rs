//! Reads all pages of a list, with a bound on everything that a server chooses.

use std::borrow::Cow;

use serde_json::Value;

use super::call::Call;
use super::paging::Pager;
use super::place::View;
use super::purpose::Purpose;
use super::read::{ItemsAs, Read};
use super::run::{Reply, Run};
use crate::fault::Fault;
use crate::http::message::Answer;

/// Most items of a list that are read, and most bytes of all its pages.
const MOST_ITEMS: usize = 10_000;
const MOST_BYTES: usize = 16 << 20;

/// What a page shows: the page itself, and its items.
pub(super) type OnPage<'p> = dyn FnMut(View<'_>, &[Value]) + Send + 'p;

impl Run<'_> {
    /// Reads every page of a list; `on_page` is shown each. Nothing there is an empty list.
    ///
    /// # Errors
    /// When a page cannot be read, or the list is larger than any that is read.
    pub async fn read_pages(
        &mut self,
        call: &Call,
        purpose: Purpose,
        on_page: &mut OnPage<'_>,
    ) -> Result<(), Fault> {
        let first = self.url(call, purpose)?;
        let mut pager = Pager::new(&call.paging, first);
        let mut size = Size::default();
        loop {
            let reply = self.call_page(call, purpose, pager.mark()).await?;
            let answer = match reply {
                Reply::Done(answer) => answer,
                Reply::Gone | Reply::Skipped => return Ok(()),
            };
            let body = answer.secret_json().map_err(|fault| self.about(fault))?;
            let view = View::of(&answer, Some(&body));
            let items = items_of(&call.read, purpose, &answer, view);
            let items = items.map_err(|fault| self.about(fault))?;
            let items = match items.as_ref() {
                Value::Array(items) => items.as_slice(),
                one @ Value::Object(_) => std::slice::from_ref(one),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => &[],
            };
            size.count(purpose, &answer, items.len())
                .map_err(|why| self.about(answer.unexpected(why)))?;
            on_page(view, items);
            let more = pager
                .advance(&answer, view, items.len())
                .map_err(|why| self.about(answer.unexpected(why)))?;
            if !more {
                return Ok(());
            }
        }
    }
}

impl Read {
    /// Whether an item meets the conditions of `only`.
    #[must_use]
    pub fn takes(&self, item: View<'_>) -> bool {
        self.only.iter().all(|c| c.holds(item).is_ok())
    }
}

/// The array of items.
fn items_of<'v>(
    read: &Read,
    purpose: Purpose,
    answer: &Answer,
    view: View<'v>,
) -> Result<Cow<'v, Value>, Fault> {
    let (found, at) = match &read.items {
        Some(place) => (place.find(view), format!("at {place}")),
        None => (view.json().map(Cow::Borrowed), "as its body".to_owned()),
    };
    let nothing = || Cow::Owned(Value::Null);
    let (what, fits): (_, fn(&Value) -> bool) = match read.items_as {
        ItemsAs::Array => ("array", Value::is_array),
        ItemsAs::OptionalArray => ("array", |v| v.is_array() || v.is_null()),
        ItemsAs::OneObject => ("object", |v| v.is_object() || v.is_null()),
    };
    let found = match read.items_as {
        ItemsAs::Array => found,
        // Only inside of an object that is there: an empty body tells nothing.
        ItemsAs::OptionalArray | ItemsAs::OneObject => found.or_else(|| {
            let whole = view.json().filter(|json| json.is_object());
            whole.map(|_| nothing())
        }),
    };
    found.filter(|found| fits(found)).ok_or_else(|| {
        let (shape, call) = (answer.shape(), purpose.as_str());
        answer.unexpected(format!(
            "there is no {what} {at} (`{call}.read.items`): it has {shape}"
        ))
    })
}

/// How much of a list was read until now.
#[derive(Default)]
struct Size {
    items: usize,
    bytes: usize,
}

impl Size {
    /// Counts a page; an error if the list is larger than any that is read.
    fn count(&mut self, purpose: Purpose, page: &Answer, items: usize) -> Result<(), String> {
        self.items += items;
        self.bytes += page.body.len();
        let call = purpose.as_str();
        let narrow = match purpose == Purpose::List {
            true => ", for example to the tokens of one owner",
            false => "",
        };
        let narrow = format!("narrow it down in `{call}.query`{narrow}");
        if self.items > MOST_ITEMS {
            return Err(format!(
                "the list has more than {MOST_ITEMS} items: {narrow}"
            ));
        }
        if self.bytes > MOST_BYTES {
            let mebibytes = MOST_BYTES >> 20;
            return Err(format!("the list is larger than {mebibytes} MiB: {narrow}"));
        }
        Ok(())
    }
}

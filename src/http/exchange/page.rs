//! What a request for the next page of a list has more than the first one.

use serde_json::Value;
use url::Url;

use super::json_place::JsonPlace;

/// What a request for one page has more than the call itself says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum PageMark {
    /// Nothing: the first page.
    First,
    /// Another URL.
    Url(Url),
    /// A query parameter with this value.
    Query(String, String),
    /// A header with this value.
    Header(String, String),
    /// A value, as JSON writes it, at this place of the JSON body.
    Body(String, String),
}

impl PageMark {
    /// The URL of the page.
    pub(super) fn url(&self, first: Url) -> Url {
        match self {
            Self::First | Self::Header(..) | Self::Body(..) => first,
            Self::Url(url) => url.clone(),
            Self::Query(name, value) => with_param(&first, name, value),
        }
    }

    /// Puts the mark into a JSON body. A number stays a number.
    ///
    /// # Errors
    /// When the place cannot be written.
    pub(super) fn put(&self, body: &mut Value) -> Result<(), String> {
        let Self::Body(at, mark) = self else {
            return Ok(());
        };
        let value: Value = serde_json::from_str(mark)
            .map_err(|_| "the mark of the page is not JSON".to_owned())?;
        JsonPlace::parse(at)?
            .set(body, value, true)
            .map_err(|why| format!("the mark of the page: {why}"))
    }
}

fn with_param(url: &Url, name: &str, value: &str) -> Url {
    let kept: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(key, _)| key != name)
        .map(|(key, value)| (key.into_owned(), value.into_owned()))
        .collect();
    let mut next = url.clone();
    next.query_pairs_mut()
        .clear()
        .extend_pairs(kept)
        .append_pair(name, value);
    next
}

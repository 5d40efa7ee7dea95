//! Reading all pages of a listing, or failing: "not there" may only be said
//! after the last page.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::extract::Pointer;
use super::message::Answer;
use crate::problem::Problems;

/// Most pages that are read of one listing.
pub const MAX_PAGES: usize = 1000;

/// How a listing is continued.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Paging {
    /// There is one page.
    #[default]
    None,
    /// The `Link` header names the next page (`rel="next"`).
    Link,
    /// A field names the URL of the next page.
    NextUrl {
        /// Where it stands; absent, null or empty on the last page.
        at: Pointer,
    },
    /// A field holds a mark that goes into the query of the next request.
    Cursor {
        /// Where it stands; absent, null, empty or false on the last page.
        at: Pointer,
        /// Name of the query parameter.
        param: String,
    },
    /// Pages are numbered; an empty page is the end.
    Page {
        /// Name of the query parameter.
        param: String,
        /// Number of the first page.
        #[serde(default = "one")]
        first: u64,
        /// How many items a full page holds: a shorter one is the last.
        size: Option<u64>,
    },
    /// The query names the number of items to skip; an empty page is the end.
    Offset {
        /// Name of the query parameter.
        param: String,
        /// Number of the first item.
        #[serde(default)]
        first: u64,
    },
}

fn one() -> u64 {
    1
}

impl Paging {
    /// Reports parameters without a name.
    pub fn check(&self, path: &str, problems: &mut Problems) {
        let unnamed = match self {
            Self::None | Self::Link | Self::NextUrl { .. } => false,
            Self::Cursor { param, .. } | Self::Page { param, .. } | Self::Offset { param, .. } => {
                param.is_empty()
            }
        };
        if unnamed {
            problems.error(
                path,
                "the query parameter has no name",
                "write `param = \"page\"`, as the provider calls it",
            );
        }
    }
}

/// Walks through the pages of one listing.
#[derive(Debug)]
pub struct Pager<'p> {
    paging: &'p Paging,
    first: Url,
    current: Url,
    seen: BTreeSet<Url>,
    bodies: BTreeSet<u64>,
    pages: u64,
    items: u64,
}

impl<'p> Pager<'p> {
    /// Begins at `url`.
    #[must_use]
    pub fn new(paging: &'p Paging, url: Url) -> Self {
        let start = match paging {
            Paging::None | Paging::Link | Paging::NextUrl { .. } | Paging::Cursor { .. } => {
                url.clone()
            }
            Paging::Page { param, first, .. } => with_param(&url, param, &first.to_string()),
            Paging::Offset { param, first } => with_param(&url, param, &first.to_string()),
        };
        Self {
            paging,
            first: url,
            seen: BTreeSet::from([start.clone()]),
            current: start,
            bodies: BTreeSet::new(),
            pages: 0,
            items: 0,
        }
    }

    /// The page to ask for.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.current
    }

    /// Moves on after a page with `items` items; `false`: that was the last.
    ///
    /// # Errors
    /// When the pages run in a circle, leave the server or never end.
    pub fn advance(&mut self, answer: &Answer, body: &Value, items: usize) -> Result<bool, String> {
        let items = u64::try_from(items).unwrap_or(u64::MAX);
        self.pages += 1;
        self.items = self.items.saturating_add(items);
        let Some(next) = self.next_url(answer, body, items)? else {
            return Ok(false);
        };
        if next.origin() != self.first.origin() {
            return Err("the next page lies on another server: it is not followed".to_owned());
        }
        if !self.seen.insert(next.clone()) {
            return Err("the pages run in a circle".to_owned());
        }
        if self.seen.len() > MAX_PAGES {
            return Err(format!("there are more than {MAX_PAGES} pages"));
        }
        self.current = next;
        Ok(true)
    }

    fn next_url(
        &mut self,
        answer: &Answer,
        body: &Value,
        items: u64,
    ) -> Result<Option<Url>, String> {
        match self.paging {
            Paging::None => Ok(None),
            Paging::Link => link_next(answer)
                .map(|target| self.join(&target))
                .transpose(),
            Paging::NextUrl { at } => match at.get(body) {
                None | Some(Value::Null) => Ok(None),
                Some(Value::String(target)) if target.is_empty() => Ok(None),
                Some(Value::String(target)) => self.join(target).map(Some),
                Some(_) => Err(format!("the next page at `{at}` is not a URL")),
            },
            Paging::Cursor { at, param } => match at.get(body) {
                None | Some(Value::Null | Value::Bool(false)) => Ok(None),
                Some(Value::String(mark)) if mark.is_empty() => Ok(None),
                Some(Value::String(mark)) => Ok(Some(with_param(&self.first, param, mark))),
                Some(Value::Number(mark)) => {
                    Ok(Some(with_param(&self.first, param, &mark.to_string())))
                }
                Some(_) => Err(format!(
                    "the mark of the next page at `{at}` is neither text nor number"
                )),
            },
            Paging::Page { param, first, size } => {
                if items == 0 || size.is_some_and(|size| items < size) {
                    return Ok(None);
                }
                self.refuse_repeated(answer)?;
                let number = first.saturating_add(self.pages);
                Ok(Some(with_param(&self.first, param, &number.to_string())))
            }
            Paging::Offset { param, first } => {
                if items == 0 {
                    return Ok(None);
                }
                self.refuse_repeated(answer)?;
                let skip = first.saturating_add(self.items);
                Ok(Some(with_param(&self.first, param, &skip.to_string())))
            }
        }
    }

    /// A server that ignores the parameter sends the same page for ever.
    fn refuse_repeated(&mut self, answer: &Answer) -> Result<(), String> {
        let mut hasher = DefaultHasher::new();
        answer.body.hash(&mut hasher);
        if self.bodies.insert(hasher.finish()) {
            Ok(())
        } else {
            Err("two pages are the same: the server does not know the page parameter".to_owned())
        }
    }

    fn join(&self, target: &str) -> Result<Url, String> {
        self.current
            .join(target)
            .map_err(|_| "the next page's URL cannot be used".to_owned())
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

/// The target of `rel="next"` in the `Link` headers (RFC 8288).
fn link_next(answer: &Answer) -> Option<String> {
    let values = answer.headers.get_all(http::header::LINK);
    values
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(links)
        .find(|(_, parameters)| is_next(parameters))
        .map(|(target, _)| target.to_owned())
}

/// Splits `<a>; rel="x", <b>; rel="y"` into targets and their parameters.
fn links(header: &str) -> Vec<(&str, &str)> {
    header
        .split('<')
        .skip(1)
        .filter_map(|link| link.split_once('>'))
        .collect()
}

fn is_next(parameters: &str) -> bool {
    parameters
        .split([';', ','])
        .filter_map(|parameter| parameter.split_once('='))
        .filter(|(name, _)| name.trim().eq_ignore_ascii_case("rel"))
        .flat_map(|(_, value)| value.trim().trim_matches('"').split(' '))
        .any(|relation| relation.eq_ignore_ascii_case("next"))
}

#[cfg(test)]
mod tests;

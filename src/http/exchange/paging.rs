//! Reading all pages of a listing, or failing: "not there" may only be said
//! after the last page.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::page::PageMark;
use super::place::{Place, View};
use crate::http::message::Answer;
use crate::http::template::{Context, Names};
use crate::problem::Problems;

/// Most pages that are read of one listing.
pub(super) const MAX_PAGES: usize = 1000;

/// How a listing is continued.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Paging {
    /// There is one page.
    #[default]
    None,
    /// The `Link` header names the next page (`rel="next"`, RFC 8288).
    Link,
    /// The answer tells the URL of the next page.
    NextUrl {
        /// Where it is; absent, null or empty on the last page.
        at: Place,
    },
    /// The answer tells a mark that goes into the next request: exactly one of
    /// `param`, `header` and `body` says where.
    Cursor {
        /// Where it is; absent, null, empty, false or 0 on the last page.
        at: Place,
        /// Name of the query parameter.
        param: Option<String>,
        /// Name of the header.
        header: Option<String>,
        /// Place in the JSON body.
        body: Option<String>,
    },
    /// Pages are numbered; an empty page is the end. One of `param` and `body`.
    Page {
        /// Name of the query parameter.
        param: Option<String>,
        /// Place in the JSON body.
        body: Option<String>,
        /// Number of the first page.
        #[serde(default = "one")]
        first: u64,
        /// How many items a full page holds: a shorter one is the last.
        size: Option<u64>,
    },
    /// The request names the number of items to skip; an empty page is the end. One
    /// of `param` and `body`.
    Offset {
        /// Name of the query parameter.
        param: Option<String>,
        /// Place in the JSON body.
        body: Option<String>,
        /// Number of the first item.
        #[serde(default)]
        first: u64,
    },
}

fn one() -> u64 {
    1
}

impl Paging {
    /// Reports parameters without a name, and marks that go nowhere.
    pub fn check(&self, path: &str, known: &Names, problems: &mut Problems) {
        let unnamed = match self {
            Self::None | Self::Link => false,
            Self::NextUrl { at } => {
                at.check(path, known, problems);
                false
            }
            Self::Cursor {
                at,
                param,
                header,
                body,
            } => {
                at.check(path, known, problems);
                let ways = [param, header, body].into_iter().flatten();
                if ways.clone().count() != 1 {
                    problems.error(
                        path,
                        "the mark of the next page goes into exactly one place of the request",
                        "write one of `param` (query), `header` and `body` (a place in the JSON body)",
                    );
                }
                ways.clone().any(String::is_empty)
            }
            Self::Page { param, body, .. } | Self::Offset { param, body, .. } => {
                let ways = [param, body].into_iter().flatten();
                if ways.clone().count() != 1 {
                    problems.error(
                        path,
                        "the number goes into exactly one place of the request",
                        "write one of `param` (query) and `body` (a place in the JSON body)",
                    );
                }
                ways.clone().any(String::is_empty)
            }
        };
        if unnamed {
            problems.error(
                path,
                "the parameter has no name",
                "write `param = \"page\"`, as the provider calls it",
            );
        }
    }

    pub(super) fn resolve(&mut self, context: &Context) -> Result<(), String> {
        match self {
            Self::NextUrl { at } | Self::Cursor { at, .. } => at.resolve(context),
            Self::None | Self::Link | Self::Page { .. } | Self::Offset { .. } => Ok(()),
        }
    }
}

/// Walks through the pages of one listing.
#[derive(Debug)]
pub struct Pager<'p> {
    paging: &'p Paging,
    first: Url,
    current: PageMark,
    seen: BTreeSet<PageMark>,
    bodies: BTreeSet<u64>,
    pages: u64,
    items: u64,
}

impl<'p> Pager<'p> {
    /// Begins at the URL of the first page.
    #[must_use]
    pub fn new(paging: &'p Paging, first: Url) -> Self {
        let start = match paging {
            Paging::None | Paging::Link | Paging::NextUrl { .. } | Paging::Cursor { .. } => {
                PageMark::First
            }
            Paging::Page {
                param, body, first, ..
            }
            | Paging::Offset { param, body, first } => numbered(param, body, *first),
        };
        Self {
            paging,
            first,
            seen: BTreeSet::from([start.clone()]),
            current: start,
            bodies: BTreeSet::new(),
            pages: 0,
            items: 0,
        }
    }

    /// The page to ask for.
    #[must_use]
    pub fn mark(&self) -> &PageMark {
        &self.current
    }

    /// Moves on after a page with `items` items; `false`: that was the last.
    ///
    /// # Errors
    /// When the pages repeat, lead to another server or never end.
    pub fn advance(
        &mut self,
        answer: &Answer,
        view: View<'_>,
        items: usize,
    ) -> Result<bool, String> {
        let items = u64::try_from(items).unwrap_or(u64::MAX);
        self.pages += 1;
        self.items = self.items.saturating_add(items);
        let Some(next) = self.next_mark(answer, view, items)? else {
            return Ok(false);
        };
        if let PageMark::Url(url) = &next {
            if url.origin() != self.first.origin() {
                return Err("the next page is on another server: it is not followed".to_owned());
            }
            if *url == self.first {
                return Err("the pages run in a circle".to_owned());
            }
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

    fn next_mark(
        &mut self,
        answer: &Answer,
        view: View<'_>,
        items: u64,
    ) -> Result<Option<PageMark>, String> {
        match self.paging {
            Paging::None => Ok(None),
            Paging::Link => link_next(answer)
                .map(|target| self.join(&target))
                .transpose(),
            Paging::NextUrl { at } => match at.find(view).as_deref() {
                None | Some(Value::Null) => Ok(None),
                Some(Value::String(target)) if target.is_empty() => Ok(None),
                Some(Value::String(target)) => self.join(target).map(Some),
                Some(_) => Err(format!("the next page at {at} is not a URL")),
            },
            Paging::Cursor {
                at,
                param,
                header,
                body,
            } => {
                let found = at.find(view);
                let mark = match found.as_deref() {
                    None | Some(Value::Null | Value::Bool(false)) => return Ok(None),
                    Some(Value::String(mark)) if mark.is_empty() => return Ok(None),
                    Some(Value::Number(mark)) if mark.as_u64() == Some(0) => return Ok(None),
                    Some(Value::String(mark)) => mark.clone(),
                    Some(Value::Number(mark)) => mark.to_string(),
                    Some(_) => {
                        return Err(format!(
                            "the mark of the next page at {at} is neither text nor number"
                        ));
                    }
                };
                Ok(match (param, header, body) {
                    (Some(name), _, _) => Some(PageMark::Query(name.clone(), mark)),
                    (None, Some(name), _) => Some(PageMark::Header(name.clone(), mark)),
                    (None, None, Some(place)) => {
                        // With its type: a number goes back as a number.
                        let json = found.map_or_else(String::new, |value| value.to_string());
                        Some(PageMark::Body(place.clone(), json))
                    }
                    (None, None, None) => None,
                })
            }
            Paging::Page {
                param,
                body,
                first,
                size,
            } => {
                if items == 0 || size.is_some_and(|size| items < size) {
                    return Ok(None);
                }
                self.refuse_repeated(answer)?;
                let number = first.saturating_add(self.pages);
                Ok(Some(numbered(param, body, number)))
            }
            Paging::Offset { param, body, first } => {
                if items == 0 {
                    return Ok(None);
                }
                self.refuse_repeated(answer)?;
                let skip = first.saturating_add(self.items);
                Ok(Some(numbered(param, body, skip)))
            }
        }
    }

    /// A server that ignores the parameter sends the same page without end.
    fn refuse_repeated(&mut self, answer: &Answer) -> Result<(), String> {
        let mut hasher = DefaultHasher::new();
        answer.body.hash(&mut hasher);
        if self.bodies.insert(hasher.finish()) {
            Ok(())
        } else {
            Err("two pages are the same: the server does not know the page parameter".to_owned())
        }
    }

    fn join(&self, target: &str) -> Result<PageMark, String> {
        let base = match &self.current {
            PageMark::Url(url) => url,
            PageMark::First | PageMark::Query(..) | PageMark::Header(..) | PageMark::Body(..) => {
                &self.first
            }
        };
        base.join(target)
            .map(PageMark::Url)
            .map_err(|_| "the next page's URL cannot be used".to_owned())
    }
}

/// The number of a page or of an item, where the request names it.
fn numbered(param: &Option<String>, body: &Option<String>, number: u64) -> PageMark {
    match (param, body) {
        (Some(param), _) => PageMark::Query(param.clone(), number.to_string()),
        (None, Some(place)) => PageMark::Body(place.clone(), number.to_string()),
        (None, None) => PageMark::First,
    }
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

//! The page of all tokens: cards, filters, the table, and the links between its pages.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;

use super::rows::{Card, Row};
use crate::rotation::state::Group;
use crate::server::query::{Query, Sort, Wanted};
use crate::server::selection::Selection;

/// With more values than this a filter is a text field.
const MOST_CHOICES: usize = 100;

/// What the page of all tokens shows.
#[derive(Serialize)]
pub(crate) struct List {
    query: String,
    text: String,
    sorts: Vec<Choice>,
    /// Only if it is not the usual one.
    per_page: Option<usize>,
    is_filtered: bool,
    all: usize,
    matching: usize,
    groups: Vec<GroupLink>,
    cards: Vec<Card>,
    /// How many more there would be, and where they are listed.
    more_cards: usize,
    filters: Vec<Filter>,
    columns: Vec<Column>,
    rows: Vec<Row>,
    first: usize,
    last: usize,
    page: usize,
    pages: usize,
    before: Option<String>,
    after: Option<String>,
}

#[derive(Serialize)]
struct GroupLink {
    text: &'static str,
    count: usize,
    href: String,
    is_current: bool,
}

/// What one can filter by.
#[derive(Serialize)]
struct Filter {
    name: &'static str,
    label: &'static str,
    /// A text field if there are none.
    choices: Vec<Choice>,
    value: String,
}

#[derive(Serialize)]
struct Choice {
    value: String,
    text: String,
    is_chosen: bool,
}

/// A column of the table.
#[derive(Serialize)]
struct Column {
    label: &'static str,
    class: &'static str,
    /// Sorts by it; none if one cannot.
    href: Option<String>,
    /// How it is sorted now.
    sorted: Option<&'static str>,
}

impl List {
    pub(crate) fn of(query: &Query, selection: &Selection, now: Timestamp) -> Self {
        let first = query.per_page.saturating_mul(query.page - 1);
        let shown = selection.page.len();
        let counts = &selection.counts;
        let group = |group| {
            let count = match group {
                Group::NeedsYou => counts.need_you,
                Group::Failing => counts.failing,
                Group::Fine => counts.fine,
            };
            GroupLink {
                text: group.text(),
                count,
                href: link(&query.of_group(group)),
                is_current: query.states == [Wanted::Group(group)],
            }
        };
        let cards: Vec<Card> = match query.page {
            1 => selection.troubled.iter().map(Card::of).collect(),
            _ => Vec::new(),
        };
        Self {
            query: query.text_of(),
            text: query.text.clone(),
            sorts: sorts(query),
            per_page: Some(query.per_page).filter(|most| *most != Query::default().per_page),
            is_filtered: query.is_filtered(),
            all: selection.all,
            matching: selection.matching,
            groups: Group::ALL.into_iter().map(group).collect(),
            more_cards: selection.troubles.saturating_sub(selection.troubled.len()),
            cards,
            filters: filters(query, selection),
            columns: columns(query),
            rows: selection.page.iter().map(|one| Row::of(one, now)).collect(),
            first: if shown == 0 { 0 } else { first + 1 },
            last: first.saturating_add(shown),
            page: query.page,
            pages: selection.pages,
            before: (query.page > 1)
                .then(|| link(&query.on_page((query.page - 1).min(selection.pages)))),
            after: (query.page < selection.pages).then(|| link(&query.on_page(query.page + 1))),
        }
    }
}

/// The address of this query.
fn link(query: &Query) -> String {
    match query.text_of() {
        text if text.is_empty() => "/".to_owned(),
        text => format!("/?{text}"),
    }
}

fn filters(query: &Query, selection: &Selection) -> Vec<Filter> {
    let states = Wanted::all().map(|wanted| Choice {
        value: wanted.as_str().to_owned(),
        text: wanted.text().to_owned(),
        is_chosen: query.states.first() == Some(&wanted),
    });
    let state = Filter {
        name: "state",
        label: "State",
        choices: states.collect(),
        value: String::new(),
    };
    let choices = &selection.choices;
    let others = [
        ("issuer", "Issuer", &query.issuers, &choices.issuers),
        ("provider", "Vendor", &query.providers, &choices.providers),
        (
            "environment",
            "Environment",
            &query.environments,
            &choices.environments,
        ),
        (
            "connection",
            "Connection",
            &query.connections,
            &choices.connections,
        ),
    ];
    let others = others
        .into_iter()
        .map(|(name, label, chosen, known)| Filter {
            name,
            label,
            choices: choices_of(chosen, known),
            value: chosen.first().cloned().unwrap_or_default(),
        });
    std::iter::once(state).chain(others).collect()
}

fn choices_of(chosen: &[String], known: &BTreeSet<String>) -> Vec<Choice> {
    if known.len() > MOST_CHOICES {
        return Vec::new();
    }
    // What is asked for is shown although no token has it.
    let asked: BTreeSet<&String> = chosen.first().into_iter().chain(known).collect();
    let choice = |value: &String| Choice {
        value: value.clone(),
        text: value.clone(),
        is_chosen: chosen.first() == Some(value),
    };
    asked.into_iter().map(choice).collect()
}

/// What one can sort by besides the urgency, each both ways.
fn sorts(query: &Query) -> Vec<Choice> {
    let both = Sort::ALL.into_iter().flat_map(|sort| {
        [false, true].map(|descending| Query {
            sort,
            descending,
            ..Query::default()
        })
    });
    let others = both.filter(|one| *one != Query::default());
    let choice = |one: Query| Choice {
        value: one.sort_text(),
        text: match one.descending {
            true => format!("{}, backwards", one.sort.as_str()),
            false => one.sort.as_str().to_owned(),
        },
        is_chosen: (one.sort, one.descending) == (query.sort, query.descending),
    };
    others.map(choice).collect()
}

fn columns(query: &Query) -> Vec<Column> {
    let columns = [
        ("Token", "name", Some(Sort::Name)),
        ("State", "state", Some(Sort::Urgency)),
        ("Life", "life", Some(Sort::Renews)),
        ("Expires", "expires", Some(Sort::Expires)),
        ("Issuer", "issuer", Some(Sort::Issuer)),
        ("Environment", "environment", Some(Sort::Environment)),
        ("Identity providers", "connections", None),
        ("Next step", "next", Some(Sort::Next)),
    ];
    let column = |(label, class, sort): (_, _, Option<Sort>)| Column {
        label,
        class,
        href: sort.map(|sort| link(&query.sorted_by(sort))),
        sorted: match (sort == Some(query.sort), query.descending) {
            (true, true) => Some("descending"),
            (true, false) => Some("ascending"),
            (false, _) => None,
        },
    };
    columns.into_iter().map(column).collect()
}

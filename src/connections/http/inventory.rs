//! Lists every provisioning connection that the identity provider shows, ours and
//! others, for the inventory. It only reads:
//!
//! ```text
//! login? ─> inventory.list (pages) ─> inventory.each, once for each listed item
//! ```
//!
//! No token is in the context of these templates, and no lookup is made: those are
//! about one connection.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::Http;
use crate::fault::{Fault, FaultClass};
use crate::http::exchange::{Call, Checker, Effect, NO_TOKEN, Purpose, Read, Run, View};
use crate::http::names::Names;
use crate::http::template::{Context, Template};
use crate::problem::Problems;
use crate::rotation::inventory::{ListedAs, ListedConnection, Provisioned};

/// Most items that `inventory.each` looks into, and most connections in all.
const MOST_EACH: usize = 2_000;
const MOST_CONNECTIONS: usize = 10_000;

/// Longest id, name, address or status that is kept, in characters.
const LONGEST: usize = 512;

/// `[connections.<name>.http.inventory]`: how all connections are listed.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inventory {
    /// What tells this identity provider from others, for people: its product, and the
    /// tenant or address. Connections with the same text share one listing.
    pub provider: Template,
    /// The id with which the list shows this connection.
    pub own_id: Template,
    /// Lists the connections, or what may have one.
    pub list: Call,
    /// Looks into one item of the list, which is `{{ id }}`; what it reads is the
    /// connection, or the connections, of that item.
    #[serde(default)]
    pub each: Option<Call>,
    /// The parameters whose values tell a listed connection from ours, for the text with
    /// which it is adopted; `{{ id }}` is the id in the list.
    #[serde(default)]
    pub adopt: BTreeMap<String, Template>,
}

impl Inventory {
    pub(super) fn calls(&self) -> impl Iterator<Item = (Purpose, &Call)> {
        let each = self.each.iter();
        let each = each.map(|call| (Purpose::InventoryEach, call));
        std::iter::once((Purpose::Inventory, &self.list)).chain(each)
    }

    pub(super) fn calls_mut(&mut self) -> impl Iterator<Item = &mut Call> {
        std::iter::once(&mut self.list).chain(&mut self.each)
    }

    /// Notes what is wrong with it.
    pub(super) fn check(
        &self,
        checker: &Checker<'_>,
        steps: &[&str],
        names: &dyn Fn(Purpose, &[&str]) -> Names,
        problems: &mut Problems,
    ) {
        let at = |key: &str| format!("{}.inventory.{key}", checker.path);
        let known = names(Purpose::Inventory, &[]);
        self.provider.check_field(&at("provider"), &known, problems);
        self.own_id.check_field(&at("own_id"), &known, problems);
        let known = names(Purpose::InventoryEach, &[]);
        for (key, template) in &self.adopt {
            let path = at(&format!("adopt.{key}"));
            template.check_field(&path, &known, problems);
        }
        for (purpose, call) in self.calls() {
            let path = format!("{}.{}", checker.path, purpose.as_str());
            checker.check_call(call, &path, purpose, steps, names, problems);
            if call.effect(purpose) != Effect::None {
                problems.error(
                    format!("{path}.effect"),
                    "an inventory changes nothing",
                    "write \"none\", or leave the call out if it is not true",
                );
            }
        }
        if self.list.read.id.is_none() {
            problems.error(
                at("list.read.id"),
                "it is not said where the id of a connection is in an item",
                "write for example `id = \"/id\"`",
            );
        }
    }
}

impl Http {
    /// Where and as what a list shows this connection. It asks nobody.
    pub(super) fn own_place(&self) -> Option<ListedAs> {
        let inventory = self.config.inventory.as_ref()?;
        let context = self.settings();
        let text = |template: &Template| Some(template.text(&context).ok()?.to_string());
        Some(ListedAs {
            provider: text(&inventory.provider)?,
            id: text(&inventory.own_id)?,
        })
    }

    /// The parameters of the section with which a listed connection is configured: those
    /// of this connection, but for the values that tell the two apart.
    pub(super) fn parameters_for(&self, listed: &ListedConnection) -> Vec<(String, String)> {
        let Some(inventory) = &self.config.inventory else {
            return Vec::new();
        };
        let context = self.settings().text("id", &listed.id);
        let mut parameters = match &self.config.vendor {
            Some(vendor) => vendor.given.clone(),
            None => Vec::new(),
        };
        for (key, template) in &inventory.adopt {
            let Ok(text) = template.text(&context) else {
                continue;
            };
            let place = parameters.iter_mut().find(|(name, _)| name == key);
            match place {
                Some((_, value)) => *value = in_toml(&text, value),
                None => parameters.push((key.clone(), in_toml(&text, ""))),
            }
        }
        parameters
    }

    /// Every connection that the identity provider shows.
    pub(super) async fn list_all(&self, inventory: &Inventory) -> Result<Provisioned, Fault> {
        let mut run = Run::begin(&self.exchange, NO_TOKEN).await?;
        run.log_in().await?;
        let mut items = Found::default();
        let call = &inventory.list;
        run.read_pages(call, Purpose::Inventory, &mut |_, page| {
            page.iter().for_each(|item| items.add(&call.read, item));
        })
        .await?;
        let found = match &inventory.each {
            None => items,
            Some(call) => look_into(&mut run, call, items).await?,
        };
        if found.unreadable > 0 {
            tracing::warn!(
                connection = self.name,
                items = found.unreadable,
                "items of the list have no usable id where `inventory.list.read.id` looks; they are left out"
            );
        }
        let mask = run.mask();
        let clean = |text: Option<String>| text.map(|text| mask.clean(&text));
        let connections = found.connections.into_iter().map(|one| ListedConnection {
            name: clean(one.name),
            base_url: clean(one.base_url),
            status: clean(one.status),
            ..one
        });
        Ok(Provisioned {
            connections: connections.collect(),
            hidden: found.hidden,
        })
    }

    fn settings(&self) -> Context {
        Context::new(self.clock.now()).config(&self.config.config)
    }
}

/// Looks into each item. An item that we may not read is counted, and hides no other.
async fn look_into(run: &mut Run<'_>, call: &Call, items: Found) -> Result<Found, Fault> {
    if items.connections.len() > MOST_EACH {
        return Err(run.misconfigured(&format!(
            "inventory.list: it shows {} items, and at most {MOST_EACH} are looked into: narrow it down in `inventory.list.query`",
            items.connections.len()
        )));
    }
    let all = items.connections.len();
    let mut found = Found {
        unreadable: items.unreadable,
        ..Found::default()
    };
    let mut refused = None;
    for item in items.connections {
        run.with(|context| context.text("id", &item.id));
        let mut parts = Parts {
            item: &item,
            found: &mut found,
            is_first: true,
        };
        let mut on_page = |_: View<'_>, page: &[Value]| {
            page.iter().for_each(|part| parts.add(&call.read, part));
        };
        let purpose = Purpose::InventoryEach;
        match run.read_pages(call, purpose, &mut on_page).await {
            Ok(()) => {}
            Err(fault) if is_about_one(&fault) => {
                found.hidden += 1;
                refused = Some(fault);
            }
            Err(fault) => return Err(fault),
        }
    }
    match refused {
        Some(fault) if found.hidden == all => Err(fault),
        Some(_) | None => Ok(found),
    }
}

/// Whether a fault is an answer about this item: it may be closed to us while others
/// are open.
fn is_about_one(fault: &Fault) -> bool {
    match fault.class {
        FaultClass::Rejected | FaultClass::Unauthorized => true,
        FaultClass::NotApplied
        | FaultClass::Ambiguous
        | FaultClass::Throttled
        | FaultClass::Conflict => false,
    }
}

/// What was found until now.
#[derive(Default)]
struct Found {
    connections: Vec<ListedConnection>,
    ids: BTreeSet<String>,
    unreadable: usize,
    hidden: usize,
}

impl Found {
    fn add(&mut self, read: &Read, item: &Value) {
        let view = View::item(item);
        if !read.takes(view) {
            return;
        }
        match read.id.as_ref().and_then(|id| usable_id(id.text(view)?)) {
            Some(id) => self.push(told(read, view, id)),
            None => self.unreadable += 1,
        }
    }

    fn push(&mut self, one: ListedConnection) {
        if self.connections.len() < MOST_CONNECTIONS && self.ids.insert(one.shown_id()) {
            self.connections.push(one);
        }
    }
}

/// The connections of one item.
struct Parts<'f> {
    item: &'f ListedConnection,
    found: &'f mut Found,
    is_first: bool,
}

impl Parts<'_> {
    fn add(&mut self, read: &Read, part: &Value) {
        let view = View::item(part);
        if !read.takes(view) {
            return;
        }
        let seen = told(read, view, self.item.id.clone());
        let id = read.id.as_ref();
        let (item, is_first) = (self.item, self.is_first);
        self.found.push(ListedConnection {
            part: id.and_then(|id| usable_id(id.text(view)?)),
            is_first,
            name: seen.name.or_else(|| item.name.clone()),
            base_url: seen.base_url.or_else(|| item.base_url.clone()),
            status: seen.status.or_else(|| item.status.clone()),
            ..seen
        });
        self.is_first = false;
    }
}

fn told(read: &Read, view: View<'_>, id: String) -> ListedConnection {
    let short = |text: String| text.chars().take(LONGEST).collect::<String>();
    let url = read.base_url.as_ref().and_then(|at| at.text(view));
    ListedConnection {
        id,
        part: None,
        is_first: true,
        name: read.name.as_ref().and_then(|at| at.text(view)).map(short),
        base_url: url.and_then(|url| plain_url(&url)).map(short),
        status: read.status.as_ref().and_then(|at| at.text(view)).map(short),
    }
}

/// An id that can stand in a table and in a request.
fn usable_id(id: String) -> Option<String> {
    let fits = id.len() <= LONGEST && !id.chars().any(char::is_control);
    fits.then_some(id)
}

/// An address without what may be secret in it.
fn plain_url(text: &str) -> Option<String> {
    let mut url = Url::parse(text).ok()?;
    url.set_query(None);
    url.set_fragment(None);
    // An address that cannot have a user has none.
    let _has_none = url.set_username("").and_then(|()| url.set_password(None));
    Some(url.to_string())
}

/// A text as a value of TOML: a number where the value in its place is one.
fn in_toml(text: &str, instead_of: &str) -> String {
    let is_number = |text: &str| text.parse::<i64>().is_ok();
    match is_number(instead_of) && is_number(text) {
        true => text.to_owned(),
        false => toml::Value::String(text.to_owned()).to_string(),
    }
}

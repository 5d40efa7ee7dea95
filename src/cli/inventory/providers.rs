//! Asks the identity providers for all their connections, one after the other.

use std::collections::{BTreeMap, BTreeSet};

use super::adopt;
use crate::cli::wiring::{NamedConnection, World};
use crate::driver::inventory::of_provider;
use crate::fault::Fault;
use crate::ports::Connection;
use crate::rotation::inventory::{Configured, Coverage, Known, ListedAs, known};

/// What one identity provider shows.
pub(super) struct Provider {
    /// Its name, for people.
    pub(super) provider: String,
    /// The configured connections that it lists.
    pub(super) configured: Vec<String>,
    pub(super) shown: Result<Vec<Row>, Fault>,
    /// Number of items that we may not look into.
    pub(super) hidden: usize,
}

/// One listed connection.
pub(super) struct Row {
    pub(super) known: Known,
    /// The text with which it is adopted; `None`: it is configured.
    pub(super) adopt: Option<String>,
}

/// What was seen, and which connections are of identity providers that list none.
#[derive(Default)]
pub(super) struct Providers {
    pub(super) all: Vec<Provider>,
    pub(super) not_listed: Vec<String>,
}

/// The connections of one list.
pub(super) struct Group {
    pub(super) provider: String,
    members: Vec<(NamedConnection, ListedAs)>,
}

impl Provider {
    pub(super) fn rows(&self) -> &[Row] {
        self.shown.as_deref().unwrap_or_default()
    }

    /// How much of what it lists is managed. `None`: it did not answer.
    pub(super) fn coverage(&self) -> Option<Coverage> {
        let rows = self.shown.as_ref().ok()?;
        let mut coverage = Coverage::default();
        let each = rows.iter();
        each.for_each(|row| coverage.count(row.known.name.is_some()));
        Some(coverage)
    }
}

/// What the identity providers of these connections show; of all if none is named.
pub(super) async fn all(world: &World, names: &[String]) -> Providers {
    let (groups, not_listed) = groups(world.connections(), names);
    let mut all = Vec::new();
    for group in groups {
        all.push(of(world, group).await);
    }
    Providers { all, not_listed }
}

/// One list for all connections of an identity provider, in the order of their names.
pub(super) fn groups(
    connections: Vec<NamedConnection>,
    names: &[String],
) -> (Vec<Group>, Vec<String>) {
    let mut groups: BTreeMap<String, Group> = BTreeMap::new();
    let mut not_listed = Vec::new();
    let mut wanted = BTreeSet::new();
    for one in connections {
        let is_named = names.is_empty() || names.contains(&one.name);
        let Some(listed_as) = one.connection.listed_as() else {
            not_listed.extend(is_named.then_some(one.name));
            continue;
        };
        let provider = listed_as.provider.clone();
        if is_named {
            wanted.insert(provider.clone());
        }
        let group = groups.entry(provider.clone()).or_insert_with(|| Group {
            provider,
            members: Vec::new(),
        });
        group.members.push((one, listed_as));
    }
    groups.retain(|provider, _| wanted.contains(provider));
    (groups.into_values().collect(), not_listed)
}

/// What one identity provider shows.
pub(super) async fn of(world: &World, group: Group) -> Provider {
    let members = &group.members;
    let through: Vec<&dyn Connection> = members.iter().map(|(m, _)| &*m.connection).collect();
    let listed = of_provider(&through).await;
    let hidden = listed.as_ref().map_or(0, |listed| listed.hidden);
    let own = members.iter().map(|(member, as_)| Configured {
        name: member.name.clone(),
        id: as_.id.clone(),
    });
    let own: Vec<_> = own.collect();
    let mut taken: BTreeSet<String> = world.connections().into_iter().map(|c| c.name).collect();
    let shown = listed.map(|listed| {
        let all = known(listed, &own).into_iter();
        all.map(|known| row(known, &group, &mut taken)).collect()
    });
    Provider {
        configured: own.into_iter().map(|own| own.name).collect(),
        provider: group.provider,
        shown,
        hidden,
    }
}

fn row(known: Known, group: &Group, taken: &mut BTreeSet<String>) -> Row {
    let like = group.members.first().filter(|_| known.name.is_none());
    let adopt = like.map(|(like, _)| {
        let parameters = like.connection.section_for(&known.listed);
        adopt::connection(&group.provider, &known.listed, like, &parameters, taken)
    });
    Row { known, adopt }
}

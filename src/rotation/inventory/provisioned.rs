//! The provisioning connections that an identity provider lists, and which of them are
//! configured here.

/// Where and as what a list shows a configured connection.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ListedAs {
    /// The identity provider, for people; the same for all connections of one list.
    pub provider: String,
    /// The connection's id in that list.
    pub id: String,
}

/// A configured connection, and the id with which it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Configured {
    /// Its name in the configuration.
    pub name: String,
    /// The id in the list.
    pub id: String,
}

/// A connection that an identity provider lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedConnection {
    /// The id of the listed item.
    pub id: String,
    /// The id of this connection below the item, where an item may have several.
    pub part: Option<String>,
    /// Whether it is the first of its item.
    pub is_first: bool,
    /// Its name.
    pub name: Option<String>,
    /// The SCIM base URL that it holds, without what may be secret in it.
    pub base_url: Option<String>,
    /// The identity provider's word for its status.
    pub status: Option<String>,
}

impl ListedConnection {
    /// The id that tells it from all others of the list.
    #[must_use]
    pub fn shown_id(&self) -> String {
        match &self.part {
            Some(part) => format!("{}/{part}", self.id),
            None => self.id.clone(),
        }
    }

    /// Whether a configured connection is this one. An id of the item alone means its
    /// first connection.
    fn is(&self, configured: &Configured) -> bool {
        let whole = self.is_first && self.id == configured.id;
        whole || self.part.is_some() && self.shown_id() == configured.id
    }
}

/// What an identity provider lists.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Provisioned {
    /// The connections.
    pub connections: Vec<ListedConnection>,
    /// Number of items that may have a connection and that we may not look into.
    pub hidden: usize,
}

/// A listed connection, and the configured one that it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// What is listed.
    pub listed: ListedConnection,
    /// The name in the configuration; `None`: nobody here manages it.
    pub name: Option<String>,
}

/// Each listed connection with the configured one that it is.
#[must_use]
pub fn known(provisioned: Provisioned, configured: &[Configured]) -> Vec<Known> {
    let of = |listed: ListedConnection| {
        let own = configured.iter().find(|own| listed.is(own));
        Known {
            name: own.map(|own| own.name.clone()),
            listed,
        }
    };
    provisioned.connections.into_iter().map(of).collect()
}

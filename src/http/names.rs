//! Which names templates may use, and where: the table that `check`, the
//! documentation and the tests share.

mod known;
mod markdown;
mod rows;

pub use self::known::{Configured, Names, Unknown};
pub use self::markdown::{filters_table, names_table};
pub use self::rows::ROWS;

/// What a call, or another text with expressions, is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// Gets a session before any other call.
    Login,
    /// Finds something that later calls need, before each operation.
    Lookup,
    /// Has a token issued.
    Issue,
    /// Lists the live tokens.
    List,
    /// Reads one token.
    Get,
    /// Revokes one token.
    Revoke,
    /// Reads the version of the issuer's state.
    Status,
    /// Two-phase rotation: ends the old token.
    Complete,
    /// Two-phase rotation: drops the new token.
    Cancel,
    /// Has the identity provider try a token that it does not hold yet.
    TestCandidate,
    /// Gives the token to the identity provider.
    Deliver,
    /// What must follow a delivery: activate, start, publish.
    AfterDeliver,
    /// Has the identity provider try the token that it holds.
    TestSaved,
    /// Asks for the state of provisioning.
    State,
    /// Gives the former token back to the identity provider.
    Revert,
    /// Lists every provisioning connection of the identity provider, for the inventory.
    Inventory,
    /// Looks into one listed item, for the inventory.
    InventoryEach,
    /// No call: the label under which a token is issued.
    Label,
    /// Tests a token at the service provider.
    Probe,
    /// No call: the arguments of the program of an `exec` connection.
    Command,
    /// No call: what a person is told who must do something.
    Instructions,
}

impl Purpose {
    /// All purposes.
    pub const ALL: [Self; 21] = [
        Self::Login,
        Self::Lookup,
        Self::Issue,
        Self::List,
        Self::Get,
        Self::Revoke,
        Self::Status,
        Self::Complete,
        Self::Cancel,
        Self::TestCandidate,
        Self::Deliver,
        Self::AfterDeliver,
        Self::TestSaved,
        Self::State,
        Self::Revert,
        Self::Inventory,
        Self::InventoryEach,
        Self::Label,
        Self::Probe,
        Self::Command,
        Self::Instructions,
    ];

    /// The key in the configuration, also the word in errors and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Lookup => "lookups",
            Self::Issue => "issue",
            Self::List => "list",
            Self::Get => "get",
            Self::Revoke => "revoke",
            Self::Status => "status",
            Self::Complete => "complete",
            Self::Cancel => "cancel",
            Self::TestCandidate => "test_candidate",
            Self::Deliver => "deliver",
            Self::AfterDeliver => "after_deliver",
            Self::TestSaved => "test_saved",
            Self::State => "state",
            Self::Revert => "revert",
            Self::Inventory => "inventory.list",
            Self::InventoryEach => "inventory.each",
            Self::Label => "label",
            Self::Probe => "probe",
            Self::Command => "command",
            Self::Instructions => "instructions",
        }
    }
}

/// Who uses a template. `login` and `lookups` exist for issuers and for
/// connections, with different names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// An issuer.
    Issuer,
    /// A connection to an identity provider.
    Connection,
    /// The probe of the service provider.
    Probe,
    /// What the service provider of a federated credential says that it trusts.
    Trust,
}

impl Side {
    /// All sides.
    pub const ALL: [Self; 4] = [Self::Issuer, Self::Connection, Self::Probe, Self::Trust];

    /// The word in the documentation.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Issuer => "issuer",
            Self::Connection => "connection",
            Self::Probe => "probe",
            Self::Trust => "trust",
        }
    }
}

/// One name of the table.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// Dotted name. A part in angle brackets stands for a name that the
    /// configuration or a server chooses: `config.<key>`.
    pub name: &'static str,
    /// What it is.
    pub about: &'static str,
    /// When it has no value; empty if it always has one.
    pub missing: &'static str,
    /// A template that uses it.
    pub example: &'static str,
    /// What the example gives as a text.
    pub gives: &'static str,
    /// Where it exists.
    pub exists: &'static [(Side, &'static [Purpose])],
}

impl Row {
    /// Whether the name exists there.
    #[must_use]
    pub fn exists_in(&self, side: Side, purpose: Purpose) -> bool {
        self.exists
            .iter()
            .any(|(s, purposes)| *s == side && purposes.contains(&purpose))
    }
}

#[cfg(test)]
mod tests;

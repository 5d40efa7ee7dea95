//! In whose words a vendor file describes its vendor.

use super::Family;

/// The one table of a vendor file besides what it says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// `[http]`: a program can do it, by HTTP.
    Http,
    /// `[operator]`: a person makes the tokens of this issuer.
    Operator,
    /// `[manual]`: a person writes the token into this connection.
    Manual,
    /// `[forbidden]`: nobody can rotate it, or nobody should.
    Forbidden,
}

impl Form {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Http, Self::Operator, Self::Manual, Self::Forbidden];

    /// The name of the table, and of the kind whose keys stand in it.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Operator => "operator",
            Self::Manual => "manual",
            Self::Forbidden => "forbidden",
        }
    }

    /// Whether a file of this family can have it.
    #[must_use]
    pub fn fits(self, family: Family) -> bool {
        match (self, family) {
            (Self::Http | Self::Forbidden, _)
            | (Self::Operator, Family::Issuer)
            | (Self::Manual, Family::Connection) => true,
            (Self::Operator, Family::Connection) | (Self::Manual, Family::Issuer) => false,
        }
    }

    /// The tables that a file of this family can have, for messages.
    #[must_use]
    pub fn of(family: Family) -> &'static str {
        match family {
            Family::Issuer => "[http], [operator] or [forbidden]",
            Family::Connection => "[http], [manual] or [forbidden]",
        }
    }
}

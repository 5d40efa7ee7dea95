//! What one look shows.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What the trust between two servers consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Who signs: `iss`.
    Issuer,
    /// For whom it is signed: `aud`.
    Audience,
    /// With which key.
    Key,
    /// About whom: `sub`.
    Subject,
    /// None of the four by name: access is not granted, and nothing says which of
    /// them is the cause.
    Access,
}

impl Part {
    /// Every part, for labels and tests.
    pub const ALL: [Self; 5] = [
        Self::Issuer,
        Self::Audience,
        Self::Key,
        Self::Subject,
        Self::Access,
    ];

    /// The word for logs and labels.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Issuer => "issuer",
            Self::Audience => "audience",
            Self::Key => "key",
            Self::Subject => "subject",
            Self::Access => "access",
        }
    }
}

/// Where something was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The issuer's discovery document.
    Discovery,
    /// The issuer's published keys.
    Keys,
    /// The assertion itself.
    Assertion,
    /// What the service provider says that it trusts.
    Trust,
    /// The token endpoint of the authorization server.
    TokenEndpoint,
    /// The SCIM server.
    Scim,
}

impl Source {
    /// The words for sentences.
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Discovery => "the issuer's discovery document",
            Self::Keys => "the issuer's published keys",
            Self::Assertion => "the assertion",
            Self::Trust => "what the service provider trusts",
            Self::TokenEndpoint => "the token endpoint",
            Self::Scim => "the SCIM server",
        }
    }
}

/// What was expected and what is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// The value of the configuration, or what should be.
    pub expected: String,
    /// What is there.
    pub seen: String,
}

/// What one place shows of one part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Saw {
    /// It is as configured.
    Agrees,
    /// It is not; that counts as a break when it was seen so many times in a row.
    Against(Difference, u32),
    /// Nothing can be said: no answer, a rate limit, a server's failure.
    Unclear(String),
}

impl Saw {
    /// A value that differs from the configured one is a break at once.
    #[must_use]
    pub fn differs(expected: impl Into<String>, seen: impl Into<String>) -> Self {
        Self::against(expected, seen, 1)
    }

    /// A refusal counts when it comes twice in a row.
    #[must_use]
    pub fn refused(expected: impl Into<String>, seen: impl Into<String>) -> Self {
        Self::against(expected, seen, 2)
    }

    /// What is missing or cannot be read is a break when it stays so.
    #[must_use]
    pub fn missing(expected: impl Into<String>, seen: impl Into<String>) -> Self {
        Self::against(expected, seen, 3)
    }

    fn against(expected: impl Into<String>, seen: impl Into<String>, needed: u32) -> Self {
        let difference = Difference {
            expected: expected.into(),
            seen: seen.into(),
        };
        Self::Against(difference, needed)
    }

    /// One value against the configured one.
    #[must_use]
    pub fn compare(expected: &str, seen: &str) -> Self {
        Self::compare_any(expected, &[seen.to_owned()])
    }

    /// Several values, of which one must be the configured one.
    #[must_use]
    pub fn compare_any(expected: &str, seen: &[String]) -> Self {
        if seen.iter().any(|one| one == expected) {
            return Self::Agrees;
        }
        let seen = match seen {
            [] => "nothing".to_owned(),
            some => some.join(", "),
        };
        Self::differs(expected, seen)
    }
}

/// What one place shows of one part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sight {
    /// Of which part.
    pub part: Part,
    /// Where.
    pub source: Source,
    /// What.
    pub saw: Saw,
}

impl Sight {
    /// A sight.
    #[must_use]
    pub fn new(part: Part, source: Source, saw: Saw) -> Self {
        Self { part, source, saw }
    }
}

/// Everything that one look shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Look {
    /// At most one of each part and source.
    pub sights: Vec<Sight>,
    /// What is no break and worth knowing.
    pub notes: Vec<String>,
    /// When the first certificate of a published key ends.
    pub certificate_ends_at: Option<Timestamp>,
}

impl Look {
    /// Adds a sight.
    pub fn see(&mut self, part: Part, source: Source, saw: Saw) {
        self.sights.push(Sight::new(part, source, saw));
    }
}

impl Look {
    /// Every text of others goes through this before it is shown or stored.
    #[must_use]
    pub fn cleaned(mut self, clean: &dyn Fn(&str) -> String) -> Self {
        for sight in &mut self.sights {
            match &mut sight.saw {
                Saw::Agrees => {}
                Saw::Against(difference, _) => {
                    difference.expected = clean(&difference.expected);
                    difference.seen = clean(&difference.seen);
                }
                Saw::Unclear(why) => *why = clean(why),
            }
        }
        for note in &mut self.notes {
            *note = clean(note);
        }
        self
    }
}

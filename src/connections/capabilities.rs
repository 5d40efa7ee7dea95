//! What the configuration says of a connection's abilities where the other
//! keys do not tell.

use serde::Deserialize;

use crate::rotation::capability::{
    ConnectionCapabilities, ConnectionTest, ConnectionWrite, Readback, SideEffects,
};

/// Overrides of capabilities; a key that is absent is derived.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CapabilityOverrides {
    /// What can be tested at the identity provider.
    #[serde(default)]
    pub test: Option<TestWord>,
    /// How it is written.
    #[serde(default)]
    pub write: Option<WriteWord>,
    /// What reading back shows of the token.
    #[serde(default)]
    pub readback: Option<ReadbackWord>,
    /// What else a write sets off.
    #[serde(default)]
    pub side_effects: Option<SideEffectsWord>,
}

/// `test`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TestWord {
    /// A candidate before it is saved.
    Candidate,
    /// The saved credential.
    Saved,
    /// Nothing.
    None,
}

/// `write`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WriteWord {
    /// Only the token.
    Merge,
    /// The whole object.
    FullReplace,
}

/// `readback`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReadbackWord {
    /// Stars.
    Masked,
    /// Nothing.
    Absent,
    /// The token itself.
    Cleartext,
}

/// `side_effects`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SideEffectsWord {
    /// Nothing.
    None,
    /// A full synchronisation.
    FullSync,
}

impl CapabilityOverrides {
    /// The derived capabilities with these overrides.
    #[must_use]
    pub fn over(self, derived: ConnectionCapabilities) -> ConnectionCapabilities {
        ConnectionCapabilities {
            writer: derived.writer,
            test: self.test.map_or(derived.test, Into::into),
            write: self.write.map_or(derived.write, Into::into),
            readback: self.readback.map_or(derived.readback, Into::into),
            side_effects: self.side_effects.map_or(derived.side_effects, Into::into),
        }
    }
}

impl From<TestWord> for ConnectionTest {
    fn from(word: TestWord) -> Self {
        match word {
            TestWord::Candidate => Self::Candidate,
            TestWord::Saved => Self::Saved,
            TestWord::None => Self::None,
        }
    }
}

impl From<WriteWord> for ConnectionWrite {
    fn from(word: WriteWord) -> Self {
        match word {
            WriteWord::Merge => Self::Merge,
            WriteWord::FullReplace => Self::FullReplace,
        }
    }
}

impl From<ReadbackWord> for Readback {
    fn from(word: ReadbackWord) -> Self {
        match word {
            ReadbackWord::Masked => Self::Masked,
            ReadbackWord::Absent => Self::Absent,
            ReadbackWord::Cleartext => Self::Cleartext,
        }
    }
}

impl From<SideEffectsWord> for SideEffects {
    fn from(word: SideEffectsWord) -> Self {
        match word {
            SideEffectsWord::None => Self::None,
            SideEffectsWord::FullSync => Self::FullSync,
        }
    }
}

//! Messages to people and their tools: webhooks that tell when a token waits for a
//! person, is halted, expires, is refused, was rotated or could not be, and when
//! that has ended.
//!
//! ```text
//! record ─> View ─┐
//!                 ├─ due ─> Message ─> body, signature ─> receiver
//! note in Vault ──┘    <─── what was told is noted ───┘
//! ```
//!
//! * **Nothing is queued.** What has to be told follows from the record (a [`View`])
//!   and from what is noted in Vault as told (a [`Note`], one document a token). A
//!   process may end at any time: the next one comes to the same result.
//! * **At least once.** A message is noted after the receiver accepted it. A process
//!   that ends in between, or that loses Vault, leads to a second message with the
//!   same id, by which the receiver knows it.
//! * **One replica sends.** It takes the right to send by check-and-set on the note,
//!   after it has seen that its view is of the record's latest version.
//! * **Beside the work.** A task of its own sends, a few tokens at a time. A receiver
//!   that fails is left alone for a pause that grows, and nothing else waits for it.

mod event;
mod format;
mod messenger;
mod note;
mod sender;
mod settings;
mod sign;
mod values;
mod view;

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;

pub use event::{Event, Message, Phase, Severity};
pub use format::Format;
pub use messenger::Messenger;
pub use note::{Note, Told};
pub use sender::{Deps, Sender};
pub use settings::{Address, Target, Wants, holds_secret};
pub use sign::{Signature, signature};
pub use values::{NAMES, sample};
pub use view::{Subject, View};

use crate::ports::StoreError;

/// Where it is noted what was told: one document a token.
#[async_trait]
pub trait Notes: Send + Sync {
    /// The note of a token, and the version of its document.
    ///
    /// # Errors
    /// When it cannot be read.
    async fn note(&self, token: &str) -> Result<(Option<Value>, u64), StoreError>;

    /// Writes the note over this version, and returns the new one. `None`: another
    /// replica wrote first.
    ///
    /// # Errors
    /// When it cannot be written.
    async fn write_note(
        &self,
        token: &str,
        note: Value,
        version: u64,
    ) -> Result<Option<u64>, StoreError>;

    /// The latest version of the token's record.
    ///
    /// # Errors
    /// When it cannot be read.
    async fn record_version(&self, token: &str) -> Result<u64, StoreError>;
}

/// Counts messages: metrics.
pub trait Tally: Send + Sync {
    /// Messages go to this target.
    fn expect(&self, target: &str);
    /// The receiver accepted a message.
    fn sent(&self, target: &str);
    /// An attempt failed. `since`: the receiver has accepted nothing since then; `None`
    /// if it refused this one message.
    fn failed(&self, target: &str, since: Option<Timestamp>);
    /// A message was given up.
    fn given_up(&self, target: &str);
    /// Nothing waits for this target: another replica has told it, or it is needed no
    /// more.
    fn settled(&self, target: &str);
    /// No messages go to this target any more.
    fn forget(&self, target: &str);
}

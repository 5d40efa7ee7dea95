//! The state of a token in one model for every surface: `status`, the page, the API,
//! the metrics, the alerts and the logs.
//!
//! [`judge`] derives it from the record, the policy and the last decision. It decides
//! nothing. [`State::at`] then tells what the passing of time makes of it, so that
//! what was stored an hour ago is never shown as if that hour had not passed.
//!
//! `fresh` is said only of a token that was shown to work, at the service provider
//! and at every connection. Sentences have absolute times, because they are stored.

mod ageing;
mod banner;
mod concerns;
mod conditions;
mod counts;
mod flight;
mod judging;
mod model;
mod view;
mod waiting;
mod word;
mod wording;

pub use ageing::Life;
pub use banner::Banner;
pub use conditions::Hindered;
pub use counts::{Counts, Group, Summary};
pub use judging::judge;
pub use model::{STATES, State, Text};
pub use view::{About, AboutConnection, HandoverTold};
pub use word::{Urgency, Word};
pub use wording::{override_guards, quoted, supply, time, your_turn};

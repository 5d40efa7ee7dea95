//! Vendor files: one vendor's issuer or connection as data, in the words of
//! kind `http`, of kind `operator` or of kind `manual`.
//!
//! ```text
//! file ─> Parts ─> Vendor ──┐
//!                           ├─ expand ─> the content of a table of that kind
//! the user's table ─────────┘
//! ```
//!
//! This folder knows the form of a file, the files that are built into the
//! program, and how a user's table becomes one of that kind. What stands below
//! `[http]`, `[operator]` and `[manual]` is read by the typed settings of that
//! kind alone. The configuration reads the user's own files and says where a
//! mistake stands.

pub mod calls;
pub mod example;
pub mod expand;
pub mod family;
pub mod file;
mod form;
pub mod library;
pub mod replay;
mod rules;
mod shipped;
mod tree;
pub mod values;
mod vendor;

pub use self::family::{Family, FromVendor};
pub use self::form::Form;
pub use self::library::Library;
pub use self::rules::is_textual;
pub use self::vendor::{Parts, Vendor};

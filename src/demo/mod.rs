//! Small servers for the demonstration and for fast tests: on loopback, in this
//! process, gone when their handle is dropped. They follow the same protocols as
//! the real ones, and fail on demand.

mod faults;
pub mod identity_provider;
mod loopback;
pub mod service_provider;
pub mod stage;
pub mod vault;

pub use faults::Switch;

#[cfg(test)]
mod tests;

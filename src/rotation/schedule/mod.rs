//! Calendar rules: cron and windows, in an IANA time zone.

mod cron;
mod window;
mod windows;

pub use cron::CronRule;
pub use windows::{WindowList, Windows};

//! What somebody writes to the published path: it is believed only as far as the
//! issuer and the configuration show it.

mod ends;
mod ids;
mod proof;
mod values;

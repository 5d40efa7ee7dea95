//! Issuers and connections against servers that replay what is documented.

mod connections;
mod issuers;
mod notify;

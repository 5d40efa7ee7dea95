//! Vendors as data: what is known of one vendor's issuer or connection, and the
//! replays that show it to be right.

pub mod replay;

//! The documented shapes of real identity providers.

mod cloudflare;
mod entra;
mod okta;
mod rauthy;
mod sailpoint;
mod syncope;
mod wso2;

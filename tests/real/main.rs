//! The real binary against real parts: a HashiCorp Vault, service providers
//! that others wrote, an identity provider that pushes people with the token.
//!
//! `tests/parts/*.sh` provide the parts; a test whose part is missing says so
//! and skips, and fails where `CI=true`. Every test ends with
//! [`house::House::close`], which searches all that the binary said for secrets.
#![allow(
    clippy::expect_used,
    clippy::print_stderr,
    unreachable_pub,
    reason = "a test program may fail where it stands, and nobody links it"
)]

mod audit;
mod canary;
mod commands;
mod daemon;
mod house;
mod manual;
mod mid_mint;
mod parts;
mod restless;
mod saas;
mod wait;

mod adoption;
mod alerting;
mod approle;
mod audited;
mod booted;
mod canaille;
mod clock;
mod cluster;
mod control;
mod crash;
mod cuts;
mod every_stage;
mod federated;
mod first_hour;
mod full_cycle;
mod identify;
mod inventory;
mod issuer_faults;
mod jupyterhub;
mod keycloak;
mod keycloak_idp;
mod keycloak_logins;
mod keycloak_secrets;
mod kill_loop;
mod leased;
mod mlflow;
mod notified;
mod operator;
mod own_token;
mod planted;
mod rehearsal;
mod reload;
mod replicas;
mod reported;
mod restored;
mod rotation;
mod scim2_server;
mod shutdown;
mod start;
mod syncope;
mod systemd;
mod traces;
mod unclear;
mod vault_away;
mod vault_dynamic;
mod vault_limits;
mod vault_requests;
mod vendors;

#[path = "../support/mod.rs"]
mod support;

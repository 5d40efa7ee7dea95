//! The pure core decides what a token needs next, and what an outcome means.
//!
//! Nothing here reads a clock, draws a random number, touches a file or a
//! socket, or logs. [`plan::plan`] reads a [`record::Record`] and a
//! [`situation::Situation`] and returns one [`decision::Decision`];
//! [`apply::apply`] applies the [`outcome::Outcome`] of that step to the
//! record. The driver does everything in between.
//!
//! # The stages
//!
//! ```text
//! idle ── begin ─> issuing ─> proving ─> delivering ─> confirming ── promote ─> idle
//!                     │          │           │              │          └ current joins `retiring`
//!                     │          └───────────┴──────┬───────┘ refused permanently, or attempts used up
//!                     │                 reverting (deliver current again)
//!                     │                        └─> discarding (revoke pending) ─> idle
//!                     └ reply lost: recover, never a blind retry
//! waiting_operator   a person must supply the new token
//! handed_over        a person must write the new token into a connection that no
//!                    program can write; shown as waiting_operator
//! completing         two-phase issuers whose next token works only after `complete`
//! halted             until a person acts; the token is still tested, measured and alerted on
//! ```
//!
//! A stage names the step that may have been sent. It is stored before the
//! request, and the outcome is stored in the same document as the token that it
//! brought. Deliveries are the exception: the new token is stored as one that may
//! be delivered ([`record::Rotation::may_be_delivered`]), and to any other process
//! every connection may have it. After a crash at any line the record says what may have happened,
//! and the next wake finds out what did.
//!
//! # What always holds
//!
//! | | invariant |
//! |---|---|
//! | I1 | The token that an identity provider holds is accepted by the service provider, except inside the declared cutover of an issuer that keeps one token. |
//! | I2 | Nothing is retired before its successor is proven and the overlap has passed. A token that existed before the daemon, or that somebody else made, is not revoked. |
//! | I3 | The number of valid tokens never exceeds what the issuer permits, and when nothing is in flight no token of ours is left that could be found and revoked. |
//! | I4 | Once no call fails any more, every token becomes fresh in bounded time. |
//! | I5 | Repeating a step changes nothing. |
//! | I6 | No token is in anything that could be printed. |
//! | I7 | The generation only grows, by one, and a replica that has lost its lease never promotes. |
//! | I8 | Every wait ends in the future: the driver never loops without waiting. |
//! | I9 | Every stored record passes [`invariant::check`]. |
//!
//! `tests/simulation` runs the real driver over a simulated Vault, service
//! provider and identity provider, for each of the nine strategies that follow
//! from the capabilities. It checks the invariants after every port call: with
//! every fault at every call, with every pair of faults, and through a million
//! events of random months with operators' actions; `tests/run` runs all of it,
//! `cargo test` a sample of the pairs and months. It also checks that a paused
//! token is left alone, that the cap on issued tokens holds across restarts,
//! and that no request of a person is dropped. `tests/mutation/run.sh` removes
//! one safeguard after the other from a copy and reports which test fails.
//!
//! A violation is reported with the shortest run that was found, as one JSON
//! object. This repeats the run and prints its event log:
//!
//! ```text
//! SCIM_ROTATOR_SIM_REPLAY='{"seed":…}' cargo test --test simulation replay -- --nocapture
//! ```
//!
//! `SCIM_ROTATOR_SIM_SEED` and `SCIM_ROTATOR_SIM_EVENTS` choose where the
//! random months begin and how long they last; one of `SCIM_ROTATOR_SIM_EVERY`
//! pairs is run.
//!
//! # What check-and-set fences, and what it cannot
//!
//! A replica acts on a token only under its lease, which is a field of the
//! record. Every commit names the version that it replaces. So one of two
//! replicas wins: a late commit is refused, a replica without the lease
//! promotes nothing, and it learns what happened when it reads the record
//! again.
//!
//! An HTTP request cannot be recalled. A replica that is stopped between its
//! last commit and its request (a stopped process, a suspended machine) sends
//! that request late, when another replica has taken over. When it continues,
//! its next commit is refused; it then adds to the record what its request may
//! have caused ([`apply::reconcile_uncommitted`]). If it dies first, nobody
//! knows. The worst that each request can cause then:
//!
//! | late request | worst case | what ends it |
//! |---|---|---|
//! | issue, other tokens stay | one token too many that nobody uses | the replica that got the answer revokes it at once, or it is found by label, name or listing; where tokens cannot be listed it is counted until it expires |
//! | issue that ends the others | the current token does not work: an outage | the next probe shows it (`probe_every`), or the replica notes it in the record; a rotation out of turn replaces the token |
//! | issue that sets the others' end | the current token ends after the overlap | the same; the end is noted in the record |
//! | delivery, or its reversion | one connection holds a former token, which may be retired already | the connection is marked as in doubt and given the current token again; if the replica dies first, the next rotation does that, or the alert on the identity provider fires |
//! | completion, cancellation | a pending token is dropped, or becomes the only one | the next probe shows it |
//! | revocation | none: only tokens that the record had given up are revoked, and they stay so | |
//! | publication | none: it has its own check-and-set | |
//!
//! This can happen between a commit and the request that it covers, and only if
//! the process is stopped for longer than the rest of its lease. Every request
//! is cancelled when the lease ends.
//!
//! Where an issuer can tell tokens only by the difference of two listings, one
//! more case is left: a token that somebody else makes in the same minutes,
//! while our own request was lost and not carried out, cannot be told from
//! ours. Two such tokens halt the rotation; a single one is taken for ours. An
//! issuer that accepts a label or a name does not have this case.
//!
//! Intents and tokens contain the name of their issuer. When the configuration
//! names another issuer for the token, an id of the old one may belong to
//! another token at the new one: nothing is looked for or revoked there. What
//! may still be valid at the old issuer is counted until it expires, and the
//! record says that a person must revoke it there.

pub mod apply;
pub mod calendar;
pub mod capability;
pub mod clock;
pub mod decision;
pub mod forecast;
pub mod full_cycle;
pub mod gate;
pub mod handover;
pub mod invariant;
pub mod inventory;
pub mod issue_limit;
pub mod issuer_id;
pub mod outcome;
pub mod plan;
pub mod policy;
pub mod privilege;
pub mod proof;
pub mod reason;
pub mod record;
pub mod rehearsal;
pub mod rotation_id;
pub mod schedule;
pub mod situation;
pub mod state;
pub mod supplying;
pub mod tenant;
pub mod uncommitted;

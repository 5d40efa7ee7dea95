//! The pure core: what a token needs next, and what an outcome means.
//!
//! Nothing here reads a clock, draws a random number, touches a file or a
//! socket, or logs. [`plan::plan`] looks at a [`record::Record`] and a
//! [`situation::Situation`] and returns one [`decision::Decision`];
//! [`apply::apply`] folds the [`outcome::Outcome`] of that step back into the
//! record. The driver does everything in between.
//!
//! # The stages
//!
//! ```text
//! idle ── begin ─> issuing ─> proving ─> delivering ─> confirming ── promote ─> idle
//!                     │          │           │              │          └ current joins `retiring`
//!                     │          └───────────┴──────┬───────┘ refused for good, or attempts used up
//!                     │                 reverting (deliver current again)
//!                     │                        └─> discarding (revoke pending) ─> idle
//!                     └ reply lost: recover, never a blind retry
//! waiting_operator   a person must supply the new token
//! completing         two-phase issuers whose next token works only after `complete`
//! halted             a person must decide; still measured and alerted
//! ```
//!
//! A stage names the effect that may be in flight. It is stored before the
//! effect is begun, and the result is stored in the same document as the token
//! that it brought: after a crash at any line the record says what may have
//! happened, and the next wake finds out what did.
//!
//! # What always holds
//!
//! | | invariant |
//! |---|---|
//! | I1 | The token that an identity provider holds is accepted by the service provider, except inside the declared cutover of an issuer that keeps one token. |
//! | I2 | Nothing is retired before its successor is proven and the overlap has passed. A token that was there before us, or that somebody else made, is not revoked. |
//! | I3 | Live tokens never exceed what the issuer permits, and at rest no token of ours is left over that can be found and ended. |
//! | I4 | Once nothing fails any more, every token becomes fresh in bounded time. |
//! | I5 | Repeating a step changes nothing. |
//! | I6 | No token stands in anything that could be printed. |
//! | I7 | The generation only grows, by one, and a replica that has lost its lease never promotes. |
//! | I8 | Every wait ends in the future: nothing spins. |
//! | I9 | Every stored record passes [`invariant::check`]. |
//!
//! `tests/simulation` runs the real driver over a simulated Vault, service
//! provider and identity provider, for each of the nine strategies that follow
//! from the capabilities. It checks the invariants after every port call: with
//! every trouble at every call, with every pair of troubles, and through a
//! million events of random months with people's acts; `tests/run` runs all of
//! it, `cargo test` a sample of the pairs and months. It also checks that a paused
//! token is left alone, that the runaway cap holds across restarts, and that no
//! request of a person is dropped. `tests/mutation/run.sh` takes one safeguard
//! after the other out of a copy and tells which test missed it.
//!
//! A violation is shown with the shortest run that was found, as one JSON
//! object. This makes that run again, and prints its event log:
//!
//! ```text
//! SCIM_ROTATOR_SIM_REPLAY='{"seed":…}' cargo test --test simulation replay -- --nocapture
//! ```
//!
//! `SCIM_ROTATOR_SIM_SEED` and `SCIM_ROTATOR_SIM_EVENTS` choose where the random
//! months begin and how long they last; of the pairs, one of
//! `SCIM_ROTATOR_SIM_EVERY` is run.
//!
//! # What check-and-set fences, and what it cannot
//!
//! A replica acts on a token only under its lease, which stands in the record.
//! Every commit names the version that it replaces. So of two replicas one
//! wins: a late commit is refused, a stale replica promotes nothing, and its
//! next look at the record shows it what has become of the token.
//!
//! An HTTP request that has left the process cannot be called back. A replica
//! that stands still between its last commit and its request (a stopped
//! process, a suspended machine) sends that request late, when another one has
//! taken over. Where it wakes up it knows this from the refused commit, and
//! says in the record what may have come of it ([`apply::reconcile_uncommitted`]); where it
//! dies, nobody can say. The worst that each request can do then:
//!
//! | late request | worst case | what ends it |
//! |---|---|---|
//! | issue, other tokens stay | one token too many that nobody uses | revoked at once by whoever got the answer, else found by label, name or listing; where nothing lists tokens it is counted until it expires |
//! | issue that ends the others | the token in use is dead: an outage | the next probe sees it (`probe_every`), or the replica itself says so; a rotation out of turn repairs it |
//! | issue that sets the others' end | the token in use dies at the end of the overlap | the same; the end is noted in the record |
//! | delivery, or its return | one connection holds a former token, which may be retired already | the connection is marked as in doubt and given the token in use again; a replica that dies there leaves it until the next rotation or the alert on the identity provider |
//! | completion, cancellation | a pending token is dropped, or becomes the only one | the next probe sees it |
//! | revocation | none: only tokens that the record had given up are ever revoked, and they stay given up | |
//! | publication | none: it is guarded by a check-and-set of its own | |
//!
//! The window for this is the time between a commit and the request that it
//! covers. It opens only for a process that stands still for longer than what
//! is left of its lease, and each request is given up when the lease ends.
//!
//! Where an issuer can tell tokens only by the difference of two listings, one
//! more case is left: a token that somebody else makes in the very minutes in
//! which our own issue was lost and never happened cannot be told from ours.
//! Two such tokens stop the rotation for a person; one alone is taken for ours.
//! An issuer that takes a label or a name does not have this case.
//!
//! An intent and a token carry the name of their issuer. When the configuration
//! gives the token another one, an id of the old may be somebody else's at the
//! new: nothing is looked for or revoked there. What may live on at the old one
//! is counted until it expires, and a person is told to revoke it there.

pub mod apply;
pub mod capability;
pub mod decision;
pub mod forecast;
pub mod invariant;
pub mod outcome;
pub mod plan;
pub mod policy;
pub mod reason;
pub mod record;
pub mod schedule;
pub mod situation;
pub mod uncommitted;

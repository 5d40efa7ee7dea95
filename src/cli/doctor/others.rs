//! Credentials, issuers and connections: each is read once.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::StreamExt as _;
use jiff::Timestamp;

use super::rows::{Row, Word};
use crate::cli::wiring::World;
use crate::driver::inventory::{Shown, of_issuer};
use crate::ports::Issuer;
use crate::ports::unit::Unit;
use crate::scim::jwt::{self, Expiry};
use crate::secret::SecretRef;
use crate::telemetry::words::relative;

/// Number of requests at once.
const AT_ONCE: usize = 8;

/// What cannot be looked at without a login.
pub(super) fn not_looked_at() -> [Row; 1] {
    let detail = "policy, credentials, issuers and connections were not looked at";
    let row = Row::failed("vault", "", detail, "get the login to work first");
    [Row {
        word: Word::Unknown,
        ..row
    }]
}

/// Whether each credential can be read, and when it ends if it tells.
pub(super) async fn credentials(world: &World) -> Vec<Row> {
    let (references, secrets) = world.own_credentials();
    let now = world.clock.now();
    let looks = references.iter().map(async |reference: &SecretRef| {
        let subject = reference.to_string();
        match secrets.resolve(reference).await {
            Ok(resolved) => readable(subject, resolved.value.expose(), now),
            Err(fault) => Row::of_fault("credential", subject, &fault),
        }
    });
    let looks = futures_util::stream::iter(looks).buffered(AT_ONCE);
    looks.collect().await
}

fn readable(subject: String, value: &str, now: Timestamp) -> Row {
    let end = jwt::decode(value).map(|claims| claims.expiry);
    match end {
        Some(Expiry::At(end)) if end <= now => Row::failed(
            "credential",
            subject,
            format!("readable, and ended {}", relative(end, now)),
            "have a new one made, and write it to the same place",
        ),
        Some(Expiry::At(end)) => {
            let detail = format!("readable, ends {}", relative(end, now));
            Row::ok("credential", subject, detail)
        }
        Some(Expiry::Absent | Expiry::Implausible) | None => {
            Row::ok("credential", subject, "readable; it does not tell its end")
        }
    }
}

/// Whether each issuer can be read.
pub(super) async fn issuers(world: &World) -> Vec<Row> {
    let looks =
        world
            .issuers()
            .into_iter()
            .map(async |(name, issuer): (String, Arc<dyn Issuer>)| {
                let mut units = world.units.iter();
                let token = units.find(|unit| unit.issuer_name == name);
                // The name stands in templates only.
                let token = token.map_or("doctor", |unit| unit.name.as_str());
                match of_issuer(issuer.as_ref(), token, &[]).await {
                    Ok(Shown::Items { items, .. }) => {
                        let detail = format!("it lists {} tokens", items.len());
                        Row::ok("issuer", name, detail)
                    }
                    Ok(Shown::Nothing(why)) => {
                        let detail = format!("nothing can be read: {why}");
                        Row::ok("issuer", name, detail)
                    }
                    Err(fault) => Row::of_fault("issuer", name, &fault),
                }
            });
    let looks = futures_util::stream::iter(looks).buffered(AT_ONCE);
    looks.collect().await
}

/// Whether each connection can be read and points at the service provider, once for each
/// service provider.
pub(super) async fn connections(world: &World) -> Vec<Row> {
    let mut seen = BTreeSet::new();
    let mut pairs = Vec::new();
    for unit in &world.units {
        for (name, connection) in &unit.connections {
            if seen.insert((name, unit.scim_url.as_str())) {
                pairs.push((name, connection, unit));
            }
        }
    }
    let looks = pairs.into_iter().map(async |(name, connection, unit)| {
        let unit: &Arc<Unit> = unit;
        let read = connection.preflight(&unit.name, &unit.scim_url).await;
        let subject = format!("{name} (for {})", unit.name);
        match read {
            Ok(()) => Row::ok("connection", subject, "it is there and can be read"),
            Err(fault) => Row::of_fault("connection", subject, &fault),
        }
    });
    let looks = futures_util::stream::iter(looks).buffered(AT_ONCE);
    looks.collect().await
}

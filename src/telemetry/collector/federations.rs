//! Series of federated credentials.

use crate::scim::federated::verdict::Standing;
use crate::telemetry::board::Entry;
use crate::telemetry::exposition::{Family, gauge};

pub(super) const FAMILIES: &[Family] = &[
    gauge(
        "scim_rotator_federation_broken",
        "Federated credential: 1 for each part of the trust that is not as configured.",
        |entry, to| {
            with(entry, |standing| {
                for (part, is_broken) in standing.parts() {
                    to.flag(&entry.facts.name, &[("part", part.as_str())], is_broken);
                }
            })
        },
    ),
    gauge(
        "scim_rotator_federation_clear_timestamp_seconds",
        "Federated credential: when a look last showed every part.",
        |entry, to| with(entry, |s| to.time(&entry.facts.name, &[], s.clear_at)),
    ),
    gauge(
        "scim_rotator_federation_certificate_expiry_timestamp_seconds",
        "Federated credential: when the first certificate of a key that the issuer publishes ends.",
        |entry, to| {
            with(entry, |s| {
                to.time(&entry.facts.name, &[], s.certificate_ends_at);
            })
        },
    ),
];

fn with(entry: &Entry, emit: impl FnOnce(&Standing)) {
    if let Some(standing) = entry.federation.as_deref() {
        emit(standing);
    }
}

//! What the issuer shows, by which the id of an adopted token is looked up.

use crate::ports::unit::Unit;
use crate::rotation::capability::Supply;
use crate::rotation::outcome::{Listing, Lookup};
use crate::rotation::rotation_id;
use crate::secret::BearerToken;

/// Two ids of rotations consist of these characters alone: they differ from their
/// first one on.
const SAMPLES: [&str; 2] = ["0", "f"];

/// Asks the issuer for its list, unless it was read just now. An issuer that
/// cannot be asked is no reason to stop: the token then keeps no id, and is left
/// to expire.
pub(super) async fn look_up(
    unit: &Unit,
    value: &BearerToken,
    listed: Option<Listing>,
) -> Option<Lookup> {
    let capabilities = unit.issuer.capabilities();
    let helps = capabilities.revokes_by_id() || capabilities.lists_before_an_issue();
    if capabilities.supply == Supply::Operator || !helps {
        return None;
    }
    let listing = match listed {
        Some(listing) => listing,
        None => match unit.issuer.list(&unit.name).await {
            Ok(listing) => listing,
            Err(fault) => {
                tracing::info!(
                    token = %unit.name,
                    fault = %fault,
                    "the id of the adopted token could not be looked up at the issuer"
                );
                return None;
            }
        },
    };
    Some(Lookup {
        listing,
        id_in_value: unit.issuer.id_in(value),
        sample_labels: SAMPLES.map(|character| {
            let id = character.repeat(rotation_id::LENGTH);
            unit.issuer.label(&unit.name, &id, 1)
        }),
    })
}

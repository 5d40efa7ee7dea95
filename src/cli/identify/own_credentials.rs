//! Keeps the fingerprints of our own credentials in the index, so that `identify` knows
//! them.

use jiff::SignedDuration;
use tokio_util::sync::CancellationToken;

use crate::cli::wiring::World;
use crate::secret::Fingerprint;

/// The pause between two readings of our own credentials for the index.
const CREDENTIALS_EVERY: SignedDuration = SignedDuration::from_hours(24);
/// The pause before the first reading: after a start the tokens come first.
const CREDENTIALS_AFTER: SignedDuration = SignedDuration::from_mins(5);

/// Notes our own credentials in the index of fingerprints, until the end of the process.
pub(in crate::cli) async fn note_credentials(world: &World, end: &CancellationToken) {
    let mut pause = CREDENTIALS_AFTER;
    loop {
        tokio::select! {
            () = world.clock.sleep(pause) => {}
            () = end.cancelled() => return,
        }
        let (references, secrets) = world.own_credentials();
        for reference in references {
            // One that cannot be read now is reported where it is used.
            if let Ok(resolved) = secrets.resolve(reference).await {
                let print = Fingerprint::of(resolved.value.expose());
                let what = reference.to_string();
                world.facts.note_credential(&print, &what);
            }
        }
        pause = CREDENTIALS_EVERY;
    }
}

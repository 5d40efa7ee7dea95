//! What stands between the driver and the store, and what holds for all tokens.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::audit::auditor::Auditor;
use crate::audit::door::{AuditedStore, AuditedSwitch};
use crate::cli::facts::before_use::IndexedStore;
use crate::cli::facts::index::IndexWriter;
use crate::driver::situation::{Conditions, FullCycles};
use crate::http::skew::{SkewWatch, Verdict};
use crate::ports::Store;
use crate::ports::switch::Switch;
use crate::rotation::situation::OurClock;
use crate::vault::VaultStore;

/// The store and the switch with the audit before them, if there is one, and the store
/// with the index of fingerprints.
pub(super) fn doors(
    store: &Arc<VaultStore>,
    auditor: Option<&Arc<Auditor>>,
    index: &Arc<IndexWriter>,
) -> (Arc<dyn Store>, Arc<dyn Switch>) {
    let bare: (Arc<dyn Store>, Arc<dyn Switch>) = (Arc::clone(store) as _, Arc::clone(store) as _);
    let (store, switch): (Arc<dyn Store>, Arc<dyn Switch>) = match auditor {
        Some(auditor) => (
            Arc::new(AuditedStore::new(bare.0, Arc::clone(auditor))),
            Arc::new(AuditedSwitch::new(bare.1, Arc::clone(auditor))),
        ),
        None => bare,
    };
    let indexed = IndexedStore::new(store, Arc::clone(index));
    (Arc::new(indexed), switch)
}

/// What holds for all tokens of this process.
pub(super) fn conditions(
    skew: &Arc<SkewWatch>,
    all_paused: &Arc<AtomicBool>,
    full_cycles: &Arc<FullCycles>,
    auditor: Option<&Arc<Auditor>>,
) -> Conditions {
    let (skew, paused) = (Arc::clone(skew), Arc::clone(all_paused));
    let auditor = auditor.cloned();
    Conditions {
        full_cycles: Arc::clone(full_cycles),
        our_clock: Arc::new(move || skew.verdict().map_or(OurClock::UNKNOWN, our_clock)),
        all_paused: Arc::new(move || paused.load(Ordering::Relaxed)),
        audit_fails: Arc::new(move || auditor.as_ref().is_some_and(|a| a.stops_rotations())),
    }
}

fn our_clock(verdict: Verdict) -> OurClock {
    OurClock {
        skew: verdict.skew,
        is_measured: true,
        vault_agrees: verdict.vault_agrees,
    }
}

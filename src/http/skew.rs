//! How far clocks differ: the largest last measurement over all servers.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::SignedDuration;

use super::client::{Observer, Target};

/// Remembers the last clock difference measured at each kind of server, and
/// passes everything on to another observer.
pub struct SkewWatch {
    next: Arc<dyn Observer>,
    millis: [AtomicI64; 3],
}

impl SkewWatch {
    /// A watch before `next`.
    #[must_use]
    pub fn new(next: Arc<dyn Observer>) -> Self {
        Self {
            next,
            millis: Default::default(),
        }
    }

    /// The largest of the last measurements, without a sign.
    #[must_use]
    pub fn largest(&self) -> SignedDuration {
        let millis = self.millis.iter().map(|m| m.load(Ordering::Relaxed));
        SignedDuration::from_millis(millis.max().unwrap_or_default())
    }

    fn cell(&self, target: Target) -> &AtomicI64 {
        let [vault, sp, idp] = &self.millis;
        match target {
            Target::Vault => vault,
            Target::Sp => sp,
            Target::Idp => idp,
        }
    }
}

impl Observer for SkewWatch {
    fn request(&self, target: Target, operation: &'static str, code: &str, seconds: f64) {
        self.next.request(target, operation, code, seconds);
    }

    fn throttled(&self, target: Target) {
        self.next.throttled(target);
    }

    fn clock_skew(&self, target: Target, seconds: f64) {
        let measured = SignedDuration::try_from_secs_f64(seconds.abs());
        let millis = measured.map_or(i64::MAX, |d| {
            i64::try_from(d.as_millis()).unwrap_or(i64::MAX)
        });
        self.cell(target).store(millis, Ordering::Relaxed);
        self.next.clock_skew(target, seconds);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::client::NoObserver;

    #[test]
    fn the_largest_of_the_last_measurements_counts() {
        let watch = SkewWatch::new(Arc::new(NoObserver));
        assert_eq!(watch.largest(), SignedDuration::ZERO);
        watch.clock_skew(Target::Sp, -90.0);
        watch.clock_skew(Target::Idp, 2.0);
        assert_eq!(watch.largest(), SignedDuration::from_secs(90));
        watch.clock_skew(Target::Sp, 1.0);
        assert_eq!(
            watch.largest(),
            SignedDuration::from_secs(2),
            "it was mended"
        );
    }

    #[test]
    fn nonsense_counts_as_much() {
        let watch = SkewWatch::new(Arc::new(NoObserver));
        watch.clock_skew(Target::Vault, f64::NAN);
        assert!(watch.largest() > SignedDuration::from_hours(24));
    }
}

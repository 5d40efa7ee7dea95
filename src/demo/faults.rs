//! Faults on demand.

use parking_lot::{Mutex, MutexGuard};

/// A fault that the next few requests meet.
#[derive(Debug)]
pub struct Switch<F> {
    planned: Mutex<Option<(F, u32)>>,
}

impl<F> Default for Switch<F> {
    fn default() -> Self {
        Self {
            planned: Mutex::new(None),
        }
    }
}

impl<F: Copy> Switch<F> {
    /// The next `count` requests meet this fault, instead of any planned before.
    pub fn plan(&self, fault: F, count: u32) {
        *self.lock() = (count > 0).then_some((fault, count));
    }

    /// All requests meet this fault until [`Switch::clear`].
    pub fn keep(&self, fault: F) {
        self.plan(fault, u32::MAX);
    }

    /// No more faults.
    pub fn clear(&self) {
        *self.lock() = None;
    }

    /// The fault that this request meets, used up by one.
    pub(in crate::demo) fn take(&self) -> Option<F> {
        let mut planned = self.lock();
        let (fault, left) = (*planned)?;
        *planned = match left {
            u32::MAX => Some((fault, left)),
            left => (left > 1).then(|| (fault, left - 1)),
        };
        Some(fault)
    }

    fn lock(&self) -> MutexGuard<'_, Option<(F, u32)>> {
        self.planned.lock()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_lasts_as_long_as_planned() {
        let switch = Switch::default();
        assert_eq!(switch.take(), None);
        switch.plan('a', 2);
        assert_eq!(
            [switch.take(), switch.take(), switch.take()],
            [Some('a'), Some('a'), None]
        );
        switch.keep('b');
        assert_eq!([switch.take(), switch.take()], [Some('b'), Some('b')]);
        switch.clear();
        assert_eq!(switch.take(), None);
    }
}

//! Shares equal settings of tokens.

use std::sync::Arc;

/// Number of different values that are compared; a value that differs from all
/// of them is not shared.
const MOST: usize = 32;

/// The different values so far.
pub(super) struct Pool<T>(Vec<Arc<T>>);

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Clone + PartialEq> Pool<T> {
    /// The value, shared with an equal one from before.
    pub(super) fn share(&mut self, value: &T) -> Arc<T> {
        if let Some(known) = self.0.iter().find(|known| known.as_ref() == value) {
            return Arc::clone(known);
        }
        let new = Arc::new(value.clone());
        if self.0.len() < MOST {
            self.0.push(Arc::clone(&new));
        }
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_are_kept_once_and_the_rest_is_right_all_the_same() {
        let mut pool = Pool::default();
        let first = pool.share(&0);
        assert!(Arc::ptr_eq(&first, &pool.share(&0)));
        for number in 0..100 {
            assert_eq!(*pool.share(&number), number);
        }
        assert_eq!(pool.0.len(), MOST);
    }
}

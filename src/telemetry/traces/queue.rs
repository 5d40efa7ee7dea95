//! Spans that wait to be sent.

use std::collections::VecDeque;

use parking_lot::Mutex;

use super::span::Span;

/// Most spans that wait. A rotation has about ten; a span takes less than a kilobyte.
const MOST: usize = 2048;

/// A queue of bounded length. When it is full, new spans are lost: older ones may
/// be under way.
#[derive(Default)]
pub(super) struct Queue(Mutex<VecDeque<Span>>);

impl Queue {
    /// Adds spans; returns how many are lost.
    pub(super) fn add(&self, spans: Vec<Span>) -> usize {
        let mut waiting = self.0.lock();
        let room = MOST.saturating_sub(waiting.len());
        let lost = spans.len().saturating_sub(room);
        waiting.extend(spans.into_iter().take(room));
        lost
    }

    /// The oldest spans, which stay until they are removed.
    pub(super) fn oldest(&self, most: usize) -> Vec<Span> {
        self.0.lock().iter().take(most).cloned().collect()
    }

    /// Removes the oldest spans.
    pub(super) fn remove(&self, count: usize) {
        let mut waiting = self.0.lock();
        let count = count.min(waiting.len());
        waiting.drain(..count);
    }

    /// Removes all; returns how many they were.
    pub(super) fn clear(&self) -> usize {
        let mut waiting = self.0.lock();
        let count = waiting.len();
        waiting.clear();
        count
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn span(number: u8) -> Span {
        Span {
            trace: [number; 16],
            id: [number; 8],
            parent: None,
            name: "issue",
            began: Timestamp::UNIX_EPOCH,
            ended: Timestamp::UNIX_EPOCH,
            failure: None,
            attributes: Vec::new(),
        }
    }

    #[test]
    fn a_full_queue_loses_new_spans_and_says_how_many() {
        let queue = Queue::default();
        assert_eq!(queue.add(vec![span(1); MOST - 1]), 0);
        assert_eq!(queue.add(vec![span(2), span(3), span(3)]), 2);
        let oldest = queue.oldest(MOST + 1);
        assert_eq!(oldest.len(), MOST);
        assert_eq!(oldest.last().map(|last| last.id), Some([2; 8]));
        queue.remove(MOST - 1);
        assert_eq!(queue.oldest(9), vec![span(2)]);
        assert_eq!((queue.clear(), queue.clear()), (1, 0));
    }
}

//! Makes a story that ends in a violation as short as it can.

use crate::seasons::play;
use crate::story::{Storm, Story, Timed};

/// No more events than this are played: a person waits for the answer.
const MOST_EVENTS: usize = 1_500_000;

/// The shortest story that was found. It still violates the same invariant.
pub(crate) fn shortest(story: &Story, violation: &str) -> Story {
    let mut shrinking = Shrinking {
        invariant: invariant(violation).to_owned(),
        best: story.clone(),
        events: 0,
    };
    shrinking.end_earlier();
    loop {
        let before = shrinking.best.clone();
        shrinking.fewer_tokens();
        shrinking.fewer_storms();
        shrinking.fewer_troubles();
        shrinking.fewer_acts();
        shrinking.fewer_replicas();
        if shrinking.best == before || shrinking.events >= MOST_EVENTS {
            return shrinking.best;
        }
    }
}

/// The words by which a violation is known again.
fn invariant(violation: &str) -> &str {
    violation
        .split_once(':')
        .map_or(violation, |(name, _)| name)
}

struct Shrinking {
    invariant: String,
    best: Story,
    events: usize,
}

impl Shrinking {
    /// Takes a shorter story if it still ends in a violation.
    fn take(&mut self, shorter: Story) -> bool {
        if shorter == self.best || self.events >= MOST_EVENTS {
            return false;
        }
        let told = play(&shorter, None, false);
        self.events += told.events;
        let broken = told
            .violation
            .is_some_and(|violation| invariant(&violation) == self.invariant);
        if broken {
            self.best = shorter;
        }
        broken
    }

    /// What comes after the violation is not needed.
    fn end_earlier(&mut self) {
        for storms in 0..self.best.storms.len() {
            let mut shorter = self.best.clone();
            shorter.storms.truncate(storms);
            if self.take(shorter) {
                return;
            }
        }
    }

    fn fewer_storms(&mut self) {
        let mut index = self.best.storms.len();
        while index > 0 {
            index -= 1;
            let mut shorter = self.best.clone();
            shorter.storms.remove(index);
            if self.take(shorter) {
                continue;
            }
            let mut calmer = self.best.clone();
            let storm = &mut calmer.storms[index];
            storm.hours = (storm.hours / 2).max(1);
            let minutes = storm.hours * 60;
            storm.acts.retain(|timed| timed.at <= minutes);
            self.take(calmer);
        }
    }

    fn fewer_tokens(&mut self) {
        let names: Vec<_> = self.best.tokens.keys().cloned().collect();
        for name in names {
            let mut shorter = self.best.clone();
            shorter.tokens.remove(&name);
            shorter.troubles.remove(&name);
            for storm in &mut shorter.storms {
                storm
                    .acts
                    .retain(|timed| timed.act.token() != Some(name.as_str()));
            }
            if !shorter.tokens.is_empty() {
                self.take(shorter);
            }
        }
    }

    fn fewer_troubles(&mut self) {
        let all: Vec<_> = self
            .best
            .troubles
            .iter()
            .flat_map(|(token, calls)| calls.keys().map(move |call| (token.clone(), *call)))
            .collect();
        self.leave_out(&all, |story, left_out| {
            for (token, call) in left_out {
                if let Some(calls) = story.troubles.get_mut(token) {
                    calls.remove(call);
                }
            }
            story.troubles.retain(|_, calls| !calls.is_empty());
        });
    }

    fn fewer_acts(&mut self) {
        let all: Vec<_> = self
            .best
            .storms
            .iter()
            .enumerate()
            .flat_map(|(index, storm)| storm.acts.iter().map(move |timed| (index, timed.clone())))
            .collect();
        self.leave_out(&all, |story, left_out: &[(usize, Timed)]| {
            for (index, act) in left_out {
                if let Some(storm) = story.storms.get_mut(*index) {
                    remove_first(storm, act);
                }
            }
        });
    }

    fn fewer_replicas(&mut self) {
        if self.best.replicas > 1 {
            let mut shorter = self.best.clone();
            shorter.replicas -= 1;
            self.take(shorter);
        }
    }

    /// Leaves parts out, large ones first.
    fn leave_out<T: Clone>(&mut self, all: &[T], remove: impl Fn(&mut Story, &[T])) {
        let mut rest: Vec<T> = all.to_vec();
        let mut size = rest.len().div_ceil(2);
        while size > 0 {
            let mut from = 0;
            while from < rest.len() {
                let until = (from + size).min(rest.len());
                let mut shorter = self.best.clone();
                remove(&mut shorter, &rest[from..until]);
                if self.take(shorter) {
                    rest.drain(from..until);
                } else {
                    from = until;
                }
            }
            size = if size == 1 { 0 } else { size.div_ceil(2) };
        }
    }
}

fn remove_first(storm: &mut Storm, act: &Timed) {
    if let Some(found) = storm.acts.iter().position(|timed| timed == act) {
        storm.acts.remove(found);
    }
}

//! What each source delivered, in the order of the configuration.
//!
//! Of things that several sources tell of, those of the first in the list
//! count; a [`SourceId`] says nothing about the place in it.

use std::collections::BTreeMap;

use crate::config::Config;
use crate::domain::health::SourceId;

/// One thing for each source.
#[derive(Clone, Debug)]
pub struct PerSource<T> {
    things: BTreeMap<SourceId, T>,
    order: Vec<SourceId>,
}

impl<T> Default for PerSource<T> {
    fn default() -> Self {
        Self { things: BTreeMap::new(), order: Vec::new() }
    }
}

/// The sources of a configuration, in its order.
pub fn order_of(config: &Config) -> Vec<SourceId> {
    config.sources.iter().map(|source| SourceId::of(&source.id)).collect()
}

impl<T> PerSource<T> {
    /// Takes over another order; tells whether that made a difference. What
    /// stands in no order comes last.
    pub fn set_order(&mut self, order: &[SourceId]) -> bool {
        let before: Vec<SourceId> = self.iter().map(|(source, _)| source).collect();
        self.order = order.to_vec();
        !self.iter().map(|(source, _)| source).eq(before)
    }

    /// Of one source.
    pub fn get(&self, source: SourceId) -> Option<&T> {
        self.things.get(&source)
    }

    /// Of one source, to be changed.
    pub fn get_mut(&mut self, source: SourceId) -> Option<&mut T> {
        self.things.get_mut(&source)
    }

    /// Of one source, to be changed; an empty one where there was none.
    pub fn get_or_default(&mut self, source: SourceId) -> &mut T
    where
        T: Default,
    {
        self.things.entry(source).or_default()
    }

    /// Puts a thing in the place of what was there.
    pub fn insert(&mut self, source: SourceId, thing: T) {
        self.things.insert(source, thing);
    }

    /// Whether there is one of `source`.
    pub fn has(&self, source: SourceId) -> bool {
        self.things.contains_key(&source)
    }

    /// Nobody delivered anything.
    pub fn is_empty(&self) -> bool {
        self.things.is_empty()
    }

    /// Forgets all but those of these sources; tells whether any went.
    pub fn retain(&mut self, keep: impl Fn(SourceId) -> bool) -> bool {
        let before = self.things.len();
        self.things.retain(|&source, _| keep(source));
        self.things.len() != before
    }

    /// All, in order.
    pub fn iter(&self) -> impl Iterator<Item = (SourceId, &T)> + '_ {
        let ordered = self.order.iter().filter_map(|source| self.things.get_key_value(source));
        let others = self.things.iter().filter(|(source, _)| !self.order.contains(source));
        ordered.chain(others).map(|(&source, thing)| (source, thing))
    }

    /// All, in no order, to be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (SourceId, &mut T)> + '_ {
        self.things.iter_mut().map(|(&source, thing)| (source, thing))
    }

    /// All, in order, without their sources.
    pub fn values(&self) -> impl Iterator<Item = &T> + '_ {
        self.iter().map(|(_, thing)| thing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_that_of_the_list_and_strangers_come_last() {
        let [a, b, c] = ["a", "b", "c"].map(SourceId::of);
        let mut things = PerSource::default();
        for (source, thing) in [(a, 'a'), (b, 'b'), (c, 'c')] {
            things.insert(source, thing);
        }
        for order in [[a, b], [b, a], [c, b]] {
            things.set_order(&order);
            let seen: Vec<SourceId> = things.iter().map(|(source, _)| source).collect();
            assert_eq!((&seen[..2], seen.len()), (order.as_slice(), 3));
        }
        assert!(!things.set_order(&[c, b, a]), "as it was");
        assert!(things.set_order(&[a, c, b]));
        assert!(things.retain(|source| source == b) && !things.retain(|source| source == b));
        assert_eq!(things.values().collect::<Vec<_>>(), [&'b']);
    }
}

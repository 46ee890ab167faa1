//! Single things that sources push, laid over the sets of all sources.
//!
//! In: sets by source, and reports about single things. Out: the sets with
//! what was reported last. A thing that no set holds is added to the set of the
//! source that tells of it, once it is known where that thing is; until then
//! what was told is kept for the set that will name it. How a thing was without
//! anybody saying when counts until a set tells it that comes later.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::domain::change::Change;
use crate::domain::health::SourceId;

use super::per_source::PerSource;

/// Things of which one source may tell: more are left out, because ids that
/// never come twice would fill the memory.
const THINGS_KEPT: usize = 200_000;

/// Sets by source.
pub type Sets<T> = PerSource<Arc<Vec<T>>>;

/// What sources told of single things.
pub struct Pushed<C> {
    told: PerSource<HashMap<String, C>>,
    /// Where each thing is in the sets. `None` after the sets were replaced.
    places: Option<HashMap<String, (SourceId, usize)>>,
}

impl<C> Default for Pushed<C> {
    fn default() -> Self {
        Self { told: PerSource::default(), places: None }
    }
}

/// What came of some reports.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Merged {
    /// Whether anything is now another than before.
    pub changed: bool,
    /// Reports of things for which there was no room.
    pub refused: usize,
}

impl<C> Pushed<C>
where
    C: Change + Clone,
    C::Whole: Clone + PartialEq,
{
    /// Takes reports of a source in.
    pub fn merge(&mut self, sets: &mut Sets<C::Whole>, source: SourceId, changes: Vec<C>) -> Merged {
        let places = self.places.get_or_insert_with(|| places_in::<C>(sets));
        let told = self.told.get_or_default(source);
        let mut merged = Merged::default();
        for change in changes {
            if let Some(known) = told.get_mut(change.id()) {
                known.absorb(&change);
            } else if told.len() < THINGS_KEPT {
                told.insert(change.id().to_owned(), change.clone());
            } else {
                merged.refused += 1;
                continue;
            }
            if let Some(&(owner, place)) = places.get(change.id()) {
                merged.changed |= sets.get_mut(owner).is_some_and(|set| write(set, place, &change));
            } else if let Some(whole) = told.get(change.id()).and_then(C::whole) {
                let set = Arc::make_mut(sets.get_or_default(source));
                places.insert(change.id().to_owned(), (source, set.len()));
                set.push(whole);
                merged.changed = true;
            }
        }
        merged
    }

    /// Lays what was told over a set that `source` delivered whole, and takes
    /// its things out of the sets of those who merely told of them.
    pub fn lay_over(&mut self, sets: &mut Sets<C::Whole>, source: SourceId, new: &mut [C::Whole]) {
        self.places = None;
        if self.told.is_empty() {
            return;
        }
        for whole in new.iter_mut() {
            for (_, told) in self.told.iter_mut() {
                if let Some(change) = told.get_mut(C::id_of(whole)) {
                    change.outdate(whole);
                }
            }
            for told in self.told.values() {
                if let Some(change) = told.get(C::id_of(whole)) {
                    change.apply(whole);
                }
            }
        }
        let named: HashSet<&str> = new.iter().map(C::id_of).collect();
        for (_, set) in sets.iter_mut().filter(|&(owner, _)| owner != source && self.told.has(owner)) {
            if set.iter().any(|whole| named.contains(C::id_of(whole))) {
                Arc::make_mut(set).retain(|whole| !named.contains(C::id_of(whole)));
            }
        }
    }

    /// Takes over the order of the sources.
    pub fn set_order(&mut self, order: &[SourceId]) {
        self.told.set_order(order);
        self.places = None;
    }

    /// Forgets what sources other than these told.
    pub fn retain(&mut self, keep: impl Fn(SourceId) -> bool) {
        self.told.retain(keep);
        self.places = None;
    }
}

/// Where each thing is; of things with one id, the first.
fn places_in<C: Change>(sets: &Sets<C::Whole>) -> HashMap<String, (SourceId, usize)> {
    let mut places = HashMap::with_capacity(sets.values().map(|set| set.len()).sum());
    for (source, set) in sets.iter() {
        for (place, whole) in set.iter().enumerate() {
            places.entry(C::id_of(whole).to_owned()).or_insert((source, place));
        }
    }
    places
}

/// Writes a report over one thing of a set; tells whether that changed it. A
/// set that somebody reads is copied only then.
fn write<C: Change>(set: &mut Arc<Vec<C::Whole>>, place: usize, change: &C) -> bool
where
    C::Whole: Clone + PartialEq,
{
    let Some(known) = set.get(place) else { return false };
    let mut new = known.clone();
    change.apply(&mut new);
    if new == *known {
        return false;
    }
    if let Some(slot) = Arc::make_mut(set).get_mut(place) {
        *slot = new;
    }
    true
}

#[cfg(test)]
mod tests {
    use crate::domain::change::DeviceChange;
    use crate::domain::device::Device;
    use crate::domain::geometry::LonLat;
    use crate::domain::time::Time;

    use super::*;

    const REGISTER: SourceId = SourceId::of("register");
    const STREAM: SourceId = SourceId::of("stream");

    fn device(id: &str) -> Device {
        DeviceChange { at: Some(LonLat::new(120.7, 31.3)), ..told(id, None, 0) }.whole().expect("has a place")
    }

    fn told(id: &str, value: Option<f64>, read: i64) -> DeviceChange {
        DeviceChange { id: id.into(), value, read: value.map(|_| Time(read)), ..DeviceChange::default() }
    }

    fn register(devices: Vec<Device>) -> Sets<Device> {
        let mut sets = Sets::default();
        sets.set_order(&[REGISTER, STREAM]);
        sets.insert(REGISTER, Arc::new(devices));
        sets
    }

    fn values(sets: &Sets<Device>) -> Vec<(SourceId, &str, Option<f64>)> {
        let mut values = Vec::new();
        for (source, set) in sets.iter() {
            values.extend(set.iter().map(|device| (source, device.id.as_str(), device.value)));
        }
        values
    }

    #[test]
    fn readings_are_written_over_the_register_and_over_the_next_one() {
        let mut sets = register(vec![device("a"), device("b")]);
        let mut pushed = Pushed::default();
        let merged = pushed.merge(&mut sets, STREAM, vec![told("b", Some(2.0), 2), told("c", Some(3.0), 3)]);
        assert_eq!(merged, Merged { changed: true, refused: 0 });
        assert_eq!(values(&sets), [(REGISTER, "a", None), (REGISTER, "b", Some(2.0))]);
        assert!(!pushed.merge(&mut sets, STREAM, vec![told("b", Some(2.0), 2)]).changed, "the same again");
        let mut next = vec![device("c"), device("b")];
        pushed.lay_over(&mut sets, REGISTER, &mut next);
        sets.insert(REGISTER, Arc::new(next));
        assert_eq!(values(&sets), [(REGISTER, "c", Some(3.0)), (REGISTER, "b", Some(2.0))]);
        assert!(pushed.merge(&mut sets, STREAM, vec![told("c", Some(4.0), 4)]).changed);
        assert_eq!(values(&sets)[0], (REGISTER, "c", Some(4.0)));
    }

    #[test]
    fn a_thing_that_tells_its_place_needs_no_register_and_is_there_once() {
        let mut sets = Sets::default();
        let mut pushed = Pushed::default();
        let place = DeviceChange { at: Some(LonLat::new(120.7, 31.3)), ..told("a", None, 0) };
        pushed.merge(&mut sets, STREAM, vec![told("a", Some(1.0), 1)]);
        assert_eq!(values(&sets), [], "nobody knows where it is");
        pushed.merge(&mut sets, STREAM, vec![place, told("a", Some(2.0), 2)]);
        assert_eq!(values(&sets), [(STREAM, "a", Some(2.0))]);
        let mut whole = vec![device("a")];
        pushed.lay_over(&mut sets, REGISTER, &mut whole);
        sets.insert(REGISTER, Arc::new(whole));
        assert_eq!(values(&sets), [(REGISTER, "a", Some(2.0))]);
    }

    #[test]
    fn a_set_that_somebody_reads_stays_as_it_was_read() {
        let mut sets = register(vec![device("a")]);
        let read = sets.get(REGISTER).cloned().expect("is there");
        Pushed::default().merge(&mut sets, STREAM, vec![told("a", Some(1.0), 1)]);
        assert_eq!((read[0].value, sets.get(REGISTER).and_then(|set| set[0].value)), (None, Some(1.0)));
    }

    #[test]
    fn ids_without_end_are_left_out() {
        let mut pushed = Pushed::default();
        let changes = (0..THINGS_KEPT + 5).map(|n| told(&n.to_string(), Some(1.0), 1)).collect();
        let merged = pushed.merge(&mut Sets::default(), STREAM, changes);
        assert_eq!(merged, Merged { changed: false, refused: 5 });
        let known = pushed.merge(&mut Sets::default(), STREAM, vec![told("1", Some(2.0), 2)]);
        assert_eq!(known.refused, 0, "what is known may go on");
    }
}

//! Single things that sources push, laid over the sets of all sources.
//!
//! In: sets by source, and reports about single things. Out: the sets with
//! what was reported last. A thing that no set holds is added at the end of the
//! set of the source that tells of it, once it is known where that thing is;
//! until then what was told is kept for the set that will name it. How a thing
//! was without anybody saying when counts until a set tells it that comes later;
//! what a source told itself, until its own set does. A source that goes takes
//! with it what it wrote into the sets of others: what stood there is kept.

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

/// What one source told of things, by their ids.
type Told<C> = HashMap<String, C>;

/// What sources told of single things.
pub struct Pushed<C: Change> {
    told: PerSource<Told<C>>,
    /// Of each set, things as they were delivered over which something was
    /// written; of those with one id, the first. Never more than are told of.
    beneath: PerSource<HashMap<String, C::Whole>>,
    /// How many things stand at the end of each set only because they were told.
    added: PerSource<usize>,
    /// Where each thing is in the sets. `None` after the sets were replaced.
    places: Option<HashMap<String, (SourceId, usize)>>,
}

impl<C: Change> Default for Pushed<C> {
    fn default() -> Self {
        Self { told: PerSource::default(), beneath: PerSource::default(), added: PerSource::default(), places: None }
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
                let Some(set) = sets.get_mut(owner) else { continue };
                let delivered = set.len().saturating_sub(self.added.get(owner).copied().unwrap_or(0));
                let Some(before) = write(set, place, &change) else { continue };
                merged.changed = true;
                let beneath = self.beneath.get_or_default(owner);
                if place < delivered && !beneath.contains_key(change.id()) {
                    beneath.insert(change.id().to_owned(), before);
                }
            } else if let Some(whole) = told.get(change.id()).and_then(C::whole) {
                let set = Arc::make_mut(sets.get_or_default(source));
                places.insert(change.id().to_owned(), (source, set.len()));
                set.push(whole);
                *self.added.get_or_default(source) += 1;
                merged.changed = true;
            }
        }
        merged
    }

    /// Lays what was told over a set that `source` delivered whole, and that is
    /// to take the place of its set; takes its things out of the sets of those
    /// who merely told of them, and puts back what it names no more. Tells
    /// whether another set changed.
    pub fn lay_over(&mut self, sets: &mut Sets<C::Whole>, source: SourceId, new: &mut [C::Whole]) -> bool {
        self.places = None;
        self.added.insert(source, 0);
        self.beneath.insert(source, HashMap::new());
        if self.told.is_empty() {
            return false;
        }
        if let Some(told) = self.told.get_mut(source) {
            give_way::<C>(told, new);
        }
        for whole in new.iter() {
            for (_, told) in self.told.iter_mut() {
                if let Some(change) = told.get_mut(C::id_of(whole)) {
                    change.outdate(whole);
                }
            }
        }
        lay::<C>(&self.told, new, self.beneath.get_or_default(source));
        let named: HashSet<&str> = new.iter().map(C::id_of).collect();
        let mut changed = false;
        for (owner, set) in sets.iter_mut().filter(|&(owner, _)| owner != source) {
            let Some(added) = self.added.get_mut(owner) else { continue };
            let begin = set.len().saturating_sub(*added);
            if set[begin..].iter().any(|whole| named.contains(C::id_of(whole))) {
                let set = Arc::make_mut(set);
                let left: Vec<_> = set.drain(begin..).filter(|whole| !named.contains(C::id_of(whole))).collect();
                *added = left.len();
                set.extend(left);
                changed = true;
            }
        }
        let mut lost: Vec<String> = Vec::new();
        for whole in sets.get(source).into_iter().flat_map(|set| set.iter()) {
            let id = C::id_of(whole);
            if !named.contains(id) && self.told.values().any(|told| told.contains_key(id)) {
                lost.push(id.to_owned());
            }
        }
        if !lost.is_empty() {
            let others = sets.iter().filter(|&(owner, _)| owner != source);
            leave_known_out::<C>(&mut lost, others.flat_map(|(_, set)| set.iter()));
            changed |= self.put_back(sets, lost);
        }
        changed
    }

    /// Adds those of these things that somebody told enough of: no set names them.
    fn put_back(&mut self, sets: &mut Sets<C::Whole>, mut ids: Vec<String>) -> bool {
        ids.sort_unstable();
        ids.dedup();
        let mut changed = false;
        for id in ids {
            let teller = |(source, told): (SourceId, &Told<C>)| Some((source, told.get(&id)?.whole()?));
            let Some((source, mut whole)) = self.told.iter().find_map(teller) else { continue };
            for change in self.told.values().filter_map(|told| told.get(&id)) {
                change.apply(&mut whole);
            }
            Arc::make_mut(sets.get_or_default(source)).push(whole);
            *self.added.get_or_default(source) += 1;
            changed = true;
        }
        changed
    }

    /// Takes over the order of the sources.
    pub fn set_order(&mut self, order: &[SourceId]) {
        self.told.set_order(order);
        self.places = None;
    }

    /// Forgets what sources other than these delivered and told; the sets that
    /// stay are as if nobody else had ever told of their things. Tells whether
    /// any went.
    pub fn retain(&mut self, sets: &mut Sets<C::Whole>, keep: impl Fn(SourceId) -> bool) -> bool {
        self.places = None;
        self.beneath.retain(&keep);
        self.added.retain(&keep);
        let [is_set_gone, is_told_gone] = [sets.retain(&keep), self.told.retain(&keep)];
        if !is_set_gone && !is_told_gone {
            return false;
        }
        for (source, set) in sets.iter_mut() {
            let added = std::mem::take(self.added.get_or_default(source));
            let beneath = self.beneath.get_or_default(source);
            let is_told = |whole: &C::Whole| self.told.values().any(|told| told.contains_key(C::id_of(whole)));
            if added == 0 && beneath.is_empty() && !set.iter().any(is_told) {
                continue;
            }
            let set = Arc::make_mut(set);
            set.truncate(set.len().saturating_sub(added));
            for whole in set.iter_mut() {
                let before = beneath.remove(C::id_of(whole));
                if let Some(before) = before {
                    *whole = before;
                }
            }
            beneath.clear();
            lay::<C>(&self.told, set, beneath);
        }
        let mut ids: Vec<String> = self.told.values().flat_map(HashMap::keys).cloned().collect();
        if !ids.is_empty() {
            leave_known_out::<C>(&mut ids, sets.values().flat_map(|set| set.iter()));
            self.put_back(sets, ids);
        }
        true
    }
}

/// What a source told gives way to a set of its own that it was asked for after
/// that: of things that are not in it, all that needs no other set to name them.
fn give_way<C: Change>(told: &mut Told<C>, set: &[C::Whole]) {
    let named: HashSet<&str> = set.iter().map(C::id_of).collect();
    told.retain(|id, change| named.contains(id.as_str()) || change.whole().is_none());
    for whole in set {
        if let Some(change) = told.get_mut(C::id_of(whole))
            && !change.yield_to(whole)
        {
            told.remove(C::id_of(whole));
        }
    }
}

/// Leaves the ids of these things out.
fn leave_known_out<'a, C: Change>(ids: &mut Vec<String>, things: impl Iterator<Item = &'a C::Whole>)
where
    C::Whole: 'a,
{
    let known: HashSet<&str> = things.map(C::id_of).collect();
    ids.retain(|id| !known.contains(id.as_str()));
}

/// Lays what was told over things as they were delivered, which are kept in
/// `beneath`; of things with one id, over the first.
fn lay<C: Change>(told: &PerSource<Told<C>>, set: &mut [C::Whole], beneath: &mut HashMap<String, C::Whole>)
where
    C::Whole: Clone,
{
    for whole in set {
        let id = C::id_of(whole);
        if beneath.contains_key(id) || !told.values().any(|told| told.contains_key(id)) {
            continue;
        }
        let (id, before) = (id.to_owned(), whole.clone());
        for change in told.values().filter_map(|told| told.get(&id)) {
            change.apply(whole);
        }
        beneath.insert(id, before);
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

/// Writes a report over one thing of a set; returns what stood there if that
/// changed it. A set that somebody reads is copied only then.
fn write<C: Change>(set: &mut Arc<Vec<C::Whole>>, place: usize, change: &C) -> Option<C::Whole>
where
    C::Whole: Clone + PartialEq,
{
    let known = set.get(place)?;
    let mut new = known.clone();
    change.apply(&mut new);
    if new == *known {
        return None;
    }
    let slot = Arc::make_mut(set).get_mut(place)?;
    Some(std::mem::replace(slot, new))
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

    /// As the model does when a set came.
    fn deliver(pushed: &mut Pushed<DeviceChange>, sets: &mut Sets<Device>, source: SourceId, mut set: Vec<Device>) {
        pushed.lay_over(sets, source, &mut set);
        sets.insert(source, Arc::new(set));
    }

    fn placed(id: &str, value: Option<f64>, read: i64) -> DeviceChange {
        DeviceChange { at: Some(LonLat::new(120.7, 31.3)), ..told(id, value, read) }
    }

    #[test]
    fn what_a_source_wrote_goes_with_it() {
        const OTHER: SourceId = SourceId::of("other");
        let mut sets = register(vec![]);
        let mut pushed = Pushed::default();
        deliver(&mut pushed, &mut sets, REGISTER, vec![device("a"), device("b")]);
        pushed.merge(&mut sets, OTHER, vec![told("b", Some(1.0), 1)]);
        pushed.merge(&mut sets, STREAM, vec![told("a", Some(2.0), 2), told("b", Some(3.0), 3)]);
        assert!(!pushed.retain(&mut sets, |_| true), "nobody went");
        assert_eq!(values(&sets), [(REGISTER, "a", Some(2.0)), (REGISTER, "b", Some(3.0))]);
        assert!(pushed.retain(&mut sets, |source| source != STREAM));
        assert_eq!(values(&sets), [(REGISTER, "a", None), (REGISTER, "b", Some(1.0))]);
        // The same for what was laid over a set that came later.
        deliver(&mut pushed, &mut sets, REGISTER, vec![device("b"), device("b")]);
        assert_eq!(values(&sets), [(REGISTER, "b", Some(1.0)), (REGISTER, "b", None)]);
        assert!(pushed.retain(&mut sets, |source| source == REGISTER));
        assert_eq!(values(&sets), [(REGISTER, "b", None), (REGISTER, "b", None)]);
    }

    #[test]
    fn what_no_register_names_any_more_is_shown_as_it_was_told() {
        let mut sets = register(vec![]);
        let mut pushed = Pushed::default();
        pushed.merge(&mut sets, STREAM, vec![placed("a", Some(1.0), 1), placed("b", Some(2.0), 2)]);
        deliver(&mut pushed, &mut sets, REGISTER, vec![device("a"), device("b")]);
        assert_eq!(values(&sets), [(REGISTER, "a", Some(1.0)), (REGISTER, "b", Some(2.0))]);
        deliver(&mut pushed, &mut sets, REGISTER, vec![device("a")]);
        assert_eq!(values(&sets), [(REGISTER, "a", Some(1.0)), (STREAM, "b", Some(2.0))]);
        assert!(pushed.retain(&mut sets, |source| source == STREAM));
        assert_eq!(values(&sets), [(STREAM, "a", Some(1.0)), (STREAM, "b", Some(2.0))]);
        assert!(pushed.merge(&mut sets, STREAM, vec![told("a", Some(3.0), 3)]).changed);
    }

    #[test]
    fn what_a_source_told_gives_way_to_its_own_set() {
        let mut sets = register(vec![]);
        let mut pushed = Pushed::default();
        deliver(&mut pushed, &mut sets, REGISTER, vec![device("a")]);
        let renamed = |name: &str, read| DeviceChange { name: Some(name.into()), ..placed("a", Some(1.0), read) };
        pushed.merge(&mut sets, REGISTER, vec![renamed("旧", 1_000), placed("gone", None, 0), told("b", Some(2.0), 2)]);
        assert_eq!(sets.get(REGISTER).map(|set| (set.len(), set[0].name.as_str())), Some((2, "旧")));
        let new = Device { name: "新".into(), at: LonLat::new(120.8, 31.4), read: Some(Time(2_000)), ..device("a") };
        deliver(&mut pushed, &mut sets, REGISTER, vec![new.clone()]);
        assert_eq!(sets.get(REGISTER).map(|set| set.as_slice()), Some([new].as_slice()));
        // What it told of a thing that another names stays.
        deliver(&mut pushed, &mut sets, STREAM, vec![device("b")]);
        assert_eq!(values(&sets), [(REGISTER, "a", None), (STREAM, "b", Some(2.0))]);
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

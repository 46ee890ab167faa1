//! Figures of single areas, for panels that show those of the focus or of an
//! area that the configuration names.
//!
//! In: what the panels in view ask for, the focus, the clock, the events. Out:
//! [`OfArea`]. Each area has an engine of its own, which follows what changed as
//! that of everything does; nothing is counted that no panel in view shows.

use super::Figures;
use super::counter::Counter;
use crate::config::{Config, PanelArea};
use crate::domain::area::AreaIndex;
use crate::domain::event_store::{EventFilter, Sieve};
use crate::domain::overview::Setting;
use crate::domain::time::Time as Instant1970;
use crate::model::changes::Changes;
use crate::model::{Areas, Events, Focus, Visible, Waker};

/// The figures that a panel shows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum OfArea<'a> {
    /// Those of everything: nothing is in focus.
    All,
    /// None: they are being counted, or there is no such area.
    Pending,
    /// Those of this area.
    Known(AreaIndex, &'a Figures),
}

/// Whose figures are shown, and which area that is now.
type Wanted = (PanelArea, Option<AreaIndex>);

/// What the panels in view ask for, each once.
pub(super) fn wanted(config: &Config, visible: &Visible, focus: &Focus, areas: &Areas) -> Vec<Wanted> {
    let mut wanted: Vec<Wanted> = Vec::new();
    let asked = visible.panels.iter().filter_map(|&index| config.panels.get(index)?.area.as_ref());
    for area in asked {
        if wanted.iter().all(|(known, _)| known != area) {
            let index = match area {
                PanelArea::Focus => focus.area(areas),
                PanelArea::Code(code) => areas.tree.find(code),
            };
            wanted.push((area.clone(), index));
        }
    }
    wanted
}

/// The instant that figures are of, and what is new about it.
pub(super) struct Instant {
    pub(super) now: Instant1970,
    pub(super) is_live: bool,
    pub(super) are_areas_new: bool,
    pub(super) is_refiltered: bool,
}

/// Figures of one area.
struct Part {
    wanted: Wanted,
    counter: Counter,
    /// What is shown: until another area is counted, the one before.
    shown: Option<(AreaIndex, Figures)>,
}

/// Figures of all areas that are asked for.
#[derive(Default)]
pub(super) struct Parts {
    list: Vec<Part>,
    /// Grows when any of them changed.
    pub(super) revision: u64,
}

impl Parts {
    /// Whether these are asked for.
    pub(super) fn are_of(&self, wanted: &[Wanted]) -> bool {
        self.list.len() == wanted.len() && self.list.iter().zip(wanted).all(|(part, wanted)| part.wanted == *wanted)
    }

    /// Those that are known.
    pub(super) fn known(&self) -> impl Iterator<Item = (&PanelArea, AreaIndex, &Figures)> {
        self.list.iter().filter_map(|part| {
            let (area, figures) = part.shown.as_ref()?;
            Some((&part.wanted.0, *area, figures))
        })
    }

    pub(super) fn is_counting(&self) -> bool {
        self.list.iter().any(|part| part.counter.is_counting())
    }

    pub(super) fn of_area(&self, area: &PanelArea) -> OfArea<'_> {
        let Some(part) = self.list.iter().find(|part| part.wanted.0 == *area) else { return OfArea::Pending };
        match (&part.wanted, &part.shown) {
            ((PanelArea::Focus, None), _) => OfArea::All,
            ((_, Some(_)), Some((area, figures))) => OfArea::Known(*area, figures),
            _ => OfArea::Pending,
        }
    }

    /// Brings all of them to an instant; `setting` is that of everything, and
    /// `filter` what the list of events is cut down to.
    pub(super) fn follow(
        &mut self,
        wanted: Vec<Wanted>,
        at: &Instant,
        setting: &Setting,
        changes: &Changes,
        events: &Events,
        filter: &EventFilter,
        waker: &Waker,
    ) {
        let mut before = std::mem::take(&mut self.list);
        for wanted in wanted {
            let known = before.iter().position(|part| part.wanted.0 == wanted.0);
            let mut part = match known {
                Some(known) => before.swap_remove(known),
                None => Part { wanted: wanted.clone(), counter: Counter::default(), shown: None },
            };
            self.revision += u64::from(part.wanted != wanted);
            part.wanted = wanted;
            self.revision += u64::from(part.follow(at, setting, changes, events, filter, waker));
            self.list.push(part);
        }
        self.revision += u64::from(!before.is_empty());
    }
}

impl Part {
    /// Brings it to an instant; tells whether what is shown of it changed.
    fn follow(
        &mut self,
        at: &Instant,
        setting: &Setting,
        changes: &Changes,
        events: &Events,
        filter: &EventFilter,
        waker: &Waker,
    ) -> bool {
        let Some(area) = self.wanted.1 else {
            (self.counter, self.shown) = (Counter::default(), None);
            return false;
        };
        if at.are_areas_new {
            // Its number may be another's now.
            self.shown = None;
        }
        let own = Setting { within: Some(area), ..setting.clone() };
        let has_news = self.counter.follow(at.now, own, changes, events, waker, at.are_areas_new);
        let Some(engine) = self.counter.engine().filter(|engine| engine.setting().within == Some(area)) else {
            return at.are_areas_new;
        };
        let minute = |at: Instant1970| at.0.div_euclid(60_000);
        let is_known =
            self.shown.as_ref().is_some_and(|(shown, figures)| *shown == area && minute(figures.now) == minute(at.now));
        let is_changed = has_news || at.is_refiltered || !changes.is_empty() || !is_known;
        let mut figures = self.shown.take().map(|(_, figures)| figures).unwrap_or_default();
        if is_changed {
            let filter = EventFilter { area: Some(area), ..filter.clone() };
            let prepared = filter.prepare(events.store.classes(), &setting.tree);
            let sieve = Sieve { filter: &prepared, at: (!at.is_live).then_some(at.now) };
            figures.refresh(engine, &events.store, Some(sieve));
        } else {
            figures.now = at.now;
        }
        self.shown = Some((area, figures));
        is_changed
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use bevy::ecs::system::RunSystemOnce;
    use bevy::prelude::*;

    use super::super::{Overview, recompute};
    use super::*;
    use crate::domain::area::{Area, AreaTree, GridKind, Level};
    use crate::domain::event::{Event, tests::event};
    use crate::domain::geometry::Shape;
    use crate::model::{WallClock, WallConfig};

    const DAY: i64 = 10 * 86_400_000;

    fn world() -> World {
        let text = "[wall]\ntime_zone = \"UTC\"\n\
                    [[sources]]\nid = \"e\"\nfeed = \"events\"\nkind = \"file\"\npath = \"e.csv\"\n\
                    [[panels]]\nid = \"f\"\nkind = \"trend\"\narea = \"focus\"\n\
                    [[panels]]\nid = \"b\"\nkind = \"categories\"\narea = \"b\"\n\
                    [[panels]]\nid = \"x\"\nkind = \"live-events\"\narea = \"x\"\n";
        let config = Arc::new(Config::parse(text, Path::new("t.toml")).unwrap_or_else(|error| panic!("{error}")));
        let mut world = World::new();
        world.insert_resource(Visible::of(&config));
        world.insert_resource(WallConfig(config));
        world.init_resource::<Overview>();
        world.init_resource::<Events>();
        world.init_resource::<Areas>();
        world.init_resource::<WallClock>();
        world.init_resource::<Waker>();
        world.init_resource::<Focus>();
        world.init_resource::<Time<Real>>();
        let area = |code: &str, parent: Option<&str>| Area {
            code: code.into(),
            parent: parent.map(Into::into),
            name: code.into(),
            level: if parent.is_some() { Level::Community } else { Level::Street },
            kind: GridKind::default(),
            shape: Shape::default(),
            households: None,
            responsible: Vec::new(),
        };
        let mut areas = world.resource_mut::<Areas>();
        areas.tree = Arc::new(AreaTree::build(vec![area("s", None), area("a", Some("s")), area("b", Some("s"))]).0);
        areas.revision = 1;
        world.resource_mut::<WallClock>().0.tick(Instant1970(DAY + 3_600_000), 0);
        world
    }

    fn report(world: &mut World, id: &str, code: &str) {
        let told = Event { area: Some(code.into()), ..event(id, DAY + 1_000) };
        world.resource_scope(|world, mut events: Mut<Events>| {
            events.apply(vec![told], world.resource::<Areas>(), Instant1970(DAY), 0.0);
        });
        step(world);
    }

    fn step(world: &mut World) {
        // Longer than the time between two looks.
        world.resource_mut::<Time<Real>>().advance_by(std::time::Duration::from_secs(1));
        world.run_system_once(recompute).expect("runs");
    }

    fn focus(world: &mut World, code: Option<&str>) {
        let mut focus = world.resource_mut::<Focus>();
        focus.code = code.map(str::to_owned);
        focus.revision += 1;
        step(world);
    }

    /// Events received in the area, and those in its list; `None` while they are
    /// not known.
    fn received(world: &World, area: &PanelArea) -> Option<(u64, usize)> {
        match world.resource::<Overview>().of_area(area) {
            OfArea::All => Some((world.resource::<Overview>().today.received, usize::MAX)),
            OfArea::Pending => None,
            OfArea::Known(_, figures) => Some((figures.today.received, figures.live.len())),
        }
    }

    #[test]
    fn figures_are_those_of_the_focus_and_of_areas_that_are_named() {
        let mut world = world();
        step(&mut world);
        let b = PanelArea::Code("b".into());
        assert_eq!(received(&world, &PanelArea::Focus), Some((0, usize::MAX)), "nothing is in focus");
        report(&mut world, "1", "a");
        report(&mut world, "2", "b");
        report(&mut world, "3", "b");
        assert_eq!(received(&world, &PanelArea::Focus), Some((3, usize::MAX)));
        assert_eq!(received(&world, &b), Some((2, 2)));
        assert_eq!(received(&world, &PanelArea::Code("x".into())), None, "there is no such area");
        focus(&mut world, Some("a"));
        assert_eq!(received(&world, &PanelArea::Focus), Some((1, 1)));
        report(&mut world, "4", "a");
        // One moves from there to here.
        report(&mut world, "3", "a");
        assert_eq!(received(&world, &PanelArea::Focus), Some((3, 3)));
        assert_eq!(received(&world, &b), Some((1, 1)));
        focus(&mut world, Some("s"));
        assert_eq!(received(&world, &PanelArea::Focus), Some((4, 4)));
        focus(&mut world, None);
        assert_eq!(received(&world, &PanelArea::Focus), Some((4, usize::MAX)));
        // Panels that are not in view cost nothing.
        world.resource_mut::<Visible>().panels.clear();
        step(&mut world);
        assert!(world.resource::<Overview>().parts.list.is_empty());
    }
}

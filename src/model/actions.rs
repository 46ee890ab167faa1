//! What a hand, a key or a panel wants done, and the state it changes.

use std::collections::BTreeSet;

use bevy::prelude::*;

use super::{AreaValues, Areas, Finder, Overview, Presenting, WallClock, WallConfig};
use crate::config::{Audience, Config, Fill, HeatCompare, HeatStyle, Layer, MAX_TILT_DEG};
use crate::domain::alert::AlertKey;
use crate::domain::area::AreaIndex;
use crate::domain::clock::Clock;
use crate::domain::event_store::{EventFilter, EventKey};
use crate::domain::overview::WINDOW_SECS;
use crate::domain::time::{DAY_MILLIS, HOUR_MILLIS, Time as Instant1970};

/// Something to do. Panels and keys only ever send these.
#[derive(Message, Clone, Debug, PartialEq)]
pub enum Action {
    /// Focus an area: fly there, dim the rest.
    Focus(AreaIndex),
    /// Focus the area above, or everything.
    FocusParent,
    /// Show everything.
    FocusNothing,
    /// Focus the area with this code, or everything.
    FocusCode(Option<String>),
    /// Open the card of a point, or of several at one place; of none: close it.
    Select(Vec<PointKey>),
    /// Show or hide a layer.
    ToggleLayer(Layer),
    /// Colour the areas by the next figure (1) or the previous (−1).
    StepFill(i32),
    /// Tilt the map, or look straight down again.
    ToggleTilt,
    /// Tilt the map by this many degrees.
    SetTilt(f64),
    /// Next scene (1) or previous (−1).
    StepScene(i32),
    /// This scene, by its place in the configuration.
    GoToScene(usize),
    /// Stop the clock, or go on from there.
    TogglePause,
    /// Show what was so many hours later, or earlier.
    StepHours(i64),
    /// A faster (1) or slower (−1) replay.
    StepRate(i32),
    /// Show the day again and again, or go on without.
    ToggleLoop,
    /// Show this range again and again.
    SetLoop([Instant1970; 2]),
    /// Run the clock as the scene has it: live, or through its replay.
    SceneClock,
    /// Show only events that stand in this stage on the map and in the list; the
    /// same once more, all.
    ToggleStage(u8),
    /// The same by major class.
    ToggleCategory(String),
    /// Show all events.
    ClearFilter,
    /// Show the events that the scene shows.
    SceneFilter,
    /// Count events of so many seconds on the map.
    SetWindow(f64),
    /// Draw the heat map in the next form.
    NextHeatForm,
    /// Show the heat map as the difference to a week before, or as it is.
    ToggleHeatCompare,
    /// Show this instant.
    SeekTo(Instant1970),
    /// Follow the system's clock again.
    GoLive,
    /// Frame times, sources, memory.
    ToggleDiagnostics,
    /// All keys.
    ToggleHelp,
    /// Begin to arrange panels, or leave that.
    ToggleArrange,
    /// Open or close the code that pairs a remote control.
    TogglePairing,
    /// Open or close the line in which something is looked up.
    ToggleFind,
    /// Look for this.
    SetFind(String),
    /// Show visitors no more than they may see, or what staff may see again.
    ToggleAudience,
    /// Show this audience what it may see, where the configuration allows it.
    SetAudience(Audience),
    /// Begin, go through or leave a briefing.
    Present(Presenting),
    /// Windowed or over the whole monitor.
    ToggleFullscreen,
    /// Write a picture of the wall next to the configuration.
    Snapshot,
    /// Somebody has seen an alert.
    AcknowledgeAlert {
        /// Which; the one that is shown or stands first where it is not said.
        key: Option<AlertKey>,
        /// Who; the operator of the configuration where it is not said.
        by: Option<String>,
    },
    /// Somebody has seen all alerts.
    AcknowledgeAllAlerts {
        /// As above.
        by: Option<String>,
    },
    /// Fly to where an alert is and open its card.
    ShowAlert(AlertKey),
    /// This alert has the wall now; or none any more.
    TakeOver(Option<AlertKey>),
    /// Go back to where the wall was.
    Resume(Box<Standpoint>),
}

/// Where the wall was: what a takeover leaves and comes back to.
#[derive(Clone, Debug, PartialEq)]
pub struct Standpoint {
    focus: Option<String>,
    selection: Selection,
    clock: Clock,
}

impl Standpoint {
    /// Where the wall is.
    pub fn of(focus: &Focus, selection: &Selection, clock: &WallClock) -> Self {
        Self { focus: focus.code.clone(), selection: selection.clone(), clock: clock.0 }
    }

    /// The area in focus.
    pub fn focus(&self) -> Option<&str> {
        self.focus.as_deref()
    }

    fn resume(&self, focus: &mut Focus, selection: &mut Selection, clock: &mut WallClock) {
        if focus.code != self.focus {
            focus.set(self.focus.clone());
        }
        let revision = selection.revision + 1;
        *selection = Selection { revision, ..self.selection.clone() };
        clock.0.resume(&self.clock);
    }
}

/// A point of the map, by its id at its source, or what stands for that.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PointKey {
    /// A camera.
    Camera(String),
    /// A device.
    Device(String),
    /// An event.
    Event(EventKey),
    /// A worker on patrol, by the id of the walk.
    Worker(String),
}

/// The points whose card is open: none, one, or several at one place, which
/// are listed.
#[derive(Resource, Default, Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// Their ids.
    pub points: Vec<PointKey>,
    /// The list that the only point of [`Self::points`] was taken from.
    list: Vec<PointKey>,
    /// Grows with each change.
    pub revision: u64,
}

impl Selection {
    /// One of a list opens its card, and closing that leads back to the list.
    pub(super) fn select(&mut self, points: Vec<PointKey>) {
        let is_of_list = points.len() == 1 && self.points.len() > 1 && self.points.contains(&points[0]);
        let closes_one_of_list = points.is_empty() && self.points.len() == 1 && !self.list.is_empty();
        if is_of_list {
            self.list = std::mem::replace(&mut self.points, points);
        } else if closes_one_of_list {
            self.points = std::mem::take(&mut self.list);
        } else {
            self.points = points;
            self.list.clear();
        }
        self.revision += 1;
    }

    /// Closes everything.
    pub(super) fn clear(&mut self) {
        if !self.points.is_empty() {
            *self = Self { revision: self.revision + 1, ..Self::default() };
        }
    }
}

/// The area in focus; `None` is everything. Kept as a code, with the codes of
/// all above it, so that it survives a change of the areas: when the area is
/// gone, the nearest that still exists above it stands in for it.
#[derive(Resource, Default, Debug, Clone, PartialEq)]
pub struct Focus {
    /// Code of the area in focus.
    pub code: Option<String>,
    /// Grows with each change; the map flies when it does.
    pub revision: u64,
    /// Codes of the areas above, nearest first, as last seen.
    above: Vec<String>,
    /// Revisions of focus and areas that `above` belongs to.
    seen: (u64, u64),
}

impl Focus {
    /// The area in focus, or the nearest above it that (still) exists.
    pub fn area(&self, areas: &Areas) -> Option<AreaIndex> {
        self.code.iter().chain(&self.above).find_map(|code| areas.tree.find(code))
    }

    /// What `config` shows at the start: the first scene's area, or the map's.
    pub fn of(config: &Config) -> Self {
        let scene = config.scenes.first().and_then(|scene| scene.focus.clone());
        Self { code: scene.or_else(|| config.map.focus.clone()), revision: 1, ..Self::default() }
    }

    pub(super) fn set(&mut self, code: Option<String>) {
        self.code = code;
        self.above.clear();
        self.revision += 1;
    }

    /// Notes what lies above the area, while it is there.
    fn look_up(&mut self, areas: &Areas) {
        let Some(index) = self.code.as_deref().and_then(|code| areas.tree.find(code)) else { return };
        let path = areas.tree.path(index);
        self.above = path.iter().rev().skip(1).map(|&above| areas.tree.area(above).code.clone()).collect();
    }
}

/// Keeps in mind what lies above the area in focus.
pub(super) fn look_up(mut focus: ResMut<Focus>, areas: Res<Areas>) {
    let wanted = (focus.revision, areas.revision);
    if focus.seen != wanted {
        let focus = focus.bypass_change_detection();
        focus.seen = wanted;
        focus.look_up(&areas);
    }
}

/// What is on the screen.
#[derive(Resource, Default, Debug, Clone, PartialEq)]
pub struct Visible {
    /// Index of the scene.
    pub scene: usize,
    /// Visible layers.
    pub layers: BTreeSet<Layer>,
    /// Visible panels: indices into the configuration.
    pub panels: Vec<usize>,
    /// What colours the areas.
    pub fill: Fill,
    /// What the heat map shows, and how.
    pub heat: HeatStyle,
    /// Which events are on the map and in the list.
    pub filter: EventFilter,
    /// Tilt that the map shall have, degrees.
    pub tilt_deg: f64,
    /// Events of so many seconds count on the map.
    pub window_secs: f64,
}

/// Tilt of a map that is tilted by hand, degrees.
const HAND_TILT_DEG: f64 = 45.0;

impl Visible {
    /// The first scene of `config`.
    pub fn of(config: &Config) -> Self {
        let mut visible = Self::default();
        visible.enter(config, 0);
        visible
    }

    /// Takes layers and panels from a scene.
    pub fn enter(&mut self, config: &Config, scene: usize) {
        if let Some(entry) = config.scenes.get(scene) {
            self.scene = scene;
            self.layers = entry.layers.iter().copied().collect();
            self.panels = entry.panels.clone();
            self.fill = entry.fill.clone();
            self.heat = entry.heat.clone();
            self.filter = entry.filter.clone();
            self.tilt_deg = entry.tilt_deg;
            self.window_secs = entry.window_secs;
        }
    }

    /// From tilted to straight down; and back to the scene's own tilt, where
    /// it has one.
    fn toggle_tilt(&mut self, config: &Config) {
        let own = config.scenes.get(self.scene).map(|scene| scene.tilt_deg).filter(|&deg| deg > 0.0);
        self.tilt_deg = if self.tilt_deg > 0.0 { 0.0 } else { own.unwrap_or(HAND_TILT_DEG) };
    }

    /// Whether the heat map shows a difference.
    pub fn compares_heat(&self) -> bool {
        self.has(Layer::Heat) && self.heat.compare == HeatCompare::LastWeek
    }

    /// Whether a layer is visible.
    pub fn has(&self, layer: Layer) -> bool {
        self.layers.contains(&layer)
    }
}

/// What lies over everything.
#[derive(Resource, Default, Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overlays {
    /// Frame times, sources, memory.
    pub diagnostics: bool,
    /// All keys.
    pub help: bool,
    /// Hands arrange panels: nothing else moves meanwhile.
    pub arrange: bool,
    /// The code that pairs a remote control.
    pub pairing: bool,
}

/// Makes this the only one of the list; empties it where it already is.
fn toggle<T: PartialEq>(list: &mut Vec<T>, one: T) {
    let is_only = list.len() == 1 && list[0] == one;
    list.clear();
    if !is_only {
        list.push(one);
    }
}

/// What a scene shows of events.
fn scene_filter(config: &Config, scene: usize) -> EventFilter {
    config.scenes.get(scene).map(|scene| scene.filter.clone()).unwrap_or_default()
}

/// Runs the clock as a scene has it.
pub(super) fn run_as_scene(clock: &mut WallClock, config: &Config, scene: usize) {
    match config.scenes.get(scene).and_then(|scene| scene.replay.as_ref()) {
        Some(replay) => {
            let [from, to] = replay.range(clock.system(), &config.wall.zone);
            clock.0.play(from, Some(to), replay.rate);
        }
        None => clock.0.go_live(),
    }
}

/// Shows another scene, and its area.
fn enter_scene(next: usize, config: &Config, visible: &mut Visible, focus: &mut Focus, clock: &mut WallClock) {
    let left = visible.scene;
    visible.enter(config, next);
    focus.set(config.scenes[next].focus.clone());
    // What a hand set the clock to stays over scenes without a replay.
    if config.scenes[next].replay.is_some() || config.scenes[left].replay.is_some() {
        run_as_scene(clock, config, next);
    }
}

#[expect(clippy::too_many_arguments, reason = "a system's parameters are its wiring")]
/// Carries actions out. Fullscreen and snapshots are the shell's.
pub(crate) fn apply(
    mut actions: MessageReader<Action>,
    mut focus: ResMut<Focus>,
    mut visible: ResMut<Visible>,
    mut selection: ResMut<Selection>,
    mut overlays: ResMut<Overlays>,
    mut finder: ResMut<Finder>,
    mut clock: ResMut<WallClock>,
    areas: Res<Areas>,
    values: Res<AreaValues>,
    overview: Res<Overview>,
    config: Res<WallConfig>,
) {
    for action in actions.read() {
        // Whatever was looked for, it is found.
        if matches!(action, Action::Focus(_) | Action::Select(_)) && finder.is_open {
            finder.toggle();
        }
        match action {
            Action::Focus(index) if (*index as usize) < areas.tree.len() => {
                focus.set(Some(areas.tree.area(*index).code.clone()));
                selection.clear();
            }
            Action::Select(points) => selection.select(points.clone()),
            // What was opened last is closed first.
            Action::FocusParent if !selection.points.is_empty() => selection.select(Vec::new()),
            Action::Focus(_) | Action::Snapshot | Action::ToggleFullscreen => {}
            // The screen's and the briefing's.
            Action::ToggleAudience | Action::SetAudience(_) | Action::Present(_) => {}
            // See `model::alerts` and `scenes::takeover`.
            Action::AcknowledgeAlert { .. } | Action::AcknowledgeAllAlerts { .. } => {}
            Action::ShowAlert(_) | Action::TakeOver(_) => {}
            Action::Resume(standpoint) => standpoint.resume(&mut focus, &mut selection, &mut clock),
            Action::FocusParent if focus.code.is_none() => visible.filter = scene_filter(&config.0, visible.scene),
            Action::SceneFilter => visible.filter = scene_filter(&config.0, visible.scene),
            Action::FocusParent => {
                let parent = focus.area(&areas).and_then(|index| areas.tree.parent(index));
                focus.set(parent.map(|index| areas.tree.area(index).code.clone()));
            }
            Action::FocusNothing => {
                focus.set(None);
                selection.clear();
            }
            Action::FocusCode(code) => {
                focus.set(code.clone());
                selection.clear();
            }
            Action::ToggleLayer(layer) => {
                if !visible.layers.remove(layer) {
                    visible.layers.insert(*layer);
                }
            }
            Action::StepFill(step) => visible.fill = values.step(&visible.fill, *step, &areas, &overview),
            Action::ToggleTilt => visible.toggle_tilt(&config.0),
            Action::SetTilt(deg) => visible.tilt_deg = deg.clamp(0.0, MAX_TILT_DEG),
            Action::StepScene(step) => {
                let count = config.0.scenes.len() as i32;
                let next = (visible.scene as i32 + step).rem_euclid(count.max(1)) as usize;
                enter_scene(next, &config.0, &mut visible, &mut focus, &mut clock);
                selection.clear();
            }
            Action::GoToScene(scene) if *scene < config.0.scenes.len() => {
                enter_scene(*scene, &config.0, &mut visible, &mut focus, &mut clock);
                selection.clear();
            }
            // Another configuration has fewer.
            Action::GoToScene(_) => {}
            Action::SceneClock => run_as_scene(&mut clock, &config.0, visible.scene),
            Action::TogglePause => clock.0.toggle_pause(),
            Action::StepHours(hours) => {
                let at = clock.now().plus_millis(hours * HOUR_MILLIS);
                if at < clock.system() { clock.0.seek(at) } else { clock.0.go_live() }
            }
            Action::StepRate(step) => clock.0.step_rate(*step),
            Action::ToggleLoop => {
                let start = clock.now().start_of_day(&config.0.wall.zone);
                clock.0.toggle_loop([start, start.plus_millis(DAY_MILLIS - 1)]);
            }
            Action::SetLoop(range) => clock.0.set_loop(*range),
            Action::ToggleStage(stage) => toggle(&mut visible.filter.stages, *stage),
            Action::ToggleCategory(name) => toggle(&mut visible.filter.categories, name.clone()),
            Action::ClearFilter => visible.filter = EventFilter::default(),
            Action::SetWindow(secs) => visible.window_secs = secs.clamp(WINDOW_SECS[0], WINDOW_SECS[1]),
            Action::NextHeatForm => visible.heat.form = visible.heat.form.next(),
            Action::ToggleHeatCompare => {
                let is_compared = visible.heat.compare == HeatCompare::LastWeek;
                visible.heat.compare = if is_compared { HeatCompare::None } else { HeatCompare::LastWeek };
            }
            Action::SeekTo(at) => clock.0.seek(*at),
            Action::GoLive => clock.0.go_live(),
            Action::ToggleDiagnostics => overlays.diagnostics = !overlays.diagnostics,
            Action::ToggleFind => finder.toggle(),
            Action::SetFind(text) => finder.text.clone_from(text),
            Action::ToggleHelp => overlays.help = !overlays.help,
            Action::ToggleArrange => overlays.arrange = !overlays.arrange,
            Action::TogglePairing => overlays.pairing = !overlays.pairing,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use super::*;
    use crate::domain::area::{Area, AreaTree, GridKind, Level};
    use crate::domain::geometry::Shape;

    fn areas(list: &[(&str, Option<&str>)]) -> Areas {
        let area = |&(code, parent): &(&str, Option<&str>)| Area {
            code: code.into(),
            parent: parent.map(Into::into),
            name: code.into(),
            level: Level::Grid,
            kind: GridKind::default(),
            shape: Shape::default(),
            households: None,
            responsible: Vec::new(),
        };
        let mut areas = Areas::default();
        areas.tree = Arc::new(AreaTree::build(list.iter().map(area).collect()).0);
        areas
    }

    #[test]
    fn the_way_up_survives_a_change_of_the_areas() {
        let full = areas(&[("s", None), ("c", Some("s")), ("g", Some("c")), ("m", Some("g"))]);
        let mut focus = Focus::default();
        focus.set(Some("m".into()));
        focus.look_up(&full);
        let name = |focus: &Focus, areas: &Areas| focus.area(areas).map(|index| areas.tree.area(index).code.clone());
        assert_eq!(name(&focus, &full).as_deref(), Some("m"));
        // In another order, with others before them.
        let moved = areas(&[("x", None), ("m", Some("g")), ("g", Some("c")), ("c", Some("s")), ("s", None)]);
        let parent = focus.area(&moved).and_then(|index| moved.tree.parent(index));
        assert_eq!(parent.map(|index| moved.tree.area(index).code.as_str()), Some("g"));
        // Without the area and the one above: the nearest that is left.
        let fewer = areas(&[("s", None), ("c", Some("s"))]);
        focus.look_up(&fewer);
        assert_eq!(name(&focus, &fewer).as_deref(), Some("c"));
        assert_eq!(name(&focus, &full).as_deref(), Some("m"), "and back when it is back");
        focus.set(None);
        assert_eq!(focus.area(&full), None);
    }

    #[test]
    fn a_card_opened_from_a_list_closes_to_the_list() {
        let key = |id: &str| PointKey::Camera(id.into());
        let list = vec![key("a"), key("b")];
        let mut selection = Selection::default();
        selection.select(list.clone());
        selection.select(vec![key("b")]);
        assert_eq!(selection.points, [key("b")]);
        selection.select(Vec::new());
        assert_eq!(selection.points, list);
        selection.select(Vec::new());
        assert_eq!(selection.points, []);
        selection.select(list);
        selection.select(vec![key("elsewhere")]);
        selection.select(Vec::new());
        assert_eq!(selection.points, [], "a card from elsewhere has no list behind it");
    }

    #[test]
    fn tilt_toggles_between_flat_and_the_scene_s_own() {
        let text = "[[sources]]\nid = \"a\"\nfeed = \"areas\"\nkind = \"file\"\npath = \"a.geojson\"\n\
                    [[scenes]]\nname = \"一\"\n[[scenes]]\nname = \"二\"\ntilt = 30\n";
        let config = Config::parse(text, Path::new("t.toml")).expect("valid");
        let mut visible = Visible::of(&config);
        assert_eq!(visible.tilt_deg, 0.0);
        visible.toggle_tilt(&config);
        assert_eq!(visible.tilt_deg, HAND_TILT_DEG);
        visible.enter(&config, 1);
        assert_eq!(visible.tilt_deg, 30.0);
        visible.toggle_tilt(&config);
        assert_eq!(visible.tilt_deg, 0.0);
        visible.toggle_tilt(&config);
        assert_eq!(visible.tilt_deg, 30.0);
    }
}

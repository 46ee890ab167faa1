//! Cards of cameras, devices and events: from the ids that a hand picked to
//! what the panels show, and the picture of a camera whose card is open.
//! Visitors see masked texts, no pictures, no ids and no worker.

use std::sync::Arc;

use bevy::prelude::*;
use bevy_egui::egui;

use crate::config::Config;
use crate::domain::area::{AreaIndex, AreaTree};
use crate::domain::camera::Camera;
use crate::domain::device::{Device, DeviceState};
use crate::domain::event::Severity;
use crate::domain::event_store::{Course, EventRef};
use crate::domain::geometry::LonLat;
use crate::domain::time::{Time as Instant1970, age_text};
use crate::domain::track::{Reached, Track};
use crate::domain::update::Picture;
use crate::ingest::PictureRequest;
use crate::map::marks::KindTally;
use crate::map::{Hover, Marks};
use crate::model::{Action, Areas, Events, Pictures, PointKey, Points, Screen, Selection, WallClock, WallConfig};
use crate::panels::{CameraTile, PointFacts, PointState, TallyLine, value_text};

/// A worker of whom nothing was heard for this long is lost, seconds.
const LOST_SECS: f64 = 600.0;

/// Label of an id: of a card's owner, of a door, of a SIM.
const ID: &str = "编号";

/// What is open, worked out when it, its data or the shown minute changed.
#[derive(Resource, Default)]
pub struct Cards {
    /// The selected points that exist.
    pub points: Vec<PointFacts>,
    /// Their ids.
    pub keys: Vec<PointKey>,
    /// Where the first of them is.
    pub at: Option<LonLat>,
    /// What the mark under the hand stands for.
    pub hovered: Vec<TallyLine>,
    /// Picture of the one camera whose card is open.
    picture: Option<CardPicture>,
    points_of: CardsKey,
    hovered_of: (u64, Option<usize>, u64),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct CardsKey {
    selection: u64,
    sets: [u64; 4],
    areas: u64,
    /// Address of the configuration: zone, stages, audience.
    config: usize,
    screen: u64,
    /// Shown minute; the second where somebody walks.
    turn: i64,
}

struct CardPicture {
    request: PictureRequest,
    name: String,
    owner: String,
    online: bool,
    shown: Option<Arc<[u8]>>,
    texture: Option<egui::TextureHandle>,
    error: Option<String>,
}

impl Cards {
    /// The picture that an open card wants.
    pub fn wanted_picture(&self) -> Option<&PictureRequest> {
        self.picture.as_ref().filter(|picture| picture.online).map(|picture| &picture.request)
    }

    /// The picture of the open card.
    pub fn picture(&self) -> Option<CameraTile<'_>> {
        self.picture.as_ref().map(|picture| CameraTile {
            name: &picture.name,
            owner: &picture.owner,
            online: picture.online,
            texture: picture.texture.as_ref().map(egui::TextureHandle::id),
            aspect: picture.texture.as_ref().map_or(16.0 / 9.0, egui::TextureHandle::aspect_ratio),
            error: picture.error.as_deref(),
        })
    }

    /// Takes over the latest picture of the open card.
    pub fn take_picture(&mut self, pictures: &Pictures, context: &egui::Context) {
        let Some(card) = &mut self.picture else { return };
        match pictures.get(&card.request.camera) {
            Some(Ok(picture)) if card.shown.as_ref().is_none_or(|shown| !Arc::ptr_eq(shown, &picture.rgba)) => {
                card.shown = Some(Arc::clone(&picture.rgba));
                card.error = None;
                let image = image_of(picture);
                match &mut card.texture {
                    Some(texture) => texture.set(image, egui::TextureOptions::LINEAR),
                    None => {
                        card.texture = Some(context.load_texture("point-card", image, egui::TextureOptions::LINEAR));
                    }
                }
            }
            Some(Err(error)) => card.error = Some(error.clone()),
            _ => {}
        }
    }
}

/// A picture as egui takes it.
pub fn image_of(picture: &Picture) -> egui::ColorImage {
    egui::ColorImage::from_rgba_unmultiplied([picture.width as usize, picture.height as usize], &picture.rgba)
}

#[expect(clippy::too_many_arguments, reason = "a system's parameters are its wiring")]
/// Looks up what is selected and what is under the hand.
pub fn collect(
    mut cards: ResMut<Cards>,
    selection: Res<Selection>,
    points: Res<Points>,
    events: Res<Events>,
    areas: Res<Areas>,
    marks: Res<Marks>,
    hover: Res<Hover>,
    config: Res<WallConfig>,
    clock: Res<WallClock>,
    screen: Res<Screen>,
    mut actions: MessageWriter<Action>,
) {
    let cards = &mut *cards;
    let wanted = (marks.revision, hover.mark, screen.revision);
    if cards.hovered_of != wanted {
        cards.hovered_of = wanted;
        cards.hovered = hover.mark.map_or_else(Vec::new, |mark| hovered(&marks, mark, &points, &events));
        cards.hovered.iter_mut().for_each(|line| screen.mask(&mut line.kind));
    }
    let is_walking = selection.points.iter().any(|key| matches!(key, PointKey::Worker(_)));
    let key = CardsKey {
        selection: selection.revision,
        sets: [points.cameras_revision, points.devices_revision, events.revision, points.tracks_revision],
        areas: areas.revision,
        config: Arc::as_ptr(&config.0) as usize,
        screen: screen.revision,
        turn: clock.now().0.div_euclid(if is_walking { 1_000 } else { 60_000 }),
    };
    if cards.points_of == key {
        return;
    }
    cards.points_of = key;
    let open =
        Open { points: &points, events: &events, areas: &areas, config: &config.0, screen: &screen, now: clock.now() };
    cards.points.clear();
    cards.keys.clear();
    cards.at = None;
    for key in &selection.points {
        let Some((facts, at)) = open.shown(key) else { continue };
        cards.points.push(facts);
        cards.keys.push(key.clone());
        cards.at = cards.at.or(at);
    }
    let camera = match &cards.keys[..] {
        [PointKey::Camera(id)] if !open.is_public() => open.camera(id),
        _ => None,
    };
    let request = camera.and_then(|(source, camera)| {
        Some(PictureRequest { source, camera: camera.id.clone(), url: camera.picture.clone()? })
    });
    let is_same = cards.picture.as_ref().map(|picture| &picture.request) == request.as_ref();
    if let (false, Some(request), Some((_, camera))) = (is_same, request.clone(), camera) {
        cards.picture = Some(CardPicture {
            request,
            name: camera.name.clone(),
            owner: camera.owner.clone(),
            online: camera.online,
            shown: None,
            texture: None,
            error: None,
        });
    } else if request.is_none() {
        cards.picture = None;
    }
    if let (Some(picture), Some((_, camera))) = (&mut cards.picture, camera) {
        picture.online = camera.online;
        picture.name.clone_from(&camera.name);
        picture.owner.clone_from(&camera.owner);
    }
    // What is gone, or has no place, is not open: nobody could close it.
    if cards.at.is_none() && !selection.points.is_empty() {
        actions.write(Action::Select(Vec::new()));
    }
}

/// One point by its name, several by their kinds.
fn hovered(marks: &Marks, mark: usize, points: &Points, events: &Events) -> Vec<TallyLine> {
    let mut tally: Vec<TallyLine> = marks.tally(mark).into_iter().map(line_of).collect();
    if let [line] = &mut tally[..]
        && line.total == 1
        && let Some(key) = marks.keys(mark).first()
    {
        let name = match key {
            PointKey::Camera(id) => points.cameras().find(|(_, camera)| camera.id == *id).map(|(_, c)| c.name.clone()),
            PointKey::Device(id) => points.devices().find(|device| device.id == *id).map(|device| device.name.clone()),
            PointKey::Event(key) => events.store.by_key(*key).map(|event| event.to_event()).map(|event| event.title),
            PointKey::Worker(_) => None,
        };
        if let Some(name) = name.filter(|name| !name.is_empty()) {
            line.kind = format!("{} · {name}", line.kind);
        }
    }
    tally
}

fn line_of(tally: KindTally) -> TallyLine {
    let KindTally { kind, total, off, alert } = tally;
    TallyLine { kind, total, off, alert }
}

/// What cards read.
struct Open<'a> {
    points: &'a Points,
    events: &'a Events,
    areas: &'a Areas,
    config: &'a Config,
    screen: &'a Screen,
    now: Instant1970,
}

impl Open<'_> {
    fn camera(&self, id: &str) -> Option<(crate::domain::health::SourceId, &Camera)> {
        self.points.cameras().find(|(_, camera)| camera.id == id)
    }

    fn is_public(&self) -> bool {
        self.screen.is_public(self.config)
    }

    /// What the screen may show of a point, and where it is.
    fn shown(&self, key: &PointKey) -> Option<(PointFacts, Option<LonLat>)> {
        // Where somebody is who can be told from others is nobody's business.
        if self.is_public() && matches!(key, PointKey::Worker(_)) {
            return None;
        }
        let (mut facts, at) = self.facts(key)?;
        if self.is_public() {
            facts.lines.retain(|(label, _)| label != ID);
        }
        let values = facts.lines.iter_mut().map(|(_, value)| value);
        [&mut facts.kind, &mut facts.title].into_iter().chain(values).for_each(|text| self.screen.mask(text));
        Some((facts, at))
    }

    /// What is known of a point, and where it is.
    fn facts(&self, key: &PointKey) -> Option<(PointFacts, Option<LonLat>)> {
        Some(match key {
            PointKey::Camera(id) => {
                let (_, camera) = self.camera(id)?;
                (self.of_camera(camera), Some(camera.at))
            }
            PointKey::Device(id) => {
                let device = self.points.devices().find(|device| device.id == *id)?;
                (self.of_device(device), Some(device.at))
            }
            PointKey::Event(key) => {
                let found = self.events.store.by_key(*key).filter(|event| event.reported() <= self.now)?;
                (self.of_event(found), found.at())
            }
            PointKey::Worker(id) => {
                let track = self.points.tracks().flat_map(|set| set.iter()).find(|track| track.id == *id)?;
                let reached = track.reached(self.now)?;
                (self.of_worker(track, &reached), Some(reached.at))
            }
        })
    }

    fn of_camera(&self, camera: &Camera) -> PointFacts {
        let (state, state_text) =
            if camera.online { (PointState::Well, "在线") } else { (PointState::Off, "离线") };
        let mut lines = Vec::new();
        push(&mut lines, "权属", &camera.owner);
        push(&mut lines, "所在", &self.area_at(camera.at));
        push(&mut lines, ID, &camera.id);
        facts("摄像头", &camera.name, state, state_text, lines)
    }

    fn of_device(&self, device: &Device) -> PointFacts {
        let (state, state_text) = match device.state {
            DeviceState::Normal => (PointState::Well, "正常"),
            DeviceState::Offline => (PointState::Off, "离线"),
            DeviceState::Alarm => (PointState::Alarm, "告警"),
        };
        let mut lines = Vec::new();
        if let Some(value) = device.value {
            push(&mut lines, "读数", &format!("{} {}", value_text(value), device.unit));
        }
        if let Some(read) = device.read {
            push(&mut lines, "读取", &self.when(read));
        }
        push(&mut lines, "所在", &self.area_at(device.at));
        push(&mut lines, ID, &device.id);
        let title = if device.name.is_empty() { &device.kind } else { &device.name };
        facts(&device.kind, title, state, state_text, lines)
    }

    fn of_worker(&self, track: &Track, reached: &Reached) -> PointFacts {
        let age_secs = self.now.secs_since(reached.seen);
        let (state, state_text) =
            if age_secs > LOST_SECS { (PointState::Off, "失联") } else { (PointState::Well, "在巡") };
        let mut lines = Vec::new();
        push(&mut lines, "所在", &self.area_at(reached.at));
        push(&mut lines, "已巡", &format!("{} km", value_text(reached.walked_m / 1_000.0)));
        if let Some(&(begun, _)) = track.points.first() {
            push(&mut lines, "开始", &self.when(begun));
        }
        push(&mut lines, "最近位置", &age_text(age_secs));
        facts("巡查", &track.worker, state, state_text, lines)
    }

    /// As it was known at the shown instant.
    fn of_event(&self, found: EventRef) -> PointFacts {
        let event = found.to_event();
        let mut course = Course::of(&event);
        course.rewind(self.now);
        let state = match event.severity {
            Severity::Normal => PointState::Ordinary,
            Severity::Major => PointState::Major,
            Severity::Urgent => PointState::Alarm,
        };
        let mut lines = Vec::new();
        let class = match event.subcategory.is_empty() {
            true => event.category.to_string(),
            false => format!("{} · {}", event.category, event.subcategory),
        };
        push(&mut lines, "类别", &class);
        push(&mut lines, "地点", &event.place);
        let area = found.area().map(|area| self.area_text(area)).unwrap_or_default();
        push(&mut lines, "所在", &area);
        push(&mut lines, "来源", event.channel.label());
        push(&mut lines, "上报", &self.when(event.reported));
        let stages = &self.config.closed_loop.stages;
        push(&mut lines, "环节", stages.get(usize::from(course.stage)).map_or("", String::as_str));
        match (course.closed, event.due) {
            (Some(closed), _) => push(&mut lines, "办结", &self.when(closed)),
            (None, _) if course.is_closed(stages.len()) => push(&mut lines, "办结", "时间不详"),
            (None, Some(due)) if due < self.now => {
                push(&mut lines, "超时", &age_text(self.now.secs_since(due)));
            }
            (None, Some(due)) => push(&mut lines, "时限", &self.when(due)),
            (None, None) => {}
        }
        facts("事件", &event.title, state, event.severity.label(), lines)
    }

    /// The two smallest areas around a place: 湖东社区 · 湖东3网格.
    fn area_at(&self, at: LonLat) -> String {
        self.areas.locator.locate_deepest(at).map(|area| self.area_text(area)).unwrap_or_default()
    }

    fn area_text(&self, area: AreaIndex) -> String {
        let tree: &AreaTree = self.screen.tree(self.areas);
        let name = |index: AreaIndex| tree.area(index).name.as_str();
        match tree.parent(area) {
            Some(above) => format!("{} · {}", name(above), name(area)),
            None => name(area).to_owned(),
        }
    }

    /// An instant with its date where that is not the shown day's.
    fn when(&self, at: Instant1970) -> String {
        let zone = &self.config.wall.zone;
        let (minute, date) = (at.minute_text(zone), at.date_text(zone));
        if date == self.now.date_text(zone) { minute } else { format!("{date} {minute}") }
    }
}

fn push(lines: &mut Vec<(String, String)>, label: &str, value: &str) {
    if !value.is_empty() {
        lines.push((label.to_owned(), value.to_owned()));
    }
}

fn facts(kind: &str, title: &str, state: PointState, state_text: &str, lines: Vec<(String, String)>) -> PointFacts {
    PointFacts { kind: kind.to_owned(), title: title.to_owned(), state, state_text: state_text.to_owned(), lines }
}

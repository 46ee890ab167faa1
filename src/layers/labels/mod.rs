//! Names of areas: which are shown, where, and how they are drawn.
//!
//! Each name stands at its area's pole of inaccessibility, in two lines where
//! it is long or its area narrow, and makes room for alerts ([`room`]). Larger
//! levels and areas come first; a name that would touch one already placed is
//! left out.
//! What was shown in the last frame comes before its equals, so that names do
//! not flicker while the map moves.

mod room;

use std::collections::HashSet;
use std::hash::{Hash, Hasher};

use bevy::prelude::*;
use bevy_egui::egui;

use super::WallTheme;
use super::areas::AreaLayer;
use crate::config::{Layer, TiltStyle};
use crate::domain::area::{AreaIndex, Level};
use crate::map::{MapView, Marks, Relief, ScreenRect, relief};
use crate::model::{Areas, Focus, Screen, Visible, WallConfig};
use crate::theme::{Theme, size};
use room::{Obstacles, spot};
pub(super) use room::{alert_px, overlaps};

/// One name on the screen.
#[derive(Clone, Debug, PartialEq)]
pub struct Label {
    /// Whose name.
    pub area: AreaIndex,
    /// What to write; one or two lines.
    pub text: String,
    /// Middle, physical pixels.
    pub at_px: [f32; 2],
    /// What it covers, with some air around, physical pixels.
    pub rect_px: ScreenRect,
    /// Type size, design units.
    pub size_u: f32,
    /// Bold.
    pub strong: bool,
    /// 0–1.
    pub opacity: f32,
}

/// The names shown in this frame.
#[derive(Resource, Default)]
pub struct PlacedLabels {
    /// In order of priority.
    pub labels: Vec<Label>,
    /// How long the last placement took, milliseconds.
    pub took_ms: f64,
    /// Grows when names are placed anew.
    pub revision: u64,
    shown: HashSet<AreaIndex>,
    placed_for: Option<PlacementKey>,
}

#[derive(PartialEq, Clone, Copy)]
struct PlacementKey {
    center: [f64; 2],
    px_per_m: f64,
    tilt: [f64; 2],
    rise: f64,
    relief: u64,
    layout: u64,
    built: u64,
    focus: u64,
    marks: u64,
    /// Under which names.
    screen: u64,
    /// What nothing may cover.
    kept_clear: u64,
    visible: bool,
}

/// Mean side from which on areas below the filled level are named, design units.
const FINER_SIDE_U: f32 = 120.0;

fn hash_of(rects: &[ScreenRect]) -> u64 {
    let mut hasher = std::hash::DefaultHasher::new();
    for value in rects.iter().flat_map(|rect| [rect.min, rect.max]).flatten() {
        value.to_bits().hash(&mut hasher);
    }
    hasher.finish()
}

struct Candidate {
    area: AreaIndex,
    level: Level,
    at_px: [f32; 2],
    radius_px: f32,
    was_shown: bool,
    in_focus: bool,
}

#[expect(clippy::too_many_arguments, reason = "a system's parameters are its wiring")]
/// Places names when the view, the areas, the focus or the marks changed.
pub fn place(
    mut placed: ResMut<PlacedLabels>,
    layer: Res<AreaLayer>,
    areas: Res<Areas>,
    focus: Res<Focus>,
    visible: Res<Visible>,
    view: Res<MapView>,
    relief: Res<Relief>,
    marks: Res<Marks>,
    config: Res<WallConfig>,
    screen: Res<Screen>,
) {
    let key = PlacementKey {
        center: view.camera.center,
        px_per_m: view.camera.px_per_m,
        tilt: view.tilt_cos_sin(),
        rise: view.rise(),
        relief: relief.revision,
        layout: view.layout_revision,
        built: layer.built_revision,
        focus: focus.revision,
        marks: marks.revision,
        screen: screen.revision,
        kept_clear: hash_of(&view.keep_clear),
        visible: visible.has(Layer::Labels) && layer.built_revision == areas.revision,
    };
    if placed.placed_for == Some(key) {
        return;
    }
    placed.placed_for = Some(key);
    placed.labels.clear();
    placed.revision += 1;
    if !key.visible {
        return;
    }
    let started = std::time::Instant::now();
    let focused = focus.area(&areas);
    let base = crate::map::picked_level(&areas, &focus, config.0.map.fill_level);
    let mut candidates = candidates(&layer, &areas, &view, &placed.shown, focused, base);
    lift(&mut candidates, &layer, &areas, &view, &relief);
    candidates.sort_unstable_by(|a, b| {
        (a.level, !a.in_focus, !a.was_shown)
            .cmp(&(b.level, !b.in_focus, !b.was_shown))
            .then(b.radius_px.total_cmp(&a.radius_px))
            .then(a.area.cmp(&b.area))
    });
    let shortened = key.tilt[0] as f32;
    let mut taken: Vec<ScreenRect> = Vec::new();
    let obstacles = Obstacles::of(&marks, &view);
    let mut labels = Vec::new();
    for candidate in candidates {
        let (size_u, strong) = type_of(candidate.level, base);
        let em_px = size_u * view.unit_px;
        let name = short_name(&screen.tree(&areas).area(candidate.area).name);
        let Some((text, half)) = fitted(name, em_px, [1.0, shortened].map(|share| candidate.radius_px * share)) else {
            continue;
        };
        let air = [em_px * 0.25, em_px * 0.12];
        let rect_at = |[dx, dy]: [f32; 2]| {
            let [x, y] = [candidate.at_px[0] + dx, candidate.at_px[1] + dy];
            ScreenRect {
                min: [x - half[0] - air[0], y - half[1] - air[1]],
                max: [x + half[0] + air[0], y + half[1] + air[1]],
            }
        };
        let free = &view.free;
        let is_open = |shift: [f32; 2]| {
            let rect = rect_at(shift);
            let is_on_stage = free.contains(rect.min) && free.contains(rect.max);
            is_on_stage
                && !view.keep_clear.iter().chain(&taken).any(|other| overlaps(other, &rect))
                && !obstacles.alerts.any_touches(&rect)
        };
        let is_clear = |shift: [f32; 2]| !obstacles.others.any_touches(&rect_at(shift));
        let Some(shift) = spot(candidate.radius_px, em_px, is_open, is_clear) else { continue };
        taken.push(rect_at(shift));
        labels.push(Label {
            area: candidate.area,
            text,
            at_px: [candidate.at_px[0] + shift[0], candidate.at_px[1] + shift[1]],
            rect_px: rect_at(shift),
            size_u,
            strong,
            opacity: if candidate.in_focus { 1.0 } else { 0.45 },
        });
    }
    placed.shown = labels.iter().map(|label| label.area).collect();
    placed.labels = labels;
    placed.took_ms = started.elapsed().as_secs_f64() * 1_000.0;
}

/// Puts names onto what has risen, and drops those that stand where something
/// nearer hides their area: they would name what hides it.
fn lift(candidates: &mut Vec<Candidate>, layer: &AreaLayer, areas: &Areas, view: &MapView, relief: &Relief) {
    let Some(level) = relief.level.filter(|_| view.rise() > 0.0) else { return };
    candidates.retain_mut(|candidate| {
        let Some(anchor) = layer.anchors[candidate.area as usize] else { return false };
        let local = anchor.at.map(f64::from);
        let height_m = relief.height_at(candidate.area, local, areas) * view.rise();
        candidate.at_px = view.screen_from_local_at(local, height_m);
        let shown = relief::pick(view, areas, relief, level, candidate.at_px);
        let is_own = |shown| areas.tree.is_within(shown, candidate.area) || areas.tree.is_within(candidate.area, shown);
        if relief.style == TiltStyle::Columns {
            // Above the top, which tells the height.
            candidate.at_px[1] -= size::BODY * view.unit_px;
        }
        shown.is_some_and(is_own)
    });
}

/// The names that may be shown: of levels with room for them, in view.
fn candidates(
    layer: &AreaLayer,
    areas: &Areas,
    view: &MapView,
    shown: &HashSet<AreaIndex>,
    focused: Option<AreaIndex>,
    base: Option<Level>,
) -> Vec<Candidate> {
    // The top level names the whole jurisdiction: the wall's title does that.
    let levels = areas.tree.levels();
    let top = (levels.len() > 1 && areas.tree.roots().len() == 1).then(|| levels[0]);
    let least_px = size::SMALL * 0.5 * view.unit_px;
    let mut found = Vec::new();
    for level in levels.into_iter().filter(|level| Some(*level) != top) {
        // Names of a finer level come all together, once its areas have room
        // for them, and not here and there between larger names.
        let side_px = layer.mean_side_m(level) * view.camera.px_per_m;
        if base.is_some_and(|base| level > base) && side_px < f64::from(FINER_SIDE_U * view.unit_px) {
            continue;
        }
        for area in areas.tree.at_level(level) {
            let Some(anchor) = layer.anchors.get(area as usize).copied().flatten() else { continue };
            let radius_px = (f64::from(anchor.radius_m) * view.camera.px_per_m) as f32;
            let at_px = view.screen_from_local(anchor.at.map(f64::from));
            if radius_px < least_px || !view.free.contains(at_px) {
                continue;
            }
            found.push(Candidate {
                area,
                level,
                at_px,
                radius_px,
                was_shown: shown.contains(&area),
                in_focus: focused.is_none_or(|focused| areas.tree.is_within(area, focused)),
            });
        }
    }
    found
}

/// Names of more characters than this are written in two lines.
const LONG_CHARS: usize = 8;

/// The text of a name and half its width and height, pixels, when its area has
/// about the room that it needs: in one line, else in two. `room_px` is the
/// area's inner radius along and across the line.
fn fitted(name: &str, em_px: f32, room_px: [f32; 2]) -> Option<(String, [f32; 2])> {
    let half = |text: &str| {
        let lines = text.lines().count().max(1) as f32;
        let width = text.lines().map(text_width_em).fold(0.0, f32::max);
        [width * em_px / 2.0, (1.24 + (lines - 1.0) * LINE_EM) * em_px / 2.0]
    };
    let has_room = |half: [f32; 2]| room_px[0] >= half[0] * 0.55 && room_px[1] >= half[1] * 1.3;
    let one_line = half(name);
    let is_long = name.chars().count() > LONG_CHARS;
    if has_room(one_line) && !is_long {
        return Some((name.to_owned(), one_line));
    }
    let two_lines = wrapped(name).map(|two| (half(&two), two));
    if let Some((half, two)) = two_lines.filter(|(half, _)| has_room(*half)) {
        return Some((two, half));
    }
    has_room(one_line).then(|| (name.to_owned(), one_line))
}

/// Distance between two lines of a name, ems.
const LINE_EM: f32 = 1.2;

/// A name in two lines about as long as each other; `None` when it is too
/// short for that. Words of Latin letters and digits stay whole.
fn wrapped(name: &str) -> Option<String> {
    let characters: Vec<char> = name.chars().collect();
    if characters.len() < 5 {
        return None;
    }
    let middle = text_width_em(name) / 2.0;
    let is_word = |c: char| c.is_ascii_alphanumeric();
    // After which character the first line ends.
    let splits = (1..characters.len() - 1).filter(|&i| !(is_word(characters[i]) && is_word(characters[i + 1])));
    let best = splits.min_by(|&a, &b| {
        let off = |i: usize| (characters[..=i].iter().map(|c| char_width_em(*c)).sum::<f32>() - middle).abs();
        off(a).total_cmp(&off(b))
    })?;
    let [first, second] = [&characters[..=best], &characters[best + 1..]].map(String::from_iter);
    Some(format!("{}\n{}", first.trim(), second.trim()))
}

/// Type size and weight by level, relative to the level that is filled.
fn type_of(level: Level, base: Option<Level>) -> (f32, bool) {
    match base {
        Some(base) if level < base => (size::BODY, true),
        Some(base) if level == base => (size::BODY, false),
        _ => (size::SMALL, false),
    }
}

/// A name without the words that its level repeats on every label: 湖东3-02,
/// or 12 for 第12微网格.
fn short_name(name: &str) -> &str {
    let Some(rest) = name.strip_suffix("微网格").filter(|rest| rest.chars().count() > 1) else { return name };
    rest.strip_prefix('第').filter(|number| number.bytes().all(|byte| byte.is_ascii_digit())).unwrap_or(rest)
}

/// Width in ems: Chinese characters are one em, Latin about half.
fn text_width_em(text: &str) -> f32 {
    text.chars().map(char_width_em).sum()
}

fn char_width_em(c: char) -> f32 {
    if c.is_ascii() { 0.56 } else { 1.0 }
}

/// Draws the placed names with a halo of the ground's colour; `px_per_point`
/// converts physical pixels to egui's points.
pub fn labels_ui(painter: &egui::Painter, labels: &PlacedLabels, theme: &WallTheme, unit: f32, px_per_point: f32) {
    for label in &labels.labels {
        paint(painter, label, &theme.0, unit, px_per_point);
    }
}

fn paint(painter: &egui::Painter, label: &Label, theme: &Theme, unit: f32, px_per_point: f32) {
    let family = if label.strong { egui::FontFamily::Name("bold".into()) } else { egui::FontFamily::Proportional };
    let font = egui::FontId::new(label.size_u * unit, family);
    let color = |rgba: crate::theme::Rgba, opacity: f32| {
        let [r, g, b, _] = rgba.0;
        egui::Color32::from_rgba_unmultiplied(r, g, b, (opacity * 255.0) as u8)
    };
    // Laid out once in a placeholder colour; egui caches the galley by its text.
    let mut job = egui::text::LayoutJob::simple(label.text.clone(), font, egui::Color32::PLACEHOLDER, f32::INFINITY);
    job.halign = egui::Align::Center;
    let galley = painter.layout_job(job);
    // Lines are centred on the place. Whole pixels: glyphs stay sharp.
    let at = egui::pos2(label.at_px[0] / px_per_point, label.at_px[1] / px_per_point - galley.size().y / 2.0);
    let at = egui::pos2((at.x * px_per_point).round() / px_per_point, (at.y * px_per_point).round() / px_per_point);
    let reach = 1.4 * unit;
    let halo = color(theme.ground, 0.55 * label.opacity);
    for (dx, dy) in
        [(-1.0, 0.0), (1.0, 0.0), (0.0, -1.0), (0.0, 1.0), (-0.7, -0.7), (0.7, -0.7), (-0.7, 0.7), (0.7, 0.7)]
    {
        painter.galley_with_override_text_color(at + egui::vec2(dx, dy) * reach, galley.clone(), halo);
    }
    painter.galley_with_override_text_color(at, galley, color(theme.text, label.opacity));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn micro_grids_drop_the_word_that_all_of_them_share() {
        assert_eq!(short_name("湖东3-02微网格"), "湖东3-02");
        assert_eq!(short_name("第12微网格"), "12");
        assert_eq!(short_name("第一微网格"), "第一");
        assert_eq!(short_name("微网格"), "微网格");
        assert_eq!(short_name("师惠社区"), "师惠社区");
    }

    #[test]
    fn long_names_take_two_lines_of_about_one_length() {
        assert_eq!(wrapped("铁心桥街道综合服务中心").as_deref(), Some("铁心桥街道\n综合服务中心"));
        assert_eq!(wrapped("WestHam North").as_deref(), Some("WestHam\nNorth"));
        assert_eq!(wrapped("师惠社区"), None);
        assert_eq!(wrapped("ABCDEFGHIJ"), None, "a word is not cut");
    }

    #[test]
    fn a_name_gets_the_lines_that_its_area_has_room_for() {
        let lines =
            |name: &str, radius_px: f32| fitted(name, 20.0, [radius_px; 2]).map(|(text, _)| text.lines().count());
        assert_eq!(lines("第五元素社区", 40.0), Some(1));
        assert_eq!(lines("第五元素社区", 32.0), Some(2));
        assert_eq!(lines("第五元素社区", 10.0), None);
        assert_eq!(lines("铁心桥街道综合服务中心", 500.0), Some(2));
        // One long word has one line, or none.
        assert_eq!(lines("Hillingdon", 60.0), Some(1));
        assert_eq!(lines("Hillingdon", 20.0), None);
    }

    #[test]
    fn chinese_is_an_em_wide() {
        assert_eq!(text_width_em("社区"), 2.0);
        assert!(text_width_em("A1") < 1.2);
    }
}

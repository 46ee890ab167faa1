//! Where panels stand: columns beside the map, a strip under it.
//!
//! In: the screen, the unit, the configuration's panels. Out: a rectangle per
//! panel, the header, and what is left for the map. Pure.
//!
//! How it works: each side gets columns of equal width, cut at the seams of
//! the screens; the panels of a side fill them in order, split so that the
//! fullest column is as empty as possible; inside a column heights start at
//! the natural one of their kind and stretch or shrink together, so that all
//! columns end on one line. What does not fit at its least height is left out
//! from the end and counted.

mod bins;

use bevy_egui::egui::{Rect, Vec2, pos2};

use super::frame::{ERROR_HEIGHT, FOOT, TITLE_HEIGHT};
use crate::config::{Config, PanelKind, Side};
use crate::theme::{DESIGN_HEIGHT, space};
use bins::{Bin, fill_bins};

/// A column narrower than this shows nothing, design units.
const LEAST_COLUMN: f32 = 200.0;
/// The part of the wall's width that one side's columns may reach.
const MOST_SIDE: f32 = 0.42;

/// Height in design units that a kind of panel wants.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Need {
    /// Below this it shows nothing useful.
    least: f32,
    /// At this it looks right.
    natural: f32,
    /// Its part of the height to spare.
    stretch: f32,
}

/// Where everything stands, in points.
#[derive(Clone, Debug, PartialEq)]
pub struct StageLayout {
    /// Clock, title, sources.
    pub header: Rect,
    /// The part of the header in which the title is centred: no seam in it.
    pub title: Rect,
    /// (index into [`Config::panels`], its place).
    pub panels: Vec<(usize, Rect)>,
    /// What is left for the map.
    pub free: Rect,
    /// Visible panels for which there is no room.
    pub hidden: usize,
}

/// Points per design unit for a screen of this size in points: 1/1080 of its
/// height, in portrait of its width.
pub fn unit_for(screen: Vec2) -> f32 {
    screen.x.min(screen.y).max(1.0) / DESIGN_HEIGHT
}

/// The stage in design units, with the seams between its screens.
struct Stage {
    width: f32,
    height: f32,
    /// Strips that hold no panel: (from, to).
    seams_x: Vec<[f32; 2]>,
    seams_y: Vec<[f32; 2]>,
}

/// Places the panels of `config` whose indices are in `visible`.
pub fn layout(screen: Vec2, unit: f32, config: &Config, visible: &[usize]) -> StageLayout {
    let unit = if unit.is_finite() && unit > 0.0 { unit } else { 1.0 };
    let stage = Stage::new(screen, unit, config);
    let of_side = |side: Side| -> Vec<(usize, Need)> {
        visible
            .iter()
            .filter_map(|&index| Some((index, config.panels.get(index)?)))
            .filter(|(_, panel)| panel.side == side)
            .map(|(index, panel)| (index, need_of(&panel.kind, config)))
            .collect()
    };
    let (left, right, bottom) = (of_side(Side::Left), of_side(Side::Right), of_side(Side::Bottom));
    let mut placed = if stage.is_portrait() {
        stage.portrait(&[left, right].concat(), &bottom)
    } else {
        stage.landscape(&left, &right, &bottom)
    };
    placed.scale(unit);
    placed
}

/// The height that a kind of panel wants in a column of the usual width.
fn need_of(kind: &PanelKind, config: &Config) -> Need {
    const EDGES: f32 = TITLE_HEIGHT + FOOT;
    let need = |least: f32, natural: f32, stretch| Need { least: EDGES + least, natural: EDGES + natural, stretch };
    match kind {
        PanelKind::KeyFigures { figures } => {
            let rows = figures.len().div_ceil(2).max(1) as f32;
            need(rows * 107.0, rows * 112.0, 0.15 * rows)
        }
        PanelKind::ClosedLoop => {
            let rows = super::closed_loop::stage_rows(config.closed_loop.stages.len()) as f32;
            need(54.0 + rows * 112.0 + ERROR_HEIGHT, 84.0 + rows * 120.0, 1.0)
        }
        PanelKind::LiveEvents => need(210.0, 320.0, 2.0),
        PanelKind::Ranking { .. } => need(110.0, 216.0, 1.2),
        PanelKind::Trend => need(104.0, 170.0, 1.0),
        PanelKind::Categories => need(110.0, 210.0, 0.8),
        PanelKind::Warnings => need(120.0, 200.0, 0.8),
        PanelKind::Devices { .. } => need(104.0, 180.0, 0.6),
        PanelKind::Cameras { .. } => need(140.0, 300.0, 0.4),
        PanelKind::TimeAxis => need(70.0, 78.0, 0.1),
    }
}

impl Stage {
    fn new(screen: Vec2, unit: f32, config: &Config) -> Self {
        let (width, height) = (screen.x / unit, screen.y / unit);
        let bezels = &config.wall.bezels;
        let gap_share = if bezels.screen_width_mm > 0.0 { bezels.gap_mm / bezels.screen_width_mm } else { 0.0 };
        let screen_width = width / bezels.columns.max(1) as f32;
        // A joint hides its own width; text stays half a padding away from it.
        let half = screen_width * gap_share as f32 * 0.5 + space::PADDING * 0.5;
        let seams = |length: f32, count: u32| -> Vec<[f32; 2]> {
            (1..count).map(|k| length * k as f32 / count as f32).map(|at| [at - half, at + half]).collect()
        };
        Self { width, height, seams_x: seams(width, bezels.columns), seams_y: seams(height, bezels.rows) }
    }

    /// Too narrow for columns beside a map.
    fn is_portrait(&self) -> bool {
        self.width < self.height * 1.15
    }

    fn header(&self) -> Rect {
        Rect::from_min_max(pos2(0.0, 0.0), pos2(self.width, space::HEADER))
    }

    /// The seam-free span of the header around its middle.
    fn title(&self) -> Rect {
        let middle = self.width * 0.5;
        let spans = free_spans(0.0, self.width, &self.seams_x);
        let nearest = spans.into_iter().min_by(|a, b| distance(*a, middle).total_cmp(&distance(*b, middle)));
        let [from, to] = nearest.unwrap_or([0.0, self.width]);
        // A span that holds the middle is used evenly about it.
        let (from, to) = if from < middle && to > middle {
            let half = (middle - from).min(to - middle);
            (middle - half, middle + half)
        } else {
            (from, to)
        };
        Rect::from_min_max(pos2(from, 0.0), pos2(to, space::HEADER))
    }

    /// Columns per side: (usual, at most when panels would be left out).
    fn columns(&self) -> (usize, usize) {
        let aspect = self.width / self.height;
        match aspect {
            a if a < 2.1 => (1, 1),
            a if a < 3.2 => (2, 2),
            a if a < 5.0 => (2, 3),
            _ => (3, 4),
        }
    }

    /// Spans of up to `count` columns from one side's edge inwards, cut short
    /// by no seam; in reading order.
    fn column_spans(&self, side: Side, count: usize) -> Vec<[f32; 2]> {
        // The right side is the left side seen in a mirror.
        let mirror = |[from, to]: [f32; 2]| [self.width - to, self.width - from];
        let seams: Vec<[f32; 2]> = match side {
            Side::Right => self.seams_x.iter().rev().map(|&seam| mirror(seam)).collect(),
            _ => self.seams_x.clone(),
        };
        let screens = free_spans(space::MARGIN, self.width - space::MARGIN, &seams);
        let widest = screens.iter().map(|[from, to]| to - from).fold(0.0, f32::max);
        // Nearly a column will do; where screens are narrower than that, nearly
        // a screen.
        let enough = (space::COLUMN * 0.8).min(widest * 0.9).max(LEAST_COLUMN);
        let mut spans = Vec::new();
        for [from, to] in screens {
            let mut at = from;
            while spans.len() < count && to - at >= enough {
                spans.push([at, (at + space::COLUMN).min(to)]);
                at += space::COLUMN + space::GUTTER;
            }
        }
        // The map keeps the middle, whatever the seams.
        spans.retain(|span| span[1] <= self.width * MOST_SIDE);
        if side == Side::Right {
            spans = spans.into_iter().rev().map(mirror).collect();
        }
        spans
    }

    /// The parts of a column that no seam crosses, from under the header.
    fn column_bins(&self, spans: &[[f32; 2]], top: f32, bottom: f32) -> Vec<Bin> {
        let parts = free_spans(top, bottom, &self.seams_y);
        let bins = |&[left, right]: &[f32; 2]| {
            let rect = move |&[top, bottom]: &[f32; 2]| Rect::from_min_max(pos2(left, top), pos2(right, bottom));
            parts.iter().map(rect).collect::<Vec<_>>()
        };
        spans.iter().flat_map(bins).filter(|rect| rect.height() >= 100.0).map(Bin).collect()
    }

    fn landscape(&self, left: &[(usize, Need)], right: &[(usize, Need)], bottom: &[(usize, Need)]) -> StageLayout {
        let (top, end) = (space::HEADER, self.height - space::MARGIN);
        let (usual, most) = self.columns();
        let side = |side: Side, panels: &[(usize, Need)]| {
            let try_with = |count: usize| {
                let spans = self.column_spans(side, count.min(panels.len()));
                fill_bins(panels, &self.column_bins(&spans, top, end))
            };
            let first = try_with(usual);
            if first.hidden > 0 && most > usual { try_with(most) } else { first }
        };
        let (left, right) = (side(Side::Left, left), side(Side::Right, right));
        let edge = |rects: &[(usize, Rect)]| {
            Rect::from_points(&rects.iter().flat_map(|(_, r)| [r.min, r.max]).collect::<Vec<_>>())
        };
        let free_left = if left.panels.is_empty() { space::MARGIN } else { edge(&left.panels).right() + space::GUTTER };
        let free_right = if right.panels.is_empty() {
            self.width - space::MARGIN
        } else {
            edge(&right.panels).left() - space::GUTTER
        };
        let middle = Rect::from_min_max(pos2(free_left, top), pos2(free_right.max(free_left), end));
        let (strip, free, hidden) = self.bottom(bottom, middle);
        let hidden = left.hidden + right.hidden + hidden;
        let panels = [left.panels, right.panels, strip].concat();
        StageLayout { header: self.header(), title: self.title(), panels, free, hidden }
    }

    /// The map on top, the panels of both sides in columns under it.
    fn portrait(&self, sides: &[(usize, Need)], bottom: &[(usize, Need)]) -> StageLayout {
        let whole = Rect::from_min_max(
            pos2(space::MARGIN, space::HEADER),
            pos2(self.width - space::MARGIN, self.height - space::MARGIN),
        );
        let (strip, rest, hidden) = self.bottom(bottom, whole);
        let count = ((rest.width() + space::GUTTER) / (space::COLUMN + space::GUTTER)).floor().max(1.0);
        let width = (rest.width() - space::GUTTER * (count - 1.0)) / count;
        let spans: Vec<[f32; 2]> = (0..count as usize)
            .map(|k| rest.left() + k as f32 * (width + space::GUTTER))
            .map(|from| [from, from + width])
            .filter(|span| !self.seams_x.iter().any(|seam| seam[0] < span[1] && seam[1] > span[0]))
            .collect();
        let natural: f32 = sides.iter().map(|(_, need)| need.natural + space::GUTTER).sum();
        let wanted = natural / spans.len().max(1) as f32;
        let top = (rest.bottom() - wanted).max(rest.top() + rest.height() * 0.42);
        let side = fill_bins(sides, &self.column_bins(&spans, top, rest.bottom()));
        let mut free = rest;
        if !side.panels.is_empty() {
            free.max.y = top - space::GUTTER;
        }
        let panels = [side.panels, strip].concat();
        StageLayout { header: self.header(), title: self.title(), panels, free, hidden: side.hidden + hidden }
    }

    /// A strip of bottom panels side by side in `middle`; what is left above.
    fn bottom(&self, panels: &[(usize, Need)], middle: Rect) -> (Vec<(usize, Rect)>, Rect, usize) {
        if panels.is_empty() {
            return (Vec::new(), middle, 0);
        }
        let spans = free_spans(middle.left(), middle.right(), &self.seams_x);
        let widest = spans.into_iter().max_by(|a, b| (a[1] - a[0]).total_cmp(&(b[1] - b[0])));
        let Some([left, right]) = widest else { return (Vec::new(), middle, panels.len()) };
        let fitting = ((right - left + space::GUTTER) / (space::COLUMN + space::GUTTER)).floor().max(1.0) as usize;
        let shown = &panels[..panels.len().min(fitting)];
        let height = shown.iter().map(|(_, need)| need.natural).fold(0.0, f32::max);
        // At 32:9 the strip is long and low: give its bars some height.
        let height = if self.width / self.height >= 3.2 { height * 1.25 } else { height };
        if height > middle.height() * 0.6 {
            return (Vec::new(), middle, panels.len());
        }
        let top = middle.bottom() - height;
        let width = (right - left - space::GUTTER * (shown.len() - 1) as f32) / shown.len() as f32;
        let rects = shown.iter().enumerate().map(|(k, &(index, _))| {
            let from = left + k as f32 * (width + space::GUTTER);
            (index, Rect::from_min_max(pos2(from, top), pos2(from + width, middle.bottom())))
        });
        let mut free = middle;
        free.max.y = top - space::GUTTER;
        (rects.collect(), free, panels.len() - shown.len())
    }
}

impl StageLayout {
    /// From design units to points, on whole points where edges meet pixels.
    fn scale(&mut self, unit: f32) {
        let scaled = |rect: Rect| {
            Rect::from_min_max(
                pos2((rect.min.x * unit).round(), (rect.min.y * unit).round()),
                pos2((rect.max.x * unit).round(), (rect.max.y * unit).round()),
            )
        };
        self.header = scaled(self.header);
        self.title = scaled(self.title);
        self.free = scaled(self.free);
        for (_, rect) in &mut self.panels {
            *rect = scaled(*rect);
        }
    }
}

/// How far `at` lies outside a span; 0 inside.
fn distance([from, to]: [f32; 2], at: f32) -> f32 {
    (from - at).max(at - to).max(0.0)
}

/// What the strips in `seams` leave of `from..to`.
fn free_spans(from: f32, to: f32, seams: &[[f32; 2]]) -> Vec<[f32; 2]> {
    let mut spans = Vec::new();
    let mut at = from;
    for seam in seams.iter().filter(|seam| seam[1] > from && seam[0] < to) {
        if seam[0] > at {
            spans.push([at, seam[0]]);
        }
        at = seam[1].max(at);
    }
    if to > at {
        spans.push([at, to]);
    }
    spans
}

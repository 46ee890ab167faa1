//! Where panels stand: columns beside the map, a strip under it.
//!
//! In: the screen, the unit, the configuration's panels. Out: a rectangle per
//! panel, the header, and what is left for the map. Pure.
//!
//! How it works: each side gets columns of equal width, cut at the seams of
//! the screens; the panels of a side fill them in order, split so that the
//! fullest column is as empty as possible, or stand in the columns that the
//! configuration gives them ([`columns`]); inside a column heights start at
//! the natural one of their kind, or the rows that they were given, and stretch
//! or shrink together, so that columns end on one line. What does not fit at
//! its least height is left out from the end and counted. [`grid`] tells the
//! cells in which hands may put panels.

mod bins;
mod columns;
mod grid;
mod need;

use bevy_egui::egui::{Rect, Vec2, pos2};

use crate::config::{Config, Side};
use crate::theme::{DESIGN_HEIGHT, space};
use bins::{Bin, Filled, fill_bins, gutters};
use columns::{Ground, Wish, fill_columns, natural_height};
pub use grid::{GridColumn, StageGrid, grid};
use need::Need;

/// A column narrower than this shows nothing, design units.
const LEAST_COLUMN: f32 = 200.0;
/// The part of the wall's width that one side's columns may reach.
const MOST_SIDE: f32 = 0.42;

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
    let of_side = |side: Side| -> Vec<Wish> {
        visible
            .iter()
            .filter_map(|&index| Some((index, config.panels.get(index)?)))
            .filter(|(_, panel)| panel.side == side)
            .map(|(index, panel)| Wish {
                index,
                need: Need::of(panel, config),
                column: panel.cell.column.map(|number| number as usize - 1),
                columns: panel.cell.columns.unwrap_or(1) as usize,
                is_from_right: side == Side::Right,
            })
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

/// Fills `bins` in order, as if nobody had said in which columns panels stand.
fn fill_in_order(wishes: &[Wish], bins: &[Bin]) -> Filled {
    fill_bins(&wishes.iter().map(|wish| (wish.index, wish.need)).collect::<Vec<_>>(), bins)
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

    /// The parts of all columns that no seam crosses.
    fn parts(&self, top: f32, bottom: f32) -> Vec<[f32; 2]> {
        free_spans(top, bottom, &self.seams_y).into_iter().filter(|[top, bottom]| bottom - top >= 100.0).collect()
    }

    /// Puts panels into columns between `top` and `bottom`.
    fn fill(&self, wishes: &[Wish], spans: &[[f32; 2]], top: f32, bottom: f32) -> Filled {
        let parts = self.parts(top, bottom);
        if wishes.iter().any(Wish::is_placed) {
            return fill_columns(wishes, &Ground { spans, parts: &parts });
        }
        let bins = |&[left, right]: &[f32; 2]| {
            let rect = move |&[top, bottom]: &[f32; 2]| Rect::from_min_max(pos2(left, top), pos2(right, bottom));
            parts.iter().map(rect).map(Bin).collect::<Vec<_>>()
        };
        fill_in_order(wishes, &spans.iter().flat_map(bins).collect::<Vec<_>>())
    }

    fn landscape(&self, left: &[Wish], right: &[Wish], bottom: &[Wish]) -> StageLayout {
        let (top, end) = (space::HEADER, self.height - space::MARGIN);
        let (usual, most) = self.columns();
        let side = |side: Side, panels: &[Wish]| {
            // As many columns as somebody said, and those that the others usually have.
            let said = panels.iter().filter(|wish| wish.is_placed());
            let said = said.map(|wish| wish.column.unwrap_or_default() + wish.columns).max().unwrap_or_default();
            let is_open = panels.iter().any(|wish| wish.column.is_none());
            let count = said.max(if is_open { usual.min(panels.len()) } else { 0 });
            let try_with = |count: usize| self.fill(panels, &self.column_spans(side, count.min(most)), top, end);
            let first = try_with(count);
            let more = most.min(panels.len());
            if first.hidden > 0 && is_open && more > count { try_with(more) } else { first }
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
    fn portrait(&self, sides: &[Wish], bottom: &[Wish]) -> StageLayout {
        let whole = Rect::from_min_max(
            pos2(space::MARGIN, space::HEADER),
            pos2(self.width - space::MARGIN, self.height - space::MARGIN),
        );
        let (strip, rest, hidden) = self.bottom(bottom, whole);
        let spans = self.portrait_spans(&rest);
        let wanted = if sides.iter().any(Wish::is_placed) {
            natural_height(sides, &spans) + space::GUTTER
        } else {
            let natural: f32 = sides.iter().map(|wish| wish.need.natural + space::GUTTER).sum();
            natural / spans.len().max(1) as f32
        };
        let top = (rest.bottom() - wanted).max(rest.top() + rest.height() * 0.42);
        let side = self.fill(sides, &spans, top, rest.bottom());
        let mut free = rest;
        if !side.panels.is_empty() {
            free.max.y = top - space::GUTTER;
        }
        let panels = [side.panels, strip].concat();
        StageLayout { header: self.header(), title: self.title(), panels, free, hidden: side.hidden + hidden }
    }

    /// The columns under the map in portrait.
    fn portrait_spans(&self, rest: &Rect) -> Vec<[f32; 2]> {
        let count = ((rest.width() + space::GUTTER) / (space::COLUMN + space::GUTTER)).floor().max(1.0);
        let width = (rest.width() - space::GUTTER * (count - 1.0)) / count;
        (0..count as usize)
            .map(|k| rest.left() + k as f32 * (width + space::GUTTER))
            .map(|from| [from, from + width])
            .filter(|span| !self.seams_x.iter().any(|seam| seam[0] < span[1] && seam[1] > span[0]))
            .collect()
    }

    /// A strip of bottom panels side by side in `middle`, as wide as their parts
    /// of it; what is left above.
    fn bottom(&self, panels: &[Wish], middle: Rect) -> (Vec<(usize, Rect)>, Rect, usize) {
        if panels.is_empty() {
            return (Vec::new(), middle, 0);
        }
        let spans = free_spans(middle.left(), middle.right(), &self.seams_x);
        let widest = spans.into_iter().max_by(|a, b| (a[1] - a[0]).total_cmp(&(b[1] - b[0])));
        let Some([left, right]) = widest else { return (Vec::new(), middle, panels.len()) };
        let fitting = ((right - left + space::GUTTER) / (space::COLUMN + space::GUTTER)).floor().max(1.0) as usize;
        let mut shown = &panels[..panels.len().min(fitting)];
        let part = |shown: &[Wish]| {
            let parts: usize = shown.iter().map(|wish| wish.columns).sum();
            (right - left - gutters(shown.len())) / parts.max(1) as f32
        };
        // One that got too small a part of it shows nothing.
        while shown.len() > 1 && shown.iter().any(|wish| part(shown) * (wish.columns as f32) < LEAST_COLUMN) {
            shown = &shown[..shown.len() - 1];
        }
        // At 32:9 the strip is long and low: give its bars some height.
        let stretch = if self.width / self.height >= 3.2 { 1.25 } else { 1.0 };
        let wanted = |wish: &Wish| wish.need.natural * if wish.need.is_fixed { 1.0 } else { stretch };
        let height = shown.iter().map(wanted).fold(0.0, f32::max);
        if height > middle.height() * 0.6 {
            return (Vec::new(), middle, panels.len());
        }
        let top = middle.bottom() - height;
        let unit = part(shown);
        let mut from = left;
        let rects = shown.iter().map(|wish| {
            let rect = Rect::from_min_max(pos2(from, top), pos2(from + unit * wish.columns as f32, middle.bottom()));
            from = rect.right() + space::GUTTER;
            (wish.index, rect)
        });
        let rects: Vec<(usize, Rect)> = rects.collect();
        let mut free = middle;
        free.max.y = top - space::GUTTER;
        (rects, free, panels.len() - shown.len())
    }
}

impl StageLayout {
    /// From design units to points.
    fn scale(&mut self, unit: f32) {
        for rect in [&mut self.header, &mut self.title, &mut self.free] {
            *rect = scaled(*rect, unit);
        }
        for (_, rect) in &mut self.panels {
            *rect = scaled(*rect, unit);
        }
    }
}

/// From design units to points, on whole points where edges meet pixels.
fn scaled(rect: Rect, unit: f32) -> Rect {
    let [min, max] = [rect.min, rect.max].map(|corner| pos2((corner.x * unit).round(), (corner.y * unit).round()));
    Rect::from_min_max(min, max)
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

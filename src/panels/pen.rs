//! Drawing in design units and theme colours: what all panels draw with.
//!
//! In: an egui painter, the theme, the unit. Out: shapes. Text is placed by
//! its baseline, so that a figure, its unit and its label stand on one line
//! whatever their sizes; it is always given a width and never leaves it. On a
//! screen for visitors every text is masked here once more: what comes from
//! sources was masked before, and a panel that forgot to shows nobody all the
//! same.

use std::borrow::Cow;
use std::sync::Arc;

use bevy_egui::egui::epaint::text::{LayoutJob, TextWrapping};
use bevy_egui::egui::{
    Align, Color32, FontFamily, FontId, Galley, Painter, Pos2, Rect, Shape, Stroke, TextFormat, Ui, Vec2, pos2, vec2,
};

use super::PanelView;
use crate::domain::privacy::masked;
use crate::theme::{Rgba, Theme, size};

/// Name of the font family that bold text asks for; the shell binds it.
pub const BOLD_FAMILY: &str = "bold";

/// The type sizes, largest first: what text shrinks along.
const STEPS: [f32; 5] = [size::HERO, size::FIGURE, size::LARGE, size::BODY, size::SMALL];

/// From the baseline up to the middle of figures and ideographs, in ems, for
/// Noto Sans CJK: figures are 0.73 high, ideographs reach from −0.12 to 0.88.
const MIDDLE_EM: f32 = 0.37;

/// Height of a line of a paragraph, in ems, for Noto Sans CJK.
const LINE_EM: f32 = 1.45;

/// Width that a mark takes before its text, in ems.
pub(super) const MARK_EM: f32 = 0.95;

/// How a text looks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    /// Design units; one of the five sizes.
    pub(super) size: f32,
    is_bold: bool,
    color: Rgba,
}

impl Style {
    /// Regular text.
    pub(super) const fn regular(size: f32, color: Rgba) -> Self {
        Self { size, is_bold: false, color }
    }

    /// Bold text.
    pub(super) const fn bold(size: f32, color: Rgba) -> Self {
        Self { size, is_bold: true, color }
    }

    /// The same at another size.
    pub(super) const fn at(self, size: f32) -> Self {
        Self { size, ..self }
    }
}

/// Shapes that carry a meaning together with their colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// ● well, ordinary
    Dot,
    /// ○ nothing yet
    Ring,
    /// ■ attention, offline
    Square,
    /// ▲ overdue, alarm
    Triangle,
    /// ◆ urgent
    Diamond,
    /// Arrow up
    Up,
    /// Arrow down
    Down,
    /// ◀◀ replay
    Rewind,
}

/// Draws on one layer in units of the design.
pub(super) struct Pen<'a> {
    painter: Painter,
    theme: &'a Theme,
    unit: f32,
    opacity: f32,
    is_masking: bool,
}

impl<'a> Pen<'a> {
    /// Draws on the layer of `ui`.
    pub(super) fn new(ui: &Ui, view: &PanelView<'a>) -> Self {
        let is_masking = view.is_public();
        Self { painter: ui.painter().clone(), theme: view.theme, unit: view.unit, opacity: 1.0, is_masking }
    }

    /// The same for words that somebody wrote for this wall: a title is no slip.
    pub(super) fn verbatim(&self) -> Self {
        Self { painter: self.painter.clone(), is_masking: false, ..*self }
    }

    /// The same, everything `opacity` as visible.
    pub(super) fn faded(&self, opacity: f32) -> Self {
        Self { painter: self.painter.clone(), opacity: self.opacity * opacity, ..*self }
    }

    /// The same, cut off outside `rect`.
    pub(super) fn clipped(&self, rect: Rect) -> Self {
        Self { painter: self.painter.with_clip_rect(rect.intersect(self.painter.clip_rect())), ..*self }
    }

    /// `n` design units in points.
    pub(super) fn u(&self, n: f32) -> f32 {
        n * self.unit
    }

    /// Tokens of the look.
    pub(super) fn theme(&self) -> &'a Theme {
        self.theme
    }

    /// Secondary text at the smallest size: the most frequent style.
    pub(super) fn small(&self) -> Style {
        Style::regular(size::SMALL, self.theme.text_secondary)
    }

    /// Text at the size of lists.
    pub(super) fn body(&self) -> Style {
        Style::regular(size::BODY, self.theme.text)
    }

    /// The colour as egui blends it.
    pub(super) fn color(&self, Rgba([r, g, b, a]): Rgba) -> Color32 {
        Color32::from_rgba_unmultiplied(r, g, b, (f32::from(a) * self.opacity + 0.5) as u8)
    }

    fn stroke(&self, width: f32, color: Rgba) -> Stroke {
        Stroke::new(self.u(width), self.color(color))
    }

    fn family(&self, style: Style) -> FontFamily {
        if style.is_bold { FontFamily::Name(BOLD_FAMILY.into()) } else { FontFamily::Proportional }
    }

    /// One line of text, ended by … where it is wider than `max_width` points.
    fn layout(&self, text: &str, style: Style, max_width: f32) -> Arc<Galley> {
        let format = TextFormat::simple(FontId::new(self.u(style.size), self.family(style)), self.color(style.color));
        let text = if self.is_masking { masked(text) } else { Cow::Borrowed(text) };
        let mut job = LayoutJob::single_section(text.into_owned(), format);
        job.break_on_newline = false;
        job.wrap = TextWrapping { max_rows: 1, break_anywhere: true, ..TextWrapping::wrap_at_width(max_width) };
        self.painter.layout_job(job)
    }

    /// Width of a text in points.
    pub(super) fn width(&self, text: &str, style: Style) -> f32 {
        self.layout(text, style, f32::INFINITY).size().x
    }

    /// Writes a line at `x` (its left end, middle or right end by `align`) on
    /// `baseline`, elided to `max_width` points. Returns its width.
    pub(super) fn text(&self, [x, baseline]: [f32; 2], align: Align, text: &str, style: Style, max_width: f32) -> f32 {
        // Not even one character and … fit: better nothing than a torn glyph.
        if text.is_empty() || max_width < self.u(style.size) * 0.6 {
            return 0.0;
        }
        let galley = self.layout(text, style, max_width);
        let width = galley.size().x;
        if width > max_width + 1.0 {
            return 0.0;
        }
        let rise = galley.rows.first().and_then(|row| row.glyphs.first().map(|glyph| row.pos.y + glyph.pos.y));
        let left = match align {
            Align::Min => x,
            Align::Center => x - width * 0.5,
            Align::Max => x - width,
        };
        self.painter.galley(pos2(left, baseline - rise.unwrap_or_default()), galley, self.color(style.color));
        width
    }

    /// Writes several lines into `rect`, wrapped, from the style's size downwards
    /// as large as all of it fits; what does not fit at the smallest is left out.
    pub(super) fn paragraph(&self, rect: Rect, text: &str, style: Style) {
        let laid_out = |size: f32, rows: usize| {
            let font = FontId::new(self.u(size), self.family(style));
            let text = if self.is_masking { masked(text) } else { Cow::Borrowed(text) };
            // Glyphs stand on whole pixels, and the last of a row reaches over it.
            let width = rect.width() - self.u(size) * 0.25;
            let mut job = LayoutJob::simple(text.into_owned(), font, self.color(style.color), width);
            // Chinese has no spaces to break at.
            job.wrap.break_anywhere = true;
            job.wrap.max_rows = rows;
            self.painter.layout_job(job)
        };
        let rows = |size: f32| (rect.height() / (self.u(size) * LINE_EM)).floor().max(1.0) as usize;
        let sizes = STEPS.into_iter().filter(|&step| step <= style.size);
        let mut galleys = sizes.map(|size| laid_out(size, rows(size)));
        let fitting = galleys.find(|galley| !galley.elided && galley.size().y <= rect.height());
        let galley = fitting.unwrap_or_else(|| {
            // Rows are whole pixels high, and so fewer may fit.
            let mut fewer = (1..=rows(size::SMALL)).rev().map(|rows| laid_out(size::SMALL, rows));
            let fits = fewer.find(|galley| galley.size().y <= rect.height());
            fits.unwrap_or_else(|| laid_out(size::SMALL, 1))
        });
        self.clipped(rect).painter.galley(rect.min, galley, self.color(style.color));
    }

    /// The style at the largest size, from its own downwards, at which `text`
    /// fits into `max_width` points; the smallest where none does.
    pub(super) fn shrunk(&self, text: &str, style: Style, max_width: f32) -> Style {
        STEPS
            .into_iter()
            .filter(|&step| step <= style.size)
            .map(|step| style.at(step))
            .find(|&style| self.width(text, style) <= max_width)
            .unwrap_or(style.at(size::SMALL))
    }

    /// The first of `texts`, best first, that fits into `max_width` points; the
    /// last where none does. For numbers with their words: words may go, digits
    /// may not.
    pub(super) fn fitting<'t>(&self, texts: &'t [String], style: Style, max_width: f32) -> &'t str {
        let fits = |text: &&String| self.width(text, style) <= max_width;
        texts.iter().find(fits).or(texts.last()).map_or("", String::as_str)
    }

    /// The baseline that puts text of `size` in the middle of a line at `y`.
    pub(super) fn baseline(&self, middle_y: f32, size: f32) -> f32 {
        middle_y + self.u(size) * MIDDLE_EM
    }

    /// A filled rectangle.
    pub(super) fn fill(&self, rect: Rect, color: Rgba) {
        self.painter.rect_filled(rect, 0.0, self.color(color));
    }

    /// The outline of a rectangle, inside it.
    pub(super) fn outline(&self, rect: Rect, width: f32, color: Rgba) {
        let stroke = self.stroke(width, color);
        self.painter.rect_stroke(rect, 0.0, stroke, bevy_egui::egui::StrokeKind::Inside);
    }

    /// A horizontal line.
    pub(super) fn hline(&self, left: f32, right: f32, y: f32, width: f32, color: Rgba) {
        self.painter.hline(left..=right, y, self.stroke(width, color));
    }

    /// A vertical line.
    pub(super) fn vline(&self, x: f32, top: f32, bottom: f32, width: f32, color: Rgba) {
        self.painter.vline(x, top..=bottom, self.stroke(width, color));
    }

    /// A line through `points`.
    pub(super) fn path(&self, points: Vec<Pos2>, width: f32, color: Rgba) {
        self.painter.add(Shape::line(points, self.stroke(width, color)));
    }

    /// A convex polygon.
    pub(super) fn polygon(&self, points: Vec<Pos2>, color: Rgba) {
        self.painter.add(Shape::convex_polygon(points, self.color(color), Stroke::NONE));
    }

    /// Any shape whose colours are already this pen's.
    pub(super) fn shape(&self, shape: Shape) {
        self.painter.add(shape);
    }

    /// A disc.
    pub(super) fn disc(&self, center: Pos2, radius: f32, color: Rgba) {
        self.painter.circle_filled(center, self.u(radius), self.color(color));
    }

    /// A part of a ring, `width` units wide, in turns clockwise from the top.
    pub(super) fn ring(&self, center: Pos2, radius: f32, width: f32, turns: std::ops::Range<f32>, color: Rgba) {
        const STEPS_PER_TURN: f32 = 32.0;
        let steps = ((turns.end - turns.start) * STEPS_PER_TURN).ceil().max(1.0);
        let at = |step: f32| {
            let angle = (turns.start + (turns.end - turns.start) * step / steps) * std::f32::consts::TAU;
            center + vec2(angle.sin(), -angle.cos()) * self.u(radius)
        };
        self.path((0..=steps as usize).map(|step| at(step as f32)).collect(), width, color);
    }

    /// A picture, the part `uv` of it.
    pub(super) fn picture(&self, texture: bevy_egui::egui::TextureId, rect: Rect, uv: Rect) {
        self.painter.image(texture, rect, uv, self.color(Rgba([255; 4])));
    }

    /// A shape with a meaning, `radius` units from its middle to its ends.
    pub(super) fn mark(&self, center: Pos2, radius: f32, mark: Mark, color: Rgba) {
        let r = self.u(radius);
        let at = |x: f32, y: f32| center + vec2(x, y) * r;
        match mark {
            Mark::Dot => self.disc(center, radius * 0.85, color),
            Mark::Ring => {
                self.painter.circle_stroke(center, r * 0.75, self.stroke(radius * 0.3, color));
            }
            Mark::Square => self.fill(Rect::from_center_size(center, Vec2::splat(r * 1.6)), color),
            Mark::Triangle => self.polygon(vec![at(0.0, -0.95), at(1.0, 0.8), at(-1.0, 0.8)], color),
            Mark::Diamond => self.polygon(vec![at(0.0, -1.1), at(1.1, 0.0), at(0.0, 1.1), at(-1.1, 0.0)], color),
            Mark::Rewind => {
                self.polygon(vec![at(-0.1, -0.8), at(-0.1, 0.8), at(-1.2, 0.0)], color);
                self.polygon(vec![at(0.9, -0.8), at(0.9, 0.8), at(-0.2, 0.0)], color);
            }
            Mark::Up => self.arrow(center, r, -1.0, color),
            Mark::Down => self.arrow(center, r, 1.0, color),
        }
    }

    /// A vertical arrow whose head points to `direction` (1 = down).
    fn arrow(&self, center: Pos2, r: f32, direction: f32, color: Rgba) {
        let at = |x: f32, y: f32| center + vec2(x, y * direction) * r;
        let width = r / self.unit * 0.32;
        self.path(vec![at(0.0, -1.0), at(0.0, 0.9)], width, color);
        self.path(vec![at(-0.7, 0.2), at(0.0, 0.95), at(0.7, 0.2)], width, color);
    }

    /// A mark and a text right of it on one baseline; returns the width of
    /// both. `align` says where `x` is.
    pub(super) fn marked_text(
        &self,
        [x, baseline]: [f32; 2],
        align: Align,
        mark: Mark,
        text: &str,
        style: Style,
        max_width: f32,
    ) -> f32 {
        let gap = self.u(style.size * MARK_EM);
        let text_width = self.width(text, style).min(max_width - gap);
        let width = gap + text_width;
        let left = match align {
            Align::Min => x,
            Align::Center => x - width * 0.5,
            Align::Max => x - width,
        };
        let radius = style.size * 0.34;
        let middle = baseline - self.u(style.size) * MIDDLE_EM;
        self.mark(pos2(left + self.u(radius * 1.1), middle), radius, mark, style.color);
        gap + self.text([left + gap, baseline], Align::Min, text, style, text_width + 1.0)
    }

    /// A zero-based bar from the left end of `rect`, `share` (0–1) of it long,
    /// on a quiet track.
    pub(super) fn bar(&self, rect: Rect, share: f32, color: Rgba) {
        self.fill(rect, self.theme.hairline.alpha(0.45));
        let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
        if share > 0.0 {
            let width = (rect.width() * share).max(self.u(1.0));
            self.fill(Rect::from_min_size(rect.min, vec2(width, rect.height())), color);
        }
    }

    /// A chevron › of height `height` units.
    pub(super) fn chevron(&self, center: Pos2, height: f32, color: Rgba) {
        let h = self.u(height) * 0.5;
        let points = vec![center + vec2(-h * 0.5, -h), center + vec2(h * 0.5, 0.0), center + vec2(-h * 0.5, h)];
        self.path(points, 1.5, color);
    }

    /// Diagonal hairlines over `rect`: what is under them is not fresh.
    pub(super) fn hatch(&self, rect: Rect, color: Rgba) {
        let pen = self.clipped(rect);
        let step = self.u(12.0);
        let count = ((rect.width() + rect.height()) / step) as usize;
        for line in 1..=count {
            let x = rect.left() + line as f32 * step;
            let ends = [pos2(x, rect.top()), pos2(x - rect.height(), rect.bottom())];
            pen.painter.line_segment(ends, self.stroke(1.0, color));
        }
    }
}

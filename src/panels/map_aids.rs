//! What makes the map readable: legend, scale bar, breadcrumb; and the line
//! that says which panels found no room.
//!
//! Each takes the part of the stage that panels leave free and finds its own
//! corner: breadcrumb top left, legend bottom right, scale bar bottom left.

use bevy_egui::egui::epaint::{Mesh, Vertex};
use bevy_egui::egui::{Align, Rect, Shape, Ui, pos2, vec2};

use super::chart::clickable;
use super::frame::card_ground;
use super::number::{count_text, nice_ceiling, nice_floor, scale_texts, value_text};
use super::pen::{Mark, Pen, Style};
use super::{PanelAction, PanelView};
use crate::domain::health::{Freshness, PartHealth};
use crate::domain::time::age_text;
use crate::theme::{Rgba, ramp, size, space};

/// Design units.
const RAMP_WIDTH: f32 = 260.0;
const RAMP_HEIGHT: f32 = 10.0;
/// Room for the swatch of areas without a value.
const MISSING_WIDTH: f32 = 64.0;
/// Colours along the drawn ramp.
const RAMP_STEPS: usize = 33;
const BAR_LEAST: f32 = 80.0;
/// Height of a line of words.
const LINE: f32 = 26.0;
/// Height of the second line of what is counted.
const SECOND_LINE: f32 = 20.0;

/// What the colours on the map stand for now.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Legend<'a> {
    /// The heat map's; `None` while the layer is off.
    pub heat: Option<HeatLegend<'a>>,
    /// Upper bounds of the choropleth's classes, few to many; empty while
    /// areas are not coloured.
    pub breaks: &'a [f64],
    /// What is counted in the classes: 近 3 小时事件（件）.
    pub breaks_label: &'a str,
    /// Whether areas without a value are on the map, hatched.
    pub has_missing: bool,
    /// The sources of what is counted; said when they are not well.
    pub health: Option<&'a PartHealth>,
    /// Whether bubbles that count cameras and devices are on the map.
    pub has_bubbles: bool,
    /// The streets on the map that patrols should walk.
    pub patrols: Option<PatrolLegend>,
    /// Whether urgent, major and ordinary events and devices in alarm are on the
    /// map, one by one.
    pub has_alerts: [bool; 4],
}

/// How much of the streets patrols walked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PatrolLegend {
    /// In so many hours.
    pub hours: f64,
    /// Length that nobody walked, metres.
    pub missed_m: f64,
    /// Length of all, metres.
    pub total_m: f64,
}

/// What the colours of the heat map stand for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeatLegend<'a> {
    /// What is counted, in what.
    pub label: &'a str,
    /// The number at the bright end; of a difference at both.
    pub full_scale: f64,
    /// Whether it is a difference, with zero in the middle.
    pub is_difference: bool,
    /// Whether it counts whole things.
    pub is_whole: bool,
    /// Colours from one end to the other.
    pub stops: &'a [Rgba],
}

/// Draws the legend into the bottom right corner of `free`.
pub fn legend_ui(ui: &mut Ui, free: Rect, view: &PanelView, legend: &Legend) {
    let pen = Pen::new(ui, view);
    let width = pen.u(RAMP_WIDTH);
    if free.width() < width * 1.2 || free.height() < pen.u(160.0) {
        return;
    }
    let left = free.right() - width - pen.u(20.0);
    let mut bottom = free.bottom() - pen.u(12.0);
    let parts = usize::from(legend.heat.is_some()) + usize::from(!legend.breaks.is_empty());
    let lost = legend.health.filter(|_| parts > 0).and_then(lost_text);
    let has_alerts = legend.has_alerts.contains(&true);
    let lines = usize::from(lost.is_some()) + usize::from(legend.has_bubbles) + usize::from(has_alerts);
    let lines = lines + usize::from(legend.patrols.is_some());
    let heat = legend.heat.filter(|heat| heat.full_scale.is_finite() && heat.full_scale > 0.0);
    let words = heat.map(|heat| two_lines(&pen, heat.label, width));
    let second = pen.u(if matches!(words, Some([_, second]) if !second.is_empty()) { SECOND_LINE } else { 0.0 });
    if parts + lines > 0 {
        // The map under the legend may be as bright as its text.
        let height = pen.u(70.0 * parts as f32 + LINE * lines as f32) + second;
        let behind = Rect::from_min_max(pos2(left, bottom - height + pen.u(8.0)), pos2(left + width, bottom));
        pen.fill(behind.expand2(vec2(pen.u(14.0), pen.u(8.0))), view.theme.ground.alpha(0.97));
    }
    if let (Some(heat), Some(words)) = (heat, words) {
        let rect = Rect::from_min_max(pos2(left, bottom - pen.u(56.0)), pos2(left + width, bottom));
        heat_ui(&pen, rect, &heat, words);
        bottom -= pen.u(70.0) + second;
    }
    if !legend.breaks.is_empty() {
        let rect = Rect::from_min_max(pos2(left, bottom - pen.u(56.0)), pos2(left + width, bottom));
        classes_ui(&pen, rect, legend);
        bottom -= pen.u(70.0);
    }
    if has_alerts {
        alerts_ui(&pen, [left, bottom], legend.has_alerts);
        bottom -= pen.u(LINE);
    }
    if legend.has_bubbles {
        bubble_ui(&pen, [left, bottom], width);
        bottom -= pen.u(LINE);
    }
    if let Some(patrols) = &legend.patrols {
        patrols_ui(&pen, [left, bottom], width, patrols);
        bottom -= pen.u(LINE);
    }
    if let Some(text) = lost {
        let style = Style::bold(size::SMALL, view.theme.attention);
        pen.marked_text([left, bottom], Align::Min, Mark::Triangle, &text, style, width);
    }
}

/// What the shapes of alerts mean, for those that are on the map.
fn alerts_ui(pen: &Pen, [left, baseline]: [f32; 2], has: [bool; 4]) {
    let theme = pen.theme();
    let all = [
        (Mark::Diamond, "紧急", theme.alarm),
        (Mark::Square, "重要", theme.attention),
        (Mark::Dot, "一般", theme.accent),
        (Mark::Triangle, "设备告警", theme.alarm),
    ];
    let mut x = left;
    for (mark, word, color) in all.into_iter().zip(has).filter_map(|(entry, has)| has.then_some(entry)) {
        let middle = baseline - pen.u(size::SMALL) * 0.37;
        pen.mark(pos2(x + pen.u(6.0), middle), 5.5, mark, color);
        x += pen.u(15.0);
        x += pen.text([x, baseline], Align::Min, word, pen.small(), pen.u(90.0)) + pen.u(11.0);
    }
}

/// What the rings around numbers mean.
fn bubble_ui(pen: &Pen, [left, baseline]: [f32; 2], width: f32) {
    let theme = pen.theme();
    let center = pos2(left + pen.u(8.0), baseline - pen.u(size::SMALL) * 0.37);
    pen.ring(center, 7.0, 2.5, 0.0..1.0, theme.accent);
    pen.ring(center, 7.0, 2.5, 0.0..0.25, theme.attention);
    let at = [left + pen.u(24.0), baseline];
    pen.text(at, Align::Min, "摄像头与设备数,橙色为离线", pen.small(), width - pen.u(24.0));
}

/// What the lines along streets mean, and how much of them there is.
fn patrols_ui(pen: &Pen, [left, baseline]: [f32; 2], width: f32, patrols: &PatrolLegend) {
    let middle = baseline - pen.u(size::SMALL) * 0.37;
    pen.path(vec![pos2(left, middle), pos2(left + pen.u(16.0), middle)], 2.5, pen.theme().attention);
    // Of many no tenth is worth a cut word.
    let digits = usize::from(patrols.total_m < 100_000.0);
    let km = |metres: f64| format!("{:.digits$}", metres / 1_000.0);
    let missed = format!("未巡街巷 {} / {} km", km(patrols.missed_m), km(patrols.total_m));
    let texts = [format!("近 {} 小时{missed}", value_text(patrols.hours)), missed];
    let room = width - pen.u(24.0);
    pen.text([left + pen.u(24.0), baseline], Align::Min, pen.fitting(&texts, pen.small(), room), pen.small(), room);
}

/// What to say of the sources of events that are not well.
fn lost_text(health: &PartHealth) -> Option<String> {
    match (health.freshness, &health.error, health.age_secs) {
        (Freshness::Waiting, ..) | (Freshness::Fresh, None, _) | (_, _, None) => None,
        (_, _, Some(age_secs)) => Some(format!("事件数据滞后 {}", age_text(age_secs))),
    }
}

/// What is counted on one line, or with its unit, the last word, on a second: a
/// number without its unit is none.
fn two_lines<'t>(pen: &Pen, label: &'t str, room: f32) -> [&'t str; 2] {
    if pen.width(label, pen.small()) <= room {
        return [label, ""];
    }
    label.rsplit_once(' ').map_or([label, ""], |(words, unit)| [words, unit])
}

/// The ramp with ticks. The position of a value is the square root of its
/// share of the full scale: the same curve by which the heat layer colours.
/// `words` are what is counted; of two lines the first stands above `rect`.
fn heat_ui(pen: &Pen, rect: Rect, heat: &HeatLegend, words: [&str; 2]) {
    let theme = pen.theme();
    let last = rect.top() + pen.u(16.0);
    let first = if words[1].is_empty() { last } else { last - pen.u(SECOND_LINE) };
    for (text, baseline) in words.into_iter().zip([first, last]) {
        pen.text([rect.left(), baseline], Align::Min, text, pen.small(), rect.width());
    }
    let strip =
        Rect::from_min_size(pos2(rect.left(), rect.top() + pen.u(23.0)), vec2(rect.width(), pen.u(RAMP_HEIGHT)));
    pen.fill(strip, theme.land);
    let mut mesh = Mesh::default();
    for (index, color) in ramp::sample(heat.stops, RAMP_STEPS).into_iter().enumerate() {
        let x = strip.left() + strip.width() * index as f32 / (RAMP_STEPS - 1) as f32;
        let next = mesh.vertices.len() as u32;
        for y in [strip.top(), strip.bottom()] {
            mesh.vertices.push(Vertex::untextured(pos2(x, y), pen.color(color)));
        }
        if next >= 2 {
            mesh.indices.extend([next - 2, next - 1, next, next - 1, next + 1, next]);
        }
    }
    pen.shape(Shape::mesh(mesh));
    pen.outline(strip, 1.0, theme.hairline);
    let ticks = heat_ticks(heat);
    let texts = scale_texts(&ticks.iter().map(|value| value.abs()).collect::<Vec<_>>());
    let last = ticks.len() - 1;
    for (index, (&value, text)) in ticks.iter().zip(texts).enumerate() {
        let align = match index {
            0 => Align::Min,
            _ if index == last => Align::Max,
            _ => Align::Center,
        };
        let place = (value.abs() / heat.full_scale).sqrt().copysign(value);
        let place = if heat.is_difference { 0.5 + 0.5 * place } else { place };
        let x = strip.left() + strip.width() * place as f32;
        pen.vline(x, strip.bottom(), strip.bottom() + pen.u(4.0), 1.0, theme.text_secondary);
        let sign = match value {
            _ if !heat.is_difference || value == 0.0 => "",
            _ if value < 0.0 => "−",
            _ => "+",
        };
        pen.text([x, strip.bottom() + pen.u(20.0)], align, &format!("{sign}{text}"), pen.small(), pen.u(72.0));
    }
}

/// 0, two round values up to a tenth and a half, and the full scale; of a
/// difference both ends, one round value on each side, and 0. Counts have no
/// parts: of a short scale of them fewer.
fn heat_ticks(heat: &HeatLegend) -> Vec<f64> {
    let full = heat.full_scale;
    let least = if heat.is_whole { 1.0 } else { f64::MIN_POSITIVE };
    let round = |value: f64| Some(nice_floor(value)).filter(|&round| round >= least);
    if heat.is_difference {
        let between = round(full * 0.4);
        let below = between.map(|value| -value);
        return [Some(-full), below, Some(0.0), between, Some(full)].into_iter().flatten().collect();
    }
    // They stand at the root of their share: far enough from each other.
    let upper = round(full * 0.5);
    let lower = upper.and_then(|upper| round(upper * 0.25));
    [Some(0.0), lower, upper, Some(full)].into_iter().flatten().collect()
}

/// Seven swatches with the upper bound of each class under it.
fn classes_ui(pen: &Pen, rect: Rect, legend: &Legend) {
    let theme = pen.theme();
    pen.text([rect.left(), rect.top() + pen.u(16.0)], Align::Min, legend.breaks_label, pen.small(), rect.width());
    let count = legend.breaks.len().min(theme.classes.len());
    let missing_width = if legend.has_missing { pen.u(MISSING_WIDTH) } else { 0.0 };
    if legend.has_missing {
        let swatch = Rect::from_min_size(
            pos2(rect.right() - missing_width + pen.u(8.0), rect.top() + pen.u(23.0)),
            vec2(missing_width - pen.u(8.0), pen.u(RAMP_HEIGHT)),
        );
        pen.fill(swatch, theme.land);
        pen.hatch(swatch, theme.text_secondary);
        pen.outline(swatch, 1.0, theme.hairline);
        pen.text([swatch.right(), swatch.bottom() + pen.u(18.0)], Align::Max, "无数据", pen.small(), missing_width);
    }
    let rect = Rect::from_min_max(rect.min, pos2(rect.right() - missing_width, rect.max.y));
    let width = rect.width() / count as f32;
    let texts = scale_texts(legend.breaks);
    // Every class has its number where there is room, else the ends have.
    let sign = |index: usize| if index == 0 { pen.u(9.0) } else { 0.0 };
    let widths = texts.iter().enumerate().map(|(index, text)| pen.width(text, pen.small()) + sign(index));
    let fits = widths.fold(0.0, f32::max) < width - pen.u(6.0);
    for (index, text) in texts.iter().take(count).enumerate() {
        let left = rect.left() + index as f32 * width;
        let swatch =
            Rect::from_min_size(pos2(left, rect.top() + pen.u(23.0)), vec2(width - pen.u(2.0), pen.u(RAMP_HEIGHT)));
        // Fewer classes than colours keep the ends of the scale.
        let color = index * (theme.classes.len() - 1) / (count - 1).max(1);
        pen.fill(swatch, theme.classes[color]);
        pen.outline(swatch, 1.0, theme.hairline);
        let text = if index == 0 { format!("≤{text}") } else { text.clone() };
        if fits || index == 0 || index + 1 == count {
            let (x, align) = if index + 1 == count && !fits {
                (rect.right(), Align::Max)
            } else if index == 0 {
                (swatch.left(), Align::Min)
            } else {
                (swatch.center().x, Align::Center)
            };
            pen.text([x, swatch.bottom() + pen.u(18.0)], align, &text, pen.small(), pen.u(90.0));
        }
    }
}

/// Draws a scale bar of a round length into the bottom left corner of `free`.
pub fn scale_bar_ui(ui: &mut Ui, free: Rect, view: &PanelView, metres_per_point: f64) {
    let pen = Pen::new(ui, view);
    let least_m = f64::from(pen.u(BAR_LEAST)) * metres_per_point;
    if !(least_m.is_finite() && least_m > 0.0) || free.width() < pen.u(640.0) {
        return;
    }
    let length_m = nice_ceiling(least_m);
    let width = (length_m / metres_per_point) as f32;
    let (left, baseline) = (free.left() + pen.u(20.0), free.bottom() - pen.u(18.0));
    let color = view.theme.text_secondary;
    let bar = [left, left + width].map(|x| pos2(x, baseline));
    let behind = Rect::from_min_max(pos2(left, baseline - pen.u(20.0)), pos2(left + width + pen.u(80.0), baseline));
    pen.fill(behind.expand2(vec2(pen.u(12.0), pen.u(8.0))), view.theme.panel);
    pen.path(vec![bar[0] - vec2(0.0, pen.u(7.0)), bar[0], bar[1], bar[1] - vec2(0.0, pen.u(7.0))], 1.5, color);
    let text = if length_m >= 1_000.0 {
        format!("{} km", count_text((length_m / 1_000.0).round() as u64))
    } else {
        format!("{} m", value_text(length_m))
    };
    pen.text([left + width + pen.u(10.0), baseline], Align::Min, &text, pen.small(), pen.u(120.0));
}

/// Draws 全域 › 街道 › 社区 › 网格 into the top left corner of `free`; each
/// part is a way back.
pub fn breadcrumb_ui(ui: &mut Ui, free: Rect, view: &PanelView) -> Option<PanelAction> {
    let pen = Pen::new(ui, view);
    let focus = view.focus.filter(|&focus| (focus as usize) < view.tree.len())?;
    let mut steps = vec![("全域", PanelAction::FocusNothing)];
    steps.extend(
        view.tree.path(focus).into_iter().map(|index| (view.tree.area(index).name.as_str(), PanelAction::Focus(index))),
    );
    let baseline = free.top() + pen.u(36.0);
    let gap = pen.u(26.0);
    // Room for a card in the other corner.
    let right = free.right() - free.width() * if free.width() > pen.u(900.0) { 0.4 } else { 0.02 };
    let left = free.left() + pen.u(16.0);
    let room = (right - left - gap * steps.len() as f32) / steps.len() as f32;
    let last = steps.len() - 1;
    let room = room.max(pen.u(64.0));
    let style = |index: usize| match index == last {
        true => Style::bold(size::BODY, view.theme.text),
        false => Style::regular(size::BODY, view.theme.accent),
    };
    let widths = steps.iter().enumerate().map(|(index, (name, _))| pen.width(name, style(index)).min(room));
    let whole = widths.sum::<f32>() + gap * last as f32;
    let behind = Rect::from_min_max(pos2(left, baseline - pen.u(26.0)), pos2(left + whole, baseline + pen.u(14.0)));
    pen.fill(behind.expand2(vec2(pen.u(12.0), 0.0)), view.theme.panel);
    let mut x = left;
    let mut action = None;
    for (index, (name, target)) in steps.into_iter().enumerate() {
        let is_here = index == last;
        let width = pen.text([x, baseline], Align::Min, name, style(index), room);
        let place = Rect::from_min_max(pos2(x, baseline - pen.u(26.0)), pos2(x + width, baseline + pen.u(14.0)));
        if !is_here {
            pen.chevron(pos2(x + width + gap * 0.5, baseline - pen.u(7.0)), 11.0, view.theme.text_secondary);
            if clickable(ui, place, ("breadcrumb", index), name).clicked() {
                action = Some(target);
            }
        }
        x += width + gap;
    }
    action
}

/// Says on a card over the map what the wall itself has to say: a configuration
/// that was refused, for example.
pub fn notice_ui(ui: &mut Ui, free: Rect, view: &PanelView, text: &str) {
    let pen = Pen::new(ui, view);
    let style = Style::regular(size::SMALL, view.theme.attention);
    let room = free.width() - pen.u(space::GUTTER * 4.0);
    let width = (pen.width(text, style) + pen.u(56.0)).min(room);
    let middle = pos2(free.center().x, free.top() + pen.u(30.0));
    let card = Rect::from_center_size(middle, vec2(width, pen.u(44.0)));
    card_ground(&pen, card);
    let at = [card.left() + pen.u(16.0), card.center().y + pen.u(6.0)];
    pen.marked_text(at, Align::Min, Mark::Diamond, text, style, width - pen.u(24.0));
}

/// Says at the foot of the map how many panels found no room.
pub fn hidden_panels_ui(ui: &mut Ui, free: Rect, view: &PanelView, hidden: usize) {
    if hidden == 0 {
        return;
    }
    let pen = Pen::new(ui, view);
    let text = format!("另有 {hidden} 个面板未显示");
    let at = [free.center().x, free.bottom() - pen.u(18.0)];
    pen.text(at, Align::Center, &text, pen.small(), free.width() * 0.3);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticks(full_scale: f64, is_difference: bool, is_whole: bool) -> Vec<String> {
        let heat = HeatLegend { label: "", full_scale, is_difference, is_whole, stops: &[] };
        let values = heat_ticks(&heat);
        assert!(values.is_sorted_by(|one, next| one < next), "{values:?}");
        scale_texts(&values.iter().map(|value| value.abs()).collect::<Vec<_>>())
    }

    #[test]
    fn ticks_of_the_heat_map_are_round_and_tell_apart() {
        assert_eq!(ticks(0.2, false, false), ["0", "0.02", "0.1", "0.2"]);
        assert_eq!(ticks(0.0371, false, false), ["0", "0.002", "0.01", "0.037"]);
        assert_eq!(ticks(34.6, false, false), ["0", "2", "10", "35"]);
        assert_eq!(ticks(0.34, true, false), ["0.34", "0.1", "0", "0.1", "0.34"]);
        assert_eq!(ticks(1.0, false, true), ["0", "1"]);
        assert_eq!(ticks(3.0, false, true), ["0", "1", "3"]);
        assert_eq!(ticks(2.0, true, true), ["2", "0", "2"]);
        for power in -90..90 {
            let texts = ticks(1.17_f64.powi(power), false, false);
            assert!(texts.windows(2).all(|pair| pair[0] != pair[1]), "{texts:?}");
        }
    }
}

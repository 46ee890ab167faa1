//! Today's events by major class: zero-based bars, counts and shares. A click
//! on a class leads to its events, on the map and in the list.

use bevy_egui::egui::{Align, Rect, Ui, pos2};

use super::chart::{clickable, quantity, row, rows};
use super::frame::{Shows, empty, panel_frame_ui};
use super::number::{count_text, percent_text};
use super::pen::{Pen, Style};
use super::{PanelAction, PanelView};
use crate::domain::closed_loop::Ratio;
use crate::domain::health::PartHealth;
use crate::theme::{Rgba, size};

const LEAST_ROW: f32 = 32.0;
const MOST_ROW: f32 = 64.0;

/// Draws the classes, most events first; what does not fit is added up.
pub fn categories_ui(
    ui: &mut Ui,
    rect: Rect,
    view: &PanelView,
    title: &str,
    health: &PartHealth,
) -> Option<PanelAction> {
    panel_frame_ui(ui, rect, view, title, health, Shows::Then, |ui, pen, inner| {
        let all = &view.overview.categories;
        let total: u64 = all.iter().map(|(_, count)| count).sum();
        if total == 0 {
            empty(pen, inner, "今日尚无事件");
            return None;
        }
        let foot = pen.u(24.0);
        let list = Rect::from_min_max(inner.min, pos2(inner.right(), inner.bottom() - foot));
        let (count, height) = rows(pen, list, all.len(), LEAST_ROW, MOST_ROW);
        let lines = lines(all, count);
        let has_rest = lines.len() < all.len();
        let most = lines.iter().map(|line| line.1).max().unwrap_or(1);
        let columns = Columns::of(pen, list, &lines, total);
        let chosen = &view.filter.categories;
        let mut asked = None;
        for (index, line) in lines.iter().enumerate() {
            // The rest is no class: its bar must not look like the leader's.
            let is_rest = has_rest && index + 1 == lines.len();
            let is_aside = !chosen.is_empty() && !chosen.contains(&line.0);
            let color = if is_rest || is_aside { view.theme.offline.alpha(0.5) } else { quantity(pen) };
            let place = row(list, index, height);
            line_ui(pen, place, &columns, line, [most, total], color);
            if !is_rest && clickable(ui, place, ("category", &line.0), &line.0).clicked() {
                asked = Some(PanelAction::ToggleCategory(line.0.clone()));
            }
        }
        let sum = format!("合计 {} 件，{} 类", count_text(total), all.len());
        pen.text([inner.left(), inner.bottom() - pen.u(4.0)], Align::Min, &sum, pen.small(), inner.width());
        asked
    })
}

/// The first `count` classes; the last line sums up those that do not fit.
fn lines(all: &[(String, u64)], count: usize) -> Vec<(String, u64)> {
    if all.len() <= count || count == 0 {
        return all[..count.min(all.len())].to_vec();
    }
    let (shown, rest) = all.split_at(count - 1);
    let mut lines = shown.to_vec();
    lines.push((format!("其余 {} 类", rest.len()), rest.iter().map(|(_, count)| count).sum()));
    lines
}

/// Where the columns begin and end, in points.
struct Columns {
    name_room: f32,
    bar_left: f32,
    bar_right: f32,
    count_right: f32,
}

impl Columns {
    fn of(pen: &Pen, list: Rect, lines: &[(String, u64)], total: u64) -> Self {
        let bold = Style::bold(size::BODY, pen.theme().text);
        let gap = pen.u(12.0);
        let name = lines.iter().map(|line| pen.width(&line.0, pen.body())).fold(0.0, f32::max);
        let count = lines.iter().map(|line| pen.width(&count_text(line.1), bold)).fold(0.0, f32::max);
        let share = lines.iter().map(|line| pen.width(&share_text(line.1, total), pen.small())).fold(0.0, f32::max);
        let count_right = list.right() - share - gap;
        let bar_right = count_right - count - gap;
        let name_room = name.min((bar_right - list.left()) * 0.6) + 1.0;
        Self { name_room, bar_left: list.left() + name_room + gap, bar_right, count_right }
    }
}

fn share_text(count: u64, total: u64) -> String {
    format!("{}%", percent_text(Ratio { numerator: count, denominator: total }))
}

fn line_ui(pen: &Pen, place: Rect, columns: &Columns, line: &(String, u64), [most, total]: [u64; 2], color: Rgba) {
    let (name, count) = line;
    let middle = place.center().y;
    let body = pen.baseline(middle, size::BODY);
    pen.text([place.left(), body], Align::Min, name, pen.body(), columns.name_room);
    let bar =
        Rect::from_min_max(pos2(columns.bar_left, middle - pen.u(4.0)), pos2(columns.bar_right, middle + pen.u(4.0)));
    pen.bar(bar, *count as f32 / most.max(1) as f32, color);
    let bold = Style::bold(size::BODY, pen.theme().text);
    let room = columns.count_right - columns.bar_right;
    pen.text([columns.count_right, body], Align::Max, &count_text(*count), bold, room);
    let share = share_text(*count, total);
    pen.text(
        [place.right(), pen.baseline(middle, size::SMALL)],
        Align::Max,
        &share,
        pen.small(),
        place.right() - columns.count_right,
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_added_up() {
        let all: Vec<(String, u64)> = (1..=5).map(|n| (format!("类{n}"), 10 - n)).collect();
        let shown = lines(&all, 3);
        assert_eq!(shown[2], ("其余 3 类".to_owned(), 7 + 6 + 5));
        assert_eq!(lines(&all, 5), all);
        assert!(lines(&all, 0).is_empty());
    }
}

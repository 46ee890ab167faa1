//! Devices of the Internet of Things (物联设备): counts by kind and state.

use bevy_egui::egui::{Align, Rect, Ui};

use super::chart::{row, rows};
use super::frame::{Shows, empty, panel_frame_ui};
use super::number::{count_text, tight_count_text};
use super::pen::{MARK_EM, Mark, Pen, Style};
use super::{DeviceKindSummary, PanelAction, PanelView};
use crate::domain::health::PartHealth;
use crate::theme::{Rgba, size};

const LEAST_ROW: f32 = 34.0;
const MOST_ROW: f32 = 64.0;

/// Draws one line per kind: name, number, alarms, offline.
pub fn devices_ui(ui: &mut Ui, rect: Rect, view: &PanelView, title: &str, health: &PartHealth) -> Option<PanelAction> {
    panel_frame_ui(ui, rect, view, title, health, Shows::Now, |_, pen, inner| {
        if view.devices.is_empty() {
            empty(pen, inner, "尚无设备");
            return None;
        }
        let (count, height) = rows(pen, inner, view.devices.len(), LEAST_ROW, MOST_ROW);
        for (index, kind) in shown(view.devices, count).iter().enumerate() {
            let place = row(inner, index, height);
            if index > 0 {
                pen.hline(place.left(), place.right(), place.top(), 1.0, view.theme.hairline.alpha(0.5));
            }
            kind_ui(pen, place, kind);
        }
        None
    })
}

/// The first `count` kinds; the last line sums up those that do not fit, so
/// that no alarm is out of sight.
fn shown(kinds: &[DeviceKindSummary], count: usize) -> Vec<DeviceKindSummary> {
    if kinds.len() <= count || count == 0 {
        return kinds[..count.min(kinds.len())].to_vec();
    }
    let (first, rest) = kinds.split_at(count - 1);
    let mut sum = DeviceKindSummary { kind: format!("其余 {} 类", rest.len()), ..DeviceKindSummary::default() };
    for kind in rest {
        sum.total += kind.total;
        sum.alarm += kind.alarm;
        sum.offline += kind.offline;
    }
    let mut shown = first.to_vec();
    shown.push(sum);
    shown
}

fn kind_ui(pen: &Pen, place: Rect, kind: &DeviceKindSummary) {
    let theme = pen.theme();
    let middle = place.center().y;
    let (body, small) = (pen.baseline(middle, size::BODY), pen.baseline(middle, size::SMALL));
    // Columns at fixed shares of the line, so that all kinds line up.
    let at = |share: f32| place.left() + place.width() * share;
    let gap = pen.u(10.0);
    let bold = Style::bold(size::BODY, theme.text);
    let total_right = at(0.52);
    let total = pen.text([total_right, body], Align::Max, &count_text(kind.total as u64), bold, place.width() * 0.22);
    let name_room = total_right - total - gap - place.left();
    pen.text([place.left(), body], Align::Min, &kind.kind, pen.body(), name_room);

    let alarm_left = at(0.55);
    let offline_room = place.width() * 0.22;
    let alarm_room = place.right() - offline_room - alarm_left - gap;
    if kind.alarm > 0 {
        let ends = [alarm_left, small];
        count_ui(pen, ends, Align::Min, Mark::Triangle, (kind.alarm, "告警"), theme.alarm, alarm_room);
    } else {
        let style = Style::regular(size::SMALL, theme.good);
        pen.marked_text([alarm_left, small], Align::Min, Mark::Dot, "无告警", style, alarm_room);
    }
    let ends = [place.right(), small];
    if kind.offline > 0 {
        count_ui(pen, ends, Align::Max, Mark::Square, (kind.offline, "离线"), theme.offline, offline_room);
    } else {
        pen.text(ends, Align::Max, "全在线", pen.small(), offline_room);
    }
}

/// ▲ 3 告警; without the word where the number needs the room.
fn count_ui(pen: &Pen, at: [f32; 2], align: Align, mark: Mark, (count, word): (usize, &str), color: Rgba, room: f32) {
    let number = count_text(count as u64);
    let texts = [format!("{number} {word}"), number, tight_count_text(count as u64)];
    let style = Style::regular(size::SMALL, color);
    let text = pen.fitting(&texts, style, room - pen.u(size::SMALL * MARK_EM));
    pen.marked_text(at, align, mark, text, style, room);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_alarm_is_lost_in_what_does_not_fit() {
        let kinds: Vec<DeviceKindSummary> =
            (0..6).map(|n| DeviceKindSummary { kind: format!("k{n}"), total: 10, alarm: n, offline: 1 }).collect();
        let shown = shown(&kinds, 4);
        assert_eq!(shown.len(), 4);
        assert_eq!(shown.iter().map(|kind| kind.alarm).sum::<usize>(), 15);
        assert_eq!(shown[3].kind, "其余 3 类");
    }
}

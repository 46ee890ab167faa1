//! Warnings (风险预警): where more happens than is usual at this time, with the
//! numbers that say so. A click flies there.

use bevy_egui::egui::{Align, Rect, Ui, pos2};

use super::chart::{clickable, row, rows};
use super::frame::{Shows, empty, panel_frame_ui};
use super::number::{count_text, value_text};
use super::pen::{Mark, Pen, Style};
use super::{PanelAction, PanelView};
use crate::domain::health::PartHealth;
use crate::domain::warning::{Outlook, Warning};
use crate::theme::size;

const LEAST_ROW: f32 = 56.0;
const MOST_ROW: f32 = 76.0;

/// Draws the warnings, most surprising first; what does not fit is counted.
pub fn warnings_ui(ui: &mut Ui, rect: Rect, view: &PanelView, title: &str, health: &PartHealth) -> Option<PanelAction> {
    panel_frame_ui(ui, rect, view, title, health, Shows::Then, |ui, pen, inner| {
        let foot = pen.u(24.0);
        let list = Rect::from_min_max(inner.min, pos2(inner.right(), inner.bottom() - foot));
        let known = |warning: &&Warning| (warning.area as usize) < view.tree.len();
        let all: Vec<&Warning> = view.outlook.warnings().iter().filter(known).collect();
        match view.outlook {
            Outlook::Unknown => empty(pen, list, "正在与往日比较"),
            Outlook::TooShort => empty(pen, list, "不足一天的历史，尚不能与平常比较"),
            Outlook::Known(_) if all.is_empty() => empty(pen, list, "近 1 小时各处均在常态内"),
            Outlook::Known(_) => {}
        }
        let (count, height) = rows(pen, list, all.len(), LEAST_ROW, MOST_ROW);
        let mut asked = None;
        for (index, warning) in all.iter().take(count).enumerate() {
            let line = row(list, index, height);
            let name = &view.tree.area(warning.area).name;
            if clickable(ui, line, ("warning", index), name).clicked() {
                asked = Some(PanelAction::Focus(warning.area));
            }
            line_ui(pen, line, name, warning);
        }
        let foot = match all.len() - count {
            0 => "近 1 小时，与此前至多 6 周的同一时段比较".to_owned(),
            hidden => format!("另有 {hidden} 处；近 1 小时，与此前至多 6 周的同一时段比较"),
        };
        pen.text([inner.left(), inner.bottom() - pen.u(4.0)], Align::Min, &foot, pen.small(), inner.width());
        asked
    })
}

/// What and how many; below, why that is a warning.
fn line_ui(pen: &Pen, line: Rect, name: &str, warning: &Warning) {
    let theme = pen.theme();
    let count = format!("{} 件", count_text(u64::from(warning.count)));
    let first = line.top() + pen.u(24.0);
    let style = Style::bold(size::BODY, theme.attention);
    let count_width = pen.text([line.right(), first], Align::Max, &count, style, line.width() * 0.4);
    let what = match warning.category.is_empty() {
        true => name.to_owned(),
        false => format!("{name} · {}", warning.category),
    };
    let room = line.width() - count_width - pen.u(14.0);
    let style = Style::bold(size::BODY, theme.text);
    pen.marked_text([line.left(), first], Align::Min, Mark::Triangle, &what, style, room);
    pen.text(
        [line.left(), first + pen.u(23.0)],
        Align::Min,
        &reason(pen, warning, line.width()),
        pen.small(),
        line.width(),
    );
}

/// `昨日同期 4 件，现 17 件；平常 3.2 件，上限 9 件`, or as much of it as fits.
fn reason(pen: &Pen, warning: &Warning, room: f32) -> String {
    let usual = format!("平常 {} 件，上限 {} 件", value_text((warning.expected * 10.0).round() / 10.0), warning.limit);
    let yesterday = format!("昨日同期 {} 件，现 {} 件", warning.yesterday, warning.count);
    let last_week = format!("上周同期 {} 件", warning.last_week);
    let texts = [format!("{yesterday}；{last_week}；{usual}"), format!("{yesterday}；{usual}"), usual];
    pen.fitting(&texts, pen.small(), room).to_owned()
}

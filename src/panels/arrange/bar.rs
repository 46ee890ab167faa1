//! The bar of the arrange mode: what can be done, what was said, buttons.

use bevy_egui::egui::{Align, Rect, Sense, Ui, pos2, vec2};

use super::{ArrangeView, Arranging, Edit};
use crate::panels::PanelView;
use crate::panels::chart::clickable;
use crate::panels::frame::card_ground;
use crate::panels::pen::{Mark, Pen, Style};
use crate::theme::{size, space};

/// Design units.
const WIDTH: f32 = 760.0;
const HEIGHT: f32 = 160.0;
const BUTTON: [f32; 2] = [92.0, 42.0];

/// Draws the bar at the top of what is left for the map.
pub(super) fn bar_ui(ui: &Ui, pen: &Pen, free: Rect, view: &PanelView, arrange: &ArrangeView) -> Option<Arranging> {
    let theme = view.theme;
    let width = pen.u(WIDTH).min(free.width() - pen.u(space::GUTTER * 2.0));
    let corner = pos2(free.center().x - width * 0.5, free.top() + pen.u(space::GUTTER));
    let card = Rect::from_min_size(corner, vec2(width, pen.u(HEIGHT)));
    card_ground(pen, card);
    // What lies under it is not meant.
    ui.interact(card, ui.id().with("arrange-bar"), Sense::click_and_drag());
    let inner = card.shrink2(vec2(pen.u(space::PADDING), pen.u(10.0)));
    let draft = arrange.draft;
    let is_changed = draft.is_reordered() || !draft.moved().is_empty();
    let buttons = [
        ("保存", is_changed && arrange.file.is_some() && !arrange.is_saving, Arranging::Save),
        ("放弃", !arrange.is_saving, Arranging::Leave),
        ("撤销", draft.can_undo() && !arrange.is_saving, Arranging::Undo),
        ("全部自动", !arrange.is_saving, Arranging::Change(Edit::AllAuto)),
    ];
    let mut asked = None;
    let mut right = inner.right();
    for (name, can, what) in buttons {
        let width = pen.u(BUTTON[0]).max(pen.width(name, pen.body()) + pen.u(20.0));
        let button = Rect::from_min_max(pos2(right - width, inner.top()), pos2(right, inner.top() + pen.u(BUTTON[1])));
        right = button.left() - pen.u(10.0);
        if button.left() < inner.left() {
            break;
        }
        let color = if can { theme.accent } else { theme.offline };
        pen.outline(button, 1.5, color);
        let style = Style::regular(size::BODY, if can { theme.text } else { theme.text_secondary });
        let baseline = pen.baseline(button.center().y, size::BODY);
        pen.text([button.center().x, baseline], Align::Center, name, style, button.width());
        if clickable(ui, button, ("arrange-button", name), name).clicked() && can {
            asked = Some(what);
        }
    }
    let baseline = pen.baseline(inner.top() + pen.u(BUTTON[1] * 0.5), size::BODY);
    let title = Style::bold(size::BODY, theme.text);
    pen.text([inner.left(), baseline], Align::Min, "编排版面", title, right - inner.left());
    let line = |row: f32| inner.top() + pen.u(BUTTON[1] + 28.0 * row);
    let hands = "拖动移位 · 拖下沿改高度 · 拖靠地图一侧的边跨列 · 双击恢复自动";
    let keys = "Ctrl+Z 撤销 · Enter 保存 · Esc 放弃";
    for (row, help) in [(1.0, hands), (1.9, keys)] {
        pen.text([inner.left(), line(row)], Align::Min, help, pen.small(), inner.width());
    }
    let (text, is_fault) = status(arrange, is_changed);
    let color = if is_fault { theme.attention } else { theme.text };
    let style = Style::regular(size::SMALL, color);
    let at = [inner.left(), line(2.9)];
    if is_fault {
        pen.marked_text(at, Align::Min, Mark::Diamond, &text, style, inner.width());
    } else {
        pen.text(at, Align::Min, &text, style, inner.width());
    }
    asked
}

/// What there is to say, and whether it is a fault.
fn status(arrange: &ArrangeView, is_changed: bool) -> (String, bool) {
    match (arrange.said, arrange.file) {
        _ if arrange.is_saving => ("正在保存…".to_owned(), false),
        (Some(said), _) => (said.to_owned(), true),
        (None, None) => ("没有配置文件(内置演示):可以试排,不能保存".to_owned(), true),
        (None, Some(file)) if is_changed => (format!("有改动未保存,将写入 {file},原文件另存"), false),
        (None, Some(_)) => ("尚无改动;列与大小由各场景共用".to_owned(), false),
    }
}

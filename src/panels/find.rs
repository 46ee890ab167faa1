//! Looking something up: a line to type into, and what fits below it.

use bevy_egui::egui::{Align, FontId, Frame, Id, Key, Rect, RichText, Sense, TextEdit, Ui, pos2, vec2};

use super::chart::{clickable, row};
use super::frame::card_ground;
use super::pen::{Pen, Style};
use super::{PanelAction, PanelView};
use crate::theme::{size, space};

/// What was typed and what fits.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FindView<'a> {
    /// What was typed.
    pub text: &'a str,
    /// Name and kind of each, best first.
    pub found: Vec<[&'a str; 2]>,
}

/// Design units.
const WIDTH: f32 = 620.0;
const LINE: f32 = 42.0;
const INPUT: f32 = 54.0;
const TOP: f32 = 40.0;

/// Draws it at the top of `stage`. Enter opens what fits best, Esc closes.
pub fn find_ui(ui: &mut Ui, stage: Rect, view: &PanelView, find: &FindView) -> Option<PanelAction> {
    let pen = Pen::new(ui, view);
    let theme = view.theme;
    let width = pen.u(WIDTH).min(stage.width() - pen.u(space::MARGIN * 2.0));
    let most = ((stage.height() - pen.u(TOP + INPUT + 24.0)) / pen.u(LINE)).floor().max(0.0) as usize;
    let count = find.found.len().min(most);
    let is_nothing = find.found.is_empty() && !find.text.trim().is_empty();
    let lines = if is_nothing { 1 } else { count };
    let height = pen.u(INPUT + 24.0 + LINE * lines as f32);
    let corner = pos2(stage.center().x - width * 0.5, stage.top() + pen.u(TOP).min(stage.height() * 0.1));
    let card = Rect::from_min_size(corner, vec2(width, height));
    card_ground(&pen, card);
    // The map under it is not meant.
    ui.interact(card, ui.id().with("find"), Sense::click_and_drag());
    let inner = card.shrink2(vec2(pen.u(space::MARGIN), pen.u(12.0)));
    let input = Rect::from_min_size(inner.min, vec2(inner.width(), pen.u(INPUT - 8.0)));
    let mut asked = text_ui(ui, &pen, input, view, find);
    pen.hline(input.left(), input.right(), input.bottom(), 1.0, theme.accent);

    let list = Rect::from_min_max(pos2(inner.left(), input.bottom() + pen.u(8.0)), inner.max);
    if is_nothing {
        let baseline = list.top() + pen.u(28.0);
        pen.text([list.left(), baseline], Align::Min, "没有找到", pen.small(), list.width());
    }
    for (index, [name, kind]) in find.found.iter().take(count).enumerate() {
        let line = row(list, index, pen.u(LINE));
        let response = clickable(ui, line, ("found", index), name);
        if response.hovered() || index == 0 {
            pen.fill(line.expand2(vec2(pen.u(8.0), 0.0)), theme.accent.alpha(0.14));
        }
        let baseline = line.top() + pen.u(28.0);
        let kind_width = pen.text([line.right(), baseline], Align::Max, kind, pen.small(), line.width() * 0.4);
        let room = line.width() - kind_width - pen.u(14.0);
        pen.text([line.left(), baseline], Align::Min, name, Style::regular(size::BODY, theme.text), room);
        if response.clicked() {
            asked = Some(PanelAction::OpenFound(index));
        }
    }
    let (is_done, is_left) = ui.input(|input| (input.key_pressed(Key::Enter), input.key_pressed(Key::Escape)));
    match (is_left, is_done && count > 0) {
        (true, _) => Some(PanelAction::ToggleFind),
        (_, true) => Some(PanelAction::OpenFound(0)),
        _ => asked,
    }
}

fn text_ui(ui: &mut Ui, pen: &Pen, input: Rect, view: &PanelView, find: &FindView) -> Option<PanelAction> {
    let mut text = find.text.to_owned();
    let hint = if view.is_public() {
        "区域的名称或编码"
    } else {
        "编号或名称：巡查人员、区域、设备、摄像头、事件"
    };
    let edit = TextEdit::singleline(&mut text)
        .id(Id::new("find-text"))
        .font(FontId::proportional(pen.u(size::LARGE)))
        .text_color(pen.color(view.theme.text))
        .hint_text(RichText::new(hint).color(pen.color(view.theme.text_secondary)).size(pen.u(size::BODY)))
        .frame(Frame::NONE)
        .desired_width(input.width());
    let response = ui.put(input, edit);
    response.request_focus();
    (text != find.text).then_some(PanelAction::SetFind(text))
}

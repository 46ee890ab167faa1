//! The frame that all panels share: ground, title, age of the data, state.
//!
//! In: a rectangle, a title, the health of the panel's sources. Out: the
//! rectangle left for content, and the content drawn fresh, dimmed and
//! hatched (stale), or replaced by what is waited for.

use bevy_egui::egui::{Align, Rect, RichText, Sense, Ui, pos2};

use super::pen::{Mark, Pen, Style};
use super::{PanelAction, PanelView};
use crate::domain::health::{Freshness, PartHealth};
use crate::domain::time::age_text;
use crate::theme::{Rgba, size, space};

/// Height of the title line in design units: where content starts.
pub(super) const TITLE_HEIGHT: f32 = 50.0;
/// Space under the content.
pub(super) const FOOT: f32 = 12.0;
/// Height of the line that names an error.
pub(super) const ERROR_HEIGHT: f32 = 26.0;
/// How visible stale content is.
const STALE_OPACITY: f32 = 0.45;

/// Of which time a panel's content is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shows {
    /// Of the shown instant.
    Then,
    /// Of the present, whatever instant the wall shows, because only the latest
    /// is known: marked as of the present in a replay.
    Now,
}

/// Draws a panel: ground, hairline and accent corner, title left, names and
/// age of its sources right, then `content` inside, by the state in `health`.
///
/// `content` gets the layer, a pen that already dims what is stale, and the
/// rectangle it may fill. It is not called while nothing came yet.
pub(super) fn panel_frame_ui(
    ui: &mut Ui,
    rect: Rect,
    view: &PanelView,
    title: &str,
    health: &PartHealth,
    shows: Shows,
    content: impl FnOnce(&mut Ui, &Pen, Rect) -> Option<PanelAction>,
) -> Option<PanelAction> {
    let pen = Pen::new(ui, view);
    let theme = view.theme;
    let is_stale = health.freshness == Freshness::Stale;
    ground(&pen, rect, if is_stale { theme.attention } else { theme.accent });
    title_line(&pen, rect, view, title, health, shows);

    let mut inner = Rect::from_min_max(
        pos2(rect.left() + pen.u(space::PADDING), rect.top() + pen.u(TITLE_HEIGHT)),
        pos2(rect.right() - pen.u(space::PADDING), rect.bottom() - pen.u(FOOT)),
    );
    if let Some(error) = &health.error {
        inner.max.y -= pen.u(ERROR_HEIGHT);
        error_line(ui, &pen, inner, view, error);
    }
    if inner.height() <= 0.0 || inner.width() <= 0.0 {
        return None;
    }
    match health.freshness {
        Freshness::Waiting => {
            waiting(&pen, inner, view, &health.names);
            None
        }
        Freshness::Fresh => content(ui, &pen, inner),
        Freshness::Stale => {
            pen.hatch(inner, theme.hairline.alpha(0.7));
            content(ui, &pen.faded(STALE_OPACITY), inner)
        }
    }
}

/// Translucent ground, hairline on top, accent stroke on its left end.
fn ground(pen: &Pen, rect: Rect, accent: Rgba) {
    let theme = pen.theme();
    pen.fill(rect, theme.panel);
    let hairline = Rect::from_min_max(rect.min, pos2(rect.right(), rect.top() + pen.u(1.0)));
    pen.fill(hairline, theme.hairline);
    let stroke = Rect::from_min_max(rect.min, pos2(rect.left() + pen.u(36.0), rect.top() + pen.u(2.0)));
    pen.fill(stroke, accent);
}

/// The ground of a card over the map: denser, and outlined, because what is
/// under it may be as bright as the text.
pub(super) fn card_ground(pen: &Pen, rect: Rect) {
    let theme = pen.theme();
    pen.fill(rect, theme.ground.alpha(0.97));
    ground(pen, rect, theme.accent);
    pen.outline(rect, 1.0, theme.hairline);
    let stroke = Rect::from_min_max(rect.min, pos2(rect.left() + pen.u(36.0), rect.top() + pen.u(2.0)));
    pen.fill(stroke, theme.accent);
}

fn title_line(pen: &Pen, rect: Rect, view: &PanelView, title: &str, health: &PartHealth, shows: Shows) {
    let theme = pen.theme();
    let (left, right) = (rect.left() + pen.u(space::PADDING), rect.right() - pen.u(space::PADDING));
    let baseline = rect.top() + pen.u(34.0);
    let style = Style::bold(size::BODY, theme.text);
    let gap = pen.u(14.0);

    let (age, mark, color) = match (health.freshness, health.age_secs) {
        (Freshness::Stale, Some(secs)) => (format!("滞后 {}", age_text(secs)), Some(Mark::Triangle), theme.attention),
        (Freshness::Stale, None) => ("滞后".to_owned(), Some(Mark::Triangle), theme.attention),
        (Freshness::Waiting, _) | (_, None) => ("等待".to_owned(), Some(Mark::Ring), theme.text_secondary),
        // How old the data are says nothing about what is shown of them.
        (Freshness::Fresh, Some(_)) if !view.is_live && shows == Shows::Now => {
            ("现状,非回放".to_owned(), None, theme.text)
        }
        (Freshness::Fresh, Some(_)) if !view.is_live => {
            let at = view.now.minute_text(&view.config.wall.zone);
            (format!("回放 {at}"), Some(Mark::Rewind), theme.attention)
        }
        (Freshness::Fresh, Some(secs)) => (age_text(secs), None, theme.text),
    };
    let age_style = Style::regular(size::SMALL, color);
    let age_room = (right - left) * 0.55;
    let age_width = match mark {
        Some(mark) => pen.marked_text([right, baseline], Align::Max, mark, &age, age_style, age_room),
        None => pen.text([right, baseline], Align::Max, &age, age_style, age_room),
    };
    let title_room = right - age_width - gap - left;
    let title_style = pen.shrunk(title, style, title_room);
    let title_width = pen.text([left, baseline], Align::Min, title, title_style, title_room);
    let names_right = right - age_width - pen.u(8.0);
    // Less than three characters of a name say nothing: leave it out then.
    let names_room = names_right - left - title_width - gap;
    if names_room >= pen.u(64.0) || pen.width(&health.names, pen.small()) <= names_room {
        pen.text([names_right, baseline], Align::Max, &health.names, pen.small(), names_room);
    }
}

/// The error under the content, in full under the hand.
fn error_line(ui: &Ui, pen: &Pen, inner: Rect, view: &PanelView, error: &str) {
    let baseline = inner.bottom() + pen.u(20.0);
    let style = Style::regular(size::SMALL, view.theme.alarm);
    pen.marked_text([inner.left(), baseline], Align::Min, Mark::Triangle, error, style, inner.width());
    let line = Rect::from_min_max(
        pos2(inner.left(), inner.bottom()),
        pos2(inner.right(), inner.bottom() + pen.u(ERROR_HEIGHT)),
    );
    let id = ui.id().with(("panel-error", inner.min.x as i32, inner.min.y as i32));
    ui.interact(line, id, Sense::hover()).on_hover_ui(|ui| {
        ui.label(RichText::new(error).size(size::SMALL * view.unit));
    });
}

/// What is waited for, over the lines where data will stand.
fn waiting(pen: &Pen, inner: Rect, view: &PanelView, names: &str) {
    let theme = view.theme;
    let names = if names.is_empty() { "数据源" } else { names };
    let style = pen.body();
    let line_height = pen.u(30.0);
    let first = inner.top() + pen.u(22.0);
    pen.text([inner.left(), first], Align::Min, &format!("等待 {names}…"), style, inner.width());
    let detail = view.loading.unwrap_or("收到首批数据后显示");
    pen.text([inner.left(), first + pen.u(26.0)], Align::Min, detail, pen.small(), inner.width());
    let widths = [0.86, 0.62, 0.74, 0.5, 0.68];
    let mut top = inner.top() + pen.u(70.0);
    for width in widths.into_iter().cycle() {
        if top + pen.u(10.0) > inner.bottom() {
            break;
        }
        let line =
            Rect::from_min_max(pos2(inner.left(), top), pos2(inner.left() + inner.width() * width, top + pen.u(10.0)));
        pen.fill(line, theme.hairline.alpha(0.4));
        top += line_height;
    }
}

/// A quiet sentence in the middle of an empty panel.
pub(super) fn empty(pen: &Pen, inner: Rect, sentence: &str) {
    let baseline = pen.baseline(inner.center().y, size::BODY);
    let style = Style::regular(size::BODY, pen.theme().text_secondary);
    let style = pen.shrunk(sentence, style, inner.width());
    pen.text([inner.center().x, baseline], Align::Center, sentence, style, inner.width());
}

//! What who presents a briefing sees beside the wall: the notes to the step in
//! large type, what comes next, how long it has taken, and the way on.
//!
//! In: where the briefing is, and a whole window. Out: shapes, and a step that a
//! hand asked for.

use bevy_egui::egui::{Align, Rect, Ui, pos2};

use super::chart::clickable;
use super::pen::{Pen, Style};
use super::{BriefingView, PanelAction, PanelView};
use crate::theme::{size, space};

/// What stands in the window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NotesView<'a> {
    /// Where the briefing is.
    pub briefing: BriefingView<'a>,
    /// For who presents it.
    pub notes: Option<&'a str>,
    /// What comes next; `None` at the end.
    pub next: Option<&'a str>,
    /// Seconds since the first step.
    pub elapsed_secs: f64,
    /// Seconds since this step.
    pub step_secs: f64,
    /// Seconds until the next step comes by itself.
    pub due_in_secs: Option<f64>,
}

/// Design units.
const HEAD: f32 = 116.0;
const FOOT: f32 = 148.0;
const BUTTON: f32 = 210.0;

/// Draws the window `rect`.
pub fn notes_ui(ui: &mut Ui, rect: Rect, view: &PanelView, notes: &NotesView) -> Option<PanelAction> {
    let pen = Pen::new(ui, view).verbatim();
    pen.fill(rect, view.theme.ground);
    let inner = rect.shrink(pen.u(space::MARGIN));
    if inner.width() < pen.u(320.0) || inner.height() < pen.u(HEAD + FOOT) {
        return None;
    }
    head_ui(&pen, inner, view, notes);
    let text = Rect::from_min_max(
        pos2(inner.left(), inner.top() + pen.u(HEAD)),
        pos2(inner.right(), inner.bottom() - pen.u(FOOT)),
    );
    match notes.notes {
        Some(words) => pen.paragraph(text, words, Style::regular(size::FIGURE, view.theme.text)),
        None => {
            let baseline = text.top() + pen.u(size::LARGE);
            pen.text([text.left(), baseline], Align::Min, "这一步没有提词", pen.body(), text.width());
        }
    }
    foot_ui(ui, &pen, inner, notes)
}

/// Name, step and sentence; the clock and how long it has taken.
fn head_ui(pen: &Pen, inner: Rect, view: &PanelView, notes: &NotesView) {
    let theme = view.theme;
    let first = inner.top() + pen.u(34.0);
    let second = first + pen.u(40.0);
    let clock = view.system.clock_text(&view.config.wall.zone);
    let bold = Style::bold(size::LARGE, theme.text);
    let clock_width = pen.text([inner.right(), first], Align::Max, &clock, bold, inner.width() * 0.4);
    let step = match notes.due_in_secs {
        Some(secs) => format!("本步还有 {}", span_text(secs)),
        None => format!("本步 {}", span_text(notes.step_secs)),
    };
    let spent = format!("已用 {} · {step}", span_text(notes.elapsed_secs));
    let spent_width = pen.text([inner.right(), second], Align::Max, &spent, pen.body(), inner.width() * 0.5);
    let briefing = &notes.briefing;
    let count = format!("{}/{}  {}", briefing.step + 1, briefing.steps, briefing.name);
    let gap = pen.u(24.0);
    let accent = Style::bold(size::LARGE, theme.accent);
    pen.text([inner.left(), first], Align::Min, &count, accent, inner.width() - clock_width - gap);
    let room = inner.width() - spent_width - gap;
    pen.text([inner.left(), second], Align::Min, briefing.caption.unwrap_or_default(), pen.body(), room);
    pen.hline(inner.left(), inner.right(), inner.top() + pen.u(HEAD - 22.0), 1.0, theme.hairline);
}

/// What comes next, and the buttons.
fn foot_ui(ui: &Ui, pen: &Pen, inner: Rect, notes: &NotesView) -> Option<PanelAction> {
    let theme = pen.theme();
    let top = inner.bottom() - pen.u(FOOT - 20.0);
    pen.hline(inner.left(), inner.right(), top, 1.0, theme.hairline);
    let next = notes.next.map_or_else(|| "最后一步".to_owned(), |next| format!("下一步：{next}"));
    pen.text([inner.left(), top + pen.u(38.0)], Align::Min, &next, pen.body(), inner.width());
    let briefing = &notes.briefing;
    let width = pen.u(BUTTON).min((inner.width() - pen.u(space::GUTTER * 2.0)) / 3.0);
    let place = |number: f32| {
        let left = inner.left() + number * (width + pen.u(space::GUTTER));
        Rect::from_min_max(pos2(left, inner.bottom() - pen.u(64.0)), pos2(left + width, inner.bottom()))
    };
    let wishes = [
        (0.0, "上一步", briefing.step > 0, PanelAction::StepBriefing(-1)),
        (1.0, "下一步", briefing.step + 1 < briefing.steps, PanelAction::StepBriefing(1)),
        (2.0, "结束汇报", true, PanelAction::LeaveBriefing),
    ];
    let asks = |(number, word, leads_on, action)| {
        let place = place(number);
        let color = if leads_on { theme.accent } else { theme.hairline };
        pen.outline(place, 2.0, color);
        let baseline = pen.baseline(place.center().y, size::BODY);
        let style = Style::bold(size::BODY, if leads_on { theme.text } else { theme.text_secondary });
        pen.text([place.center().x, baseline], Align::Center, word, style, place.width());
        clickable(ui, place, ("notes", word), word).clicked().then_some(action)
    };
    // Each is drawn, whichever is asked for.
    wishes.map(asks).into_iter().flatten().next()
}

/// 3:07, 1:02:45.
fn span_text(secs: f64) -> String {
    let secs = secs.max(0.0) as u64;
    let (hours, minutes, secs) = (secs / 3_600, secs / 60 % 60, secs % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{secs:02}") } else { format!("{minutes}:{secs:02}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_like_a_watch() {
        assert_eq!([0.4, 59.9, 187.0, 3_765.0].map(span_text), ["0:00", "0:59", "3:07", "1:02:45"]);
    }
}

//! The buttons of the clock: back and on by days and hours, play and pause,
//! slower and faster, loop, live.
//!
//! As many as there is room for; to go live and to play come first.

use bevy_egui::egui::{Align, Pos2, Rect, Ui, pos2, vec2};

use crate::panels::chart::clickable;
use crate::panels::pen::{Pen, Style};
use crate::panels::{PanelAction, PanelView};
use crate::theme::{Rgba, size};

/// Side of a button, design units: enough for a finger.
const SIDE: f32 = 38.0;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Button {
    DayBack,
    HourBack,
    Play,
    HourOn,
    DayOn,
    Slower,
    Rate,
    Faster,
    Loop,
    Live,
}

/// From left to right, with the order in which they give way (last first).
const BUTTONS: [(Button, u8); 10] = [
    (Button::DayBack, 4),
    (Button::HourBack, 2),
    (Button::Play, 0),
    (Button::HourOn, 2),
    (Button::DayOn, 4),
    (Button::Slower, 1),
    (Button::Rate, 1),
    (Button::Faster, 1),
    (Button::Loop, 3),
    (Button::Live, 0),
];

impl Button {
    fn width(self, pen: &Pen, view: &PanelView) -> f32 {
        match self {
            Self::Rate => pen.u(66.0),
            Self::Live if view.is_live => 0.0,
            Self::Live => pen.u(92.0),
            _ => pen.u(SIDE),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::DayBack => "前一天",
            Self::HourBack => "前一小时",
            Self::Play => "播放或暂停",
            Self::HourOn => "后一小时",
            Self::DayOn => "后一天",
            Self::Slower => "减速",
            Self::Rate => "速度",
            Self::Faster => "加速",
            Self::Loop => "循环播放当天",
            Self::Live => "回到实时",
        }
    }

    fn action(self) -> Option<PanelAction> {
        Some(match self {
            Self::DayBack => PanelAction::StepHours(-24),
            Self::HourBack => PanelAction::StepHours(-1),
            Self::Play => PanelAction::TogglePause,
            Self::HourOn => PanelAction::StepHours(1),
            Self::DayOn => PanelAction::StepHours(24),
            Self::Slower => PanelAction::StepRate(-1),
            Self::Rate => return None,
            Self::Faster => PanelAction::StepRate(1),
            Self::Loop => PanelAction::ToggleLoop,
            Self::Live => PanelAction::GoLive,
        })
    }

    fn draw(self, pen: &Pen, rect: Rect, view: &PanelView, color: Rgba) {
        let middle = rect.center();
        match self {
            Self::DayBack => double_arrow(pen, middle, -1.0, color),
            Self::HourBack => arrow(pen, middle, -1.0, color),
            Self::HourOn => arrow(pen, middle, 1.0, color),
            Self::DayOn => double_arrow(pen, middle, 1.0, color),
            // What it will do: stop what runs, run what stands.
            Self::Play if view.is_live || view.replay.is_running => {
                for x in [-4.5, 4.5] {
                    let bar = Rect::from_center_size(middle + vec2(pen.u(x), 0.0), vec2(pen.u(5.0), pen.u(18.0)));
                    pen.fill(bar, color);
                }
            }
            Self::Play => {
                let at = |x: f32, y: f32| middle + vec2(pen.u(x), pen.u(y));
                pen.polygon(vec![at(-7.0, -10.0), at(10.0, 0.0), at(-7.0, 10.0)], color);
            }
            Self::Slower | Self::Faster => {
                let half = pen.u(7.0);
                pen.hline(middle.x - half, middle.x + half, middle.y, 2.5, color);
                if self == Self::Faster {
                    pen.vline(middle.x, middle.y - half, middle.y + half, 2.5, color);
                }
            }
            Self::Rate => {
                let style = Style::regular(size::SMALL, color);
                let text = format!("{}×", view.replay.rate);
                pen.text([middle.x, pen.baseline(middle.y, size::SMALL)], Align::Center, &text, style, rect.width());
            }
            Self::Loop => {
                pen.ring(middle, 8.5, 2.2, 0.08..0.92, color);
                let tip = middle + vec2(pen.u(4.0), -pen.u(8.0));
                let at = |x: f32, y: f32| tip + vec2(pen.u(x), pen.u(y));
                pen.polygon(vec![at(-5.0, -5.0), at(4.0, 0.0), at(-5.0, 5.0)], color);
            }
            Self::Live => {
                pen.outline(rect.shrink2(vec2(pen.u(2.0), pen.u(5.0))), 1.5, color);
                let style = Style::regular(size::SMALL, color);
                pen.text(
                    [middle.x, pen.baseline(middle.y, size::SMALL)],
                    Align::Center,
                    "回到实时",
                    style,
                    rect.width() - pen.u(12.0),
                );
            }
        }
    }
}

fn arrow(pen: &Pen, middle: Pos2, direction: f32, color: Rgba) {
    let at = |x: f32, y: f32| middle + vec2(pen.u(x * direction), pen.u(y));
    pen.path(vec![at(-4.0, -8.0), at(4.0, 0.0), at(-4.0, 8.0)], 2.5, color);
}

fn double_arrow(pen: &Pen, middle: Pos2, direction: f32, color: Rgba) {
    for shift in [-5.0, 5.0] {
        arrow(pen, middle + vec2(pen.u(shift), 0.0), direction, color);
    }
}

/// Room that all buttons take.
pub(super) fn whole_width(pen: &Pen, view: &PanelView) -> f32 {
    BUTTONS.iter().map(|(button, _)| button.width(pen, view)).sum()
}

/// Draws as many buttons as fit, at the right end of `line`.
pub(super) fn transport_ui(ui: &Ui, pen: &Pen, line: Rect, view: &PanelView) -> Option<PanelAction> {
    let width = |most: u8| -> f32 {
        BUTTONS.iter().filter(|(_, rank)| *rank <= most).map(|(button, _)| button.width(pen, view)).sum()
    };
    let most = (0..=4).rev().find(|&most| width(most) <= line.width())?;
    let mut left = line.right() - width(most);
    let mut asked = None;
    for (button, _) in BUTTONS.iter().filter(|(_, rank)| *rank <= most) {
        let width = button.width(pen, view);
        if width <= 0.0 {
            continue;
        }
        let rect =
            Rect::from_min_size(pos2(left, line.center().y - pen.u(SIDE) * 0.5 + pen.u(2.0)), vec2(width, pen.u(SIDE)));
        left += width;
        let is_on = match button {
            Button::Loop => view.replay.range.is_some(),
            Button::Live => true,
            Button::Play => !view.is_live,
            _ => false,
        };
        let mut color = if is_on { view.theme.attention } else { view.theme.text_secondary };
        if let Some(action) = button.action() {
            let response = clickable(ui, rect, ("transport", button.name()), button.name());
            if response.hovered() {
                color = view.theme.text;
            }
            if response.clicked() {
                asked = Some(action);
            }
        }
        button.draw(pen, rect, view, color);
    }
    asked
}

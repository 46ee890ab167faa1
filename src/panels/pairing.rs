//! Pairing a remote control: where it is, and the code to type there.
//!
//! The picture that phones read holds the address only: who types the code has
//! seen this screen.

use bevy_egui::egui::{Align, Rect, Ui, pos2, vec2};
use qrcode::{Color, QrCode};

use super::chart::clickable;
use super::frame::card_ground;
use super::pen::{Pen, Style};
use super::{PanelAction, PanelView};
use crate::theme::{size, space};

/// What there is to pair with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PairingView {
    /// The configuration has no `[remote]`.
    Off,
    /// It could not be started; why.
    Failed(String),
    /// It runs.
    On {
        /// Where it is.
        address: String,
        /// Whether others than this machine reach it.
        is_reachable: bool,
        /// The code, and seconds until it ends; `None` when it has ended.
        code: Option<(String, u64)>,
        /// How many are paired.
        paired: usize,
    },
}

/// Design units.
const WIDTH: f32 = 760.0;
const HEIGHT: f32 = 380.0;
const QR: f32 = 230.0;

/// Modules around the picture that stay light (ISO/IEC 18004).
const QUIET: usize = 4;

/// Draws it in the middle of `stage`.
pub fn pairing_ui(ui: &mut Ui, stage: Rect, view: &PanelView, pairing: &PairingView) -> Option<PanelAction> {
    // The wall's own words: an address and a code hide nobody.
    let pen = Pen::new(ui, view).verbatim();
    let theme = view.theme;
    pen.fill(stage, theme.ground.alpha(0.6));
    let width = pen.u(WIDTH).min(stage.width() - pen.u(space::MARGIN * 2.0));
    let card = Rect::from_center_size(stage.center(), vec2(width, pen.u(HEIGHT).min(stage.height())));
    card_ground(&pen, card);
    let inner = card.shrink(pen.u(space::MARGIN));
    let close = pen.text([inner.right(), inner.top() + pen.u(24.0)], Align::Max, "R 关闭", pen.small(), pen.u(90.0));
    let title = Style::bold(size::LARGE, theme.text);
    let room = inner.width() - close - pen.u(14.0);
    pen.text([inner.left(), inner.top() + pen.u(28.0)], Align::Min, "遥控", title, room);
    let body = Rect::from_min_max(pos2(inner.left(), inner.top() + pen.u(56.0)), inner.max);
    match pairing {
        PairingView::Off => {
            let lines =
                ["遥控未启用。在配置文件中写:", "[remote]", "listen = \"127.0.0.1:8760\"", "保存后即生效,不用重启。"];
            lines_ui(&pen, body, &lines);
        }
        PairingView::Failed(reason) => lines_ui(&pen, body, &["遥控没有启动:", reason]),
        PairingView::On { address, is_reachable, code, paired } => {
            let address_style = pen.shrunk(address, Style::bold(size::LARGE, theme.accent), body.width());
            pen.text([body.left(), body.top() + pen.u(26.0)], Align::Min, address, address_style, body.width());
            let body = Rect::from_min_max(pos2(body.left(), body.top() + pen.u(46.0)), body.max);
            let has_room = body.width() > pen.u(QR * 2.5);
            let place = Rect::from_min_max(pos2(body.right() - pen.u(QR), body.top()), body.max);
            let is_drawn = *is_reachable && has_room && qr_ui(&pen, place, address);
            let right = if is_drawn { place.left() - pen.u(space::MARGIN) } else { body.right() };
            let text = Rect::from_min_max(body.min, pos2(right, body.bottom()));
            code_ui(&pen, text, code.as_ref(), *paired, *is_reachable);
        }
    }
    clickable(ui, stage, "pairing", "关闭").clicked().then_some(PanelAction::TogglePairing)
}

fn lines_ui(pen: &Pen, rect: Rect, lines: &[&str]) {
    for (index, line) in lines.iter().enumerate() {
        let baseline = rect.top() + pen.u(24.0 + 36.0 * index as f32);
        let style = pen.shrunk(line, pen.body(), rect.width());
        pen.text([rect.left(), baseline], Align::Min, line, style, rect.width());
    }
}

fn code_ui(pen: &Pen, rect: Rect, code: Option<&(String, u64)>, paired: usize, is_reachable: bool) {
    let theme = pen.theme();
    let line = |y: f32, text: &str, style: Style| {
        pen.text([rect.left(), rect.top() + pen.u(y)], Align::Min, text, style, rect.width());
    };
    match code {
        Some((digits, secs)) => {
            let (head, tail) = digits.split_at_checked(digits.len() / 2).unwrap_or((digits, ""));
            line(76.0, &format!("{head} {tail}"), Style::bold(size::HERO, theme.text));
            line(122.0, &format!("配对码,还有 {secs} 秒,只能用一次"), pen.body());
        }
        None => line(76.0, "配对码已用过或已过期,按两次 R 换一个", pen.body()),
    }
    let others = if is_reachable { "" } else { ";只有本机能打开此网址" };
    line(164.0, &format!("已配对 {paired} 台{others}"), pen.small());
}

/// Draws an address as phones read it; tells whether it could.
fn qr_ui(pen: &Pen, place: Rect, address: &str) -> bool {
    let Ok(code) = QrCode::new(address.as_bytes()) else { return false };
    let theme = pen.theme();
    let is_light = theme.text.luminance() > theme.ground.luminance();
    let (light, dark) = if is_light { (theme.text, theme.ground) } else { (theme.ground, theme.text) };
    let side = place.width().min(place.height());
    let square = Rect::from_min_size(place.min, vec2(side, side));
    pen.fill(square, light.alpha(1.0));
    let (width, colors) = (code.width(), code.to_colors());
    let module = side / (width + QUIET * 2) as f32;
    for (row, line) in colors.chunks(width).enumerate() {
        let mut column = 0;
        for run in line.chunk_by(|a, b| a == b) {
            if run[0] == Color::Dark {
                let min = square.min + vec2((column + QUIET) as f32, (row + QUIET) as f32) * module;
                pen.fill(Rect::from_min_size(min, vec2(run.len() as f32 * module, module)), dark.alpha(1.0));
            }
            column += run.len();
        }
    }
    true
}

//! Pictures of cameras (视频巡检), with owners, and how many are online.

use bevy_egui::egui::{Align, Rect, Ui, pos2, vec2};

use super::frame::{Shows, empty, panel_frame_ui};
use super::number::count_text;
use super::pen::{Mark, Pen, Style};
use super::{CameraTile, PanelAction, PanelView};
use crate::domain::health::PartHealth;
use crate::theme::size;

/// Design units.
const GAP: f32 = 12.0;
const CAPTION: f32 = 28.0;
const FOOT: f32 = 26.0;
/// A picture narrower than this shows nothing.
const LEAST_TILE_WIDTH: f32 = 150.0;
const LEAST_TILE_HEIGHT: f32 = 72.0;
/// Three characters of an owner, and ….
const LEAST_OWNER_WIDTH: f32 = 64.0;
/// Pictures are cut to their frame, never distorted; a frame higher than this
/// would cut too much of a 16:9 picture.
const LEAST_ASPECT: f32 = 1.3;
const USUAL_ASPECT: f32 = 16.0 / 9.0;

/// Draws the pictures of the current turn in a grid and the online rate.
pub fn cameras_ui(ui: &mut Ui, rect: Rect, view: &PanelView, title: &str, health: &PartHealth) -> Option<PanelAction> {
    panel_frame_ui(ui, rect, view, title, health, Shows::Now, |_, pen, inner| {
        if view.cameras.total == 0 {
            empty(pen, inner, "尚无摄像头");
            return None;
        }
        let grid = Rect::from_min_max(inner.min, pos2(inner.right(), inner.bottom() - pen.u(FOOT)));
        if view.is_public() {
            // Whoever passes by is on them.
            empty(pen, grid, "公开模式不显示画面");
        } else if view.tiles.is_empty() {
            empty(pen, grid, "没有可取的画面");
        } else {
            for (tile, place) in view.tiles.iter().zip(places(pen, grid, view.tiles.len())) {
                tile_ui(pen, place, tile);
            }
        }
        foot_ui(pen, inner, view);
        None
    })
}

/// Places for up to `count` tiles: the number of columns that gives the
/// largest pictures.
fn places(pen: &Pen, grid: Rect, count: usize) -> Vec<Rect> {
    let gap = pen.u(GAP);
    let fit = |columns: usize| {
        let width = (grid.width() - gap * (columns - 1) as f32) / columns as f32;
        let rows = ((grid.height() + gap) / (pen.u(LEAST_TILE_HEIGHT + CAPTION) + gap)).floor().max(1.0) as usize;
        let rows = rows.min(count.div_ceil(columns));
        let height = ((grid.height() + gap) / rows as f32 - gap).min(width / LEAST_ASPECT + pen.u(CAPTION));
        (columns, rows, vec2(width, height))
    };
    let most = ((grid.width() + gap) / (pen.u(LEAST_TILE_WIDTH) + gap)).floor().max(1.0) as usize;
    // Seen picture area: a tile is no wider than its height allows.
    let area = |&(columns, rows, tile): &(usize, usize, bevy_egui::egui::Vec2)| {
        let height = (tile.y - pen.u(CAPTION)).max(0.0);
        (columns * rows).min(count) as f32 * height * tile.x.min(height * USUAL_ASPECT)
    };
    let best = (1..=most.min(count).max(1)).map(fit).max_by(|a, b| area(a).total_cmp(&area(b)));
    let Some((columns, rows, tile)) = best else { return Vec::new() };
    let places = (0..(columns * rows).min(count)).map(|index| {
        let (row, column) = (index / columns, index % columns);
        let corner = grid.min + vec2(column as f32 * (tile.x + gap), row as f32 * (tile.y + gap));
        Rect::from_min_size(corner, tile)
    });
    places.collect()
}

fn tile_ui(pen: &Pen, place: Rect, tile: &CameraTile) {
    let theme = pen.theme();
    picture_ui(pen, Rect::from_min_max(place.min, pos2(place.right(), place.bottom() - pen.u(CAPTION))), tile);
    let baseline = place.bottom() - pen.u(8.0);
    let room = place.width() * 0.4;
    // Less than three characters of an owner say nothing.
    let is_told = room >= pen.u(LEAST_OWNER_WIDTH) || pen.width(tile.owner, pen.small()) <= room;
    let owner = if is_told { tile.owner } else { "" };
    let owner = pen.text([place.right(), baseline], Align::Max, owner, pen.small(), room);
    let gap = if owner > 0.0 { pen.u(8.0) } else { 0.0 };
    let style = Style::regular(size::SMALL, theme.text);
    pen.text([place.left(), baseline], Align::Min, tile.name, style, place.width() - owner - gap);
}

/// The picture alone, or why there is none.
pub(super) fn picture_ui(pen: &Pen, picture: Rect, tile: &CameraTile) {
    pen.fill(picture, pen.theme().ground);
    match tile.texture.filter(|_| tile.online) {
        Some(texture) => pen.picture(texture, picture, covering_uv(tile.aspect, picture.aspect_ratio())),
        None => no_picture(pen, picture, tile),
    }
    pen.outline(picture, 1.0, pen.theme().hairline);
}

/// The part of a picture that covers its frame without being distorted.
fn covering_uv(aspect: f32, frame_aspect: f32) -> Rect {
    let aspect = if aspect.is_finite() && aspect > 0.0 { aspect } else { frame_aspect };
    let seen = if aspect > frame_aspect { vec2(frame_aspect / aspect, 1.0) } else { vec2(1.0, aspect / frame_aspect) };
    // The upper part of it: that is where cameras write the time.
    Rect::from_min_size(pos2(0.5 - seen.x * 0.5, 0.0), seen)
}

fn no_picture(pen: &Pen, picture: Rect, tile: &CameraTile) {
    let theme = pen.theme();
    let center = picture.center();
    let room = picture.width() - pen.u(12.0);
    let baseline = pen.baseline(center.y, size::SMALL);
    let (mark, word, color) = match (tile.online, tile.error) {
        (false, _) => (Mark::Square, "离线", theme.offline),
        (true, Some(error)) => (Mark::Triangle, error, theme.attention),
        (true, None) => (Mark::Ring, "取画面中", theme.text_secondary),
    };
    if !tile.online {
        pen.hatch(picture, theme.hairline.alpha(0.6));
    }
    let style = Style::regular(size::SMALL, color);
    pen.marked_text([center.x, baseline], Align::Center, mark, word, style, room);
}

/// 在线 6,938 / 7,100, then the owners as far as they fit.
fn foot_ui(pen: &Pen, inner: Rect, view: &PanelView) {
    let summary = view.cameras;
    let baseline = inner.bottom() - pen.u(4.0);
    let label = pen.text([inner.left(), baseline], Align::Min, "在线", pen.small(), inner.width());
    let online = count_text(summary.online as u64);
    let bold = Style::bold(size::SMALL, view.theme.text);
    let at = inner.left() + label + pen.u(6.0);
    let width = pen.text([at, baseline], Align::Min, &online, bold, inner.right() - at);
    let total = format!(" / {}", count_text(summary.total as u64));
    let at = at + width;
    let used = at + pen.text([at, baseline], Align::Min, &total, pen.small(), inner.right() - at);

    let room = inner.right() - used - pen.u(16.0);
    let mut owners = String::new();
    for owner in &summary.by_owner {
        let part = format!("{} {}/{}", owner.owner, owner.online, owner.total);
        let longer = if owners.is_empty() { part } else { format!("{owners}  {part}") };
        if pen.width(&longer, pen.small()) > room {
            break;
        }
        owners = longer;
    }
    pen.text([inner.right(), baseline], Align::Max, &owners, pen.small(), room);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_covers_its_frame_undistorted() {
        let uv = covering_uv(4.0 / 3.0, 16.0 / 9.0);
        assert_eq!(uv.width(), 1.0);
        assert!((uv.height() - 0.75).abs() < 1e-6);
        assert_eq!(covering_uv(f32::NAN, 2.0), Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0)));
    }
}

//! The arrange mode: hands drag panels over the grid of the stage.
//!
//! In: where panels stand, what was arranged so far ([`Draft`]). Out: the grid,
//! a handle over each panel with its cells, what a drag would do, and at most
//! one [`Arranging`], which the shell carries out.
//!
//! How it works: nothing is kept between frames but what egui knows of the
//! pointer. While a hand drags, the change that letting go would make is tried
//! on a copy in each frame, and either its place or the reason why not is
//! drawn; letting go asks for that change.

mod bar;
mod draft;

use bevy_egui::egui::{Align, CursorIcon, Pos2, Rect, Response, Sense, Ui, WidgetInfo, WidgetType, pos2, vec2};

use super::layout::{StageGrid, StageLayout, grid};
use super::pen::{Pen, Style};
use super::{PanelAction, PanelView};
use crate::config::Side;
use crate::theme::{size, space};
pub use draft::{Draft, Edit, Place};

/// What a hand that arranges asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arranging {
    /// Make a change.
    Change(Edit),
    /// Take the last change back.
    Undo,
    /// Write the places of the panels to the configuration file.
    Save,
    /// Leave everything as it was.
    Leave,
}

/// What the arrange mode shows.
pub struct ArrangeView<'a> {
    /// What was arranged so far.
    pub draft: &'a Draft,
    /// Why the last change was refused, or what became of saving.
    pub said: Option<&'a str>,
    /// The file that would be written; `None` where there is none.
    pub file: Option<&'a str>,
    /// Whether it is being written.
    pub is_saving: bool,
}

/// Reach of an edge that can be dragged, design units.
const EDGE: f32 = 18.0;
/// Length of the stroke on it.
const GRIP: f32 = 54.0;
/// Height of the line that names the panel.
const HEAD: f32 = 46.0;

/// What a hand holds of a panel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hold {
    /// All of it.
    Body,
    /// The edge that says how high it is.
    Height,
    /// The edge that says how wide it is.
    Width,
}

/// Draws the arrange mode over `stage`, which stands as the draft has it.
pub fn arrange_ui(
    ui: &mut Ui,
    screen: Rect,
    view: &PanelView,
    stage: &StageLayout,
    arrange: &ArrangeView,
) -> Option<PanelAction> {
    let pen = Pen::new(ui, view);
    let grid = grid(screen.size(), view.unit, arrange.draft.config(), stage);
    pen.fill(screen, view.theme.ground.alpha(0.35));
    grid_lines(&pen, &grid);
    let desk = Desk { pen: &pen, screen, stage, grid: &grid, draft: arrange.draft };
    let mut asked = None;
    let mut held = None;
    for &(panel, rect) in &stage.panels {
        desk.frame(panel, rect);
        for hold in [Hold::Body, Hold::Height, Hold::Width] {
            let response = desk.handle(ui, panel, rect, hold);
            if response.double_clicked() {
                asked = Some(Arranging::Change(Edit::Auto { panel }));
            }
            let Some(at) = response.interact_pointer_pos() else { continue };
            if response.dragged() {
                held = Some((panel, rect, hold, at));
            } else if response.drag_stopped() {
                asked = desk.edit(panel, rect, hold, at).map(Arranging::Change).or(asked);
            }
        }
    }
    if let Some((panel, rect, hold, at)) = held {
        desk.preview(ui, panel, rect, hold, at);
    }
    let asked = bar::bar_ui(ui, &pen, stage.free, view, arrange).or(asked).or_else(|| keys(ui));
    asked.map(PanelAction::Arrange)
}

/// Enter saves, Esc leaves, Ctrl+Z takes back.
fn keys(ui: &Ui) -> Option<Arranging> {
    use bevy_egui::egui::Key;
    ui.input(|input| {
        // Esc lets go of what is dragged.
        if input.key_pressed(Key::Escape) && !input.pointer.any_down() {
            Some(Arranging::Leave)
        } else if input.key_pressed(Key::Enter) {
            Some(Arranging::Save)
        } else if input.modifiers.command && input.key_pressed(Key::Z) {
            Some(Arranging::Undo)
        } else {
            None
        }
    })
}

fn grid_lines(pen: &Pen, grid: &StageGrid) {
    let color = pen.theme().accent.alpha(0.35);
    for column in &grid.columns {
        let rect = column.rect;
        pen.outline(rect, 1.5, color);
        let rows = grid.rows_of(rect.height());
        for row in 1..rows {
            let y = rect.top() + grid.row * row as f32 - grid.gutter * 0.5;
            pen.hline(rect.left(), rect.right(), y, 1.0, color.alpha(0.25));
        }
    }
    pen.outline(grid.strip, 1.5, color);
}

/// Six dots: take it here.
fn dots(pen: &Pen, at: Pos2) {
    for column in [2.0, 9.0] {
        for row in [-7.0, 0.0, 7.0] {
            pen.disc(at + vec2(pen.u(column), pen.u(row)), 2.2, pen.theme().accent);
        }
    }
}

/// What is on the desk of a hand that arranges.
struct Desk<'a> {
    pen: &'a Pen<'a>,
    screen: Rect,
    stage: &'a StageLayout,
    grid: &'a StageGrid,
    draft: &'a Draft,
}

impl Desk<'_> {
    fn title(&self, panel: usize) -> &str {
        self.draft.config().panels.get(panel).map_or("", |panel| panel.title.as_str())
    }

    /// A panel as something that can be taken: its name, its cells, its edges.
    fn frame(&self, panel: usize, rect: Rect) {
        let (pen, theme) = (self.pen, self.pen.theme());
        pen.fill(rect, theme.ground.alpha(0.92));
        pen.outline(rect, 2.0, theme.accent);
        let pen = &pen.clipped(rect);
        let pad = pen.u(space::PADDING);
        dots(pen, pos2(rect.left() + pad, rect.top() + pen.u(HEAD * 0.5)));
        let baseline = pen.baseline(rect.top() + pen.u(HEAD * 0.5), size::BODY);
        let left = rect.left() + pad + pen.u(22.0);
        let room = rect.right() - pad - left;
        let title = self.title(panel);
        let style = pen.shrunk(title, Style::bold(size::BODY, theme.text), room);
        pen.text([left, baseline], Align::Min, title, style, room);
        let [cells, height] = self.cell_words(panel, rect);
        let middle = rect.center().y + pen.u(HEAD * 0.3);
        let room = rect.width() - pad * 2.0;
        let style = pen.shrunk(&cells, Style::bold(size::LARGE, theme.accent), room);
        pen.text([rect.center().x, middle], Align::Center, &cells, style, room);
        let below = middle + pen.u(30.0);
        if below < rect.bottom() - pen.u(EDGE) {
            pen.text([rect.center().x, below], Align::Center, &height, pen.small(), room);
        }
        for hold in [Hold::Height, Hold::Width] {
            let edge = self.edge(panel, rect, hold);
            let long = pen.u(GRIP);
            let stroke = if hold == Hold::Width { vec2(pen.u(5.0), long) } else { vec2(long, pen.u(5.0)) };
            pen.fill(Rect::from_center_size(edge.center(), stroke), theme.accent);
        }
    }

    /// Where a panel stands, in words, and what its height follows from.
    fn cell_words(&self, panel: usize, rect: Rect) -> [String; 2] {
        let (side, cell) = (self.draft.side_of(panel), self.draft.cell_of(panel));
        let height = match cell.rows {
            Some(rows) => format!("高 {rows} 行"),
            None => "高度自动".to_owned(),
        };
        let Some(column) = self.grid.column_of(rect, side).filter(|_| side != Side::Bottom) else {
            return [format!("下方 · {} 份", cell.columns.unwrap_or(1)), height];
        };
        let name = if column.side == Side::Right { "右" } else { "左" };
        let covered =
            self.grid.columns.iter().filter(|other| rect.x_range().contains(other.rect.center().x)).count() as u32;
        let columns = match covered {
            0 | 1 => format!("{name} {} 列", column.number),
            _ => format!("{name} {}–{} 列", column.number, column.number + covered - 1),
        };
        let [first, last] = self.grid.rows_in(rect, column);
        let rows = if first == last { format!("第 {first} 行") } else { format!("第 {first}–{last} 行") };
        [format!("{columns} · {rows}"), height]
    }

    /// The edge by which a panel is made higher or wider: the one that looks to
    /// the map, and its foot.
    fn edge(&self, panel: usize, rect: Rect, hold: Hold) -> Rect {
        let reach = self.pen.u(EDGE);
        let is_below = self.draft.side_of(panel) == Side::Bottom;
        let is_right = self.draft.side_of(panel) == Side::Right;
        let [mut min, mut max] = [rect.min, rect.max];
        match hold {
            Hold::Body => {}
            Hold::Height if is_below => max.y = min.y + reach,
            Hold::Height => min.y = max.y - reach,
            Hold::Width if is_right => max.x = min.x + reach,
            Hold::Width => min.x = max.x - reach,
        }
        Rect::from_min_max(min, max)
    }

    fn handle(&self, ui: &Ui, panel: usize, rect: Rect, hold: Hold) -> Response {
        let (sense, cursor, what) = match hold {
            Hold::Body => (Sense::click_and_drag(), CursorIcon::Grab, "移动"),
            Hold::Height => (Sense::drag(), CursorIcon::ResizeVertical, "高度"),
            Hold::Width => (Sense::drag(), CursorIcon::ResizeHorizontal, "宽度"),
        };
        let id = ui.id().with(("arrange", panel, what));
        let response = ui.interact(self.edge(panel, rect, hold), id, sense);
        let name = format!("{what}:{}", self.title(panel));
        response.widget_info(|| WidgetInfo::labeled(WidgetType::Button, true, &name));
        response.on_hover_and_drag_cursor(cursor)
    }

    /// The change that letting go at `at` makes; none where there is no place.
    fn edit(&self, panel: usize, rect: Rect, hold: Hold, at: Pos2) -> Option<Edit> {
        let side = self.draft.side_of(panel);
        match hold {
            Hold::Height => {
                let height = if side == Side::Bottom { rect.bottom() - at.y } else { at.y - rect.top() };
                Some(Edit::Rows { panel, rows: self.grid.rows_of(height) })
            }
            Hold::Width => {
                let width = if side == Side::Right { rect.right() - at.x } else { at.x - rect.left() };
                if side == Side::Bottom {
                    return Some(Edit::Columns { panel, columns: self.draft.parts_for(self.stage, panel, width) });
                }
                let column = self.grid.column_of(rect, side)?.rect.width();
                let columns = ((width + self.grid.gutter) / (column + self.grid.gutter)).round().max(1.0);
                Some(Edit::Columns { panel, columns: columns as u32 })
            }
            Hold::Body => {
                let (to, along) = self.place_at(at)?;
                let key = |rect: &Rect| if to == Place::Strip { rect.center().x } else { rect.center().y };
                let standing = self.draft.standing(self.stage, self.grid, to);
                let before = standing.iter().find(|(other, rect)| *other != panel && key(rect) > along);
                Some(Edit::Move { panel, to, before: before.map(|(other, _)| *other) })
            }
        }
    }

    /// The column or the strip at a place, and how far along it that is.
    fn place_at(&self, at: Pos2) -> Option<(Place, f32)> {
        // Columns that nobody uses begin above the strip.
        if self.grid.strip.contains(at) {
            return Some((Place::Strip, at.x));
        }
        let column = self.grid.column_at(at)?;
        Some((Place::Column { side: column.side, number: column.number }, at.y))
    }

    /// What the hand holds, and what letting go would do.
    fn preview(&self, ui: &Ui, panel: usize, rect: Rect, hold: Hold, at: Pos2) {
        let (pen, theme) = (self.pen, self.pen.theme());
        if hold == Hold::Body {
            let from = ui.input(|input| input.pointer.press_origin()).unwrap_or(at);
            pen.fill(rect.translate(at - from), theme.accent.alpha(0.18));
        }
        let tried = self.edit(panel, rect, hold, at).map(|edit| self.draft.trial(edit, self.screen.size()));
        let place = |stage: &StageLayout| stage.panels.iter().find(|(shown, _)| *shown == panel).map(|(_, rect)| *rect);
        match tried {
            Some(Ok(stage)) => {
                let Some(rect) = place(&stage) else { return };
                pen.fill(rect, theme.accent.alpha(0.12));
                pen.outline(rect, 4.0, theme.good);
            }
            Some(Err(reason)) => self.refused(rect, at, &reason),
            None => self.refused(rect, at, "放到左右的列里,或地图下方"),
        }
    }

    /// Why letting go would do nothing, beside the hand.
    fn refused(&self, rect: Rect, at: Pos2, reason: &str) {
        let (pen, theme) = (self.pen, self.pen.theme());
        pen.outline(rect, 4.0, theme.alarm);
        let style = Style::bold(size::BODY, theme.text);
        let pad = pen.u(space::PADDING);
        let width = pen.width(reason, style).min(self.screen.width() - pad * 4.0);
        let extent = vec2(width + pad * 2.0, pen.u(46.0));
        let corner = at + vec2(pen.u(18.0), pen.u(18.0));
        let most = self.screen.max - extent;
        let chip = Rect::from_min_size(pos2(corner.x.min(most.x), corner.y.min(most.y)), extent);
        pen.fill(chip, theme.ground.alpha(0.97));
        pen.outline(chip, 2.0, theme.alarm);
        let baseline = pen.baseline(chip.center().y, size::BODY);
        pen.text([chip.left() + pad, baseline], Align::Min, reason, style, width + 1.0);
    }
}

//! What a hand has arranged so far, and what it may arrange next.
//!
//! In: the configuration, the panels of the scene, [`Edit`]s. Out: the
//! configuration with its panels in their new places, or why one cannot stand
//! there. Pure: nothing is written.
//!
//! How it works: an edit is made on a copy and laid out. It is refused when a
//! panel would not be shown any more, or is not as large as the hand wanted
//! it. On a stage on which panels flow through several columns, the first edit
//! gives every panel of that side the column that it stands in, so that only
//! what the hand moves moves.

use bevy_egui::egui::{Rect, Vec2};

use crate::config::{Cell, Config, STAGE_ROWS, Side};
use crate::panels::layout::{GridColumn, StageGrid, StageLayout, grid, layout, unit_for};

/// One change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edit {
    /// Puts a panel somewhere.
    Move {
        /// Index into [`Config::panels`], as everywhere here.
        panel: usize,
        /// Where.
        to: Place,
        /// Before this one of those that stand there; `None` = behind them.
        before: Option<usize>,
    },
    /// Makes a panel so many rows high.
    Rows {
        /// Which.
        panel: usize,
        /// Rows.
        rows: u32,
    },
    /// Makes a panel so many columns wide; under the map so many parts of the
    /// width.
    Columns {
        /// Which.
        panel: usize,
        /// Columns or parts.
        columns: u32,
    },
    /// Makes a panel as high as there is room, and one column wide.
    Auto {
        /// Which.
        panel: usize,
    },
    /// Forgets all columns, widths and heights that were given.
    AllAuto,
}

/// Where a panel may be put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a column, by its number from the edge of the side.
    Column {
        /// Side of the stage.
        side: Side,
        /// From 1.
        number: u32,
    },
    /// Under the map.
    Strip,
}

/// Places of all panels, and the order of those of the scene.
#[derive(Clone, Debug, PartialEq)]
struct Arrangement {
    places: Vec<(Side, Cell)>,
    order: Vec<usize>,
}

/// What a hand has arranged so far.
#[derive(Clone, Debug)]
pub struct Draft {
    config: Config,
    order: Vec<usize>,
    first: Arrangement,
    past: Vec<Arrangement>,
}

impl Draft {
    /// Begins with what `config` shows of `visible`.
    pub fn of(config: &Config, visible: &[usize]) -> Self {
        let places = config.panels.iter().map(|panel| (panel.side, panel.cell)).collect();
        let first = Arrangement { places, order: visible.to_vec() };
        Self { config: config.clone(), order: visible.to_vec(), first, past: Vec::new() }
    }

    /// The configuration with the panels where they are now.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The panels of the scene in their order now.
    pub fn visible(&self) -> &[usize] {
        &self.order
    }

    /// Makes a change.
    ///
    /// # Errors
    /// Why it is refused, for the person who wanted it.
    pub fn change(&mut self, edit: Edit, screen: Vec2) -> Result<(), String> {
        let (next, _) = self.tried(edit, screen)?;
        let now = self.now();
        if next != now {
            self.past.push(now);
            self.put(next);
        }
        Ok(())
    }

    /// Where everything would stand after a change.
    ///
    /// # Errors
    /// As [`Self::change`].
    pub fn trial(&self, edit: Edit, screen: Vec2) -> Result<StageLayout, String> {
        self.tried(edit, screen).map(|(_, layout)| layout)
    }

    /// Takes the last change back; tells whether there was one.
    pub fn undo(&mut self) -> bool {
        let before = self.past.pop();
        let is_undone = before.is_some();
        if let Some(before) = before {
            self.put(before);
        }
        is_undone
    }

    /// Whether there is a change to take back.
    pub fn can_undo(&self) -> bool {
        !self.past.is_empty()
    }

    /// The panels whose place, width or height is another than at first.
    pub fn moved(&self) -> Vec<usize> {
        let now = self.now();
        (0..now.places.len()).filter(|&panel| now.places[panel] != self.first.places[panel]).collect()
    }

    /// Whether the panels of the scene follow each other otherwise than at first.
    pub fn is_reordered(&self) -> bool {
        self.order != self.first.order
    }

    /// The panels that stand somewhere, in the order in which hands see them.
    pub fn standing(&self, placed: &StageLayout, grid: &StageGrid, at: Place) -> Vec<(usize, Rect)> {
        let is_there = |&(panel, rect): &(usize, Rect)| match at {
            Place::Strip => self.side_of(panel) == Side::Bottom,
            Place::Column { side, number } => {
                let is_it = |column: &GridColumn| (column.side, column.number) == (side, number);
                let covers = |column: &GridColumn| rect.x_range().contains(column.rect.center().x);
                self.side_of(panel) != Side::Bottom && grid.columns.iter().any(|column| is_it(column) && covers(column))
            }
        };
        let mut found: Vec<(usize, Rect)> = placed.panels.iter().copied().filter(is_there).collect();
        let key = |rect: &Rect| if at == Place::Strip { rect.left() } else { rect.top() };
        found.sort_by(|a, b| key(&a.1).total_cmp(&key(&b.1)));
        found
    }

    /// The part of the strip under the map that makes a panel about so wide.
    pub fn parts_for(&self, placed: &StageLayout, panel: usize, width: f32) -> u32 {
        let beside = placed.panels.iter().filter(|(other, _)| self.side_of(*other) == Side::Bottom);
        let (mut others, mut whole) = (0, 0.0);
        for &(other, rect) in beside {
            whole += rect.width();
            others += if other == panel { 0 } else { self.cell_of(other).columns.unwrap_or(1) };
        }
        let off = |parts: u32| (whole * parts as f32 / (parts + others) as f32 - width).abs();
        (1..=STAGE_ROWS).min_by(|a, b| off(*a).total_cmp(&off(*b))).unwrap_or(1)
    }

    /// Side of a panel now.
    pub fn side_of(&self, panel: usize) -> Side {
        self.config.panels.get(panel).map(|panel| panel.side).unwrap_or_default()
    }

    /// What a panel was given of the grid.
    pub fn cell_of(&self, panel: usize) -> Cell {
        self.config.panels.get(panel).map(|panel| panel.cell).unwrap_or_default()
    }

    fn now(&self) -> Arrangement {
        let places = self.config.panels.iter().map(|panel| (panel.side, panel.cell)).collect();
        Arrangement { places, order: self.order.clone() }
    }

    fn put(&mut self, arrangement: Arrangement) {
        place(&mut self.config, &arrangement);
        self.order = arrangement.order;
    }

    fn tried(&self, edit: Edit, screen: Vec2) -> Result<(Arrangement, StageLayout), String> {
        let unit = unit_for(screen);
        let before = layout(screen, unit, &self.config, &self.order);
        let grid = grid(screen, unit, &self.config, &before);
        let next = self.edited(edit, &before, &grid);
        let mut config = self.config.clone();
        place(&mut config, &next);
        let after = layout(screen, unit, &config, &next.order);
        self.check(edit, &before, &after, &grid)?;
        Ok((next, after))
    }

    /// The arrangement with a change in it, whatever comes of that.
    fn edited(&self, edit: Edit, before: &StageLayout, grid: &StageGrid) -> Arrangement {
        let mut next = self.now();
        match edit {
            Edit::Rows { panel, rows } => next.places[panel].1.rows = Some(rows.clamp(1, STAGE_ROWS)),
            Edit::Columns { panel, columns } => {
                self.keep_columns(&mut next, before, grid, &[self.side_of(panel)]);
                next.places[panel].1.columns = Some(columns).filter(|&columns| columns > 1);
            }
            Edit::Auto { panel } => {
                let cell = &mut next.places[panel].1;
                *cell = Cell { column: cell.column, ..Cell::default() };
            }
            Edit::AllAuto => next.places.iter_mut().for_each(|(_, cell)| *cell = Cell::default()),
            Edit::Move { panel, to, before: anchor } => {
                let side = if let Place::Column { side, .. } = to { side } else { Side::Bottom };
                self.keep_columns(&mut next, before, grid, &[self.side_of(panel), side]);
                put_into(&mut next.places[panel], to, grid);
                let mut there = self.standing(before, grid, to);
                there.retain(|(other, _)| *other != panel);
                reorder(&mut next.order, panel, anchor, there.last().map(|(last, _)| *last));
            }
        }
        next
    }

    /// Gives the panels of these sides the columns that they stand in, where
    /// they would flow otherwise.
    fn keep_columns(&self, next: &mut Arrangement, before: &StageLayout, grid: &StageGrid, sides: &[Side]) {
        for &(panel, rect) in &before.panels {
            let side = self.side_of(panel);
            if !grid.flows(side) || !(grid.is_shared || sides.contains(&side)) {
                continue;
            }
            if let Some(column) = grid.column_of(rect, side) {
                let (own_side, cell) = &mut next.places[panel];
                *own_side = column.side;
                cell.column = Some(column.number);
            }
        }
    }

    /// Why a change is not to be made.
    fn check(&self, edit: Edit, before: &StageLayout, after: &StageLayout, grid: &StageGrid) -> Result<(), String> {
        let rect_of = |panel: usize| after.panels.iter().find(|(shown, _)| *shown == panel).map(|(_, rect)| *rect);
        let title = |panel: usize| self.config.panels.get(panel).map_or("", |panel| panel.title.as_str());
        let lost = before.panels.iter().filter(|(panel, _)| rect_of(*panel).is_none());
        let lost: Vec<String> = lost.map(|(panel, _)| format!("“{}”", title(*panel))).collect();
        if !lost.is_empty() {
            return Err(format!("放不下:{}会显示不出", lost.join("、")));
        }
        match edit {
            Edit::Rows { panel, rows } => {
                let Some(rect) = rect_of(panel) else { return Ok(()) };
                let (wanted, found) = (grid.height_of(rows), rect.height());
                let exact = (found + grid.gutter) / grid.row;
                if found > wanted + grid.row * 0.25 {
                    return Err(format!("“{}”至少要 {} 行", title(panel), (exact - 0.01).ceil()));
                }
                if found < wanted - grid.row * 0.25 {
                    return Err(format!("放不下 {rows} 行:这里最多 {} 行", (exact + 0.01).floor()));
                }
            }
            Edit::Columns { panel, columns } if self.side_of(panel) != Side::Bottom => {
                let covered = rect_of(panel).map_or(0, |rect| {
                    grid.columns.iter().filter(|column| rect.x_range().contains(column.rect.center().x)).count()
                });
                if covered < columns as usize {
                    return Err(format!("跨不了 {columns} 列:没有这么多列,或前面是拼缝"));
                }
            }
            _ => {}
        }
        Ok(())
    }
}

fn place(config: &mut Config, arrangement: &Arrangement) {
    for (panel, &(side, cell)) in config.panels.iter_mut().zip(&arrangement.places) {
        (panel.side, panel.cell) = (side, cell);
    }
}

/// Puts a panel somewhere else; what it was given there means nothing here.
fn put_into((side, cell): &mut (Side, Cell), to: Place, grid: &StageGrid) {
    let (new_side, number) = match to {
        Place::Strip => (Side::Bottom, None),
        Place::Column { side, number } => (side, Some(number)),
    };
    if (*side == Side::Bottom) != (new_side == Side::Bottom) {
        *cell = Cell::default();
    }
    if grid.flows(new_side) {
        cell.column = number;
    } else if *side != new_side {
        cell.column = None;
    }
    *side = new_side;
    let there = if grid.is_shared { grid.columns.len() } else { grid.count_of(new_side) };
    let has_room = |columns: &u32| number.is_none_or(|number| (number + columns - 1) as usize <= there);
    cell.columns = cell.columns.filter(has_room);
}

/// Moves a panel before another, or behind the last of those that stand where
/// it goes.
fn reorder(order: &mut Vec<usize>, panel: usize, before: Option<usize>, last: Option<usize>) {
    let Some(was) = order.iter().position(|&known| known == panel) else { return };
    order.remove(was);
    let at = |wanted: usize| order.iter().position(|&known| known == wanted);
    let place = match (before.and_then(at), last.and_then(at)) {
        (Some(before), _) => before,
        (None, Some(last)) => last + 1,
        (None, None) => was,
    };
    order.insert(place, panel);
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use bevy_egui::egui::vec2;

    use super::*;

    const WIDE: Vec2 = vec2(3_840.0, 1_080.0);
    const USUAL: Vec2 = vec2(1_920.0, 1_080.0);
    const PORTRAIT: Vec2 = vec2(1_080.0, 1_920.0);

    fn draft() -> Draft {
        draft_of(&[0, 1, 2, 3, 4, 5, 6, 7])
    }

    fn draft_of(visible: &[usize]) -> Draft {
        let panel = |id: &str, kind: &str| format!("[[panels]]\nid = \"{id}\"\nkind = \"{kind}\"\n");
        let text = [
            "[[sources]]\nid = \"e\"\nfeed = \"events\"\nkind = \"file\"\npath = \"e.csv\"\n".to_owned(),
            panel("key", "key-figures"),
            panel("loop", "closed-loop"),
            panel("classes", "categories"),
            panel("live", "live-events"),
            panel("ranking", "ranking"),
            panel("trend", "trend"),
            panel("devices", "devices"),
            panel("axis", "time-axis"),
        ]
        .concat();
        let config = Config::parse(&text, Path::new("t.toml")).unwrap_or_else(|error| panic!("{error}"));
        Draft::of(&config, visible)
    }

    fn shown(draft: &Draft, screen: Vec2) -> StageLayout {
        layout(screen, unit_for(screen), draft.config(), draft.visible())
    }

    fn rect(draft: &Draft, screen: Vec2, panel: usize) -> Rect {
        shown(draft, screen).panels.iter().find(|(known, _)| *known == panel).expect("is shown").1
    }

    const fn column(side: Side, number: u32) -> Place {
        Place::Column { side, number }
    }

    #[test]
    fn only_what_a_hand_moves_moves() {
        let mut draft = draft();
        let before = shown(&draft, WIDE);
        draft.change(Edit::Move { panel: 4, to: column(Side::Right, 3), before: None }, WIDE).unwrap();
        let grid = grid(WIDE, 1.0, draft.config(), &before);
        let place = |draft: &Draft, panel: usize| {
            let at = rect(draft, WIDE, panel);
            grid.column_of(at, draft.side_of(panel)).map(|column| (column.side, column.number))
        };
        assert_eq!(place(&draft, 4), Some((Side::Right, 3)));
        for panel in [3, 5, 6] {
            let was = before.panels.iter().find(|(known, _)| *known == panel).expect("is shown").1;
            assert_eq!(rect(&draft, WIDE, panel).left(), was.left(), "{panel}");
        }
        // The other side was not touched and is not given columns.
        assert_eq!(draft.moved(), [3, 4, 5, 6]);
        assert!(draft.undo() && !draft.undo() && draft.moved().is_empty());
        assert_eq!(shown(&draft, WIDE), before);
    }

    #[test]
    fn on_one_column_only_the_order_changes() {
        let mut draft = draft();
        draft.change(Edit::Move { panel: 2, to: column(Side::Left, 1), before: Some(0) }, USUAL).unwrap();
        assert_eq!((draft.visible(), draft.moved()), (&[2, 0, 1, 3, 4, 5, 6, 7][..], vec![]));
        assert!(rect(&draft, USUAL, 2).top() < rect(&draft, USUAL, 0).top());
        // To its own place: nothing to undo.
        let past = draft.past.len();
        draft.change(Edit::Move { panel: 2, to: column(Side::Left, 1), before: Some(0) }, USUAL).unwrap();
        assert_eq!(draft.past.len(), past);
    }

    #[test]
    fn rows_and_columns_are_what_the_hand_wanted_or_are_refused() {
        let mut draft = draft();
        draft.change(Edit::Rows { panel: 5, rows: 3 }, WIDE).unwrap();
        assert_eq!(rect(&draft, WIDE, 5).height(), 3.0 * 82.0 - 16.0);
        assert_eq!(draft.change(Edit::Rows { panel: 0, rows: 2 }, WIDE), Err("“核心指标”至少要 5 行".into()));
        let full = draft.change(Edit::Rows { panel: 5, rows: 12 }, USUAL).unwrap_err();
        assert!(full.starts_with("放不下 12 行:这里最多"), "{full}");
        draft.change(Edit::Columns { panel: 3, columns: 2 }, WIDE).unwrap();
        assert_eq!(rect(&draft, WIDE, 3).width(), 832.0 + 16.0);
        assert!(draft.change(Edit::Columns { panel: 3, columns: 4 }, WIDE).is_err());
        draft.change(Edit::Auto { panel: 3 }, WIDE).unwrap();
        assert_eq!(rect(&draft, WIDE, 3).width(), 416.0);
        draft.change(Edit::AllAuto, WIDE).unwrap();
        assert!(draft.moved().is_empty());
    }

    #[test]
    fn what_would_hide_another_is_refused() {
        let mut draft = draft();
        let reason =
            draft.change(Edit::Move { panel: 0, to: column(Side::Right, 1), before: None }, USUAL).unwrap_err();
        assert_eq!(reason, "放不下:“核心指标”会显示不出");
        assert!(draft.moved().is_empty() && !draft.can_undo());
    }

    #[test]
    fn the_strip_is_shared_by_parts() {
        let mut draft = draft();
        draft.change(Edit::Move { panel: 5, to: Place::Strip, before: Some(7) }, WIDE).unwrap();
        assert!(rect(&draft, WIDE, 5).right() < rect(&draft, WIDE, 7).left());
        let placed = shown(&draft, WIDE);
        let whole = rect(&draft, WIDE, 5).width() + rect(&draft, WIDE, 7).width();
        let parts = draft.parts_for(&placed, 7, whole * 0.75);
        assert_eq!(parts, 3);
        draft.change(Edit::Columns { panel: 7, columns: parts }, WIDE).unwrap();
        let share = rect(&draft, WIDE, 7).width() / rect(&draft, WIDE, 5).width();
        assert!((share - 3.0).abs() < 0.02, "{share}");
        // Back among the columns it has a height of its own again.
        draft.change(Edit::Move { panel: 5, to: column(Side::Right, 1), before: None }, WIDE).unwrap();
        assert_eq!(draft.cell_of(5), Cell { column: Some(1), ..Cell::default() });
    }

    #[test]
    fn in_portrait_both_sides_share_the_columns() {
        let mut draft = draft_of(&[1, 2, 3, 4, 7]);
        draft.change(Edit::Move { panel: 2, to: column(Side::Right, 1), before: None }, PORTRAIT).unwrap();
        assert_eq!(draft.side_of(2), Side::Right);
        assert!(rect(&draft, PORTRAIT, 2).left() > PORTRAIT.x * 0.5);
    }
}

//! Hands that arrange panels: what they hold, where they let go, what comes of
//! it; and that the mode is tidy on all screens.

use std::cell::RefCell;

use bevy_egui::egui::{Key, PointerButton};
use quanyu::config::Side;
use quanyu::panels::{ArrangeView, Arranging, Draft, Edit, Place, StageGrid, arrange_ui, grid};

use super::*;

const WIDE: Vec2 = vec2(3_840.0, 1_080.0);

/// A wall that is being arranged.
struct Arranged {
    world: World,
    draft: Draft,
    screen: Vec2,
}

impl Arranged {
    fn new(mood: Mood, screen: Vec2) -> Self {
        let world = World::new(mood);
        let visible: Vec<usize> = (0..world.config.panels.len()).collect();
        Self { draft: Draft::of(&world.config, &visible), world, screen }
    }

    fn stage(&self) -> StageLayout {
        layout(self.screen, unit_for(self.screen), self.draft.config(), self.draft.visible())
    }

    fn grid(&self) -> StageGrid {
        grid(self.screen, unit_for(self.screen), self.draft.config(), &self.stage())
    }

    /// Index and place of a panel.
    fn panel(&self, id: &str) -> (usize, Rect) {
        let is_it = |(index, _): &&(usize, Rect)| self.world.config.panels[*index].id == id;
        *self.stage().panels.iter().find(is_it).expect("is shown")
    }

    fn draw(&self, ui: &mut Ui, file: Option<&str>, said: Option<&str>) -> Option<PanelAction> {
        let view = ArrangeView { draft: &self.draft, said, file, is_saving: false };
        let all = Rect::from_min_size(Pos2::ZERO, self.screen);
        arrange_ui(ui, all, &self.world.view(unit_for(self.screen)), &self.stage(), &view)
    }

    fn drag(&self, ctx: &egui::Context, from: Pos2, to: Pos2) -> Option<Edit> {
        let way = [from, from.lerp(to, 0.5), to];
        let asked = drag(ctx, self.screen, &way, |ui| self.draw(ui, Some("config.toml"), None));
        match asked? {
            PanelAction::Arrange(Arranging::Change(edit)) => Some(edit),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn the_arrange_mode_is_tidy_on_all_screens() {
    let Some(ctx) = context() else { return };
    for mood in MOODS {
        for [width, height] in SCREENS {
            let arranged = Arranged::new(mood, vec2(width, height));
            let all = Rect::from_min_size(Pos2::ZERO, arranged.screen);
            for (file, said) in [(Some(LONG), None), (None, None), (Some("config.toml"), Some(LONG))] {
                let drawn = shapes(&ctx, arranged.screen, Vec::new(), |ui| {
                    arranged.draw(ui, file, said);
                });
                assert_tidy(&drawn, all, unit_for(arranged.screen), &format!("{mood:?} {width}×{height}"));
                let words = words(&drawn);
                assert_eq!(file.is_none(), words.contains("没有配置文件"), "{words}");
            }
        }
    }
}

#[test]
fn a_panel_goes_where_it_is_let_go() {
    let Some(ctx) = context() else { return };
    let arranged = Arranged::new(Mood::Usual, WIDE);
    let grid = arranged.grid();
    let (ranking, rect) = arranged.panel("ranking");
    let inmost = grid.columns.iter().find(|column| (column.side, column.number) == (Side::Right, 3)).expect("has room");
    let to = Place::Column { side: Side::Right, number: 3 };
    let edit = arranged.drag(&ctx, rect.center(), inmost.rect.center());
    assert_eq!(edit, Some(Edit::Move { panel: ranking, to, before: None }));
    // Above the first of another column.
    let (live, above) = arranged.panel("live");
    let column = grid.column_of(above, Side::Right).expect("stands in one");
    let to = Place::Column { side: Side::Right, number: column.number };
    let edit = arranged.drag(&ctx, rect.center(), pos2(above.center().x, above.top() + 8.0));
    assert_eq!(edit, Some(Edit::Move { panel: ranking, to, before: Some(live) }));
    // Under the map, left of what stands there.
    let (axis, strip) = arranged.panel("axis");
    let edit = arranged.drag(&ctx, rect.center(), strip.left_center() + vec2(30.0, 0.0));
    assert_eq!(edit, Some(Edit::Move { panel: ranking, to: Place::Strip, before: Some(axis) }));
    // On the map is no place.
    assert_eq!(arranged.drag(&ctx, rect.center(), arranged.stage().free.center()), None);
}

#[test]
fn edges_make_panels_higher_and_wider() {
    let Some(ctx) = context() else { return };
    let arranged = Arranged::new(Mood::Usual, WIDE);
    let grid = arranged.grid();
    let (trend, rect) = arranged.panel("trend");
    let foot = pos2(rect.center().x, rect.bottom() - 4.0);
    let edit = arranged.drag(&ctx, foot, pos2(foot.x, rect.top() + grid.height_of(4)));
    assert_eq!(edit, Some(Edit::Rows { panel: trend, rows: 4 }));
    // The edge that looks to the map is the left one on the right side.
    let (live, rect) = arranged.panel("live");
    let edge = pos2(rect.left() + 4.0, rect.center().y);
    let edit = arranged.drag(&ctx, edge, pos2(rect.right() - 2.0 * 416.0 - 16.0, edge.y));
    assert_eq!(edit, Some(Edit::Columns { panel: live, columns: 2 }));
    // The strip grows upwards.
    let (axis, rect) = arranged.panel("axis");
    let head = pos2(rect.center().x, rect.top() + 4.0);
    let edit = arranged.drag(&ctx, head, pos2(head.x, rect.bottom() - grid.height_of(3)));
    assert_eq!(edit, Some(Edit::Rows { panel: axis, rows: 3 }));
}

#[test]
fn what_would_be_refused_is_said_while_it_is_held() {
    let Some(ctx) = context() else { return };
    let arranged = Arranged::new(Mood::Usual, WIDE);
    let (_, rect) = arranged.panel("key");
    let foot = pos2(rect.center().x, rect.bottom() - 4.0);
    let press = |pressed| Event::PointerButton {
        pos: foot,
        button: PointerButton::Primary,
        pressed,
        modifiers: Modifiers::NONE,
    };
    let step = |events: Vec<Event>| {
        words(&shapes(&ctx, arranged.screen, events, |ui| {
            arranged.draw(ui, Some("config.toml"), None);
        }))
    };
    step(vec![Event::PointerMoved(foot)]);
    step(vec![press(true)]);
    step(vec![Event::PointerMoved(pos2(foot.x, rect.top() + 60.0))]);
    let held = step(vec![Event::PointerMoved(pos2(foot.x, rect.top() + 40.0))]);
    assert!(held.contains("“今日要情”至少要"), "{held}");
    assert!(!step(vec![press(false)]).contains("至少要"));
}

#[test]
fn keys_save_leave_and_take_back() {
    let Some(ctx) = context() else { return };
    let arranged = Arranged::new(Mood::Usual, WIDE);
    let key = |key| Event::Key { key, physical_key: None, pressed: true, repeat: false, modifiers: Modifiers::NONE };
    let answer = RefCell::new(None);
    for (events, expected) in [
        (vec![key(Key::Enter)], Some(Arranging::Save)),
        (vec![key(Key::Escape)], Some(Arranging::Leave)),
        (vec![key(Key::Z)], None),
        (vec![Event::ModifiersChanged(Modifiers::COMMAND), key(Key::Z)], Some(Arranging::Undo)),
    ] {
        shapes(&ctx, arranged.screen, events, |ui| {
            answer.replace(arranged.draw(ui, Some("config.toml"), None));
        });
        assert_eq!(answer.take(), expected.map(PanelAction::Arrange));
    }
}

#[test]
fn buttons_do_what_they_say_when_there_is_something_to_do() {
    let Some(fonts) = fonts() else { return };
    let arranged = RefCell::new(Arranged::new(Mood::Usual, WIDE));
    let asked = RefCell::new(Vec::new());
    let bold = egui::FontFamily::Name(BOLD_FAMILY.into());
    let mut harness = Harness::builder().with_size(WIDE).build_ui(|ui| {
        // The fonts are there from the second pass on.
        if !ui.ctx().fonts(|known| known.families().contains(&bold)) {
            ui.ctx().set_fonts(fonts.clone());
            return;
        }
        asked.borrow_mut().extend(arranged.borrow().draw(ui, Some("config.toml"), None));
    });
    let mut answers = |name: &str| {
        asked.borrow_mut().clear();
        harness.run_steps(2);
        harness.get_by_label(name).click();
        harness.run_steps(2);
        asked.borrow().clone()
    };
    assert_eq!(answers("放弃"), [PanelAction::Arrange(Arranging::Leave)]);
    for name in ["保存", "撤销"] {
        assert_eq!(answers(name), [], "{name}: nothing was changed");
    }
    let (trend, _) = arranged.borrow().panel("trend");
    arranged.borrow_mut().draft.change(Edit::Rows { panel: trend, rows: 4 }, WIDE).expect("there is room");
    for (name, what) in
        [("保存", Arranging::Save), ("撤销", Arranging::Undo), ("全部自动", Arranging::Change(Edit::AllAuto))]
    {
        assert_eq!(answers(name), [PanelAction::Arrange(what)], "{name}");
    }
}

#[test]
fn panels_stand_in_the_cells_that_they_were_given_on_every_screen() {
    for [width, height] in SCREENS.into_iter().chain([[7_680.0, 1_080.0]]) {
        let mut arranged = Arranged::new(Mood::Usual, vec2(width, height));
        let mut world = World::new(Mood::Usual);
        for (index, column, columns, rows) in [
            (0, 1, 1, Some(5)),
            (1, 2, 1, None),
            (2, 2, 1, Some(3)),
            (4, 1, 2, None),
            (5, 2, 2, Some(5)),
            (6, 1, 1, None),
        ] {
            let cell = &mut world.config.panels[index].cell;
            (cell.column, cell.columns, cell.rows) = (Some(column), Some(columns), rows);
        }
        let visible: Vec<usize> = (0..world.config.panels.len()).collect();
        arranged.draft = Draft::of(&world.config, &visible);
        let (stage, grid) = (arranged.stage(), arranged.grid());
        let all = Rect::from_min_size(Pos2::ZERO, arranged.screen);
        assert_eq!(stage.panels.len() + stage.hidden, visible.len());
        for (position, (index, rect)) in stage.panels.iter().enumerate() {
            assert!(all.contains_rect(*rect), "{rect:?} on {width}×{height}");
            let others = stage.panels[..position].iter().map(|(_, other)| *other).chain([stage.header, stage.free]);
            for other in others {
                assert!(!rect.intersect(other).is_positive(), "{index}: {rect:?} and {other:?} on {width}×{height}");
            }
        }
        let column_of = |panel: usize, side: Side| {
            let (_, rect) = stage.panels.iter().find(|(index, _)| *index == panel)?;
            grid.column_of(*rect, side).map(|column| (column.side, column.number))
        };
        if width / height >= 2.1 {
            assert_eq!(column_of(0, Side::Left), Some((Side::Left, 1)), "{width}×{height}");
            assert_eq!(column_of(1, Side::Left), Some((Side::Left, 2)), "{width}×{height}");
            assert_eq!(column_of(5, Side::Right), Some((Side::Right, 2)), "{width}×{height}");
        }
    }
}

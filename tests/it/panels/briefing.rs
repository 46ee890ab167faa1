//! A briefing on the wall and its notes beside it: tidy on all screens, words
//! whole, buttons that lead where they say.

use quanyu::panels::{BriefingView, NotesView, briefing_ui, notes_ui, take_briefing_strip};

use super::*;

/// As long as the configuration allows.
const LONGEST: &str = "今天早上七点到九点,湖东、玲珑两个社区的积水事件明显多于往常,请各社区先查泵站,再查井盖,中午以前把结果报到指挥中心。";

fn briefing(step: usize, steps: usize, caption: Option<&'static str>) -> BriefingView<'static> {
    BriefingView { name: "街道晨会", step, steps, caption }
}

/// The stage with its strip.
fn presented(world: &World, screen: Vec2) -> (f32, StageLayout, Option<Rect>) {
    let (unit, mut stage) = stage(world, screen);
    let strip = take_briefing_strip(&mut stage, unit);
    (unit, stage, strip)
}

#[test]
fn the_strip_is_tidy_on_all_screens() {
    let Some(ctx) = context() else { return };
    for mood in [Mood::Usual, Mood::LongNames] {
        let world = World::new(mood);
        for [width, height] in SCREENS {
            let screen = vec2(width, height);
            let (unit, stage, strip) = presented(&world, screen);
            let strip = strip.unwrap_or_else(|| panic!("no room on {width}×{height}"));
            assert!(!strip.intersect(stage.free).is_positive(), "the map keeps out of {strip:?}");
            assert!(stage.panels.iter().all(|(_, panel)| !strip.intersect(*panel).is_positive()), "and panels do");
            for caption in [None, Some("先看积水"), Some(LONGEST)] {
                for (step, steps) in [(0, 1), (2, 7), (199, 200)] {
                    let name = if mood == Mood::LongNames { LONG } else { "街道晨会" };
                    let now = BriefingView { name, step, steps, caption };
                    let drawn = shapes(&ctx, screen, Vec::new(), |ui| {
                        briefing_ui(ui, &stage, strip, &world.view(unit), &now);
                    });
                    let what = format!("{caption:?} {step}/{steps} {mood:?} {width}×{height}");
                    assert_tidy(&drawn, strip, unit, &what);
                    let said = words(&drawn);
                    assert!(said.contains(&format!("{}/{steps}", step + 1)), "{what}: {said}");
                    let bare = |text: &str| text.replace(['\n', ' '], "");
                    assert!(bare(&said).contains(&bare(caption.unwrap_or_default())), "{what}: {said}");
                }
            }
        }
    }
}

#[test]
fn a_stage_without_room_keeps_its_map() {
    let world = World::new(Mood::Usual);
    let screen = vec2(1_920.0, 1_080.0);
    let (unit, mut low) = stage(&world, screen);
    low.free.max.y = low.free.min.y + 200.0 * unit;
    let before = low.clone();
    assert_eq!(take_briefing_strip(&mut low, unit), None);
    assert_eq!(low, before);
}

/// A sentence is not cut at a seam, where the wall has a screen for it.
#[test]
fn the_sentence_keeps_off_seams() {
    let Some(ctx) = context() else { return };
    let mut world = World::new(Mood::Usual);
    world.config.wall.bezels = Bezels { columns: 4, rows: 1, gap_mm: 3.5, screen_width_mm: 1_210.0 };
    let screen = vec2(6_656.0, 1_792.0);
    let (unit, stage, strip) = presented(&world, screen);
    let drawn = shapes(&ctx, screen, Vec::new(), |ui| {
        briefing_ui(ui, &stage, strip.expect("there is room"), &world.view(unit), &briefing(0, 3, Some("先看积水")));
    });
    let drawn = texts(&drawn);
    let caption = drawn.iter().find(|text| text.galley.text() == "先看积水").expect("is there");
    let seams = (1..4).map(|number| screen.x * number as f32 / 4.0);
    for seam in seams {
        let ink = ink(caption);
        assert!(ink.right() < seam || ink.left() > seam, "{ink:?} on {seam}");
    }
}

#[test]
fn the_sentence_of_a_step_is_written_as_it_stands_for_visitors_too() {
    let Some(ctx) = context() else { return };
    let mut world = World::new(Mood::Usual);
    world.audience = Audience::Public;
    let screen = vec2(1_920.0, 1_080.0);
    let (unit, stage, strip) = presented(&world, screen);
    let hotline = "有事请打 025-84521212";
    let said = words(&shapes(&ctx, screen, Vec::new(), |ui| {
        briefing_ui(ui, &stage, strip.expect("there is room"), &world.view(unit), &briefing(0, 3, Some(hotline)));
    }));
    assert!(said.contains(hotline), "{said}");
}

#[test]
fn hands_go_through_the_steps_at_both_ends_of_the_strip() {
    let Some(ctx) = context() else { return };
    let world = World::new(Mood::Usual);
    let screen = vec2(1_920.0, 1_080.0);
    let (unit, stage, strip) = presented(&world, screen);
    let strip = strip.expect("there is room");
    let view = world.view(unit);
    let now = briefing(1, 3, Some("先看积水"));
    let at = |x: f32, y: f32| pos2(x, y);
    for (place, expected) in [
        (at(strip.left() + 40.0, strip.center().y), Some(PanelAction::StepBriefing(-1))),
        (at(strip.right() - 40.0, strip.center().y), Some(PanelAction::StepBriefing(1))),
        (at(strip.right() - 84.0 - 20.0, strip.top() + 22.0), Some(PanelAction::LeaveBriefing)),
        (strip.center(), None),
    ] {
        let answer = click(&ctx, screen, place, |ui| briefing_ui(ui, &stage, strip, &view, &now));
        assert_eq!(answer, expected, "{place:?}");
    }
}

fn notes(text: Option<&'static str>) -> NotesView<'static> {
    NotesView {
        briefing: briefing(2, 7, Some(LONGEST)),
        notes: text,
        next: Some("再看巡查覆盖"),
        elapsed_secs: 754.0,
        step_secs: 41.0,
        due_in_secs: None,
    }
}

#[test]
fn notes_are_tidy_in_windows_of_all_sizes_and_as_large_as_they_fit() {
    let Some(ctx) = context() else { return };
    let world = World::new(Mood::Usual);
    let long: &'static str = Box::leak(LONGEST.repeat(30).into_boxed_str());
    for [width, height] in SCREENS.into_iter().chain([[640.0, 480.0], [1_024.0, 600.0]]) {
        let screen = vec2(width, height);
        let unit = unit_for(screen);
        let all = Rect::from_min_size(Pos2::ZERO, screen);
        for text in [None, Some("请各社区先查泵站。\n然后报结果。"), Some(long)] {
            for due_in_secs in [None, Some(12.0)] {
                let now = NotesView { due_in_secs, ..notes(text) };
                let drawn = shapes(&ctx, screen, Vec::new(), |ui| {
                    notes_ui(ui, all, &world.view(unit), &now);
                });
                assert_tidy(&drawn, all, unit, &format!("{:?} {width}×{height}", text.map(str::len)));
            }
        }
        let drawn = shapes(&ctx, screen, Vec::new(), |ui| {
            notes_ui(ui, all, &world.view(unit), &notes(Some("请各社区先查泵站。")));
        });
        let drawn = texts(&drawn);
        let paragraph = drawn.iter().find(|text| text.galley.text() == "请各社区先查泵站。").expect("is there");
        assert_eq!((paragraph.galley.job.sections[0].format.font_id.size / unit).round(), 40.0, "{width}×{height}");
    }
}

#[test]
fn who_presents_sees_what_comes_next_and_how_long_it_took() {
    let Some(ctx) = context() else { return };
    let world = World::new(Mood::Usual);
    let screen = vec2(1_280.0, 800.0);
    let all = Rect::from_min_size(Pos2::ZERO, screen);
    let unit = unit_for(screen);
    let view = world.view(unit);
    let now = notes(Some("请各社区先查泵站。"));
    let said = words(&shapes(&ctx, screen, Vec::new(), |ui| {
        notes_ui(ui, all, &view, &now);
    }));
    for part in ["3/7  街道晨会", "请各社区先查泵站。", "下一步：再看巡查覆盖", "已用 12:34 · 本步 0:41", "14:32:08"]
    {
        assert!(said.contains(part), "no {part} in {said}");
    }
    let u = |n: f32| n * unit;
    let button = |number: f32| pos2(u(24.0) + number * u(210.0 + 16.0) + u(100.0), screen.y - u(24.0 + 32.0));
    for (number, expected) in
        [(0.0, PanelAction::StepBriefing(-1)), (1.0, PanelAction::StepBriefing(1)), (2.0, PanelAction::LeaveBriefing)]
    {
        let answer = click(&ctx, screen, button(number), |ui| notes_ui(ui, all, &view, &now));
        assert_eq!(answer, Some(expected));
    }
}

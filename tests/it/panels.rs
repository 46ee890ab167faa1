//! Panels against what must be true of every wall: text stays inside its
//! panel and off other text, nothing of it is cut off but the end of a long
//! name, no size under 16 units, stale data says its age, hands reach what they
//! click, two runs draw the same.
//!
//! No pixels: the shapes that egui is handed are looked at.

mod arrange;
mod briefing;
mod fixture;

use bevy_egui::egui::{
    self, Event, Modifiers, PointerButton, Pos2, RawInput, Rect, Shape, Ui, Vec2, epaint::TextShape, pos2, vec2,
};
use quanyu::config::{Audience, Bezels, DeviceList, Panel, PanelKind, Worst};
use quanyu::domain::alert::AlertKey;
use quanyu::domain::choropleth::CameraTally;
use quanyu::domain::coverage::Coverage;
use quanyu::domain::event::Severity;
use quanyu::domain::event_store::EventFilter;
use quanyu::domain::health::Freshness;
use quanyu::panels::{
    AreaFacts, BOLD_FAMILY, CameraTile, Diagnostics, FigureOfArea, FindView, HeatLegend, Legend, PairingView,
    PanelAction, PanelView, PatrolLegend, PointFacts, PointState, ReplayView, StageLayout, TallyLine, alert_banner_ui,
    area_card_place, area_card_ui, attribution_ui, breadcrumb_ui, diagnostics_ui, filter_chip_ui, find_ui,
    free_for_legend, header_ui, help_ui, hover_card_ui, layout, legend_ui, pairing_ui, panel_ui, point_card_ui,
    point_list_ui, scale_bar_ui, tally_card_ui, unit_for,
};

use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use fixture::{LONG, LONGER, Mood, World, context, fonts, health};

/// 16:9 small and usual, 21:9, 32:9, 64:9, LED of its own size, portrait.
const SCREENS: [[f32; 2]; 7] = [
    [1280.0, 720.0],
    [1920.0, 1080.0],
    [2560.0, 1080.0],
    [3840.0, 1080.0],
    [7680.0, 1080.0],
    [6656.0, 1792.0],
    [1080.0, 1920.0],
];
const MOODS: [Mood; 5] = [Mood::Usual, Mood::LongNames, Mood::Huge, Mood::Empty, Mood::ManyStages];
const STATES: [Freshness; 3] = [Freshness::Fresh, Freshness::Stale, Freshness::Waiting];

/// Draws one frame and returns its shapes.
fn shapes(ctx: &egui::Context, screen: Vec2, events: Vec<Event>, draw: impl FnMut(&mut Ui)) -> Vec<Shape> {
    let input = RawInput { screen_rect: Some(Rect::from_min_size(Pos2::ZERO, screen)), events, ..RawInput::default() };
    let mut output = ctx.run_ui(input, draw);
    // Nothing is painted: no texture is wanted.
    output.textures_delta.clear();
    for clipped in &output.shapes {
        for text in texts(std::slice::from_ref(&clipped.shape)) {
            let is_seen = clipped.clip_rect.expand(1.0).contains_rect(ink(text));
            assert!(is_seen, "“{}” at {:?} is cut off by {:?}", text.galley.text(), ink(text), clipped.clip_rect);
        }
    }
    output.shapes.into_iter().map(|clipped| clipped.shape).collect()
}

fn texts(shapes: &[Shape]) -> Vec<&TextShape> {
    let mut found = Vec::new();
    for shape in shapes {
        match shape {
            Shape::Text(text) => found.push(text),
            Shape::Vec(inner) => found.extend(texts(inner)),
            _ => {}
        }
    }
    found
}

/// Where the ink of a text is.
fn ink(text: &TextShape) -> Rect {
    text.galley.mesh_bounds.translate(text.pos.to_vec2())
}

fn words(shapes: &[Shape]) -> String {
    texts(shapes).iter().map(|text| text.galley.text()).collect::<Vec<_>>().join("\n")
}

/// What is somebody else's to write, and so may be of any length: names, what
/// back ends say of themselves, sentences of a briefing.
const OTHERS: [&str; 6] =
    ["盐城市盐都区", "湖东路·星湖街口", "金鸡湖 4 号闸", "HTTP 503", "网关超时", "今天早上七点到九点"];

/// What is wrong with how a text was cut. Names and messages end in … where
/// there is no room, and three characters stand before it; whatever the wall
/// itself says, and every number, is there to its end.
fn cut(text: &TextShape) -> Option<String> {
    let whole = text.galley.text();
    let shown: String = text.galley.rows.iter().flat_map(|row| row.glyphs.iter().map(|glyph| glyph.chr)).collect();
    if !text.galley.elided {
        // Ends of lines are no glyphs.
        return (shown != whole.replace('\n', "")).then(|| format!("“{whole}” became “{shown}”"));
    }
    let Some(left) = shown.strip_suffix('…') else {
        return Some(format!("“{whole}” became “{shown}” without …"));
    };
    let is_others = OTHERS.iter().any(|begin| whole.contains(begin));
    (!is_others || left.chars().count() < 3).then(|| format!("“{whole}” was cut to “{shown}”"))
}

/// All texts lie inside `bounds`, are large enough, and do not touch.
fn assert_tidy(shapes: &[Shape], bounds: Rect, unit: f32, what: &str) {
    let texts = texts(shapes);
    for text in &texts {
        assert_eq!(cut(text), None, "{what}");
        let place = ink(text);
        assert!(
            bounds.expand(1.0).contains_rect(place),
            "{what}: “{}” at {place:?} leaves {bounds:?}",
            text.galley.text()
        );
        for section in &text.galley.job.sections {
            let size = section.format.font_id.size / unit;
            assert!(
                [16.0, 20.0, 28.0, 40.0, 64.0].iter().any(|step| (size - step).abs() < 0.01),
                "{what}: “{}” has size {size}",
                text.galley.text()
            );
        }
    }
    for (index, a) in texts.iter().enumerate() {
        for b in &texts[..index] {
            let common = ink(a).shrink(unit * 0.75).intersect(ink(b).shrink(unit * 0.75));
            assert!(!common.is_positive(), "{what}: “{}” and “{}” overlap", a.galley.text(), b.galley.text());
        }
    }
}

fn stage(world: &World, screen: Vec2) -> (f32, StageLayout) {
    let unit = unit_for(screen);
    let visible: Vec<usize> = (0..world.config.panels.len()).collect();
    (unit, layout(screen, unit, &world.config, &visible))
}

#[test]
fn text_stays_in_its_panel_and_off_other_text() {
    let Some(ctx) = context() else { return };
    for mood in MOODS {
        let world = World::new(mood);
        for [width, height] in SCREENS {
            let screen = vec2(width, height);
            let (unit, stage) = stage(&world, screen);
            let view = world.view(unit);
            for &(index, rect) in &stage.panels {
                let panel = &world.config.panels[index];
                for state in STATES {
                    let drawn = shapes(&ctx, screen, Vec::new(), |ui| {
                        panel_ui(ui, rect, &view, panel, &health(state, mood));
                    });
                    let what = format!("{} {mood:?} {state:?} {width}×{height}", panel.id);
                    assert_tidy(&drawn, rect, unit, &what);
                    assert!(!texts(&drawn).is_empty(), "{what} says nothing");
                }
            }
        }
    }
}

/// The longest title that a deployment gave its wall, over panels of the same.
#[test]
fn the_longest_title_is_read_on_every_screen() {
    let Some(ctx) = context() else { return };
    assert!(LONGER.chars().count() >= 30);
    let world = World::new(Mood::LongNames);
    for [width, height] in SCREENS {
        let screen = vec2(width, height);
        let (unit, stage) = stage(&world, screen);
        let view = world.view(unit);
        let header = shapes(&ctx, screen, Vec::new(), |ui| {
            header_ui(ui, &stage, &view);
        });
        // The scene has the same name.
        let whole = texts(&header).iter().filter(|text| text.galley.text() == LONG && !text.galley.elided).count();
        assert_eq!(whole, 2, "{width}×{height}: {}", words(&header));
        // The time axis says its span and its count before its title.
        let is_axis = |index: usize| matches!(world.config.panels[index].kind, PanelKind::TimeAxis);
        for &(index, rect) in stage.panels.iter().filter(|(index, _)| !is_axis(*index)) {
            let panel = &world.config.panels[index];
            for state in STATES {
                let drawn = shapes(&ctx, screen, Vec::new(), |ui| {
                    panel_ui(ui, rect, &view, panel, &health(state, Mood::LongNames));
                });
                // Left on the first line.
                let title = texts(&drawn)
                    .into_iter()
                    .find(|text| text.galley.text() == LONG && ink(text).left() < rect.left() + rect.width() * 0.1);
                let shown = title.map_or(0, |text| text.galley.rows.iter().map(|row| row.glyphs.len()).sum());
                assert!(shown >= 8, "{shown} characters of the title of {} {state:?} {width}×{height}", panel.id);
            }
        }
    }
}

#[test]
fn header_and_overlays_are_tidy_too() {
    let Some(ctx) = context() else { return };
    for mood in MOODS {
        for is_live in [true, false] {
            let mut world = World::new(mood);
            world.is_live = is_live;
            world.focus = world.tree.find("320506001002001");
            for [width, height] in SCREENS {
                let screen = vec2(width, height);
                let (unit, stage) = stage(&world, screen);
                let view = world.view(unit);
                let what = format!("{mood:?} live {is_live} {width}×{height}");
                let all = Rect::from_min_size(Pos2::ZERO, screen);
                type Draw<'a> = &'a dyn Fn(&mut Ui, &PanelView, &StageLayout);
                let parts: [(&str, Rect, Draw); 4] = [
                    ("header", stage.header, &|ui, view, stage| {
                        header_ui(ui, stage, view);
                    }),
                    ("map aids", stage.free, &|ui, view, stage| {
                        let breaks = [4.0, 9.0, 15.0, 22.0, 34.0, 51.0, 214_000.0];
                        let lost = health(Freshness::Stale, mood);
                        let legend = Legend {
                            heat: Some(HeatLegend {
                                label: "较上周同期 事件按轻重加权密度 件/km²·时",
                                full_scale: 61.7,
                                is_difference: true,
                                is_whole: false,
                                stops: &[view.theme.accent, view.theme.land, view.theme.alarm],
                            }),
                            breaks: &breaks,
                            breaks_label: "事件（件）",
                            has_missing: mood == Mood::Huge,
                            health: Some(&lost),
                            has_bubbles: true,
                            patrols: Some(PatrolLegend { hours: 2.5, missed_m: 1_234_567.0, total_m: 2_345_678.0 }),
                            has_alerts: [true; 4],
                        };
                        legend_ui(ui, free_for_legend(stage.free, view.unit, view.config), view, &legend);
                        scale_bar_ui(ui, stage.free, view, 4.2);
                        attribution_ui(ui, stage.free, view);
                        breadcrumb_ui(ui, stage.free, view);
                    }),
                    ("help", all, &|ui, view, _| {
                        help_ui(ui, Rect::from_min_size(Pos2::ZERO, screen), view);
                    }),
                    ("diagnostics", stage.free, &|ui, view, stage| {
                        let diagnostics = Diagnostics {
                            fps: 60.0,
                            frames_ms: &[8.0, 16.7, 40.0],
                            memory_bytes: 1 << 40,
                            heap_bytes: 1 << 39,
                            adapter: LONG,
                            dropped_events: 1_234_567,
                            events: 123_456_789,
                        };
                        diagnostics_ui(ui, stage.free, view, &diagnostics);
                    }),
                ];
                for (name, bounds, draw) in parts {
                    let drawn = shapes(&ctx, screen, Vec::new(), |ui| draw(ui, &view, &stage));
                    assert_tidy(&drawn, bounds, unit, &format!("{name} {what}"));
                }
            }
        }
    }
}

/// Who pairs a remote control reads its address and code on every screen, also
/// before visitors.
#[test]
fn the_code_of_the_remote_control_is_tidy_and_whole_everywhere() {
    let Some(ctx) = context() else { return };
    let on = |address: &str, is_reachable: bool, code: Option<(String, u64)>| PairingView::On {
        address: address.into(),
        is_reachable,
        code,
        paired: 64,
    };
    let code = || Some(("138001".to_owned(), 120));
    let views = [
        (PairingView::Off, "[remote]"),
        (PairingView::Failed(LONG.into()), "遥控没有启动"),
        (on("http://192.168.100.200:65535/", true, code()), "138 001"),
        (on("http://127.0.0.1:8760/", false, code()), "只有本机能打开此网址"),
        (on("https://wall.governance.suzhou-industrial-park.example.gov.cn/", true, None), "按两次 R 换一个"),
    ];
    for mood in [Mood::Usual, Mood::ManyStages] {
        let world = World::new(mood);
        for [width, height] in SCREENS {
            let screen = vec2(width, height);
            let (unit, _) = stage(&world, screen);
            let view = world.view(unit);
            let all = Rect::from_min_size(Pos2::ZERO, screen);
            for (pairing, said) in &views {
                let drawn = shapes(&ctx, screen, Vec::new(), |ui| {
                    pairing_ui(ui, all, &view, pairing);
                });
                assert_tidy(&drawn, all, unit, &format!("pairing {pairing:?} {width}×{height}"));
                assert!(words(&drawn).contains(said), "{pairing:?} {width}×{height}: {}", words(&drawn));
            }
        }
    }
}

fn alerts_panel(world: &World) -> Panel {
    Panel { kind: PanelKind::Alerts, ..world.config.panels[0].clone() }
}

/// From the least height to a whole column, in every state.
#[test]
fn alerts_are_tidy_however_many_and_however_little_room() {
    let Some(ctx) = context() else { return };
    for mood in MOODS {
        let mut world = World::new(mood);
        for (fault, shown) in [(None, None), (Some("磁盘已满"), Some(AlertKey::new("late", "gas")))] {
            (world.fault, world.shown) = (fault.map(str::to_owned), shown);
            for [width, height] in SCREENS {
                let screen = vec2(width, height);
                let unit = unit_for(screen);
                let view = world.view(unit);
                for tall in [202.0, 280.0, 460.0, 940.0] {
                    let rect = Rect::from_min_size(pos2(24.0 * unit, 88.0 * unit), vec2(416.0, tall) * unit);
                    for state in STATES {
                        let drawn = shapes(&ctx, screen, Vec::new(), |ui| {
                            panel_ui(ui, rect, &view, &alerts_panel(&world), &health(state, mood));
                        });
                        let what = format!("alerts {mood:?} {state:?} {width}×{height} {tall}");
                        assert_tidy(&drawn, rect, unit, &what);
                        let said = words(&drawn);
                        let is_told = state == Freshness::Waiting || mood == Mood::Empty || said.contains("确认");
                        assert!(is_told, "{what}: {said}");
                    }
                }
            }
        }
    }
}

/// The banner, beside and under whatever else stands over the map.
#[test]
fn an_alert_is_never_out_of_sight() {
    let Some(ctx) = context() else { return };
    for mood in MOODS {
        let mut world = World::new(mood);
        for (shown, focus, has_filter) in [
            (false, None, false),
            (true, None, false),
            (true, Some("320506001002001"), true),
            (false, Some("320506001002001"), true),
        ] {
            world.shown = shown.then(|| AlertKey::new("level", "pump"));
            world.focus = focus.and_then(|code| world.tree.find(code));
            world.filter.stages = if has_filter { vec![0] } else { Vec::new() };
            for [width, height] in SCREENS {
                let screen = vec2(width, height);
                let (unit, stage) = stage(&world, screen);
                let view = world.view(unit);
                let card = world.focus.and_then(|area| area_card_place(stage.free, &view, area, &AreaFacts::default()));
                let mut place = None;
                let drawn = shapes(&ctx, screen, Vec::new(), |ui| {
                    breadcrumb_ui(ui, stage.free, &view);
                    filter_chip_ui(ui, stage.free, &view);
                    place = alert_banner_ui(ui, stage.free, card, &view).map(|(rect, _)| rect);
                });
                let what = format!("banner {mood:?} shown {shown} {focus:?} {width}×{height}");
                assert_tidy(&drawn, stage.free, unit, &what);
                let is_there = mood != Mood::Empty && (shown || !view.alerts.has_panel);
                assert_eq!(place.is_some(), is_there, "{what}");
                let beside = card.filter(|card| card.left() - stage.free.left() > 340.0 * unit).zip(place);
                assert!(beside.is_none_or(|(card, place)| !card.intersect(place).is_positive()), "{what}");
                let said = words(&drawn);
                assert!(!is_there || said.contains("确认 A"), "{what}: {said}");
                if mood == Mood::Usual {
                    let expected = if shown { "液位 3.2 m，高于 3 m" } else { "项未确认" };
                    assert!(said.contains(expected), "{what}: {said}");
                }
            }
        }
    }
}

/// Licences oblige: the line is there on every screen, however narrow.
#[test]
fn what_licences_want_said_is_said_everywhere() {
    let Some(ctx) = context() else { return };
    for mood in MOODS {
        let world = World::new(mood);
        for [width, height] in SCREENS.into_iter().chain([[400.0, 800.0], [240.0, 800.0]]) {
            let screen = vec2(width, height);
            let (unit, stage) = stage(&world, screen);
            let view = world.view(unit);
            let drawn = shapes(&ctx, screen, Vec::new(), |ui| attribution_ui(ui, stage.free, &view));
            assert!(texts(&drawn).iter().any(|text| text.galley.text().starts_with('©')), "{mood:?} {width}×{height}");
        }
    }
}

fn point_facts(title: &str) -> PointFacts {
    let line = |label: &str, value: &str| (label.to_owned(), value.to_owned());
    PointFacts {
        kind: "事件".into(),
        title: title.into(),
        state: PointState::Alarm,
        state_text: "紧急".into(),
        lines: vec![line("类别", "市容环境 · 垃圾满溢"), line("地点", title), line("上报", "13:20")],
    }
}

/// Cards of points wherever on the screen they are asked for, with the longest
/// names and counts.
#[test]
fn cards_of_points_are_tidy_everywhere() {
    let Some(ctx) = context() else { return };
    let world = World::new(Mood::Usual);
    let tally: Vec<TallyLine> = (0..9)
        .map(|kind| TallyLine { kind: format!("{LONGER}{kind}"), total: 123_456, off: 23_456, alert: 3_456 })
        .collect();
    let list: Vec<PointFacts> = (0..20).map(|_| point_facts(LONGER)).collect();
    let tile = CameraTile { name: LONGER, owner: LONGER, online: false, texture: None, aspect: 1.5, error: None };
    for [width, height] in SCREENS {
        let screen = vec2(width, height);
        let (unit, stage) = stage(&world, screen);
        let view = world.view(unit);
        for share in [[0.0, 0.0], [0.5, 0.5], [1.0, 1.0], [1.4, -0.3]] {
            let at = stage.free.min + stage.free.size() * vec2(share[0], share[1]);
            let what = format!("{share:?} {width}×{height}");
            type Draw<'a> = &'a dyn Fn(&mut Ui);
            let cards: [(&str, Draw); 3] = [
                ("card", &|ui| {
                    point_card_ui(ui, stage.free, at, &view, &list[0], Some(&tile));
                }),
                ("list", &|ui| {
                    point_list_ui(ui, stage.free, at, &view, &list);
                }),
                ("tally", &|ui| tally_card_ui(ui, stage.free, at, &view, &tally)),
            ];
            for (name, draw) in cards {
                let drawn = shapes(&ctx, screen, Vec::new(), draw);
                assert!(!texts(&drawn).is_empty() || stage.free.height() < 300.0, "{name} {what} says nothing");
                assert_tidy(&drawn, stage.free, unit, &format!("{name} {what}"));
                // A count says nothing without what is counted.
                let begins = |with: &str| texts(&drawn).iter().filter(|t| t.galley.text().starts_with(with)).count();
                assert!(name != "tally" || begins(LONGER) == begins("123,456"), "{what}: {}", words(&drawn));
            }
        }
    }
}

#[test]
fn cards_stay_where_there_is_room() {
    let Some(ctx) = context() else { return };
    for mood in [Mood::Usual, Mood::LongNames] {
        let world = World::new(mood);
        let area = world.tree.find("320506001002001").expect("the fixture has it");
        let figure = FigureOfArea { label: "今日实际解决率", unit: "%", value: Some(87.525) };
        let streets = Coverage { walked_m: 4_120.0, total_m: 6_710.0, missed: Vec::new() };
        let facts = AreaFacts {
            cameras: Some(CameraTally { online: 34, total: 37 }),
            open_events: Some(12),
            figure: Some(figure),
            streets: Some(&streets),
        };
        for [width, height] in SCREENS {
            let screen = vec2(width, height);
            let (unit, stage) = stage(&world, screen);
            let view = world.view(unit);
            let card = shapes(&ctx, screen, Vec::new(), |ui| {
                area_card_ui(ui, stage.free, &view, area, &facts);
            });
            assert_tidy(&card, stage.free, unit, &format!("card {mood:?} {width}×{height}"));
            for corner in [stage.free.left_top(), stage.free.right_bottom(), stage.free.center()] {
                let card = shapes(&ctx, screen, Vec::new(), |ui| {
                    hover_card_ui(ui, stage.free, corner, &view, area, Some(figure));
                });
                assert_tidy(&card, stage.free, unit, &format!("hover {mood:?} {width}×{height}"));
            }
        }
    }
}

#[test]
fn every_state_says_what_it_is() {
    let Some(ctx) = context() else { return };
    let world = World::new(Mood::Usual);
    let screen = vec2(1920.0, 1080.0);
    let (unit, stage) = stage(&world, screen);
    let view = world.view(unit);
    let mut with_error = health(Freshness::Fresh, Mood::Usual);
    with_error.error = Some("HTTP 503".into());
    for &(index, rect) in &stage.panels {
        let panel = &world.config.panels[index];
        let draw = |health: &_| {
            words(&shapes(&ctx, screen, Vec::new(), |ui| {
                panel_ui(ui, rect, &view, panel, health);
            }))
        };
        let stale = draw(&health(Freshness::Stale, Mood::Usual));
        assert!(stale.contains("滞后 6 分钟前"), "{}: {stale}", panel.id);
        let waiting = draw(&health(Freshness::Waiting, Mood::Usual));
        assert!(waiting.contains("等待 网格平台…"), "{}: {waiting}", panel.id);
        assert!(draw(&with_error).contains("HTTP 503"), "{}", panel.id);
        assert!(draw(&health(Freshness::Fresh, Mood::Usual)).contains("3 秒前"), "{}", panel.id);
    }
}

#[test]
fn a_replay_and_made_up_data_are_unmistakable() {
    let Some(ctx) = context() else { return };
    let mut world = World::new(Mood::LongNames);
    let screen = vec2(1920.0, 1080.0);
    let header = |world: &World| {
        let (unit, stage) = stage(world, screen);
        words(&shapes(&ctx, screen, Vec::new(), |ui| {
            header_ui(ui, &stage, &world.view(unit));
        }))
    };
    let live = header(&world);
    assert!(live.contains("实时") && !live.contains("回放") && live.contains("演示数据"), "{live}");
    world.is_live = false;
    let replay = header(&world);
    assert!(replay.contains("回放 600×") && !replay.contains("实时"), "{replay}");
    world.replay.is_running = false;
    assert!(header(&world).contains("暂停"));
    world.replay =
        ReplayView { rate: 60, is_running: true, range: Some([world.overview.day_start, world.overview.now]) };
    assert!(header(&world).contains("循环回放 60×"));
}

/// What no visitor may read, in a sentence as people write them.
const SECRETS: [&str; 4] = ["张三", "13800131234", "苏A12345", "501室"];
const PERSONAL: &str = "业主张三反映,13800131234,苏A12345违停,3栋501室";

/// Panels that were given what the decoder left readable for staff, as if the
/// shell had forgotten to mask it: the pen does not write it.
#[test]
fn nothing_personal_is_written_for_visitors() {
    let Some(ctx) = context() else { return };
    let mut world = World::new(Mood::Usual);
    let screen = vec2(3840.0, 1080.0);
    world.overview.live.iter_mut().for_each(|event| event.title = PERSONAL.into());
    world.overview.categories.iter_mut().for_each(|(name, _)| *name = PERSONAL.into());
    world.devices.iter_mut().for_each(|kind| kind.kind = PERSONAL.into());
    world.figures.iter_mut().for_each(|figure| figure.label = PERSONAL.into());
    world.readings.iter_mut().flat_map(|list| &mut list.rows).for_each(|row| row.name = PERSONAL.into());
    world.focus = world.tree.find("320506001002001");
    let (unit, stage) = stage(&world, screen);
    let draw = |world: &World| {
        let view = world.view(unit);
        words(&shapes(&ctx, screen, Vec::new(), |ui| {
            for &(index, rect) in &stage.panels {
                panel_ui(ui, rect, &view, &world.config.panels[index], &health(Freshness::Fresh, Mood::Usual));
            }
            area_card_ui(ui, stage.free, &view, world.focus.expect("is there"), &AreaFacts::default());
            point_card_ui(ui, stage.free, stage.free.center(), &view, &point_facts(PERSONAL), None);
        }))
    };
    let duty = draw(&world);
    for secret in ["张三", "网格长", "320506001002001"] {
        assert!(duty.contains(secret), "{secret} is not there to be hidden in {duty}");
    }
    world.audience = Audience::Public;
    let public = draw(&world);
    for secret in SECRETS.into_iter().chain(["网格长", "320506001002001"]) {
        assert!(!public.contains(secret), "{secret} in {public}");
    }
    assert!(public.contains("公开模式不显示画面"), "{public}");
}

/// What the wall itself says is no person: masking it would make it unreadable.
#[test]
fn what_the_wall_itself_says_stays_readable_for_visitors() {
    let Some(ctx) = context() else { return };
    for mood in [Mood::Usual, Mood::Huge, Mood::Empty, Mood::ManyStages] {
        let mut world = World::new(mood);
        // Names of the data are masked before they come here.
        let screen = vec2(3840.0, 1080.0);
        let (unit, stage) = stage(&world, screen);
        let draw = |world: &World| {
            let view = world.view(unit);
            let mut said: Vec<String> = Vec::new();
            for &(index, rect) in &stage.panels {
                let panel = &world.config.panels[index];
                if !matches!(panel.kind, PanelKind::Cameras { .. }) {
                    said.push(words(&shapes(&ctx, screen, Vec::new(), |ui| {
                        panel_ui(ui, rect, &view, panel, &health(Freshness::Stale, mood));
                    })));
                }
            }
            said.push(words(&shapes(&ctx, screen, Vec::new(), |ui| {
                help_ui(ui, Rect::from_min_size(Pos2::ZERO, screen), &view);
            })));
            said
        };
        world.audience = Audience::Duty;
        let duty = draw(&world);
        world.audience = Audience::Public;
        assert_eq!(draw(&world), duty, "{mood:?}");
    }
}

#[test]
fn a_screen_that_was_switched_to_visitors_says_so_and_made_up_data_stay_marked() {
    let Some(ctx) = context() else { return };
    let screen = vec2(1920.0, 1080.0);
    let header = |world: &World| {
        let (unit, stage) = stage(world, screen);
        words(&shapes(&ctx, screen, Vec::new(), |ui| {
            header_ui(ui, &stage, &world.view(unit));
        }))
    };
    for (mood, own, switched) in [(Mood::Usual, "值班", "公开"), (Mood::LongNames, "演示数据", "公开 · 演示数据")]
    {
        let mut world = World::new(mood);
        assert!(header(&world).lines().any(|line| line == own), "{own}");
        world.audience = Audience::Public;
        assert!(header(&world).lines().any(|line| line == switched), "{switched}");
    }
}

#[test]
fn in_a_replay_every_panel_says_of_which_time_it_is() {
    let Some(ctx) = context() else { return };
    let mut world = World::new(Mood::Usual);
    world.is_live = false;
    let screen = vec2(1920.0, 1080.0);
    let (unit, stage) = stage(&world, screen);
    let view = world.view(unit);
    for &(index, rect) in &stage.panels {
        let panel = &world.config.panels[index];
        let drawn = words(&shapes(&ctx, screen, Vec::new(), |ui| {
            panel_ui(ui, rect, &view, panel, &health(Freshness::Fresh, Mood::Usual));
        }));
        let is_of_now = matches!(panel.kind, PanelKind::Devices { .. } | PanelKind::Cameras { .. } | PanelKind::Alerts);
        let expected = if is_of_now { "现状,非回放" } else { "回放 13:32" };
        assert!(drawn.contains(expected), "{}: {drawn}", panel.id);
    }
}

#[test]
fn every_ratio_stands_with_its_parts() {
    let Some(ctx) = context() else { return };
    let world = World::new(Mood::Usual);
    let screen = vec2(1920.0, 1080.0);
    let (unit, stage) = stage(&world, screen);
    let view = world.view(unit);
    let mut seen = String::new();
    for &(index, rect) in &stage.panels {
        let drawn = shapes(&ctx, screen, Vec::new(), |ui| {
            panel_ui(ui, rect, &view, &world.config.panels[index], &health(Freshness::Fresh, Mood::Usual));
        });
        seen.push_str(&words(&drawn));
        seen.push('\n');
    }
    for parts in ["94.1\n%\n2,649 / 2,816", "94.1%\n办结率\n2,649 / 2,816", "2,571 / 2,816", "183 / 204"] {
        assert!(seen.contains(parts), "no {parts:?} in {seen}");
    }
}

/// Presses at the first of `way`, goes along it, and returns what `draw`
/// answered last.
fn drag(
    ctx: &egui::Context,
    screen: Vec2,
    way: &[Pos2],
    mut draw: impl FnMut(&mut Ui) -> Option<PanelAction>,
) -> Option<PanelAction> {
    let button = |pos, pressed| Event::PointerButton {
        pos,
        button: PointerButton::Primary,
        pressed,
        modifiers: Modifiers::NONE,
    };
    let (first, last) = (way[0], way[way.len() - 1]);
    let mut steps = vec![vec![Event::PointerMoved(first)], vec![button(first, true)]];
    steps.extend(way.iter().map(|&at| vec![Event::PointerMoved(at)]));
    steps.push(vec![button(last, false)]);
    let mut answer = None;
    for events in steps {
        shapes(ctx, screen, events, |ui| answer = draw(ui).or(answer.take()));
    }
    answer
}

/// Presses and releases at `at`, and returns what `draw` answered last.
fn click(
    ctx: &egui::Context,
    screen: Vec2,
    at: Pos2,
    draw: impl FnMut(&mut Ui) -> Option<PanelAction>,
) -> Option<PanelAction> {
    drag(ctx, screen, &[at], draw)
}

#[test]
fn hands_reach_what_they_click() {
    let Some(ctx) = context() else { return };
    let world = World::new(Mood::Usual);
    let screen = vec2(1920.0, 1080.0);
    let (unit, stage) = stage(&world, screen);
    let view = world.view(unit);
    let fresh = health(Freshness::Fresh, Mood::Usual);
    let place = |kind: fn(&PanelKind) -> bool| {
        let (index, rect) = *stage.panels.iter().find(|(index, _)| kind(&world.config.panels[*index].kind)).unwrap();
        (&world.config.panels[index], rect)
    };

    let (panel, rect) = place(|kind| matches!(kind, PanelKind::Ranking { .. }));
    let first = pos2(rect.center().x, rect.top() + 65.0);
    let answer = click(&ctx, screen, first, |ui| panel_ui(ui, rect, &view, panel, &fresh));
    assert_eq!(answer, Some(PanelAction::Focus(world.rankings[0].rows[0].0)));

    let (panel, rect) = place(|kind| matches!(kind, PanelKind::LiveEvents));
    let answer =
        click(&ctx, screen, pos2(rect.center().x, rect.top() + 70.0), |ui| panel_ui(ui, rect, &view, panel, &fresh));
    assert_eq!(answer, Some(PanelAction::ShowEvent(world.overview.live[0].id.clone())));

    let (panel, rect) = place(|kind| matches!(kind, PanelKind::TimeAxis));
    let early = pos2(rect.left() + 16.0 + (rect.width() - 32.0) * 0.25, rect.bottom() - 50.0);
    let answer = click(&ctx, screen, early, |ui| panel_ui(ui, rect, &view, panel, &fresh));
    let six = world.overview.day_start.plus_millis(6 * 3_600_000);
    assert_eq!(answer, Some(PanelAction::SeekTo(six)));
    let late = pos2(rect.right() - 30.0, rect.bottom() - 50.0);
    let answer = click(&ctx, screen, late, |ui| panel_ui(ui, rect, &view, panel, &fresh));
    assert_eq!(answer, Some(PanelAction::GoLive));
}

/// The time axis and where it stands.
fn time_axis_of<'a>(world: &'a World, stage: &StageLayout) -> (&'a Panel, Rect) {
    let mut panels = stage.panels.iter().map(|&(index, rect)| (&world.config.panels[index], rect));
    panels.find(|(panel, _)| matches!(panel.kind, PanelKind::TimeAxis)).expect("stands there")
}

#[test]
fn hands_move_the_window_and_its_edge() {
    let Some(ctx) = context() else { return };
    let world = World::new(Mood::Usual);
    let screen = vec2(1920.0, 1080.0);
    let (unit, stage) = stage(&world, screen);
    let view = world.view(unit);
    let fresh = health(Freshness::Fresh, Mood::Usual);
    let (panel, rect) = time_axis_of(&world, &stage);
    let draw = |ui: &mut Ui| panel_ui(ui, rect, &view, panel, &fresh);
    // The window is three hours long and ends at 14:32.
    let x = |hour: f32| rect.left() + 16.0 + (rect.width() - 32.0) * hour / 24.0;
    let at = |hour: f32| pos2(x(hour), rect.bottom() - 50.0);
    let end = 14.0 + 32.0 / 60.0;
    let answer = drag(&ctx, screen, &[at(end - 3.0), at(end - 4.0), at(end - 6.0)], draw);
    assert_eq!(answer, Some(PanelAction::SetWindow(6.0 * 3_600.0)));
    let answer = drag(&ctx, screen, &[at(13.0), at(12.0), at(10.0)], draw);
    let Some(PanelAction::SeekTo(shown)) = answer else { panic!("{answer:?}") };
    let hours = shown.secs_since(world.overview.day_start) / 3_600.0;
    assert!((hours - f64::from(end) + 3.0).abs() < 0.05, "{hours}");
}

#[test]
fn hands_choose_what_is_played_again_and_again() {
    let Some(ctx) = context() else { return };
    let mut world = World::new(Mood::Usual);
    let screen = vec2(1920.0, 1080.0);
    let hour = |hour: i64| world.overview.day_start.plus_millis(hour * 3_600_000);
    let (six, nine, noon) = (hour(6), hour(9), hour(12));
    world.is_live = false;
    world.replay = ReplayView { rate: 600, is_running: true, range: Some([six, noon]) };
    let (unit, stage) = stage(&world, screen);
    let view = world.view(unit);
    let fresh = health(Freshness::Fresh, Mood::Usual);
    let (panel, rect) = time_axis_of(&world, &stage);
    let draw = |ui: &mut Ui| panel_ui(ui, rect, &view, panel, &fresh);
    let flag = |hour: f32| pos2(rect.left() + 16.0 + (rect.width() - 32.0) * hour / 24.0, rect.top() + 54.0);
    let answer = drag(&ctx, screen, &[flag(12.0), flag(11.0), flag(9.0)], draw);
    assert_eq!(answer, Some(PanelAction::SetLoop([six, nine])));
    let answer = drag(&ctx, screen, &[flag(6.0), flag(8.0), flag(9.0)], draw);
    assert_eq!(answer, Some(PanelAction::SetLoop([nine, noon])));
    // One end over the other is no range.
    assert_eq!(drag(&ctx, screen, &[flag(6.0), flag(12.5), flag(13.0)], draw), None);
}

#[test]
fn what_is_looked_up_is_typed_and_taken() {
    let Some(ctx) = context() else { return };
    let world = World::new(Mood::Usual);
    let screen = vec2(1920.0, 1080.0);
    let (unit, stage) = stage(&world, screen);
    let view = world.view(unit);
    let found = vec![["网格员 07", "巡查人员"], ["湖东社区", "社区"]];
    let typed = |text: &str| vec![Event::Text(text.into())];
    let find = FindView { text: "07", found };
    let answer = std::cell::RefCell::new(None);
    let draw = |ui: &mut Ui| {
        let asked = find_ui(ui, stage.free, &view, &find);
        answer.borrow_mut().replace(asked);
    };
    let key =
        |key| vec![Event::Key { key, physical_key: None, pressed: true, repeat: false, modifiers: Default::default() }];
    for (events, expected) in [
        (Vec::new(), None),
        (typed("1"), Some(PanelAction::SetFind("071".into()))),
        (key(egui::Key::Enter), Some(PanelAction::OpenFound(0))),
        (key(egui::Key::Escape), Some(PanelAction::ToggleFind)),
    ] {
        // The line takes the keyboard when it was there for a frame.
        shapes(&ctx, screen, Vec::new(), draw);
        shapes(&ctx, screen, events, draw);
        assert_eq!(answer.take().flatten(), expected);
    }
    let second = pos2(stage.free.center().x, stage.free.top() + (40.0 + 12.0 + 54.0 + 42.0 * 1.5) * unit);
    let answer = click(&ctx, screen, second, |ui| find_ui(ui, stage.free, &view, &find));
    assert_eq!(answer, Some(PanelAction::OpenFound(1)));
}

#[test]
fn two_runs_draw_the_same() {
    let Some(ctx) = context() else { return };
    let world = World::new(Mood::Usual);
    let screen = vec2(3840.0, 1080.0);
    let (unit, stage) = stage(&world, screen);
    let view = world.view(unit);
    let draw = || {
        shapes(&ctx, screen, Vec::new(), |ui| {
            header_ui(ui, &stage, &view);
            for &(index, rect) in &stage.panels {
                panel_ui(ui, rect, &view, &world.config.panels[index], &health(Freshness::Fresh, Mood::Usual));
            }
        })
    };
    draw();
    assert_eq!(draw(), draw());
}

#[test]
fn panels_keep_apart_and_end_on_one_line() {
    for mood in [Mood::Usual, Mood::ManyStages] {
        let world = World::new(mood);
        for [width, height] in SCREENS {
            let screen = vec2(width, height);
            let (unit, stage) = stage(&world, screen);
            let all = Rect::from_min_size(Pos2::ZERO, screen);
            assert_eq!(stage.panels.len() + stage.hidden, world.config.panels.len());
            for (position, (_, rect)) in stage.panels.iter().enumerate() {
                assert!(all.contains_rect(*rect), "{rect:?} on {width}×{height}");
                let others = stage.panels[..position].iter().map(|(_, other)| *other).chain([stage.header, stage.free]);
                for other in others {
                    assert!(!rect.intersect(other).is_positive(), "{rect:?} and {other:?} on {width}×{height}");
                }
            }
            let end = height - 24.0 * unit;
            for (_, rect) in &stage.panels {
                let is_last = !stage.panels.iter().any(|(_, other)| {
                    other.top() >= rect.bottom() && other.left() < rect.right() && other.right() > rect.left()
                });
                assert!(!is_last || (rect.bottom() - end).abs() <= 1.0, "{rect:?} does not end at {end}");
            }
            assert!(stage.free.width() > width * 0.25 && stage.free.height() > height * 0.25, "{:?}", stage.free);
        }
    }
}

#[test]
fn no_panel_sits_on_a_seam() {
    let mut world = World::new(Mood::Usual);
    for (columns, rows) in [(2, 1), (4, 1), (4, 2), (3, 3), (8, 2)] {
        world.config.wall.bezels = Bezels { columns, rows, gap_mm: 3.5, screen_width_mm: 1_210.0 };
        for [width, height] in SCREENS {
            let (_, stage) = stage(&world, vec2(width, height));
            for (_, rect) in &stage.panels {
                for column in 1..columns {
                    let seam = width * column as f32 / columns as f32;
                    assert!(rect.right() < seam || rect.left() > seam, "{rect:?} on {seam}, {columns}×{rows} {width}");
                }
                for row in 1..rows {
                    let seam = height * row as f32 / rows as f32;
                    assert!(rect.bottom() < seam || rect.top() > seam, "{rect:?} on {seam}, {columns}×{rows} {height}");
                }
            }
        }
    }
}

#[test]
fn what_finds_no_room_is_counted() {
    let world = World::new(Mood::Usual);
    let many: Vec<usize> = (0..world.config.panels.len()).cycle().take(40).collect();
    let screen = vec2(1920.0, 1080.0);
    let stage = layout(screen, unit_for(screen), &world.config, &many);
    assert!(stage.hidden > 0);
    assert_eq!(stage.panels.len() + stage.hidden, many.len());
    let none = layout(screen, unit_for(screen), &world.config, &[]);
    assert_eq!((none.panels.len(), none.hidden), (0, 0));
    assert!(none.free.width() > 1_800.0);
}

fn site_panel() -> PanelKind {
    PanelKind::Devices { list: Some(DeviceList { kind: "建设工地".into(), worst: Worst::Lowest }) }
}

/// What a hand that goes by names finds and does: the names are those that a
/// screen reader would say.
#[test]
fn everything_that_can_be_clicked_has_a_name() {
    let Some(fonts) = fonts() else { return };
    let mut world = World::new(Mood::Usual);
    world.shown = Some(AlertKey::new("level", "pump"));
    world.focus = world.tree.find("320506001002001");
    world.filter = EventFilter { stages: vec![0], severities: vec![Severity::Urgent], ..EventFilter::default() };
    let screen = vec2(1920.0, 1080.0);
    let (unit, stage) = stage(&world, screen);
    let asked = std::cell::RefCell::new(Vec::new());
    let bold = egui::FontFamily::Name(BOLD_FAMILY.into());
    let mut harness = Harness::builder().with_size(screen).build_ui(|ui| {
        // The fonts are there from the second pass on.
        if !ui.ctx().fonts(|known| known.families().contains(&bold)) {
            ui.ctx().set_fonts(fonts.clone());
            return;
        }
        let view = world.view(unit);
        asked.borrow_mut().extend(header_ui(ui, &stage, &view));
        let axis = Panel { kind: PanelKind::TimeAxis, ..world.config.panels[0].clone() };
        let wide = Rect::from_min_size(pos2(0.0, 900.0), vec2(1_600.0, 170.0));
        let fresh = health(Freshness::Fresh, Mood::Usual);
        let past = PanelView { is_live: false, ..world.view(unit) };
        asked.borrow_mut().extend(panel_ui(ui, wide, &past, &axis, &fresh));
        for (kind, top) in [(PanelKind::ClosedLoop, 100.0), (PanelKind::Categories, 400.0), (site_panel(), 700.0)] {
            let panel = Panel { kind, ..world.config.panels[0].clone() };
            let place = Rect::from_min_size(pos2(1_400.0, top), vec2(480.0, 290.0));
            asked.borrow_mut().extend(panel_ui(ui, place, &view, &panel, &fresh));
        }
        let left = Rect::from_min_size(pos2(24.0, 100.0), vec2(416.0, 760.0));
        asked.borrow_mut().extend(panel_ui(ui, left, &view, &alerts_panel(&world), &fresh));
        let banner = Rect::from_min_size(pos2(500.0, 500.0), vec2(800.0, 300.0));
        asked.borrow_mut().extend(alert_banner_ui(ui, banner, None, &view).and_then(|(_, action)| action));
        asked.borrow_mut().extend(filter_chip_ui(ui, stage.free, &view));
        asked.borrow_mut().extend(breadcrumb_ui(ui, stage.free, &view));
        if let Some(area) = world.focus {
            asked.borrow_mut().extend(area_card_ui(ui, stage.free, &view, area, &AreaFacts::default()));
        }
        let list = [point_facts("道路积水"), point_facts("井盖松动")];
        let (_, action) = point_list_ui(ui, stage.free, stage.free.left_center(), &view, &list).expect("there is room");
        asked.borrow_mut().extend(action);
    });
    harness.run_steps(2);
    let [pump, area] = [("level", "pump"), ("rate", "area")].map(|(rule, at)| AlertKey::new(rule, at));
    for (name, action) in [
        ("确认 社区办结率偏低", PanelAction::AcknowledgeAlert(area)),
        ("确认 告警 · 泵站水位过高", PanelAction::AcknowledgeAlert(pump)),
        ("紧急事件超时", PanelAction::ShowAlert(AlertKey::new("late", "gas"))),
        ("全部确认", PanelAction::AcknowledgeAllAlerts),
        ("井盖松动", PanelAction::OpenPoint(1)),
        ("关闭", PanelAction::CloseCard),
        ("全域", PanelAction::FocusNothing),
        ("返回上级", PanelAction::FocusParent),
        ("实时或回放", PanelAction::TogglePause),
        ("数据源", PanelAction::ToggleDiagnostics),
        ("前一天", PanelAction::StepHours(-24)),
        ("后一小时", PanelAction::StepHours(1)),
        ("播放或暂停", PanelAction::TogglePause),
        ("加速", PanelAction::StepRate(1)),
        ("循环播放当天", PanelAction::ToggleLoop),
        ("监督处置", PanelAction::ToggleStage(2)),
        ("街面秩序", PanelAction::ToggleCategory("街面秩序".into())),
        ("地图与列表只看:事件收集 · 紧急", PanelAction::ClearFilter),
        ("汇景0网格 · 大明路", PanelAction::ShowDevice("0".into())),
        ("回到实时", PanelAction::GoLive),
    ] {
        asked.borrow_mut().clear();
        harness.get_by_label(name).click();
        harness.run_steps(2);
        assert_eq!(asked.borrow().as_slice(), [action], "{name}");
    }
}

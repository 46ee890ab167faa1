//! Panels moved in files as people write them.

use std::path::Path;

use super::*;

const SOURCE: &str = "[[sources]]\nid = \"e\"\nfeed = \"events\"\nkind = \"file\"\npath = \"e.csv\"\n";

fn config(text: &str) -> Config {
    Config::parse(text, Path::new("t.toml")).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn placed(id: &str, side: Side, column: Option<u32>, rows: Option<u32>) -> Placed {
    Placed { id: id.into(), side, cell: Cell { column, columns: None, rows } }
}

fn order(panels: &[&str]) -> Option<Order> {
    Some(Order { scene: 0, panels: panels.iter().map(|&id| id.to_owned()).collect() })
}

/// The text after a change, which must mean what was wanted.
fn changed(text: &str, wanted: &Arrangement) -> String {
    let before = config(text);
    let new = apply(text, &before, wanted).unwrap_or_else(|error| panic!("{error}\n{text}"));
    check(&before, &config(&new), wanted).unwrap_or_else(|error| panic!("{error}\n{new}"));
    new
}

/// Three tables with comments above, beside, behind and between them.
const TABLES: &str = "
# ── 面板 ──
#   id  唯一标识

[[panels]]
id = \"a\"   # 甲
kind = \"trend\"
# 只看今天
# rows = 4

# 乙的说明
[[panels]]
id = \"b\"
kind = \"ranking\"
# 放在第二列
column = 2  # 里侧
level = \"community\"

[[panels]]
id = \"c\"
kind = \"time-axis\"

# ── 其他 ──
[heat]
window = \"1h\"
";

#[test]
fn tables_change_places_with_the_comments_that_are_theirs() {
    let text = format!("{SOURCE}{TABLES}");
    let new = changed(&text, &Arrangement { moved: Vec::new(), order: order(&["b", "c", "a"]) });
    let expected = "
# ── 面板 ──
#   id  唯一标识

# 乙的说明
[[panels]]
id = \"b\"
kind = \"ranking\"
# 放在第二列
column = 2  # 里侧
level = \"community\"

[[panels]]
id = \"c\"
kind = \"time-axis\"

[[panels]]
id = \"a\"   # 甲
kind = \"trend\"
# 只看今天
# rows = 4

# ── 其他 ──
[heat]
window = \"1h\"
";
    assert_eq!(new, format!("{SOURCE}{expected}"));
}

#[test]
fn keys_are_set_changed_and_taken_away_and_comments_stay() {
    let text = format!("{SOURCE}{TABLES}");
    let moved = vec![
        placed("a", Side::Left, Some(1), Some(4)),
        placed("b", Side::Right, None, None),
        placed("c", Side::Bottom, None, Some(3)),
    ];
    let new = changed(&text, &Arrangement { moved, order: None });
    let expected = TABLES
        .replace("kind = \"trend\"\n", "kind = \"trend\"\nside = \"left\"\ncolumn = 1\nrows = 4\n")
        .replace("column = 2  # 里侧\n", "")
        .replace("kind = \"time-axis\"\n", "kind = \"time-axis\"\nrows = 3\n");
    assert_eq!(new, format!("{SOURCE}{expected}"));
    let again = changed(&new, &Arrangement { moved: vec![placed("a", Side::Left, Some(3), Some(4))], order: None });
    assert_eq!(again, new.replace("column = 1", "column = 3"));
}

#[test]
fn all_at_once_and_with_the_ends_of_lines_of_windows() {
    let text = format!("{SOURCE}{TABLES}");
    let wanted = Arrangement {
        moved: vec![placed("b", Side::Left, None, Some(5)), placed("a", Side::Right, Some(2), None)],
        order: order(&["c", "b", "a"]),
    };
    let unix = changed(&text, &wanted);
    let windows = changed(&text.replace('\n', "\r\n"), &wanted);
    assert_eq!(windows, unix.replace('\n', "\r\n"));
    let marked = changed(&format!("\u{feff}{text}"), &wanted);
    assert_eq!(marked, format!("\u{feff}{unix}"));
    assert!(changed(text.trim_end(), &wanted).starts_with(SOURCE));
}

#[test]
fn a_scene_s_own_list_is_put_in_order_and_the_tables_are_not() {
    let tables = TABLES.replace("[heat]\nwindow = \"1h\"\n", "");
    let of = |list: &str| format!("{SOURCE}{tables}[[scenes]]\nname = \"一\"\npanels = {list}\nduration = \"9s\"\n");
    let wanted = Arrangement { moved: Vec::new(), order: order(&["c", "a", "b"]) };
    for (list, expected) in [
        ("[\"a\", \"b\", \"c\"] # 三个", "[\"c\", \"a\", \"b\"] # 三个"),
        ("[ \"a\",\"b\", \"c\", ]", "[ \"c\",\"a\", \"b\", ]"),
        (
            "[\n  \"a\", # 甲\n  # 乙在甲后\n  \"b\",\n  \"c\"  # 丙\n]",
            "[\n  \"c\",  # 丙\n  \"a\", # 甲\n  # 乙在甲后\n  \"b\"\n]",
        ),
        (
            "[\n  \"a\",\n  \"b\", # 乙\n  \"c\", # 丙\n  # 完\n]",
            "[\n  \"c\", # 丙\n  \"a\",\n  \"b\", # 乙\n  # 完\n]",
        ),
    ] {
        assert_eq!(changed(&of(list), &wanted), of(expected), "{list}");
    }
    let inline = format!("{SOURCE}{tables}");
    let inline = format!("scenes = [{{ name = \"一\", panels = [\"a\", \"b\", \"c\"] }}]\n{inline}");
    assert_eq!(changed(&inline, &wanted), inline.replace("[\"a\", \"b\", \"c\"]", "[\"c\", \"a\", \"b\"]"));
}

#[test]
fn inline_tables_stay_inline() {
    let text = format!(
        "panels = [\n  {{ id = \"a\", kind = \"trend\", rows = 3 }}, # 甲\n  {{id=\"b\",kind=\"ranking\"}},\n]\n{SOURCE}"
    );
    let moved = vec![placed("a", Side::Right, Some(2), None), placed("b", Side::Left, None, Some(6))];
    let new = changed(&text, &Arrangement { moved, order: order(&["b", "a"]) });
    let expected = "panels = [\n  {id=\"b\",kind=\"ranking\", side = \"left\", rows = 6},\n  \
                    { id = \"a\", kind = \"trend\", column = 2 }, # 甲\n]\n";
    assert_eq!(new, format!("{expected}{SOURCE}"));
}

#[test]
fn panels_that_nobody_wrote_are_written_out() {
    let before = config(SOURCE);
    let mut ids: Vec<&str> = before.panels.iter().map(|panel| panel.id.as_str()).collect();
    ids.swap(0, 1);
    let wanted = Arrangement { moved: vec![placed("trend", Side::Left, None, Some(4))], order: order(&ids) };
    let new = changed(SOURCE, &wanted);
    assert!(new.starts_with(&format!("{SOURCE}\n# 面板")), "{new}");
    assert!(new.contains("id = \"trend\"\nkind = \"trend\"\nside = \"left\"\nrows = 4\n"), "{new}");
}

#[test]
fn what_cannot_be_changed_is_said() {
    let text = format!("{SOURCE}{TABLES}");
    let of = |moved: Vec<Placed>, order: Option<Order>| apply(&text, &config(&text), &Arrangement { moved, order });
    assert_eq!(of(vec![placed("z", Side::Left, None, None)], None), Err("配置文件里没有面板 z".into()));
    assert!(of(Vec::new(), order(&["a", "b"])).is_err(), "one is missing");
    assert!(of(Vec::new(), order(&["a", "b", "b"])).is_err(), "one is twice");
    let wanted = Arrangement { moved: vec![placed("a", Side::Left, Some(1), None)], order: None };
    assert!(apply("= x", &config(&text), &wanted).is_err());
    let other = text.replace("1h", "2h");
    assert!(check(&config(&text), &config(&other), &Arrangement::default()).is_err(), "somebody changed more");
    assert!(check(&config(&text), &config(&text), &wanted).is_err(), "nothing was moved");
    assert_eq!(apply(&text, &config(&text), &Arrangement::default()), Ok(text.clone()));
}

//! Briefings as they are written, and what is said about wrong ones.

use super::*;

#[test]
fn briefings_arrive_with_their_scenes() {
    let text = minimal(
        r#"
[wall]
notes_window = true
[[scenes]]
name = "总览"
[[scenes]]
name = "热力"
[[briefings]]
name = "晨会"
[[briefings.steps]]
scene = "热力"
focus = "320"
caption = " 今天先看积水 "
notes = """
第一行
第二行
"""
duration = "90s"
[[briefings.steps]]
scene = "总览"
"#,
    );
    let config = parsed(&text);
    let first = BriefingStep {
        scene: 1,
        focus: Some("320".into()),
        caption: Some("今天先看积水".into()),
        notes: Some("第一行\n第二行".into()),
        duration_secs: Some(90.0),
    };
    let steps = vec![first, BriefingStep::default()];
    assert_eq!(config.briefings, [Briefing { name: "晨会".into(), steps }]);
    assert!(config.wall.notes_window);
    let none = parsed(&minimal(""));
    assert!(none.briefings.is_empty() && !none.wall.notes_window);
}

#[test]
fn a_wall_without_scenes_has_one_that_briefings_may_name() {
    let text = minimal("[[briefings]]\nname = \"甲\"\n[[briefings.steps]]\nscene = \"总览\"\n");
    assert_eq!(parsed(&text).briefings[0].steps[0].scene, 0);
}

/// Wrong briefings, each with all that is said about it.
#[test]
fn complaints_about_briefings_help() {
    let scenes = "[[scenes]]\nname = \"总览\"\n[[scenes]]\nname = \"动态热力\"\n";
    for (more, expected) in CASES {
        let text = minimal(&format!("{scenes}{more}"));
        assert_eq!(refused(&text).lines().collect::<Vec<_>>(), expected, "\n{more}");
    }
}

const CASES: [(&str, &[&str]); 6] = [
    (
        "[[briefings]]\nname = \"甲\"\n[[briefings.steps]]\nscene = \"动态热图\"\n",
        &[
            "config.toml:13:9: 没有这个场景:不认识 `动态热图`(是否为 `动态热力`?),可用的有 `总览`、`动态热力`〔briefings[0].steps[0].scene〕",
        ],
    ),
    (
        "[[briefings]]\nname = \"甲\"\n",
        &["config.toml:10:1: 汇报应有 1 到 200 步([[briefings.steps]]),却有 0 步〔briefings[0].steps〕"],
    ),
    (
        "[[briefings]]\nname = \"甲\"\nsteps = []\n[[briefings]]\nname = \"甲\"\nsteps = [{ scene = \"总览\" }]\n",
        &[
            "config.toml:12:9: 汇报应有 1 到 200 步([[briefings.steps]]),却有 0 步〔briefings[0].steps〕",
            "config.toml:14:8: 汇报名称重复:与 briefings[0].name 相同〔briefings[1].name〕",
        ],
    ),
    (
        "[[briefings]]\n[[briefings.steps]]\nsceen = \"总览\"\n",
        &[
            "config.toml:10:1: 缺少必填的键 `name`〔briefings[0].name〕",
            "config.toml:11:1: 缺少必填的键 `scene`〔briefings[0].steps[0].scene〕",
            "config.toml:12:1: 未知的键 `sceen`(是否为 `scene`?)〔briefings[0].steps[0].sceen〕",
        ],
    ),
    (
        "[[briefings]]\nname = \"甲\"\n[[briefings.steps]]\nscene = \"总览\"\nnotes = \" \"\nduration = \"100ms\"\n",
        &[
            "config.toml:14:9: 不能为空〔briefings[0].steps[0].notes〕",
            r#"config.toml:15:12: 0.1s 太短,至少 "1s"〔briefings[0].steps[0].duration〕"#,
        ],
    ),
    (
        "[[briefings]]\nname = \"甲\"\n[[briefings.steps]]\nscene = \"总览\"\ncaption = \"一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十一\"\n",
        &["config.toml:14:11: 字幕至多 60 个字,却有 61 个〔briefings[0].steps[0].caption〕"],
    ),
];

//! What the words of a source may mean: `"已办结"` is the last stage.
//!
//! In: a word that the domain does not know, and what kind of field it stands
//! in. Out: the domain's word, where there can hardly be another.

use crate::config::field::FieldKind;

/// Words of a meaning, and the meaning; the first that fits counts.
type Meanings = &'static [(&'static [&'static str], &'static str)];

const SEVERITY: Meanings = &[
    (
        &[
            "紧急",
            "特急",
            "特别",
            "严重",
            "重大",
            "urgent",
            "critical",
            "emergency",
            "高",
            "高级",
            "高危",
            "high",
            "红",
            "红色",
        ],
        "urgent",
    ),
    (
        &[
            "较大", "较重", "较急", "重要", "重点", "major", "中", "中级", "中等", "中度", "medium", "serious", "黄",
            "黄色", "橙", "橙色",
        ],
        "major",
    ),
    (
        &["一般", "普通", "正常", "低", "低级", "低危", "轻", "轻微", "轻度", "normal", "minor", "low", "蓝", "蓝色"],
        "normal",
    ),
];

const CHANNEL: Meanings = &[
    (&["热线", "12345", "电话", "hotline", "phone", "call"], "hotline"),
    (&["随手拍", "公众", "群众", "市民", "微信", "小程序", "app", "snapshot", "wechat"], "snapshot"),
    (&["视频", "监控", "摄像", "video", "camera", "智能识别"], "video"),
    (&["物联", "设备", "传感", "感知", "iot", "sensor"], "iot"),
    (&["巡查", "巡检", "网格", "上报", "patrol", "grid"], "patrol"),
];

const DEVICE: Meanings = &[
    (&["离线", "掉线", "断开", "断线", "失联", "offline", "disconnect", "停用"], "offline"),
    (&["报警", "告警", "异常", "超标", "故障", "alarm", "alert", "warn", "fault"], "alarm"),
    (&["正常", "在线", "运行", "normal", "online", "ok", "启用"], "normal"),
];

const LEVEL: Meanings = &[
    (&["微网格", "micro"], "micro-grid"),
    (&["网格", "grid"], "grid"),
    (&["社区", "村", "居委", "community", "village"], "community"),
    (&["街道", "镇", "乡", "street", "town"], "street"),
    (&["区", "县", "district", "county"], "district"),
    (&["市", "city"], "city"),
];

const AREA_KIND: Meanings =
    &[(&["专属", "dedicated"], "dedicated"), (&["综合", "基础", "comprehensive"], "comprehensive")];

const CONTEXT: Meanings = &[
    (&["水", "河", "湖", "塘", "渠", "water", "river", "lake", "canal", "stream", "reservoir"], "water"),
    (&["绿", "公园", "林", "草", "park", "wood", "forest", "grass", "green", "garden", "meadow"], "green"),
    (&["楼", "建筑", "房", "building", "house", "apartments"], "building"),
    (
        &[
            "路",
            "道",
            "街",
            "桥",
            "road",
            "street",
            "motorway",
            "trunk",
            "primary",
            "secondary",
            "tertiary",
            "residential",
            "service",
        ],
        "road",
    ),
];

const FLAG: Meanings = &[
    (&["不", "未", "否", "无", "没", "离线", "断", "off", "no", "fail", "失败", "un"], "false"),
    (&["是", "已", "满意", "在线", "正常", "有", "on", "yes", "ok", "success", "成功"], "true"),
];

/// How far along the closed loop a word is, 0 to 1.
const PROGRESS: [(&[&str], f64); 5] = [
    (&["评价", "回访", "办结", "完成", "结案", "关闭", "closed", "done", "finished", "complete"], 1.0),
    (&["反馈", "核查", "复核", "verify", "review"], 0.8),
    (&["处理", "处置", "办理", "接单", "执行", "整改", "processing", "handling", "in_progress", "doing"], 0.6),
    (&["派单", "派遣", "派发", "分派", "交办", "已受理", "立案", "assigned", "dispatched", "accepted"], 0.35),
    (
        &[
            "上报",
            "新建",
            "收集",
            "登记",
            "待受理",
            "受理",
            "点单",
            "草稿",
            "new",
            "created",
            "open",
            "pending",
            "reported",
        ],
        0.0,
    ),
];

/// Words that are about to happen are one step before the word itself.
const BEFORE: [&str; 2] = ["待", "未"];

/// The domain's word for a word of a source; `None` where it cannot be told.
/// `stages` are the closed loop's.
pub fn meaning(kind: FieldKind, word: &str, stages: &[String]) -> Option<String> {
    let word = word.trim().to_lowercase();
    let table = match kind {
        FieldKind::Severity => SEVERITY,
        FieldKind::Channel => CHANNEL,
        FieldKind::DeviceState => DEVICE,
        FieldKind::Level => LEVEL,
        FieldKind::AreaKind => AREA_KIND,
        FieldKind::ContextKind => CONTEXT,
        FieldKind::Flag => FLAG,
        FieldKind::Stage => return stage(&word, stages).map(str::to_owned),
        _ => return None,
    };
    // One character within a word may be part of a name: 高红, 李中, 吴有.
    let fits = |part: &&&str| match kind {
        FieldKind::Severity if part.chars().count() == 1 => word == **part,
        FieldKind::Flag if part.chars().count() == 1 => word.starts_with(**part),
        _ => word.contains(**part),
    };
    table.iter().find(|(parts, _)| parts.iter().any(|part| fits(&part))).map(|(_, meaning)| (*meaning).to_owned())
}

/// The words beside which a word of a source stands, and how far along the
/// closed loop they are.
fn place_of(word: &str) -> Option<(&'static [&'static str], f64)> {
    PROGRESS.iter().copied().find(|(parts, _)| parts.iter().any(|part| word.contains(part)))
}

/// How far along the closed loop a word of a source is, 0 to 1.
pub fn progress(word: &str) -> Option<f64> {
    let word = word.trim().to_lowercase();
    let (parts, progress) = place_of(&word)?;
    // What is about to happen comes before it happens.
    let is_before = BEFORE.iter().any(|before| word.starts_with(before)) && !parts.iter().any(|part| word == *part);
    Some(if is_before { progress - 0.1 } else { progress })
}

/// The stage that a word is about.
fn stage<'s>(word: &str, stages: &'s [String]) -> Option<&'s str> {
    if word.chars().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let shares_name = |stage: &&String| {
        let stage = stage.to_lowercase();
        stage.contains(word) || word.contains(stage.as_str())
    };
    if let Some(stage) = stages.iter().find(shares_name) {
        return Some(stage);
    }
    let (parts, progress) = place_of(word)?;
    let steps = stages.len().checked_sub(1)? as f64;
    let mut index = (progress * steps).round();
    let is_before = BEFORE
        .iter()
        .any(|before| word.strip_prefix(before).is_some_and(|rest| parts.iter().any(|part| rest.starts_with(part))));
    if is_before && index > 0.0 {
        index -= 1.0;
    }
    stages.get(index as usize).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_mean_what_people_mean_by_them() {
        for (kind, word, expected) in [
            (FieldKind::Severity, "特别重大", Some("urgent")),
            (FieldKind::Severity, "较大以上", Some("major")),
            (FieldKind::Severity, "7", None),
            (FieldKind::Channel, "12345热线工单", Some("hotline")),
            (FieldKind::DeviceState, "设备离线", Some("offline")),
            (FieldKind::Flag, "不满意", Some("false")),
            (FieldKind::Flag, "未解决", Some("false")),
            (FieldKind::Flag, "已解决", Some("true")),
            (FieldKind::Level, "微网格级", Some("micro-grid")),
            (FieldKind::ContextKind, "riverbank", Some("water")),
            (FieldKind::Text, "随便", None),
        ] {
            assert_eq!(meaning(kind, word, &[]).as_deref(), expected, "{word}");
        }
    }

    #[test]
    fn every_guess_is_a_word_of_the_domain() {
        for (kind, table) in [
            (FieldKind::Severity, SEVERITY),
            (FieldKind::Channel, CHANNEL),
            (FieldKind::DeviceState, DEVICE),
            (FieldKind::Level, LEVEL),
            (FieldKind::ContextKind, CONTEXT),
        ] {
            assert!(table.iter().all(|(_, meaning)| kind.knows(meaning)), "{kind:?}");
        }
    }

    #[test]
    fn stages_are_found_by_name_or_by_how_far_things_are() {
        let stages = ["群众点单", "平台派单", "干部接单", "反馈评价"].map(str::to_owned);
        let stage = |word| meaning(FieldKind::Stage, word, &stages);
        assert_eq!(stage("派单").as_deref(), Some("平台派单"));
        assert_eq!(stage("待派单").as_deref(), Some("群众点单"));
        assert_eq!(stage("处理中").as_deref(), Some("干部接单"));
        assert_eq!(stage("已办结").as_deref(), Some("反馈评价"));
        assert_eq!(stage("新建").as_deref(), Some("群众点单"));
        assert_eq!(stage("3"), None);
        assert_eq!(stage("其他"), None);
        assert_eq!(meaning(FieldKind::Stage, "已办结", &[]), None);
    }
}

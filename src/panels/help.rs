//! All keys, over everything.

use bevy_egui::egui::{Align, Rect, Ui, pos2, vec2};

use super::chart::clickable;
use super::frame::card_ground;
use super::pen::{Pen, Style};
use super::{PanelAction, PanelView};
use crate::theme::{size, space};

/// Key, what it does.
const KEYS: [(&str, &str); 27] = [
    ("拖动", "移动地图"),
    ("滚轮 / 双指", "缩放地图"),
    ("单击区域", "聚焦，再单击返回上级"),
    ("Esc", "返回上级"),
    ("Home", "显示全域"),
    ("空格", "暂停、从此处播放"),
    (", / .", "前一小时、后一小时；加 Shift 为前一天、后一天"),
    ("[ / ]", "回放减速、加速：1 至 3600 倍"),
    ("O", "循环播放当天；再按一次不循环"),
    ("时间轴", "拖动移动时刻；滚轮改时段长短；Shift 拖动选一段循环"),
    ("End", "回到实时"),
    ("← / →", "上一场景、下一场景"),
    ("B", "汇报：开始、结束；翻页键、← / → 换步；N 提词"),
    ("1 … 7", "底图、区域、热力、轨迹、摄像头、设备、名称"),
    ("C", "区域填色：下一指标；Shift+C 上一指标"),
    ("H　W", "热力图换一种画法；与上周同一时段相比"),
    ("T", "倾斜：指标以高度表示；再按一次俯视"),
    ("L", "区域名称"),
    ("/", "按编号或名称查找：巡查人员、区域、设备、摄像头、事件"),
    ("A", "确认最前的告警；Shift+A 全部确认"),
    ("P", "公开模式：给来访者看；再按一次恢复"),
    ("F", "全屏"),
    ("S", "截图"),
    ("E", "编排版面：拖动面板、改大小，写回配置文件"),
    ("R", "遥控：显示网址与配对码"),
    ("D", "诊断：帧时、内存、数据源"),
    ("? / F1", "本页"),
];
/// Design units.
const LINE: f32 = 34.0;
const HEAD: f32 = 68.0;
const WIDTH: f32 = 744.0;
const KEY_WIDTH: f32 = 150.0;

/// Draws the list of keys in the middle of `stage`.
pub fn help_ui(ui: &mut Ui, stage: Rect, view: &PanelView) -> Option<PanelAction> {
    let pen = Pen::new(ui, view);
    let theme = view.theme;
    pen.fill(stage, theme.ground.alpha(0.6));
    let width = pen.u(WIDTH).min(stage.width() - pen.u(space::MARGIN * 2.0));
    let height = pen.u(HEAD + LINE * KEYS.len() as f32 + 20.0);
    let card = Rect::from_center_size(stage.center(), vec2(width, height.min(stage.height())));
    card_ground(&pen, card);
    let left = card.left() + pen.u(space::MARGIN);
    let right = card.right() - pen.u(space::MARGIN);
    let title = Style::bold(size::LARGE, theme.text);
    pen.text([left, card.top() + pen.u(46.0)], Align::Min, "按键", title, right - left);
    for (index, (key, does)) in KEYS.iter().enumerate() {
        let top = card.top() + pen.u(HEAD + LINE * index as f32);
        if top + pen.u(LINE) > card.bottom() {
            break;
        }
        let baseline = top + pen.u(24.0);
        pen.hline(left, right, top, 1.0, theme.hairline.alpha(0.5));
        let style = Style::bold(size::BODY, theme.accent);
        pen.text([left, baseline], Align::Min, key, style, pen.u(KEY_WIDTH - 12.0));
        let does_left = left + pen.u(KEY_WIDTH);
        let style = pen.shrunk(does, pen.body(), right - does_left);
        pen.text([does_left, baseline], Align::Min, does, style, right - does_left);
    }
    let close =
        Rect::from_min_max(pos2(right - pen.u(90.0), card.top() + pen.u(20.0)), pos2(right, card.top() + pen.u(56.0)));
    pen.text([right, card.top() + pen.u(44.0)], Align::Max, "? 关闭", pen.small(), close.width());
    clickable(ui, stage, "help", "关闭").clicked().then_some(PanelAction::ToggleHelp)
}

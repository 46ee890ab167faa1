//! What happens in a street: the classes of GB/T 30428 with the everyday
//! subclasses, how often, when, where and how each comes in.

use crate::domain::event::Channel;

/// A kind of place around which events gather.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpotKind {
    /// A mall or shopping street.
    Mall,
    /// A metro or bus hub.
    Hub,
    /// A food market or night stalls.
    Market,
    /// A large housing estate.
    Estate,
    /// A construction site.
    Site,
}

/// When in the day something happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hours {
    /// With the day's work: a high morning, a lower afternoon.
    Work,
    /// With the commute: two peaks.
    Commute,
    /// From dinner to midnight.
    Evening,
    /// At any time, less at night.
    Any,
}

impl Hours {
    /// Relative frequency per hour of the day.
    pub const fn weights(self) -> [f64; 24] {
        match self {
            Self::Work => [
                0.3, 0.2, 0.2, 0.2, 0.3, 0.6, 1.6, 3.6, 6.8, 8.4, 7.8, 6.0, 3.8, 4.4, 6.2, 6.6, 5.8, 4.6, 3.4, 2.6,
                1.9, 1.3, 0.8, 0.5,
            ],
            Self::Commute => [
                0.4, 0.3, 0.2, 0.2, 0.4, 1.0, 3.0, 7.4, 8.6, 5.0, 3.4, 3.6, 3.8, 3.2, 3.4, 4.0, 5.6, 8.2, 7.8, 5.2,
                3.8, 2.6, 1.6, 0.8,
            ],
            Self::Evening => [
                2.0, 1.0, 0.6, 0.4, 0.3, 0.4, 0.8, 1.4, 1.6, 1.6, 1.8, 2.4, 2.6, 2.0, 1.8, 2.0, 2.6, 4.6, 7.2, 8.6,
                8.4, 7.0, 5.2, 3.4,
            ],
            Self::Any => [
                1.8, 1.5, 1.3, 1.3, 1.5, 2.0, 3.0, 4.4, 5.2, 5.4, 5.2, 5.0, 4.6, 4.6, 4.8, 5.0, 5.2, 5.4, 5.4, 5.0,
                4.4, 3.8, 3.0, 2.4,
            ],
        }
    }
}

/// One subclass of events.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// Major class of GB/T 30428.
    pub category: &'static str,
    /// Subclass.
    pub name: &'static str,
    /// Relative frequency.
    pub weight: f64,
    /// Relative frequency at each [`SpotKind`], in their order.
    pub spots: [f64; 5],
    /// Share that happens along roads rather than at spots.
    pub on_road: f64,
    /// When.
    pub hours: Hours,
    /// Relative frequency per channel, in the order of [`Channel::ALL`].
    pub channels: [f64; 5],
    /// Shares that are 重要 and 紧急.
    pub severe: [f64; 2],
    /// Where exactly, in words.
    pub where_: &'static [&'static str],
}

impl Kind {
    /// Happens within the blocks, so that a community names its place better
    /// than a street.
    pub fn is_indoors(&self) -> bool {
        self.on_road == 0.0
    }

    /// The channel at `index` of the weights.
    pub fn channel(index: usize) -> Channel {
        Channel::ALL[index % Channel::ALL.len()]
    }
}

const STREET: &[&str] = &["路口", "公交站旁", "人行道", "非机动车道", "沿街商铺前", "地铁口"];
const ESTATE: &[&str] = &["小区门口", "小区内", "楼道", "单元门前", "地下车库", "小区东侧"];
const SITE: &[&str] = &["工地出入口", "工地围挡旁", "施工路段"];

#[rustfmt::skip]
/// Every subclass: class, name, weight, [mall, hub, market, estate, site],
/// on road, hours, [12345, patrol, IoT, snapshot, video], [major, urgent], where.
pub const KINDS: &[Kind] = &[
    kind("市容环境", "垃圾满溢",   11.0, [2.0, 1.0, 3.0, 3.0, 0.2], 0.25, Hours::Work,    [1.0, 4.0, 3.0, 2.0, 1.0], [0.02, 0.0], ESTATE),
    kind("市容环境", "暴露垃圾",    7.0, [1.0, 1.0, 3.0, 2.0, 1.0], 0.35, Hours::Work,    [1.0, 4.0, 0.0, 3.0, 1.0], [0.01, 0.0], STREET),
    kind("市容环境", "楼道堆物",    7.5, [0.1, 0.0, 0.2, 5.0, 0.0], 0.00, Hours::Work,    [2.0, 5.0, 0.0, 1.0, 0.0], [0.06, 0.0], &["", "消防通道", "架空层"]),
    kind("市容环境", "绿地破坏",    2.5, [0.5, 0.5, 0.5, 2.0, 1.0], 0.30, Hours::Work,    [1.0, 3.0, 0.0, 2.0, 0.0], [0.01, 0.0], STREET),
    kind("市容环境", "河道漂浮物",  1.5, [0.5, 0.0, 0.5, 1.0, 0.3], 0.20, Hours::Work,    [0.5, 2.0, 2.0, 1.0, 2.0], [0.03, 0.0], &["河边", "桥下", "泵站旁"]),
    kind("宣传广告", "违规张贴",    4.0, [1.0, 2.0, 2.0, 3.0, 0.3], 0.30, Hours::Work,    [0.3, 6.0, 0.0, 1.0, 0.5], [0.00, 0.0], STREET),
    kind("宣传广告", "违规户外广告",2.0, [4.0, 1.0, 1.0, 0.3, 0.3], 0.50, Hours::Work,    [0.5, 4.0, 0.0, 1.0, 1.0], [0.01, 0.0], STREET),
    kind("施工管理", "施工扰民",    4.5, [0.3, 0.3, 0.2, 1.0, 7.0], 0.05, Hours::Evening, [7.0, 1.0, 1.0, 1.0, 0.0], [0.06, 0.0], SITE),
    kind("施工管理", "渣土撒漏",    2.0, [0.1, 0.3, 0.1, 0.1, 5.0], 0.55, Hours::Any,     [1.0, 2.0, 0.0, 1.0, 4.0], [0.05, 0.0], SITE),
    kind("施工管理", "占道施工",    2.0, [0.5, 1.0, 0.2, 0.2, 4.0], 0.55, Hours::Work,    [2.0, 3.0, 0.0, 2.0, 2.0], [0.04, 0.0], SITE),
    kind("突发事件", "道路积水",    2.0, [1.0, 1.5, 1.0, 1.0, 0.5], 0.60, Hours::Any,     [1.0, 2.0, 4.0, 1.0, 2.0], [0.30, 0.05], &["路口", "下穿通道", "辅道", "桥下"]),
    kind("突发事件", "燃气异味",    0.9, [1.0, 0.1, 2.0, 3.0, 0.1], 0.00, Hours::Evening, [3.0, 1.0, 6.0, 0.0, 0.0], [0.55, 0.30], ESTATE),
    kind("突发事件", "水管爆裂",    0.7, [0.5, 0.3, 0.5, 2.0, 1.0], 0.40, Hours::Any,     [4.0, 2.0, 2.0, 1.0, 0.0], [0.50, 0.10], STREET),
    kind("突发事件", "井盖缺失",    2.2, [0.5, 1.0, 0.5, 1.0, 0.5], 0.70, Hours::Any,     [1.0, 2.0, 5.0, 2.0, 1.0], [0.25, 0.03], STREET),
    kind("街面秩序", "违停",       15.0, [4.0, 4.0, 2.0, 1.5, 0.3], 0.55, Hours::Commute, [2.0, 2.0, 1.0, 2.0, 6.0], [0.01, 0.0], STREET),
    kind("街面秩序", "共享单车淤积",7.0, [3.0, 8.0, 1.0, 0.5, 0.0], 0.25, Hours::Commute, [1.0, 3.0, 1.0, 2.0, 3.0], [0.00, 0.0], &["地铁口", "公交站旁", "路口"]),
    kind("街面秩序", "占道经营",    8.5, [2.0, 2.0, 6.0, 0.8, 0.3], 0.25, Hours::Evening, [2.0, 3.0, 0.0, 2.0, 4.0], [0.01, 0.0], STREET),
    kind("街面秩序", "流动摊贩",    5.0, [3.0, 4.0, 5.0, 0.6, 0.2], 0.25, Hours::Evening, [1.0, 3.0, 0.0, 2.0, 4.0], [0.00, 0.0], STREET),
    kind("街面秩序", "电动车进楼",  4.5, [0.1, 0.0, 0.2, 6.0, 0.0], 0.00, Hours::Evening, [2.0, 2.0, 6.0, 1.0, 0.0], [0.12, 0.01], &["电梯内", "单元门前", ""]),
    kind("街面秩序", "噪声扰民",    3.5, [2.0, 0.3, 3.0, 3.0, 0.5], 0.05, Hours::Evening, [7.0, 1.0, 1.0, 1.0, 0.0], [0.02, 0.0], &["广场", "沿街商铺前", "小区内"]),
    kind("其他", "路灯不亮",        3.0, [0.5, 0.8, 0.5, 1.5, 0.5], 0.65, Hours::Evening, [2.0, 3.0, 3.0, 2.0, 0.0], [0.02, 0.0], STREET),
    kind("其他", "路面破损",        3.2, [0.5, 1.0, 0.5, 1.0, 1.5], 0.75, Hours::Work,    [1.0, 4.0, 0.0, 3.0, 1.0], [0.03, 0.0], STREET),
    kind("其他", "电梯故障",        1.6, [1.0, 0.5, 0.1, 5.0, 0.0], 0.00, Hours::Commute, [5.0, 1.0, 3.0, 0.0, 0.0], [0.35, 0.04], &["", "商务楼"]),
    kind("其他", "邻里纠纷",        2.4, [0.1, 0.0, 0.3, 5.0, 0.0], 0.00, Hours::Evening, [4.0, 4.0, 0.0, 0.0, 0.0], [0.03, 0.0], &["小区内"]),
    kind("其他", "便民求助",        3.0, [0.3, 0.3, 0.5, 5.0, 0.0], 0.00, Hours::Work,    [5.0, 4.0, 1.0, 0.0, 0.0], [0.03, 0.0], &["小区内", "社区服务站"]),
];

#[expect(clippy::too_many_arguments, reason = "the columns of the table above, named once here")]
const fn kind(
    category: &'static str,
    name: &'static str,
    weight: f64,
    spots: [f64; 5],
    on_road: f64,
    hours: Hours,
    channels: [f64; 5],
    severe: [f64; 2],
    where_: &'static [&'static str],
) -> Kind {
    Kind { category, name, weight, spots, on_road, hours, channels, severe, where_ }
}

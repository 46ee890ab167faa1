//! What a point's badge shows.

/// An icon of `point.wgsl`; the number is that of its case there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Icon {
    /// 摄像头
    Camera = 0,
    /// 燃气
    Gas = 1,
    /// 水质、水位、水表、积水
    Water = 2,
    /// 井盖
    Manhole = 3,
    /// 垃圾桶
    Bin = 4,
    /// 门禁
    Door = 5,
    /// 用电
    Electricity = 6,
    /// 工地
    Site = 7,
    /// Anything else; 8 is 巡查人员, whom `head.wgsl` draws
    Sensor = 9,
}

impl Icon {
    /// Those that devices have; the last stands for all other kinds.
    pub const OF_DEVICES: [Self; 8] =
        [Self::Gas, Self::Water, Self::Manhole, Self::Bin, Self::Door, Self::Electricity, Self::Site, Self::Sensor];

    /// The icon for a kind of device, by the words in its name.
    pub fn of_kind(kind: &str) -> Self {
        // In this order: 井盖水位 is about the manhole.
        const WORDS: [(Icon, &[&str]); 7] = [
            (Icon::Manhole, &["井盖", "窨井", "manhole"]),
            (Icon::Gas, &["燃气", "可燃", "气体", "煤气", "烟感", "gas", "smoke"]),
            (Icon::Bin, &["垃圾", "bin", "waste"]),
            (Icon::Door, &["门禁", "门磁", "door"]),
            (Icon::Electricity, &["电", "power", "electric"]),
            (Icon::Site, &["工地", "扬尘", "塔吊", "噪声", "site", "dust"]),
            (Icon::Water, &["水", "河", "液位", "water", "flood"]),
        ];
        let kind = kind.to_lowercase();
        let found = WORDS.iter().find(|(_, words)| words.iter().any(|word| kind.contains(word)));
        found.map_or(Self::Sensor, |(icon, _)| *icon)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_find_their_icons() {
        for (kind, icon) in [
            ("可燃气体", Icon::Gas),
            ("河道水质", Icon::Water),
            ("井盖水位", Icon::Manhole),
            ("智能垃圾桶", Icon::Bin),
            ("智慧门禁", Icon::Door),
            ("智慧用电", Icon::Electricity),
            ("工地扬尘", Icon::Site),
            ("独居老人水表", Icon::Water),
            ("Water level", Icon::Water),
            ("气象", Icon::Sensor),
        ] {
            assert_eq!(Icon::of_kind(kind), icon, "{kind}");
        }
    }
}

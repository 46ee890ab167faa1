//! What colours the areas: one figure per area, computed from what is known of
//! it.
//!
//! In: tallies of today's events, cameras, households, figures that sources
//! report for an area. Out: a value per area, or none: an area without
//! households has no events per household, and is hatched rather than drawn
//! as zero.

use std::collections::HashMap;

use super::area::{AreaIndex, AreaTree};

/// Today's events of an area, with those of the areas below.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// 受理
    pub received: u32,
    /// 办结
    pub closed: u32,
    /// 实际解决
    pub solved: u32,
    /// 超时, open or closed
    pub overdue: u32,
    /// 重复投诉
    pub repeated: u32,
}

/// Cameras of an area, with those of the areas below.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CameraTally {
    /// Those that deliver pictures.
    pub online: u32,
    /// All of them.
    pub total: u32,
}

/// A figure of an area.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum AreaFigure {
    /// 今日事件
    #[default]
    Events,
    /// 每千户事件
    EventsPerHouseholds,
    /// 办结率
    ClosedRate,
    /// 实际解决率
    SolvedRate,
    /// 超时事件
    Overdue,
    /// 超时率
    OverdueRate,
    /// 重复投诉率
    RepeatedRate,
    /// 摄像头在线率
    CameraOnlineRate,
    /// One that a source reports for areas, by its key.
    Reported(String),
}

/// What figures of areas are computed from; every slice has one entry per area
/// or is empty while nothing is known.
#[derive(Clone, Copy, Debug)]
pub struct AreaFacts<'a> {
    /// The hierarchy.
    pub tree: &'a AreaTree,
    /// Today's events.
    pub events: &'a [Tally],
    /// Cameras.
    pub cameras: &'a [CameraTally],
    /// Households with those of the areas below.
    pub households: &'a [Option<u32>],
    /// Reported figures by key.
    pub reported: &'a HashMap<String, ReportedFigure>,
}

/// A figure that a source reports for several areas.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReportedFigure {
    /// Name as shown.
    pub label: String,
    /// Unit as shown.
    pub unit: String,
    /// Values by area.
    pub values: HashMap<AreaIndex, f64>,
}

impl AreaFigure {
    /// All that are computed, in the order in which a hand steps through them.
    pub const COMPUTED: [Self; 8] = [
        Self::Events,
        Self::EventsPerHouseholds,
        Self::ClosedRate,
        Self::SolvedRate,
        Self::Overdue,
        Self::OverdueRate,
        Self::RepeatedRate,
        Self::CameraOnlineRate,
    ];

    /// The name in configuration; the key of a reported one.
    pub fn name(&self) -> &str {
        match self {
            Self::Events => "events",
            Self::EventsPerHouseholds => "events-per-1000-households",
            Self::ClosedRate => "closed-rate",
            Self::SolvedRate => "solved-rate",
            Self::Overdue => "overdue",
            Self::OverdueRate => "overdue-rate",
            Self::RepeatedRate => "repeated-rate",
            Self::CameraOnlineRate => "camera-online-rate",
            Self::Reported(key) => key,
        }
    }

    /// Name and unit as shown: 今日事件, 件.
    pub fn label<'a>(&'a self, facts: &AreaFacts<'a>) -> (&'a str, &'a str) {
        match self {
            Self::Events => ("今日事件", "件"),
            Self::EventsPerHouseholds => ("今日每千户事件", "件"),
            Self::ClosedRate => ("今日办结率", "%"),
            Self::SolvedRate => ("今日实际解决率", "%"),
            Self::Overdue => ("今日超时事件", "件"),
            Self::OverdueRate => ("今日超时率", "%"),
            Self::RepeatedRate => ("今日重复投诉率", "%"),
            Self::CameraOnlineRate => ("摄像头在线率", "%"),
            Self::Reported(key) => {
                facts.reported.get(key).map_or((key, ""), |figure| (figure.label.as_str(), figure.unit.as_str()))
            }
        }
    }

    /// The value of each area, rates in percent; `None` where it cannot be
    /// known.
    pub fn values(&self, facts: &AreaFacts) -> Vec<Option<f64>> {
        (0..facts.tree.len() as AreaIndex).map(|area| self.value(facts, area)).collect()
    }

    /// The value of one area; see [`Self::values`].
    pub fn value(&self, facts: &AreaFacts, area: AreaIndex) -> Option<f64> {
        let index = area as usize;
        let tally = || facts.events.get(index);
        match self {
            Self::Events => Some(f64::from(tally()?.received)),
            Self::Overdue => Some(f64::from(tally()?.overdue)),
            Self::EventsPerHouseholds => {
                let households = facts.households.get(index).copied().flatten().filter(|&count| count > 0)?;
                Some(f64::from(tally()?.received) * 1_000.0 / f64::from(households))
            }
            Self::ClosedRate => percent(tally()?.closed, tally()?.received),
            Self::SolvedRate => percent(tally()?.solved, tally()?.received),
            Self::OverdueRate => percent(tally()?.overdue, tally()?.received),
            Self::RepeatedRate => percent(tally()?.repeated, tally()?.received),
            Self::CameraOnlineRate => {
                let cameras = facts.cameras.get(index)?;
                percent(cameras.online, cameras.total)
            }
            Self::Reported(key) => facts.reported.get(key)?.values.get(&area).copied(),
        }
    }
}

fn percent(part: u32, whole: u32) -> Option<f64> {
    (whole > 0).then(|| f64::from(part) / f64::from(whole) * 100.0)
}

/// Households of each area: its own figure, else the sum of those below that
/// have one.
pub fn households(tree: &AreaTree) -> Vec<Option<u32>> {
    let mut sums: Vec<Option<u32>> = tree.areas().iter().map(|area| area.households).collect();
    // Deepest first, so that a parent finds its children's sums complete.
    let mut order: Vec<(usize, AreaIndex)> =
        (0..tree.len() as AreaIndex).map(|area| (tree.path(area).len(), area)).collect();
    order.sort_unstable_by(|a, b| b.cmp(a));
    for (_, area) in order {
        let Some(parent) = tree.parent(area) else { continue };
        if tree.area(parent).households.is_none()
            && let Some(count) = sums[area as usize]
        {
            let sum = &mut sums[parent as usize];
            *sum = Some(sum.unwrap_or(0).saturating_add(count));
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::area::{Area, GridKind, Level};
    use crate::domain::geometry::Shape;

    fn area(code: &str, parent: Option<&str>, households: Option<u32>) -> Area {
        Area {
            code: code.into(),
            parent: parent.map(Into::into),
            name: code.into(),
            level: if parent.is_some() { Level::Grid } else { Level::Community },
            kind: GridKind::default(),
            shape: Shape::default(),
            households,
            responsible: Vec::new(),
        }
    }

    #[test]
    fn households_add_up_where_the_parent_has_none_of_its_own() {
        let (tree, _) = AreaTree::build(vec![
            area("C", None, None),
            area("g1", Some("C"), Some(300)),
            area("g2", Some("C"), None),
            area("g3", Some("C"), Some(200)),
            area("D", None, Some(900)),
            area("g4", Some("D"), Some(100)),
        ]);
        assert_eq!(households(&tree), [Some(500), Some(300), None, Some(200), Some(900), Some(100)]);
    }

    #[test]
    fn what_has_no_base_has_no_value() {
        let (tree, _) = AreaTree::build(vec![area("a", None, Some(2_000)), area("b", None, None)]);
        let events = [Tally { received: 10, closed: 8, solved: 7, overdue: 1, repeated: 2 }, Tally::default()];
        let cameras = [CameraTally { online: 3, total: 4 }, CameraTally::default()];
        let households = households(&tree);
        let mut reported = HashMap::new();
        let values = HashMap::from([(1, 61.5)]);
        reported.insert("score".to_owned(), ReportedFigure { label: "评分".into(), unit: "分".into(), values });
        let facts =
            AreaFacts { tree: &tree, events: &events, cameras: &cameras, households: &households, reported: &reported };
        let values = |figure: AreaFigure| figure.values(&facts);
        assert_eq!(values(AreaFigure::Events), [Some(10.0), Some(0.0)]);
        assert_eq!(values(AreaFigure::EventsPerHouseholds), [Some(5.0), None]);
        assert_eq!(values(AreaFigure::ClosedRate), [Some(80.0), None]);
        assert_eq!(values(AreaFigure::SolvedRate), [Some(70.0), None]);
        assert_eq!(values(AreaFigure::Overdue), [Some(1.0), Some(0.0)]);
        assert_eq!(values(AreaFigure::OverdueRate), [Some(10.0), None]);
        assert_eq!(values(AreaFigure::RepeatedRate), [Some(20.0), None]);
        assert_eq!(values(AreaFigure::CameraOnlineRate), [Some(75.0), None]);
        let score = AreaFigure::Reported("score".into());
        assert_eq!((values(score.clone()), score.label(&facts)), (vec![None, Some(61.5)], ("评分", "分")));
        assert_eq!(values(AreaFigure::Reported("x".into())), [None, None]);
        let unknown = AreaFacts { events: &[], ..facts };
        assert_eq!(AreaFigure::Events.values(&unknown), [None, None]);
    }
}

//! The governance hierarchy: city › district › street › community › grid ›
//! micro-grid, of any depth, linked by parent codes.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::finding::{Finding, FindingKind};
use super::geometry::Shape;

/// A level of the governance hierarchy. The order is from large to small.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// 市
    City,
    /// 区、县
    District,
    /// 街道、镇
    Street,
    /// 社区、村
    Community,
    /// 网格
    Grid,
    /// 微网格
    MicroGrid,
}

impl Level {
    /// All levels, largest first.
    pub const ALL: [Self; 6] = [Self::City, Self::District, Self::Street, Self::Community, Self::Grid, Self::MicroGrid];

    /// The field's Chinese word.
    pub const fn label(self) -> &'static str {
        match self {
            Self::City => "市",
            Self::District => "区",
            Self::Street => "街道",
            Self::Community => "社区",
            Self::Grid => "网格",
            Self::MicroGrid => "微网格",
        }
    }

    /// The name in configuration and data.
    pub const fn name(self) -> &'static str {
        match self {
            Self::City => "city",
            Self::District => "district",
            Self::Street => "street",
            Self::Community => "community",
            Self::Grid => "grid",
            Self::MicroGrid => "micro-grid",
        }
    }

    /// Reads the configuration's name, the Chinese word, or a common variant.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text.trim().to_ascii_lowercase().as_str() {
            "city" | "市" => Self::City,
            "district" | "county" | "区" | "县" | "区县" => Self::District,
            "street" | "town" | "街道" | "镇" | "乡" => Self::Street,
            "community" | "village" | "社区" | "村" => Self::Community,
            "grid" | "网格" => Self::Grid,
            "micro-grid" | "microgrid" | "micro_grid" | "微网格" => Self::MicroGrid,
            _ => return None,
        })
    }
}

/// What a grid is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GridKind {
    /// 综合网格: a piece of the residential fabric.
    #[default]
    Comprehensive,
    /// 专属网格: one company, mall or campus.
    Dedicated,
}

/// One link of the chain of responsibility on a grid's board: a role and who
/// holds it, already masked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Responsible {
    /// 挂包领导, 网格长, 网格员, 下沉干部 …
    pub role: String,
    /// Masked name or a number.
    pub holder: String,
}

/// One area of the hierarchy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Area {
    /// Unique code; any form.
    pub code: String,
    /// Code of the area above, when there is one.
    pub parent: Option<String>,
    /// Name as shown.
    pub name: String,
    /// Level in the hierarchy.
    pub level: Level,
    /// Comprehensive or dedicated; meaningful for grids.
    pub kind: GridKind,
    /// Boundary in WGS-84 degrees; empty when the source had none.
    pub shape: Shape,
    /// Households (户), when known.
    pub households: Option<u32>,
    /// Chain of responsibility, top first.
    pub responsible: Vec<Responsible>,
}

/// Index of an area in its [`AreaTree`].
pub type AreaIndex = u32;

/// The areas of a jurisdiction with their hierarchy.
#[derive(Clone, Debug, Default)]
pub struct AreaTree {
    /// Shared with whoever delivered them: no boundary is held twice.
    areas: Vec<Arc<Area>>,
    by_code: HashMap<String, AreaIndex>,
    parents: Vec<Option<AreaIndex>>,
    children: Vec<Vec<AreaIndex>>,
    roots: Vec<AreaIndex>,
    /// By [`Level`], in the order of the areas.
    by_level: [Vec<AreaIndex>; Level::ALL.len()],
}

impl AreaTree {
    /// Links `areas` by their parent codes.
    ///
    /// The first of several areas with one code wins; an area whose parent is
    /// unknown or that is its own ancestor becomes a root. Each such case is
    /// reported as a finding, none is an error.
    pub fn build<A: Into<Arc<Area>>>(areas: Vec<A>) -> (Self, Vec<Finding>) {
        let mut findings = Vec::new();
        let mut tree = Self { by_code: HashMap::with_capacity(areas.len()), ..Self::default() };
        for area in areas {
            let area: Arc<Area> = area.into();
            let index = tree.areas.len() as AreaIndex;
            if let Some(&first) = tree.by_code.get(&area.code) {
                let kept = &tree.areas[first as usize].name;
                findings.push(Finding::new(
                    FindingKind::DuplicateCode,
                    &area.code,
                    format!("编码重复:保留“{kept}”,舍去“{}”", area.name),
                ));
                continue;
            }
            tree.by_code.insert(area.code.clone(), index);
            tree.areas.push(area);
        }
        tree.parents = vec![None; tree.areas.len()];
        tree.children = vec![Vec::new(); tree.areas.len()];
        for index in 0..tree.areas.len() {
            let area = &tree.areas[index];
            let Some(parent_code) = area.parent.as_deref().filter(|code| !code.is_empty()) else { continue };
            match tree.by_code.get(parent_code) {
                Some(&parent) => tree.parents[index] = Some(parent),
                None => findings.push(Finding::new(
                    FindingKind::Orphan,
                    &area.code,
                    format!("“{}”的上级 {parent_code} 不在数据中", area.name),
                )),
            }
        }
        tree.cut_cycles(&mut findings);
        for (index, area) in tree.areas.iter().enumerate() {
            tree.by_level[area.level as usize].push(index as AreaIndex);
        }
        for index in 0..tree.areas.len() {
            match tree.parents[index] {
                Some(parent) => tree.children[parent as usize].push(index as AreaIndex),
                None => tree.roots.push(index as AreaIndex),
            }
        }
        (tree, findings)
    }

    /// Makes a root of one member of each cycle of parents.
    fn cut_cycles(&mut self, findings: &mut Vec<Finding>) {
        // 0 = not seen, otherwise the number of the walk that saw it first.
        let mut seen_by = vec![0_u32; self.areas.len()];
        for start in 0..self.areas.len() {
            let walk = start as u32 + 1;
            let mut at = start;
            while seen_by[at] == 0 {
                seen_by[at] = walk;
                match self.parents[at] {
                    Some(parent) if seen_by[parent as usize] == walk => {
                        findings.push(Finding::new(
                            FindingKind::Cycle,
                            &self.areas[at].code,
                            format!("“{}”经由上级又回到自身,已作为顶层", self.areas[at].name),
                        ));
                        self.parents[at] = None;
                        break;
                    }
                    Some(parent) => at = parent as usize,
                    None => break,
                }
            }
        }
    }

    /// The same areas under other names. Those whose name stays are shared: no
    /// boundary is held twice for a name.
    pub fn renamed<'a>(&'a self, rename: impl Fn(&'a str) -> Cow<'a, str>) -> Self {
        let renamed = |area: &'a Arc<Area>| match rename(&area.name) {
            Cow::Borrowed(name) if name == area.name => Arc::clone(area),
            name => Arc::new(Area { name: name.into_owned(), ..Area::clone(area) }),
        };
        Self { areas: self.areas.iter().map(renamed).collect(), ..self.clone() }
    }

    /// All areas in the order they came.
    pub fn areas(&self) -> &[Arc<Area>] {
        &self.areas
    }

    /// Number of areas.
    pub fn len(&self) -> usize {
        self.areas.len()
    }

    /// No area at all.
    pub fn is_empty(&self) -> bool {
        self.areas.is_empty()
    }

    /// The area at `index`.
    pub fn area(&self, index: AreaIndex) -> &Area {
        &self.areas[index as usize]
    }

    /// Looks an area up by its code.
    pub fn find(&self, code: &str) -> Option<AreaIndex> {
        self.by_code.get(code).copied()
    }

    /// The area above.
    pub fn parent(&self, index: AreaIndex) -> Option<AreaIndex> {
        self.parents[index as usize]
    }

    /// The areas directly below.
    pub fn children(&self, index: AreaIndex) -> &[AreaIndex] {
        &self.children[index as usize]
    }

    /// Areas without a parent.
    pub fn roots(&self) -> &[AreaIndex] {
        &self.roots
    }

    /// The area itself and everything above it, from the top down.
    pub fn path(&self, index: AreaIndex) -> Vec<AreaIndex> {
        let mut path = vec![index];
        while let Some(parent) = self.parent(path[path.len() - 1]) {
            path.push(parent);
        }
        path.reverse();
        path
    }

    /// The nearest ancestor at `level`, the area itself included.
    pub fn ancestor_at(&self, index: AreaIndex, level: Level) -> Option<AreaIndex> {
        let mut at = Some(index);
        while let Some(index) = at {
            if self.area(index).level == level {
                return Some(index);
            }
            at = self.parent(index);
        }
        None
    }

    /// Whether `index` is `ancestor` or lies below it.
    pub fn is_within(&self, index: AreaIndex, ancestor: AreaIndex) -> bool {
        let mut at = Some(index);
        while let Some(index) = at {
            if index == ancestor {
                return true;
            }
            at = self.parent(index);
        }
        false
    }

    /// The levels that occur, largest first.
    pub fn levels(&self) -> Vec<Level> {
        Level::ALL.into_iter().filter(|level| !self.by_level[*level as usize].is_empty()).collect()
    }

    /// Indices of the areas at `level`.
    pub fn at_level(&self, level: Level) -> impl Iterator<Item = AreaIndex> + '_ {
        self.by_level[level as usize].iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(code: &str, parent: Option<&str>, level: Level) -> Area {
        Area {
            code: code.into(),
            parent: parent.map(Into::into),
            name: format!("区域{code}"),
            level,
            kind: GridKind::default(),
            shape: Shape::default(),
            households: None,
            responsible: Vec::new(),
        }
    }

    #[test]
    fn depth_comes_from_parents_not_from_codes() {
        let (tree, findings) = AreaTree::build(vec![
            area("m1", Some("g1"), Level::MicroGrid),
            area("S", None, Level::Street),
            area("g1", Some("c-1"), Level::Grid),
            area("c-1", Some("S"), Level::Community),
        ]);
        assert!(findings.is_empty());
        let leaf = tree.find("m1").unwrap();
        let names: Vec<_> = tree.path(leaf).iter().map(|&i| tree.area(i).code.as_str()).collect();
        assert_eq!(names, ["S", "c-1", "g1", "m1"]);
        assert_eq!(tree.ancestor_at(leaf, Level::Community), tree.find("c-1"));
        assert!(tree.is_within(leaf, tree.find("S").unwrap()));
        assert_eq!(tree.roots(), [tree.find("S").unwrap()]);
        assert_eq!(tree.levels(), [Level::Street, Level::Community, Level::Grid, Level::MicroGrid]);
    }

    #[test]
    fn other_names_change_nothing_else_and_copy_no_boundary() {
        let (tree, _) = AreaTree::build(vec![area("S", None, Level::Street), area("c", Some("S"), Level::Community)]);
        let other = tree.renamed(|name| if name == "区域c" { "别处".into() } else { name.into() });
        assert_eq!([0, 1].map(|index| other.area(index).name.as_str()), ["区域S", "别处"]);
        assert!(Arc::ptr_eq(&tree.areas()[0], &other.areas()[0]));
        assert_eq!((other.find("c"), other.parent(1), other.children(0)), (Some(1), Some(0), &[1][..]));
        assert_eq!(tree.area(1).name, "区域c", "the tree itself stays");
    }

    #[test]
    fn orphans_duplicates_and_cycles_are_reported_and_kept_usable() {
        let (tree, findings) = AreaTree::build(vec![
            area("a", Some("b"), Level::Grid),
            area("b", Some("a"), Level::Grid),
            area("c", Some("nowhere"), Level::Grid),
            area("c", None, Level::Grid),
            area("self", Some("self"), Level::Grid),
        ]);
        let mut kinds: Vec<_> = findings.iter().map(|f| f.kind).collect();
        kinds.sort_by_key(|kind| format!("{kind:?}"));
        assert_eq!(kinds, [FindingKind::Cycle, FindingKind::Cycle, FindingKind::DuplicateCode, FindingKind::Orphan]);
        assert_eq!(tree.len(), 4);
        for index in 0..tree.len() as AreaIndex {
            assert!(tree.path(index).len() <= 2);
        }
    }
}

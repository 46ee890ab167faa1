//! What must be true of every map: exact counts, exact tiling, shared borders,
//! simple rings, repeatability.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::OnceLock;

use super::*;
use crate::domain::area::{AreaTree, Level};
use crate::domain::context::ContextKind;
use crate::domain::geometry::{Bounds, Shape, signed_area};
use crate::simulate::profile::{PROFILES, find};

/// The grounds of all profiles for the default seed, each built once.
fn grounds() -> impl Iterator<Item = (&'static Profile, &'static Geography)> {
    static GROUNDS: [OnceLock<Geography>; PROFILES.len()] = [const { OnceLock::new() }; PROFILES.len()];
    let built = |(profile, ground): (&'static Profile, &'static OnceLock<Geography>)| {
        (profile, ground.get_or_init(|| Geography::build(profile, DEFAULT)))
    };
    PROFILES.iter().zip(&GROUNDS).map(built)
}

fn build(name: &str, seed: u64) -> Geography {
    Geography::build(find(name).expect("a profile of the table"), seed)
}

fn count(geography: &Geography, level: Level, kind: Option<GridKind>) -> usize {
    geography.areas.iter().filter(|a| a.level == level && kind.is_none_or(|kind| a.kind == kind)).count()
}

/// Edges of a shape by the bits of their ends, in ring order.
fn edges(shape: &Shape) -> Vec<[[u64; 2]; 2]> {
    let bits = |p: [f64; 2]| p.map(f64::to_bits);
    shape.rings().flat_map(|r| (0..r.len()).map(|i| [bits(r[i]), bits(r[(i + 1) % r.len()])])).collect()
}

#[test]
fn counts_are_exactly_those_that_the_places_publish() {
    for seed in [DEFAULT, 1, 2, 3] {
        let jinjihu = build("jinjihu", seed);
        assert_eq!(count(&jinjihu, Level::Street, None), 1);
        assert_eq!(count(&jinjihu, Level::Community, None), 57);
        assert_eq!(count(&jinjihu, Level::Grid, Some(GridKind::Comprehensive)), 204);
        assert_eq!(count(&jinjihu, Level::Grid, Some(GridKind::Dedicated)), 129);
        assert_eq!(count(&jinjihu, Level::MicroGrid, None), 1_414);
        let badahu = build("badahu", seed);
        assert_eq!(count(&badahu, Level::Community, None), 10);
        assert_eq!(count(&badahu, Level::Grid, None), 56);
        assert_eq!(count(&badahu, Level::MicroGrid, None), 0);
        let named = |kind, end: &str| badahu.context.iter().filter(|f| f.kind == kind && f.name.ends_with(end)).count();
        assert_eq!(named(ContextKind::Building, "号楼"), 350);
        assert_eq!(named(ContextKind::Green, "楼院"), 23);
        for geography in [jinjihu, badahu] {
            let buildings = geography.context.iter().filter(|f| f.kind == ContextKind::Building).count();
            assert!((1_500..3_000).contains(&buildings), "{buildings}");
        }
    }
}

const DEFAULT: u64 = crate::simulate::DEFAULT_SEED;

#[test]
fn codes_link_every_area_to_its_parent() {
    for (profile, geography) in grounds() {
        let count = geography.areas.len();
        let (tree, findings) = AreaTree::build(geography.areas.clone());
        assert!(findings.is_empty(), "{findings:?}");
        assert_eq!((tree.len(), tree.roots().len()), (count, 1));
        let names: HashSet<_> = tree.areas().iter().map(|a| (&a.parent, &a.name)).collect();
        assert_eq!(names.len(), count);
        let levels: BTreeSet<Level> = tree.areas().iter().map(|a| a.level).collect();
        assert_eq!(levels, profile.levels.iter().copied().collect(), "{}", profile.name);
        for (index, area) in tree.areas().iter().enumerate() {
            let below: u32 = tree.children(index as u32).iter().filter_map(|&i| tree.area(i).households).sum();
            assert!(tree.children(index as u32).is_empty() || area.households == Some(below), "{}", area.name);
        }
    }
}

#[test]
fn children_and_waters_tile_their_parent_exactly() {
    for (_, geography) in grounds() {
        let (tree, _) = AreaTree::build(geography.areas.clone());
        for (index, area) in tree.areas().iter().enumerate() {
            let children = tree.children(index as u32);
            if children.is_empty() {
                continue;
            }
            // Opposite edges of neighbours cancel; what is left is the outline,
            // and for the topmost area also the banks of its waters.
            let mut left: HashSet<[[u64; 2]; 2]> = HashSet::new();
            for &child in children {
                for [a, b] in edges(&tree.area(child).shape) {
                    if !left.remove(&[b, a]) {
                        assert!(left.insert([a, b]), "{}: two areas on one side", area.name);
                    }
                }
            }
            let own: HashSet<_> = edges(&area.shape).into_iter().collect();
            let covered: f64 = children.iter().map(|&child| tree.area(child).shape.area()).sum();
            if area.parent.is_none() {
                let banks = left.difference(&own).count();
                assert!(banks > 50, "lake and river have banks");
                let waters = 1.0 - covered / area.shape.area();
                assert!((0.01..0.25).contains(&waters), "{waters}");
                assert_eq!(area.shape.ring_ends.len(), 1, "the whole is one piece without holes");
            } else {
                assert_eq!(left, own, "{}", area.name);
                assert!((covered / area.shape.area() - 1.0).abs() < 1e-6, "{}", area.name);
            }
        }
    }
}

#[test]
fn children_lie_within_their_parent() {
    let geography = build("jinjihu", DEFAULT);
    let (tree, _) = AreaTree::build(geography.areas.clone());
    for (index, area) in tree.areas().iter().enumerate() {
        let Some(parent) = tree.parent(index as u32) else { continue };
        let inner = board::inner_point(area.shape.ring(0));
        assert!(area.shape.contains(inner), "{}", area.name);
        assert!(tree.area(parent).shape.contains(inner), "{}", area.name);
    }
    for leaf in &geography.leaves {
        let inner = geography.plane.degrees_from_local(leaf.inner);
        assert_eq!(geography.leaf_at(inner).map(|l| l.area), Some(leaf.area));
    }
}

#[test]
fn rings_are_simple_and_no_vertex_repeats() {
    for (name, seed) in [("badahu", DEFAULT), ("jinjihu", DEFAULT), ("jinjihu", 1), ("nanjing", 2)] {
        let geography = build(name, seed);
        for area in &geography.areas {
            for (number, ring) in area.shape.rings().enumerate() {
                let distinct: HashSet<_> = ring.iter().map(|p| p.map(f64::to_bits)).collect();
                assert_eq!(distinct.len(), ring.len(), "{}: ring {number} repeats a vertex", area.name);
                assert!(signed_area(ring) != 0.0);
                assert!(!crosses_itself(ring), "{}: ring {number} crosses itself", area.name);
            }
        }
    }
}

/// Whether two edges of a ring that are not neighbours meet. Edges are looked
/// up in a raster so that rings of a thousand vertices stay cheap.
fn crosses_itself(ring: &[[f64; 2]]) -> bool {
    const CELL_DEG: f64 = 0.0008;
    let cell = |v: f64| (v / CELL_DEG).floor() as i64;
    let edge = |i: usize| (ring[i], ring[(i + 1) % ring.len()]);
    let mut cells: HashMap<(i64, i64), Vec<usize>> = HashMap::new();
    for i in 0..ring.len() {
        let (a, b) = edge(i);
        for x in cell(a[0].min(b[0]))..=cell(a[0].max(b[0])) {
            for y in cell(a[1].min(b[1]))..=cell(a[1].max(b[1])) {
                cells.entry((x, y)).or_default().push(i);
            }
        }
    }
    let neighbours = |i: usize, j: usize| i == j || (i + 1) % ring.len() == j || (j + 1) % ring.len() == i;
    let meet = |i: usize, j: usize| {
        let ((a, b), (p, q)) = (edge(i), edge(j));
        // Edges on one line meet only where their boxes do.
        let boxes_meet = Bounds::of(&[a, b]).intersects(&Bounds::of(&[p, q]));
        !neighbours(i, j) && boxes_meet && mesh::segments_meet(a, b, p, q)
    };
    cells.values().any(|near| near.iter().any(|&i| near.iter().any(|&j| j > i && meet(i, j))))
}

#[test]
fn areas_have_the_shape_of_blocks() {
    for (profile, geography) in grounds() {
        let mut thin = 0;
        for leaf in &geography.leaves {
            let length: f64 = (0..leaf.local.len())
                .map(|i| mesh::distance(leaf.local[i], leaf.local[(i + 1) % leaf.local.len()]))
                .sum();
            // 1 for a square, 2.6 for a strip eight times as long as wide.
            thin += usize::from(length * length / (16.0 * signed_area(&leaf.local)) > 2.6);
        }
        assert!(thin * 50 < geography.leaves.len(), "{}: {thin} strips", profile.name);
    }
}

#[test]
fn the_same_seed_gives_the_same_ground() {
    let (a, b, c) = (build("badahu", 5), build("badahu", 5), build("badahu", 6));
    assert_eq!(a.areas, b.areas);
    assert_eq!(a.context, b.context);
    assert_ne!(a.areas[0].shape, c.areas[0].shape);
}

#[test]
fn buildings_keep_clear_of_water_and_roads_run_beyond_the_border() {
    let geography = build("badahu", DEFAULT);
    let waters: Vec<&ContextFeature> = geography.context.iter().filter(|f| f.kind == ContextKind::Water).collect();
    for building in geography.context.iter().filter(|f| f.kind == ContextKind::Building) {
        for &corner in &building.shape.points {
            assert!(!waters.iter().any(|water| water.shape.contains(corner)));
        }
    }
    let street = geography.areas[0].shape.bounds();
    let mut all = Bounds::EMPTY;
    geography.roads.iter().flat_map(|r| &r.line).for_each(|&p| all.grow(geography.plane.degrees_from_local(p)));
    assert!(all.size()[0] > 1.8 * street.size()[0] && all.size()[1] > 1.8 * street.size()[1]);
    assert!(waters.iter().all(|water| !water.shape.is_empty()));
}

#[test]
fn a_whole_city_has_exact_counts_for_any_seed() {
    for seed in [DEFAULT, 1, 11] {
        let city = build("nanjing", seed);
        for (level, expected) in [
            (Level::City, 1),
            (Level::District, 11),
            (Level::Street, 100),
            (Level::Community, 1_250),
            (Level::MicroGrid, 40_976),
        ] {
            assert_eq!(count(&city, level, None), expected, "seed {seed}: {}", level.label());
        }
        assert!(city.areas.iter().all(|area| !area.shape.is_empty()), "seed {seed}");
        let vertices: usize = city.areas.iter().map(|area| area.shape.points.len()).sum();
        assert!((1_150_000..1_450_000).contains(&vertices), "seed {seed}: {vertices}");
    }
}

#[test]
fn codes_of_a_whole_city_have_the_form_of_gb_t_2260() {
    let (_, city) = grounds().find(|(profile, _)| profile.name == "nanjing").expect("a profile of the table");
    let levels = [Level::City, Level::District, Level::Street, Level::Community, Level::MicroGrid];
    for area in &city.areas {
        let digits = [6, 6, 9, 12, 15][levels.iter().position(|&l| l == area.level).expect("one of five levels")];
        assert!(area.code.len() == digits && area.code.starts_with("3299"), "{}", area.code);
        let serial = |range: std::ops::Range<usize>| area.code[range].parse::<u32>().expect("digits");
        match area.level {
            Level::Street => assert_eq!(area.name.ends_with('镇'), serial(6..9) >= 100, "{}", area.name),
            Level::Community => assert_eq!(area.name.ends_with('村'), serial(9..12) >= 200, "{}", area.name),
            Level::MicroGrid => assert_eq!(area.name, format!("第{}微网格", serial(12..15))),
            _ => {}
        }
        let is_below =
            area.parent.as_ref().is_none_or(|parent| area.level == Level::District || area.code.starts_with(parent));
        assert!(is_below, "{} below {:?}", area.code, area.parent);
    }
}

#[test]
fn any_place_of_a_whole_city_lies_in_one_micro_grid_or_in_water() {
    let (_, city) = grounds().find(|(profile, _)| profile.name == "nanjing").expect("a profile of the table");
    let (tree, _) = AreaTree::build(city.areas.clone());
    let waters: Vec<&ContextFeature> = city.context.iter().filter(|f| f.kind == ContextKind::Water).collect();
    let bounds = city.areas[0].shape.bounds();
    let [width, height] = bounds.size();
    let mut rng = noise::stream(1, "places");
    let (mut on_land, mut afloat) = (0, 0);
    for _ in 0..1_500 {
        let place = [bounds.min[0] + width * rng.f64(), bounds.min[1] + height * rng.f64()];
        let holding: Vec<usize> = (0..city.areas.len())
            .filter(|&i| city.areas[i].level == Level::MicroGrid && city.areas[i].shape.contains(place))
            .collect();
        assert!(holding.len() <= 1, "{place:?} lies in {holding:?}");
        assert_eq!(city.leaf_at(place).map(|leaf| leaf.area), holding.first().copied());
        let Some(&index) = holding.first() else {
            let is_inside = city.areas[0].shape.contains(place);
            afloat += usize::from(is_inside);
            assert!(!is_inside || waters.iter().any(|water| water.shape.contains(place)), "a gap at {place:?}");
            continue;
        };
        on_land += 1;
        let mut above = tree.parent(index as u32);
        while let Some(parent) = above {
            assert!(tree.area(parent).shape.contains(place), "{}", tree.area(parent).name);
            above = tree.parent(parent);
        }
    }
    assert!(on_land > 800 && afloat > 10, "{on_land}, {afloat}");
}

#[test]
fn a_whole_city_is_dense_in_its_centre_and_wide_around_it() {
    let (_, city) = grounds().find(|(profile, _)| profile.name == "nanjing").expect("a profile of the table");
    let side = |leaf: &Leaf| signed_area(&leaf.local).sqrt();
    let median_of = |from_m: f64, to_m: f64| {
        let away = |leaf: &&Leaf| (from_m..to_m).contains(&leaf.inner[0].hypot(leaf.inner[1]));
        let mut sides: Vec<f64> = city.leaves.iter().filter(away).map(side).collect();
        sides.sort_by(f64::total_cmp);
        sides[sides.len() / 2]
    };
    assert!((90.0..190.0).contains(&median_of(0.0, 4_000.0)));
    assert!(median_of(28_000.0, 60_000.0) > 2.0 * median_of(0.0, 4_000.0));
    let widest = city.leaves.iter().map(side).fold(0.0, f64::max);
    assert!((1_000.0..4_000.0).contains(&widest), "{widest}");
    assert!(city.leaves.iter().all(|leaf| side(leaf) > 25.0 && !leaf.street.is_empty()));
}

#[test]
fn the_same_seed_gives_the_same_city() {
    let (_, city) = grounds().find(|(profile, _)| profile.name == "nanjing").expect("a profile of the table");
    let again = build("nanjing", DEFAULT);
    assert!(city.areas == again.areas && city.context == again.context);
    assert_ne!(city.areas[0].shape, build("nanjing", DEFAULT + 1).areas[0].shape);
}

//! Which area a place lies in, and whether places and boundary share a datum.
//!
//! In: an [`AreaTree`]. Out: [`AreaLocator`], which answers for one place in
//! about a microsecond on a city of 25,000 areas, and [`datum_hint`].
//!
//! How it works: an R-tree (packed, `rstar`) over the areas' boxes in degrees
//! yields the few areas whose box holds the place; the even-odd test over all
//! rings decides. The answer is exactly that of asking every area in turn.

use std::sync::Arc;

use rayon::prelude::*;
use rstar::{AABB, RTree, RTreeObject};

use super::area::{Area, AreaIndex, AreaTree, Level};
use super::crs::{Crs, distance_m};
use super::geometry::LonLat;

/// Finds the areas that hold a place.
#[derive(Clone, Debug, Default)]
pub struct AreaLocator {
    boxes: RTree<AreaBox>,
    /// Those of the tree, whose boundaries are looked at where they are.
    areas: Vec<Arc<Area>>,
}

/// A piece of a meridian inside one area, degrees north.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stretch {
    /// The area.
    pub area: AreaIndex,
    /// Where the meridian enters it.
    pub south: f64,
    /// Where it leaves it.
    pub north: f64,
}

/// One area's box in the R-tree.
#[derive(Clone, Debug)]
struct AreaBox {
    min: [f64; 2],
    max: [f64; 2],
    area: AreaIndex,
    level: Level,
}

impl RTreeObject for AreaBox {
    type Envelope = AABB<[f64; 2]>;

    fn envelope(&self) -> Self::Envelope {
        AABB::from_corners(self.min, self.max)
    }
}

impl AreaLocator {
    /// Puts the boxes of `tree`'s areas into a packed index. Areas without a
    /// boundary, or with a box that is not finite, are never found.
    pub fn build(tree: &AreaTree) -> Self {
        let areas = tree.areas().to_vec();
        let box_of = |(index, area): (usize, &Arc<Area>)| {
            let bounds = area.shape.bounds();
            let is_finite = bounds.min.iter().chain(&bounds.max).all(|value| value.is_finite());
            (is_finite && !area.shape.is_empty()).then_some(AreaBox {
                min: bounds.min,
                max: bounds.max,
                area: index as AreaIndex,
                level: area.level,
            })
        };
        let boxes = areas.par_iter().enumerate().with_min_len(256).filter_map(box_of).collect();
        Self { boxes: RTree::bulk_load(boxes), areas }
    }

    /// The area at `level` that holds `place`; of several, the one that came
    /// first in the data.
    pub fn locate(&self, place: LonLat, level: Level) -> Option<AreaIndex> {
        let point = [place.lon, place.lat];
        self.candidates(point)
            .filter(|candidate| candidate.level == level && self.holds(candidate, point))
            .map(|candidate| candidate.area)
            .min()
    }

    /// The area of the smallest level that holds `place`; of several on one
    /// level, the one that came first in the data.
    pub fn locate_deepest(&self, place: LonLat) -> Option<AreaIndex> {
        let point = [place.lon, place.lat];
        let mut candidates: Vec<&AreaBox> = self.candidates(point).collect();
        // Small areas first: their rings are short, and one hit is enough.
        candidates.sort_unstable_by_key(|candidate| (std::cmp::Reverse(candidate.level), candidate.area));
        candidates.into_iter().find(|candidate| self.holds(candidate, point)).map(|candidate| candidate.area)
    }

    /// Every area that holds `place`, large levels first, then in the order
    /// of the data.
    pub fn at(&self, place: LonLat) -> Vec<AreaIndex> {
        let point = [place.lon, place.lat];
        let mut hits: Vec<&AreaBox> = self.candidates(point).filter(|candidate| self.holds(candidate, point)).collect();
        hits.sort_unstable_by_key(|hit| (hit.level, hit.area));
        hits.into_iter().map(|hit| hit.area).collect()
    }

    /// Where the meridian `lon` runs through areas of `level` between the
    /// latitudes `south` and `north`, in no order. Exact, by the even-odd rule
    /// over all rings of an area; a stretch is given whole even where it begins
    /// before `south` or ends after `north`.
    pub fn stretches(&self, lon: f64, [south, north]: [f64; 2], level: Level) -> Vec<Stretch> {
        let mut found = Vec::new();
        let mut crossings = Vec::new();
        let line = AABB::from_corners([lon, south], [lon, north]);
        for candidate in self.boxes.locate_in_envelope_intersecting(&line).filter(|candidate| candidate.level == level)
        {
            self.cross(candidate, lon, &mut crossings);
            let pairs = crossings.chunks_exact(2).filter(|pair| pair[0] <= north && pair[1] >= south);
            found.extend(pairs.map(|pair| Stretch { area: candidate.area, south: pair[0], north: pair[1] }));
        }
        found
    }

    /// The latitudes at which the rings of one area cross the meridian `lon`,
    /// from the south.
    fn cross(&self, candidate: &AreaBox, lon: f64, crossings: &mut Vec<f64>) {
        crossings.clear();
        for points in self.areas[candidate.area as usize].shape.rings() {
            let Some(&last) = points.last() else { continue };
            let mut previous = last;
            for &point in points {
                if (point[0] > lon) != (previous[0] > lon) {
                    let share = (lon - previous[0]) / (point[0] - previous[0]);
                    crossings.push(previous[1] + (point[1] - previous[1]) * share);
                }
                previous = point;
            }
        }
        crossings.sort_unstable_by(f64::total_cmp);
    }

    /// Areas whose box holds `point`. A place that is not finite has none.
    fn candidates(&self, point: [f64; 2]) -> impl Iterator<Item = &AreaBox> {
        self.boxes.locate_in_envelope_intersecting(&AABB::from_point(point))
    }

    /// The even-odd test over all rings of one area.
    fn holds(&self, candidate: &AreaBox, point: [f64; 2]) -> bool {
        self.areas[candidate.area as usize].shape.contains(point)
    }
}

/// The areas that together make up the jurisdiction: the roots, where a root
/// without a boundary is replaced by what lies below it.
pub fn outermost(tree: &AreaTree) -> Vec<AreaIndex> {
    let mut found = Vec::new();
    let mut open: Vec<AreaIndex> = tree.roots().iter().rev().copied().collect();
    while let Some(index) = open.pop() {
        if tree.area(index).shape.is_empty() {
            open.extend(tree.children(index).iter().rev());
        } else {
            found.push(index);
        }
    }
    found
}

/// Which of two data sets seems to be in another datum than it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Misread {
    /// The points: they fit when *they* are converted.
    Points,
    /// The boundary: the points fit when *it* is converted.
    Boundary,
}

/// Evidence that points and boundary are in different datums.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DatumHint {
    /// Which of the two to convert.
    pub misread: Misread,
    /// The datum in which it seems to be.
    pub crs: Crs,
    /// Share of the points inside the boundary as both are given, 0–1.
    pub inside_as_given: f64,
    /// Share of the points inside once converted, 0–1.
    pub inside_if_converted: f64,
    /// How far conversion moves things here, metres.
    pub shift_m: f64,
}

impl DatumHint {
    /// One sentence for a list of findings.
    pub fn message(&self) -> String {
        let what = match self.misread {
            Misread::Points => "点位",
            Misread::Boundary => "边界",
        };
        format!(
            "按现有坐标系仅 {:.1}% 的点在边界内;若{what}为 {} 则为 {:.1}%(偏移约 {:.0} 米),请检查 crs 设置",
            self.inside_as_given * 100.0,
            self.crs.name(),
            self.inside_if_converted * 100.0,
            self.shift_m,
        )
    }
}

/// Points that [`datum_hint`] looks at; more would not change its mind.
const MOST_SAMPLES: usize = 4_000;

/// Standard deviations by which the points must fit better.
const SIGNIFICANCE: f64 = 3.0;

/// Share of the points that must change sides.
const LEAST_GAIN: f64 = 0.005;

/// Notices when `points` fit the outermost boundary of `tree` clearly better
/// once either of the two is read as GCJ-02 or BD-09.
///
/// A shift of 500 m only shows along the edge. So the test counts the points
/// outside: conversion must at least halve them, by more than chance would
/// ([`SIGNIFICANCE`] times √(before + after)) and by more than
/// [`LEAST_GAIN`] of all points. Of several readings that pass, the one that
/// leaves fewest points outside is reported, then the smallest shift.
pub fn datum_hint(points: &[LonLat], tree: &AreaTree) -> Option<DatumHint> {
    let areas = outermost(tree);
    let step = points.len().div_ceil(MOST_SAMPLES).max(1);
    let sample: Vec<[f64; 2]> =
        points.iter().step_by(step).filter(|place| place.is_valid()).map(|place| [place.lon, place.lat]).collect();
    if areas.is_empty() || sample.is_empty() {
        return None;
    }
    let boxes: Vec<_> = areas.iter().map(|&index| (tree.area(index).shape.bounds(), &tree.area(index).shape)).collect();
    let outside = |convert: &dyn Fn([f64; 2]) -> [f64; 2]| {
        let is_inside = |&&point: &&[f64; 2]| {
            let at = convert(point);
            boxes.iter().any(|(bounds, shape)| bounds.contains(at) && shape.contains(at))
        };
        sample.len() - sample.iter().filter(is_inside).count()
    };

    let before = outside(&|point| point);
    let readings = [Crs::Gcj02, Crs::Bd09].into_iter().flat_map(|crs| {
        // Converting the boundary to WGS-84 is converting the points from it.
        [
            (crs, Misread::Points, outside(&|point| crs.to_wgs84(point))),
            (crs, Misread::Boundary, outside(&|point| crs.from_wgs84(point))),
        ]
    });
    let (crs, misread, after) = readings.min_by_key(|&(.., after)| after)?;

    let count = sample.len() as f64;
    let gain = before as f64 - after as f64;
    let is_clear = 2 * after <= before
        && gain >= SIGNIFICANCE * ((before + after) as f64).sqrt()
        && gain >= (LEAST_GAIN * count).max(1.0);
    is_clear.then(|| {
        let center = sample[sample.len() / 2];
        let moved = crs.from_wgs84(center);
        DatumHint {
            misread,
            crs,
            inside_as_given: 1.0 - before as f64 / count,
            inside_if_converted: 1.0 - after as f64 / count,
            shift_m: distance_m(LonLat::new(center[0], center[1]), LonLat::new(moved[0], moved[1])),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::super::area::{Area, GridKind};
    use super::super::geometry::Shape;
    use super::*;

    fn area(code: String, parent: Option<&str>, level: Level, shape: Shape) -> Area {
        Area {
            name: code.clone(),
            code,
            parent: parent.map(Into::into),
            level,
            kind: GridKind::default(),
            shape,
            households: None,
            responsible: Vec::new(),
        }
    }

    /// A jittered tiling of `n × n` quadrilaterals over the box, under one
    /// street that is the whole box.
    fn tiling(n: usize, [west, south]: [f64; 2], size: f64) -> AreaTree {
        let mut random = fastrand::Rng::with_seed(7);
        let cell = size / n as f64;
        let corners: Vec<[f64; 2]> = (0..=n)
            .flat_map(|row| (0..=n).map(move |column| (row, column)))
            .map(|(row, column)| {
                let is_edge = [row, column].iter().any(|&i| i == 0 || i == n);
                let mut jitter = || if is_edge { 0.0 } else { (random.f64() - 0.5) * 0.6 * cell };
                [west + column as f64 * cell + jitter(), south + row as f64 * cell + jitter()]
            })
            .collect();
        let whole = [[west, south], [west + size, south], [west + size, south + size], [west, south + size]];
        let mut areas = vec![area("S".into(), None, Level::Street, Shape::from_ring(whole.to_vec()))];
        for row in 0..n {
            for column in 0..n {
                let at = |r: usize, c: usize| corners[(row + r) * (n + 1) + column + c];
                let ring = vec![at(0, 0), at(0, 1), at(1, 1), at(1, 0)];
                areas.push(area(format!("G{row}-{column}"), Some("S"), Level::Grid, Shape::from_ring(ring)));
            }
        }
        AreaTree::build(areas).0
    }

    fn brute_force(tree: &AreaTree, place: LonLat, level: Level) -> Option<AreaIndex> {
        tree.at_level(level).find(|&index| tree.area(index).shape.contains([place.lon, place.lat]))
    }

    #[test]
    fn equals_asking_every_area_on_a_tiling() {
        let tree = tiling(20, [118.7, 32.0], 0.2);
        let locator = AreaLocator::build(&tree);
        let mut random = fastrand::Rng::with_seed(1);
        for _ in 0..100_000 {
            let place = LonLat::new(118.69 + random.f64() * 0.22, 31.99 + random.f64() * 0.22);
            let grid = locator.locate(place, Level::Grid);
            assert_eq!(grid, brute_force(&tree, place, Level::Grid), "{place:?}");
            assert_eq!(locator.locate_deepest(place), grid.or_else(|| locator.locate(place, Level::Street)));
            let all: Vec<_> = locator.locate(place, Level::Street).into_iter().chain(grid).collect();
            assert_eq!(locator.at(place), all);
        }
    }

    #[test]
    fn stretches_of_a_meridian_are_where_its_places_are_located() {
        let tree = tiling(12, [118.7, 32.0], 0.2);
        let locator = AreaLocator::build(&tree);
        let mut random = fastrand::Rng::with_seed(5);
        for _ in 0..2_000 {
            let (lon, lat) = (118.69 + random.f64() * 0.22, 31.99 + random.f64() * 0.22);
            let stretches = locator.stretches(lon, [lat - 0.01, lat + 0.01], Level::Grid);
            let at = |lat: f64| stretches.iter().find(|s| s.south <= lat && lat < s.north).map(|s| s.area);
            for lat in [lat, lat - 0.005, lat + 0.0099] {
                assert_eq!(at(lat), locator.locate(LonLat::new(lon, lat), Level::Grid), "{lon} {lat}");
            }
        }
    }

    #[test]
    fn a_place_that_is_no_number_is_nowhere() {
        let locator = AreaLocator::build(&tiling(3, [0.0, 0.0], 1.0));
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(locator.locate_deepest(LonLat::new(bad, 0.5)), None);
            assert!(locator.at(LonLat::new(0.5, bad)).is_empty());
        }
        assert_eq!(AreaLocator::default().locate_deepest(LonLat::new(0.5, 0.5)), None);
    }

    #[test]
    fn equals_asking_every_area_on_real_boundaries() {
        let Some(tree) = geojson_tree("areas/westminster_oa.json", Level::MicroGrid) else { return };
        assert_eq!(tree.len(), 783);
        let locator = AreaLocator::build(&tree);
        let mut random = fastrand::Rng::with_seed(2);
        let mut found = 0;
        for _ in 0..100_000 {
            let place = LonLat::new(-0.22 + random.f64() * 0.12, 51.48 + random.f64() * 0.06);
            let hit = locator.locate(place, Level::MicroGrid);
            assert_eq!(hit, brute_force(&tree, place, Level::MicroGrid));
            found += usize::from(hit.is_some());
        }
        assert!(found > 20_000, "{found}");
    }

    #[test]
    fn a_wrong_datum_is_noticed_on_either_side() {
        let tree = tiling(4, [118.7, 32.0], 0.1);
        let mut random = fastrand::Rng::with_seed(3);
        let points: Vec<[f64; 2]> =
            (0..3_000).map(|_| [118.7 + random.f64() * 0.1, 32.0 + random.f64() * 0.1]).collect();
        let hint = |convert: &dyn Fn([f64; 2]) -> [f64; 2]| {
            let points: Vec<LonLat> =
                points.iter().map(|&point| convert(point)).map(|[lon, lat]| LonLat::new(lon, lat)).collect();
            datum_hint(&points, &tree)
        };
        assert_eq!(hint(&|point| point), None);
        for crs in [Crs::Gcj02, Crs::Bd09] {
            let points_wrong = hint(&|point| crs.from_wgs84(point)).expect("shifted points are noticed");
            assert_eq!((points_wrong.misread, points_wrong.crs), (Misread::Points, crs));
            assert!(points_wrong.inside_if_converted > 0.999 && points_wrong.inside_as_given < 0.98);
            assert!((300.0..1_500.0).contains(&points_wrong.shift_m), "{}", points_wrong.shift_m);
            let boundary_wrong = hint(&|point| crs.to_wgs84(point)).expect("a shifted boundary is noticed");
            assert_eq!((boundary_wrong.misread, boundary_wrong.crs), (Misread::Boundary, crs));
            assert!(boundary_wrong.message().contains("边界"));
        }
    }

    #[test]
    fn real_gcj02_boundaries_are_noticed_under_wgs84_points() {
        let Some(tree) = geojson_tree("areas/nanjing_districts_gcj02.geojson", Level::District) else { return };
        let locator = AreaLocator::build(&tree);
        let mut random = fastrand::Rng::with_seed(4);
        let mut points = Vec::new();
        while points.len() < 4_000 {
            let gcj = LonLat::new(118.3 + random.f64(), 31.2 + random.f64() * 1.5);
            if locator.locate(gcj, Level::District).is_some() {
                let [lon, lat] = Crs::Gcj02.to_wgs84([gcj.lon, gcj.lat]);
                points.push(LonLat::new(lon, lat));
            }
        }
        let hint = datum_hint(&points, &tree).expect("a GCJ-02 city under WGS-84 points is noticed");
        assert_eq!((hint.misread, hint.crs), (Misread::Boundary, Crs::Gcj02), "{}", hint.message());
    }

    #[test]
    fn a_root_without_boundary_is_replaced_by_its_children() {
        let mut areas = vec![area("C".into(), None, Level::City, Shape::default())];
        let square = |x: f64| Shape::from_ring(vec![[x, 0.0], [x + 1.0, 0.0], [x + 1.0, 1.0], [x, 1.0]]);
        areas.push(area("D1".into(), Some("C"), Level::District, square(0.0)));
        areas.push(area("D2".into(), Some("C"), Level::District, square(1.0)));
        areas.push(area("S1".into(), Some("D1"), Level::Street, square(0.0)));
        assert_eq!(outermost(&AreaTree::build(areas).0), [1, 2]);
    }

    /// The areas of a GeoJSON file of real data, all on one level.
    fn geojson_tree(path: &str, level: Level) -> Option<AreaTree> {
        let root = std::env::var("QUANYU_REALDATA")
            .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/realdata").into());
        let Ok(text) = std::fs::read_to_string(format!("{root}/{path}")) else {
            eprintln!("skipped: no realdata");
            return None;
        };
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        let features = json["features"].as_array().unwrap();
        let areas = features.iter().enumerate().map(|(i, feature)| {
            let geometry = &feature["geometry"];
            let mut coordinates = geometry["coordinates"].clone();
            if geometry["type"] == "Polygon" {
                coordinates = serde_json::json!([coordinates]);
            }
            let polygons: Vec<Vec<Vec<Vec<f64>>>> = serde_json::from_value(coordinates).unwrap();
            let mut shape = Shape::default();
            for polygon in polygons {
                for ring in polygon {
                    shape.push_ring(&ring.iter().map(|p| [p[0], p[1]]).collect::<Vec<_>>());
                }
                shape.end_polygon();
            }
            area(i.to_string(), None, level, shape)
        });
        Some(AreaTree::build(areas.collect()).0)
    }
}

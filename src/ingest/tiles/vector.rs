//! Vector tiles (Mapbox Vector Tile 2.1): from protobuf to polygons and roads.
//!
//! In: the bytes of one tile, the place of the tile. Out: [`TileShapes`] in
//! WGS-84 degrees, cut at the tile's edges, so that the tiles beside it, which
//! repeat a margin, do not draw it twice.
//!
//! How it works: `prost` reads the tile down to the bytes of each layer, and of
//! each feature of the layers that are drawn; so a tile of which nothing is drawn
//! costs nothing, and memory follows what is drawn. A feature that breaks the
//! rules is left out; the rest of its tile is drawn.

use prost::Message;
use prost::bytes::Bytes;

use super::mapping::{CLASS_KEYS, Mapping, RANK_KEY, Rule, is_green, road_rank};
use crate::domain::context::ContextKind;
use crate::domain::geometry::Shape;
use crate::domain::tiles::{TileGrid, TileId, TileShapes};
use crate::ingest::fault::Fault;

/// Corners of one tile after which the rest is left out: four times a dense
/// inner city at level 14.
pub(super) const MAX_VERTICES: usize = 200_000;

/// Units along a tile's side, when a layer does not say.
const USUAL_EXTENT: u32 = 4_096;

#[derive(Clone, PartialEq, Message)]
struct RawTile {
    #[prost(bytes = "bytes", repeated, tag = "3")]
    layers: Vec<Bytes>,
}

/// The name alone, to decide whether the rest is worth reading.
#[derive(Clone, PartialEq, Message)]
struct RawName {
    #[prost(string, tag = "1")]
    name: String,
}

#[derive(Clone, PartialEq, Message)]
struct RawLayer {
    #[prost(bytes = "bytes", repeated, tag = "2")]
    features: Vec<Bytes>,
    #[prost(string, repeated, tag = "3")]
    keys: Vec<String>,
    #[prost(bytes = "bytes", repeated, tag = "4")]
    values: Vec<Bytes>,
    #[prost(uint32, optional, tag = "5")]
    extent: Option<u32>,
}

#[derive(Clone, PartialEq, Message)]
struct RawFeature {
    #[prost(uint32, repeated, tag = "2")]
    tags: Vec<u32>,
    #[prost(int32, tag = "3")]
    kind: i32,
    #[prost(uint32, repeated, tag = "4")]
    geometry: Vec<u32>,
}

#[derive(Clone, PartialEq, Message)]
struct RawValue {
    #[prost(string, optional, tag = "1")]
    string: Option<String>,
    #[prost(float, optional, tag = "2")]
    float: Option<f32>,
    #[prost(double, optional, tag = "3")]
    double: Option<f64>,
    #[prost(int64, optional, tag = "4")]
    int: Option<i64>,
    #[prost(uint64, optional, tag = "5")]
    uint: Option<u64>,
    #[prost(sint64, optional, tag = "6")]
    sint: Option<i64>,
}

impl RawValue {
    fn number(&self) -> Option<f64> {
        let float = self.double.or(self.float.map(f64::from));
        float.or(self.int.or(self.sint).map(|v| v as f64)).or(self.uint.map(|v| v as f64))
    }
}

impl RawLayer {
    /// The value of the attribute `name` of a feature.
    fn attribute(&self, feature: &RawFeature, name: &str) -> Option<RawValue> {
        let (pairs, _) = feature.tags.as_chunks::<2>();
        let [_, value] = pairs.iter().find(|[key, _]| self.keys.get(*key as usize).is_some_and(|key| key == name))?;
        RawValue::decode(self.values.get(*value as usize)?.clone()).ok()
    }

    fn class(&self, feature: &RawFeature) -> Option<String> {
        CLASS_KEYS.iter().find_map(|name| self.attribute(feature, name)?.string)
    }

    /// Rank of a road; `None` when it is not drawn.
    fn rank(&self, feature: &RawFeature) -> Option<u8> {
        let said = self.attribute(feature, RANK_KEY).and_then(|value| value.number());
        said.map(|rank| rank.clamp(1.0, 3.0) as u8).or_else(|| road_rank(self.class(feature).as_deref()))
    }
}

/// The bytes are no vector tile.
fn no_tile(_: prost::DecodeError) -> Fault {
    Fault::NotData("既不是图片,也不是矢量瓦片".into())
}

/// Names of all layers of a tile.
///
/// # Errors
/// When the bytes are no vector tile.
pub(super) fn layer_names(body: &Bytes) -> Result<Vec<String>, Fault> {
    let tile = RawTile::decode(body.clone()).map_err(no_tile)?;
    let names = tile.layers.into_iter().map(|layer| RawName::decode(layer).map(|name| name.name));
    names.collect::<Result<_, _>>().map_err(no_tile)
}

/// What is drawn of a tile.
///
/// # Errors
/// When the bytes are no vector tile.
pub(super) fn decode(body: &Bytes, tile: TileId, grid: &TileGrid, mapping: &Mapping) -> Result<TileShapes, Fault> {
    let raw = RawTile::decode(body.clone()).map_err(no_tile)?;
    let mut shapes = TileShapes::default();
    for bytes in raw.layers {
        let name = RawName::decode(bytes.clone()).map_err(no_tile)?.name;
        let Some(rule) = mapping.rule(&name) else { continue };
        let layer = RawLayer::decode(bytes).map_err(no_tile)?;
        let extent = f64::from(layer.extent.unwrap_or(USUAL_EXTENT).max(1));
        let mut vertices = shapes.vertices();
        for feature in &layer.features {
            // Counting what is there for each feature would take the square.
            if vertices > MAX_VERTICES {
                tracing::debug!(?tile, layer = %name, "tile has too many vertices, the rest is left out");
                return Ok(shapes);
            }
            let Ok(feature) = RawFeature::decode(feature.clone()) else { continue };
            let place = |[x, y]: [f64; 2]| grid.lonlat(tile, [x / extent, y / extent]);
            vertices += push_feature(&mut shapes, &layer, &feature, rule, extent, &place);
        }
    }
    Ok(shapes)
}

/// Adds what is drawn of a feature; tells how many vertices that took.
fn push_feature(
    shapes: &mut TileShapes,
    layer: &RawLayer,
    feature: &RawFeature,
    rule: Rule,
    extent: f64,
    place: &impl Fn([f64; 2]) -> [f64; 2],
) -> usize {
    const LINE: i32 = 2;
    const POLYGON: i32 = 3;
    match (rule.kind, feature.kind) {
        (ContextKind::Road, LINE) => {
            let Some(rank) = layer.rank(feature) else { return 0 };
            let roads = &mut shapes.roads[usize::from(rank) - 1];
            let before = roads.len();
            for line in parts(&feature.geometry).unwrap_or_default() {
                for pair in line.windows(2) {
                    roads.extend(clip_segment(pair[0], pair[1], extent).map(|ends| ends.map(place)));
                }
            }
            2 * (roads.len() - before)
        }
        (kind, POLYGON) => {
            if rule.only_green && !layer.class(feature).is_some_and(|class| is_green(&class)) {
                return 0;
            }
            let Some(shape) = shapes.polygons_mut(kind) else { return 0 };
            let before = shape.points.len();
            push_polygons(shape, &parts(&feature.geometry).unwrap_or_default(), extent, place);
            shape.points.len() - before
        }
        _ => 0,
    }
}

/// Rings as they follow each other: one that turns as the first does begins a
/// polygon, one that turns the other way is a hole in it.
fn push_polygons(shape: &mut Shape, rings: &[Vec<[f64; 2]>], extent: f64, place: &impl Fn([f64; 2]) -> [f64; 2]) {
    let mut outer_sign = None;
    let mut is_open = false;
    for ring in rings {
        let area = crate::domain::geometry::signed_area(ring);
        if area == 0.0 {
            continue;
        }
        let is_outer = *outer_sign.get_or_insert(area.signum()) == area.signum();
        if is_outer {
            shape.end_polygon();
            is_open = false;
        } else if !is_open {
            // Its polygon lies outside the tile.
            continue;
        }
        let clipped = clip_ring(ring, extent);
        if clipped.len() < 3 {
            continue;
        }
        is_open = true;
        let placed: Vec<[f64; 2]> = clipped.into_iter().map(place).collect();
        shape.push_ring(&placed);
    }
    shape.end_polygon();
}

/// The lines or rings of a geometry (specification, 4.3), rings without the
/// repeat of their first point; `None` when it breaks the rules.
fn parts(geometry: &[u32]) -> Option<Vec<Vec<[f64; 2]>>> {
    const MOVE_TO: u32 = 1;
    const LINE_TO: u32 = 2;
    const CLOSE_PATH: u32 = 7;
    let mut parts: Vec<Vec<[f64; 2]>> = Vec::new();
    let mut cursor = [0_i64; 2];
    let mut rest = geometry;
    while let Some((command, after)) = rest.split_first() {
        let (id, count) = (command & 7, (command >> 3) as usize);
        match id {
            MOVE_TO | LINE_TO => {
                let (parameters, after) = after.split_at_checked(count.checked_mul(2)?)?;
                rest = after;
                for pair in parameters.chunks_exact(2) {
                    // Sums of 32-bit steps: no tile is long enough to overflow 64.
                    cursor = [cursor[0] + unzigzag(pair[0]), cursor[1] + unzigzag(pair[1])];
                    let at = cursor.map(|v| v as f64);
                    if id == MOVE_TO {
                        parts.push(vec![at]);
                    } else {
                        parts.last_mut()?.push(at);
                    }
                }
            }
            CLOSE_PATH => rest = after,
            _ => return None,
        }
    }
    Some(parts)
}

fn unzigzag(value: u32) -> i64 {
    (i64::from(value >> 1)) ^ -(i64::from(value & 1))
}

/// The part of a segment within the tile.
fn clip_segment(a: [f64; 2], b: [f64; 2], extent: f64) -> Option<[[f64; 2]; 2]> {
    let (mut from, mut to) = (0.0_f64, 1.0_f64);
    for axis in 0..2 {
        let along = b[axis] - a[axis];
        for (edge, sign) in [(0.0, -1.0), (extent, 1.0)] {
            let (speed, room) = (sign * along, sign * (edge - a[axis]));
            if speed == 0.0 {
                if room < 0.0 {
                    return None;
                }
            } else if speed > 0.0 {
                to = to.min(room / speed);
            } else {
                from = from.max(room / speed);
            }
        }
    }
    let at = |t: f64| [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t];
    (from < to).then(|| [if from == 0.0 { a } else { at(from) }, if to == 1.0 { b } else { at(to) }])
}

/// The part of a ring within the tile (Sutherland and Hodgman, 1974): where it
/// leaves and comes back, it runs along the edge.
fn clip_ring(ring: &[[f64; 2]], extent: f64) -> Vec<[f64; 2]> {
    let mut points = ring.to_vec();
    for axis in 0..2 {
        for (edge, sign) in [(0.0, 1.0), (extent, -1.0)] {
            let is_inside = |point: &[f64; 2]| sign * (point[axis] - edge) >= 0.0;
            if points.iter().all(is_inside) {
                continue;
            }
            let mut kept = Vec::with_capacity(points.len());
            for (i, &to) in points.iter().enumerate() {
                let from = points[(i + points.len() - 1) % points.len()];
                if is_inside(&from) != is_inside(&to) {
                    let t = (edge - from[axis]) / (to[axis] - from[axis]);
                    let mut cut = [0, 1].map(|i| from[i] + (to[i] - from[i]) * t);
                    cut[axis] = edge;
                    kept.push(cut);
                }
                if is_inside(&to) {
                    kept.push(to);
                }
            }
            points = kept;
        }
    }
    points.dedup();
    points
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    const TILE: TileId = TileId { z: 14, x: 13_598, y: 6_652 };

    fn zigzag(value: i32) -> u32 {
        ((value << 1) ^ (value >> 31)) as u32
    }

    /// A geometry from rings or lines in tile units.
    fn geometry(parts: &[&[[i32; 2]]], is_closed: bool) -> Vec<u32> {
        let (mut out, mut cursor) = (Vec::new(), [0, 0]);
        for part in parts {
            for (i, point) in part.iter().enumerate() {
                match i {
                    0 => out.push(1 | (1 << 3)),
                    1 => out.push(2 | ((part.len() as u32 - 1) << 3)),
                    _ => {}
                }
                out.extend([zigzag(point[0] - cursor[0]), zigzag(point[1] - cursor[1])]);
                cursor = *point;
            }
            if is_closed {
                out.push(7 | (1 << 3));
            }
        }
        out
    }

    /// A layer with one feature.
    fn layer(name: &str, kind: i32, geometry: Vec<u32>, attribute: Option<(&str, &str)>) -> Bytes {
        let feature = RawFeature { tags: attribute.map(|_| vec![0, 0]).unwrap_or_default(), kind, geometry };
        let layer = RawLayer {
            features: vec![feature.encode_to_vec().into()],
            keys: attribute.iter().map(|(key, _)| (*key).to_owned()).collect(),
            values: attribute
                .iter()
                .map(|(_, value)| RawValue { string: Some((*value).to_owned()), ..RawValue::default() })
                .map(|value| value.encode_to_vec().into())
                .collect(),
            extent: Some(4_096),
        };
        let mut bytes = RawName { name: name.to_owned() }.encode_to_vec();
        bytes.extend(layer.encode_to_vec());
        bytes.into()
    }

    /// A tile with one square of water, and a street that leaves it.
    pub fn sample_tile() -> Bytes {
        let water = geometry(&[&[[0, 0], [2_048, 0], [2_048, 2_048], [0, 2_048]]], true);
        let road = geometry(&[&[[-512, 1_024], [4_608, 1_024]]], false);
        let layers = vec![layer("water", 3, water, None), layer("transportation", 2, road, Some(("class", "primary")))];
        RawTile { layers }.encode_to_vec().into()
    }

    fn decoded(layers: Vec<Bytes>) -> TileShapes {
        let body = RawTile { layers }.encode_to_vec().into();
        decode(&body, TILE, &TileGrid::default(), &Mapping::default()).expect("a tile")
    }

    fn near(a: [f64; 2], b: [f64; 2]) -> bool {
        (a[0] - b[0]).abs() < 1e-9 && (a[1] - b[1]).abs() < 1e-9
    }

    #[test]
    fn polygons_and_roads_land_in_their_tile_and_end_at_its_edge() {
        let shapes = decode(&sample_tile(), TILE, &TileGrid::default(), &Mapping::default()).expect("a tile");
        let grid = TileGrid::default();
        let corners = [[0.0, 0.0], [0.5, 0.0], [0.5, 0.5], [0.0, 0.5]].map(|at| grid.lonlat(TILE, at));
        assert_eq!(shapes.water.polygons().count(), 1);
        for corner in corners {
            assert!(shapes.water.points.iter().any(|&point| near(point, corner)), "{corner:?}");
        }
        let [[from, to]] = shapes.roads[0][..] else { panic!("{:?}", shapes.roads) };
        assert!(near(from, grid.lonlat(TILE, [0.0, 0.25])) && near(to, grid.lonlat(TILE, [1.0, 0.25])));
        assert_eq!(shapes.vertices(), 6);
    }

    #[test]
    fn holes_stay_holes_whichever_way_rings_turn() {
        let outer = [[0, 0], [4_000, 0], [4_000, 4_000], [0, 4_000]];
        let hole = [[1_000, 1_000], [1_000, 3_000], [3_000, 3_000], [3_000, 1_000]];
        let turned = |ring: [[i32; 2]; 4]| [ring[3], ring[2], ring[1], ring[0]];
        for rings in [[outer, hole], [turned(outer), turned(hole)]] {
            let shapes = decoded(vec![layer("water", 3, geometry(&[&rings[0], &rings[1]], true), None)]);
            assert_eq!((shapes.water.polygons().count(), shapes.water.ring_ends.len()), (1, 2));
        }
        let shapes = decoded(vec![layer("water", 3, geometry(&[&outer, &outer], true), None)]);
        assert_eq!(shapes.water.polygons().count(), 2);
    }

    #[test]
    fn what_lies_outside_the_tile_is_left_out() {
        let outside = [[-900, 0], [-100, 0], [-100, 500], [-900, 500]];
        let shapes = decoded(vec![
            layer("water", 3, geometry(&[&outside], true), None),
            layer("roads", 2, geometry(&[&[[5_000, 0], [5_000, 9_000]]], false), None),
        ]);
        assert!(shapes.is_empty());
    }

    #[test]
    fn classes_decide_what_is_green_and_what_is_a_road() {
        let square = || geometry(&[&[[0, 0], [9, 0], [9, 9], [0, 9]]], true);
        let line = || geometry(&[&[[0, 0], [9, 9]]], false);
        let shapes = decoded(vec![
            layer("landcover", 3, square(), Some(("class", "wood"))),
            layer("landuse", 3, square(), Some(("class", "residential"))),
            layer("roads", 2, line(), Some(("kind", "minor_road"))),
            layer("roads", 2, line(), Some(("kind", "rail"))),
            layer("poi", 1, vec![9, 0, 0], None),
        ]);
        assert_eq!(shapes.green.polygons().count(), 1);
        assert_eq!(shapes.roads.each_ref().map(Vec::len), [0, 0, 1]);
    }

    #[test]
    fn broken_features_cost_only_themselves() {
        let good = geometry(&[&[[0, 0], [9, 0], [9, 9]]], true);
        // A count that promises more than comes; a line without a start; no command.
        for bad in [vec![1 | (900 << 3), 2, 2], vec![2 | (1 << 3), 2, 2], vec![5]] {
            let shapes = decoded(vec![layer("water", 3, bad, None), layer("water", 3, good.clone(), None)]);
            assert_eq!(shapes.water.polygons().count(), 1);
        }
    }

    #[test]
    fn what_is_no_tile_is_said_to_be_none() {
        for body in [&b"\x1b\xffrubbish"[..], b"\x1a\x7f", b"\x1a\x02\x0a\x09"] {
            let body = Bytes::copy_from_slice(body);
            let fault = decode(&body, TILE, &TileGrid::default(), &Mapping::default()).expect_err("no tile");
            assert!(fault.to_string().contains("矢量瓦片"), "{fault}");
        }
        assert_eq!(layer_names(&sample_tile()), Ok(vec!["water".into(), "transportation".into()]));
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered(body in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = decode(&body.into(), TILE, &TileGrid::default(), &Mapping::default());
        }

        #[test]
        fn any_geometry_is_answered_and_stays_within_the_tile(
            geometry in prop::collection::vec(any::<u32>(), 0..60),
            kind in 1_i32..4,
        ) {
            for name in ["water", "roads"] {
                let shapes = decoded(vec![layer(name, kind, geometry.clone(), None)]);
                let grid = TileGrid::default();
                let [west, north] = grid.lonlat(TILE, [0.0, 0.0]);
                let [east, south] = grid.lonlat(TILE, [1.0, 1.0]);
                let ends = shapes.roads.iter().flatten().flatten();
                for &[lon, lat] in shapes.water.points.iter().chain(ends) {
                    prop_assert!(lon > west - 1e-9 && lon < east + 1e-9 && lat > south - 1e-9 && lat < north + 1e-9);
                }
            }
        }

        #[test]
        fn a_clipped_ring_has_the_area_that_lies_inside(
            x in -3_000.0_f64..4_000.0, y in -3_000.0_f64..4_000.0, w in 1.0_f64..6_000.0, h in 1.0_f64..6_000.0,
        ) {
            let ring = [[x, y], [x + w, y], [x + w, y + h], [x, y + h]];
            let inside = |from: f64, side: f64| ((from + side).min(4_096.0) - from.max(0.0)).max(0.0);
            let area = crate::domain::geometry::signed_area(&clip_ring(&ring, 4_096.0)).abs();
            prop_assert!((area - inside(x, w) * inside(y, h)).abs() < 1e-3, "{}", area);
        }
    }
}

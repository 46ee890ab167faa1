//! Bad geometry heals: what a shape was meant to cover, in rings that a
//! renderer can trust.
//!
//! In: a [`Shape`] in degrees as it was read. Out: nothing when it is sound,
//! else a sound shape and what was done to it ([`heal`]); or only what is
//! wrong with it ([`defects`]).
//!
//! What is inside a shape that crosses itself is a guess at what was meant. A
//! shell covers all that it winds around (the non-zero rule): with the even-odd
//! rule a loop drawn twice or an overlap of two loops would become a hole that
//! nobody drew. Holes are taken from their own shell, by the same rule, and
//! polygons are united. This is what PostGIS and GEOS call the "structure"
//! method of making valid. Two exceptions, because data are like that: a ring
//! that repeats another adds nothing, and a hole of which no part lies inside
//! its shell is a polygon, with what lies inside of it as its holes.
//!
//! How it works: one pass over the vertices, then [`contacts`] for the edges.
//! Vertices and rings are cleaned first; only what still crosses is built anew
//! ([`rebuild`]). What is not touched stays as it was, to the last bit, so
//! borders that are shared with neighbours stay shared.
//!
//! Left alone: an interior that touching holes cut in two (OGC forbids it, but
//! it draws and counts as it should), and rings around a pole.

mod contacts;
mod rebuild;

use std::collections::{HashMap, HashSet};
use std::fmt;

use super::finding::FindingKind;
use super::geometry::{Shape, signed_area};
use contacts::{Contacts, folds_back};
use rebuild::rebuild;

/// Consecutive vertices that differ by less than this in both axes are one:
/// 0.1 mm, finer than any survey and coarser than the rounding of `f64`.
pub const NEAR_DEG: f64 = 1e-9;

/// A larger change of the area is told, as a ratio.
pub const AREA_TOLERANCE: f64 = 1e-3;

/// Meetings of edges beyond which a shape is a scribble that nobody meant, and
/// stays as it is: each of them would become a vertex.
const MAX_CONTACTS: usize = 100_000;

/// What is wrong with a shape, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Defects {
    /// Vertices that are not finite or not on the Earth.
    pub bad_vertices: usize,
    /// Vertices that repeat the one before them, to within [`NEAR_DEG`].
    pub repeated_vertices: usize,
    /// Places where a ring runs out and straight back; one for each edge of a
    /// path that does.
    pub spikes: usize,
    /// Rings without area.
    pub collapsed_rings: usize,
    /// Rings given twice.
    pub repeated_rings: usize,
    /// Shells that run clockwise and holes that do not.
    pub winding: usize,
    /// Rings that jump from one side of the antimeridian to the other.
    pub antimeridian: usize,
    /// Holes that lie outside their shell.
    pub holes_outside: usize,
    /// Places where a ring crosses, touches or runs along itself.
    pub self_crossings: usize,
    /// Places where two rings cross or run along each other.
    pub ring_crossings: usize,
    /// Holes inside holes, polygons inside polygons.
    pub nested: usize,
    /// Edges meet so often that they were not all looked at.
    pub is_tangled: bool,
}

impl Defects {
    /// Nothing is wrong.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Nothing is wrong but the direction of rings and repeated vertices,
    /// which OGC Simple Features allow.
    pub fn is_simple(&self) -> bool {
        Self { winding: 0, repeated_vertices: 0, ..*self }.is_none()
    }
}

/// One kind of repair. Its `Display` is a Chinese sentence for people.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Repair {
    /// Vertices that are not finite or not on the Earth were left out.
    BadVertices(usize),
    /// Vertices that repeat the one before them were left out.
    RepeatedVertices(usize),
    /// Spikes were cut off.
    Spikes(usize),
    /// Rings without area were left out.
    CollapsedRings(usize),
    /// Rings given twice were left out.
    RepeatedRings(usize),
    /// Rings were reversed.
    Winding(usize),
    /// Rings were cut at the antimeridian.
    Antimeridian(usize),
    /// Holes outside their shell became polygons.
    HolesOutside(usize),
    /// Rings that cross themselves in so many places were built anew.
    SelfCrossings {
        /// Places where they did.
        places: usize,
        /// Polygons of the whole shape afterwards.
        polygons: usize,
    },
    /// Rings that cross each other in so many places were united or, of holes,
    /// subtracted.
    RingCrossings(usize),
    /// Nested rings were united.
    Nested(usize),
    /// The area differs from what was written by more than
    /// [`AREA_TOLERANCE`], as a ratio.
    AreaChange(f64),
    /// Edges meet too often; that part of the work was not done.
    Tangled,
}

impl Repair {
    /// What an integrator should be told of it as; `None` for what every
    /// second file has and nobody can see.
    pub fn finding_kind(&self) -> Option<FindingKind> {
        Some(match self {
            Self::RepeatedVertices(_) | Self::Winding(_) => return None,
            Self::BadVertices(_) => FindingKind::BadCoordinate,
            Self::CollapsedRings(_) => FindingKind::DegenerateRing,
            Self::RepeatedRings(_) | Self::Nested(_) => FindingKind::Overlap,
            Self::HolesOutside(_) => FindingKind::HoleOutside,
            Self::Antimeridian(_) => FindingKind::WrongGeometry,
            Self::Spikes(_)
            | Self::SelfCrossings { .. }
            | Self::RingCrossings(_)
            | Self::AreaChange(_)
            | Self::Tangled => FindingKind::SelfIntersection,
        })
    }
}

impl fmt::Display for Repair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadVertices(n) => write!(f, "无效坐标 {n} 处,已略去"),
            Self::RepeatedVertices(n) => write!(f, "重复顶点 {n} 个,已合并"),
            Self::Spikes(n) => write!(f, "尖刺 {n} 处,已去除"),
            Self::CollapsedRings(n) => write!(f, "没有面积的环 {n} 个,已略去"),
            Self::RepeatedRings(n) => write!(f, "重复的环 {n} 个,已略去"),
            Self::Winding(n) => write!(f, "环的方向相反 {n} 个,已改为外环逆时针、内环顺时针"),
            Self::Antimeridian(n) => write!(f, "跨 180° 经线的环 {n} 个,已沿经线切开"),
            Self::HolesOutside(n) => write!(f, "“洞”在外环之外 {n} 个,已作为独立的多边形"),
            Self::SelfCrossings { places, polygons } => {
                write!(f, "自相交 {places} 处,已重新构成 {polygons} 个多边形")
            }
            Self::RingCrossings(n) => write!(f, "环与环相交或重叠 {n} 处,已合并或扣除"),
            Self::Nested(n) => write!(f, "环套在同类的环内 {n} 个,已合并"),
            Self::AreaChange(ratio) => write!(f, "面积较原数据变化 {:+.2}%", ratio * 100.0),
            Self::Tangled => write!(f, "边与边相交过多,未能修复"),
        }
    }
}

/// A healed shape.
#[derive(Clone, Debug, PartialEq)]
pub struct Healed {
    /// The sound shape: shells counter-clockwise, holes clockwise. Empty when
    /// nothing had any area.
    pub shape: Shape,
    /// What was done, each kind once, in the order in which it was done.
    pub repairs: Vec<Repair>,
    /// By how much the area differs from the sum of the polygons as written
    /// (what each shell winds around less what its holes do), as a ratio; not
    /// zero where polygons or holes overlap each other, or a hole its shell.
    pub area_change: f64,
}

/// Whether `shape` is as [`heal`] would leave it.
pub fn is_valid(shape: &Shape) -> bool {
    defects(shape).is_none()
}

/// What is wrong with `shape`.
pub fn defects(shape: &Shape) -> Defects {
    examine(shape).defects
}

/// Heals `shape`; nothing when it is sound.
pub fn heal(shape: &Shape) -> Option<Healed> {
    let Examined { defects, cleaned, is_wrapped } = examine(shape);
    if defects.is_none() {
        return None;
    }
    let mut cleaned = cleaned.unwrap_or_else(|| shape.clone());
    let mut area_change = 0.0_f64;
    let is_crossing = defects.self_crossings + defects.ring_crossings + defects.nested > 0;
    if (is_crossing || is_wrapped) && !defects.is_tangled {
        let rebuilt = rebuild(&cleaned, is_wrapped);
        area_change = rebuilt.shape.area() / rebuilt.written_area - 1.0;
        if !area_change.is_finite() {
            area_change = 0.0;
        }
        cleaned = rebuilt.shape;
    }
    let shape = wind(&cleaned);
    let repairs = repairs_of(&defects, shape.polygon_ends.len(), area_change);
    Some(Healed { shape, repairs, area_change })
}

/// One repair for each kind of defect.
fn repairs_of(defects: &Defects, polygons: usize, area_change: f64) -> Vec<Repair> {
    let kinds = [
        (defects.bad_vertices, Repair::BadVertices(defects.bad_vertices)),
        (defects.antimeridian, Repair::Antimeridian(defects.antimeridian)),
        (defects.repeated_vertices, Repair::RepeatedVertices(defects.repeated_vertices)),
        (defects.spikes, Repair::Spikes(defects.spikes)),
        (defects.collapsed_rings, Repair::CollapsedRings(defects.collapsed_rings)),
        (defects.repeated_rings, Repair::RepeatedRings(defects.repeated_rings)),
        (defects.holes_outside, Repair::HolesOutside(defects.holes_outside)),
        (usize::from(defects.is_tangled), Repair::Tangled),
        (defects.self_crossings, Repair::SelfCrossings { places: defects.self_crossings, polygons }),
        (defects.ring_crossings, Repair::RingCrossings(defects.ring_crossings)),
        (defects.nested, Repair::Nested(defects.nested)),
        (defects.winding, Repair::Winding(defects.winding)),
        (usize::from(area_change.abs() > AREA_TOLERANCE), Repair::AreaChange(area_change)),
    ];
    let is_said = |repair: &Repair| {
        let is_rebuilding =
            matches!(repair, Repair::SelfCrossings { .. } | Repair::RingCrossings(_) | Repair::Nested(_));
        !(defects.is_tangled && is_rebuilding)
    };
    kinds.into_iter().filter(|(count, repair)| *count > 0 && is_said(repair)).map(|(_, repair)| repair).collect()
}

/// A shape looked at.
struct Examined {
    defects: Defects,
    /// The shape after all repairs that need no rebuilding, if there were any.
    cleaned: Option<Shape>,
    /// It reaches beyond ±180°.
    is_wrapped: bool,
}

fn examine(shape: &Shape) -> Examined {
    let mut defects = Defects::default();
    let mut cleaned = None;
    let mut is_wrapped = false;
    let winding = scan(shape);
    if winding.is_none() {
        let (unwrapped, wrapped) = unwrap(shape, &mut defects);
        is_wrapped = wrapped;
        cleaned = Some(clean(&unwrapped, &mut defects));
    }
    let mut found = Contacts::of(cleaned.as_ref().unwrap_or(shape), MAX_CONTACTS);
    if found.between_rings > 0 && !found.is_cut {
        let (distinct, repeats) = drop_repeats(cleaned.as_ref().unwrap_or(shape));
        if repeats > 0 {
            defects.repeated_rings = repeats;
            found = Contacts::of(&distinct, MAX_CONTACTS);
            cleaned = Some(distinct);
        }
    }
    if !found.holes_astray.is_empty() {
        let (split, outside) = split_off(cleaned.as_ref().unwrap_or(shape), &found);
        defects.holes_outside = outside;
        found = Contacts::of(&split, MAX_CONTACTS);
        cleaned = Some(split);
    }
    defects.winding = cleaned.as_ref().map_or(winding.unwrap_or_default(), misdirected);
    defects.self_crossings = found.in_ring;
    defects.ring_crossings = found.between_rings;
    defects.nested = found.nested_holes.len() + found.nested_polygons;
    defects.is_tangled = found.is_cut;
    Examined { defects, cleaned, is_wrapped }
}

/// Whether two vertices are one.
fn is_near(a: [f64; 2], b: [f64; 2]) -> bool {
    ((a[0] - b[0]).abs() < NEAR_DEG) & ((a[1] - b[1]).abs() < NEAR_DEG)
}

/// Whether a vertex can be meant. Longitudes a turn further are, too: rings
/// across the antimeridian are sometimes written that way.
fn is_on_earth([lon, lat]: [f64; 2]) -> bool {
    // Not a number compares as false.
    (lon.abs() <= 540.0) & (lat.abs() <= 90.0)
}

/// Whether a ring has no area worth the name: all of it lies on a line. The
/// triangles between one vertex and all edges are summed without their signs,
/// since those of a bow-tie cancel. Which vertex that is does not go by where
/// the ring begins or which way it runs, because healing changes both.
fn is_collapsed(ring: &[[f64; 2]]) -> bool {
    let outermost = |a: &&[f64; 2], b: &&[f64; 2]| a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1]));
    let Some(&[x, y]) = ring.iter().min_by(outermost) else { return true };
    let mut doubled = 0.0;
    for (&a, &b) in ring.iter().zip(ring.iter().cycle().skip(1)) {
        doubled += ((a[0] - x) * (b[1] - y) - (b[0] - x) * (a[1] - y)).abs();
        if doubled > 2.0 * NEAR_DEG * NEAR_DEG {
            return false;
        }
    }
    true
}

/// How many rings run the wrong way round; nothing when something is wrong
/// with the vertices themselves.
fn scan(shape: &Shape) -> Option<usize> {
    let mut winding = 0;
    for rings in shape.polygons() {
        for (place, ring) in rings.enumerate() {
            let area = scan_ring(ring)?;
            winding += usize::from(is_misdirected(area, place == 0));
        }
    }
    Some(winding)
}

/// How many rings run the wrong way round.
fn misdirected(shape: &Shape) -> usize {
    let count = |rings: &mut dyn Iterator<Item = &[[f64; 2]]>| {
        rings.enumerate().filter(|(place, ring)| is_misdirected(signed_area(ring), *place == 0)).count()
    };
    shape.polygons().map(|mut rings| count(&mut rings)).sum()
}

/// Whether a ring of such a signed area runs the wrong way round. A ring that
/// runs either way in equal parts does not.
fn is_misdirected(area: f64, is_shell: bool) -> bool {
    if is_shell { area < 0.0 } else { area > 0.0 }
}

/// The signed area of a ring whose vertices are sound.
fn scan_ring(ring: &[[f64; 2]]) -> Option<f64> {
    let [.., before, last] = ring else { return None };
    let (mut a, mut b) = (*before, *last);
    for &c in ring {
        let is_sound = (c[0].abs() <= 180.0) & (c[1].abs() <= 90.0) & ((c[0] - b[0]).abs() <= 180.0);
        if !is_sound || is_near(b, c) || folds_back(a, b, c) {
            return None;
        }
        (a, b) = (b, c);
    }
    (!is_collapsed(ring)).then(|| signed_area(ring))
}

/// Whether a ring has a repeated vertex, a spike, or no area.
fn has_repeat_or_spike(shape: &Shape) -> bool {
    shape.rings().any(is_collapsed) || !repeats_and_spikes(shape).is_empty()
}

/// The vertices of repeats and spikes and those around them, as indices into
/// the points of `shape`.
fn repeats_and_spikes(shape: &Shape) -> Vec<usize> {
    let mut found = Vec::new();
    let mut start = 0;
    for ring in shape.rings() {
        let count = ring.len();
        for index in 0..count {
            let around = [index, (index + 1) % count, (index + 2) % count];
            let [a, b, c] = around.map(|place| ring[place]);
            if is_near(a, b) || folds_back(a, b, c) {
                found.extend(around.map(|place| start + place));
            }
        }
        start += count;
    }
    found
}

/// Follows rings across the antimeridian instead of around the Earth; their
/// longitudes then go beyond ±180°. Tells whether any do.
fn unwrap(shape: &Shape, defects: &mut Defects) -> (Shape, bool) {
    let mut unwrapped = Shape::default();
    let mut is_wrapped = false;
    for rings in shape.polygons() {
        let mut center: Option<f64> = None;
        for (place, ring) in rings.enumerate() {
            let mut points: Vec<[f64; 2]> = ring.iter().copied().filter(|&point| is_on_earth(point)).collect();
            defects.bad_vertices += ring.len() - points.len();
            let followed = follow(&points);
            let is_across = followed.is_some() || points.iter().any(|point| point[0].abs() > 180.0);
            defects.antimeridian += usize::from(is_across);
            is_wrapped |= is_across;
            points = followed.unwrap_or(points);
            // Holes belong on the side of the Earth on which their shell is.
            let middle = Shape::from_ring(points.clone()).bounds().center()[0];
            let turns = center.map_or(0.0, |center| ((center - middle) / 360.0).round());
            if place == 0 && middle.is_finite() {
                center = Some(middle);
            }
            points.iter_mut().for_each(|point| point[0] += 360.0 * turns);
            push_even_if_small(&mut unwrapped, &points);
        }
        unwrapped.end_polygon();
    }
    (unwrapped, is_wrapped)
}

/// The ring without jumps of more than 180°; nothing when it has none, when it
/// does not close (it goes around a pole), or when there is less sense in it
/// than in the ring as written (a box around the world).
fn follow(ring: &[[f64; 2]]) -> Option<Vec<[f64; 2]>> {
    let turn_between = |a: f64, b: f64| if b - a > 180.0 { -1.0 } else { f64::from(u8::from(b - a < -180.0)) };
    let last = ring.last()?[0];
    let mut turns = 0.0;
    let mut previous = ring[0][0];
    let mut is_jumping = false;
    let mut followed = Vec::with_capacity(ring.len());
    for &[lon, lat] in ring {
        let turn = turn_between(previous, lon);
        is_jumping |= turn != 0.0;
        turns += turn;
        followed.push([lon + 360.0 * turns, lat]);
        previous = lon;
    }
    let is_closing = turns + turn_between(last, ring[0][0]) == 0.0;
    let width = |points: &[[f64; 2]]| super::geometry::Bounds::of(points).size()[0];
    let is_better = is_jumping && is_closing && !is_collapsed(&followed) && width(&followed) < width(ring);
    is_better.then_some(followed)
}

/// Appends a ring of any length, so that shells stay in front of their holes.
fn push_even_if_small(shape: &mut Shape, ring: &[[f64; 2]]) {
    shape.points.extend_from_slice(ring);
    shape.ring_ends.push(shape.points.len() as u32);
}

/// Takes out repeated vertices, spikes and rings without area.
fn clean(shape: &Shape, defects: &mut Defects) -> Shape {
    let mut cleaned = Shape::default();
    for rings in shape.polygons() {
        for (place, ring) in rings.enumerate() {
            let ring = clean_ring(ring, defects);
            if !is_collapsed(&ring) {
                cleaned.push_ring(&ring);
                continue;
            }
            defects.collapsed_rings += 1;
            if place == 0 {
                // What its holes would have been holes of is gone.
                break;
            }
        }
        cleaned.end_polygon();
    }
    cleaned
}

/// A ring without repeated vertices and spikes.
fn clean_ring(ring: &[[f64; 2]], defects: &mut Defects) -> Vec<[f64; 2]> {
    let mut kept: Vec<[f64; 2]> = Vec::with_capacity(ring.len());
    for &point in ring {
        push_clean(&mut kept, point, defects);
    }
    // The same across the seam: the ends of the list meet there.
    let mut first = 0;
    let mut is_back = false;
    while kept.len() - first >= 3 {
        let [before, last] = [kept[kept.len() - 2], kept[kept.len() - 1]];
        let [next, second] = [kept[first], kept[first + 1]];
        if is_near(last, next) {
            defects.repeated_vertices += usize::from(!is_back);
            kept.pop();
        } else if folds_back(before, last, next) {
            defects.spikes += usize::from(!is_back);
            kept.pop();
            is_back = true;
        } else if folds_back(last, next, second) {
            defects.spikes += usize::from(!is_back);
            first += 1;
            is_back = true;
        } else {
            break;
        }
    }
    kept.split_off(first)
}

/// Adds a vertex, unless it repeats the last; what it runs back along goes.
fn push_clean(kept: &mut Vec<[f64; 2]>, point: [f64; 2], defects: &mut Defects) {
    let mut is_back = false;
    loop {
        match kept[..] {
            [.., last] if is_near(last, point) => {
                // The return from a spike ends where the spike began.
                defects.repeated_vertices += usize::from(!is_back);
                return;
            }
            [.., a, b] if folds_back(a, b, point) => {
                defects.spikes += usize::from(!is_back);
                is_back = true;
                kept.pop();
            }
            _ => break,
        }
    }
    kept.push(point);
}

/// The shape without rings that repeat another: holes their shell or another
/// hole of it, polygons without holes another such polygon.
fn drop_repeats(shape: &Shape) -> (Shape, usize) {
    let mut distinct = Shape::default();
    let mut repeats = 0;
    let mut polygons = HashSet::new();
    for rings in shape.polygons() {
        let rings: Vec<&[[f64; 2]]> = rings.collect();
        if let [shell] = rings[..]
            && !polygons.insert(canonical(shell))
        {
            repeats += 1;
            continue;
        }
        let mut seen = HashSet::new();
        for ring in rings {
            if seen.insert(canonical(ring)) {
                distinct.push_ring(ring);
            } else {
                repeats += 1;
            }
        }
        distinct.end_polygon();
    }
    (distinct, repeats)
}

/// The bits of a ring's vertices, from its smallest on and towards the smaller
/// of its neighbours, so that it does not matter where it was begun or in which
/// direction.
fn canonical(ring: &[[f64; 2]]) -> Vec<[u64; 2]> {
    // Adding zero makes the two zeros one.
    let mut bits: Vec<[u64; 2]> = ring.iter().map(|point| point.map(|value| (value + 0.0).to_bits())).collect();
    let smallest = (0..bits.len()).min_by_key(|&place| bits[place]).unwrap_or(0);
    bits.rotate_left(smallest);
    if bits.len() > 2 && bits[1] > bits[bits.len() - 1] {
        bits[1..].reverse();
    }
    bits
}

/// Makes polygons of the holes that are astray, with those among them that lie
/// inside another as its holes; returns how many were astray.
fn split_off(shape: &Shape, found: &Contacts) -> (Shape, usize) {
    let is_astray = |ring: usize| found.holes_astray.binary_search(&ring).is_ok();
    let mut around: HashMap<usize, Vec<usize>> = HashMap::new();
    for &(inner, outer) in found.nested_holes.iter().filter(|&&(_, outer)| is_astray(outer)) {
        around.entry(inner).or_default().push(outer);
    }
    // Of the rings around a ring, the one that most others are around is next.
    let depth = |ring: &usize| around.get(ring).map_or(0, Vec::len);
    let mut lakes: HashMap<usize, Vec<usize>> = HashMap::new();
    for ring in found.holes_astray.iter().filter(|ring| depth(ring) % 2 == 1) {
        if let Some(&island) = around[ring].iter().max_by_key(|outer| depth(outer)) {
            lakes.entry(island).or_default().push(*ring);
        }
    }
    let mut split = Shape::default();
    let mut number = 0;
    for rings in shape.polygons() {
        for ring in rings {
            if !is_astray(number) {
                split.push_ring(ring);
            }
            number += 1;
        }
        split.end_polygon();
    }
    for island in found.holes_astray.iter().filter(|ring| depth(ring) % 2 == 0) {
        // They were written as holes; which way they run is no news.
        split.push_ring(&wound(shape.ring(*island), true));
        for &lake in lakes.get(island).into_iter().flatten() {
            split.push_ring(&wound(shape.ring(lake), false));
        }
        split.end_polygon();
    }
    (split, found.holes_astray.len())
}

/// The ring counter-clockwise, or clockwise.
fn wound(ring: &[[f64; 2]], is_counter_clockwise: bool) -> Vec<[f64; 2]> {
    let mut ring = ring.to_vec();
    if (signed_area(&ring) > 0.0) != is_counter_clockwise {
        ring.reverse();
    }
    ring
}

/// The shape with shells counter-clockwise and holes clockwise.
fn wind(shape: &Shape) -> Shape {
    let mut wound_shape = Shape::default();
    for rings in shape.polygons() {
        for (place, ring) in rings.enumerate() {
            wound_shape.push_ring(&wound(ring, place == 0));
        }
        wound_shape.end_polygon();
    }
    wound_shape
}

#[cfg(test)]
mod tests;

//! Footprints: rows of slabs facing south in the residential fabric, larger
//! blocks on campuses, all parallel to their streets and clear of them.

use fastrand::Rng;

use super::board::{Board, border_distance};
use super::context::polygon;
use super::{Ground, Leaf};
use crate::domain::area::GridKind;
use crate::domain::context::{ContextFeature, ContextKind};
use crate::domain::geometry::{Bounds, ring_contains};
use crate::simulate::noise;
use crate::simulate::profile::Town;

/// A candidate footprint.
struct Footprint {
    /// Corners in degrees, counter-clockwise.
    ring: Vec<[f64; 2]>,
    /// Index of its leaf.
    leaf: usize,
    /// A residential slab.
    is_slab: bool,
}

/// Draws buildings on the leaves: as many as the profile asks for, fewer where
/// there is no room. `taken` holds waters and parks, which stay clear.
pub fn build(
    leaves: &[Leaf],
    ground: &Ground<'_>,
    taken: &[ContextFeature],
    town: &Town,
    seed: u64,
) -> Vec<ContextFeature> {
    let mut rng = noise::stream(seed, "buildings");
    let clear: Vec<(Bounds, &ContextFeature)> = taken
        .iter()
        .filter(|f| matches!(f.kind, ContextKind::Water | ContextKind::Green))
        .map(|f| (f.shape.bounds(), f))
        .collect();
    let is_free = |p: [f64; 2]| !clear.iter().any(|(bounds, f)| bounds.contains(p) && f.shape.contains(p));
    let mut footprints = Vec::new();
    let scale = town.terrain.building_scale;
    for (index, leaf) in leaves.iter().enumerate() {
        let rows = rows(leaf, scale, &mut rng);
        for (plan, is_slab) in rows.into_iter().filter(|row| !meets_arterial(&row.0, ground.board, 10.0 * scale.sqrt()))
        {
            let ring: Vec<[f64; 2]> =
                plan.iter().map(|&p| ground.plane.degrees_from_local(ground.warp.local_from_plan(p))).collect();
            if ring.iter().all(|&p| is_free(p)) {
                footprints.push(Footprint { ring, leaf: index, is_slab });
            }
        }
    }
    rng.shuffle(&mut footprints);
    choose(footprints, leaves, town)
}

/// Old buildings and courtyards first, by name; then the rest.
fn choose(footprints: Vec<Footprint>, leaves: &[Leaf], town: &Town) -> Vec<ContextFeature> {
    let counts = &town.counts;
    let (slabs, others): (Vec<_>, Vec<_>) = footprints.into_iter().partition(|f| f.is_slab);
    let mut slabs = slabs.into_iter();
    let mut numbers: std::collections::HashMap<&str, usize> = Default::default();
    let mut result = Vec::new();
    for footprint in slabs.by_ref().take(counts.old_buildings) {
        let street = leaves[footprint.leaf].street.as_str();
        let number = numbers.entry(street).or_default();
        *number += 1;
        result.push(polygon(ContextKind::Building, &format!("{street}{number}号楼"), vec![footprint.ring]));
    }
    for (number, footprint) in slabs.by_ref().take(counts.courtyards).enumerate() {
        let name = format!("{}第{}楼院", leaves[footprint.leaf].street, number + 1);
        result.push(polygon(ContextKind::Green, &name, vec![footprint.ring]));
    }
    // Blocks first: there are few of them and they give the town its centre.
    let rest = others.into_iter().chain(slabs).take(counts.other_buildings);
    result.extend(rest.map(|footprint| polygon(ContextKind::Building, "", vec![footprint.ring])));
    result
}

/// Whether a footprint lies on an arterial or closer than `clear_m` to one:
/// where superblocks were united, arterials run through areas.
fn meets_arterial(plan: &[[f64; 2]], board: &Board, clear_m: f64) -> bool {
    board.arterials.iter().any(|arterial| {
        let sides = plan.iter().map(|&p| arterial.line.side(p));
        let (low, high) = sides.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), s| (l.min(s), h.max(s)));
        low < clear_m && high > -clear_m
    })
}

/// Rows of footprints in a leaf, in plan metres, with whether each is a slab.
fn rows(leaf: &Leaf, scale: f64, rng: &mut Rng) -> Vec<(Vec<[f64; 2]>, bool)> {
    let is_slab = leaf.kind == GridKind::Comprehensive && rng.f64() < 0.82;
    let (width, depth, gap, street) = if is_slab { (40.0, 11.0, 9.0, 13.0) } else { (30.0, 24.0, 16.0, 18.0) };
    let [width, depth, gap, street] = [width, depth, gap, street].map(|m| m * scale);
    let margin = 6.5 * scale.sqrt();
    let (sin, cos) = leaf.angle.sin_cos();
    let turned: Vec<[f64; 2]> = leaf.plan.iter().map(|p| [p[0] * cos + p[1] * sin, p[1] * cos - p[0] * sin]).collect();
    let bounds = Bounds::of(&turned);
    let back = |[x, y]: [f64; 2]| [x * cos - y * sin, x * sin + y * cos];
    let mut result = Vec::new();
    let mut y = bounds.min[1] + margin + rng.f64() * 4.0;
    while y + depth < bounds.max[1] {
        let mut x = bounds.min[0] + margin + rng.f64() * gap;
        while x + width * 0.6 < bounds.max[0] {
            let w = width * (0.7 + 0.5 * rng.f64());
            let d = depth * (0.9 + 0.2 * rng.f64());
            let corners = [[x, y], [x + w, y], [x + w, y + d], [x, y + d]];
            let fits = |&p: &[f64; 2]| ring_contains(&turned, p) && border_distance(&turned, p) > margin;
            if corners.iter().all(fits) && rng.f64() < 0.93 {
                result.push((corners.map(back).to_vec(), is_slab));
            }
            x += w + gap * (0.7 + 0.6 * rng.f64());
        }
        y += depth + street * (0.85 + 0.3 * rng.f64());
    }
    result
}

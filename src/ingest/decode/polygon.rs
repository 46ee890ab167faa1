//! Shells and holes as they really come.
//!
//! In: the rings of one polygon. Out: polygons in the domain's storage.
//!
//! GeoJSON says that the first ring is the shell and all others are holes in
//! it. Real files also write islands as holes, in any winding, so a "hole"
//! outside the shell becomes a shell, and later holes go to the shell that
//! they lie in.

use crate::domain::geometry::{Bounds, Shape, ring_contains};

/// Vertices of a hole that are tested against a shell.
const HOLE_SAMPLES: usize = 16;

/// Adds one polygon; returns how many rings were degenerate, and how many
/// "holes" became polygons of their own because they lie outside the shell.
pub fn push_polygon<'a>(mut rings: impl Iterator<Item = &'a [[f64; 2]]>, shape: &mut Shape) -> (usize, usize) {
    let Some(shell) = rings.next() else { return (0, 0) };
    if is_degenerate(shell) {
        // What it would have been a hole of is gone.
        return (1, 0);
    }
    let Some(second) = rings.next() else {
        shape.push_ring(shell);
        shape.end_polygon();
        return (0, 0);
    };
    let rings = std::iter::once(second).chain(rings);
    let mut degenerate = 0;
    let mut shells = vec![(shell, Bounds::of(shell))];
    let mut holes: Vec<(usize, &[[f64; 2]])> = Vec::new();
    for ring in rings {
        if is_degenerate(ring) {
            degenerate += 1;
        } else if let Some(owner) = shells.iter().position(|(shell, bounds)| lies_inside(ring, shell, bounds)) {
            holes.push((owner, ring));
        } else {
            shells.push((ring, Bounds::of(ring)));
        }
    }
    holes.sort_by_key(|&(owner, _)| owner);
    let mut holes = holes.into_iter().peekable();
    for (owner, (shell, _)) in shells.iter().enumerate() {
        shape.push_ring(shell);
        while let Some((_, hole)) = holes.next_if(|&(of, _)| of == owner) {
            shape.push_ring(hole);
        }
        shape.end_polygon();
    }
    (degenerate, shells.len() - 1)
}

/// The ring without the closing repeat of its first point.
pub fn open_ring(ring: &[[f64; 2]]) -> &[[f64; 2]] {
    match ring {
        [first, .., last] if ring.len() > 1 && first == last => &ring[..ring.len() - 1],
        _ => ring,
    }
}

/// Fewer than three distinct points.
fn is_degenerate(ring: &[[f64; 2]]) -> bool {
    let Some(&first) = ring.first() else { return true };
    let mut others = ring.iter().filter(|&&point| point != first);
    let Some(&second) = others.next() else { return true };
    !others.any(|&point| point != second)
}

/// Whether `ring` is inside the shell rather than beside it. A hole may touch
/// its shell, where the even-odd rule answers either way, so one point inside
/// is enough, and the middle of the hole counts as a point.
pub(super) fn lies_inside(ring: &[[f64; 2]], shell: &[[f64; 2]], bounds: &Bounds) -> bool {
    let inside = |[x, y]: [f64; 2]| {
        (bounds.min[0]..=bounds.max[0]).contains(&x)
            && (bounds.min[1]..=bounds.max[1]).contains(&y)
            && ring_contains(shell, [x, y])
    };
    let step = ring.len().div_ceil(HOLE_SAMPLES).max(1);
    if ring.iter().step_by(step).any(|&point| inside(point)) {
        return true;
    }
    let own = Bounds::of(ring);
    inside([0, 1].map(|axis| (own.min[axis] + own.max[axis]) / 2.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(x: f64, y: f64, side: f64) -> [[f64; 2]; 4] {
        [[x, y], [x + side, y], [x + side, y + side], [x, y + side]]
    }

    #[test]
    fn a_hole_may_touch_its_shell() {
        let (shell, hole) = (square(0.0, 0.0, 10.0), square(0.0, 0.0, 4.0));
        let mut shape = Shape::default();
        assert_eq!(push_polygon([shell.as_slice(), &hole].into_iter(), &mut shape), (0, 0));
        assert_eq!(shape.polygons().count(), 1);
        assert!((shape.area() - 84.0).abs() < 1e-9);
    }

    #[test]
    fn holes_of_a_degenerate_shell_do_not_become_shells() {
        let mut shape = Shape::default();
        let line = [[0.0, 0.0], [1.0, 1.0], [0.0, 0.0]];
        assert_eq!(push_polygon([line.as_slice(), &square(0.0, 0.0, 1.0)].into_iter(), &mut shape), (1, 0));
        assert!(shape.is_empty());
    }
}

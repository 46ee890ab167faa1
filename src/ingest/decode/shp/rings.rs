//! Which holes belong to which shells: a Shapefile lists the rings of all
//! polygons of a shape one after the other, and only their winding says what
//! they are.
//!
//! In: rings, each a shell (clockwise) or a hole. Out: polygons as lists of
//! rings, the shell first.

use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};

use crate::domain::geometry::{Bounds, signed_area};

use super::super::polygon::lies_inside;

/// Shells around one place that are looked at for one hole.
const MAX_AROUND: usize = 256;

/// One ring of a shape.
pub struct Ring {
    /// Its points, at least one.
    pub points: Vec<[f64; 2]>,
    /// Whether it is one by its winding.
    pub is_shell: bool,
}

impl Ring {
    /// A ring by its winding: shells run clockwise.
    pub fn of(points: Vec<[f64; 2]>) -> Self {
        Self { is_shell: signed_area(&points) <= 0.0, points }
    }
}

/// Turns all rings where they were written the other way round: the widest is
/// no hole.
pub fn turn(rings: &mut [Ring]) {
    let area = |ring: &Ring| signed_area(&ring.points).abs();
    if rings.iter().max_by(|a, b| area(a).total_cmp(&area(b))).is_some_and(|ring| !ring.is_shell) {
        rings.iter_mut().for_each(|ring| ring.is_shell = !ring.is_shell);
    }
}

/// A shell's box, and which ring it is.
type Boxed = GeomWithData<Rectangle<[f64; 2]>, usize>;

/// The rings of each polygon, and how many holes lie in no shell and are
/// polygons of their own.
pub fn grouped(rings: &[Ring]) -> (Vec<Vec<usize>>, usize) {
    let shells: Vec<usize> = (0..rings.len()).filter(|&ring| rings[ring].is_shell).collect();
    if shells.len() < 2 {
        // Rings that wind the wrong way, too: whoever reads them sees what lies
        // in the first.
        let first = shells.first().copied();
        let others = (0..rings.len()).filter(|&ring| Some(ring) != first);
        let polygon: Vec<usize> = first.into_iter().chain(others).collect();
        return (if polygon.is_empty() { Vec::new() } else { vec![polygon] }, 0);
    }
    let bounds: Vec<Bounds> = rings.iter().map(|ring| Bounds::of(&ring.points)).collect();
    let boxed = |&ring: &usize| Boxed::new(Rectangle::from_corners(bounds[ring].min, bounds[ring].max), ring);
    let tree = RTree::bulk_load(shells.iter().map(boxed).collect());
    let mut holes: Vec<Vec<usize>> = vec![Vec::new(); rings.len()];
    let mut astray = Vec::new();
    for hole in (0..rings.len()).filter(|&ring| !rings[ring].is_shell) {
        match shell_around(hole, rings, &bounds, &tree) {
            Some(shell) => holes[shell].push(hole),
            None => astray.push(vec![hole]),
        }
    }
    let count = astray.len();
    let polygon = |shell: usize| std::iter::once(shell).chain(std::mem::take(&mut holes[shell])).collect();
    let mut polygons: Vec<Vec<usize>> = shells.into_iter().map(polygon).collect();
    polygons.append(&mut astray);
    (polygons, count)
}

/// The smallest shell around a hole.
fn shell_around(hole: usize, rings: &[Ring], bounds: &[Bounds], tree: &RTree<Boxed>) -> Option<usize> {
    let own = &bounds[hole];
    // An island in a lake lies over the lake's middle, but is not around it.
    let is_around = |shell: &Bounds| shell.contains(own.min) && shell.contains(own.max);
    let area = |shell: usize| signed_area(&rings[shell].points).abs();
    tree.locate_in_envelope_intersecting(&AABB::from_point(own.center()))
        .take(MAX_AROUND)
        .map(|boxed| boxed.data)
        .filter(|&shell| is_around(&bounds[shell]))
        .filter(|&shell| lies_inside(&rings[hole].points, &rings[shell].points, &bounds[shell]))
        .min_by(|&one, &other| area(one).total_cmp(&area(other)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(x: f64, y: f64, side: f64, is_shell: bool) -> Ring {
        Ring { points: vec![[x, y], [x, y + side], [x + side, y + side], [x + side, y], [x, y]], is_shell }
    }

    #[test]
    fn holes_go_to_the_smallest_shell_around_them() {
        let rings = [
            ring(0.0, 0.0, 100.0, true),
            ring(20.0, 20.0, 20.0, false),
            // An island in that hole, with a pond.
            ring(25.0, 25.0, 10.0, true),
            ring(28.0, 28.0, 2.0, false),
            ring(200.0, 0.0, 10.0, true),
            // It touches its shell.
            ring(200.0, 0.0, 4.0, false),
        ];
        assert_eq!(grouped(&rings), (vec![vec![0, 1], vec![2, 3], vec![4, 5]], 0));
    }

    #[test]
    fn holes_without_a_shell_are_polygons() {
        let rings = [ring(0.0, 0.0, 1.0, true), ring(10.0, 0.0, 1.0, true), ring(5.0, 5.0, 1.0, false)];
        assert_eq!(grouped(&rings), (vec![vec![0], vec![1], vec![2]], 1));
    }

    #[test]
    fn a_single_shell_stands_first_and_so_does_a_ring_that_winds_the_wrong_way() {
        let rings = [ring(2.0, 2.0, 1.0, false), ring(0.0, 0.0, 10.0, true)];
        assert_eq!(grouped(&rings), (vec![vec![1, 0]], 0));
        assert_eq!(grouped(&rings[..1]), (vec![vec![0]], 0));
        assert_eq!(grouped(&[]), (Vec::new(), 0));
    }

    #[test]
    fn rings_that_were_all_written_the_other_way_round_are_turned() {
        let [x, y] = [500_000.0, 3_500_000.0];
        let square = |side: f64, at: f64| vec![[at, at], [at, at + side], [at + side, at + side], [at + side, at]];
        let on_plane = |points: Vec<[f64; 2]>| points.into_iter().map(|[a, b]| [a + x, b + y]).collect::<Vec<_>>();
        let reversed = |points: Vec<[f64; 2]>| points.into_iter().rev().collect::<Vec<_>>();
        let (shell, hole, pond) = (square(100.0, 0.0), reversed(square(20.0, 40.0)), reversed(square(5.0, 10.0)));
        // Wherever a ring begins, closed or not.
        for turns in 0..4 {
            let mut shell = on_plane(shell.clone());
            shell.rotate_left(turns);
            let mut rings = [shell, on_plane(hole.clone()), on_plane(pond.clone())].map(Ring::of);
            turn(&mut rings);
            assert_eq!(rings.each_ref().map(|ring| ring.is_shell), [true, false, false]);
            let mut other = rings.map(|ring| Ring::of(reversed(ring.points)));
            turn(&mut other);
            assert_eq!(other.each_ref().map(|ring| ring.is_shell), [true, false, false]);
            assert_eq!(grouped(&other), (vec![vec![0, 1, 2]], 0));
        }
    }
}

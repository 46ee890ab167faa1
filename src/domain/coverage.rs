//! Which streets patrols have walked (巡查覆盖).
//!
//! In: streets and walks as lines in local metres. Out: [`Coverage`]: how much
//! of the streets was walked, and the stretches that nobody walked.
//!
//! How it works: streets are cut into pieces of [`PIECE_M`] at most. A piece is
//! walked when its middle lies within reach of a walk. Pieces go into square
//! cells, and each stretch of a walk looks into the cells around it; what is
//! walked is not looked at again.

use std::collections::HashMap;

/// Longest piece of a street, metres.
pub const PIECE_M: f64 = 20.0;

/// Side of a cell, metres.
const CELL_M: f64 = 50.0;

/// A stretch of a walk longer than this, metres, says nothing about the way
/// taken.
const LONGEST_STRETCH_M: f64 = 500.0;

/// How much of some streets was walked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Coverage {
    /// Length of the streets, metres.
    pub total_m: f64,
    /// Length of what was walked, metres.
    pub walked_m: f64,
    /// What nobody walked: lines in local metres.
    pub missed: Vec<Vec<[f64; 2]>>,
}

impl Coverage {
    /// Share of the length that was walked, 0–1; `None` without streets.
    pub fn share(&self) -> Option<f64> {
        (self.total_m > 0.0).then(|| self.walked_m / self.total_m)
    }
}

struct Piece {
    a: [f64; 2],
    b: [f64; 2],
    is_walked: bool,
    /// Whether it goes on where the one before it ended.
    follows: bool,
}

impl Piece {
    fn middle(&self) -> [f64; 2] {
        [0, 1].map(|axis| (self.a[axis] + self.b[axis]) * 0.5)
    }

    fn length_m(&self) -> f64 {
        length_m(self.a, self.b)
    }
}

/// Finds out which of `streets` were walked; only pieces whose middle `counts`
/// are streets at all. `walks` are stretches from one known place to the next;
/// `reach_m` is how far from a street's line one may walk and still be in it.
pub fn coverage<'a>(
    streets: impl IntoIterator<Item = &'a [[f64; 2]]>,
    mut counts: impl FnMut([f64; 2]) -> bool,
    walks: impl IntoIterator<Item = [[f64; 2]; 2]>,
    reach_m: f64,
) -> Coverage {
    let mut pieces = Vec::new();
    for street in streets {
        cut(street, &mut counts, &mut pieces);
    }
    let mut cells: HashMap<[i64; 2], Vec<u32>> = HashMap::new();
    for (index, piece) in pieces.iter().enumerate() {
        cells.entry(cell_of(piece.middle())).or_default().push(index as u32);
    }
    for [a, b] in walks {
        let is_usable = a.iter().chain(&b).all(|value| value.is_finite()) && length_m(a, b) <= LONGEST_STRETCH_M;
        if !is_usable {
            continue;
        }
        let [first, last] = [(f64::min as fn(f64, f64) -> f64, -reach_m), (f64::max, reach_m)]
            .map(|(pick, reach)| cell_of([0, 1].map(|axis| pick(a[axis], b[axis]) + reach)));
        for x in first[0]..=last[0] {
            for y in first[1]..=last[1] {
                let Some(cell) = cells.get_mut(&[x, y]) else { continue };
                cell.retain(|&index| {
                    let piece = &mut pieces[index as usize];
                    piece.is_walked = off_m(piece.middle(), a, b) <= reach_m;
                    !piece.is_walked
                });
            }
        }
    }
    summed(&pieces)
}

/// Cuts a line into pieces of equal length along each of its stretches.
fn cut(street: &[[f64; 2]], counts: &mut impl FnMut([f64; 2]) -> bool, pieces: &mut Vec<Piece>) {
    let mut is_joined = false;
    for pair in street.windows(2) {
        let [from, to] = [pair[0], pair[1]];
        let parts = (length_m(from, to) / PIECE_M).ceil();
        if !parts.is_finite() || parts == 0.0 {
            continue;
        }
        let at = |part: f64| [0, 1].map(|axis| from[axis] + (to[axis] - from[axis]) * part / parts);
        for part in 0..parts as u32 {
            let piece =
                Piece { a: at(f64::from(part)), b: at(f64::from(part) + 1.0), is_walked: false, follows: is_joined };
            is_joined = counts(piece.middle());
            if is_joined {
                pieces.push(piece);
            }
        }
    }
}

fn summed(pieces: &[Piece]) -> Coverage {
    let mut coverage = Coverage::default();
    let mut was_missed = false;
    for piece in pieces {
        coverage.total_m += piece.length_m();
        if piece.is_walked {
            coverage.walked_m += piece.length_m();
        } else if let Some(line) = coverage.missed.last_mut().filter(|_| was_missed && piece.follows) {
            line.push(piece.b);
        } else {
            coverage.missed.push(vec![piece.a, piece.b]);
        }
        was_missed = !piece.is_walked;
    }
    coverage
}

fn cell_of(at: [f64; 2]) -> [i64; 2] {
    at.map(|value| (value / CELL_M).floor() as i64)
}

fn length_m(a: [f64; 2], b: [f64; 2]) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

/// Distance of a point from a stretch.
fn off_m(p: [f64; 2], a: [f64; 2], b: [f64; 2]) -> f64 {
    let along = [b[0] - a[0], b[1] - a[1]];
    let square = along[0] * along[0] + along[1] * along[1];
    let t = if square > 0.0 { ((p[0] - a[0]) * along[0] + (p[1] - a[1]) * along[1]) / square } else { 0.0 };
    let t = t.clamp(0.0, 1.0);
    length_m(p, [a[0] + along[0] * t, a[1] + along[1] * t])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STREET: [[f64; 2]; 3] = [[0.0, 0.0], [200.0, 0.0], [200.0, 100.0]];

    #[test]
    fn a_street_walked_half_is_missed_by_half() {
        let found = coverage([&STREET[..]], |_| true, [[[0.0, 10.0], [200.0, 10.0]]], 25.0);
        // The walk also reaches what begins at the corner.
        assert_eq!((found.total_m, found.walked_m), (300.0, 240.0));
        assert_eq!(found.missed, [vec![[200.0, 40.0], [200.0, 60.0], [200.0, 80.0], [200.0, 100.0]]]);
        assert_eq!(found.share(), Some(240.0 / 300.0));
    }

    #[test]
    fn what_lies_elsewhere_does_not_count() {
        let found = coverage([&STREET[..]], |[x, _]| !(60.0..120.0).contains(&x), [], 25.0);
        assert_eq!((found.total_m, found.walked_m, found.missed.len()), (240.0, 0.0, 2));
        assert_eq!(found.missed[1][0], [120.0, 0.0]);
        assert_eq!(coverage([&STREET[..]], |_| false, [], 25.0).share(), None);
    }

    #[test]
    fn a_jump_of_the_receiver_walks_nothing() {
        let far = [[-400.0, 0.0], [400.0, 0.0]];
        assert_eq!(coverage([&STREET[..]], |_| true, [far], 25.0).walked_m, 0.0);
        let lost = [[f64::NAN, 0.0], [0.0, f64::INFINITY]];
        assert_eq!(coverage([&STREET[..], &lost[..], &[]], |_| true, [lost], 25.0).total_m, 300.0);
    }

    proptest! {
        /// As asking each piece about each walk.
        #[test]
        fn cells_change_nothing(
            street in prop::collection::vec([-300.0..300.0_f64, -300.0..300.0], 2..6),
            walk in prop::collection::vec([-300.0..300.0_f64, -300.0..300.0], 2..8),
            reach_m in 1.0..60.0_f64,
        ) {
            let walks: Vec<[[f64; 2]; 2]> = walk.windows(2).map(|pair| [pair[0], pair[1]]).collect();
            let found = coverage([&street[..]], |_| true, walks.iter().copied(), reach_m);
            let mut pieces = Vec::new();
            cut(&street, &mut |_| true, &mut pieces);
            let is_near = |piece: &Piece| {
                let near = |[a, b]: &[[f64; 2]; 2]| length_m(*a, *b) <= LONGEST_STRETCH_M && off_m(piece.middle(), *a, *b) <= reach_m;
                walks.iter().any(near)
            };
            let walked_m: f64 = pieces.iter().filter(|piece| is_near(piece)).map(Piece::length_m).sum();
            prop_assert!((found.walked_m - walked_m).abs() < 1e-6);
            let missed_m: f64 = found.missed.iter().flat_map(|line| line.windows(2)).map(|pair| length_m(pair[0], pair[1])).sum();
            prop_assert!((found.total_m - found.walked_m - missed_m).abs() < 1e-6);
        }
    }
}

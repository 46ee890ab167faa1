//! Filling columns with panels in order.
//!
//! In: panels with the heights they want, columns (or the pieces of columns
//! between seams) in reading order. Out: a rectangle per panel; how many did
//! not fit.

use bevy_egui::egui::{Rect, pos2};

use super::Need;
use crate::theme::space::GUTTER;

/// A piece of a column that panels may fill, in design units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Bin(pub(super) Rect);

/// What fitted, and how many did not.
pub(super) struct Filled {
    pub(super) panels: Vec<(usize, Rect)>,
    pub(super) hidden: usize,
}

/// Fills `bins` with `panels` in order, leaving out from the end what does
/// not fit at its least height.
pub(super) fn fill_bins(panels: &[(usize, Need)], bins: &[Bin]) -> Filled {
    for shown in (1..=panels.len()).rev() {
        if let Some(ends) = split(&panels[..shown], bins) {
            let mut start = 0;
            let mut placed = Vec::with_capacity(shown);
            for (bin, end) in bins.iter().zip(ends) {
                placed.extend(stack(&panels[start..end], bin.0));
                start = end;
            }
            return Filled { panels: placed, hidden: panels.len() - shown };
        }
    }
    Filled { panels: Vec::new(), hidden: panels.len() }
}

/// Where each bin's panels end, so that the fullest bin is as empty as can
/// be; `None` when they do not fit. Dynamic programming over (bins, panels).
fn split(panels: &[(usize, Need)], bins: &[Bin]) -> Option<Vec<usize>> {
    let count = panels.len();
    // best[j][i]: the least fullness with the first i panels in the first j bins.
    let mut best = vec![vec![f32::INFINITY; count + 1]; bins.len() + 1];
    let mut from = vec![vec![0_usize; count + 1]; bins.len() + 1];
    best[0][0] = 0.0;
    for (j, bin) in bins.iter().enumerate() {
        for i in 0..=count {
            // Backwards, so that of equals the earlier bins get the panels.
            for start in (0..=i).rev() {
                let fullness = best[j][start].max(fullness(&panels[start..i], bin.0.height()));
                if fullness < best[j + 1][i] {
                    best[j + 1][i] = fullness;
                    from[j + 1][i] = start;
                }
            }
        }
    }
    if !best[bins.len()][count].is_finite() {
        return None;
    }
    let mut ends = vec![0; bins.len()];
    let mut at = count;
    for j in (0..bins.len()).rev() {
        ends[j] = at;
        at = from[j + 1][at];
    }
    Some(ends)
}

fn gutters(count: usize) -> f32 {
    GUTTER * count.saturating_sub(1) as f32
}

/// Natural heights over the height there is; infinite when the least heights
/// do not fit.
fn fullness(panels: &[(usize, Need)], height: f32) -> f32 {
    let least: f32 = panels.iter().map(|(_, need)| need.least).sum();
    let natural: f32 = panels.iter().map(|(_, need)| need.natural).sum();
    if least + gutters(panels.len()) > height { f32::INFINITY } else { (natural + gutters(panels.len())) / height }
}

/// Stacks panels so that they fill `rect` exactly.
fn stack(panels: &[(usize, Need)], rect: Rect) -> Vec<(usize, Rect)> {
    let sum = |of: fn(&Need) -> f32| panels.iter().map(|(_, need)| of(need)).sum::<f32>();
    let spare = rect.height() - gutters(panels.len()) - sum(|need| need.natural);
    let shrinkable = sum(|need| need.natural - need.least);
    let mut top = rect.top();
    panels
        .iter()
        .map(|&(index, need)| {
            let part = if spare >= 0.0 {
                need.stretch / sum(|need| need.stretch)
            } else {
                (need.natural - need.least) / shrinkable.max(1.0)
            };
            let bottom = top + need.natural + spare * part;
            let place = Rect::from_min_max(pos2(rect.left(), top), pos2(rect.right(), bottom));
            top = bottom + GUTTER;
            (index, place)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn need() -> impl Strategy<Value = Need> {
        (80.0_f32..300.0, 0.0_f32..200.0, 0.1_f32..2.0).prop_map(|(least, more, stretch)| Need {
            least,
            natural: least + more,
            stretch,
        })
    }

    proptest! {
        #[test]
        fn panels_fill_their_bins_in_order(needs in proptest::collection::vec(need(), 0..10), columns in 1_usize..4) {
            let bins: Vec<Bin> = (0..columns)
                .map(|k| k as f32 * 432.0)
                .map(|left| Bin(Rect::from_min_max(pos2(left, 88.0), pos2(left + 416.0, 1056.0))))
                .collect();
            let panels: Vec<(usize, Need)> = needs.into_iter().enumerate().collect();
            let filled = fill_bins(&panels, &bins);
            prop_assert_eq!(filled.panels.len() + filled.hidden, panels.len());
            for (position, (index, rect)) in filled.panels.iter().enumerate() {
                prop_assert_eq!(position, *index);
                prop_assert!(rect.height() >= panels[*index].1.least - 0.01);
                let next = filled.panels.get(position + 1).map(|(_, next)| *next);
                match next.filter(|next| next.left() == rect.left()) {
                    Some(next) => prop_assert!((next.top() - rect.bottom() - GUTTER).abs() < 0.01),
                    None => prop_assert!((rect.bottom() - 1056.0).abs() < 0.01),
                }
            }
        }
    }

    #[test]
    fn without_bins_everything_is_hidden() {
        let panels = [(0, Need { least: 100.0, natural: 200.0, stretch: 1.0 })];
        assert_eq!(fill_bins(&panels, &[]).hidden, 1);
    }
}

//! Filling columns with panels in order.
//!
//! In: panels with the heights they want, columns (or the pieces of columns
//! between seams) in reading order. Out: a rectangle per panel; how many did
//! not fit.

use bevy_egui::egui::{Rect, pos2};

use super::need::Need;
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

/// What so many panels leave between them.
pub(super) fn gutters(count: usize) -> f32 {
    GUTTER * count.saturating_sub(1) as f32
}

/// Natural heights over the height there is; infinite when the least heights
/// do not fit.
fn fullness(panels: &[(usize, Need)], height: f32) -> f32 {
    let least: f32 = panels.iter().map(|(_, need)| need.least).sum();
    let natural: f32 = panels.iter().map(|(_, need)| need.natural).sum();
    if least + gutters(panels.len()) > height { f32::INFINITY } else { (natural + gutters(panels.len())) / height }
}

/// Stacks panels so that they fill `rect`, as far as they may grow.
pub(super) fn stack(panels: &[(usize, Need)], rect: Rect) -> Vec<(usize, Rect)> {
    let needs: Vec<Need> = panels.iter().map(|(_, need)| *need).collect();
    let mut heights: Vec<f32> = needs.iter().map(|need| need.natural).collect();
    let spare = rect.height() - gutters(panels.len()) - heights.iter().sum::<f32>();
    if spare >= 0.0 {
        grow(&needs, &mut heights, spare);
    } else {
        shrink(&needs, &mut heights, -spare);
    }
    let mut top = rect.top();
    panels
        .iter()
        .zip(heights)
        .map(|(&(index, _), height)| {
            let place = Rect::from_min_max(pos2(rect.left(), top), pos2(rect.right(), top + height));
            top = place.bottom() + GUTTER;
            (index, place)
        })
        .collect()
}

/// Gives each its part of the height to spare; what one may not take goes to
/// the others.
fn grow(needs: &[Need], heights: &mut [f32], mut spare: f32) {
    // Each round but the last brings one to its end.
    for _ in needs {
        let open: Vec<usize> =
            (0..needs.len()).filter(|&at| needs[at].stretch > 0.0 && heights[at] < needs[at].most).collect();
        let parts: f32 = open.iter().map(|&at| needs[at].stretch).sum();
        let mut taken = 0.0;
        for at in open {
            let part = (spare * needs[at].stretch / parts).min(needs[at].most - heights[at]);
            heights[at] += part;
            taken += part;
        }
        spare -= taken;
    }
}

/// Takes `lack` from all by what they can do without; from those whose height
/// was said only what the others have not.
fn shrink(needs: &[Need], heights: &mut [f32], lack: f32) {
    let room = |is_fixed: bool| -> f32 {
        needs.iter().filter(|need| need.is_fixed == is_fixed).map(|need| need.natural - need.least).sum()
    };
    let from_others = lack.min(room(false));
    let share = |taken: f32, room: f32| if room > 0.0 { (taken / room).min(1.0) } else { 0.0 };
    let shares = [share(from_others, room(false)), share(lack - from_others, room(true))];
    for (height, need) in heights.iter_mut().zip(needs) {
        *height -= (need.natural - need.least) * shares[usize::from(need.is_fixed)];
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn need() -> impl Strategy<Value = Need> {
        (80.0_f32..300.0, 0.0_f32..200.0, 0.1_f32..2.0)
            .prop_map(|(least, more, stretch)| Need::new(least, least + more, stretch))
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
        let panels = [(0, Need::new(100.0, 200.0, 1.0))];
        assert_eq!(fill_bins(&panels, &[]).hidden, 1);
    }

    fn heights(needs: &[Need], height: f32) -> Vec<f32> {
        let panels: Vec<(usize, Need)> = needs.iter().copied().enumerate().collect();
        let rect = Rect::from_min_max(pos2(0.0, 0.0), pos2(400.0, height));
        stack(&panels, rect).iter().map(|(_, rect)| rect.height()).collect()
    }

    #[test]
    fn what_one_may_not_take_goes_to_the_others() {
        let capped = Need { most: 250.0, ..Need::new(100.0, 200.0, 3.0) };
        let open = Need::new(100.0, 200.0, 1.0);
        assert_eq!(heights(&[capped, open], 1_016.0), [250.0, 750.0]);
        assert_eq!(heights(&[capped], 1_000.0), [250.0], "the rest is the map's");
        assert_eq!(heights(&[capped, open], 436.0), [215.0, 205.0]);
    }

    #[test]
    fn heights_that_were_said_shrink_last() {
        let said = Need { most: 400.0, stretch: 0.0, is_fixed: true, ..Need::new(100.0, 400.0, 1.0) };
        let other = Need::new(100.0, 200.0, 1.0);
        assert_eq!(heights(&[said, other], 716.0), [400.0, 300.0]);
        assert_eq!(heights(&[said, other], 566.0), [400.0, 150.0]);
        assert_eq!(heights(&[said, other], 416.0), [300.0, 100.0]);
        assert_eq!(heights(&[said], 968.0), [400.0]);
    }
}

//! Panels in the columns that somebody gave them, the others where there is
//! most room.
//!
//! In: panels with their heights and their columns, in order; the columns and
//! the parts of them that no seam crosses. Out: a rectangle per panel; how many
//! did not fit.
//!
//! How it works: panels of one column stand below each other in order. One that
//! covers several columns divides them: what comes before it stands above it,
//! what comes after it below. Columns that no panel joins know nothing of each
//! other.

use std::ops::Range;

use bevy_egui::egui::{Rect, pos2};

use super::bins::{Bin, Filled, fill_bins, gutters, stack};
use super::need::Need;
use crate::theme::space::GUTTER;

/// A panel and where it is to stand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Wish {
    /// Index into the configuration's panels.
    pub(super) index: usize,
    pub(super) need: Need,
    /// Its first column from its edge, 0 outmost; `None` = where there is most
    /// room.
    pub(super) column: Option<usize>,
    /// Columns that it covers, inwards; under the map its part of the width.
    pub(super) columns: usize,
    /// Columns are counted from the right.
    pub(super) is_from_right: bool,
}

impl Wish {
    /// Whether somebody said in which columns it stands.
    pub(super) fn is_placed(&self) -> bool {
        self.column.is_some() || self.columns > 1
    }
}

/// Where panels may stand, in design units.
pub(super) struct Ground<'a> {
    /// Left and right end of each column, in reading order.
    pub(super) spans: &'a [[f32; 2]],
    /// Top and bottom of the parts of all columns that no seam crosses.
    pub(super) parts: &'a [[f32; 2]],
}

/// Puts panels where they are to stand. What does not fit is left out.
pub(super) fn fill_columns(wishes: &[Wish], ground: &Ground) -> Filled {
    let mut kept: Vec<Wish> = Vec::new();
    let mut panels = Vec::new();
    for wish in wishes {
        kept.push(*wish);
        match fitted(&kept, ground) {
            Some(placed) => panels = placed,
            None => _ = kept.pop(),
        }
    }
    Filled { panels, hidden: wishes.len() - kept.len() }
}

/// Height of the fullest columns when all have their natural heights.
pub(super) fn natural_height(wishes: &[Wish], spans: &[[f32; 2]]) -> f32 {
    if spans.is_empty() {
        return 0.0;
    }
    stacks(&assigned(wishes, spans)).iter().map(|stack| stack.need().natural).fold(0.0, f32::max)
}

fn fitted(wishes: &[Wish], ground: &Ground) -> Option<Vec<(usize, Rect)>> {
    if ground.spans.is_empty() {
        return None;
    }
    let mut placed = Vec::new();
    for stack in stacks(&assigned(wishes, ground.spans)) {
        let [left, right] = width_of(&stack.columns, ground.spans);
        let bin = |&[top, bottom]: &[f32; 2]| Bin(Rect::from_min_max(pos2(left, top), pos2(right, bottom)));
        let bins: Vec<Bin> = ground.parts.iter().map(bin).collect();
        let filled = fill_bins(&stack.needs(), &bins);
        if filled.hidden > 0 {
            return None;
        }
        for (band, rect) in filled.panels {
            stack.bands[band].place(rect, ground.spans, &mut placed);
        }
    }
    Some(placed)
}

/// A panel in its columns.
#[derive(Clone, Debug, PartialEq)]
struct Item {
    index: usize,
    need: Need,
    /// In reading order.
    columns: Range<usize>,
}

/// Gives every panel its columns: first those that have them, then the others
/// where there is most room.
fn assigned(wishes: &[Wish], spans: &[[f32; 2]]) -> Vec<Item> {
    let mut loads = vec![0.0_f32; spans.len()];
    let mut chosen: Vec<Option<Range<usize>>> = vec![None; wishes.len()];
    for is_given in [true, false] {
        for (wish, chosen) in wishes.iter().zip(&mut chosen) {
            if wish.column.is_some() != is_given {
                continue;
            }
            let columns = match wish.column {
                Some(column) => reached(wish, column, spans),
                None => emptiest(wish, &loads, spans),
            };
            let load = highest(&loads, &columns) + wish.need.natural + GUTTER;
            loads[columns.clone()].fill(load);
            *chosen = Some(columns);
        }
    }
    let item = |(wish, columns): (&Wish, Option<Range<usize>>)| {
        Some(Item { index: wish.index, need: wish.need, columns: columns? })
    };
    wishes.iter().zip(chosen).filter_map(item).collect()
}

fn highest(loads: &[f32], columns: &Range<usize>) -> f32 {
    loads[columns.clone()].iter().copied().fold(0.0, f32::max)
}

/// The emptiest columns that are as wide as wished, else as wide as there are.
fn emptiest(wish: &Wish, loads: &[f32], spans: &[[f32; 2]]) -> Range<usize> {
    let candidates = (0..spans.len()).map(|column| reached(wish, column, spans));
    let best = candidates.min_by(|a, b| b.len().cmp(&a.len()).then(highest(loads, a).total_cmp(&highest(loads, b))));
    best.unwrap_or(0..1)
}

/// The columns from `column` on, counted from the panel's edge, as many as
/// wished, there, and not parted by a seam.
fn reached(wish: &Wish, column: usize, spans: &[[f32; 2]]) -> Range<usize> {
    let last = spans.len() - 1;
    let at = |number: usize| if wish.is_from_right { last - number } else { number };
    let is_joined = |number: usize| {
        let (a, b) = (at(number).min(at(number + 1)), at(number).max(at(number + 1)));
        spans[b][0] - spans[a][1] <= GUTTER + 0.5
    };
    let first = column.min(last);
    let mut end = first;
    while end < last && end + 1 - first < wish.columns && is_joined(end) {
        end += 1;
    }
    at(first).min(at(end))..at(first).max(at(end)) + 1
}

fn width_of(columns: &Range<usize>, spans: &[[f32; 2]]) -> [f32; 2] {
    [spans[columns.start][0], spans[columns.end - 1][1]]
}

/// Columns that panels join, with what stands in them from top to bottom.
#[derive(Clone, Debug, PartialEq)]
struct Stack {
    columns: Range<usize>,
    bands: Vec<Band>,
}

/// What stands in a stack between two of its cuts.
#[derive(Clone, Debug, PartialEq)]
enum Band {
    Panel(Item),
    /// Narrower stacks beside each other.
    Beside(Vec<Stack>),
}

/// The stacks that panels make: columns that share one belong together.
fn stacks(items: &[Item]) -> Vec<Stack> {
    let mut ranges: Vec<Range<usize>> = items.iter().map(|item| item.columns.clone()).collect();
    ranges.sort_by_key(|range| range.start);
    let mut joined: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match joined.last_mut().filter(|last| range.start < last.end) {
            Some(last) => last.end = last.end.max(range.end),
            None => joined.push(range),
        }
    }
    let stack = |columns: Range<usize>| {
        let is_own = |item: &&Item| columns.contains(&item.columns.start);
        let own: Vec<Item> = items.iter().filter(is_own).cloned().collect();
        Stack { bands: bands(own, &columns), columns }
    };
    joined.into_iter().map(stack).collect()
}

fn bands(items: Vec<Item>, columns: &Range<usize>) -> Vec<Band> {
    if items.iter().all(|item| item.columns != *columns) {
        // They overlap in part: each has its own band.
        let alone =
            |item: Item| Band::Beside(vec![Stack { columns: item.columns.clone(), bands: vec![Band::Panel(item)] }]);
        return items.into_iter().map(alone).collect();
    }
    let mut bands = Vec::new();
    let mut narrower: Vec<Item> = Vec::new();
    let close = |narrower: &mut Vec<Item>, bands: &mut Vec<Band>| {
        if !narrower.is_empty() {
            bands.push(Band::Beside(stacks(&std::mem::take(narrower))));
        }
    };
    for item in items {
        if item.columns == *columns {
            close(&mut narrower, &mut bands);
            bands.push(Band::Panel(item));
        } else {
            narrower.push(item);
        }
    }
    close(&mut narrower, &mut bands);
    bands
}

impl Stack {
    /// What each band needs, by its position.
    fn needs(&self) -> Vec<(usize, Need)> {
        self.bands.iter().map(Band::need).enumerate().collect()
    }

    fn need(&self) -> Need {
        let needs = self.needs();
        let sum = |of: fn(&Need) -> f32| needs.iter().map(|(_, need)| of(need)).sum::<f32>();
        let between = gutters(needs.len());
        Need {
            least: sum(|need| need.least) + between,
            natural: sum(|need| need.natural) + between,
            most: sum(|need| need.most) + between,
            stretch: sum(|need| need.stretch),
            is_fixed: needs.iter().all(|(_, need)| need.is_fixed),
        }
    }

    fn place(&self, rect: Rect, spans: &[[f32; 2]], placed: &mut Vec<(usize, Rect)>) {
        for (band, rect) in stack(&self.needs(), rect) {
            self.bands[band].place(rect, spans, placed);
        }
    }
}

impl Band {
    fn need(&self) -> Need {
        let stacks = match self {
            Self::Panel(item) => return item.need,
            Self::Beside(stacks) => stacks,
        };
        let needs: Vec<Need> = stacks.iter().map(Stack::need).collect();
        let highest = |of: fn(&Need) -> f32| needs.iter().map(of).fold(0.0, f32::max);
        Need {
            least: highest(|need| need.least),
            natural: highest(|need| need.natural),
            most: highest(|need| need.most),
            stretch: highest(|need| need.stretch),
            is_fixed: needs.iter().all(|need| need.is_fixed),
        }
    }

    fn place(&self, rect: Rect, spans: &[[f32; 2]], placed: &mut Vec<(usize, Rect)>) {
        match self {
            Self::Panel(item) => placed.push((item.index, rect)),
            Self::Beside(stacks) => {
                for stack in stacks {
                    let [left, right] = width_of(&stack.columns, spans);
                    let own = Rect::from_min_max(pos2(left, rect.top()), pos2(right, rect.bottom()));
                    stack.place(own, spans, placed);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Columns of the usual width from the left edge on.
    fn columns(count: usize) -> Vec<[f32; 2]> {
        (0..count).map(|k| 24.0 + k as f32 * 432.0).map(|left| [left, left + 416.0]).collect()
    }

    const PART: [[f32; 2]; 1] = [[88.0, 1_056.0]];

    fn wish(index: usize, column: Option<usize>, columns: usize) -> Wish {
        Wish { index, need: Need::new(100.0, 200.0, 1.0), column, columns, is_from_right: false }
    }

    fn placed(wishes: &[Wish], spans: &[[f32; 2]]) -> Vec<(usize, [f32; 4])> {
        let filled = fill_columns(wishes, &Ground { spans, parts: &PART });
        let mut panels: Vec<(usize, [f32; 4])> =
            filled.panels.iter().map(|(index, r)| (*index, [r.left(), r.top(), r.right(), r.bottom()])).collect();
        panels.sort_by_key(|(index, _)| *index);
        panels
    }

    #[test]
    fn a_wide_panel_divides_what_stands_above_from_what_stands_below() {
        let wishes = [wish(0, Some(0), 1), wish(1, Some(1), 1), wish(2, Some(0), 2), wish(3, Some(1), 1)];
        let found = placed(&wishes, &columns(2));
        let height = (968.0 - 32.0) / 3.0;
        let top = |row: f32| 88.0 + row * (height + 16.0);
        let at = |left: f32, row: f32, right: f32| [left, top(row), right, top(row) + height];
        let expected = [at(24.0, 0.0, 440.0), at(456.0, 0.0, 872.0), at(24.0, 1.0, 872.0), at(456.0, 2.0, 872.0)];
        for ((index, found), expected) in found.iter().zip(expected) {
            assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 0.01), "{index}: {found:?} {expected:?}");
        }
    }

    #[test]
    fn panels_without_a_column_go_where_there_is_most_room() {
        let wishes = [wish(0, Some(0), 1), wish(1, None, 1), wish(2, None, 1), wish(3, Some(2), 1)];
        let lefts: Vec<f32> = placed(&wishes, &columns(3)).iter().map(|(_, rect)| rect[0]).collect();
        assert_eq!(lefts, [24.0, 456.0, 24.0, 888.0]);
    }

    #[test]
    fn columns_are_counted_from_the_edge_and_end_at_the_last_and_at_seams() {
        let from_right = |column, columns| Wish { is_from_right: true, ..wish(0, Some(column), columns) };
        let spans = columns(3);
        assert_eq!(reached(&from_right(0, 1), 0, &spans), 2..3);
        assert_eq!(reached(&from_right(0, 2), 0, &spans), 1..3);
        assert_eq!(reached(&from_right(9, 1), 9, &spans), 0..1);
        assert_eq!(reached(&wish(0, Some(1), 4), 1, &spans), 1..3);
        let parted = [spans[0], [470.0, 886.0]];
        assert_eq!(reached(&wish(0, Some(0), 2), 0, &parted), 0..1, "no panel lies over a seam");
    }

    #[test]
    fn what_does_not_fit_is_left_out_and_what_comes_after_it_is_not() {
        let tall = Need::new(700.0, 700.0, 1.0);
        let wishes = [
            Wish { need: tall, ..wish(0, Some(0), 1) },
            Wish { need: tall, ..wish(1, Some(0), 1) },
            wish(2, Some(1), 1),
        ];
        let filled = fill_columns(&wishes, &Ground { spans: &columns(2), parts: &PART });
        let shown: Vec<usize> = filled.panels.iter().map(|(index, _)| *index).collect();
        assert_eq!((shown, filled.hidden), (vec![0, 2], 1));
        assert_eq!(fill_columns(&wishes, &Ground { spans: &[], parts: &PART }).hidden, 3);
    }

    proptest! {
        #[test]
        fn nothing_overlaps_and_nothing_gets_lost(
            wanted in proptest::collection::vec((proptest::option::of(0_usize..4), 1_usize..5, any::<bool>(), 0_u8..3), 0..10),
            count in 1_usize..5,
        ) {
            let wishes: Vec<Wish> = wanted
                .into_iter()
                .enumerate()
                .map(|(index, (column, columns, is_from_right, rows))| {
                    let height = 90.0 + 82.0 * f32::from(rows);
                    let said = Need { most: height, stretch: 0.0, is_fixed: true, ..Need::new(80.0, height, 0.0) };
                    let need = if rows == 0 { Need::new(80.0, 160.0, 1.0) } else { said };
                    Wish { index, need, column, columns, is_from_right }
                })
                .collect();
            let filled = fill_columns(&wishes, &Ground { spans: &columns(count), parts: &PART });
            prop_assert_eq!(filled.panels.len() + filled.hidden, wishes.len());
            for (position, (index, rect)) in filled.panels.iter().enumerate() {
                prop_assert!(rect.height() >= 79.9 && rect.top() >= 87.9 && rect.bottom() <= 1_056.1, "{rect:?}");
                for (other, near) in &filled.panels[..position] {
                    prop_assert!(index != other);
                    prop_assert!(!rect.shrink(0.1).intersects(near.shrink(0.1)), "{rect:?} {near:?}");
                }
            }
        }
    }
}

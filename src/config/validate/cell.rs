//! Checks of where on the grid of the stage a panel stands.
//!
//! In: `column`, `columns` and `rows` of one of `[[panels]]`. Out: its
//! [`Cell`].

use std::ops::RangeInclusive;

use crate::config::error::Complaints;
use crate::config::read::At;
use crate::config::{Cell, MOST_COLUMNS, STAGE_ROWS};

/// Parts into which the panels under the map may share its width.
const MOST_PARTS: u32 = 12;

/// The cell of a panel; `is_below` says that it stands under the map, where
/// there are no columns and `columns` is a part of the width.
pub(super) fn cell(
    column: Option<At<u64>>,
    columns: Option<At<u64>>,
    rows: Option<At<u64>>,
    is_below: bool,
    complaints: &mut Complaints,
) -> Cell {
    if let Some(column) = column.as_ref().filter(|_| is_below) {
        let message = "`column` 只用于 left、right:下方的面板按先后自左而右";
        complaints.add(column.key_offset, &column.key, message);
        return Cell::default();
    }
    let from = number(&column, "列号", 1..=MOST_COLUMNS, complaints);
    let most = if is_below { MOST_PARTS } else { MOST_COLUMNS };
    let wide = number(&columns, if is_below { "宽度的份数" } else { "列数" }, 1..=most, complaints);
    if let (Some(from), Some(wide), Some(at)) = (from, wide, &columns)
        && from + wide - 1 > MOST_COLUMNS
    {
        let message = format!("从第 {from} 列起跨 {wide} 列,超出了 {MOST_COLUMNS} 列");
        complaints.add(at.offset, &at.key, message);
    }
    Cell { column: from, columns: wide, rows: number(&rows, "行数", 1..=STAGE_ROWS, complaints) }
}

fn number(at: &Option<At<u64>>, what: &str, range: RangeInclusive<u32>, complaints: &mut Complaints) -> Option<u32> {
    let at = at.as_ref()?;
    let found = u32::try_from(at.value).ok().filter(|value| range.contains(value));
    if found.is_none() {
        let message = format!("{what}须在 {} 到 {} 之间,却是 {}", range.start(), range.end(), at.value);
        complaints.add(at.offset, &at.key, message);
    }
    found
}

//! What the keys of a source mean, found out once.
//!
//! In: the names of columns and members as they come. Out: the fields that each
//! may stand for. One memory for each answer: nothing is kept between them.

use std::collections::HashMap;
use std::sync::Arc;

use super::fields::FieldTable;

/// More distinct keys than this are looked up without being remembered, so
/// that a feed whose keys are data cannot fill the memory.
const MAX_REMEMBERED_KEYS: usize = 4_096;

/// Keys of which it is seen whether one record names them twice.
const MAX_WATCHED_KEYS: usize = 128;

/// What a key may mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meaning {
    /// Place of the field among the names of its feed.
    pub field: u8,
    /// Smaller ranks are the first choice.
    pub rank: u8,
}

/// All that a key may mean.
pub type Meanings = Vec<Meaning>;

/// A key that came.
#[derive(Debug)]
struct Known {
    key: Arc<str>,
    meanings: Meanings,
    /// The key that last came behind it.
    next: usize,
}

/// What keys meant so far.
#[derive(Debug, Default)]
pub struct KeyMemory {
    known: Vec<Known>,
    by_key: HashMap<Arc<str>, usize>,
    /// What did not find room.
    other: Meanings,
    columns: Option<Columns>,
}

/// The columns of a table that mean something.
#[derive(Debug)]
struct Columns {
    headers: Arc<[String]>,
    /// Column and field, the first choices of each field first.
    list: Vec<(usize, u8)>,
}

/// How far a record has been read.
#[derive(Debug)]
pub struct Order {
    last: Option<usize>,
    seen: u128,
}

impl KeyMemory {
    /// What a key means.
    pub fn meanings(&mut self, table: &FieldTable, key: &str) -> &[Meaning] {
        match self.number(table, key) {
            Some(number) => &self.known[number].meanings,
            None => {
                self.other = table.meanings(key);
                &self.other
            }
        }
    }

    /// The number of a key, which is remembered; `None` where there are too many.
    fn number(&mut self, table: &FieldTable, key: &str) -> Option<usize> {
        if let Some(&number) = self.by_key.get(key) {
            return Some(number);
        }
        let number = self.known.len();
        if number == MAX_REMEMBERED_KEYS {
            return None;
        }
        let key: Arc<str> = key.into();
        self.known.push(Known { key: Arc::clone(&key), meanings: table.meanings(&key), next: 0 });
        self.by_key.insert(key, number);
        Some(number)
    }

    /// Begins with a record.
    pub fn begin(&self) -> Order {
        Order { last: None, seen: 0 }
    }

    /// What the next key of a record means. `None` where the record names it a
    /// second time, or where that cannot be seen.
    pub fn next(&mut self, table: &FieldTable, key: &str, order: &mut Order) -> Option<&[Meaning]> {
        let guess = order.last.map_or(0, |last| self.known[last].next);
        let number = match self.known.get(guess) {
            Some(known) if *known.key == *key => guess,
            _ => {
                let number = self.number(table, key)?;
                if let Some(last) = order.last {
                    self.known[last].next = number;
                }
                number
            }
        };
        order.last = Some(number);
        let bit = (number < MAX_WATCHED_KEYS).then(|| 1_u128 << number)?;
        let is_new = order.seen & bit == 0;
        order.seen |= bit;
        is_new.then(|| self.known[number].meanings.as_slice())
    }

    /// Columns and the fields that they are for, first choices first.
    pub fn columns(&mut self, table: &FieldTable, headers: &Arc<[String]>) -> &[(usize, u8)] {
        let is_known = self.columns.as_ref().is_some_and(|known| Arc::ptr_eq(&known.headers, headers));
        if !is_known {
            self.columns = None;
        }
        let find = || Columns { headers: Arc::clone(headers), list: find_columns(table, headers) };
        &self.columns.get_or_insert_with(find).list
    }
}

fn find_columns(table: &FieldTable, headers: &[String]) -> Vec<(usize, u8)> {
    let mut found: Vec<(u8, usize, u8)> = headers
        .iter()
        .enumerate()
        .flat_map(|(column, header)| {
            table.meanings(header).into_iter().map(move |Meaning { field, rank }| (rank, column, field))
        })
        .collect();
    found.sort_unstable();
    found.into_iter().map(|(_, column, field)| (column, field)).collect()
}

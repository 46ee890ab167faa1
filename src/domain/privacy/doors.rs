//! Finds and masks doors in free text: the building stays, what leads to one
//! household in it goes. `3栋2单元501室` → `3栋**`, `501室` → `**室`,
//! `5-2-301` → `5-**`.

use super::suspects::begins_number;
use super::{SHORT_STARS, ascii_digit, ascii_letter, starts_with};

/// Words that end the name of a building or of an entrance.
const BUILDINGS: [&str; 7] = ["号楼", "单元", "栋", "幢", "座", "号院", "号"];

/// Words that end a part of the way to a door.
const PARTS: [&str; 9] = ["单元", "号楼", "号房", "号", "层", "楼", "室", "房", "门"];

/// Words that end the number of a room.
const ROOMS: [&str; 3] = ["室", "房", "号房"];

/// Words after which a number counts something, and is no room.
const COUNTED: [&str; 24] = [
    "人", "个", "元", "米", "平", "㎡", "辆", "起", "次", "年", "月", "日", "天", "时", "小时", "分", "名", "位", "件",
    "棵", "处", "条", "点", "%",
];

/// Masks doors.
pub(super) fn mask_doors(text: &[char]) -> Vec<char> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let begins = begins_number(text[at]) && !(at > 0 && is_number(text[at - 1]));
        if let Some((kept, end)) = begins.then(|| door(text, at)).flatten() {
            out.extend(&text[at..at + kept]);
            out.extend(SHORT_STARS.chars());
            at = end;
        } else {
            out.push(text[at]);
            at += 1;
        }
    }
    out
}

/// Where the first building of `text` ends, one past its word.
pub(super) fn building_end(text: &[char]) -> Option<usize> {
    (0..text.len()).find_map(|at| {
        let digits = number_length(&text[at..]);
        let word = word_length(&text[at + digits..], &BUILDINGS);
        (digits > 0 && word > 0).then_some(at + digits + word)
    })
}

/// A door that begins at `at`: how many characters of it stay, and its end.
fn door(text: &[char], at: usize) -> Option<(usize, usize)> {
    let digits = number_length(&text[at..]);
    if digits == 0 {
        return None;
    }
    let after = at + digits;
    if let Some(end) = dashed_room_end(text, at) {
        return Some((digits + 1, end));
    }
    let building = word_length(&text[after..], &BUILDINGS);
    if building > 0 {
        let start = after + building;
        // 88号 may be a street number, and what follows it anything: only a
        // room after it makes it a door.
        let is_vague = text[after] == '号' && building == 1;
        let (end, has_room) = way_end(text, start);
        return (end > start && (has_room || !is_vague)).then_some((digits + building, end));
    }
    let is_room = digits >= 3 && word_length(&text[after..], &ROOMS) > 0;
    is_room.then_some((0, after))
}

/// The end of the way from a building to a door that begins at `start`, and
/// whether a room is on it.
fn way_end(text: &[char], start: usize) -> (usize, bool) {
    let (mut end, mut has_room) = (start, false);
    loop {
        let gap = text[end..].iter().take(2).take_while(|&&c| is_gap(c)).count();
        let from = end + gap;
        let digits = number_length(&text[from..]);
        if digits == 0 {
            return (end, has_room);
        }
        let after = from + digits;
        let part = word_length(&text[after..], &PARTS);
        let is_counted = COUNTED.iter().any(|word| starts_with(&text[after..], word));
        let is_bare_room = digits >= 3 && !is_counted;
        if part == 0 && !is_bare_room {
            return (end, has_room);
        }
        has_room |= is_bare_room || word_length(&text[after..], &ROOMS) > 0;
        end = after + part;
    }
}

/// What may stand between two parts of the way to a door.
fn is_gap(c: char) -> bool {
    is_dash(c) || matches!(c, ' ' | '#' | ',' | '\u{ff0c}' | '、')
}

fn is_dash(c: char) -> bool {
    matches!(c, '-' | '－' | '—')
}

/// Whether what may follow a number that leads to a door begins with `c`.
pub(super) fn begins_word(c: char) -> bool {
    is_dash(c) || BUILDINGS.iter().chain(&ROOMS).any(|word| word.starts_with(c))
}

/// Whether a number before `text` may lead to a door: a room, a dash, or a
/// building with another number behind it.
pub(super) fn may_lead_on(text: &str) -> bool {
    let is_room = ROOMS.iter().any(|word| text.starts_with(word));
    if is_room || text.starts_with(is_dash) {
        return true;
    }
    let Some(behind) = BUILDINGS.iter().find_map(|word| text.strip_prefix(word)) else { return false };
    let next = behind.char_indices().take(3).find(|&(_, c)| !is_gap(c)).map(|(_, c)| c);
    next.is_some_and(|c| is_number(c) || ascii_letter(c).is_some())
}

/// The end of `building-unit-room` (`5-2-301`), the third a room of three or
/// four digits; also `5-301`'s longer kin `12-2-1203`.
fn dashed_room_end(text: &[char], at: usize) -> Option<usize> {
    let mut lengths = [0; 3];
    let mut end = at;
    for (i, length) in lengths.iter_mut().enumerate() {
        if i > 0 {
            if !text.get(end).is_some_and(|&c| is_dash(c)) {
                return None;
            }
            end += 1;
        }
        *length = text[end..].iter().take_while(|&&c| ascii_digit(c).is_some()).count();
        end += *length;
    }
    let is_more = text.get(end).is_some_and(|&c| is_dash(c));
    (matches!(lengths, [1..=2, 1..=2, 3..=4]) && !is_more).then_some(end)
}

/// Length of the number at the start: digits of any kind, with one letter
/// before or after them (`B1`, `501A`), or a letter alone before a building.
fn number_length(text: &[char]) -> usize {
    let letter = usize::from(text.first().is_some_and(|&c| ascii_letter(c).is_some()));
    let digits = text[letter..].iter().take_while(|&&c| is_number(c)).count();
    if digits == 0 {
        let names_building = letter == 1 && word_length(&text[1..], &["座", "栋", "幢", "单元"]) > 0;
        return usize::from(names_building);
    }
    let length = letter + digits;
    length + usize::from(text.get(length).is_some_and(|&c| ascii_letter(c).is_some()))
}

/// A digit, Arabic or Chinese.
pub(super) fn is_number(c: char) -> bool {
    ascii_digit(c).is_some() || "〇零一二三四五六七八九十百".contains(c)
}

/// Length of the first of `words` that `text` begins with; 0 when none.
fn word_length(text: &[char], words: &[&str]) -> usize {
    words.iter().find(|word| starts_with(text, word)).map_or(0, |word| word.chars().count())
}

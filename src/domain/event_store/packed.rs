//! The parts of an event that few ask for, in as few bytes as they need.
//!
//! A record holds, in this order: two or three bytes of flags, the course (steps, due,
//! closed, returned), the id, the code of the area, title, place, and the
//! event that it repeats. Instants are differences, in whole seconds where all
//! of an event's are; words are numbers of a [`Dictionary`] while it has room.

use std::sync::Arc;

use super::bytes::{Reader, put, put_text, unzigzag, zigzag};
use super::dictionary::Dictionary;
use super::id::{self, Wanted};
use crate::domain::event::Event;
use crate::domain::time::Time;

/// What records refer to.
#[derive(Clone, Debug)]
pub(super) struct Words {
    /// Beginnings of ids: few, and shared with snapshots.
    pub(super) prefixes: Arc<Dictionary>,
    /// Codes of areas.
    codes: Dictionary,
    /// Titles and places.
    texts: Dictionary,
}

impl Default for Words {
    fn default() -> Self {
        Self {
            prefixes: Arc::new(Dictionary::with_limit(16_384)),
            codes: Dictionary::with_limit(262_144),
            texts: Dictionary::with_limit(65_536),
        }
    }
}

#[cfg(test)]
impl Words {
    /// Texts, codes and prefixes in use.
    pub(super) fn counts(&self) -> [usize; 3] {
        [self.texts.len(), self.codes.len(), self.prefixes.len()]
    }
}

/// Bytes of a title or a place that are kept: far more than a wall shows.
const MAX_TEXT: usize = 2_048;

// First byte, above the two bits of [`id::FORM`].
const TITLE_SHIFT: u8 = 2;
const PLACE_SHIFT: u8 = 4;
const CODE_SHIFT: u8 = 6;
// How a text or a code is held.
const ABSENT: u8 = 0;
const WORD: u8 = 1;
const INLINE: u8 = 2;
// Second byte: steps, and what most events have.
const STEPS: u16 = 15;
const HAS_DUE: u16 = 16;
/// Due after a multiple of five minutes, and not before the report.
const DUE_IN_FIVES: u16 = 32;
const IS_CLOSED_AT_LAST_STEP: u16 = 64;
const HAS_MORE: u16 = 128;
// Third byte, where there is one: what few have.
const IS_CLOSED: u16 = 1 << 8;
const HAS_RETURNED: u16 = 2 << 8;
const IN_MILLIS: u16 = 4 << 8;
/// The first step is not the first stage at the report.
const IS_ODD: u16 = 8 << 8;
const HAS_REPEATS: u16 = 16 << 8;
const FIVE_MINUTES: i64 = 300_000;

/// The longest start of `text` that is kept.
fn kept(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_TEXT)]
}

/// Appends the record of an event, whose words are used once more. The title
/// is left out where it is `usual`.
pub(super) fn pack(event: &Event, usual: &str, words: &mut Words, out: &mut Vec<u8>) {
    let flags_at = out.len();
    let second = pack_course(event, out);
    let mut first = id::pack(&event.id, &mut words.prefixes, out);
    if let Some(code) = &event.area {
        first |= pack_text(code, &mut words.codes, out) << CODE_SHIFT;
    }
    if event.title != usual {
        first |= pack_text(kept(&event.title), &mut words.texts, out) << TITLE_SHIFT;
    }
    if !event.place.is_empty() {
        first |= pack_text(kept(&event.place), &mut words.texts, out) << PLACE_SHIFT;
    }
    if let Some(earlier) = &event.repeats {
        put_text(out, earlier);
    }
    out[flags_at] = first;
    debug_assert_eq!(second, read_flags(&mut Reader::new(&out[flags_at..])).1);
}

/// Appends the record of an event whose words are those of `old`, which are not
/// used once more; `None` and nothing appended where they are others. The id is
/// taken to be the same.
pub(super) fn repack(event: &Event, usual: &str, old: &[u8], words: &Words, out: &mut Vec<u8>) -> Option<()> {
    let mut reader = Reader::new(old);
    let (first, flags) = read_flags(&mut reader);
    skip_course(&mut reader, flags);
    let tail = reader.position();
    id::skip(&mut reader, first & id::FORM);
    let mut is_next = |shift: u8, text: Option<&str>, words: &Dictionary| match (first >> shift & 3, text) {
        (ABSENT, text) => text.is_none(),
        (_, None) => false,
        (WORD, Some(text)) => words.is_word(reader.number() as u32, text),
        (_, Some(text)) => reader.text() == text,
    };
    let title = Some(kept(&event.title)).filter(|_| event.title != usual);
    let place = Some(kept(&event.place)).filter(|place| !place.is_empty());
    let are_same = is_next(CODE_SHIFT, event.area.as_deref(), &words.codes)
        && is_next(TITLE_SHIFT, title, &words.texts)
        && is_next(PLACE_SHIFT, place, &words.texts)
        && match &event.repeats {
            Some(earlier) => flags & HAS_REPEATS != 0 && reader.text() == &**earlier,
            None => flags & HAS_REPEATS == 0,
        };
    are_same.then(|| {
        let flags_at = out.len();
        pack_course(event, out);
        out.extend(&old[tail..]);
        out[flags_at] = first;
    })
}

/// The flags of a record: the first byte, and the others as one.
fn read_flags(reader: &mut Reader) -> (u8, u16) {
    let (first, mut flags) = (reader.byte(), u16::from(reader.byte()));
    if flags & HAS_MORE != 0 {
        flags |= u16::from(reader.byte()) << 8;
    }
    (first, flags)
}

/// Appends the flags, the first byte of them still open, and the course.
fn pack_course(event: &Event, out: &mut Vec<u8>) -> u16 {
    let mut flags = 0;
    let reported = event.reported;
    let last_step = event.entered.last().map(|&(_, at)| at);
    let instants = event.entered.iter().map(|&(_, at)| at).chain(event.due).chain(event.closed);
    let unit = if instants.into_iter().all(|at| at.millis_since(reported) % 1_000 == 0) {
        1_000
    } else {
        flags |= IN_MILLIS;
        1
    };
    let mut steps = &event.entered[..];
    if steps.first() == Some(&(0, reported)) {
        steps = &steps[1..];
    } else {
        flags |= IS_ODD;
    }
    flags |= (steps.len() as u16).min(STEPS);
    let due = event.due.map(|due| due.millis_since(reported));
    if let Some(gap) = due {
        flags |= HAS_DUE | if gap >= 0 && gap % FIVE_MINUTES == 0 { DUE_IN_FIVES } else { 0 };
    }
    flags |= match event.closed {
        Some(closed) if Some(closed) == last_step => IS_CLOSED_AT_LAST_STEP,
        Some(_) => IS_CLOSED,
        None => 0,
    };
    if event.returned != returns(&event.entered) {
        flags |= HAS_RETURNED;
    }
    if event.repeats.is_some() {
        flags |= HAS_REPEATS;
    }
    if flags >> 8 != 0 {
        flags |= HAS_MORE;
    }
    out.extend([0, flags as u8]);
    if flags & HAS_MORE != 0 {
        out.push((flags >> 8) as u8);
    }
    pack_steps(steps, reported, unit, flags, out);
    if let Some(gap) = due {
        put(out, if flags & DUE_IN_FIVES != 0 { (gap / FIVE_MINUTES) as u64 } else { zigzag(gap / unit) });
    }
    if let Some(closed) = event.closed.filter(|_| flags & IS_CLOSED != 0) {
        put(out, zigzag(closed.millis_since(reported) / unit));
    }
    if flags & HAS_RETURNED != 0 {
        put(out, u64::from(event.returned));
    }
    flags
}

fn pack_steps(steps: &[(u8, Time)], reported: Time, unit: i64, flags: u16, out: &mut Vec<u8>) {
    if flags & STEPS == STEPS {
        put(out, steps.len() as u64);
    }
    let (mut stage, mut at) = (0_u8, reported);
    for (place, &(next, entered)) in steps.iter().enumerate() {
        let is_next = next == stage.wrapping_add(1);
        let mut gap = entered.millis_since(at) / unit;
        // Only the first may lie before the one before it, the report.
        if place == 0 && flags & IS_ODD != 0 {
            gap = zigzag(gap) as i64;
        }
        put(out, (gap.max(0) as u64) << 1 | u64::from(!is_next));
        if !is_next {
            out.push(next);
        }
        (stage, at) = (next, entered);
    }
}

/// Steps back to an earlier stage.
pub(super) fn returns(entered: &[(u8, Time)]) -> u16 {
    entered.windows(2).filter(|pair| pair[1].0 < pair[0].0).count().min(usize::from(u16::MAX)) as u16
}

fn pack_text(text: &str, words: &mut Dictionary, out: &mut Vec<u8>) -> u8 {
    match words.acquire(text) {
        Some(number) => {
            put(out, u64::from(number));
            WORD
        }
        None => {
            put_text(out, text);
            INLINE
        }
    }
}

/// The numeric part of a record.
#[derive(Default)]
pub(super) struct PackedCourse {
    pub(super) due: Option<Time>,
    pub(super) closed: Option<Time>,
    pub(super) returned: u16,
}

/// Reads the course of a record of an event reported at `reported`; its steps
/// go to `entered`.
fn read_course(reader: &mut Reader, flags: u16, reported: Time, entered: &mut Vec<(u8, Time)>) -> PackedCourse {
    let unit = if flags & IN_MILLIS == 0 { 1_000 } else { 1 };
    let later = |from: Time, gap: i64, unit: i64| from.plus_millis(gap.saturating_mul(unit));
    entered.clear();
    let (mut stage, mut at) = (0_u8, reported);
    if flags & IS_ODD == 0 {
        entered.push((0, reported));
    }
    for place in 0..read_step_count(reader, flags) {
        let value = reader.number();
        stage = if value & 1 == 0 { stage.wrapping_add(1) } else { reader.byte() };
        let gap = value >> 1;
        let is_signed = place == 0 && flags & IS_ODD != 0;
        at = later(at, if is_signed { unzigzag(gap) } else { gap as i64 }, unit);
        entered.push((stage, at));
    }
    let mut course = PackedCourse::default();
    if flags & HAS_DUE != 0 {
        let gap = reader.number();
        course.due = Some(if flags & DUE_IN_FIVES != 0 {
            later(reported, gap as i64, FIVE_MINUTES)
        } else {
            later(reported, unzigzag(gap), unit)
        });
    }
    if flags & IS_CLOSED_AT_LAST_STEP != 0 {
        course.closed = entered.last().map(|&(_, at)| at);
    } else if flags & IS_CLOSED != 0 {
        course.closed = Some(later(reported, unzigzag(reader.number()), unit));
    }
    course.returned =
        if flags & HAS_RETURNED != 0 { reader.number().min(u64::from(u16::MAX)) as u16 } else { returns(entered) };
    course
}

fn read_step_count(reader: &mut Reader, flags: u16) -> u64 {
    if flags & STEPS == STEPS { reader.number() } else { u64::from(flags & STEPS) }
}

fn skip_course(reader: &mut Reader, flags: u16) {
    for _ in 0..read_step_count(reader, flags) {
        if reader.number() & 1 == 1 {
            reader.byte();
        }
    }
    for flag in [HAS_DUE, IS_CLOSED, HAS_RETURNED] {
        if flags & flag != 0 {
            reader.number();
        }
    }
}

/// Reads only the course of a record.
pub(super) fn course_of(record: &[u8], reported: Time, entered: &mut Vec<(u8, Time)>) -> PackedCourse {
    let mut reader = Reader::new(record);
    let (_, flags) = read_flags(&mut reader);
    read_course(&mut reader, flags, reported, entered)
}

/// The words of a record.
pub(super) struct PackedTexts {
    pub(super) id: Arc<str>,
    pub(super) code: Option<Arc<str>>,
    /// `None` = the usual one.
    pub(super) title: Option<String>,
    pub(super) place: String,
    pub(super) repeats: Option<Arc<str>>,
}

/// Reads the words of a record.
pub(super) fn texts_of(record: &[u8], words: &Words) -> PackedTexts {
    let mut reader = Reader::new(record);
    let (first, second) = read_flags(&mut reader);
    skip_course(&mut reader, second);
    let id = id::with(&mut reader, first & id::FORM, &words.prefixes, |id| Arc::from(id));
    let code = read_text(&mut reader, first >> CODE_SHIFT & 3, &words.codes);
    let title = read_text(&mut reader, first >> TITLE_SHIFT & 3, &words.texts);
    let place = read_text(&mut reader, first >> PLACE_SHIFT & 3, &words.texts);
    let repeats = (second & HAS_REPEATS != 0).then(|| reader.text().into());
    PackedTexts {
        id,
        code,
        title: title.map(|text| text.to_string()),
        place: place.map(|text| text.to_string()).unwrap_or_default(),
        repeats,
    }
}

/// Shows only the id of a record.
pub(super) fn with_id<R>(record: &[u8], prefixes: &Dictionary, see: impl FnOnce(&str) -> R) -> R {
    let mut reader = Reader::new(record);
    let (first, second) = read_flags(&mut reader);
    skip_course(&mut reader, second);
    id::with(&mut reader, first & id::FORM, prefixes, see)
}

/// Whether a record is that of the event with this id.
pub(super) fn is_of(record: &[u8], wanted: &Wanted) -> bool {
    let mut reader = Reader::new(record);
    let (first, flags) = read_flags(&mut reader);
    skip_course(&mut reader, flags);
    wanted.is_next(&mut reader, first & id::FORM)
}

/// Reads only the code of the area in a record.
pub(super) fn code_of(record: &[u8], words: &Words) -> Option<Arc<str>> {
    let mut reader = Reader::new(record);
    let (first, second) = read_flags(&mut reader);
    let form = first >> CODE_SHIFT & 3;
    if form == ABSENT {
        return None;
    }
    skip_course(&mut reader, second);
    id::skip(&mut reader, first & id::FORM);
    read_text(&mut reader, form, &words.codes)
}

fn read_text(reader: &mut Reader, form: u8, words: &Dictionary) -> Option<Arc<str>> {
    match form {
        ABSENT => None,
        WORD => Some(words.word(reader.number() as u32)),
        _ => Some(reader.text().into()),
    }
}

/// The dictionary that a number in a record is of.
#[derive(Clone, Copy)]
enum Of {
    Prefixes,
    Codes,
    Texts,
}

/// Goes through a whole record, tells `word` of every word that it holds by
/// number, and says how long it is.
fn walk(record: &[u8], mut word: impl FnMut(Of, u32)) -> usize {
    let mut reader = Reader::new(record);
    let (first, flags) = read_flags(&mut reader);
    skip_course(&mut reader, flags);
    if let Some(prefix) = id::skip(&mut reader, first & id::FORM) {
        word(Of::Prefixes, prefix);
    }
    for (shift, of) in [(CODE_SHIFT, Of::Codes), (TITLE_SHIFT, Of::Texts), (PLACE_SHIFT, Of::Texts)] {
        match first >> shift & 3 {
            ABSENT => {}
            WORD => word(of, reader.number() as u32),
            _ => drop(reader.sized()),
        }
    }
    if flags & HAS_REPEATS != 0 {
        reader.sized();
    }
    reader.position()
}

/// Gives the words of a record back.
pub(super) fn release(record: &[u8], words: &mut Words) {
    walk(record, |of, number| match of {
        Of::Prefixes => Arc::make_mut(&mut words.prefixes).release(number),
        Of::Codes => words.codes.release(number),
        Of::Texts => words.texts.release(number),
    });
}

/// Uses the words of a record once more.
pub(super) fn retain(record: &[u8], words: &mut Words) {
    walk(record, |of, number| match of {
        Of::Prefixes => Arc::make_mut(&mut words.prefixes).retain(number),
        Of::Codes => words.codes.retain(number),
        Of::Texts => words.texts.retain(number),
    });
}

/// Length of a record, bytes.
pub(super) fn length_of(record: &[u8]) -> usize {
    walk(record, |_, _| {})
}

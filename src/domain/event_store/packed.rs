//! The parts of an event that few ask for, in as few bytes as they need.
//!
//! A record holds, in this order: two or three bytes of flags, the course (steps, due,
//! closed, returned), the id, the code of the area, title, place, and the
//! event that it repeats. Instants are differences, in whole seconds where all
//! of an event's are; words are numbers of a [`Dictionary`] while it has room.

use std::sync::Arc;

use super::bytes::{Reader, put, unzigzag, zigzag};
use super::dictionary::Dictionary;
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

/// Bytes of a title or a place that are kept: far more than a wall shows.
const MAX_TEXT: usize = 2_048;

// First byte.
const ID_NUMBERED: u8 = 1;
const ID_UUID: u8 = 2;
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

/// An id, taken apart.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Id<'a> {
    /// `PAT-20250815-00012`: what comes before the digits, and those.
    Numbered {
        prefix: &'a str,
        digits: &'a str,
    },
    /// A UUID in lower case with hyphens.
    Uuid(u128),
    Other(&'a str),
}

/// Digits at the end of an id that are held as a number.
const MAX_DIGITS: usize = 9;
/// Longest beginning of an id that is looked for in others.
const MAX_PREFIX: usize = 40;

impl<'a> Id<'a> {
    fn of(id: &'a str) -> Self {
        if let Some(uuid) = uuid_of(id) {
            return Self::Uuid(uuid);
        }
        let count = id.bytes().rev().take_while(u8::is_ascii_digit).count().min(MAX_DIGITS);
        let (prefix, digits) = id.split_at(id.len() - count);
        // Few digits behind a long beginning: that is no series.
        if count < 3 || prefix.len() > MAX_PREFIX { Self::Other(id) } else { Self::Numbered { prefix, digits } }
    }
}

/// Places of the hyphens in a UUID.
const HYPHENS: [usize; 4] = [8, 13, 18, 23];

fn uuid_of(id: &str) -> Option<u128> {
    let bytes = id.as_bytes();
    if bytes.len() != 36 {
        return None;
    }
    bytes.iter().enumerate().try_fold(0_u128, |value, (place, &byte)| match byte {
        b'-' if HYPHENS.contains(&place) => Some(value),
        b'0'..=b'9' if !HYPHENS.contains(&place) => Some(value << 4 | u128::from(byte - b'0')),
        b'a'..=b'f' if !HYPHENS.contains(&place) => Some(value << 4 | u128::from(byte - b'a' + 10)),
        _ => None,
    })
}

fn uuid_text(value: u128) -> String {
    let hex = format!("{value:032x}");
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

/// The name under which a beginning stands in the dictionary: with the number
/// of digits that follow.
fn prefix_word(prefix: &str, digits: usize) -> String {
    // By hand, because it is done twice for each event.
    let mut word = String::with_capacity(prefix.len() + 1);
    word.push(char::from(b'0' + digits as u8));
    word.push_str(prefix);
    word
}

/// The longest start of `text` that is kept.
fn kept(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_TEXT)]
}

/// An id to look for among records.
pub(super) struct Wanted<'a> {
    id: Id<'a>,
    text: &'a str,
    /// Number of its beginning, where that is known.
    prefix: Option<u32>,
    number: u64,
}

impl<'a> Wanted<'a> {
    pub(super) fn new(text: &'a str, words: &Words) -> Self {
        let id = Id::of(text);
        let (prefix, number) = match id {
            Id::Numbered { prefix, digits } => {
                (words.prefixes.find(&prefix_word(prefix, digits.len())), digits.parse().unwrap_or(0))
            }
            _ => (None, 0),
        };
        Self { id, text, prefix, number }
    }

    /// Whether `record` is that of the event with this id.
    pub(super) fn is_of(&self, record: &[u8]) -> bool {
        let mut reader = Reader::new(record);
        let (first, second) = read_flags(&mut reader);
        skip_course(&mut reader, second);
        match first & 3 {
            ID_NUMBERED => {
                let (prefix, number) = (reader.number() as u32, reader.number());
                self.prefix == Some(prefix) && self.number == number
            }
            ID_UUID => {
                let bytes = reader.take(16);
                matches!(self.id, Id::Uuid(uuid) if uuid.to_be_bytes() == *bytes)
            }
            _ => {
                let length = reader.number() as usize;
                reader.take(length) == self.text.as_bytes()
            }
        }
    }
}

/// Appends the record of an event, whose words are used once more. The title
/// is left out where it is `usual`.
pub(super) fn pack(event: &Event, usual: &str, words: &mut Words, out: &mut Vec<u8>) {
    let flags_at = out.len();
    let second = pack_course(event, out);
    let mut first = pack_id(&event.id, words, out);
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
        put_text(earlier, out);
    }
    out[flags_at] = first;
    debug_assert_eq!(second, read_flags(&mut Reader::new(&out[flags_at..])).1);
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

fn pack_id(id: &str, words: &mut Words, out: &mut Vec<u8>) -> u8 {
    match Id::of(id) {
        Id::Uuid(uuid) => {
            out.extend(uuid.to_be_bytes());
            return ID_UUID;
        }
        Id::Numbered { prefix, digits } => {
            if let Some(prefix) = Arc::make_mut(&mut words.prefixes).acquire(&prefix_word(prefix, digits.len())) {
                put(out, u64::from(prefix));
                put(out, digits.parse().unwrap_or(0));
                return ID_NUMBERED;
            }
        }
        Id::Other(_) => {}
    }
    put_text(id, out);
    0
}

fn pack_text(text: &str, words: &mut Dictionary, out: &mut Vec<u8>) -> u8 {
    match words.acquire(text) {
        Some(number) => {
            put(out, u64::from(number));
            WORD
        }
        None => {
            put_text(text, out);
            INLINE
        }
    }
}

fn put_text(text: &str, out: &mut Vec<u8>) {
    put(out, text.len() as u64);
    out.extend(text.as_bytes());
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
    let id = read_id(&mut reader, first, &words.prefixes).into();
    let code = read_text(&mut reader, first >> CODE_SHIFT & 3, &words.codes);
    let title = read_text(&mut reader, first >> TITLE_SHIFT & 3, &words.texts);
    let place = read_text(&mut reader, first >> PLACE_SHIFT & 3, &words.texts);
    let repeats = (second & HAS_REPEATS != 0).then(|| get_text(&mut reader).into());
    PackedTexts {
        id,
        code,
        title: title.map(|text| text.to_string()),
        place: place.map(|text| text.to_string()).unwrap_or_default(),
        repeats,
    }
}

/// Reads only the id of a record.
pub(super) fn id_of(record: &[u8], prefixes: &Dictionary) -> String {
    let mut reader = Reader::new(record);
    let (first, second) = read_flags(&mut reader);
    skip_course(&mut reader, second);
    read_id(&mut reader, first, prefixes)
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
    skip_id(&mut reader, first);
    read_text(&mut reader, form, &words.codes)
}

fn read_id(reader: &mut Reader, first: u8, prefixes: &Dictionary) -> String {
    match first & 3 {
        ID_NUMBERED => {
            let word = prefixes.word(reader.number() as u32);
            let number = reader.number();
            let (width, prefix) = word.split_at(word.len().min(1));
            let width = width.parse().unwrap_or(0);
            format!("{prefix}{number:0width$}")
        }
        ID_UUID => {
            let mut bytes = [0; 16];
            let read = reader.take(16);
            bytes[..read.len()].copy_from_slice(read);
            uuid_text(u128::from_be_bytes(bytes))
        }
        _ => get_text(reader).to_owned(),
    }
}

fn skip_id(reader: &mut Reader, first: u8) {
    match first & 3 {
        ID_NUMBERED => {
            reader.number();
            reader.number();
        }
        ID_UUID => {
            reader.take(16);
        }
        _ => {
            let length = reader.number() as usize;
            reader.take(length);
        }
    }
}

fn read_text(reader: &mut Reader, form: u8, words: &Dictionary) -> Option<Arc<str>> {
    match form {
        ABSENT => None,
        WORD => Some(words.word(reader.number() as u32)),
        _ => Some(get_text(reader).into()),
    }
}

fn get_text<'a>(reader: &mut Reader<'a>) -> &'a str {
    let length = reader.number() as usize;
    std::str::from_utf8(reader.take(length)).unwrap_or_default()
}

/// Gives the words of a record back and says how long it is.
pub(super) fn release(record: &[u8], words: &mut Words) -> usize {
    let mut reader = Reader::new(record);
    let (first, second) = read_flags(&mut reader);
    skip_course(&mut reader, second);
    if first & 3 == ID_NUMBERED {
        let mut ahead = reader;
        Arc::make_mut(&mut words.prefixes).release(ahead.number() as u32);
    }
    skip_id(&mut reader, first);
    for (shift, is_code) in [(CODE_SHIFT, true), (TITLE_SHIFT, false), (PLACE_SHIFT, false)] {
        let dictionary = if is_code { &mut words.codes } else { &mut words.texts };
        match first >> shift & 3 {
            ABSENT => {}
            WORD => dictionary.release(reader.number() as u32),
            _ => drop(get_text(&mut reader)),
        }
    }
    if second & HAS_REPEATS != 0 {
        get_text(&mut reader);
    }
    reader.position()
}

/// Length of a record, bytes.
pub(super) fn length_of(record: &[u8]) -> usize {
    let mut reader = Reader::new(record);
    let (first, second) = read_flags(&mut reader);
    skip_course(&mut reader, second);
    skip_id(&mut reader, first);
    for shift in [CODE_SHIFT, TITLE_SHIFT, PLACE_SHIFT] {
        match first >> shift & 3 {
            ABSENT => {}
            WORD => drop(reader.number()),
            _ => drop(get_text(&mut reader)),
        }
    }
    if second & HAS_REPEATS != 0 {
        get_text(&mut reader);
    }
    reader.position()
}

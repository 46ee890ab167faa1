//! Finds and masks numbers in free text: mobile and land-line telephones,
//! identity and bank cards, number plates, e-mail addresses.
//!
//! Digits are read through what people put between them (`138 0013-1234`,
//! `１３８…`, zero-width characters): a [`Chain`] is a row of digits with at
//! most [`MAX_GAP`] such characters between two of them. A mobile number is
//! masked wherever in a chain it begins, because text before or after it must
//! never hide it.

use super::{STARS, ascii_digit, ascii_letter};

/// Most separators between two digits of one chain.
const MAX_GAP: usize = 3;

/// Provinces' characters on number plates, and those of special plates.
pub(super) const PLATE_PROVINCES: &str = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领";

/// Characters that number plates carry besides letters and digits.
const PLATE_SUFFIXES: &str = "学警港澳挂试超领使";

/// Digits in a row with the places where they stand.
struct Chain {
    /// The digits, 0–9.
    digits: Vec<u8>,
    /// Index of each digit in the text.
    places: Vec<usize>,
    /// Digits that will be replaced.
    hidden: Vec<bool>,
    /// Digits of numbers that may be seen.
    shown: Vec<bool>,
    /// The text goes on with an `X` that may end an identity number.
    ends_in_x: bool,
}

impl Chain {
    /// Reads the chain that begins at `start`, which must be a digit.
    fn read(text: &[char], start: usize) -> Self {
        let (mut digits, mut places) = (Vec::new(), Vec::new());
        let (mut at, mut gap) = (start, 0);
        while at < text.len() && gap <= MAX_GAP {
            if let Some(digit) = ascii_digit(text[at]) {
                digits.push(digit as u8 - b'0');
                places.push(at);
                gap = 0;
            } else if is_separator(text[at]) {
                gap += 1;
            } else {
                break;
            }
            at += 1;
        }
        let next = places.last().map_or(start, |last| last + 1);
        let ends_in_x = text.get(next).is_some_and(|&c| ascii_letter(c) == Some('X'));
        let hidden = vec![false; digits.len()];
        Self { digits, places, shown: hidden.clone(), hidden, ends_in_x }
    }

    /// The runs of digits with nothing between them, as index ranges.
    fn runs(&self) -> Vec<std::ops::Range<usize>> {
        let mut runs = Vec::new();
        let mut start = 0;
        for end in 1..=self.digits.len() {
            if end == self.digits.len() || self.places[end] != self.places[end - 1] + 1 {
                runs.push(start..end);
                start = end;
            }
        }
        runs
    }

    /// The number that two digits write.
    fn pair(&self, at: usize) -> u8 {
        self.digits[at] * 10 + self.digits[at + 1]
    }

    /// Whether month and day stand at `at`.
    fn is_month_and_day(&self, at: usize) -> bool {
        (1..=12).contains(&self.pair(at)) && (1..=31).contains(&self.pair(at + 2))
    }

    /// Whether a date `yyyymmdd` of the years 1900–2099 stands at `at`.
    fn is_date(&self, at: usize) -> bool {
        matches!(self.pair(at), 19 | 20) && self.is_month_and_day(at + 4)
    }

    /// Whether none of the digits belongs to a number that was found.
    fn is_free(&self, range: std::ops::Range<usize>) -> bool {
        let is_any = |digits: &[bool]| digits[range.clone()].iter().any(|&is| is);
        !is_any(&self.hidden) && !is_any(&self.shown)
    }

    fn hide(&mut self, range: std::ops::Range<usize>) {
        self.hidden[range].fill(true);
    }

    /// Identity numbers: 18 characters with a birthday, or a run of 15 digits
    /// with a short one. The first and the last two stay, or all of it where such
    /// numbers may be seen.
    fn settle_identities(&mut self, are_hidden: bool) {
        let count = self.digits.len();
        for start in 0..count {
            let length = if self.ends_in_x && count - start == 17 { 17 } else { 18 };
            let end = start + length;
            if end > count || !self.is_date(start + 6) {
                continue;
            }
            if are_hidden {
                // Whatever digits before it look like. With an X at the end, that
                // is one of the two that stay.
                self.hide(start + 1..start + 16);
            } else {
                self.shown[start..end].fill(true);
            }
        }
        for run in self.runs() {
            if run.len() == 15 && self.is_month_and_day(run.start + 8) && self.is_free(run.clone()) {
                if are_hidden {
                    self.hide(run.start + 1..run.end - 2);
                } else {
                    self.shown[run].fill(true);
                }
            }
        }
    }

    /// Mobile numbers, wherever they begin: the middle four digits.
    fn hide_mobiles(&mut self) {
        let mut start = 0;
        while start + 11 <= self.digits.len() {
            let is_mobile = self.digits[start] == 1 && self.digits[start + 1] >= 3;
            if is_mobile && self.is_free(start..start + 11) {
                self.hide(start + 3..start + 7);
                start += 11;
            } else {
                start += 1;
            }
        }
    }

    /// What is left of long numbers: bank cards keep their last four digits,
    /// land lines (7–8 digits, with or without an area code) the last two.
    fn hide_other_numbers(&mut self, phones: bool, id_numbers: bool) {
        let runs = self.runs();
        for (i, run) in runs.iter().enumerate() {
            if !self.is_free(run.clone()) {
                continue;
            }
            let first = self.digits[run.start];
            match run.len() {
                16.. if id_numbers => self.hide(run.start..run.end - 4),
                _ if !phones => {}
                10..=12 if first == 0 => self.hide(run.start..run.end - 2),
                8 if self.is_date(run.start) => {}
                7 | 8 if (2..=8).contains(&first) => {
                    let area_code = i.checked_sub(1).map(|before| runs[before].clone());
                    if let Some(code) = area_code.filter(|code| self.is_area_code(code)) {
                        self.hide(code);
                    }
                    self.hide(run.start..run.end - 2);
                }
                // 8452 1212 and 8452-1212
                4 | 3 if (2..=8).contains(&first) && self.is_split_landline(&runs, i) => {
                    self.hide(runs[i - 1].start..runs[i + 1].end - 2);
                }
                _ => {}
            }
        }
    }

    /// Whether the chain is an IPv4 address, which names a machine:
    /// four numbers up to 255 without leading zeros, joined by single dots.
    fn is_ip_address(&self, text: &[char]) -> bool {
        let runs = self.runs();
        let is_part = |run: &std::ops::Range<usize>| {
            let digits = &self.digits[run.clone()];
            let value = || digits.iter().fold(0_u32, |value, &digit| value * 10 + u32::from(digit));
            // Longer ones would not fit into the value.
            digits.len() <= 3 && value() <= 255 && (digits.len() == 1 || digits[0] != 0)
        };
        let is_joined = |pair: &[std::ops::Range<usize>]| {
            let gap = self.places[pair[0].end - 1] + 1..self.places[pair[1].start];
            text[gap] == ['.']
        };
        runs.len() == 4 && runs.iter().all(is_part) && runs.windows(2).all(is_joined)
    }

    fn is_area_code(&self, run: &std::ops::Range<usize>) -> bool {
        matches!(run.len(), 3 | 4) && self.digits[run.start] == 0 && self.is_free(run.clone())
    }

    /// Whether run `i` and the next are the halves of a land-line number that
    /// follows an area code. Without the code, such pairs are too often
    /// something else (`2024-2025`).
    fn is_split_landline(&self, runs: &[std::ops::Range<usize>], i: usize) -> bool {
        let before = i.checked_sub(1).map(|before| &runs[before]);
        before.is_some_and(|run| matches!(run.len(), 3 | 4) && self.digits[run.start] == 0)
            && runs.get(i + 1).is_some_and(|run| run.len() == 4 && self.is_free(run.clone()))
    }

    /// Appends the chain to `out`, each hidden stretch as stars, and returns
    /// where the text goes on.
    fn write(&self, text: &[char], out: &mut Vec<char>) -> usize {
        let mut previous_hidden = false;
        let mut next = self.places.first().copied().unwrap_or(0);
        for (&place, &hidden) in self.places.iter().zip(&self.hidden) {
            if hidden {
                if !previous_hidden {
                    out.extend(STARS.chars());
                }
            } else {
                // What stood between hidden digits goes with them.
                let from = if previous_hidden { place } else { next };
                out.extend(&text[from..=place]);
            }
            previous_hidden = hidden;
            next = place + 1;
        }
        next
    }
}

/// What people write between the digits of one number.
fn is_separator(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '-' | '.'
                | '_'
                | '·'
                | '・'
                | '—'
                | '–'
                | '‐'
                | '‑'
                | '−'
                | '－'
                | '．'
                | '('
                | ')'
                | '\u{ff08}'
                | '\u{ff09}'
        )
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{ad}')
}

/// Masks telephone numbers, and identity and bank card numbers.
pub(super) fn mask_numbers(text: &[char], phones: bool, id_numbers: bool) -> Vec<char> {
    if !phones && !id_numbers {
        return text.to_vec();
    }
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        if ascii_digit(text[at]).is_none() {
            out.push(text[at]);
            at += 1;
            continue;
        }
        let mut chain = Chain::read(text, at);
        if !chain.is_ip_address(text) {
            // A number that may be seen is no piece of another.
            chain.settle_identities(id_numbers);
            if phones {
                chain.hide_mobiles();
            }
            chain.hide_other_numbers(phones, id_numbers);
        }
        at = chain.write(text, &mut out);
    }
    out
}

/// Masks number plates: 苏A12345, 苏AD12345, 苏A·12345.
pub(super) fn mask_plates(text: &[char]) -> Vec<char> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        match plate_end(text, at) {
            Some((_, end)) => {
                out.extend(&text[at..at + 2]);
                out.extend("***".chars());
                out.extend(&text[end - 2..end]);
                at = end;
            }
            None => {
                out.push(text[at]);
                at += 1;
            }
        }
    }
    out
}

/// Where the serial of the plate that begins at `at` begins and ends.
fn plate_end(text: &[char], at: usize) -> Option<(usize, usize)> {
    let is_plate = PLATE_PROVINCES.contains(*text.get(at)?) && ascii_letter(*text.get(at + 1)?).is_some();
    if !is_plate {
        return None;
    }
    let gap = text[at + 2..].iter().take(2).take_while(|&&c| is_separator(c)).count();
    let start = at + 2 + gap;
    let is_serial = |c: &char| ascii_digit(*c).is_some() || ascii_letter(*c).is_some() || PLATE_SUFFIXES.contains(*c);
    let length = text[start..].iter().take(6).take_while(|c| is_serial(c)).count();
    let serial = &text[start..start + length];
    let digits = serial.iter().filter(|&&c| ascii_digit(c).is_some()).count();
    (length >= 5 && digits >= 2).then_some((start, start + length))
}

/// The sign in e-mail addresses.
pub(super) fn is_at(c: char) -> bool {
    matches!(c, '@' | '＠')
}

/// Masks the part before the `@` of e-mail addresses, all but its first
/// character.
pub(super) fn mask_emails(text: &[char]) -> Vec<char> {
    let is_local = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '%' | '+' | '-');
    let mut out: Vec<char> = Vec::with_capacity(text.len());
    for (at, &c) in text.iter().enumerate() {
        let has_domain = text.get(at + 1).is_some_and(char::is_ascii_alphanumeric);
        if is_at(c) && has_domain {
            let local = out.iter().rev().take_while(|&&c| is_local(c)).count();
            if local > 0 {
                out.truncate(out.len() - local + 1);
                out.extend("**".chars());
            }
        }
        out.push(c);
    }
    out
}

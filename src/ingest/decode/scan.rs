//! A forgiving JSON scanner over bytes.
//!
//! In: UTF-8 text of any length. Out: strings, numbers and the byte ranges of
//! values, one after the other. It exists beside `serde_json` because real
//! feeds are cut off in the middle, hold `NaN`, or have one broken feature
//! among thousands: this scanner keeps its place, so that everything before
//! and after the fault is still used. It also reads coordinates several times
//! faster, because it never builds a tree.
//!
//! It checks structure only (brackets, quotes, separators); whoever needs the
//! content of a value hands its range to `serde_json`.

use std::ops::Range;

/// Deepest nesting of arrays and objects: a bit per level in a `u128`.
pub const MAX_DEPTH: u32 = 128;

/// The powers of ten that a double holds exactly.
pub const POWERS_OF_TEN: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];

/// The value of eight ASCII digits in the bytes of a word, lowest byte first;
/// `None` when one of them is no digit. Pairs of digits, then of pairs, are
/// joined by one multiplication each (Lemire, "Quickly parsing eight digits").
#[inline]
fn eight_digits(word: u64) -> Option<u64> {
    const HIGH: u64 = 0xF0F0_F0F0_F0F0_F0F0;
    const ZEROS: u64 = 0x3030_3030_3030_3030;
    // A byte is a digit when its high half is 3, and still is after adding 6.
    let is_digits = word & HIGH == ZEROS && word.wrapping_add(0x0606_0606_0606_0606) & HIGH == ZEROS;
    if !is_digits {
        return None;
    }
    let digits = word - ZEROS;
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8);
    const MASK: u64 = 0x0000_00FF_0000_00FF;
    let high = (pairs & MASK).wrapping_mul(100 + (1_000_000 << 32));
    let low = ((pairs >> 16) & MASK).wrapping_mul(1 + (10_000 << 32));
    Some(high.wrapping_add(low) >> 32)
}

/// Where and why scanning stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScanError {
    /// The text ends in the middle of a value.
    #[error("数据在第 {at} 字节处被截断")]
    End {
        /// Length of the text.
        at: usize,
    },
    /// Something else than JSON requires.
    #[error("第 {at} 字节处应为{expected}")]
    Syntax {
        /// Byte offset.
        at: usize,
        /// What would have been right.
        expected: &'static str,
    },
    /// Nested deeper than any sane document.
    #[error("第 {at} 字节处嵌套超过 {MAX_DEPTH} 层")]
    TooDeep {
        /// Byte offset.
        at: usize,
    },
}

/// A place in a text.
#[derive(Clone, Debug)]
pub struct Scanner<'a> {
    whole: &'a str,
    text: &'a [u8],
    at: usize,
}

impl<'a> Scanner<'a> {
    /// Starts at the beginning of `text`.
    pub fn new(text: &'a str) -> Self {
        Self { whole: text, text: text.as_bytes(), at: 0 }
    }

    /// Byte offset.
    pub fn offset(&self) -> usize {
        self.at
    }

    /// Goes to a byte offset.
    pub fn jump(&mut self, at: usize) {
        self.at = at.min(self.text.len());
    }

    /// The whole text.
    pub fn text(&self) -> &'a str {
        self.whole
    }

    /// The next byte after white space, not consumed.
    #[inline]
    pub fn peek(&mut self) -> Option<u8> {
        while let Some(&byte) = self.text.get(self.at) {
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(byte);
            }
            self.at += 1;
        }
        None
    }

    /// Consumes `byte` after white space, if it comes next.
    #[inline]
    pub fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// Goes on behind the next byte that is in `stops`; to the end without one.
    pub fn skip_past(&mut self, stops: &[u8]) {
        let rest = &self.text[self.at..];
        self.at += rest.iter().position(|byte| stops.contains(byte)).map_or(rest.len(), |found| found + 1);
    }

    fn wrong(&mut self, expected: &'static str) -> ScanError {
        match self.peek() {
            None => ScanError::End { at: self.at },
            Some(_) => ScanError::Syntax { at: self.at, expected },
        }
    }

    fn need(&mut self, byte: u8, expected: &'static str) -> Result<(), ScanError> {
        if self.eat(byte) { Ok(()) } else { Err(self.wrong(expected)) }
    }

    /// Reads a string and returns what is between its quotes, escapes and all.
    pub fn raw_string(&mut self) -> Result<&'a [u8], ScanError> {
        self.need(b'"', "引号")?;
        let start = self.at;
        while let Some(&byte) = self.text.get(self.at) {
            match byte {
                b'"' => {
                    self.at += 1;
                    return Ok(&self.text[start..self.at - 1]);
                }
                b'\\' => self.at = (self.at + 2).min(self.text.len()),
                _ => self.at += 1,
            }
        }
        self.at = self.text.len();
        Err(ScanError::End { at: self.at })
    }

    /// Walks an object: `member` is called behind each `"key":` and must
    /// consume the value.
    pub fn object<E: From<ScanError>>(
        &mut self,
        mut member: impl FnMut(&mut Self, &'a [u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        self.need(b'{', "“{”")?;
        if self.eat(b'}') {
            return Ok(());
        }
        loop {
            let key = self.raw_string()?;
            self.need(b':', "“:”")?;
            member(self, key)?;
            if self.eat(b'}') {
                return Ok(());
            }
            self.need(b',', "“,”或“}”")?;
        }
    }

    /// Walks an array: `element` is called at each value and must consume it.
    pub fn array<E: From<ScanError>>(&mut self, mut element: impl FnMut(&mut Self) -> Result<(), E>) -> Result<(), E> {
        let mut has_more = self.open_array()?;
        while has_more {
            element(self)?;
            has_more = self.go_on()?;
        }
        Ok(())
    }

    /// Enters an array; tells whether there is anything in it.
    pub fn open_array(&mut self) -> Result<bool, ScanError> {
        self.need(b'[', "“[”")?;
        Ok(!self.eat(b']'))
    }

    /// Goes on behind an element of an array; tells whether another one comes.
    pub fn go_on(&mut self) -> Result<bool, ScanError> {
        if self.eat(b']') {
            return Ok(false);
        }
        self.need(b',', "“,”或“]”").map(|()| true)
    }

    /// Skips a value of any kind and returns its byte range.
    pub fn skip_value(&mut self) -> Result<Range<usize>, ScanError> {
        let Some(first) = self.peek() else { return Err(ScanError::End { at: self.at }) };
        let start = self.at;
        match first {
            b'"' => {
                self.raw_string()?;
            }
            b'{' | b'[' => self.skip_nested()?,
            _ => self.skip_word()?,
        }
        Ok(start..self.at)
    }

    /// Skips an array or object. One bit per level remembers which bracket
    /// closes it, so that nesting costs no stack.
    fn skip_nested(&mut self) -> Result<(), ScanError> {
        let mut depth = 0_u32;
        let mut is_object = 0_u128;
        while let Some(&byte) = self.text.get(self.at) {
            match byte {
                b'"' => {
                    self.raw_string()?;
                    continue;
                }
                b'{' | b'[' => {
                    if depth == MAX_DEPTH {
                        return Err(ScanError::TooDeep { at: self.at });
                    }
                    is_object = is_object << 1 | u128::from(byte == b'{');
                    depth += 1;
                }
                b'}' | b']' => {
                    if (is_object & 1 == 1) != (byte == b'}') {
                        return Err(ScanError::Syntax { at: self.at, expected: "配对的括号" });
                    }
                    is_object >>= 1;
                    depth -= 1;
                    if depth == 0 {
                        self.at += 1;
                        return Ok(());
                    }
                }
                _ => {}
            }
            self.at += 1;
        }
        Err(ScanError::End { at: self.at })
    }

    /// Skips a number, `true`, `false`, `null` and what is no JSON but occurs:
    /// `NaN`, `Infinity`, `None`.
    fn skip_word(&mut self) -> Result<(), ScanError> {
        let start = self.at;
        while let Some(byte) = self.text.get(self.at) {
            if !(byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.' | b'_')) {
                break;
            }
            self.at += 1;
        }
        if self.at == start { Err(self.wrong("一个值")) } else { Ok(()) }
    }

    /// Reads a number after white space; `None`, and nothing consumed, when
    /// something else comes.
    ///
    /// Up to 2⁵³ with at most 22 decimals, mantissa and power of ten are both
    /// exact, so one division rounds correctly (Clinger 1990). Coordinates are
    /// often written with a digit or two more than a double holds; then the
    /// result may be one unit in the last place off, 10⁻¹⁴ degrees. All else
    /// goes to the standard library.
    #[inline]
    pub fn number(&mut self) -> Option<f64> {
        let first = self.peek()?;
        let start = self.at;
        let mut at = start + usize::from(first == b'-');
        let first_digit = at;
        let mut mantissa = 0;
        self.digits(&mut at, &mut mantissa);
        if at == first_digit {
            return None;
        }
        let mut decimals = 0;
        if self.text.get(at) == Some(&b'.') {
            at += 1;
            let point = at;
            self.digits(&mut at, &mut mantissa);
            decimals = at - point;
        }
        // Nineteen digits and the point: more may overflow the mantissa.
        if at - first_digit > 20 || matches!(self.text.get(at), Some(b'e' | b'E')) {
            return self.slow_number(start);
        }
        self.at = at;
        let value = mantissa as f64 / POWERS_OF_TEN[decimals];
        Some(if first == b'-' { -value } else { value })
    }

    /// Reads digits, eight at a time while there are as many.
    #[inline]
    fn digits(&self, at: &mut usize, mantissa: &mut u64) {
        while let Some(chunk) = self.text.get(*at..).and_then(<[u8]>::first_chunk) {
            let Some(value) = eight_digits(u64::from_le_bytes(*chunk)) else { break };
            *mantissa = mantissa.wrapping_mul(100_000_000).wrapping_add(value);
            *at += 8;
        }
        while let Some(digit) = self.text.get(*at).map(|byte| byte.wrapping_sub(b'0')).filter(|&digit| digit < 10) {
            *mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(digit));
            *at += 1;
        }
    }

    /// Reads a number that the fast way cannot read exactly.
    fn slow_number(&mut self, start: usize) -> Option<f64> {
        let length = self.text[start..]
            .iter()
            .position(|byte| !matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'))
            .unwrap_or(self.text.len() - start);
        let value = std::str::from_utf8(&self.text[start..start + length]).ok()?.parse().ok()?;
        self.at = start + length;
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn number(text: &str) -> Option<f64> {
        Scanner::new(text).number()
    }

    #[test]
    fn numbers_are_read_as_the_standard_library_reads_them() {
        for text in [
            "0",
            "-0.5",
            "118.799773",
            "-0.178978317921852",
            "12345678",
            "1234567890.12345",
            "1e3",
            "123456789012345678901234567890",
        ] {
            assert_eq!(number(text), text.parse().ok(), "{text}");
        }
        for text in ["51.534108441201305", "-65.613616999999977"] {
            let (read, exact) = (number(text).unwrap(), text.parse::<f64>().unwrap());
            assert!((read - exact).abs() <= exact.abs() * f64::EPSILON, "{text}");
        }
        for text in ["", "\"1\"", "null", "NaN", "-", ".5", "[1"] {
            assert_eq!(number(text), None, "{text}");
        }
    }

    #[test]
    fn values_are_skipped_whole() {
        let text = r#"{"a":[1,{"b":"]}\""}],"c":NaN} tail"#;
        let mut scanner = Scanner::new(text);
        assert_eq!(scanner.skip_value(), Ok(0..30));
        assert_eq!(scanner.peek(), Some(b't'));
    }

    #[test]
    fn ends_and_mismatches_are_told_apart() {
        assert_eq!(Scanner::new("[1,2").skip_value(), Err(ScanError::End { at: 4 }));
        assert!(matches!(Scanner::new("[1}").skip_value(), Err(ScanError::Syntax { at: 2, .. })));
        let deep = "[".repeat(500);
        assert_eq!(Scanner::new(&deep).skip_value(), Err(ScanError::TooDeep { at: 128 }));
        assert_eq!(Scanner::new("\"abc\\").raw_string(), Err(ScanError::End { at: 5 }));
    }

    proptest! {
        #[test]
        fn a_written_number_comes_back(value in -1e9_f64..1e9) {
            let read = number(&value.to_string()).unwrap();
            prop_assert!((read - value).abs() <= value.abs() * f64::EPSILON);
        }

        #[test]
        fn digits_of_any_number_are_read(digits in "[0-9]{1,30}", decimals in "[0-9]{0,30}") {
            let text = format!("{digits}.{decimals}1");
            let (read, exact) = (number(&text).unwrap(), text.parse::<f64>().unwrap());
            prop_assert!((read - exact).abs() <= exact.abs() * f64::EPSILON, "{} {}", read, exact);
        }

        #[test]
        fn arbitrary_text_never_panics(text in r#"[\[\]{}:,"\\0-9a-z甲 ]{0,200}|\PC{0,200}"#) {
            let mut scanner = Scanner::new(&text);
            while scanner.peek().is_some() {
                let before = scanner.offset();
                if scanner.skip_value().is_err() || scanner.offset() == before {
                    break;
                }
            }
        }
    }
}

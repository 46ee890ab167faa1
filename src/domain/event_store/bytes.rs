//! Whole numbers of as many bytes as they need, and texts behind their lengths.

/// Appends a number, seven bits a byte, least first (LEB128).
pub(super) fn put(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a text behind its length.
pub(super) fn put_text(out: &mut Vec<u8>, text: &str) {
    put(out, text.len() as u64);
    out.extend(text.as_bytes());
}

/// Small numbers of either sign as small numbers without one.
pub(super) const fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

/// The reverse of [`zigzag`].
pub(super) const fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

/// Reads what was put. Past the end it gives zeros: records are ours, and a
/// wrong one must not end the wall.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(super) fn byte(&mut self) -> u8 {
        let byte = self.bytes.get(self.at).copied().unwrap_or(0);
        self.at += 1;
        byte
    }

    pub(super) fn number(&mut self) -> u64 {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte();
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                break;
            }
        }
        value
    }

    pub(super) fn take(&mut self, length: usize) -> &'a [u8] {
        let start = self.at.min(self.bytes.len());
        let end = start.saturating_add(length).min(self.bytes.len());
        self.at = end;
        &self.bytes[start..end]
    }

    /// The bytes of a text.
    pub(super) fn sized(&mut self) -> &'a [u8] {
        let length = self.number() as usize;
        self.take(length)
    }

    pub(super) fn text(&mut self) -> &'a str {
        std::str::from_utf8(self.sized()).unwrap_or_default()
    }

    /// Bytes read.
    pub(super) fn position(&self) -> usize {
        self.at.min(self.bytes.len())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_come_back(values in prop::collection::vec(any::<i64>(), 0..20)) {
            let mut bytes = Vec::new();
            for &value in &values {
                put(&mut bytes, zigzag(value));
            }
            let mut reader = Reader::new(&bytes);
            for &value in &values {
                prop_assert_eq!(unzigzag(reader.number()), value);
            }
            prop_assert_eq!(reader.position(), bytes.len());
            prop_assert_eq!(reader.number(), 0);
        }
    }
}

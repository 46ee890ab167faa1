//! Quantities as operators write them: `"3s"`, `"150m"`, `"64MiB"`,
//! `"3840x1080"`.
//!
//! In: TOML strings. Out: numbers in the unit that the type names. A bare
//! number is refused: whoever reads `every = 5` next year cannot know whether
//! seconds or minutes were meant.

use super::error::Complaints;
use super::read::{FromToml, Node, excerpt};

/// A length of time in seconds.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct DurationSecs(pub f64);

/// A length in metres.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct LengthM(pub f64);

/// A number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
pub struct ByteCount(pub u64);

/// Width and height in physical pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PixelSize(pub [u32; 2]);

/// How a kind of quantity is written.
struct Notation {
    /// Its Chinese name.
    what: &'static str,
    /// Units with their size in the base unit.
    units: &'static [(&'static str, f64)],
    /// Well-formed values, for messages.
    examples: &'static str,
}

const DURATION: Notation = Notation {
    what: "时长",
    units: &[("ms", 1e-3), ("s", 1.0), ("m", 60.0), ("h", 3_600.0), ("d", 86_400.0)],
    examples: r#""500ms"、"3s"、"10m"、"3h"、"1d""#,
};

const LENGTH: Notation =
    Notation { what: "长度", units: &[("m", 1.0), ("km", 1_000.0)], examples: r#""150m"、"1.2km""# };

const BYTES: Notation = Notation {
    what: "数据量",
    units: &[
        ("B", 1.0),
        ("KB", 1e3),
        ("MB", 1e6),
        ("GB", 1e9),
        ("KiB", 1024.0),
        ("MiB", 1_048_576.0),
        ("GiB", 1_073_741_824.0),
    ],
    examples: r#""512KiB"、"64MiB"、"1GiB""#,
};

impl Notation {
    /// The quantity in `text` in the base unit.
    fn parse(&self, text: &str) -> Option<f64> {
        let unit_start = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, unit) = text.split_at(unit_start);
        let (_, size) = self.units.iter().find(|(name, _)| *name == unit.trim_start())?;
        let quantity = number.parse::<f64>().ok()? * size;
        quantity.is_finite().then_some(quantity)
    }

    /// Reads a string node, or complains.
    fn read(&self, node: &Node<'_>, key: &str, complaints: &mut Complaints) -> Option<f64> {
        let (what, examples) = (self.what, self.examples);
        let Some(text) = node.get_ref().as_str() else {
            let message = format!("{what}要带单位并加引号,写作 {examples}");
            complaints.add(node.span().start, key, message);
            return None;
        };
        let quantity = self.parse(text.trim());
        if quantity.is_none() {
            let units: Vec<&str> = self.units.iter().map(|(name, _)| *name).collect();
            let message = format!("`{}` 不是{what},写作 {examples}(单位 {})", excerpt(text), units.join("、"));
            complaints.add(node.span().start, key, message);
        }
        quantity
    }
}

impl FromToml for DurationSecs {
    fn from_toml(node: &Node<'_>, key: &str, complaints: &mut Complaints) -> Option<Self> {
        DURATION.read(node, key, complaints).map(Self)
    }
}

impl FromToml for LengthM {
    fn from_toml(node: &Node<'_>, key: &str, complaints: &mut Complaints) -> Option<Self> {
        LENGTH.read(node, key, complaints).map(Self)
    }
}

impl FromToml for ByteCount {
    fn from_toml(node: &Node<'_>, key: &str, complaints: &mut Complaints) -> Option<Self> {
        // A cast of a finite, non-negative float saturates at `u64::MAX`.
        BYTES.read(node, key, complaints).map(|bytes| Self(bytes.round() as u64))
    }
}

impl FromToml for PixelSize {
    fn from_toml(node: &Node<'_>, key: &str, complaints: &mut Complaints) -> Option<Self> {
        let size = node.get_ref().as_str().and_then(pixel_size);
        if size.is_none() {
            let message = r#"画面尺寸写作 "3840x1080"(宽x高,物理像素,字母 x)"#;
            complaints.add(node.span().start, key, message);
        }
        size.map(Self)
    }
}

/// `"3840x1080"` as `[3840, 1080]`.
fn pixel_size(text: &str) -> Option<[u32; 2]> {
    let (width, height) = text.split_once('x')?;
    Some([width.trim().parse().ok()?, height.trim().parse().ok()?])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn quantities_come_out_in_base_units() {
        for (text, secs) in [("500ms", 0.5), ("3s", 3.0), ("10m", 600.0), ("1.5h", 5_400.0), ("1d", 86_400.0)] {
            assert_eq!(DURATION.parse(text), Some(secs), "{text}");
        }
        assert_eq!(LENGTH.parse("1.2km"), Some(1_200.0));
        assert_eq!(BYTES.parse("64 MiB"), Some(67_108_864.0));
        assert_eq!(pixel_size("3840x1080"), Some([3840, 1080]));
    }

    #[test]
    fn what_is_no_quantity_is_refused() {
        for text in ["", "3", "s", "-3s", "3 秒", "1h30m", "1e3s", "..s", "3S", "inf s"] {
            assert_eq!(DURATION.parse(text), None, "{text}");
        }
        for text in ["", "3840", "3840×1080", "3840x", "-1x2", "99999999999x1"] {
            assert_eq!(pixel_size(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn whole_numbers_of_every_unit_are_exact(number in 0_u32..1_000_000, unit in 0_usize..5) {
            let (name, size) = DURATION.units[unit];
            prop_assert_eq!(DURATION.parse(&format!("{number}{name}")), Some(f64::from(number) * size));
        }

        #[test]
        fn any_text_is_answered(text in ".*") {
            let _ = (DURATION.parse(&text), LENGTH.parse(&text), BYTES.parse(&text), pixel_size(&text));
        }
    }
}

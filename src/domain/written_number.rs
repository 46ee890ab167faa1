//! Numbers as people and spreadsheets write them.
//!
//! In: text. Out: the number, or nothing: a number that is not shown is seen
//! to be missing, one that was guessed wrong is believed.
//!
//! How it works: besides plain numbers, only what can mean one thing is read:
//! thousands parted by commas (`1,234.5`, every group of three digits), and a
//! mark that scales nothing behind the number (`12.5%`, `36.5℃`), or the unit
//! that the record names. `1.2万`, `12号楼`, `3-5` and `1,5` are no numbers.

/// Marks that may stand behind a number without changing it.
const MARKS: [&str; 6] = ["%", "%", "℃", "°C", "°c", "°"];

/// How back ends write that there is no value.
const NOTHING: [&str; 9] = ["-", "--", "—", "——", "/", "n/a", "na", "null", "无"];

/// Reads a finite number.
pub fn read(text: &str) -> Option<f64> {
    read_plain(text).or_else(|| read_marked(text.trim()))
}

/// As [`read`], with the unit that may stand behind the number.
pub fn read_with_unit(text: &str, unit: &str) -> Option<f64> {
    let unit = unit.trim();
    read(text).or_else(|| {
        let number = text.trim().strip_suffix(unit).filter(|_| !unit.is_empty())?;
        read_grouped(number.trim())
    })
}

/// Whether a text says that there is no value.
pub fn is_nothing(text: &str) -> bool {
    let text = text.trim();
    text.is_empty() || NOTHING.iter().any(|nothing| text.eq_ignore_ascii_case(nothing))
}

fn read_plain(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

fn read_marked(text: &str) -> Option<f64> {
    let number = MARKS.iter().find_map(|mark| text.strip_suffix(mark)).unwrap_or(text);
    read_grouped(number.trim_end())
}

/// A plain number, or one whose thousands are parted by commas.
fn read_grouped(text: &str) -> Option<f64> {
    // `inf` and `NaN` are words.
    if text.bytes().any(|byte| byte.is_ascii_alphabetic() && !matches!(byte, b'e' | b'E')) {
        return None;
    }
    if !text.contains(',') {
        return read_plain(text);
    }
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let digits = whole.trim_start_matches(['+', '-']);
    if whole.len() > digits.len() + 1 || !decimals.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let mut groups = digits.split(',');
    let is_digits = |group: &str| group.bytes().all(|byte| byte.is_ascii_digit());
    let starts_well = groups.next().is_some_and(|first| (1..=3).contains(&first.len()) && is_digits(first));
    let goes_on_well = groups.all(|group| group.len() == 3 && is_digits(group));
    (starts_well && goes_on_well).then(|| read_plain(&text.replace(',', ""))).flatten()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_can_mean_one_thing_is_read() {
        for (text, number) in [
            ("12", 12.0),
            (" -3.5 ", -3.5),
            ("1e3", 1_000.0),
            ("1,234", 1_234.0),
            ("-1,234,567.25", -1_234_567.25),
            ("12.5%", 12.5),
            ("12.5 %", 12.5),
            ("36.5℃", 36.5),
            ("36.5 °C", 36.5),
            ("1,234%", 1_234.0),
        ] {
            assert_eq!(read(text), Some(number), "{text}");
        }
    }

    #[test]
    fn what_could_mean_another_is_not() {
        for text in [
            "",
            "-",
            "1,5",
            "1,23",
            "1234,567",
            "1,2345",
            "1,234,56",
            ",123",
            "1.234,5",
            "1.2万",
            "3亿",
            "12号楼",
            "3-5",
            "12 km",
            "12.5%%",
            "--5",
            "1,234e3",
            "inf",
            "NaN",
            "-infinity",
            "0x10",
            "1 234",
            "约12",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn the_unit_of_the_record_may_stand_behind_the_number() {
        assert_eq!(read_with_unit("12.5 mg/m³", "mg/m³"), Some(12.5));
        assert_eq!(read_with_unit("1,200kW", "kW"), Some(1_200.0));
        assert_eq!(read_with_unit("1.2万", "元"), None);
        assert_eq!(read_with_unit("12 km", "m"), None);
        assert_eq!(read_with_unit("12 km", ""), None);
        assert_eq!(read_with_unit("12", "km"), Some(12.0));
    }

    #[test]
    fn nothing_is_told_from_a_word() {
        for text in ["", " ", "--", "N/A", "无", "NULL"] {
            assert!(is_nothing(text), "{text}");
        }
        assert!(!is_nothing("0") && !is_nothing("开"));
    }

    proptest! {
        #[test]
        fn written_numbers_come_back(number in -1e12..1e12_f64, has_groups in any::<bool>()) {
            let plain = format!("{number:.3}");
            let (whole, decimals) = plain.split_once('.').unwrap();
            let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("-", digits));
            let groups: Vec<&str> = digits.as_bytes().rchunks(3).rev().map(|g| std::str::from_utf8(g).unwrap()).collect();
            let text = if has_groups { format!("{sign}{}.{decimals}", groups.join(",")) } else { plain.clone() };
            prop_assert_eq!(read(&text), plain.parse().ok());
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,24}|[0-9,.%+-]{0,12}", unit in "\\PC{0,4}") {
            prop_assert!(read_with_unit(&text, &unit).is_none_or(f64::is_finite));
        }
    }
}

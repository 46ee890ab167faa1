//! Numbers in the written form of the wall.
//!
//! In: counts, ratios, seconds. Out: short texts. A number is shortened by
//! its unit (万, 亿), never by cutting digits off.

use crate::domain::closed_loop::Ratio;

/// What stands where there is no value.
pub const NONE: &str = "–";

/// A count: `2,816`, from 100,000 on `12.3 万`, from 10⁸ on `1.2 亿`.
pub fn count_text(count: u64) -> String {
    match count {
        0..100_000 => grouped(count),
        100_000..100_000_000 => scaled(count as f64 / 1e4, "万"),
        _ => scaled(count as f64 / 1e8, "亿"),
    }
}

/// [`count_text`] without separators, for where there is no room: `1111万`.
pub fn tight_count_text(count: u64) -> String {
    count_text(count).replace([',', ' '], "")
}

/// A count in as few characters as say its first two digits: `980`, `2.1万`,
/// `17万`, `1.2亿`; for where not even [`tight_count_text`] fits.
pub fn shortest_count_text(count: u64) -> String {
    let (unit, word) = match count {
        0..10_000 => return count.to_string(),
        // Rounded, 99,995,000 is already a hundred million.
        10_000..99_950_000 => (1e4, "万"),
        _ => (1e8, "亿"),
    };
    let value = count as f64 / unit;
    if (value * 10.0).round() < 100.0 { format!("{value:.1}{word}") } else { format!("{value:.0}{word}") }
}

/// Any value: whole ones like a count, others with one decimal.
pub fn value_text(value: f64) -> String {
    if !value.is_finite() {
        return NONE.to_owned();
    }
    let sign = if value < 0.0 { "−" } else { "" };
    let size = value.abs();
    if size >= 100_000.0 || (size - size.round()).abs() < 1e-9 {
        return format!("{sign}{}", count_text(size.round() as u64));
    }
    let tenths = (size * 10.0).round() as u64;
    format!("{sign}{}.{}", grouped(tenths / 10), tenths % 10)
}

/// Digits with thousands separators.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// One decimal below 100, none above: three or four digits say it all.
fn scaled(value: f64, unit: &str) -> String {
    // Rounded first: 99.96 would otherwise become "100.0".
    let tenths = (value * 10.0).round();
    if tenths < 1000.0 {
        format!("{:.1} {unit}", tenths / 10.0)
    } else {
        format!("{} {unit}", grouped(value.round() as u64))
    }
}

/// A ratio in percent with one decimal, without the sign: `94.1`.
pub fn percent_text(ratio: Ratio) -> String {
    ratio.value().map_or_else(|| NONE.to_owned(), |value| format!("{:.1}", value * 100.0))
}

/// The parts of a ratio: `2,650 / 2,816`.
pub fn parts_text(ratio: Ratio) -> String {
    format!("{} / {}", count_text(ratio.numerator), count_text(ratio.denominator))
}

/// A span in the unit in which it has two or three digits: value and unit.
pub fn span_text(secs: f64) -> (String, &'static str) {
    let secs = secs.max(0.0);
    if secs < 60.0 {
        (format!("{secs:.0}"), "秒")
    } else if secs < 5_400.0 {
        (format!("{:.0}", secs / 60.0), "分钟")
    } else if secs < 259_200.0 {
        (format!("{:.1}", secs / 3_600.0), "小时")
    } else {
        (format!("{:.1}", secs / 86_400.0), "天")
    }
}

/// The smallest of 1, 2, 5 × 10ⁿ that is at least `value`; 1 for anything not
/// positive.
pub fn nice_ceiling(value: f64) -> f64 {
    if !(value.is_finite() && value > 0.0) {
        return 1.0;
    }
    let decade = 10_f64.powf(value.log10().floor());
    // The factor is a hair larger so that 0.1 + 0.2 is still "0.3".
    [1.0, 2.0, 5.0, 10.0].into_iter().find(|step| step * decade * 1.000_001 >= value).unwrap_or(10.0) * decade
}

/// The largest of 1, 2, 5 × 10ⁿ that is at most `value`; 0 for anything not
/// positive.
pub fn nice_floor(value: f64) -> f64 {
    if !(value.is_finite() && value > 0.0) {
        return 0.0;
    }
    let decade = 10_f64.powf(value.log10().floor());
    [10.0, 5.0, 2.0].into_iter().find(|step| step * decade <= value * 1.000_001).unwrap_or(1.0) * decade
}

/// Most digits with which the values of a scale are told apart.
const MOST_DIGITS: i32 = 6;

/// The values of a scale, in order and not negative: whole from 10 on, below
/// with two digits that say something, or with as many more as it takes that no
/// two neighbours read alike.
pub fn scale_texts(values: &[f64]) -> Vec<String> {
    let with = |digits: i32| -> Vec<String> { values.iter().map(|&value| scale_text(value, digits)).collect() };
    let are_distinct = |texts: &Vec<String>| texts.windows(2).all(|pair| pair[0] != pair[1]);
    (2..MOST_DIGITS).map(with).find(are_distinct).unwrap_or_else(|| with(MOST_DIGITS))
}

fn scale_text(value: f64, digits: i32) -> String {
    let power = if value > 0.0 { value.log10().floor() as i32 } else { 0 };
    let decimals = (digits - 1 - power).clamp(0, 12) as usize;
    if decimals == 0 || power >= 3 {
        return value_text(value.round());
    }
    let text = format!("{value:.decimals$}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_shortest_form_keeps_two_digits() {
        let texts = [980, 20_669, 99_960, 168_000, 99_949_999, 99_950_000, 1_240_000_000].map(shortest_count_text);
        assert_eq!(texts, ["980", "2.1万", "10万", "17万", "9995万", "1.0亿", "12亿"]);
    }

    #[test]
    fn counts_are_grouped_then_scaled() {
        for (count, text) in [
            (0, "0"),
            (999, "999"),
            (2_816, "2,816"),
            (40_976, "40,976"),
            (99_999, "99,999"),
            (123_456, "12.3 万"),
            (999_960, "100 万"),
            (12_345_678, "1,235 万"),
            (123_456_789, "1.2 亿"),
        ] {
            assert_eq!(count_text(count), text);
        }
    }

    #[test]
    fn values_keep_one_decimal_and_their_sign() {
        assert_eq!(value_text(3.64), "3.6");
        assert_eq!(value_text(-12.0), "−12");
        assert_eq!(value_text(1234.56), "1,234.6");
        assert_eq!(value_text(9.96), "10.0");
        assert_eq!(value_text(f64::NAN), NONE);
    }

    #[test]
    fn an_empty_ratio_has_no_percentage_but_its_parts() {
        assert_eq!(percent_text(Ratio::default()), NONE);
        assert_eq!(parts_text(Ratio { numerator: 2_650, denominator: 2_816 }), "2,650 / 2,816");
    }

    #[test]
    fn spans_choose_their_unit() {
        for (secs, text) in [(12.0, ("12", "秒")), (720.0, ("12", "分钟")), (12_960.0, ("3.6", "小时"))] {
            assert_eq!(span_text(secs), (text.0.to_owned(), text.1));
        }
    }

    #[test]
    fn the_values_of_a_scale_never_read_alike() {
        for (values, texts) in [
            ([0.0, 0.01, 0.05, 0.13], ["0", "0.01", "0.05", "0.13"]),
            ([0.0, 0.002, 0.01, 0.0234], ["0", "0.002", "0.01", "0.023"]),
            ([0.0, 0.5, 2.0, 5.04], ["0", "0.5", "2", "5"]),
            ([0.0, 9.96, 1_234.4, 123_456.0], ["0", "10", "1,234", "12.3 万"]),
            ([9.96, 10.2, 10.4, 11.0], ["9.96", "10.2", "10.4", "11"]),
            ([0.0, 0.25, 0.254, 1.0], ["0", "0.25", "0.254", "1"]),
        ] {
            assert_eq!(scale_texts(&values), texts);
        }
    }

    proptest! {
        #[test]
        fn a_nice_floor_is_close_below(value in 1e-6_f64..1e12) {
            let nice = nice_floor(value);
            prop_assert!(nice <= value * 1.00001 && nice * 2.6 >= value, "{} for {}", nice, value);
        }

        #[test]
        fn grouping_loses_no_digit(number: u64) {
            prop_assert_eq!(grouped(number).replace(',', ""), number.to_string());
        }

        #[test]
        fn a_nice_ceiling_is_close_above(value in 1e-6_f64..1e12) {
            let nice = nice_ceiling(value);
            prop_assert!(nice * 1.00001 >= value && nice <= value * 2.6, "{} for {}", nice, value);
        }
    }
}

//! Masking of personal data, before it reaches the model.
//!
//! In: text as a back end wrote it. Out: the same text in which nobody can be
//! called, visited or named: `张**`, `138****1234`, `3****18`, `苏A***45`,
//! `3栋**`.
//!
//! How it works: one function for a field whose meaning is known
//! ([`mask_name`], [`mask_phone`], …) and [`mask_free_text`] for everything
//! else. The latter runs the scanners of `numbers`, `names` and `doors` over the text until nothing
//! changes any more; those that cannot find anything (`suspects`) are left out. That makes it idempotent by construction, and it ends
//! because each scanner that changes something removes digits or letters.
//! When in doubt it masks: a number too many is an annoyance on the wall, a
//! telephone number too many is a breach.
//!
//! Widths follow common practice (telephone 3 + 4, name first character, ID
//! 1 + 2). The number of stars is fixed, so it tells nothing about the length.

mod doors;
mod masks;
mod names;
mod numbers;
mod suspects;

use std::borrow::Cow;

pub use masks::Masks;
pub(in crate::domain) use names::is_han;
use suspects::Suspects;

/// Replaces the middle of a number.
const STARS: &str = "****";

/// Replaces the rest of a name or of a door.
const SHORT_STARS: &str = "**";

/// A person's name: its first character, `张**`. A compound surname is cut to
/// its first character too, because it names a small circle.
///
/// ```
/// assert_eq!(quanyu::domain::privacy::mask_name("欧阳娜娜"), "欧**");
/// ```
pub fn mask_name(name: &str) -> String {
    match name.trim().chars().next() {
        None => String::new(),
        Some('*') => SHORT_STARS.to_owned(),
        Some(first) => format!("{first}{SHORT_STARS}"),
    }
}

/// A telephone number: a mobile number keeps its first three and last four
/// digits, with any country code gone; every other number only its last two.
///
/// ```
/// assert_eq!(quanyu::domain::privacy::mask_phone("+86 138-0013-1234"), "138****1234");
/// assert_eq!(quanyu::domain::privacy::mask_phone("025-84521212"), "****12");
/// ```
pub fn mask_phone(phone: &str) -> String {
    if phone.contains('*') {
        return mask_free_text(phone.trim());
    }
    let digits: Vec<char> = phone.chars().filter_map(ascii_digit).collect();
    let mobile = digits.len().checked_sub(11).map(|start| &digits[start..]).filter(|tail| tail[0] == '1');
    match mobile {
        Some(mobile) => keep_ends(mobile, 3, 4),
        None => keep_ends(&digits, 0, 2),
    }
}

/// An identity number of any kind: its first and its last two characters.
///
/// ```
/// assert_eq!(quanyu::domain::privacy::mask_id("320104199001011234"), "3****34");
/// ```
pub fn mask_id(id: &str) -> String {
    if id.contains('*') {
        return mask_free_text(id.trim());
    }
    let characters: Vec<char> = id.trim().chars().collect();
    keep_ends(&characters, 1, 2)
}

/// A number plate: province, office and the last two characters, `苏A***45`.
pub fn mask_plate(plate: &str) -> String {
    let characters: Vec<char> = plate.chars().filter(|c| c.is_alphanumeric() || *c == '*').collect();
    if characters.contains(&'*') {
        return mask_free_text(&characters.into_iter().collect::<String>());
    }
    let tail = characters.len().saturating_sub(2).max(2).min(characters.len());
    let head: String = characters.iter().take(2).collect();
    let tail: String = characters[tail..].iter().collect();
    format!("{head}***{tail}")
}

/// A door: the building stays, floor and room go, `3栋**`. A text that names
/// no building becomes `**`.
///
/// ```
/// assert_eq!(quanyu::domain::privacy::mask_door("3栋2单元501室"), "3栋**");
/// ```
pub fn mask_door(door: &str) -> String {
    let characters: Vec<char> = door.trim().chars().collect();
    match doors::building_end(&characters) {
        _ if characters.is_empty() => String::new(),
        Some(end) if end == characters.len() => door.trim().to_owned(),
        Some(end) => characters[..end].iter().collect::<String>() + SHORT_STARS,
        None => SHORT_STARS.to_owned(),
    }
}

/// Any text: masks e-mail addresses, mobile and land-line numbers, identity
/// and bank card numbers, number plates, doors, and names after a title
/// (`联系人:`, `业主` …) or before an honorific (`先生`, `女士`), and leaves the
/// rest as it is. Masking twice changes nothing.
///
/// ```
/// use quanyu::domain::privacy::mask_free_text;
/// assert_eq!(mask_free_text("联系人:张三丰 13800131234,3栋2单元501室"), "联系人:张** 138****1234,3栋**");
/// ```
pub fn mask_free_text(text: &str) -> String {
    masked(text).into_owned()
}

/// As [`mask_free_text`], and the text itself where nothing is to be masked,
/// as in most.
pub fn masked(text: &str) -> Cow<'_, str> {
    Masks::ALL.masked(text)
}

/// Whether a scanner could find anything.
type Suspicion = fn(Suspects) -> bool;

/// Finds and masks one kind of personal data.
type Scanner = fn(&[char], &Masks) -> Vec<char>;

/// All scanners in their order, and what each is suspected by.
const SCANNERS: [(Suspicion, Scanner); 5] = [
    (|suspects| suspects.emails, |text, masks| when(masks.phones, text, numbers::mask_emails)),
    (|suspects| suspects.names, |text, masks| when(masks.names, text, names::mask_names)),
    // Before the plates, one of which may end in an identity number.
    (|suspects| suspects.numbers, |text, masks| numbers::mask_numbers(text, masks.phones, masks.id_numbers)),
    (|suspects| suspects.plates, |text, masks| when(masks.plates, text, numbers::mask_plates)),
    (|suspects| suspects.doors, |text, masks| when(masks.addresses, text, doors::mask_doors)),
];

/// The text after `scan`, if it is to be scanned.
fn when(is_masked: bool, text: &[char], scan: fn(&[char]) -> Vec<char>) -> Vec<char> {
    if is_masked { scan(text) } else { text.to_vec() }
}

/// Runs all scanners until nothing changes any more.
fn mask_characters(mut characters: Vec<char>, masks: &Masks) -> String {
    loop {
        let next = SCANNERS.iter().fold(characters.clone(), |text, (_, scan)| scan(&text, masks));
        if next == characters {
            return next.into_iter().collect();
        }
        characters = next;
    }
}

/// The first `head` and last `tail` characters around [`STARS`], or the stars
/// alone when that would hide fewer than three. What is masked already stays.
fn keep_ends(characters: &[char], head: usize, tail: usize) -> String {
    if characters.is_empty() || characters.contains(&'*') {
        return characters.iter().collect();
    }
    if characters.len() < head + tail + 3 {
        return STARS.to_owned();
    }
    let first: String = characters[..head].iter().collect();
    let last: String = characters[characters.len() - tail..].iter().collect();
    format!("{first}{STARS}{last}")
}

/// The ASCII digit that a digit of normal or full width stands for.
fn ascii_digit(c: char) -> Option<char> {
    match c {
        '0'..='9' => Some(c),
        '０'..='９' => char::from_u32(c as u32 - '０' as u32 + '0' as u32),
        _ => None,
    }
}

/// The upper-case ASCII letter that a letter of normal or full width stands for.
fn ascii_letter(c: char) -> Option<char> {
    let narrow = match c {
        'Ａ'..='Ｚ' => char::from_u32(c as u32 - 'Ａ' as u32 + 'A' as u32)?,
        'ａ'..='ｚ' => char::from_u32(c as u32 - 'ａ' as u32 + 'a' as u32)?,
        _ => c,
    };
    narrow.is_ascii_alphabetic().then(|| narrow.to_ascii_uppercase())
}

/// Whether `text` begins with `prefix`.
fn starts_with(text: &[char], prefix: &str) -> bool {
    let mut rest = text.iter();
    prefix.chars().all(|c| rest.next() == Some(&c))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_fields_keep_their_customary_ends() {
        assert_eq!(mask_name("张三"), "张**");
        assert_eq!(mask_name("司马相如"), "司**");
        assert_eq!(mask_name(""), "");
        assert_eq!(mask_phone("13800131234"), "138****1234");
        assert_eq!(mask_phone("+86 138 0013 1234"), "138****1234");
        assert_eq!(mask_phone("(025)8452-1212"), "****12");
        assert_eq!(mask_phone("8452"), "****");
        assert_eq!(mask_id("32010419900101123X"), "3****3X");
        assert_eq!(mask_plate("苏A12345"), "苏A***45");
        assert_eq!(mask_plate("苏A·D12345"), "苏A***45");
        assert_eq!(mask_door("3栋2单元501室"), "3栋**");
        assert_eq!(mask_door("3栋"), "3栋");
        assert_eq!(mask_door("501"), "**");
        // A star somewhere does not mean that it was masked.
        assert_eq!(mask_phone("*13800131234"), "*138****1234");
        assert_eq!(mask_id("32010419900101123X*"), "3****3X*");
        assert_eq!(mask_plate("*苏A·12345"), "*苏A***45");
        for mask in [mask_name, mask_phone, mask_id, mask_plate, mask_door] {
            for text in ["张三丰", "13800131234", "苏A12345", "3栋2单元501室", "025-84521212", "", "12"] {
                assert_eq!(mask(&mask(text)), mask(text), "{text}");
            }
        }
    }

    #[test]
    fn free_text_loses_persons_and_keeps_the_matter() {
        for (text, expected) in [
            ("反映人:张三丰,电话13800131234", "反映人:张**,电话138****1234"),
            ("联系人\u{ff1a}欧阳娜娜 １３８ ００１３ １２３４", "联系人\u{ff1a}欧** １３８****１２３４"),
            ("请回电+86-138-0013-1234", "请回电+86-138****1234"),
            ("苏a10000020000101000X", "苏a1****0X"),
            ("固话025-84521212转8", "固话****12转8"),
            ("座机(025)8452 1212", "座机(****12"),
            ("身份证32010419900101123X已核", "身份证3****3X已核"),
            ("身份证320104900101123", "身份证3****23"),
            ("苏A12345违停,新能源苏AD12345", "苏A***45违停,新能源苏A***45"),
            ("红花街道3栋2单元501室漏水", "红花街道3栋**漏水"),
            ("三栋二单元五零一室漏水", "三栋**漏水"),
            ("A座1203有异味", "A座**有异味"),
            ("中山路88号501室", "中山路88号**"),
            ("501室漏水", "**室漏水"),
            ("住5-2-301的住户", "住5-**的住户"),
            ("业主张三反映楼道堆物", "业主张**反映楼道堆物"),
            ("张三丰先生来电", "张**先生来电"),
            ("联系人: John Smith", "联系人: J**"),
            ("邮箱zhang.san@qq.com", "邮箱z**@qq.com"),
            ("卡号6222021234567890123", "卡号****0123"),
            // As many parts as an address of a machine has.
            ("13912345678.1.2.3", "139****5678.1.2.3"),
        ] {
            assert_eq!(mask_free_text(text), expected);
        }
    }

    #[test]
    fn what_names_no_person_stays() {
        for text in [
            "垃圾满溢,中山南路88号门口",
            "2025-08-15 14:30 巡查发现井盖缺失3处",
            "业主反映高空抛物",
            "居民周边道路积水约20米",
            "张先生反映3号楼电梯故障",
            "网格员 07 上报",
            "12345热线派单2,800件,办结680件",
            "5栋120人受影响",
            "20250815前整改",
            "http://192.168.10.123:8080/api 返回 502",
        ] {
            assert_eq!(mask_free_text(text), text);
        }
    }

    #[test]
    fn a_street_and_what_happened_there_is_not_looked_at_twice() {
        for text in ["玄武区大光路88号", "居民反映湖东路附近垃圾满溢", "中山南路12号东侧30米", "第3网格井盖缺失"]
        {
            assert!(Suspects::of(text).is_none(), "{text}");
        }
    }

    /// Adds the last character of an identity number (GB 11643).
    fn with_check_character(digits: &str) -> String {
        const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
        let sum: u32 = digits.bytes().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
        format!("{digits}{}", ['1', '0', 'X', '9', '8', '7', '6', '5', '4', '3', '2'][(sum % 11) as usize])
    }

    #[test]
    fn rules_are_by_kind() {
        const TEXT: &str = "业主张三反映,13800131234,320104199001011234,苏A12345,3栋501室";
        for (masks, kept) in [
            (Masks { names: false, ..Masks::ALL }, "张三"),
            (Masks { phones: false, ..Masks::ALL }, "13800131234"),
            (Masks { id_numbers: false, ..Masks::ALL }, "320104199001011234"),
            (Masks { plates: false, ..Masks::ALL }, "苏A12345"),
            (Masks { addresses: false, ..Masks::ALL }, "3栋501室"),
        ] {
            let masked = masks.masked(TEXT);
            for secret in ["张三", "13800131234", "320104199001011234", "苏A12345", "3栋501室"] {
                assert_eq!(masked.contains(secret), secret == kept, "{kept}: {masked}");
            }
        }
        assert_eq!(Masks { free_text: false, ..Masks::ALL }.free_text(TEXT), TEXT);
        assert_eq!(Masks { others: false, ..Masks::ALL }.other(TEXT.into()), TEXT);
        assert_eq!(Masks::ALL.other("湖东路口 01".into()), "湖东路口 01");
    }

    /// The text without anything that could stand between digits, narrow.
    fn bare(text: &str) -> String {
        text.chars()
            .filter(|c| !c.is_whitespace() && *c != '-' && *c != '.')
            .map(|c| ascii_digit(c).unwrap_or(c))
            .collect()
    }

    proptest! {
        #[test]
        fn no_mobile_number_survives(
            before in "[0-9a-zA-Z张李3栋室苏A@:. *-]{0,12}|\\PC{0,12}",
            after in "[0-9a-zA-Z张李3栋室苏A@:. *-]{0,12}|\\PC{0,12}",
            phone in "1[3-9][0-9]{9}",
            gap in "[ .-]?",
            wide in any::<bool>(),
        ) {
            let mut written = format!("{}{gap}{}{gap}{}", &phone[..3], &phone[3..7], &phone[7..]);
            if wide {
                written = written.chars().map(|c| match c {
                    '0'..='9' => char::from_u32(c as u32 - '0' as u32 + '０' as u32).unwrap(),
                    c => c,
                }).collect();
            }
            let masked = mask_free_text(&format!("{before}{written}{after}"));
            prop_assert!(!bare(&masked).contains(&phone), "{masked}");
            prop_assert!(!bare(&mask_phone(&written)).contains(&phone));
        }

        #[test]
        fn no_identity_number_survives(
            before in "[0-9a-zA-Z张李3栋室苏A@:. *-]{0,12}|\\PC{0,12}",
            after in "[0-9a-zA-Z张李3栋室苏A@:. *-]{0,12}|\\PC{0,12}",
            region in "[1-6][0-9]{5}",
            born in "(19[2-9][0-9]|20[0-2][0-9])(0[1-9]|1[0-2])(0[1-9]|[12][0-8])",
            order in "[0-9]{3}",
        ) {
            let id = with_check_character(&format!("{region}{born}{order}"));
            let masked = mask_free_text(&format!("{before}{id}{after}"));
            prop_assert!(!bare(&masked).to_uppercase().contains(&id), "{masked}");
            prop_assert!(!bare(&masked).contains(&born), "not even the birthday: {masked}");
            prop_assert!(!mask_id(&id).contains(&born));
        }

        #[test]
        fn no_number_plate_survives(
            before in "[a-zA-Z张李3栋室@:. *-]{0,12}|\\PC{0,12}",
            after in "[张李栋室@:,。 *]{0,12}",
            plate in "[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-HJ-NP-Z][A-HJ-NP-Z0-9][0-9]{4}",
        ) {
            let masked = mask_free_text(&format!("{before}{plate}{after}"));
            prop_assert!(!masked.contains(&plate), "{masked}");
        }

        #[test]
        fn a_looser_rule_loosens_its_own_kind_only(
            before in "[张李栋室@:,。 ]{0,6}",
            phone in "1[3-9][0-9]{9}",
            plate in "苏[A-HJ-NP-Z][0-9]{5}",
        ) {
            let text = format!("{before}{phone},{plate}违停");
            let keep_phones = Masks { phones: false, ..Masks::ALL }.masked(&text).into_owned();
            prop_assert!(keep_phones.contains(&phone) && !keep_phones.contains(&plate), "{keep_phones}");
            let keep_plates = Masks { plates: false, ..Masks::ALL }.masked(&text).into_owned();
            prop_assert!(keep_plates.contains(&plate) && !keep_plates.contains(&phone), "{keep_plates}");
        }

        #[test]
        fn what_is_not_suspected_is_not_masked(
            text in "[0-9张李王三3栋室号座楼房单元院苏AX@:. *#-业主居民先生女士联系人,反映东侧米五]{0,40}|[0-9０-９号栋单元室房A ,、-]{0,20}|\\PC{0,30}",
        ) {
            prop_assert_eq!(masked(&text).into_owned(), mask_characters(text.chars().collect(), &Masks::ALL));
        }

        #[test]
        fn masking_twice_is_masking_once(text in "[0-9张李王三3栋室单元苏AX@:. *-业主先生联系人]{0,30}|\\PC{0,30}") {
            let once = mask_free_text(&text);
            prop_assert_eq!(mask_free_text(&once), once);
        }
    }
}

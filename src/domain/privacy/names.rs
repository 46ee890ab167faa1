//! Finds and masks names of persons in free text.
//!
//! A name has no form of its own, so it is found by its company: after a
//! title with a colon (`联系人:张三丰`) whatever stands there is taken for a
//! name; after a title without a colon (`业主张三反映`) and before an honorific
//! (`张三丰先生`) only what begins with a surname is.

use super::suspects::begins_name_word;
use super::{SHORT_STARS, starts_with};

/// Words that a name follows. Longer ones come before their own beginnings.
const TITLES: [&str; 30] = [
    "联系人",
    "反映人",
    "投诉人",
    "报案人",
    "报警人",
    "当事人",
    "来电人",
    "申请人",
    "举报人",
    "上报人",
    "负责人",
    "经办人",
    "处理人",
    "责任人",
    "诉求人",
    "市民",
    "居民",
    "村民",
    "业主",
    "户主",
    "租户",
    "住户",
    "租客",
    "房东",
    "姓名",
    "网格员",
    "网格长",
    "老人",
    "来电者",
    "联络员",
];

/// Words that follow a full name.
const HONORIFICS: [&str; 10] = ["先生", "女士", "小姐", "阿姨", "大爷", "大妈", "师傅", "老师", "奶奶", "爷爷"];

/// The surnames of some nine in ten people, without those that are more often
/// a word of their own in this field (和, 于, 方, 安, 常, 高, 任, 向, 时 …).
pub(super) const SURNAMES: &str = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗梁宋郑谢韩唐冯董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎\
    余潘杜戴夏钟汪田姜范石姚谭廖邹熊金陆郝孔崔康毛邱秦江史顾侯邵孟龙段雷钱汤尹黎武乔贺赖龚文欧司诸上";

/// Two-character words that begin like a name but are none.
const NO_NAMES: [&str; 22] = [
    "周边", "周围", "马路", "江边", "金额", "余款", "石头", "文明", "文化", "上报", "上门", "上楼", "上述", "上下",
    "上网", "司机", "龙头", "雷电", "雷雨", "夏季", "夏天", "田间",
];

/// What goes on after a given name of one character.
const FOLLOWERS: [&str; 27] = [
    "反映", "投诉", "来电", "表示", "反馈", "要求", "发现", "报告", "举报", "咨询", "希望", "联系", "电话", "手机",
    "家", "的", "在", "称", "说", "于", "因", "与", "和", "等", "住", "已", "被",
];

/// The longest run after a colon that is taken for one whole name.
const LONGEST_NAME: usize = 4;

/// Masks names that stand next to a title or an honorific.
pub(super) fn mask_names(text: &[char]) -> Vec<char> {
    mask_before_honorifics(&mask_after_titles(text))
}

/// Masks what follows a title.
fn mask_after_titles(text: &[char]) -> Vec<char> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let title = || TITLES.iter().find(|title| starts_with(&text[at..], title));
        let Some(title) = begins_name_word(text[at]).then(title).flatten() else {
            out.push(text[at]);
            at += 1;
            continue;
        };
        let start = skip_link(text, at + title.chars().count());
        let has_colon = text[at..start].iter().any(|c| matches!(c, ':' | '\u{ff1a}'));
        let length = if has_colon { any_name_length(&text[start..]) } else { surname_name_length(&text[start..]) };
        out.extend(&text[at..start]);
        at = start + length;
        if length >= 2 {
            out.push(text[start]);
            out.extend(SHORT_STARS.chars());
        } else {
            out.extend(&text[start..at]);
        }
    }
    out
}

/// Whether a title or an honorific begins with the character.
pub(super) fn begins_word(c: char) -> bool {
    TITLES.iter().chain(&HONORIFICS).any(|word| word.starts_with(c))
}

/// Whether a name may stand next to the title or the honorific with which the
/// text begins; false where it begins with neither. `is_after_surname` tells
/// whether a surname stands two or three characters before it.
pub(super) fn may_name(text: &str, is_after_surname: bool) -> bool {
    if is_after_surname && HONORIFICS.iter().any(|word| text.starts_with(word)) {
        return true;
    }
    // Two characters tell nearly all texts from all titles, and are compared
    // at once.
    let head = head_of(text.as_bytes()).filter(|head| TITLE_HEADS.contains(head));
    let behind = head.and_then(|_| TITLES.iter().find_map(|title| text.strip_prefix(title)));
    let next = behind.and_then(|behind| behind.chars().next());
    next.is_some_and(|c| is_link(c) || SURNAMES.contains(c))
}

/// The first two characters of each title.
const TITLE_HEADS: [u64; TITLES.len()] = {
    let mut heads = [0; TITLES.len()];
    let mut at = 0;
    while at < heads.len() {
        if let Some(head) = head_of(TITLES[at].as_bytes()) {
            heads[at] = head;
        }
        at += 1;
    }
    heads
};

/// Two Chinese characters as a number.
const fn head_of(text: &[u8]) -> Option<u64> {
    match text {
        &[a, b, c, d, e, f, ..] => Some(u64::from_le_bytes([a, b, c, d, e, f, 0, 0])),
        _ => None,
    }
}

/// What may stand between a title and a name.
fn is_link(c: char) -> bool {
    c.is_whitespace() || matches!(c, ':' | '\u{ff1a}' | '是' | '为' | '叫' | '(' | '\u{ff08}' | '【')
}

/// Where the name begins: after spaces, a colon and the verbs of naming.
fn skip_link(text: &[char], mut at: usize) -> usize {
    while text.get(at).is_some_and(|&c| is_link(c)) {
        at += 1;
    }
    at
}

/// Length of the name that stands after a colon, whatever it is.
fn any_name_length(text: &[char]) -> usize {
    let han = text.iter().take_while(|&&c| is_han(c) || c == '·').count();
    match han {
        0 => latin_name_length(text),
        1..=LONGEST_NAME if !starts_with(&text[1..], "**") => han,
        1..=LONGEST_NAME => 0,
        _ => surname_name_length(text).max(2),
    }
}

/// Length of a name in Latin letters: up to three words of letters.
fn latin_name_length(text: &[char]) -> usize {
    let mut length = 0;
    let mut words = 0;
    let mut in_word = false;
    for (i, c) in text.iter().enumerate() {
        if c.is_ascii_alphabetic() {
            words += usize::from(!in_word);
            in_word = true;
            if words > 3 {
                break;
            }
            length = i + 1;
        } else if matches!(c, ' ' | '.' | '\'') && in_word {
            in_word = false;
        } else {
            break;
        }
    }
    length
}

/// Length of the name that begins with a surname; 0 when there is none.
fn surname_name_length(text: &[char]) -> usize {
    let is_name = text.first().is_some_and(|&c| SURNAMES.contains(c))
        && text.get(1).is_some_and(|&c| is_han(c))
        && !NO_NAMES.iter().any(|word| starts_with(text, word))
        && !HONORIFICS.iter().any(|word| starts_with(&text[1..], word));
    if !is_name {
        return 0;
    }
    let ends_after = |length: usize| {
        let rest = &text[length..];
        !rest.first().is_some_and(|&c| is_han(c))
            || FOLLOWERS.iter().chain(&HONORIFICS).any(|word| starts_with(rest, word))
    };
    if ends_after(2) { 2 } else { 3 }
}

/// Masks two or three characters before an honorific that begin with a surname.
fn mask_before_honorifics(text: &[char]) -> Vec<char> {
    let mut out: Vec<char> = Vec::with_capacity(text.len());
    for (at, &c) in text.iter().enumerate() {
        if begins_name_word(c)
            && HONORIFICS.iter().any(|word| starts_with(&text[at..], word))
            && let Some(length) = [3, 2].into_iter().find(|&length| ends_in_name(&out, length))
        {
            out.truncate(out.len() - length + 1);
            out.extend(SHORT_STARS.chars());
        }
        out.push(c);
    }
    out
}

/// Whether the last `length` characters are a surname and a given name.
fn ends_in_name(text: &[char], length: usize) -> bool {
    text.len().checked_sub(length).is_some_and(|start| {
        let name = &text[start..];
        SURNAMES.contains(name[0])
            && name.iter().all(|&c| is_han(c))
            && !NO_NAMES.iter().any(|word| starts_with(name, word))
    })
}

/// A Chinese character of the common blocks.
pub(in crate::domain) fn is_han(c: char) -> bool {
    matches!(c, '\u{4e00}'..='\u{9fff}' | '\u{3400}'..='\u{4dbf}' | '\u{20000}'..='\u{2ffff}')
}

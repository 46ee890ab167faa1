//! Who holds a role, without saying who it is.
//!
//! In: what a back end wrote where a person belongs. Out: a masked name, or a
//! role with its number, which names nobody.

use crate::domain::privacy::{Masks, mask_name};

/// Words that may stand before a number: roles, not names.
const ROLES: [&str; 14] = [
    "网格员",
    "网格长",
    "专职网格员",
    "兼职网格员",
    "微网格长",
    "下沉干部",
    "挂包领导",
    "巡查员",
    "巡逻员",
    "执法队员",
    "队员",
    "楼栋长",
    "志愿者",
    "工号",
];

/// Longest number that is a number of staff and not of a telephone.
const MAX_STAFF_DIGITS: usize = 6;

/// Masks a person's name; keeps a role with a number (`网格员 07`), a bare
/// staff number, and what is masked already.
pub fn mask_person(text: &str, masks: &Masks) -> String {
    let text = text.trim();
    if !masks.names {
        // What else may stand there is masked all the same.
        return masks.masked(text).into_owned();
    }
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let words: String = text.chars().filter(|c| !c.is_ascii_digit() && !" -·_号#".contains(*c)).collect();
    if digits <= MAX_STAFF_DIGITS && ROLES.contains(&words.as_str()) {
        return text.to_owned();
    }
    if words.is_empty() || words.chars().all(|c| c.is_ascii_alphabetic() && digits > 0) {
        return if digits <= MAX_STAFF_DIGITS { text.to_owned() } else { masks.masked(text).into_owned() };
    }
    mask_name(&words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask_all(text: &str) -> String {
        mask_person(text, &Masks::ALL)
    }

    #[test]
    fn names_are_masked_and_roles_are_not() {
        assert_eq!(mask_all("网格员 07"), "网格员 07");
        assert_eq!(mask_all("A-1024"), "A-1024");
        assert_eq!(mask_all("张三丰"), "张**");
        assert_eq!(mask_all("张**"), "张**");
        assert_eq!(mask_all("张三 13812345678"), "张**");
        assert!(!mask_all("13812345678").contains("12345"));
        assert_eq!(mask_all(""), "");
    }

    #[test]
    fn names_that_may_be_seen_bring_no_numbers_along() {
        let masks = Masks { names: false, ..Masks::ALL };
        assert_eq!(mask_person("张三", &masks), "张三");
        assert_eq!(mask_person("张三 13812345678", &masks), "张三 138****5678");
    }
}

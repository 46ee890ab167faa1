//! The parser's complaints about TOML syntax, in Chinese.
//!
//! In: messages of the `toml` crate. Out: the Chinese sentence where the table
//! has one, with the original after it, because that is what a search engine
//! knows.

/// Beginnings of messages, longer before shorter where one begins the other.
const TRANSLATIONS: [(&str, &str); 27] = [
    ("duplicate key", "键重复"),
    ("string values must be quoted", "字符串要加引号"),
    ("missing opening quote", "缺少开头的引号"),
    ("invalid basic string", "字符串不完整或含有非法字符(反斜杠写作 \\\\)"),
    ("invalid literal string", "字符串不完整"),
    ("invalid multi-line basic string", "多行字符串不完整"),
    ("invalid multi-line literal string", "多行字符串不完整"),
    ("invalid string", "字符串不完整"),
    ("missing comma between array elements", "数组元素之间缺少逗号"),
    ("missing comma between key-value pairs", "键值对之间缺少逗号"),
    ("missing assignment between key-value pairs", "键与值之间缺少等号"),
    ("extra assignment between key-value pairs", "多了一个等号"),
    ("extra `=`", "多了一个等号"),
    ("extra comma", "多了一个逗号"),
    ("key with no value", "键后面没有 = 和值"),
    ("missing value", "等号后面缺少值"),
    ("invalid value", "值的写法不对"),
    ("invalid unquoted key", "键含有不允许的字符(中文等要加引号)"),
    ("unquoted keys cannot be empty", "键不能为空"),
    ("unclosed array table", "缺少 ]]"),
    ("unclosed table", "缺少 ]"),
    ("unclosed inline table", "缺少 }"),
    ("unclosed array", "数组缺少 ]"),
    ("unexpected content", "有多余的内容"),
    ("unexpected key or value", "有多余的内容"),
    ("unexpected leading zero", "数字不能以 0 开头"),
    ("cannot recurse further", "嵌套过深"),
];

/// `message` in Chinese where it is known, as it came where it is not.
pub(super) fn translated(message: &str) -> String {
    match TRANSLATIONS.iter().find(|(beginning, _)| message.starts_with(beginning)) {
        Some((_, sentence)) => format!("{sentence}({message})"),
        None => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_messages_come_through() {
        assert_eq!(translated("duplicate key"), "键重复(duplicate key)");
        assert_eq!(translated("something new"), "something new");
    }

    #[test]
    fn no_translation_hides_behind_a_shorter_one() {
        for (index, (beginning, _)) in TRANSLATIONS.iter().enumerate() {
            let first = TRANSLATIONS.iter().position(|(other, _)| beginning.starts_with(other));
            assert_eq!(first, Some(index), "{beginning}");
        }
    }
}

//! Expressions over one record: a field of the domain computed from what a
//! source wrote.
//!
//! In: the text of an expression (the expressions of Jinja), once; then one
//! record after the other. Out: a value, or why there is none.
//!
//! How it works: `minijinja` compiles the text once. Only its expressions are
//! switched on: no statements, no loops, no functions, and few filters. Each
//! evaluation has a budget that bounds its steps and the bytes it makes, so
//! no record can hold up a decoder or fill the memory. Members that are
//! `null` or blank count as missing, as they do everywhere else.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, LazyLock};

use minijinja::value::{Value, ValueKind};
use minijinja::{Environment, ErrorKind, UndefinedBehavior, filters, tests as checks};
use serde_json::Value as Json;

/// Steps that one evaluation may take; each also pays for about 64 bytes.
const FUEL: u64 = 20_000;

/// Longest expression, in bytes.
const MAX_BYTES: usize = 4_096;

/// The name under which the whole record is known, for members whose names
/// are no identifiers: `record["上报 时间"]`.
const WHOLE: &str = "record";

/// Longest text that `pad` makes, in characters.
const MAX_PADDED: usize = 64;

/// What can stand behind `|`.
const FILTERS: [&str; 15] = [
    "abs", "default", "first", "float", "int", "join", "last", "length", "lower", "pad", "replace", "round", "split",
    "trim", "upper",
];

/// What can stand behind `is`, besides comparisons.
const TESTS: [&str; 9] =
    ["containing", "defined", "endingwith", "mapping", "number", "sequence", "startingwith", "string", "undefined"];

/// All that expressions may use.
static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::empty();
    environment.set_fuel(Some(FUEL));
    environment.set_undefined_behavior(UndefinedBehavior::Chainable);
    environment.add_filter("abs", filters::abs);
    environment.add_filter("default", filters::default);
    environment.add_filter("first", filters::first);
    environment.add_filter("float", number);
    environment.add_filter("int", |value: &Value| number(value).map(f64::trunc).map(whole));
    environment.add_filter("join", filters::join);
    environment.add_filter("last", filters::last);
    environment.add_filter("length", filters::length);
    environment.add_filter("lower", filters::lower);
    environment.add_filter("pad", pad);
    environment.add_filter("replace", filters::replace);
    environment.add_filter("round", filters::round);
    environment.add_filter("split", filters::split);
    environment.add_filter("trim", filters::trim);
    environment.add_filter("upper", filters::upper);
    environment.add_test("containing", |text: String, part: String| text.contains(&part));
    environment.add_test("defined", checks::is_defined);
    environment.add_test("endingwith", checks::is_endingwith);
    environment.add_test("mapping", checks::is_mapping);
    environment.add_test("number", checks::is_number);
    environment.add_test("sequence", checks::is_sequence);
    environment.add_test("startingwith", checks::is_startingwith);
    environment.add_test("string", checks::is_string);
    environment.add_test("undefined", checks::is_undefined);
    environment
});

/// A compiled expression.
#[derive(Clone)]
pub struct Expression {
    text: Arc<str>,
    compiled: Arc<minijinja::Expression<'static, 'static>>,
    /// All that may be members of the record.
    names: Arc<[String]>,
}

/// Two are alike when they are written alike.
impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Expression({})", self.text)
    }
}

impl Expression {
    /// Compiles an expression.
    ///
    /// # Errors
    /// What is wrong with it, in one sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() {
            return Err("表达式为空".to_owned());
        }
        if text.len() > MAX_BYTES {
            return Err(format!("表达式过长({} 字节,上限 {MAX_BYTES})", text.len()));
        }
        if let Some(unknown) = unknown_word(text) {
            return Err(unknown);
        }
        let compiled = ENVIRONMENT.compile_expression_owned(text.to_owned()).map_err(|error| reason(&error))?;
        let names = words_of(text);
        let expression = Self { text: text.into(), compiled: Arc::new(compiled), names: names.into() };
        // What no record can make right is said at once.
        match expression.compiled.eval(Value::from(BTreeMap::<String, Value>::new())) {
            Err(error) if is_mistake(error.kind()) => Err(reason(&error)),
            _ => Ok(expression),
        }
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it mentions a member of this name.
    pub fn mentions(&self, name: &str) -> bool {
        self.text.contains(name)
    }

    /// Its value for a record, `id` being that of the feature around it;
    /// `null` where there is none.
    ///
    /// # Errors
    /// Why it cannot be computed, without anything of the record.
    pub fn evaluate(&self, record: &Json, id: Option<&Json>) -> Result<Json, String> {
        let mut known: BTreeMap<String, Value> = BTreeMap::new();
        for name in &*self.names {
            let value = match name.as_str() {
                WHOLE => visible(record),
                "id" => record.get("id").and_then(visible).or_else(|| id.and_then(visible)),
                name => record.get(name).and_then(visible),
            };
            known.extend(value.map(|value| (name.clone(), value)));
        }
        let value = self.compiled.eval(Value::from(known)).map_err(|error| reason(&error))?;
        if value.is_undefined() || value.is_none() {
            return Ok(Json::Null);
        }
        serde_json::to_value(&value).map_err(|_| "结果不是可用的值".to_owned())
    }
}

/// A value as expressions see it; `None` for one that is missing.
fn visible(value: &Json) -> Option<Value> {
    Some(match value {
        Json::Null => return None,
        Json::Bool(value) => Value::from(*value),
        Json::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => Value::from(number),
            (None, Some(number)) => Value::from(number),
            _ => Value::from(number.as_f64()?),
        },
        Json::String(text) if text.trim().is_empty() => return None,
        Json::String(text) => Value::from(text.as_str()),
        // A place in a list says something, so nothing is left out of one.
        Json::Array(list) => list.iter().map(|value| visible(value).unwrap_or_default()).collect(),
        Json::Object(members) => {
            let seen = members.iter().filter_map(|(name, value)| Some((name.clone(), visible(value)?)));
            Value::from(seen.collect::<BTreeMap<String, Value>>())
        }
    })
}

/// `float`: a number, also when it is written as text. What is none is an
/// error and not zero.
fn number(value: &Value) -> Result<f64, minijinja::Error> {
    let read = match value.kind() {
        ValueKind::Number => f64::try_from(value.clone()).ok(),
        ValueKind::String => value.as_str().and_then(super::written_number::read),
        _ => None,
    };
    read.ok_or_else(|| minijinja::Error::new(ErrorKind::InvalidOperation, "不是数字"))
}

/// A whole number without a fraction, where it can be one.
fn whole(number: f64) -> Value {
    if number.abs() < 9e15 { Value::from(number as i64) } else { Value::from(number) }
}

/// `pad(6)`: zeros before a code that lost them.
fn pad(value: &Value, length: usize) -> String {
    let text = value.to_string();
    let missing = length.min(MAX_PADDED).saturating_sub(text.chars().count());
    "0".repeat(missing) + &text
}

/// The first filter or test that there is none of. The compiler does not look,
/// and evaluating meets only the branch that is taken.
fn unknown_word(text: &str) -> Option<String> {
    let bare = without_texts(text);
    let words = |text: &str| text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    for behind in bare.split('|').skip(1) {
        let name: String = words(behind);
        if !FILTERS.contains(&name.as_str()) {
            return Some(format!("没有过滤器 `{name}`,可用的有 {}", FILTERS.join("、")));
        }
    }
    let mut parts = bare.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| !word.is_empty());
    while let Some(word) = parts.next() {
        if word != "is" {
            continue;
        }
        let name = parts.next().filter(|word| *word != "not").or_else(|| parts.next()).unwrap_or_default();
        if !TESTS.contains(&name) && !["true", "false", "none"].contains(&name) {
            return Some(format!("`is` 之后没有 `{name}`,可用的有 {}", TESTS.join("、")));
        }
    }
    None
}

/// The words of an expression: the members that it mentions, and some more.
fn words_of(text: &str) -> Vec<String> {
    let bare = without_texts(text);
    let mut words: Vec<String> = bare
        .split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect();
    words.sort_unstable();
    words.dedup();
    words
}

/// The expression with everything in quotes taken out.
fn without_texts(text: &str) -> String {
    let mut bare = String::with_capacity(text.len());
    let mut quote = None;
    let mut is_escaped = false;
    for c in text.chars() {
        match quote {
            None if matches!(c, '"' | '\'') => {
                quote = Some(c);
                bare.push(' ');
            }
            None => bare.push(c),
            Some(_) if is_escaped => is_escaped = false,
            Some(_) if c == '\\' => is_escaped = true,
            Some(open) if c == open => quote = None,
            Some(_) => {}
        }
    }
    bare
}

/// Whether a mistake is one of the expression and not of a record.
fn is_mistake(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::SyntaxError
            | ErrorKind::UnknownFilter
            | ErrorKind::UnknownTest
            | ErrorKind::UnknownFunction
            | ErrorKind::UnknownMethod
            | ErrorKind::OutOfFuel
            | ErrorKind::MissingArgument
            | ErrorKind::TooManyArguments
    )
}

/// Why an expression failed. The library's words are about the expression;
/// those that might repeat a value are left out.
fn reason(error: &minijinja::Error) -> String {
    let what = match error.kind() {
        ErrorKind::SyntaxError => "表达式语法错误",
        ErrorKind::UnknownFilter => "没有这个过滤器",
        ErrorKind::UnknownTest => "`is` 之后没有这个词",
        ErrorKind::UnknownFunction | ErrorKind::UnknownMethod => "没有函数可用",
        ErrorKind::OutOfFuel => "计算量过大",
        ErrorKind::MissingArgument => "缺少参数",
        ErrorKind::TooManyArguments => "参数过多",
        ErrorKind::UndefinedError => "用到的字段不存在",
        ErrorKind::InvalidOperation if error.detail() == Some("不是数字") => "不是数字",
        _ => "不能这样计算",
    };
    match error.detail().filter(|_| error.kind() == ErrorKind::SyntaxError) {
        Some(detail) => format!("{what}:{detail}"),
        None => what.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn value(text: &str) -> Result<Json, String> {
        let record = json!({
            "a": "甲", "b": null, "blank": " ", "n": 7, "x": 12.5, "text": "1,234.5%", "街道": "红花",
            "grid": {"code": "320104001002", "deep": [1, 2, 3]}, "time": "2025-08-15T09:05", "上报 时间": "今天",
            "point": "118.78,32.04", "ok": true, "big": 12_345_678_901_234_567_890_u64,
        });
        Expression::parse(text).unwrap_or_else(|fault| panic!("{text}: {fault}")).evaluate(&record, Some(&json!(42)))
    }

    #[test]
    fn what_integrators_need_can_be_written() {
        for (text, expected) in [
            ("a", json!("甲")),
            ("a ~ '-' ~ 街道", json!("甲-红花")),
            ("a ~ b ~ blank ~ missing", json!("甲")),
            ("grid.code[0:6]", json!("320104")),
            ("grid.code[-3:]", json!("002")),
            ("grid.code[:-3] ~ '000'", json!("320104001000")),
            ("街道[0:1]", json!("红")),
            ("b|default('无')", json!("无")),
            ("no.such.thing|default(a)", json!("甲")),
            ("no.such.thing", Json::Null),
            ("b", Json::Null),
            ("'urgent' if n >= 3 else 'normal'", json!("urgent")),
            ("'urgent' if no else 'normal'", json!("normal")),
            ("'hotline' if a in ['乙', '甲'] else 'patrol'", json!("hotline")),
            ("n * 2 + 1", json!(15)),
            ("x / 10", json!(1.25)),
            ("(text|float) / 100", json!(12.345)),
            ("'12'|int + 1", json!(13)),
            // As in Python: halves go to the even one.
            ("x|round", json!(12.0)),
            ("12.34567|round(2)", json!(12.35)),
            ("time|replace('T', ' ')", json!("2025-08-15 09:05")),
            ("(point|split(','))[1]|float", json!(32.04)),
            ("point|split(',')|last", json!("32.04")),
            ("[1, 2]", json!([1, 2])),
            ("grid.deep[2]", json!(3)),
            ("n|pad(4)", json!("0007")),
            ("a is defined and b is undefined and no is not defined", json!(true)),
            ("time is startingwith('2025') and a is containing('甲')", json!(true)),
            ("record['上报 时间']", json!("今天")),
            ("record.a ~ record.grid.code|length", json!("甲12")),
            ("id", json!(42)),
            ("ok", json!(true)),
            ("big", json!(12_345_678_901_234_567_890_u64)),
            ("' 甲 '|trim", json!("甲")),
        ] {
            assert_eq!(value(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_with_an_expression_is_said_when_it_is_read() {
        for text in [
            "",
            " ",
            "a ~",
            "(a",
            "a b",
            "a|nope",
            "a if b else c|nope",
            "a is odd",
            "a is not odd",
            "range(3)",
            "a.upper()",
            "{% for x in a %}{% endfor %}",
            "a}}",
            "'a",
            "1 ** 1 if f(1) else 2",
            "('x' * 1000000)|length",
        ] {
            assert!(Expression::parse(text).is_err(), "{text}");
        }
        assert!(Expression::parse(&"a~".repeat(3_000)).is_err(), "too long");
        assert!(Expression::parse(&format!("{}a{}", "(".repeat(1_900), ")".repeat(1_900))).is_err(), "too deep");
        for text in ["'is odd' ~ a", "\"a|nope\"", "'\\'|nope'", "is_odd", "this is defined"] {
            assert!(Expression::parse(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_record_costs_one_value() {
        for text in ["a + 1", "a|float", "n / 0", "a * 100000000", "a[0:2] + n", "n.x.y + 1", "-a"] {
            let fault = value(text).unwrap_err();
            assert!(!fault.contains('甲'), "{text}: {fault}");
        }
    }

    #[test]
    fn two_are_alike_when_written_alike() {
        assert_eq!(Expression::parse("a ~ b"), Expression::parse("a ~ b"));
        assert_ne!(Expression::parse("a ~ b"), Expression::parse("a~b"));
        assert_eq!(format!("{:?}", Expression::parse("a").unwrap()), "Expression(a)");
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,30}|(a|n|grid|x|record|[0-9]{1,3}|\"|'| |~|\\+|-|\\*|\\*\\*|/|//|%|\\(|\\)|\\[|\\]|\\||:|,|if|else|is|not|in|and|float|int|length|default|pad|split|join|round){0,20}") {
            if let Ok(expression) = Expression::parse(&text) {
                let record = json!({"a": "x,y", "n": 9_000_000, "x": 1e300, "grid": {"deep": [1, {"b": "c"}]}});
                _ = expression.evaluate(&record, None);
            }
        }
    }
}

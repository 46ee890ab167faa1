//! Expressions over records: they end, give the same twice, and a fault tells
//! nothing of the record.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quanyu_fuzz::domain::expression::Expression;
use serde_json::{Value, json};

const SECRET: &str = "甲乙丙丁戊己庚辛";

fuzz_target!(|text: &str| {
    let (expression, record) = text.split_once('\n').unwrap_or((text, "{}"));
    let Ok(expression) = Expression::parse(expression) else { return };
    let mut record: Value = serde_json::from_str(record).unwrap_or_else(|_| json!({ "x": 1, "t": "2025-08-15" }));
    if let Some(members) = record.as_object_mut() {
        members.insert("secret".into(), SECRET.into());
    }
    let id = json!("f-1");
    let once = expression.evaluate(&record, Some(&id));
    assert_eq!(once, expression.evaluate(&record, Some(&id)));
    if let Err(fault) = once {
        assert!(!fault.is_empty() && !fault.contains(SECRET), "{fault}");
    }
});

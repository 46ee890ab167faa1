//! Written numbers: what is read is finite, means one thing, and comes back.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quanyu_fuzz::domain::time::Time;
use quanyu_fuzz::domain::written_number::{is_nothing, read, read_with_unit};
use quanyu_fuzz::sample::ZONE;

fuzz_target!(|text: &str| {
    let (unit, text) = text.split_once('\n').unwrap_or(("ppm", text));
    let number = read(text);
    if let Some(number) = number {
        assert!(number.is_finite() && !is_nothing(text), "{text:?}");
        assert_eq!(read(&number.to_string()), Some(number));
        assert_eq!(read_with_unit(text, unit), Some(number));
        _ = Time::from_number(number, &ZONE);
    }
    if let Some(number) = read_with_unit(text, unit) {
        assert!(number.is_finite());
    }
});

//! Written times: the quick reader reads what the thorough one does, and what is
//! read comes back.
#![no_main]

use std::sync::LazyLock;

use jiff::tz::TimeZone;
use libfuzzer_sys::fuzz_target;
use quanyu_fuzz::config::template::{Placeholder, Template};
use quanyu_fuzz::domain::time::Time;
use quanyu_fuzz::domain::written_time::{TimeReader, format_fault};

static ZONES: LazyLock<Vec<(TimeZone, TimeReader)>> = LazyLock::new(|| {
    let zones = ["Asia/Shanghai", "Europe/London", "America/Sao_Paulo", "Pacific/Apia", "UTC"];
    let zones = zones.map(|name| TimeZone::get(name).expect("is bundled"));
    zones.map(|zone| (zone.clone(), TimeReader::new(zone))).into()
});

fuzz_target!(|text: &str| {
    let (head, rest) = text.split_once('\n').unwrap_or(("", text));
    let (zone, reader) = &ZONES[head.len() % ZONES.len()];
    let read = reader.read(rest);
    assert_eq!(read, Time::parse(rest, zone), "{rest:?}");
    if let Some(at) = read {
        let is_listed = jiff::Timestamp::from_millisecond(at.0).is_ok();
        assert!(!is_listed || Time::parse(&at.rfc3339(), zone) == Some(at), "{at:?}");
        _ = (at.start_of_day(zone), at.hour_of_day(zone), at.clock_text(zone), at.date_text(zone));
    }
    // The head is a format, or a template.
    if format_fault(head).is_none() {
        let only = TimeReader::new(zone.clone()).with_format(Some(head.to_owned()));
        _ = only.read(rest);
        let sample = jiff::civil::date(2025, 8, 15).at(21, 45, 0, 0).to_zoned(TimeZone::UTC).expect("is a time");
        let written = jiff::fmt::strtime::format(head, &sample).expect("is a format");
        assert!(only.read(&written).is_some(), "{head:?} does not read {written:?}");
    }
    if let Ok(template) = Template::parse(rest, &["token"]) {
        let at = Time::parse(head, zone).unwrap_or(Time(1_755_219_600_000));
        let fill = || {
            template.expand(|placeholder| match placeholder {
                Placeholder::Name(name) => name.clone(),
                Placeholder::Moment(moment) => moment.render(at, zone),
            })
        };
        assert_eq!(fill(), fill());
    }
});

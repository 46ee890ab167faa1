//! From a sample to a configuration (`init`), and from a configuration to a
//! better one (`check --fix`): what is written can be read, and neither shows
//! anybody's number.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use quanyu_fuzz::config::Config;
use quanyu_fuzz::config::source::Feed;
use quanyu_fuzz::domain::survey::Survey;
use quanyu_fuzz::ingest::decode::Format;
use quanyu_fuzz::oracle::leak;
use quanyu_fuzz::sample::{ZONE, source, stages, survey};
use quanyu_fuzz::setup::draft::{self, Place, Sample};
use quanyu_fuzz::setup::fields::guess;
use quanyu_fuzz::setup::propose::{Seen, propose};
use quanyu_fuzz::setup::{diff, feed, fix};

/// What is told of values: an example and words of each member.
fn check_survey(seen: &Survey) {
    for key in seen.keys() {
        let words = key.words().iter().map(|(word, _)| word);
        for text in key.example.iter().chain(words) {
            assert_eq!(leak(text), None, "{text:?} of {:?}", key.key);
        }
    }
    for field in seen.fields() {
        let words = field.vocabulary().iter().map(|(word, _)| word);
        for text in field.example.iter().chain(words) {
            assert_eq!(leak(text), None, "{text:?} of {}", field.name);
        }
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((&format, body)) = data.split_first() else { return };
    let format = if format % 2 == 0 { Format::Unknown } else { Format::Csv };
    let Ok(looked) = survey(&source(Feed::Events), body, format) else { return };
    let Some(seen) = looked.survey else { return };
    check_survey(&seen);
    if seen.records() == 0 || draft::is_headless(&seen) {
        return;
    }
    let ranked = feed::rank(&seen, "data/sample.json", false);
    let Some(best) = ranked.first() else { return };
    let guesses = guess(&seen, best.feed, best.feed.field_names(), &[], None);
    let sample = Sample {
        place: Place::File("data/sample.json".into()),
        feed: best.feed,
        reason: best.reason.clone(),
        records: None,
        survey: *seen,
        guesses,
        settings: vec![("crs", None, "没有写明".into())],
    };
    _ = (draft::is_nested(&sample), draft::is_datav(&sample.survey));
    let samples = [sample];
    let text = draft::write(&samples, draft::stages(&samples).as_deref());
    let config = Config::parse(&text, Path::new("/fuzz/config.toml")).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let Ok(decoded) = survey(&config.sources[0], body, format) else { return };
    let seen = Seen {
        survey: decoded.survey.as_deref(),
        findings: &decoded.findings,
        records: decoded.records.len(),
        points: 0,
        datum: None,
        other_crs: decoded.other_crs,
        ahead_secs: 0.0,
    };
    let changes = propose(&config.sources, &[seen], &stages(), &ZONE);
    let fixed = fix::apply(&text, &changes).unwrap_or_else(|error| panic!("{error}\n{text}"));
    _ = diff::unified(&text, &fixed);
    assert_eq!(fix::apply(&text, &[]).as_deref(), Ok(text.as_str()), "nothing was to be changed");
});

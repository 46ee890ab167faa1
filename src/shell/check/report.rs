//! What `quanyu check` found, for people and for programs.
//!
//! In: the configuration with its text, what came of each source, what the
//! inspection says. Out: [`Report`]. Its JSON is described in
//! `docs/integrator.md`; [`SCHEMA`] goes up when a member changes its meaning
//! or goes away.

use serde::Serialize;

use super::inspect::Inspection;
use super::tiles::TileReport;
use crate::config::Source;
use crate::config::error::Complaint;
use crate::config::places::{Place, Step, place_of};
use crate::config::source::FieldRule;
use crate::domain::finding::{Finding, FindingKind};
use crate::domain::privacy::mask_free_text;
use crate::domain::survey::{KeySurvey, Survey};
use crate::domain::time::Time;
use crate::ingest::{ProbeReport, normalized, synonyms};
use crate::setup::propose::{holds, taken};

/// Version of the JSON.
pub const SCHEMA: u32 = 1;

/// Members that no mapping uses, listed per source.
const MAX_UNUSED: usize = 64;

/// All of it.
#[derive(Serialize, Default)]
pub struct Report {
    /// Version of this form.
    pub schema: u32,
    /// The configuration, as it was named.
    pub config: String,
    /// The exit code.
    pub exit: u8,
    /// Kinds of personal data that the configuration does not mask.
    pub unmasked: Vec<&'static str>,
    /// One for each source, in the order of the file; none when the
    /// configuration is faulty or nothing was connected to.
    pub sources: Vec<SourceReport>,
    /// One for each tile set.
    pub tiles: Vec<TileReport>,
    /// Everything that was found.
    pub findings: Vec<Item>,
    /// What `--fix` proposes; `null` without it.
    pub fixes: Option<Fixes>,
}

/// How much something matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weight {
    /// Cannot be used.
    Error,
    /// Used in part.
    Warning,
    /// Mended, or guessed right.
    Note,
}

/// One thing that was found.
#[derive(Clone, Debug, Serialize)]
pub struct Item {
    /// How much it matters.
    pub severity: Weight,
    /// What kind of thing: `configuration`, `unreachable`, `absent-field`,
    /// `failed-values`, `more`, `tiles`, `theme`, or that of a finding about data.
    pub kind: &'static str,
    /// Id of the source or tile set.
    pub source: Option<String>,
    /// Record, field or code that it is about.
    pub subject: String,
    /// One sentence.
    pub message: String,
    /// The file that it is about, where that is not the configuration.
    pub file: Option<String>,
    /// Line in the file, from 1; 0 when it is about no line.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
    /// Full path of the key.
    pub key: String,
}

/// One source.
#[derive(Serialize)]
pub struct SourceReport {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What its records are.
    pub feed: &'static str,
    /// Line of its table in the configuration.
    pub line: usize,
    /// Records that can be used.
    pub records: usize,
    /// Bytes that came, after decompression.
    pub bytes: u64,
    /// How long it took, milliseconds.
    pub took_ms: u64,
    /// The newest instant of a record, RFC 3339.
    pub newest: Option<String>,
    /// Seconds since then.
    pub newest_age_s: Option<i64>,
    /// Why nothing came, or nothing of it can be used.
    pub error: Option<String>,
    /// Whether the points fit the areas.
    pub datum: Option<Datum>,
    /// Members that no mapping uses.
    pub unused: Vec<Unused>,
    /// Fields that are mapped and were never there.
    pub absent: Vec<Absent>,
    /// Fields of which values could not be read.
    pub failed: Vec<Failed>,
    /// How many findings there are about its records; not all are listed.
    pub findings_total: u64,
}

/// Whether points fit the areas.
#[derive(Serialize)]
pub struct Datum {
    /// The system in which they are read.
    pub crs: String,
    /// Points.
    pub points: usize,
    /// Share of them inside an area, 0 to 1.
    pub inside: f64,
    /// The system in which points or boundary fit, if it is another.
    pub fits: Option<Fits>,
}

/// Another system that fits.
#[derive(Serialize)]
pub struct Fits {
    /// Which one.
    pub crs: String,
    /// `points` or `boundary`: what to read in it.
    pub of: &'static str,
    /// Share of the points inside then, 0 to 1.
    pub inside: f64,
    /// How far that moves things, metres.
    pub shift_m: f64,
}

/// A member that no mapping uses.
#[derive(Serialize)]
pub struct Unused {
    /// Column or JSON pointer.
    pub key: String,
    /// Share of the records that have it, 0 to 1.
    pub share: f64,
    /// A value, masked.
    pub example: String,
}

/// A field that is mapped and was never there.
#[derive(Serialize)]
pub struct Absent {
    /// The field.
    pub field: String,
    /// Where it was looked for.
    pub place: String,
}

/// A field of which values could not be read.
#[derive(Serialize)]
pub struct Failed {
    /// The field.
    pub field: String,
    /// Values that there were.
    pub values: u64,
    /// Of them, those that could not be read.
    pub failed: u64,
    /// Their share, 0 to 1.
    pub share: f64,
    /// One of them, masked.
    pub example: String,
}

/// What `--fix` proposes.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Fixes {
    /// Whether the configuration was written.
    pub written: bool,
    /// Where the former one is kept.
    pub backup: Option<String>,
    /// Why it was not written, if there was something to write.
    pub refused: Option<String>,
    /// The changes.
    pub changes: Vec<FixItem>,
}

/// One change.
#[derive(Clone, Debug, Serialize)]
pub struct FixItem {
    /// Id of the source.
    pub source: String,
    /// Full path of the key.
    pub key: String,
    /// The value.
    pub value: String,
    /// Why.
    pub reason: String,
}

impl Report {
    /// A report about a configuration that cannot be used.
    pub fn refused(config: String, complaints: &[Complaint]) -> Self {
        let item = |complaint: &Complaint| Item {
            severity: Weight::Error,
            kind: "configuration",
            source: None,
            subject: String::new(),
            message: complaint.message.clone(),
            file: (complaint.path != config).then(|| complaint.path.clone()),
            line: complaint.line,
            column: complaint.column,
            key: complaint.key.clone(),
        };
        let findings = complaints.iter().map(item).collect();
        Self { schema: SCHEMA, config, exit: 2, findings, ..Self::default() }
    }

    /// Sets the exit code: 2 for what cannot be used, 1 for findings, 0 else.
    pub fn judge(&mut self) {
        let has_error = self.findings.iter().any(|item| item.severity == Weight::Error);
        self.exit = if has_error { 2 } else { u8::from(!self.findings.is_empty()) };
    }
}

/// Where things of one source stand in the configuration.
pub struct Lines<'t> {
    /// The text.
    pub text: &'t str,
    /// The source's position, from 0.
    pub index: usize,
}

impl Lines<'_> {
    /// The place and full path of a key.
    pub fn of(&self, way: &[&str]) -> (Place, String) {
        let steps: Vec<Step<'_>> = [Step::Key("sources"), Step::Item(self.index)]
            .into_iter()
            .chain(way.iter().map(|step| Step::Key(step)))
            .collect();
        let place = place_of(self.text, &steps).unwrap_or(Place { line: 0, column: 0, is_exact: false });
        let path = std::iter::once(format!("sources[{}]", self.index)).chain(way.iter().map(|step| (*step).to_owned()));
        (place, path.collect::<Vec<_>>().join("."))
    }
}

/// Reports one source, and puts what was found about it into `items`.
pub fn source_report(
    source: &Source,
    probe: ProbeReport,
    found: &Inspection,
    lines: &Lines<'_>,
    now: Time,
    items: &mut Vec<Item>,
) -> SourceReport {
    let mut add = |severity, kind, subject: &str, message: String, way: &[&str]| {
        let (place, key) = lines.of(way);
        items.push(Item {
            severity,
            kind,
            source: Some(source.id.clone()),
            subject: subject.to_owned(),
            message,
            file: None,
            line: place.line,
            column: place.column,
            key,
        });
    };
    if let Some(error) = &probe.error {
        add(Weight::Error, "unreachable", "", error.clone(), &[]);
    }
    for finding in &probe.findings {
        let subject = subject_text(&finding.subject);
        add(weight(finding.kind), finding.kind.name(), &subject, finding.message.clone(), key_of(finding.kind));
    }
    let listed = probe.findings.len() as u64;
    let is_said = probe.findings.last().is_some_and(|last| last.kind == FindingKind::Limit && last.subject == "…");
    if probe.findings_total > listed && !is_said {
        add(Weight::Warning, "more", "…", format!("另有 {} 项未列出", probe.findings_total - listed), &[]);
    }
    for finding in &found.findings {
        add(Weight::Warning, finding.kind.name(), "", finding.message.clone(), key_of(finding.kind));
    }
    let count = probe.count();
    let survey = probe.survey.as_deref();
    // A stream that was listened to for a moment has not told everything.
    let absent = survey.filter(|_| count > 0 && !source.origin.is_push()).map(|survey| absent(source, survey));
    let absent = absent.unwrap_or_default();
    for Absent { field, place } in &absent {
        let message = format!("{field} 写作 {place},而没有一条记录有它");
        add(Weight::Warning, "absent-field", field, message, &["fields", field]);
    }
    let failed = survey.map(failed).unwrap_or_default();
    for Failed { field, values, failed, example, .. } in &failed {
        let message = format!("{values} 个值中有 {failed} 个读不出,例如“{example}”");
        add(Weight::Warning, "failed-values", field, message, &["fields", field]);
    }
    SourceReport {
        id: source.id.clone(),
        name: source.name.clone(),
        feed: source.feed.name(),
        line: lines.of(&[]).0.line,
        records: count,
        bytes: probe.bytes,
        took_ms: probe.took_ms,
        newest: found.newest.map(Time::rfc3339),
        newest_age_s: found.newest.map(|newest| now.secs_since(newest) as i64),
        datum: datum(source, found),
        unused: survey.map(|survey| unused(source, survey)).unwrap_or_default(),
        absent,
        failed,
        findings_total: probe.findings_total,
        error: probe.error,
    }
}

/// Which record a finding is about, fit for a terminal: an id may be a phone
/// number.
fn subject_text(subject: &str) -> String {
    mask_free_text(subject).chars().filter(|c| !c.is_control()).collect()
}

/// What a finding about the areas of all sources is in the report.
pub fn area_item(finding: &Finding) -> Item {
    Item {
        severity: Weight::Warning,
        kind: finding.kind.name(),
        source: None,
        subject: subject_text(&finding.subject),
        message: finding.message.clone(),
        file: None,
        line: 0,
        column: 0,
        key: String::new(),
    }
}

fn weight(kind: FindingKind) -> Weight {
    if kind.is_mended() { Weight::Note } else { Weight::Warning }
}

/// The key that mends what a finding is about.
fn key_of(kind: FindingKind) -> &'static [&'static str] {
    match kind {
        FindingKind::Datum | FindingKind::BadCoordinate | FindingKind::Outside => &["crs"],
        FindingKind::Encoding => &["encoding"],
        FindingKind::Limit => &["limits"],
        FindingKind::BadField | FindingKind::Untimed => &["fields"],
        FindingKind::Future => &["time_zone"],
        _ => &[],
    }
}

fn datum(source: &Source, found: &Inspection) -> Option<Datum> {
    use crate::domain::spatial::Misread;
    let outside = found.outside?;
    let fits = found.datum.map(|hint| Fits {
        crs: hint.crs.name().into_owned(),
        of: if hint.misread == Misread::Points { "points" } else { "boundary" },
        inside: hint.inside_if_converted,
        shift_m: hint.shift_m,
    });
    let inside = 1.0 - outside as f64 / found.points.max(1) as f64;
    Some(Datum { crs: source.crs.name().into_owned(), points: found.points, inside, fits })
}

/// Members that no mapping uses: neither configured, nor mentioned in an
/// expression, nor known by name.
fn unused(source: &Source, survey: &Survey) -> Vec<Unused> {
    let names: Vec<String> = source
        .feed
        .field_names()
        .iter()
        .filter(|name| !source.fields.contains_key(**name))
        .flat_map(|name| std::iter::once(name).chain(synonyms(source.feed, name)))
        .map(|name| normalized(name))
        .collect();
    let places = taken(source, survey);
    let is_used = |key: &KeySurvey| {
        let top = key.key.trim_start_matches('/').split('/').next().unwrap_or_default();
        let top = if survey.is_table() { key.key.as_str() } else { top };
        let is_named = names.contains(&normalized(top));
        let is_around = |place: &&str| holds(&key.key, place) || holds(place, &key.key);
        let is_mentioned = source.fields.values().any(|rule| match rule {
            FieldRule::Computed(expression) => expression.mentions(top),
            FieldRule::At(_) => false,
        });
        is_named || is_mentioned || places.iter().any(is_around)
    };
    let records = survey.records().max(1) as f64;
    survey
        .keys()
        .iter()
        .filter(|key| !is_used(key))
        .take(MAX_UNUSED)
        .map(|key| Unused {
            key: subject_text(&key.key),
            share: key.present as f64 / records,
            example: key.example.clone().unwrap_or_default(),
        })
        .collect()
}

fn absent(source: &Source, survey: &Survey) -> Vec<Absent> {
    let place = |name: &str| match source.fields.get(name) {
        Some(FieldRule::At(place)) => place.clone(),
        Some(FieldRule::Computed(expression)) => expression.text().to_owned(),
        None => String::new(),
    };
    let is_there = |name: &str| survey.fields().iter().any(|field| field.name == name && field.present > 0);
    let names = source.feed.field_names().iter().copied();
    let absent = names.filter(|name| source.fields.contains_key(*name) && !is_there(name));
    absent.map(|name| Absent { field: name.to_owned(), place: place(name) }).collect()
}

fn failed(survey: &Survey) -> Vec<Failed> {
    let failed = survey.fields().iter().filter(|field| field.failed > 0);
    failed
        .map(|field| Failed {
            field: field.name.to_owned(),
            values: field.present,
            failed: field.failed,
            share: field.failed as f64 / field.present.max(1) as f64,
            example: match field.vocabulary().first() {
                Some((word, _)) => word.clone(),
                None => field.example.clone().unwrap_or_default(),
            },
        })
        .collect()
}

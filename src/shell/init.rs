//! `quanyu init`: a first configuration from a look at the data.
//!
//! In: files and addresses. Out: a commented configuration that shows them, on
//! standard output or in a new file.
//!
//! How it works: each sample is fetched once as a source whose records nobody
//! knows, and surveyed; what they are and where their fields stand is guessed
//! (`setup`). The draft is then tried as `check --fix` tries a configuration:
//! that adds what only shows with all samples together, the datum and what
//! words mean.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, anyhow, bail};
use clap::{Args, ValueHint};

use super::check::improve;
use crate::config::source::Feed;
use crate::config::{Config, ConfigError, Source};
use crate::domain::crs::Crs;
use crate::domain::finding::FindingKind;
use crate::domain::survey::{KeySurvey, Survey};
use crate::ingest::{Fault, IngestContext, ProbeReport, io_text, survey, survey_all};
use crate::setup::draft::{self, Place, Sample, quoted};
use crate::setup::feed::{FeedGuess, rank};
use crate::setup::fields::{WRITTEN, guess};
use crate::setup::propose::is_believed;

/// What to look at, and where to write.
#[derive(Args, Debug)]
pub struct InitArguments {
    /// 看哪些数据:文件,或 http(s) 网址(JSON、GeoJSON、CSV、Shapefile、FlatGeobuf、事件流)
    #[arg(required = true, value_name = "URL|FILE", value_hint = ValueHint::FilePath)]
    samples: Vec<String>,
    /// 写到哪个文件(不能已有);不写则输出到标准输出
    #[arg(short, long, value_hint = ValueHint::FilePath)]
    output: Option<PathBuf>,
}

/// Looks, and writes: 0 for all samples, 1 when some could not be used, an
/// error when none could.
///
/// # Errors
/// When no sample can be used, or the file is there already.
pub fn run(arguments: &InitArguments) -> anyhow::Result<ExitCode> {
    let InitArguments { samples, output } = arguments;
    if let Some(path) = output.as_deref().filter(|path| path.exists()) {
        bail!("{} 已经存在,不覆盖;请换一个文件名", path.display());
    }
    let path = output.clone().unwrap_or_else(|| PathBuf::from("config.toml"));
    let mut taken = Vec::new();
    let mut is_whole = true;
    for at in samples {
        match sample(at, &path) {
            Ok(found) => taken.push(found),
            Err(reason) => {
                eprintln!("quanyu: {}:{reason}", told(at));
                is_whole = false;
            }
        }
    }
    if taken.is_empty() {
        bail!("没有可用的样本");
    }
    let text = configuration(taken, &path)?;
    match output {
        None => print(&text)?,
        Some(path) => {
            write_new(path, &text).map_err(|error| anyhow!("无法写入 {}:{}", path.display(), io_text(&error)))?;
            eprintln!("已写入 {0};下一步:quanyu check -c {0}", path.display());
        }
    }
    Ok(ExitCode::from(u8::from(!is_whole)))
}

/// Writes a file that was not there; it comes whole or not at all.
fn write_new(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    if written.is_err() {
        _ = std::fs::remove_file(path);
    }
    written
}

/// A sample as it may be named in a message: an address without what may be
/// secret in it.
fn told(at: &str) -> &str {
    let bare = at.split(['?', '#']).next().unwrap_or(at);
    match at.split_once("://") {
        None => at,
        Some(_) if bare.contains('@') => "网址",
        Some(_) => bare,
    }
}

/// Writes to standard output; a reader that went away is no error.
fn print(text: &str) -> anyhow::Result<()> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error).context("无法输出"),
        _ => Ok(()),
    }
}

/// The draft of all samples, tried and improved.
fn configuration(mut samples: Vec<Sample>, path: &Path) -> anyhow::Result<String> {
    // What points are located by comes first.
    samples.sort_by_key(|sample| sample.feed != Feed::Areas);
    let codes = samples.iter().find_map(code_key).cloned();
    for sample in &mut samples {
        let area_codes = codes.as_ref().filter(|_| sample.feed != Feed::Areas);
        sample.guesses = guess(&sample.survey, sample.feed, sample.feed.field_names(), &[], area_codes);
        // A feature has its place already, and a track in its points.
        let shapes = sample.survey.geometries();
        let has_geometry = shapes.points + shapes.lines + shapes.polygons > 0;
        let has = |name: &str| sample.guesses.iter().any(|guess| guess.field == name);
        let (has_pair, has_points) = (has("lon") && has("lat"), has("points"));
        sample.guesses.retain(|guess| match guess.field {
            "geometry" if has_pair => false,
            "lon" | "lat" | "geometry" => !has_geometry && !has_points,
            _ => true,
        });
        settings(sample);
    }
    let stages = draft::stages(&samples);
    let text = draft::write(&samples, stages.as_deref());
    let config = Config::parse(&text, path).context("样本写不成有效的配置")?;
    let probes = survey_all(&config.sources, &IngestContext::of(&config, Arc::new(|| {})));
    let improved = match improve(&config, &text, &probes) {
        Ok((_, improved)) => improved,
        // Where it cannot be improved, the draft is what there is.
        Err((_, reason)) => {
            eprintln!("quanyu: 取值、坐标系等没有写:{reason}");
            text
        }
    };
    let text = without_answered(&improved);
    Config::parse(&text, path).context("样本写不成有效的配置")?;
    Ok(text)
}

/// The text without the remarks on a datum that is not known, where it became
/// known.
fn without_answered(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut is_known = false;
    for line in text.lines() {
        // The keys of a source stand before its remarks.
        is_known = line.starts_with("crs = ") || is_known && line != "[[sources]]";
        if !(is_known && line.starts_with("# crs:")) {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

/// Where the codes of areas are.
fn code_key(sample: &Sample) -> Option<&KeySurvey> {
    let found = guess(&sample.survey, Feed::Areas, &["code"], &[], None);
    sample.survey.key(&found.first()?.key).filter(|_| sample.feed == Feed::Areas)
}

/// Keys of the source that the sample itself tells.
fn settings(sample: &mut Sample) {
    if sample.feed == Feed::Areas {
        let has = |field: &str| sample.guesses.iter().find(|guess| guess.field == field && guess.mark >= WRITTEN);
        let level = has("name").and_then(|guess| draft::level(&sample.survey, &guess.key));
        match (has("level"), level) {
            (Some(_), _) => {}
            (None, _) if draft::is_nested(sample) => {
                let reason = "其中不止一级,又没有级别字段,都会作为社区;请补上级别字段,或按级分成几个数据源,各写 level";
                sample.settings.push(("level", None, reason.into()));
            }
            (None, Some(level)) => {
                sample.settings.push(("level", Some(level.name().to_owned()), "名称多以此结尾".into()));
            }
            (None, None) => {
                let reason =
                    "看不出是哪一级(city、district、street、community、grid、micro-grid),按上级推算,推不出的作为社区";
                sample.settings.push(("level", None, reason.into()));
            }
        }
    }
    let is_sure = sample.settings.iter().any(|(key, value, _)| *key == "crs" && value.is_some());
    match sample.feed {
        _ if is_sure => {}
        Feed::Areas if draft::is_datav(&sample.survey) => {
            sample.settings.push(("crs", Some("gcj02".into()), "字段像是 DataV、高德导出的边界,那是 GCJ-02".into()));
        }
        Feed::Figures => {}
        _ => {
            let reason = "没有写明坐标系,按 wgs84 读;高德、腾讯、DataV 为 gcj02,百度为 bd09(check 会比较点与边界)";
            sample.settings.push(("crs", None, reason.into()));
        }
    }
}

/// Looks at one file or address.
fn sample(at: &str, config: &Path) -> Result<Sample, String> {
    let is_url = at.starts_with("http://") || at.starts_with("https://");
    if !is_url && at.contains("://") {
        return Err("只看文件和 http(s) 网址;websocket、mqtt 等请按接入手册写".to_owned());
    }
    let (place, whence, looked) = if is_url { look_at_address(at)? } else { look_at_file(at, config)? };
    let is_push = matches!(place, Place::Sse(_));
    let (records, looked) = with_records(&whence, looked);
    let seen: Survey = looked.survey.map(|seen| *seen).unwrap_or_default();
    if seen.records() == 0 {
        return Err(if is_push { "是事件流,但没有等到一条消息" } else { "没有记录" }.to_owned());
    }
    if draft::is_headless(&seen) {
        return Err("表格像是没有表头(第一行里有数值);请补上表头".to_owned());
    }
    let ranked = rank(&seen, at, is_push);
    let Some(FeedGuess { feed, reason, .. }) = ranked.first().cloned() else {
        let keys: Vec<String> = seen.keys().iter().take(8).map(draft::named).collect();
        return Err(format!("认不出是哪一种数据(字段:{})", keys.join(" ")));
    };
    let others: Vec<&str> = ranked
        .iter()
        .skip(1)
        .filter(|other| other.mark * 1.5 > ranked[0].mark)
        .map(|other| other.feed.name())
        .collect();
    let reason = if others.is_empty() { reason } else { format!("{reason}(也可能是 {})", others.join("、")) };
    let mut settings = Vec::new();
    if whence.is_gbk || looked.findings.iter().any(|finding| finding.kind == FindingKind::Encoding) {
        settings.push(("encoding", Some("gbk".to_owned()), "文字不是 UTF-8".to_owned()));
    }
    if let Some(crs) = whence.crs {
        settings.push(("crs", Some(crs.name().into_owned()), "数据自己写明的坐标系".to_owned()));
    }
    Ok(Sample { place, feed, reason, records, survey: seen, guesses: Vec::new(), settings })
}

/// The source that a sample comes from.
struct Whence {
    kind: &'static str,
    key: &'static str,
    at: String,
    /// Whether it can be read as GBK only.
    is_gbk: bool,
    /// The coordinate system that it names, if not WGS-84.
    crs: Option<Crs>,
}

/// The path is written from the folder of the configuration on.
fn look_at_file(at: &str, config: &Path) -> Result<(Place, Whence, ProbeReport), String> {
    let folder = config.parent().filter(|folder| !folder.as_os_str().is_empty());
    let absolute = std::fs::canonicalize(at).map_err(|error| io_text(&error))?;
    let written = match folder {
        Some(folder) if Path::new(at).is_relative() => {
            let folder =
                std::fs::canonicalize(folder).map_err(|error| format!("{}:{}", folder.display(), io_text(&error)))?;
            absolute.strip_prefix(&folder).map_or_else(|_| absolute.clone(), Path::to_path_buf)
        }
        _ => PathBuf::from(at),
    };
    let at = absolute.to_string_lossy().into_owned();
    let (whence, looked) = look_as_it_is(Whence { kind: "file", key: "path", at, is_gbk: false, crs: None })?;
    Ok((Place::File(written.to_string_lossy().into_owned()), whence, looked.map_err(|fault| fault.to_string())?))
}

/// What pushes says so in its answer's head; everything else is polled.
fn look_at_address(at: &str) -> Result<(Place, Whence, ProbeReport), String> {
    let whence = |kind| Whence { kind, key: "url", at: at.to_owned(), is_gbk: false, crs: None };
    match look(&trial(&whence("sse"), None)?) {
        Ok(report) => Ok((Place::Sse(at.to_owned()), whence("sse"), report)),
        Err(fault @ (Fault::Connect { .. } | Fault::ConnectTimeout { .. })) => Err(fault.to_string()),
        Err(Fault::StreamEnded) => Err("是事件流,但没有等到一条消息".to_owned()),
        Err(fault @ Fault::Idle { .. }) => Err(format!("{fault};如果是事件流,请在有消息时再看")),
        Err(_) => {
            let (whence, looked) = look_as_it_is(whence("http"))?;
            Ok((Place::Http(at.to_owned()), whence, looked.map_err(|fault| fault.to_string())?))
        }
    }
}

/// What is no UTF-8 is looked at again as GBK: of a few characters nobody
/// knows until somebody says so.
fn look_in_its_encoding(whence: Whence) -> Result<(Whence, Result<ProbeReport, Fault>), String> {
    match look(&trial(&whence, None)?) {
        Err(Fault::NotUtf8 { .. }) => {
            let whence = Whence { is_gbk: true, ..whence };
            let looked = look(&trial(&whence, None)?);
            Ok((whence, looked))
        }
        looked => Ok((whence, looked)),
    }
}

/// What names another coordinate system is looked at again in that: else none
/// of it may lie anywhere.
fn look_as_it_is(whence: Whence) -> Result<(Whence, Result<ProbeReport, Fault>), String> {
    let (whence, looked) = look_in_its_encoding(whence)?;
    let named = |report: &ProbeReport| report.other_crs.filter(|&crs| is_believed(crs, &report.findings));
    let Some(crs) = looked.as_ref().ok().and_then(named) else { return Ok((whence, looked)) };
    let whence = Whence { crs: Some(crs), ..whence };
    let looked = look(&trial(&whence, None)?);
    Ok((whence, looked))
}

/// A feed of this mark is hardly another.
const CLEAR: f64 = 100.0;

/// Where the records are, if one object with a list in it came instead of
/// them.
fn with_records(whence: &Whence, looked: ProbeReport) -> (Option<String>, ProbeReport) {
    let best = |report: &ProbeReport| {
        let ranked = report.survey.as_deref().map(|seen| rank(seen, &whence.at, whence.kind == "sse"));
        ranked.and_then(|ranked| ranked.first().map(|guess| guess.mark)).unwrap_or(0.0)
    };
    let outer = best(&looked);
    let list = looked.survey.as_deref().filter(|seen| seen.records() == 1 && outer < CLEAR).and_then(|seen| {
        let lists = seen.keys().iter().filter(|key| key.shapes.object_lists > 0);
        lists.max_by_key(|key| key.shapes.longest_list).map(|key| key.key.clone())
    });
    let Some(list) = list.filter(|list| list.starts_with('/')) else { return (None, looked) };
    // The one object may be what an envelope has for its data.
    for records in [format!("/data{list}"), list] {
        let Ok(source) = trial(whence, Some(&records)) else { continue };
        match look(&source) {
            Ok(report) if best(&report) > outer => return (Some(records), report),
            _ => {}
        }
    }
    (None, looked)
}

/// A source of which nothing is known yet.
fn trial(whence: &Whence, records: Option<&str>) -> Result<Source, String> {
    let Whence { kind, key, at, is_gbk, crs } = whence;
    let mut text =
        format!("[[sources]]\nid = \"sample\"\nfeed = \"context\"\nkind = \"{kind}\"\n{key} = {}\n", quoted(at));
    if *is_gbk {
        text += "encoding = \"gbk\"\n";
    }
    if let Some(crs) = crs {
        text += &format!("crs = {}\n", quoted(&crs.name()));
    }
    if let Some(records) = records {
        text += &format!("records = {}\n", quoted(records));
    }
    let config = Config::parse(&text, Path::new("config.toml"));
    let complaints = |error: ConfigError| {
        error.complaints().iter().map(|complaint| complaint.message.clone()).collect::<Vec<_>>().join(";")
    };
    config.map_err(complaints)?.sources.pop().ok_or_else(|| "没有数据源".to_owned())
}

fn look(source: &Source) -> Result<ProbeReport, Fault> {
    let context = IngestContext { zone: jiff::tz::TimeZone::UTC, stages: Vec::new(), waker: Arc::new(|| {}) };
    survey(source, &context)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_hold_no_secret_of_an_address() {
        assert_eq!(told("https://a.cn/events?token=x"), "https://a.cn/events");
        assert!(!told("https://u:x@a.cn/events").contains("u:x"));
        assert_eq!(told("data/a?.json"), "data/a?.json");
    }

    #[test]
    fn a_shapefile_that_names_its_system_and_one_that_names_nothing() {
        let golden = |name: &str| format!("{}/tests/it/goldens/{name}", env!("CARGO_MANIFEST_DIR"));
        let path = Path::new("config.toml");
        let samples = ["grids.shp", "cams.shp", "roads.shp"].map(|name| sample(&golden(name), path));
        let samples: Vec<Sample> = samples.into_iter().map(|sample| sample.unwrap()).collect();
        let text = configuration(samples, path).unwrap();
        let source = |at: &str| text.split("[[sources]]").find(|source| source.contains(at)).unwrap_or_default();
        let grids = source("grids.shp");
        assert!(grids.contains("feed = \"areas\"") && grids.contains("crs = \"EPSG:4549\""), "{text}");
        assert!(!grids.contains("encoding"), "its .cpg says it: {text}");
        let cams = source("cams.shp");
        assert!(cams.contains("feed = \"cameras\"") && cams.contains("encoding = \"gbk\""), "{text}");
        assert!(source("roads.shp").contains("feed = \"context\""), "{text}");
    }

    #[test]
    fn a_datum_that_became_known_is_not_asked_for() {
        let text = "[[sources]]\ncrs = \"gcj02\"\nencoding = \"gbk\"\n# level:x\n# crs:x\n[[sources]]\n# crs:y\n";
        let kept = without_answered(text);
        assert!(!kept.contains("# crs:x") && kept.contains("# crs:y") && kept.contains("# level:x"), "{kept}");
    }
}

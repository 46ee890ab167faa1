//! Sources to decode for, and how the program decodes.

use std::sync::LazyLock;

use jiff::tz::TimeZone;

use crate::config::Source;
use crate::config::source::{Feed, FieldRule, Limits, Origin};
use crate::domain::crs::Crs;
use crate::domain::expression::Expression;
use crate::ingest::decode::{Batch, Decoded, Decoder, Format, ShapeSet};
use crate::ingest::fault::Fault;

/// The zone of times without one.
pub static ZONE: LazyLock<TimeZone> = LazyLock::new(|| TimeZone::get("Asia/Shanghai").expect("is bundled"));

/// The closed loop's stages.
pub fn stages() -> Vec<String> {
    ["收集", "研判", "处置", "反馈", "评价"].map(String::from).into()
}

/// A file of `feed` with every setting at its default, small limits and
/// everything masked.
pub fn source(feed: Feed) -> Source {
    Source {
        id: "fuzz".into(),
        name: "试".into(),
        feed,
        origin: Origin::File { path: "fuzz.json".into() },
        records: None,
        crs: Crs::Wgs84,
        writing: Default::default(),
        fields: Default::default(),
        values: Default::default(),
        level: None,
        parent: None,
        stale_after_secs: 60.0,
        limits: Limits { bytes: 1 << 20, records: 2_000, vertices: 5_000 },
    }
}

/// A source by two bytes: the feed, and how it writes.
pub fn source_of([feed, writing]: [u8; 2]) -> Source {
    let mut source = source(Feed::ALL[usize::from(feed) % Feed::ALL.len()]);
    source.crs = match writing & 7 {
        1 => Crs::Gcj02,
        2 => Crs::Bd09,
        3 => Crs::WebMercator,
        4 => Crs::Epsg(4_549),
        _ => Crs::Wgs84,
    };
    if writing & 8 != 0 {
        source.writing.axis_order = crate::domain::crs::frame::AxisOrder::LatLon;
    }
    if writing & 16 != 0 {
        source.limits = Limits { bytes: 1 << 20, records: 7, vertices: 40 };
    }
    if writing & 32 != 0 {
        // A field that is computed: then all records become trees.
        let name = source.feed.field_names()[1];
        let computed = Expression::parse("record.x | default(name) | default('')").expect("is an expression");
        source.fields.insert(name.to_owned(), FieldRule::Computed(computed));
    }
    source
}

/// Decodes one body.
///
/// # Errors
/// When nothing of it can be used.
pub fn decode(source: &Source, body: &[u8], format: Format) -> Result<Decoded, Fault> {
    alone(|| decode_with(&Decoder::new(source, &ZONE, &stages()), body, format))
}

/// Decodes the files of a Shapefile.
///
/// # Errors
/// As [`decode`].
pub fn decode_shapes(source: &Source, set: &ShapeSet) -> Result<Decoded, Fault> {
    alone(|| {
        let mut batch = Batch::new(&Decoder::new(source, &ZONE, &stages()));
        batch.read_shapes(set)?;
        Ok(batch.finish())
    })
}

/// As [`decode`], with a survey of the records.
///
/// # Errors
/// As [`decode`].
pub fn survey(source: &Source, body: &[u8], format: Format) -> Result<Decoded, Fault> {
    alone(|| decode_with(&Decoder::surveying(source, &ZONE, &stages()), body, format))
}

fn decode_with(decoder: &std::sync::Arc<Decoder>, body: &[u8], format: Format) -> Result<Decoded, Fault> {
    let mut batch = Batch::new(decoder);
    batch.read(body, format)?;
    Ok(batch.finish())
}

/// The fuzzer's own thread: nothing is handed over to another.
static ALONE: LazyLock<rayon::ThreadPool> = LazyLock::new(|| {
    let own = rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread();
    own.build().expect("a thread can be its own")
});

static TOGETHER: LazyLock<rayon::ThreadPool> =
    LazyLock::new(|| rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("threads can be started"));

/// Does something on one processor: nothing is cut into chunks there.
pub fn alone<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    ALONE.install(work)
}

/// Bodies below this are not cut.
const SHORTEST_CUT: usize = 96;

/// Decodes in one pass and in chunks, which must give the same to the last
/// word, and holds it to the [`crate::oracle`].
///
/// # Panics
/// When it does not.
pub fn decode_both_ways(source: &Source, body: &[u8], format: Format) -> Option<Decoded> {
    let one = decode(source, body, format);
    if body.len() >= SHORTEST_CUT {
        let decoder = Decoder::new(source, &ZONE, &stages());
        let many = TOGETHER.install(|| decode_with(&decoder, body, format));
        assert_eq!(format!("{one:?}"), format!("{many:?}"), "chunks differ from one pass");
    }
    let decoded = one.ok()?;
    crate::oracle::check(&decoded, source);
    Some(decoded)
}

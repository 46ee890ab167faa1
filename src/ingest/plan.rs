//! What is to run: the sources and tile sets of a configuration, each with the
//! number of its run.
//!
//! In: a configuration, and the plan before it. Out: a plan in which whatever is
//! fetched as before keeps its number, so that it goes on with its connection,
//! its place in the stream and what it went through. Everything else gets a
//! number that was never given.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::tz::TimeZone;

use crate::config::source::{Feed, Origin};
use crate::config::tiles::TileOrigin;
use crate::config::{Source, TileSet};
use crate::domain::health::{SourceHealth, SourceId};

use super::IngestContext;
use super::outlet::Run;

/// One of what is to run.
#[derive(Clone)]
pub struct Planned<T> {
    /// Its number.
    pub run: Run,
    /// What it is.
    pub what: Arc<T>,
    /// What is known of it when it starts.
    pub known: SourceHealth,
}

/// See the module.
#[derive(Clone)]
pub struct Plan {
    /// In the order of the configuration.
    pub sources: Vec<Planned<Source>>,
    /// In the order of the configuration.
    pub tiles: Vec<Planned<TileSet>>,
    /// Run of the desk of pictures, which knows all sources of cameras.
    pub desk: Run,
    /// Zone of times without an offset.
    pub zone: TimeZone,
    /// Names of the closed loop's stages.
    pub stages: Vec<String>,
    next: Run,
}

/// What goes on as it was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Untouched {
    /// Sources that did not even notice.
    pub sources: Vec<SourceId>,
    /// Whether all tile sets are those from before.
    pub tiles: bool,
}

impl Plan {
    /// The plan of a start.
    pub fn new(sources: &[Source], tiles: &[TileSet], context: &IngestContext) -> Self {
        let (zone, stages) = (context.zone.clone(), context.stages.clone());
        let nothing = Self { sources: Vec::new(), tiles: Vec::new(), desk: 0, zone, stages, next: 1 };
        nothing.followed_by(sources, tiles, context, |_| SourceHealth::default()).0
    }

    /// The plan after this one. `known` tells what a source begins with that is
    /// started anew.
    pub fn followed_by(
        &self,
        sources: &[Source],
        tiles: &[TileSet],
        context: &IngestContext,
        known: impl Fn(SourceId) -> SourceHealth,
    ) -> (Self, Untouched) {
        let mut next = self.next;
        let mut number = || {
            next += 1;
            next - 1
        };
        // What records mean depends on both.
        let is_read_alike = self.zone == context.zone && self.stages == context.stages;
        let mut untouched = Untouched::default();
        let mut planned = Vec::with_capacity(sources.len());
        for source in sources {
            let id = SourceId::of(&source.id);
            let before = self.sources.iter().find(|before| before.what.id == source.id);
            if let Some(before) = before.filter(|before| is_read_alike && before.what.is_fetched_like(source)) {
                planned.push(before.clone());
                untouched.sources.push(id);
            } else {
                planned.push(Planned { run: number(), what: Arc::new(source.clone()), known: known(id) });
            }
        }
        // The map knows a set by its place, so they are the same together or not at all.
        untouched.tiles = self.tiles.len() == tiles.len()
            && self.tiles.iter().zip(tiles).all(|(before, set)| before.what.is_fetched_like(set));
        let tiles = if untouched.tiles {
            self.tiles.clone()
        } else {
            let known = SourceHealth::default;
            tiles.iter().map(|set| Planned { run: number(), what: Arc::new(set.clone()), known: known() }).collect()
        };
        let is_same_desk = runs_with_pictures(&self.sources) == runs_with_pictures(&planned);
        let desk = if is_same_desk && self.desk != 0 { self.desk } else { number() };
        let (zone, stages) = (context.zone.clone(), context.stages.clone());
        (Self { sources: planned, tiles, desk, zone, stages, next }, untouched)
    }

    /// The numbers of all that is to run.
    pub fn runs(&self) -> impl Iterator<Item = Run> + '_ {
        let sources = self.sources.iter().map(|source| source.run);
        sources.chain(self.tiles.iter().map(|set| set.run)).chain([self.desk])
    }

    /// Ids of the credentials that anybody shows.
    pub fn credentials(&self) -> impl Iterator<Item = &str> + '_ {
        let of_sources = self.sources.iter().filter_map(|source| source.what.origin.access());
        let of_tiles = self.tiles.iter().filter_map(|set| match &set.what.origin {
            TileOrigin::Url(url) => Some(&url.access),
            TileOrigin::PmTiles { .. } | TileOrigin::MbTiles { .. } => None,
        });
        of_sources.chain(of_tiles).filter_map(|access| Some(access.credentials.as_ref()?.id.as_str()))
    }
}

/// Numbers of the sources whose cameras may have pictures: those with a host to
/// fetch them from.
fn runs_with_pictures(sources: &[Planned<Source>]) -> BTreeSet<Run> {
    let has_host = |origin: &Origin| matches!(origin, Origin::Http { .. } | Origin::Sse { .. } | Origin::Service(_));
    let with = sources.iter().filter(|source| source.what.feed == Feed::Cameras && has_host(&source.what.origin));
    with.map(|source| source.run).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::Config;

    const CREDENTIALS: &str =
        "[[credentials]]\nid = \"c\"\nkind = \"basic\"\nusername = \"u\"\npassword = { env = \"P\" }\n";

    fn source(id: &str, more: &str) -> String {
        format!("[[sources]]\nid = \"{id}\"\nfeed = \"events\"\nkind = \"http\"\nurl = \"https://h/{id}\"\n{more}\n")
    }

    fn config(parts: &[String]) -> Config {
        Config::parse(&parts.concat(), Path::new("/t.toml")).unwrap_or_else(|error| panic!("{error}"))
    }

    fn context(zone: TimeZone) -> IngestContext {
        IngestContext { zone, stages: Vec::new(), waker: Arc::new(|| {}) }
    }

    /// Ids of the sources that go on when the second is put in the first's place.
    fn going_on(before: &[String], after: &[String]) -> Vec<&'static str> {
        let [before, after] = [before, after].map(config);
        let context = context(TimeZone::UTC);
        let plan = Plan::new(&before.sources, &before.tiles, &context);
        let (later, untouched) = plan.followed_by(&after.sources, &after.tiles, &context, |_| SourceHealth::default());
        let runs: Vec<Run> = later.runs().collect();
        assert!(runs.iter().all(|run| *run < later.next), "numbers are not given twice");
        let ids = ["a", "b", "c", "d"];
        ids.into_iter().filter(|id| untouched.sources.contains(&SourceId::of(id))).collect()
    }

    #[test]
    fn only_what_is_fetched_otherwise_starts_anew() {
        let with = |a: &str, b: &str| [CREDENTIALS.to_owned(), source("a", a), source("b", b)];
        let before = with("", "credentials = \"c\"");
        assert_eq!(going_on(&before, &before), ["a", "b"]);
        assert_eq!(going_on(&before, &with("name = \"甲\"\nstale_after = \"9m\"", "credentials = \"c\"")), ["a", "b"]);
        for edit in ["every = \"9s\"", "tls = { ca = \"/ca.pem\" }", "crs = \"gcj02\"", "fields = { id = \"/x\" }"] {
            assert_eq!(going_on(&before, &with(edit, "credentials = \"c\"")), ["b"], "{edit}");
        }
        // Credentials concern those who show them.
        let mut other = before.clone();
        other[0] = other[0].replace("\"u\"", "\"v\"");
        assert_eq!(going_on(&before, &other), ["a"]);
    }

    #[test]
    fn the_place_in_the_list_means_nothing() {
        let list = |ids: &[&str]| ids.iter().map(|id| source(id, "")).collect::<Vec<_>>();
        assert_eq!(going_on(&list(&["a", "b", "c"]), &list(&["c", "a", "b"])), ["a", "b", "c"]);
        assert_eq!(going_on(&list(&["a", "b", "c"]), &list(&["d", "c", "b"])), ["b", "c"]);
    }

    #[test]
    fn the_desk_of_pictures_goes_on_unless_sources_of_cameras_change() {
        let cameras = |more: &str| source("c", more).replace("events", "cameras");
        let is_kept = |after: &[String]| {
            let [before, after] = [config(&[cameras(""), source("a", "")]), config(after)];
            let context = context(TimeZone::UTC);
            let plan = Plan::new(&before.sources, &before.tiles, &context);
            let known = |_| SourceHealth::default();
            plan.followed_by(&after.sources, &after.tiles, &context, known).0.desk == plan.desk
        };
        assert!(is_kept(&[source("a", "every = \"9s\""), cameras("name = \"甲\"")]));
        assert!(is_kept(&[cameras(""), source("b", "")]));
        assert!(!is_kept(&[cameras("every = \"9s\""), source("a", "")]));
        assert!(!is_kept(&[source("a", "")]));
    }

    #[test]
    fn another_zone_reads_everything_anew_but_tiles() {
        let tiles = "[[tiles]]\nid = \"t\"\nkind = \"xyz\"\nurl = \"http://a.cn/{z}/{x}/{y}\"\n".to_owned();
        let config = config(&[source("a", ""), tiles]);
        let plan = Plan::new(&config.sources, &config.tiles, &context(TimeZone::UTC));
        let later = context(TimeZone::fixed(jiff::tz::offset(8)));
        let (_, untouched) = plan.followed_by(&config.sources, &config.tiles, &later, |_| SourceHealth::default());
        assert_eq!(untouched, Untouched { sources: Vec::new(), tiles: true });
    }
}

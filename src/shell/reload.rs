//! `config.toml` and the theme file that it names while the wall runs: a saved
//! file is live within a second when it is valid; when it is not, the old one
//! goes on and the wall says what is wrong. Only sources that are fetched
//! otherwise now are connected anew, and colours alone concern nobody.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bevy::prelude::*;
use notify::{RecommendedWatcher, RecursiveMode, Watcher};

use super::app::WallNotice;
use crate::config::source::{Feed, Origin};
use crate::config::{Config, Source, theme};
use crate::domain::health::{SourceHealth, SourceId};
use crate::ingest::IngestContext;
use crate::layers::WallTheme;
use crate::model::{self, Events, Fate, IngestLink, Sources, Visible, Waker, WallConfig};

/// The configuration file with the theme file that it names, and who watches
/// them. A wall whose configuration is part of the program has none.
#[derive(Resource)]
pub struct ConfigWatch {
    path: PathBuf,
    /// Area that the command line asked for.
    focus: Option<String>,
    changed: Arc<AtomicBool>,
    // Dropping a watcher ends its watch.
    watcher: Option<RecommendedWatcher>,
    theme: Option<(PathBuf, RecommendedWatcher)>,
}

impl ConfigWatch {
    /// The file at `path`, which nobody watches yet. `focus` is the area that
    /// the command line asked for: a new configuration does not undo that.
    pub fn of(path: &Path, focus: Option<String>) -> Self {
        // As it was named, so that the paths in it are those of the start.
        let path = path.to_owned();
        Self { path, focus, changed: Arc::new(AtomicBool::new(false)), watcher: None, theme: None }
    }

    /// Starts to watch it, and its theme file.
    ///
    /// # Errors
    /// When the operating system has no watch left.
    pub fn start(&mut self, waker: &Waker) -> notify::Result<()> {
        self.watcher = Some(watcher(&self.path, &self.changed, waker)?);
        self.follow_theme(waker);
        Ok(())
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Has the file read in the next frame, whether or not anybody watches it.
    pub fn notice(&self) {
        self.changed.store(true, Ordering::Release);
    }

    /// Watches the theme file that the configuration names now, if any: also
    /// when either is faulty, because mending it is what is waited for.
    fn follow_theme(&mut self, waker: &Waker) {
        let named = theme::file_named_in(&self.path);
        if self.theme.as_ref().map(|(path, _)| path) == named.as_ref() {
            return;
        }
        self.theme = named.and_then(|path| match watcher(&path, &self.changed, waker) {
            Ok(watcher) => Some((path, watcher)),
            // The wall runs without; a new theme is then read with the configuration.
            Err(error) => {
                tracing::warn!("无法监视主题文件 {}:{error}", path.display());
                None
            }
        });
    }
}

/// Sets `changed` and wakes the wall whenever the file at `path` changes.
/// Editors replace files rather than write them, so the folder is watched.
fn watcher(path: &Path, changed: &Arc<AtomicBool>, waker: &Waker) -> notify::Result<RecommendedWatcher> {
    // The folder of a bare name is none that can be watched.
    let path = std::path::absolute(path).map_err(notify::Error::io)?;
    let (flag, waker, name) = (Arc::clone(changed), waker.clone(), path.file_name().map(ToOwned::to_owned));
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let concerns = event.is_ok_and(|event| {
            !event.kind.is_access() && event.paths.iter().any(|p| p.file_name().map(ToOwned::to_owned) == name)
        });
        if concerns {
            flag.store(true, Ordering::Release);
            (waker.0)();
        }
    })?;
    watcher.watch(path.parent().unwrap_or(Path::new(".")), RecursiveMode::NonRecursive)?;
    Ok(watcher)
}

/// Takes a changed configuration over, or says why not.
pub fn reload(world: &mut World) {
    let waker = world.resource::<Waker>().clone();
    let Some(mut watch) = world.get_resource_mut::<ConfigWatch>() else { return };
    if !watch.changed.swap(false, Ordering::AcqRel) {
        return;
    }
    watch.follow_theme(&waker);
    let (path, focus) = (watch.path.clone(), watch.focus.clone());
    match Config::load(&path) {
        Ok(config) => {
            tracing::info!(path = %path.display(), "配置已更新");
            world.resource_mut::<WallNotice>().0 = None;
            apply(world, super::run::focused(Arc::new(config), focus.as_deref()));
        }
        Err(error) => {
            tracing::error!("{error}");
            let first = error.to_string().lines().next().unwrap_or_default().to_owned();
            world.resource_mut::<WallNotice>().0 = Some(format!("配置有误,沿用旧配置:{first}"));
        }
    }
}

/// Puts `config` in force.
fn apply(world: &mut World, config: Arc<Config>) {
    let old = Arc::clone(&world.resource::<WallConfig>().0);
    if *old == *config {
        return;
    }
    if !is_recoloured(&old, &config) {
        connect(world, &old, &config);
        world.resource_mut::<Events>().store.set_capacity(config.events.keep);
        let scene = world.resource::<Visible>().scene.min(config.scenes.len() - 1);
        let mut visible = Visible::of(&config);
        visible.enter(&config, scene);
        world.insert_resource(visible);
    }
    if old.wall.theme != config.wall.theme {
        super::app::tell_breaches(&config);
    }
    world.insert_resource(WallTheme(config.wall.theme.clone()));
    world.insert_resource(WallConfig(config));
    super::app::refresh_ground(world);
}

/// Whether `new` is `old` in other colours: neither sources nor what is shown
/// have to do with that.
fn is_recoloured(old: &Config, new: &Config) -> bool {
    let mut recoloured = old.clone();
    recoloured.wall.theme.clone_from(&new.wall.theme);
    recoloured.wall.theme_file.clone_from(&new.wall.theme_file);
    recoloured == *new
}

/// Connects those sources anew that are fetched otherwise now, and forgets what
/// those told that are gone. The others do not notice.
fn connect(world: &mut World, old: &Config, config: &Config) {
    let waker = Arc::clone(&world.resource::<Waker>().0);
    let context = IngestContext::of(config, waker);
    let known = |source| {
        let entry = world.resource::<Sources>().get(source).filter(|_| is_still_shown(old, config, source));
        entry.map(|entry| entry.health.of_data()).unwrap_or_default()
    };
    let ids = config.sources.iter().map(|source| SourceId::of(&source.id));
    let known: BTreeMap<SourceId, SourceHealth> = ids.map(|source| (source, known(source))).collect();
    let Some(mut link) = world.get_resource_mut::<IngestLink>() else { return };
    let known = |source| known.get(&source).cloned().unwrap_or_default();
    let untouched = link.0.follow(&config.sources, &config.tiles, &context, known);
    let fate = |source: SourceId| {
        let is_tile_set = config.tiles.iter().any(|set| SourceId::of(&set.id) == source);
        if untouched.sources.contains(&source) || (is_tile_set && untouched.tiles) {
            Fate::GoesOn
        } else if is_still_shown(old, config, source) {
            Fate::Shown
        } else {
            Fate::Forgotten
        }
    };
    if !untouched.tiles {
        model::forget_tiles(world);
    }
    model::keep_sources(world, config, fate);
    // Events are merged: whose they were is not known any more. They go with the
    // last of those who told of them.
    let mut told = old.sources.iter().filter(|source| source.feed == Feed::Events).peekable();
    if told.peek().is_some() && told.all(|source| fate(SourceId::of(&source.id)) == Fate::Forgotten) {
        model::forget_events(world, config);
    }
    world.resource_mut::<Sources>().follow(config, fate);
}

/// Whether what a source told is shown until it tells more, although it is
/// connected anew. A set stays until the next one takes its place, so that the
/// map is not empty meanwhile; what is merged only where the same is told.
fn is_still_shown(old: &Config, new: &Config, source: SourceId) -> bool {
    let of = |config: &Config| config.sources.iter().find(|known| SourceId::of(&known.id) == source).cloned();
    let (Some(before), Some(after)) = (of(old), of(new)) else { return false };
    let is_read_alike = old.wall.zone == new.wall.zone && old.closed_loop == new.closed_loop;
    let is_replaced = before.feed != Feed::Events && !pushes(&before) && !pushes(&after);
    // Until the next set comes, nobody may read what is to be masked from now on.
    let is_masked_alike = before.writing.masks == after.writing.masks;
    before.feed == after.feed && (is_replaced && is_masked_alike || is_read_alike && before.tells_like(&after))
}

/// Whether a source tells of single things, if only between two whole sets, as a
/// database does that is listened to.
fn pushes(source: &Source) -> bool {
    match &source.origin {
        // These it tells whole each time.
        Origin::Postgres(origin) => origin.listen.is_some() && !source.feed.is_whole(),
        origin => origin.is_push(),
    }
}

#[cfg(test)]
mod tests {
    use bevy::ecs::system::RunSystemOnce;

    use super::*;
    use crate::domain::camera::Camera;
    use crate::domain::event::tests::event;
    use crate::domain::geometry::LonLat;
    use crate::domain::time::Time as Instant1970;
    use crate::ingest::Ingest;
    use crate::model::{Areas, Pictures, Points, Tiles};

    /// Nobody listens there.
    fn source(id: &str, feed: &str, more: &str) -> String {
        let url = if more.contains("url =") { "" } else { "url = \"http://127.0.0.1:9/\"\n" };
        let kind = if more.contains("kind =") { "" } else { "kind = \"http\"\n" };
        format!("[[sources]]\nid = \"{id}\"\nfeed = \"{feed}\"\n{kind}{url}{more}\n")
    }

    const TILES: &str =
        "[[tiles]]\nid = \"t\"\nkind = \"xyz\"\nurl = \"http://127.0.0.1:9/{z}/{x}/{y}\"\nopacity = 0.5\n";

    fn config(parts: &[String]) -> Config {
        Config::parse(&parts.concat(), Path::new("/t.toml")).unwrap_or_else(|error| panic!("{error}"))
    }

    /// A wall of `config` on which everything came.
    fn wall(config: &Config) -> World {
        let mut world = World::new();
        let context = IngestContext::of(config, Arc::new(|| {}));
        let ingest = Ingest::start_with_tiles(&config.sources, &config.tiles, context).expect("starts");
        world.insert_resource(IngestLink(ingest));
        world.insert_resource(Sources::of(config));
        world.init_resource::<Waker>();
        world.init_resource::<Areas>();
        world.init_resource::<Tiles>();
        world.init_resource::<Pictures>();
        let (mut points, mut events) = (Points::default(), Events::default());
        for known in &config.sources {
            let camera = Camera {
                id: known.id.clone(),
                name: String::new(),
                owner: String::new(),
                at: LonLat::new(120.7, 31.3),
                online: true,
                is_told: true,
                picture: None,
            };
            if known.feed == Feed::Cameras {
                points.set_cameras(SourceId::of(&known.id), vec![camera]);
            } else if known.feed == Feed::Events {
                events.apply(vec![event(&known.id, 1)], world.resource::<Areas>(), Instant1970(0), 0.0);
            }
        }
        world.insert_resource(points);
        world.insert_resource(events);
        for entry in &mut world.resource_mut::<Sources>().entries {
            (entry.health.records, entry.health.last_ok) = (7, Some(Instant1970(7)));
            entry.health.failures = 3;
        }
        world
    }

    /// What stands on the wall after `new` took the place of `old`: cameras,
    /// number of events, and what is known of each source.
    fn after(old: &[String], new: &[String]) -> (Vec<String>, usize, Vec<Known>) {
        let [old, new] = [old, new].map(config);
        let mut world = wall(&old);
        connect(&mut world, &old, &new);
        let read = |points: Res<Points>, events: Res<Events>, sources: Res<Sources>| {
            let health = sources.entries.iter().map(|entry| &entry.health);
            (
                points.cameras().map(|(_, camera)| camera.id.clone()).collect(),
                events.store.len(),
                health.map(|health| (health.failures, health.last_ok.map(|at| at.0))).collect(),
            )
        };
        world.run_system_once(read).expect("runs")
    }

    /// How often a source failed, and when it told something last.
    type Known = (u32, Option<i64>);

    const GOES_ON: Known = (3, Some(7));
    const SHOWN: Known = (0, Some(7));
    const NEW: Known = (0, None);

    #[test]
    fn the_model_keeps_what_it_should() {
        let cameras = |id: &str, more: &str| source(id, "cameras", more);
        let old = [cameras("a", ""), cameras("b", ""), source("e", "events", ""), TILES.into()];
        let stays = |a: &str, b: &str| vec![a.to_owned(), b.to_owned()];
        // Names, and how tiles look, concern nobody.
        let looks = TILES.replace("0.5", "0.9");
        let new = [cameras("a", "name = \"甲\""), old[1].clone(), old[2].clone(), looks];
        assert_eq!(after(&old, &new), (stays("a", "b"), 1, vec![GOES_ON; 4]));
        // Another order, and one more.
        let new = [cameras("c", ""), old[1].clone(), old[0].clone(), old[2].clone()];
        assert_eq!(after(&old[..3], &new), (stays("b", "a"), 1, vec![NEW, GOES_ON, GOES_ON, GOES_ON]));
        // Another pace: connected anew, and shown meanwhile, as another set is.
        for edit in ["every = \"9s\"", "url = \"http://127.0.0.1:8/\""] {
            let new = [cameras("a", edit), old[1].clone(), old[2].clone(), old[3].clone()];
            assert_eq!(after(&old, &new), (stays("a", "b"), 1, vec![SHOWN, GOES_ON, GOES_ON, GOES_ON]), "{edit}");
        }
        // Renamed: one is gone, another has come.
        let new = [cameras("z", ""), old[1].clone(), old[2].clone()];
        assert_eq!(after(&old[..3], &new), (vec!["b".to_owned()], 1, vec![NEW, GOES_ON, GOES_ON]));
        // The same id for something else.
        let new = [source("a", "devices", ""), old[1].clone(), old[2].clone()];
        assert_eq!(after(&old[..3], &new), (vec!["b".to_owned()], 1, vec![NEW, GOES_ON, GOES_ON]));
    }

    #[test]
    fn what_is_to_be_masked_from_now_on_is_gone_at_once() {
        let old = [source("a", "cameras", "")];
        let wall = |audience: &str| format!("[wall]\naudience = \"{audience}\"\n");
        let stays = vec!["a".to_owned()];
        let of = |audience: &str| [wall(audience), old[0].clone()];
        assert_eq!(after(&of("duty"), &of("duty")), (stays, 0, vec![GOES_ON]));
        assert_eq!(after(&of("duty"), &of("public")), (Vec::new(), 0, vec![NEW]));
    }

    #[test]
    fn a_saved_theme_goes_live_and_nothing_else_moves() {
        let folder = std::env::temp_dir().join(format!("quanyu-reload-theme-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("themes")).unwrap();
        let (path, theme_path) = (folder.join("c.toml"), folder.join("themes/mine.toml"));
        let text = format!("[wall]\ntheme = \"themes/mine.toml\"\n{}", source("a", "cameras", ""));
        std::fs::write(&path, text).unwrap();
        std::fs::write(&theme_path, "base = \"daylight\"\n").unwrap();
        let config = Config::load(&path).unwrap();
        let mut world = wall(&config);
        world.insert_resource(Visible { scene: 7, ..Visible::of(&config) });
        world.insert_resource(WallTheme(config.wall.theme.clone()));
        world.insert_resource(WallConfig(Arc::new(config)));
        world.init_resource::<WallNotice>();
        let mut watch = ConfigWatch::of(&path, None);
        watch.start(&Waker::default()).expect("can be watched");
        world.insert_resource(watch);
        let mut saved = |theme: &str, is_live: &dyn Fn(&World) -> bool| {
            std::fs::write(&theme_path, theme).unwrap();
            let end = std::time::Instant::now() + std::time::Duration::from_secs(20);
            while !is_live(&world) {
                assert!(std::time::Instant::now() < end, "never live: {theme}");
                std::thread::sleep(std::time::Duration::from_millis(20));
                reload(&mut world);
            }
            world.resource::<Visible>().scene
        };
        let accent = |world: &World| world.resource::<WallTheme>().0.accent;
        let notice = |world: &World| world.resource::<WallNotice>().0.clone().unwrap_or_default();
        let red = crate::theme::Rgba::hex(0xAA0011);
        let is_red = |world: &World| accent(world) == red && notice(world).is_empty();
        assert_eq!(saved("base = \"daylight\"\naccent = \"#AA0011\"\n", &is_red), 7, "no scene was entered");
        // A faulty one is refused, and mending it is noticed.
        saved("base = \"daylight\"\naccent = \"red\"\n", &|world| {
            accent(world) == red && notice(world).contains("mine.toml:2:10: `red` 不是颜色")
        });
        let is_well = |world: &World| accent(world) != red && notice(world).is_empty();
        saved("base = \"midnight\"\n", &is_well);
        _ = std::fs::remove_dir_all(&folder);
    }

    #[test]
    fn a_database_that_is_listened_to_pushes() {
        let database = |more: &str| {
            let keys = "kind = \"postgres\"\nurl = \"postgres://127.0.0.1:9/d\"\nquery = \"SELECT 1\"\n\
                        username = \"w\"\n";
            source("a", "cameras", &format!("{keys}{more}"))
        };
        let crs = "crs = \"gcj02\"";
        let left = |listen: &str| after(&[database(listen)], &[database(&format!("{listen}{crs}"))]).0;
        assert_eq!(left(""), ["a"]);
        assert_eq!(left("listen = \"c\"\n"), Vec::<String>::new(), "what it pushed lies elsewhere");
    }

    #[test]
    fn events_go_with_the_last_who_told_of_them() {
        let events = |id: &str, more: &str| source(id, "events", more);
        let old = [events("e", ""), events("s", "kind = \"sse\"")];
        let left = |new: &[String]| after(&old, new).1;
        assert_eq!(left(&[old[0].clone(), events("s", "kind = \"sse\"\nurl = \"http://127.0.0.1:8/\"")]), 2);
        assert_eq!(left(&[events("e", "every = \"9s\"")]), 2, "the same events at another pace");
        assert_eq!(left(&[events("e", "url = \"http://127.0.0.1:8/\"")]), 0);
        let stages = "[closed_loop]\nstages = [\"甲\", \"乙\"]\n".to_owned();
        assert_eq!(left(&[old[0].clone(), old[1].clone(), stages]), 0, "their stages are others");
    }
}

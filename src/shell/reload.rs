//! `config.toml` while the wall runs: a saved file is live within a second
//! when it is valid; when it is not, the old one goes on and the wall says what
//! is wrong.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bevy::prelude::*;
use notify::{RecommendedWatcher, RecursiveMode, Watcher};

use super::app::WallNotice;
use super::kept::WallKept;
use crate::config::Config;
use crate::ingest::{Ingest, IngestContext};
use crate::layers::WallTheme;
use crate::model::{self, Events, IngestLink, Sources, Visible, Waker, WallConfig};
use crate::theme::Theme;

/// Watches the configuration file.
#[derive(Resource)]
pub struct ConfigWatch {
    path: PathBuf,
    /// Area that the command line asked for.
    focus: Option<String>,
    changed: Arc<AtomicBool>,
    // Dropping it ends the watch.
    _watcher: RecommendedWatcher,
}

impl ConfigWatch {
    /// Starts to watch `path`. Editors replace files rather than write them,
    /// so the folder is watched. `focus` is the area that the command line
    /// asked for: a new configuration does not undo that.
    ///
    /// # Errors
    /// When the operating system has no watch left.
    pub fn start(path: &Path, focus: Option<String>, waker: &Waker) -> notify::Result<Self> {
        let path = std::path::absolute(path).map_err(notify::Error::io)?;
        let changed = Arc::new(AtomicBool::new(false));
        let (flag, waker, name) = (Arc::clone(&changed), waker.clone(), path.file_name().map(ToOwned::to_owned));
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
        Ok(Self { path, focus, changed, _watcher: watcher })
    }
}

/// Takes a changed configuration over, or says why not.
pub fn reload(world: &mut World) {
    let Some(watch) = world.get_resource::<ConfigWatch>() else { return };
    if !watch.changed.swap(false, Ordering::AcqRel) {
        return;
    }
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

/// Puts `config` in force. Sources are connected anew only when they changed.
fn apply(world: &mut World, config: Arc<Config>) {
    let old = Arc::clone(&world.resource::<WallConfig>().0);
    if *old == *config {
        return;
    }
    if is_fetched_otherwise(&old, &config) {
        let waker = Arc::clone(&world.resource::<Waker>().0);
        let kept = world.get_resource::<WallKept>().and_then(|kept| kept.0.clone());
        let context = IngestContext::of(&config, waker);
        match Ingest::start_keeping(&config.sources, &config.tiles, context, kept) {
            Ok(ingest) => {
                let before = world.remove_resource::<IngestLink>();
                world.insert_resource(IngestLink(ingest));
                world.insert_resource(Sources::of(&config));
                model::forget_tiles(world);
                // A number stands for another source when the list changed.
                model::keep_sources(world, |source| {
                    let at = usize::from(source);
                    config.sources.get(at).is_some_and(|new| old.sources.get(at) == Some(new))
                });
                if let Some(before) = before {
                    // Joining waits for a decoder: not on the frame thread.
                    std::thread::spawn(move || before.0.stop());
                }
            }
            Err(error) => {
                world.resource_mut::<WallNotice>().0 = Some(format!("无法重新连接数据源:{error}"));
                return;
            }
        }
    } else {
        world.resource_mut::<Sources>().rename(&config);
    }
    world.resource_mut::<Events>().store.set_capacity(config.events.keep);
    world.insert_resource(WallTheme(Theme::named(config.wall.theme)));
    let scene = world.resource::<Visible>().scene.min(config.scenes.len() - 1);
    let mut visible = Visible::of(&config);
    visible.enter(&config, scene);
    world.insert_resource(visible);
    world.insert_resource(WallConfig(config));
    super::app::refresh_ground(world);
}

/// Whether something else is to be fetched now, or to be made of what comes.
fn is_fetched_otherwise(old: &Config, new: &Config) -> bool {
    let are_same_tiles = old.tiles.len() == new.tiles.len()
        && old.tiles.iter().zip(&new.tiles).all(|(old, new)| old.is_fetched_like(new));
    old.sources != new.sources
        || !are_same_tiles
        || old.wall.zone != new.wall.zone
        || old.closed_loop != new.closed_loop
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(source: &str, tiles: &str) -> Config {
        let text = format!(
            "[[sources]]\nid = \"a\"\nfeed = \"areas\"\nkind = \"file\"\npath = \"a\"\n{source}\n\
             [[tiles]]\nid = \"t\"\nkind = \"xyz\"\nurl = \"http://a.cn/{{z}}/{{x}}/{{y}}\"\n{tiles}\n"
        );
        Config::parse(&text, Path::new("/t.toml")).unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn only_what_concerns_fetching_connects_anew() {
        let old = config("", "");
        for looks in ["opacity = 0.5", "look = \"dark\"", "name = \"底图\"", "attribution = \"© 甲\""] {
            let new = config("", looks);
            assert!(old != new && !is_fetched_otherwise(&old, &new), "{looks}");
        }
        let others =
            ["crs = \"gcj02\"", "tile_size = 512", "min_zoom = 3", "max_zoom = 12", "layers = { a = \"water\" }"];
        for fetched in others.into_iter().chain(["[[tiles]]\nid = \"u\"\nkind = \"pmtiles\"\npath = \"u\""]) {
            assert!(is_fetched_otherwise(&old, &config("", fetched)), "{fetched}");
        }
        assert!(is_fetched_otherwise(&old, &config("crs = \"gcj02\"", "")));
    }

    #[test]
    fn new_names_are_taken_over_and_health_is_kept() {
        let mut sources = Sources::of(&config("", ""));
        sources.entries[1].health.records = 7;
        sources.rename(&config("", "name = \"底图\""));
        assert_eq!((sources.entries[1].name.as_str(), sources.entries[1].health.records), ("底图", 7));
    }
}

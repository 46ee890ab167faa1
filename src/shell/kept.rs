//! Where the wall keeps what came; see [`crate::ingest::Kept`].

use std::env;
use std::path::{Path, PathBuf};

use bevy::prelude::*;

use crate::config::Config;
use crate::ingest::Kept;

/// What the wall keeps; stays open over changes of the configuration.
#[derive(Resource, Clone, Default)]
pub struct WallKept(pub Option<Kept>);

impl WallKept {
    /// Opens it as `config` says. A wall that cannot keep anything runs all the
    /// same.
    pub fn open(config: &Config) -> Self {
        if !config.cache.enabled {
            return Self(None);
        }
        let Some(folder) = folder_of(config) else {
            tracing::warn!("没有可用的缓存文件夹:断网重启时将没有上次的数据([cache] folder)");
            return Self(None);
        };
        let ids: Vec<&str> = config.sources.iter().map(|source| source.id.as_str()).collect();
        match Kept::open(&folder, config.cache.bytes, &ids) {
            Ok(kept) => Self(Some(kept)),
            Err(error) => {
                tracing::warn!("无法使用缓存文件夹 {}:{error};断网重启时将没有上次的数据", folder.display());
                Self(None)
            }
        }
    }
}

/// Where the wall keeps things, if it does.
pub fn folder_of(config: &Config) -> Option<PathBuf> {
    let folder = || config.cache.folder.clone().or_else(|| usual_folder(&config.path));
    config.cache.enabled.then(folder)?
}

/// A folder for the configuration at `path` where the operating system has such
/// files: what systemd gives a service with `CacheDirectory=`, else the user's.
fn usual_folder(path: &Path) -> Option<PathBuf> {
    let of = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let users = || {
        if cfg!(windows) {
            of("LOCALAPPDATA")
        } else if cfg!(target_os = "macos") {
            Some(of("HOME")?.join("Library/Caches"))
        } else {
            of("XDG_CACHE_HOME").or_else(|| Some(of("HOME")?.join(".cache")))
        }
    };
    let given = of("CACHE_DIRECTORY").and_then(|list| env::split_paths(&list).next());
    let folder = given.or_else(|| Some(users()?.join("quanyu")))?;
    // Two walls of one machine keep apart.
    let path = std::path::absolute(path).ok()?;
    let name = path.file_stem()?.to_string_lossy().into_owned();
    Some(folder.join(format!("{name}-{:08x}", crc32fast::hash(path.as_os_str().as_encoded_bytes()))))
}

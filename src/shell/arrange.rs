//! The arrange mode: begins and ends it, and writes what a hand arranged.
//!
//! In: whether panels are arranged, what the hand asks for. Out: where panels
//! stand meanwhile; the configuration file with their new places.
//!
//! How it works: the wall shows a [`Draft`] until it is left or saved. Saving
//! runs on a task: the file as it is then gets the changes, the new text must
//! mean what the wall shows and nothing else, and then takes the old one's
//! place. The wall reads it as it reads any saved file, and goes on with what it
//! already shows.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bevy::prelude::*;
use bevy::tasks::{AsyncComputeTaskPool, Task, block_on, poll_once};
use bevy_egui::egui;

use super::reload::ConfigWatch;
use super::rewrite;
use crate::config::Config;
use crate::model::{Action, Overlays, Visible, Waker, WallConfig};
use crate::panels::{ArrangeView, Arranging, Draft};
use crate::setup::arrange::{Arrangement, Order, Placed, apply, check};

/// Panels while they are arranged.
#[derive(Resource, Default)]
pub struct ArrangeMode {
    desk: Option<Desk>,
}

/// What is being arranged.
struct Desk {
    draft: Draft,
    /// The configuration and the scene that it began with.
    config: Arc<Config>,
    scene: usize,
    said: Option<String>,
    saving: Option<Task<Result<PathBuf, String>>>,
    is_saved: bool,
}

impl Desk {
    fn of(config: &WallConfig, visible: &Visible) -> Self {
        Self {
            draft: Draft::of(&config.0, &visible.panels),
            config: Arc::clone(&config.0),
            scene: visible.scene,
            said: None,
            saving: None,
            is_saved: false,
        }
    }

    /// What is to be written.
    fn wanted(&self) -> Arrangement {
        let panels = &self.draft.config().panels;
        let placed = |index: usize| {
            let panel = panels.get(index)?;
            Some(Placed { id: panel.id.clone(), side: panel.side, cell: panel.cell })
        };
        let ids = self.draft.visible().iter().filter_map(|&index| Some(panels.get(index)?.id.clone()));
        Arrangement {
            moved: self.draft.moved().into_iter().filter_map(placed).collect(),
            order: self.draft.is_reordered().then(|| Order { scene: self.scene, panels: ids.collect() }),
        }
    }
}

impl ArrangeMode {
    /// Whether panels are arranged.
    pub fn is_on(&self) -> bool {
        self.desk.is_some()
    }

    /// The configuration and the panels that are shown meanwhile.
    pub fn shown(&self) -> Option<(&Config, &[usize])> {
        self.desk.as_ref().map(|desk| (desk.draft.config(), desk.draft.visible()))
    }

    /// What the mode shows; `file` is the name of the configuration file.
    pub fn view<'a>(&'a self, file: Option<&'a str>) -> Option<ArrangeView<'a>> {
        self.desk.as_ref().map(|desk| ArrangeView {
            draft: &desk.draft,
            said: desk.said.as_deref(),
            file,
            is_saving: desk.saving.is_some() || desk.is_saved,
        })
    }

    /// Does what a hand asks for; what is to be done beyond that is returned.
    pub fn act(
        &mut self,
        asked: Arranging,
        screen: egui::Vec2,
        watch: Option<&ConfigWatch>,
        waker: &Waker,
    ) -> Option<Action> {
        let desk = self.desk.as_mut().filter(|desk| desk.saving.is_none() && !desk.is_saved)?;
        desk.said = None;
        match asked {
            Arranging::Change(edit) => desk.said = desk.draft.change(edit, screen).err(),
            Arranging::Undo => _ = desk.draft.undo(),
            Arranging::Leave => return Some(Action::ToggleArrange),
            Arranging::Save => {
                let wanted = desk.wanted();
                if wanted == Arrangement::default() {
                    return Some(Action::ToggleArrange);
                }
                // Where there is no file, the mode says so.
                let path = watch?.path().to_owned();
                let waker = waker.clone();
                desk.saving = Some(AsyncComputeTaskPool::get().spawn(async move {
                    let written = write(&path, &wanted);
                    (waker.0)();
                    written
                }));
            }
        }
        None
    }
}

/// Begins, ends, and takes over what was saved.
pub fn follow(
    mut mode: ResMut<ArrangeMode>,
    overlays: Res<Overlays>,
    config: Res<WallConfig>,
    visible: Res<Visible>,
    watch: Option<Res<ConfigWatch>>,
    waker: Res<Waker>,
    mut actions: MessageWriter<Action>,
) {
    if !overlays.arrange {
        if mode.is_on() {
            mode.desk = None;
        }
        return;
    }
    match &mut mode.desk {
        // The file was read since: the wall shows what the draft showed.
        Some(desk) if desk.is_saved => {
            mode.desk = None;
            actions.write(Action::ToggleArrange);
            (waker.0)();
        }
        // Whoever watches the file may have noticed what the task wrote before
        // the task said so.
        Some(desk) if desk.saving.is_some() || Arc::ptr_eq(&desk.config, &config.0) && desk.scene == visible.scene => {
            let done = desk.saving.as_mut().and_then(|task| block_on(poll_once(task)));
            let Some(written) = done else { return };
            desk.saving = None;
            match written {
                Ok(backup) => {
                    tracing::info!(former = %backup.display(), "编排已写入配置文件");
                    desk.is_saved = true;
                    if let Some(watch) = watch {
                        watch.notice();
                    }
                    (waker.0)();
                }
                Err(reason) => {
                    tracing::warn!("编排没有写入配置文件:{reason}");
                    desk.said = Some(format!("没有保存:{reason}"));
                }
            }
        }
        before => {
            let is_other_file = before.as_ref().is_some_and(|desk| !Arc::ptr_eq(&desk.config, &config.0));
            let mut desk = Desk::of(&config, &visible);
            if is_other_file {
                desk.said = Some("配置文件刚被别处改动,已从新的内容重新开始".to_owned());
            }
            mode.desk = Some(desk);
        }
    }
}

/// Writes the places of panels into the file at `path`, unless what comes of it
/// is not exactly that. Returns where the former file is.
fn write(path: &Path, wanted: &Arrangement) -> Result<PathBuf, String> {
    let old = std::fs::read_to_string(path)
        .map_err(|error| format!("无法读取配置文件:{}", crate::ingest::io_text(&error)))?;
    let read = |text: &str, what: &str| {
        Config::parse(text, path).map_err(|error| {
            let first = error.to_string().lines().next().unwrap_or_default().to_owned();
            format!("{what}:{first}")
        })
    };
    let before = read(&old, "配置文件现在有误")?;
    let new = apply(&old, &before, wanted)?;
    check(&before, &read(&new, "改后的配置无效")?, wanted)?;
    rewrite::replace(path, &old, &new)
}

#[cfg(test)]
mod tests {
    use bevy::ecs::system::RunSystemOnce;
    use bevy_egui::egui::vec2;

    use super::*;
    use crate::config::{Cell, Side};
    use crate::panels::{Edit, Place};

    const TEXT: &str = "[[sources]]\nid = \"e\"\nfeed = \"events\"\nkind = \"file\"\npath = \"e.csv\"\n\
                        # 左侧\n[[panels]]\nid = \"a\"\nkind = \"trend\" # 甲\n\n[[panels]]\nid = \"b\"\nkind = \"ranking\"\n";
    const SCREEN: egui::Vec2 = vec2(3_840.0, 1_080.0);

    fn world(text: &str) -> World {
        let config = Arc::new(Config::parse(text, Path::new("c.toml")).expect("valid"));
        let mut world = World::new();
        world.insert_resource(Visible::of(&config));
        world.insert_resource(WallConfig(config));
        world.insert_resource(Overlays { arrange: true, ..Overlays::default() });
        world.init_resource::<ArrangeMode>();
        world.init_resource::<Waker>();
        world.init_resource::<Messages<Action>>();
        world.run_system_once(follow).expect("runs");
        world
    }

    fn act(world: &mut World, asked: Arranging) -> Option<Action> {
        let waker = world.resource::<Waker>().clone();
        world.resource_mut::<ArrangeMode>().act(asked, SCREEN, None, &waker)
    }

    fn view_of<T>(world: &World, what: impl Fn(&ArrangeView) -> T) -> T {
        what(&world.resource::<ArrangeMode>().view(None).expect("is on"))
    }

    #[test]
    fn the_file_gets_what_was_arranged_and_the_former_one_stays_beside_it() {
        let folder = std::env::temp_dir().join(format!("quanyu-arrange-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("writable");
        let path = folder.join("c.toml");
        std::fs::write(&path, TEXT).expect("writable");
        let mut world = world(TEXT);
        let to = Place::Column { side: Side::Left, number: 2 };
        act(&mut world, Arranging::Change(Edit::Move { panel: 1, to, before: None }));
        act(&mut world, Arranging::Change(Edit::Rows { panel: 0, rows: 3 }));
        let wanted = world.resource::<ArrangeMode>().desk.as_ref().expect("is on").wanted();
        let backup = write(&path, &wanted).unwrap();
        assert_eq!(std::fs::read_to_string(&backup).expect("kept"), TEXT);
        let new = std::fs::read_to_string(&path).expect("is there");
        assert!(new.starts_with(TEXT.split_once("# 甲").expect("is there").0), "{new}");
        let config = Config::parse(&new, &path).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(config.panels[0].cell, Cell { column: Some(2), columns: None, rows: Some(3) });
        assert_eq!((config.panels[1].side, config.panels[1].cell.column), (Side::Left, Some(2)));
        // A file that is wrong at the moment is left alone.
        std::fs::write(&path, format!("{new}x = 1\n")).expect("writable");
        assert!(write(&path, &wanted).unwrap_err().starts_with("配置文件现在有误:"));
        _ = std::fs::remove_dir_all(&folder);
    }

    #[test]
    fn what_is_refused_is_said_and_leaving_forgets_everything() {
        let mut world = world(TEXT);
        assert_eq!(act(&mut world, Arranging::Change(Edit::Rows { panel: 1, rows: 1 })), None);
        assert!(view_of(&world, |view| view.said.map(str::to_owned)).is_some_and(|said| said.contains("至少要")));
        act(&mut world, Arranging::Change(Edit::Rows { panel: 1, rows: 5 }));
        assert_eq!(view_of(&world, |view| (view.said.map(str::to_owned), view.draft.can_undo())), (None, true));
        // Without a file nothing is written, and the mode goes on.
        assert_eq!(act(&mut world, Arranging::Save), None);
        assert!(!view_of(&world, |view| view.is_saving));
        act(&mut world, Arranging::Undo);
        assert_eq!(act(&mut world, Arranging::Save), Some(Action::ToggleArrange), "there is nothing to write");
        assert_eq!(act(&mut world, Arranging::Leave), Some(Action::ToggleArrange));
        world.resource_mut::<Overlays>().arrange = false;
        world.run_system_once(follow).expect("runs");
        assert!(!world.resource::<ArrangeMode>().is_on());
    }

    #[test]
    fn another_file_begins_anew_and_one_s_own_ends_it() {
        let mut world = world(TEXT);
        AsyncComputeTaskPool::get_or_init(Default::default);
        act(&mut world, Arranging::Change(Edit::Rows { panel: 1, rows: 5 }));
        let other = Arc::new(Config::parse(&TEXT.replace("甲", "乙"), Path::new("c.toml")).expect("valid"));
        world.insert_resource(WallConfig(other));
        // It may be one's own while it is being saved.
        let (tell, told) = std::sync::mpsc::channel::<()>();
        if let Some(desk) = &mut world.resource_mut::<ArrangeMode>().desk {
            desk.saving = Some(AsyncComputeTaskPool::get().spawn(async move {
                _ = told.recv();
                Err("voll".to_owned())
            }));
        }
        world.run_system_once(follow).expect("runs");
        assert!(view_of(&world, |view| view.draft.can_undo() && view.is_saving));
        drop(tell);
        while view_of(&world, |view| view.is_saving) {
            world.run_system_once(follow).expect("runs");
        }
        assert!(view_of(&world, |view| view.said.is_some_and(|said| said.contains("voll"))));
        world.run_system_once(follow).expect("runs");
        assert!(view_of(&world, |view| !view.draft.can_undo() && view.said.is_some()));
        if let Some(desk) = &mut world.resource_mut::<ArrangeMode>().desk {
            desk.is_saved = true;
        }
        world.run_system_once(follow).expect("runs");
        assert!(!world.resource::<ArrangeMode>().is_on());
        let sent: Vec<Action> = world.resource_mut::<Messages<Action>>().drain().collect();
        assert_eq!(sent, [Action::ToggleArrange]);
    }
}

//! Puts the wall together: which plugins, which target, in which order.

use std::sync::Arc;

use bevy::app::PluginGroupBuilder;
use bevy::asset::AssetEventSystems;
use bevy::asset::RenderAssetUsages;
use bevy::camera::{ClearColorConfig, RenderTarget};
use bevy::core_pipeline::tonemapping::{DebandDither, Tonemapping};
use bevy::ecs::entity::EntityHashMap;
use bevy::prelude::*;
use bevy::render::RenderPlugin;
use bevy::render::pipelined_rendering::PipelinedRenderingPlugin;
use bevy::render::render_resource::{Extent3d, TextureDimension, TextureFormat, TextureUsages};
use bevy::render::settings::RenderCreation;
use bevy::window::{ExitCondition, MonitorSelection, WindowMode, WindowResolution};
use bevy::winit::WinitPlugin;
use bevy_egui::egui::FontDefinitions;
use bevy_egui::{
    EguiContext, EguiInput, EguiInputSet, EguiPlugin, EguiPostUpdateSet, EguiPreUpdateSet, EguiPrimaryContextPass,
    EguiRenderOutput, egui,
};

use super::{alert_book, arrange, audience, cards, graphics, notes, reload, remote, ui, window};
use crate::config::Config;
use crate::domain::clock::{Clock, ClockMode};
use crate::ingest::Ingest;
use crate::layers::gpu::MapCamera;
use crate::layers::{LayersPlugin, WallTheme};
use crate::map::MapPlugin;
use crate::model::{IngestLink, ModelPlugin, Waker, WallSystems};
use crate::scenes::ScenesPlugin;
use crate::theme::{Rgba, Theme, rules};

/// Where the wall is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A window.
    Window,
    /// A picture of this many pixels; needs no display.
    Picture([u32; 2]),
}

/// What a wall is made of.
pub struct Setup {
    /// The configuration.
    pub config: Arc<Config>,
    /// Where in time to start.
    pub clock: ClockMode,
    /// Where to draw.
    pub target: Target,
    /// Chinese fonts.
    pub fonts: FontDefinitions,
    /// Data; `None` in benchmarks, which load files.
    pub ingest: Option<Ingest>,
    /// Wakes the event loop; see [`Waker`].
    pub waker: Waker,
}

/// The picture that a headless wall draws into.
#[derive(Resource, Clone)]
pub struct PictureTarget(pub Handle<Image>);

/// Something that the wall itself has to say, shown until it no longer holds.
#[derive(Resource, Default)]
pub struct WallNotice(pub Option<String>);

#[derive(Resource)]
struct WallFonts(FontDefinitions);

/// Assembles the wall without running it.
pub fn assemble(setup: Setup) -> App {
    tell_breaches(&setup.config);
    let theme = setup.config.wall.theme.clone();
    let mut app = App::new();
    app.add_plugins(engine_plugins(&setup))
        .add_plugins(EguiPlugin { bindless_mode_array_size: None })
        .insert_resource(WallFonts(setup.fonts))
        .insert_resource(setup.waker)
        .insert_resource(ClearColor(clear_color(&theme)))
        .insert_resource(WallTheme(theme))
        .add_plugins((
            ModelPlugin { config: Arc::clone(&setup.config), clock: Clock::new(setup.clock) },
            MapPlugin,
            LayersPlugin,
            ScenesPlugin,
        ))
        .init_resource::<ui::UiState>()
        .init_resource::<cards::Cards>()
        .init_resource::<arrange::ArrangeMode>()
        .init_resource::<WallNotice>()
        .init_resource::<audience::PassingNotice>()
        .init_resource::<TexturesPending>()
        .add_systems(
            PreUpdate,
            (
                install_fonts.after(EguiPreUpdateSet::InitContexts).before(EguiPreUpdateSet::BeginPass),
                drop_repeated_modifiers.after(EguiInputSet::WriteEguiEvents).before(EguiPreUpdateSet::BeginPass),
            ),
        )
        .add_systems(First, reload::reload)
        // New glyphs reach the GPU in the frame that shows them: without an order
        // a digit would be missing for one frame, now and then.
        .configure_sets(PostUpdate, AssetEventSystems.after(EguiPostUpdateSet::PostProcessOutput))
        .add_systems(
            PostUpdate,
            // What is on its way is gone from the list once it was taken over.
            note_textures.after(EguiPostUpdateSet::ProcessOutput).before(EguiPostUpdateSet::PostProcessOutput),
        )
        .add_systems(Update, (ui::collect, (cards::collect, ui::turn_cameras).chain()).after(WallSystems::Derive))
        .add_systems(Update, (arrange::follow.after(WallSystems::Act), audience::tell_audience.after(WallSystems::Act)))
        .add_systems(Update, alert_book::keep.after(WallSystems::Derive))
        .add_systems(EguiPrimaryContextPass, ui::wall_ui);
    if let Some(ingest) = setup.ingest {
        app.insert_resource(IngestLink(ingest));
    }
    match setup.target {
        Target::Window => {
            spawn_camera(app.world_mut(), None);
            app.add_plugins((window::WindowPlugin, notes::NotesPlugin, remote::RemotePlugin));
        }
        Target::Picture(size) => {
            let image = picture(size);
            let handle = app.world_mut().resource_mut::<Assets<Image>>().add(image);
            app.insert_resource(PictureTarget(handle.clone()));
            spawn_camera(app.world_mut(), Some(handle));
        }
    }
    app
}

/// Bevy's plugins, less what a wall never uses.
fn engine_plugins(setup: &Setup) -> PluginGroupBuilder {
    let render = RenderPlugin {
        render_creation: RenderCreation::Automatic(Box::new(graphics::settings())),
        ..RenderPlugin::default()
    };
    let plugins = DefaultPlugins.build().disable::<PipelinedRenderingPlugin>().set(render);
    match setup.target {
        Target::Window => plugins.set(WindowPlugin {
            primary_window: Some(primary_window(&setup.config)),
            exit_condition: ExitCondition::OnPrimaryClosed,
            ..WindowPlugin::default()
        }),
        Target::Picture(_) => plugins.disable::<WinitPlugin>().set(WindowPlugin {
            primary_window: None,
            exit_condition: ExitCondition::DontExit,
            ..WindowPlugin::default()
        }),
    }
}

fn primary_window(config: &Config) -> Window {
    let mode = if config.wall.fullscreen {
        // Exclusive fullscreen on a monitor that went missing panics.
        WindowMode::BorderlessFullscreen(MonitorSelection::Primary)
    } else {
        WindowMode::Windowed
    };
    let [width, height] = config.wall.size.unwrap_or([1920, 1080]);
    Window {
        title: config.wall.title.clone(),
        name: Some("quanyu".to_owned()),
        mode,
        resolution: WindowResolution::new(width, height).with_scale_factor_override(1.0),
        ..Window::default()
    }
}

/// Writes to the log which rules a theme of one's own breaks: it is shown all
/// the same.
pub fn tell_breaches(config: &Config) {
    let Some(file) = &config.wall.theme_file else { return };
    for rules::Breach { message, .. } in rules::breaches(&config.wall.theme) {
        tracing::warn!("主题 {}:{message}", file.display());
    }
}

/// The ground's colour; its alpha says how bright context is where no area is.
fn clear_color(theme: &Theme) -> Color {
    let Rgba([r, g, b, _]) = theme.ground;
    Color::srgba_u8(r, g, b, 255).with_alpha(theme.outside.0)
}

/// Gives the camera the ground of the theme in force.
pub fn refresh_ground(world: &mut World) {
    let clear = clear_color(&world.resource::<WallTheme>().0);
    world.insert_resource(ClearColor(clear));
    let mut cameras = world.query::<&mut Camera>();
    for mut camera in cameras.iter_mut(world) {
        camera.clear_color = ClearColorConfig::Custom(clear);
    }
}

fn spawn_camera(world: &mut World, picture: Option<Handle<Image>>) {
    let clear = world.resource::<ClearColor>().0;
    let mut camera = world.spawn((
        Camera2d,
        MapCamera,
        Camera { clear_color: ClearColorConfig::Custom(clear), ..Camera::default() },
        Msaa::Off,
        Tonemapping::None,
        DebandDither::Disabled,
    ));
    if let Some(handle) = picture {
        camera.insert(RenderTarget::Image(handle.into()));
    }
}

fn picture([width, height]: [u32; 2]) -> Image {
    let size = Extent3d { width, height, depth_or_array_layers: 1 };
    let mut image =
        Image::new_uninit(size, TextureDimension::D2, TextureFormat::Rgba8UnormSrgb, RenderAssetUsages::RENDER_WORLD);
    image.texture_descriptor.usage =
        TextureUsages::RENDER_ATTACHMENT | TextureUsages::COPY_SRC | TextureUsages::TEXTURE_BINDING;
    image
}

/// Whether the last frame brought glyphs or pictures that reach the GPU only
/// with the next one.
#[derive(Resource, Default)]
pub struct TexturesPending(pub bool);

/// Notes textures on their way; see [`TexturesPending`].
fn note_textures(outputs: Query<&EguiRenderOutput>, mut pending: ResMut<TexturesPending>) {
    pending.0 = outputs.iter().any(|output| !output.textures_delta.is_empty());
}

/// Gives each new egui context the fonts before its first pass: a pass that
/// asks for an unknown family panics.
fn install_fonts(mut contexts: Query<&mut EguiContext, Added<EguiContext>>, fonts: Res<WallFonts>) {
    for mut context in &mut contexts {
        let context = context.get_mut();
        context.set_fonts(fonts.0.clone());
        context.options_mut(|options| options.zoom_with_keyboard = false);
        context.all_styles_mut(|style| {
            style.interaction.selectable_labels = false;
            style.animation_time = 0.0;
        });
    }
}

/// bevy_egui reports the modifier keys each frame, and each report makes egui
/// ask for another frame: an idle wall would never rest.
fn drop_repeated_modifiers(
    mut inputs: Query<(Entity, &mut EguiInput)>,
    mut last: Local<EntityHashMap<egui::Modifiers>>,
) {
    last.retain(|context, _| inputs.contains(*context));
    for (context, mut input) in &mut inputs {
        let last = last.entry(context).or_default();
        input.events.retain(|event| match event {
            egui::Event::ModifiersChanged(now) => std::mem::replace(last, *now) != *now,
            _ => true,
        });
    }
}

/// Ends a wall in order: first the data, whose thread is joined, then the rest.
pub fn stop(mut app: App) {
    if let Some(link) = app.world_mut().remove_resource::<IngestLink>() {
        link.0.stop();
    }
}

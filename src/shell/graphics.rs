//! Whether this machine can draw at all, asked before Bevy does, because Bevy
//! can only panic.

use bevy::render::settings::{Backends, WgpuSettings};

/// Why nothing can be drawn.
#[derive(Debug, thiserror::Error)]
#[error(
    "没有可用的图形驱动(Vulkan、Metal 或 DX12)。没有显卡的机器请安装软件渲染:\
     Debian/Ubuntu:sudo apt-get install mesa-vulkan-drivers"
)]
pub struct NoGraphics;

/// Backends that the wall draws with.
pub fn backends() -> Backends {
    Backends::from_env().unwrap_or(Backends::PRIMARY)
}

/// How the renderer is set up: no validation layers, no other backends than
/// those that the shaders are tested on.
pub fn settings() -> WgpuSettings {
    WgpuSettings {
        backends: Some(backends()),
        instance_flags: wgpu::InstanceFlags::empty().with_env(),
        // A wall has few buffers and keeps them: blocks of 64 MiB and more,
        // made to serve many, would stay mostly empty for months.
        memory_hints: wgpu::MemoryHints::MemoryUsage,
        ..WgpuSettings::default()
    }
}

/// Names of the adapters, best first as the drivers list them.
pub fn adapters() -> Vec<String> {
    let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
    descriptor.backends = backends();
    descriptor.flags = wgpu::InstanceFlags::empty();
    let instance = wgpu::Instance::new(descriptor);
    bevy::tasks::block_on(instance.enumerate_adapters(backends()))
        .iter()
        .map(|adapter| adapter.get_info().name)
        .collect()
}

/// Looks for a driver.
///
/// # Errors
/// When there is none, with the package that brings one.
pub fn require() -> Result<(), NoGraphics> {
    if adapters().is_empty() { Err(NoGraphics) } else { Ok(()) }
}

// What every layer of the map needs to place things. Prepended to each of the
// other files, so that the block below has one definition.

struct View {
    // Local metres in the middle of the viewport.
    center: vec2f,
    // Half the viewport, physical pixels.
    half_size_px: vec2f,
    // Shift of the map's middle from the viewport's, physical pixels, y up.
    offset_px: vec2f,
    // Physical pixels per local metre.
    px_per_m: f32,
    // Physical pixels per design unit.
    unit_px: f32,
    // Seconds since the program started; only differences are used.
    time_secs: f32,
    // Area under the hand, or 0xffffffff.
    hovered: u32,
    // Area in focus, or 0xffffffff.
    focused: u32,
    // Brightness of what is drawn from events: 1, less when they are stale.
    event_light: f32,
};

@group(0) @binding(0) var<uniform> view: View;

fn px_from_local(local: vec2f) -> vec2f {
    return (local - view.center) * view.px_per_m + view.offset_px;
}

fn clip_from_px(px: vec2f) -> vec4f {
    return vec4f(px / view.half_size_px, 0.0, 1.0);
}

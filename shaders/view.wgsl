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
    // Cosine and sine of the tilt; (1, 0) looks straight down.
    tilt: vec2f,
    // Share of their full height that areas have risen by.
    rise: f32,
    // Share of their full height that columns have risen by.
    column_rise: f32,
    // Local metres of the height map's lower left corner.
    height_map_origin: vec2f,
    // One over the local metres that the height map covers.
    height_map_scale: vec2f,
    // Depth for each pixel along the line of sight.
    depth_per_px: f32,
    // 1 while flat, 0 once tilted.
    flatness: f32,
    pad: vec2f,
};

@group(0) @binding(0) var<uniform> view: View;
// Heights of what has risen in view, seen from straight above; one texel of 0
// while nothing has.
@group(0) @binding(1) var height_map: texture_2d<f32>;

// Orthographic: what lies north is shortened by the cosine of the tilt, what
// stands upright by its sine.
fn px_from_raised(local: vec2f, height_m: f32) -> vec2f {
    let flat_px = (local - view.center) * view.px_per_m;
    return vec2f(flat_px.x, flat_px.y * view.tilt.x + height_m * view.px_per_m * view.tilt.y) + view.offset_px;
}

fn px_from_local(local: vec2f) -> vec2f {
    return px_from_raised(local, 0.0);
}

// Farther away is more; half is in the middle of the view.
fn depth_from_raised(local: vec2f, height_m: f32) -> f32 {
    let away_m = (local.y - view.center.y) * view.tilt.y - height_m * view.tilt.x;
    return 0.5 + away_m * view.px_per_m * view.depth_per_px;
}

// What lies on a surface and is this many pixels wide must be drawn this much
// nearer to lie on it as a whole.
fn depth_of_width(width_px: f32) -> f32 {
    return (width_px * view.tilt.y / view.tilt.x + 1.5) * view.depth_per_px;
}

fn clip_at(px: vec2f, depth: f32) -> vec4f {
    return vec4f(px / view.half_size_px, depth, 1.0);
}

// Height of what has risen at a place.
fn risen_m(local: vec2f) -> f32 {
    if view.rise <= 0.0 {
        return 0.0;
    }
    let size = textureDimensions(height_map);
    let at = (local - view.height_map_origin) * view.height_map_scale;
    let texel = vec2i(floor(vec2f(at.x, 1.0 - at.y) * vec2f(size)));
    if any(texel < vec2i(0)) || any(texel >= vec2i(size)) {
        return 0.0;
    }
    return textureLoad(height_map, texel, 0).r;
}

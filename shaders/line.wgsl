// Lines of constant width on screen: one instance per segment, a quad around
// it, and the distance to the segment as coverage. The ends are round, so that
// segments join without a gap whatever their angle.

struct LineStyle {
    // Linear colour, straight alpha.
    color: vec4f,
    // Full width, physical pixels.
    width_px: f32,
    // Reach of the glow beyond the edge, physical pixels.
    glow_px: f32,
    pad: vec2f,
};

struct Styles {
    styles: array<LineStyle, 32>,
};

@group(1) @binding(0) var<uniform> table: Styles;

struct Vertex {
    @builtin(position) clip: vec4f,
    // Along and across the segment, physical pixels from its start.
    @location(0) at_px: vec2f,
    @location(1) @interpolate(flat) length_px: f32,
    @location(2) @interpolate(flat) style: u32,
};

// A quad around the segment, whose ends are at the two heights.
fn expand(corner: u32, a: vec2f, b: vec2f, heights_m: vec2f, style: u32, reach_px: f32) -> Vertex {
    let a_px = px_from_raised(a, heights_m.x);
    let b_px = px_from_raised(b, heights_m.y);
    let along = b_px - a_px;
    let length_px = length(along);
    let forward = select(vec2f(1.0, 0.0), along / length_px, length_px > 1e-4);
    let side = vec2f(-forward.y, forward.x);
    let s = select(-reach_px, length_px + reach_px, (corner & 1u) == 1u);
    let t = select(-reach_px, reach_px, (corner & 2u) == 2u);
    var out: Vertex;
    // The quad lies in the level plane of the end that it is next to, so that it
    // is hidden by what hides that place and not as a whole.
    let is_end = (corner & 1u) == 1u;
    let corner_px = a_px + forward * s + side * t;
    let depth = select(depth_from_raised(a, heights_m.x), depth_from_raised(b, heights_m.y), is_end);
    let north_px = corner_px.y - select(a_px.y, b_px.y, is_end);
    out.clip = clip_at(corner_px, depth + north_px * view.tilt.y / view.tilt.x * view.depth_per_px - depth_of_width(0.0));
    out.at_px = vec2f(s, t);
    out.length_px = length_px;
    out.style = style;
    return out;
}

fn distance_px(in: Vertex) -> f32 {
    let beyond = max(max(-in.at_px.x, in.at_px.x - in.length_px), 0.0);
    return length(vec2f(beyond, in.at_px.y));
}

@vertex
fn vs(
    @builtin(vertex_index) corner: u32,
    @location(0) a: vec2f,
    @location(1) b: vec2f,
    @location(2) style: u32,
) -> Vertex {
    return expand(corner, a, b, vec2f(0.0), style, table.styles[style & 31u].width_px * 0.5 + 1.0);
}

fn look(in: Vertex) -> vec4f {
    let style = table.styles[in.style & 31u];
    // Thinner than a pixel: one pixel wide and as much fainter.
    let drawn_px = max(style.width_px, 1.0);
    let thin = min(style.width_px, 1.0);
    let coverage = clamp(drawn_px * 0.5 + 0.5 - distance_px(in), 0.0, 1.0);
    let alpha = style.color.a * coverage * thin;
    return vec4f(style.color.rgb * alpha, alpha);
}

@fragment
fn fs(in: Vertex) -> @location(0) vec4f {
    return look(in);
}

// Over areas that are about to rise.
@fragment
fn fs_fading(in: Vertex) -> @location(0) vec4f {
    return look(in) * view.flatness;
}

@vertex
fn vs_glow(
    @builtin(vertex_index) corner: u32,
    @location(0) a: vec2f,
    @location(1) b: vec2f,
    @location(2) style: u32,
) -> Vertex {
    let row = table.styles[style & 31u];
    return expand(corner, a, b, vec2f(0.0), style, row.width_px * 0.5 + row.glow_px);
}

// Blended with max: overlapping segments glow no brighter than one.
@fragment
fn fs_glow(in: Vertex) -> @location(0) vec4f {
    let style = table.styles[in.style & 31u];
    let beyond = max(distance_px(in) - style.width_px * 0.5, 0.0) / max(style.glow_px, 1.0);
    let falloff = max(1.0 - beyond, 0.0);
    return vec4f(style.color.rgb * (0.34 * falloff * falloff * falloff), 0.0);
}

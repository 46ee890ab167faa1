// Workers on patrol, where they are at the shown instant: far away a disc, near
// a badge with a person, and a wedge that points to where they go. Those of whom
// nothing was heard for too long are hollow, and struck through as badges.
// Appended to `track_style.wgsl` and `point.wgsl`, whose shapes it uses.

// The icon of a person in `point.wgsl`.
const PERSON: u32 = 8u;

struct HeadVertex {
    @builtin(position) clip: vec4f,
    // Physical pixels from the middle.
    @location(0) at_px: vec2f,
    // Way on the screen, (0, 0) while standing.
    @location(1) @interpolate(flat) direction: vec2f,
    @location(2) @interpolate(flat) stale: u32,
    @location(3) @interpolate(flat) opacity: f32,
};

@vertex
fn vs_head(
    @builtin(vertex_index) corner: u32,
    @location(0) position: vec2f,
    @location(1) direction: vec2f,
    @location(2) age_secs: f32,
    @location(3) stale: u32,
    @location(4) walk: u32,
) -> HeadVertex {
    // The wedge reaches beyond the disc.
    let reach_px = tracks.head_px * 0.85 + tracks.casing_px + 1.0;
    let at_px = vec2f(f32(corner & 1u), f32(corner >> 1u)) * 2.0 * reach_px - reach_px;
    var out: HeadVertex;
    out.clip = clip_at(px_from_raised(position, stood_on_m(position)) + at_px, 0.5);
    out.at_px = at_px;
    // Shortened by the tilt as the ground is.
    let way = vec2f(direction.x, direction.y * view.tilt.x);
    out.direction = select(vec2f(0.0), normalize(way), dot(way, way) > 0.0);
    out.stale = stale;
    out.opacity = (1.0 - smoothstep(0.75, 1.0, age_secs / tracks.trace_secs)) * select(1.0, 0.8, stale == 1u);
    out.opacity *= select(tracks.others, 1.0, walk == tracks.picked_walk);
    return out;
}

// How far the tip of the wedge is from the middle, in radii.
const TIP: f32 = 1.55;

// A wedge that points along `direction`; its sides touch the disc, so that the
// two are one shape.
fn wedge_distance(at_px: vec2f, radius: f32, direction: vec2f) -> f32 {
    let forward = dot(at_px, direction);
    let side = abs(dot(at_px, vec2f(-direction.y, direction.x)));
    let outward = vec2f(1.0 / TIP, sqrt(1.0 - 1.0 / (TIP * TIP)));
    return max(dot(vec2f(forward - TIP * radius, side), outward), radius / TIP - forward);
}

@fragment
fn fs_head(in: HeadVertex) -> @location(0) vec4f {
    let radius = tracks.head_px * 0.5;
    let is_stale = in.stale == 1u;
    let color = select(tracks.head_color.rgb, tracks.stale_color.rgb, is_stale);
    let ground = tracks.casing_color.rgb;
    let disc_px = length(in.at_px) - radius;
    var shape_px = disc_px;
    if any(in.direction != vec2f(0.0)) {
        shape_px = min(disc_px, wedge_distance(in.at_px, radius, in.direction));
    }
    var paint = color;
    if tracks.is_badge > 0.0 {
        let inner = clamp(0.5 - (disc_px + max(radius * 0.16, 1.5)), 0.0, 1.0);
        paint = mix(color, ground, inner);
        let icon = icon_distance(in.at_px / radius, PERSON) * radius;
        paint = mix(paint, mix(color, tracks.mark_color.rgb, select(1.0, 0.0, is_stale)), clamp(0.5 - icon, 0.0, 1.0));
        if is_stale {
            let slash = stroke(in.at_px, vec2f(-0.6) * radius, vec2f(0.6) * radius, radius * 0.08);
            paint = mix(paint, color, clamp(0.5 - slash, 0.0, 1.0));
        }
    } else if is_stale {
        paint = mix(color, ground, clamp(0.5 - (disc_px + radius * 0.42), 0.0, 1.0));
    }
    // A rim of ground around the whole: it lies on its own line.
    let filled = clamp(0.5 - shape_px, 0.0, 1.0);
    let alpha = clamp(0.5 + tracks.casing_px - shape_px, 0.0, 1.0) * in.opacity;
    return vec4f(mix(ground, paint, filled) * alpha, alpha);
}

// Look of patrol tracks, and the shown instant. Prepended to the files that draw
// them.

struct Tracks {
    // Linear colours, straight alpha.
    line_color: vec4f,
    mark_color: vec4f,
    casing_color: vec4f,
    head_color: vec4f,
    stale_color: vec4f,
    // Seconds from the epoch of the points.
    now_secs: f32,
    // Ages at which a stretch is at its faintest, and gone.
    tail_secs: f32,
    trace_secs: f32,
    faintest: f32,
    // Full width of the line, and of its casing on each side.
    width_px: f32,
    casing_px: f32,
    // Length of an arrowhead, and the way from one to the next.
    mark_px: f32,
    mark_every_m: f32,
    // How far those halfway have faded in.
    between: f32,
    // Diameter of a head.
    head_px: f32,
    is_badge: f32,
    // Brightness of all that is not picked; 1 while nothing is.
    others: f32,
    // Left, top, right and bottom of what panels leave free.
    free_px: vec4f,
    // First and end of the points of the picked walk, at two levels of detail.
    picked: vec4u,
    // Number of that walk.
    picked_walk: u32,
};

@group(1) @binding(1) var<uniform> tracks: Tracks;

// Brightness of what was walked so long ago, as the eye takes it: most of the
// fading happens early, so that the way just walked stands out.
fn freshness(age_secs: f32) -> f32 {
    let fade = sqrt(clamp(age_secs / tracks.tail_secs, 0.0, 1.0));
    let gone = smoothstep(0.75, 1.0, age_secs / tracks.trace_secs);
    return mix(1.0, tracks.faintest, fade) * (1.0 - gone);
}

// Farther off a position seldom is, local metres.
const ERROR_M: f32 = 6.0;

// Height of what a worker stands on. Streets are borders of areas, and positions
// are off by some metres: taken as they are, a walk along the foot of a block
// would leap up and down its wall. So the highest around counts.
fn stood_on_m(at: vec2f) -> f32 {
    if view.rise <= 0.0 {
        return 0.0;
    }
    let east_m = max(risen_m(at + vec2f(ERROR_M, 0.0)), risen_m(at - vec2f(ERROR_M, 0.0)));
    let north_m = max(risen_m(at + vec2f(0.0, ERROR_M)), risen_m(at - vec2f(0.0, ERROR_M)));
    return max(risen_m(at), max(east_m, north_m));
}

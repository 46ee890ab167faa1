// Patrol tracks, drawn into a picture of their own: how much line, arrowhead and
// casing each pixel shows. Blended with max, so that neither the joints of a
// track nor the same street walked twice are brighter than one line, and the
// fresher way wins. `track_over.wgsl` lays the picture over the map.
//
// Six corners for each piece of line. Its ends come out of a storage buffer, and
// not as instances, of which a software rasteriser manages few.

struct TrackPoint {
    x: f32,
    y: f32,
    time_secs: f32,
    along_m: f32,
};

@group(1) @binding(2) var<storage, read> points: array<TrackPoint>;

struct Vertex {
    @builtin(position) clip: vec4f,
    // Along and across the piece, physical pixels from its start.
    @location(0) at_px: vec2f,
    @location(1) @interpolate(flat) length_px: f32,
    // Brightness along it: straight from end to end, worked out at the corners,
    // for the pixels of a city's tracks are many.
    @location(2) fresh: f32,
    // Metres walked at its ends.
    @location(3) @interpolate(flat) along_m: vec2f,
    // How far arrowheads can be shown on it.
    @location(4) @interpolate(flat) marked: f32,
};

// The way from one arrowhead to the next, those halfway included.
fn mark_step_m() -> f32 {
    return tracks.mark_every_m * select(1.0, 0.5, tracks.between > 0.0);
}

// How far arrowheads can be shown on a piece of line: not at all where none lies
// on it or it is too old, on one shorter than an arrowhead, and where somebody
// went to and fro within it: there is no one direction.
fn marked(along_m: vec2f, distance_m: f32, length_px: f32, fresh: f32) -> f32 {
    let numbers = ceil(along_m / mark_step_m());
    if numbers.x == numbers.y || fresh * fresh * fresh < 0.05 {
        return 0.0;
    }
    let straight = distance_m / (along_m.y - along_m.x);
    return smoothstep(0.5, 1.1, length_px / tracks.mark_px) * smoothstep(0.45, 0.7, straight);
}

// How bright a piece of line may be: others step back for the walk that is
// picked.
fn stands_out(piece: u32) -> f32 {
    let is_picked = (piece >= tracks.picked.x && piece < tracks.picked.y)
        || (piece >= tracks.picked.z && piece < tracks.picked.w);
    return select(tracks.others, 1.0, is_picked);
}

@vertex
fn vs(@builtin(vertex_index) index: u32) -> Vertex {
    var out: Vertex;
    out.clip = vec4f(2.0, 2.0, 0.0, 1.0);
    let a = points[index / 6u];
    let b = points[index / 6u + 1u];
    let age_secs = tracks.now_secs - a.time_secs;
    // No way between the two, not yet walked, or too long ago.
    if b.along_m <= a.along_m || age_secs <= 0.0 || tracks.now_secs - b.time_secs >= tracks.trace_secs {
        return out;
    }
    let start = vec2f(a.x, a.y);
    // Under way: as far as the worker is.
    let walked = min(age_secs / max(b.time_secs - a.time_secs, 1e-6), 1.0);
    let end = mix(start, vec2f(b.x, b.y), walked);
    let a_px = px_from_raised(start, stood_on_m(start));
    let b_px = px_from_raised(end, stood_on_m(end));
    let way_px = b_px - a_px;
    let length_px = length(way_px);
    let forward = select(vec2f(1.0, 0.0), way_px / length_px, length_px > 1e-4);
    let side = vec2f(-forward.y, forward.x);
    out.length_px = length_px;
    out.along_m = vec2f(a.along_m, a.along_m + (b.along_m - a.along_m) * walked);
    let ages_secs = vec2f(age_secs, max(tracks.now_secs - b.time_secs, 0.0));
    let fresh = vec2f(freshness(ages_secs.x), freshness(ages_secs.y)) * stands_out(index / 6u);
    out.marked = marked(out.along_m, distance(start, end), length_px, fresh.y);
    // No farther than there is anything to see: most of the cost are pixels.
    let line_px = tracks.width_px * 0.5 + tracks.casing_px;
    let reach = max(line_px, select(0.0, tracks.mark_px * 0.95, out.marked > 0.0)) + 0.5;
    let corner = index % 6u;
    // 0 1 2, 2 1 3: two triangles over the four corners.
    let of_quad = select(select(select(3u, 1u, corner == 4u), 2u, corner == 3u), corner, corner < 3u);
    let s = select(-reach, length_px + reach, (of_quad & 1u) == 1u);
    let t = select(-reach, reach, (of_quad & 2u) == 2u);
    out.clip = clip_at(a_px + forward * s + side * t, 0.5);
    out.at_px = vec2f(s, t);
    out.fresh = select(fresh.x, fresh.y, (of_quad & 1u) == 1u);
    return out;
}

// An arrowhead whose tip lies ahead of (0, 0): two strokes, as a distance.
fn mark_distance(p: vec2f) -> f32 {
    let half = tracks.mark_px * 0.5;
    let q = vec2f(p.x, abs(p.y));
    let tip = vec2f(half * 0.8, 0.0);
    let foot = vec2f(-half * 0.4, half * 1.15);
    let way = foot - tip;
    let share = clamp(dot(q - tip, way) / dot(way, way), 0.0, 1.0);
    return length(q - tip - way * share) - tracks.mark_px * 0.13;
}

@fragment
fn fs(in: Vertex) -> @location(0) vec4f {
    let fresh = in.fresh;
    let beyond = max(max(-in.at_px.x, in.at_px.x - in.length_px), 0.0);
    let edge_px = length(vec2f(beyond, in.at_px.y)) - tracks.width_px * 0.5;
    // Twice as bright to the eye is four times the light.
    let line = clamp(0.5 - edge_px, 0.0, 1.0) * fresh * fresh;
    var casing = clamp(0.5 + tracks.casing_px - edge_px, 0.0, 1.0);
    var mark = 0.0;
    if in.marked > 0.0 && in.length_px > 0.0 {
        // The nearest arrowhead belongs to this piece if its middle lies on it:
        // then the whole of it is drawn here, and bent by no joint.
        let m_per_px = (in.along_m.y - in.along_m.x) / in.length_px;
        let every_m = mark_step_m();
        let number = round((in.along_m.x + in.at_px.x * m_per_px) / every_m);
        let middle_m = number * every_m;
        if number > 0.0 && middle_m >= in.along_m.x && middle_m < in.along_m.y {
            let at_px = vec2f(in.at_px.x - (middle_m - in.along_m.x) / m_per_px, in.at_px.y);
            let is_between = tracks.between > 0.0 && (i32(number) & 1) == 1;
            let shown = in.marked * select(1.0, tracks.between, is_between);
            let distance_px = mark_distance(at_px);
            // Gone before the line: where the same street was walked in turn, the
            // last way counts.
            mark = clamp(0.5 - distance_px, 0.0, 1.0) * shown * fresh * fresh * fresh;
            casing = max(casing, clamp(0.5 + tracks.casing_px - distance_px, 0.0, 1.0) * shown * fresh);
        }
    }
    return vec4f(line, mark, casing * fresh, 0.0);
}

// Points (cameras, devices, events): one instance each, drawn as signed
// distance shapes, sharp at every size. Far away a point is a plain shape;
// near, a badge: a disc with a rim in the colour of the state and an icon of
// what it is. A badge that is off is struck through, one in alarm has a mark.
// A bubble stands for many: a disc for a number, with a ring whose part from
// the top clockwise is the share that is out of order.

struct PointStyle {
    // Linear colour, straight alpha.
    color: vec4f,
    // Diameter, physical pixels.
    size_px: f32,
    // 0 disc, 1 diamond, 2 square, 3 triangle, 4 ring, 8 bubble; 16 and above:
    // a badge with icon `shape - 16`.
    shape: u32,
    // State of what a badge stands for: 0 well, 1 off, 2 alarm. A plain shape
    // that is not well has an outline.
    state: u32,
    // Grey of a badge's ground and of outlines, 0 dark to 1 light; an icon has
    // the opposite.
    ground: f32,
};

struct Styles {
    styles: array<PointStyle, 32>,
};

@group(1) @binding(0) var<uniform> table: Styles;

const PULSES: f32 = 3.0;
const PULSE_SECS: f32 = 1.0;
const BUBBLE: u32 = 8u;
// The row whose colour says that something is out of order.
const ROW_OFF: u32 = 1u;
const OUTLINE_PX: f32 = 1.5;

struct Vertex {
    @builtin(position) clip: vec4f,
    // Physical pixels from the middle.
    @location(0) at_px: vec2f,
    @location(1) @interpolate(flat) style: u32,
    @location(2) @interpolate(flat) pulse: f32,
};

fn radius_of(row: PointStyle, style: u32) -> f32 {
    return row.size_px * 0.5 * select(1.0, f32(style >> 24u), row.shape == BUBBLE);
}

@vertex
fn vs(
    @builtin(vertex_index) corner: u32,
    @location(0) position: vec2f,
    @location(1) style: u32,
    @location(2) born_secs: f32,
    @location(3) shift_px: vec2f,
) -> Vertex {
    let age = view.time_secs - born_secs;
    let pulse = select(-1.0, fract(age / PULSE_SECS), born_secs >= 0.0 && age >= 0.0 && age < PULSES * PULSE_SECS);
    let row = table.styles[style & 31u];
    let radius_px = radius_of(row, style);
    // The mark of an alarm stands out of its badge.
    let plain_px = radius_px * select(1.0, 1.3, row.shape >= 16u && row.state == 2u) + 1.0 + OUTLINE_PX;
    let reach_px = select(plain_px, radius_px * 4.0 + 2.0, pulse >= 0.0);
    let at_px = vec2f(f32(corner & 1u), f32(corner >> 1u)) * 2.0 * reach_px - reach_px;
    var out: Vertex;
    out.clip = clip_at(px_from_raised(position, risen_m(position)) + shift_px + at_px, 0.5);
    out.at_px = at_px;
    out.style = style;
    out.pulse = pulse;
    return out;
}

fn shape_distance(p: vec2f, radius: f32, shape: u32) -> f32 {
    switch shape {
        case 1u: { return (abs(p.x) + abs(p.y) - radius) * 0.7071; }
        case 2u: { return max(abs(p.x), abs(p.y)) - radius * 0.8; }
        case 3u: {
            // Pointing up, circumscribed circle of `radius`.
            let q = vec2f(abs(p.x), p.y);
            return max(dot(q, vec2f(0.8660, 0.5)) - radius * 0.5, -p.y - radius * 0.5);
        }
        case 4u: { return abs(length(p) - radius * 0.8) - max(radius * 0.16, 0.6); }
        default: { return length(p) - radius; }
    }
}

fn disc(p: vec2f, at: vec2f, radius: f32) -> f32 {
    return length(p - at) - radius;
}

fn box(p: vec2f, at: vec2f, half: vec2f, round: f32) -> f32 {
    let d = abs(p - at) - half + round;
    return length(max(d, vec2f(0.0))) + min(max(d.x, d.y), 0.0) - round;
}

fn stroke(p: vec2f, a: vec2f, b: vec2f, half_width: f32) -> f32 {
    let along = clamp(dot(p - a, b - a) / dot(b - a, b - a), 0.0, 1.0);
    return length(p - mix(a, b, along)) - half_width;
}

// A drop: a circle under the cone that touches it.
fn drop(p: vec2f, top: f32, radius: f32, middle: f32) -> f32 {
    let q = vec2f(abs(p.x), p.y - middle);
    let h = top - middle;
    // The side runs from the tip to where it touches the circle.
    let s = radius / h;
    let c = sqrt(1.0 - s * s);
    let side = dot(q - vec2f(0.0, h), vec2f(c, s));
    let touch = dot(q, vec2f(-s, c));
    return select(length(q) - radius, side, touch > 0.0 && q.y > 0.0);
}

// Signed distance to an icon; `p` in radii of the badge, y up.
fn icon_distance(p: vec2f, icon: u32) -> f32 {
    switch icon {
        // Camera: body, lens hood.
        case 0u: {
            let body = box(p, vec2f(-0.12, 0.0), vec2f(0.36, 0.26), 0.08);
            let hood = max(max(p.x - 0.52, 0.28 - p.x), abs(p.y) - 0.06 - (p.x - 0.28) * 0.7);
            return min(body, hood);
        }
        // Gas: a flame with a hollow.
        case 1u: {
            return max(drop(p, 0.58, 0.36, -0.14), -drop(p, 0.12, 0.15, -0.26));
        }
        // Water: a drop.
        case 2u: { return drop(p, 0.56, 0.35, -0.16); }
        // Manhole: a ring with a grid.
        case 3u: {
            let rim = abs(length(p) - 0.48) - 0.07;
            let bars = min(abs(abs(p.y) - 0.14) - 0.05, abs(p.x) - 0.05);
            return min(rim, max(bars, length(p) - 0.46));
        }
        // Bin: lid and body.
        case 4u: {
            let body = max(max(abs(p.x) - 0.30 - p.y * 0.10, p.y - 0.22), -p.y - 0.50);
            let lid = box(p, vec2f(0.0, 0.34), vec2f(0.44, 0.06), 0.02);
            let knob = box(p, vec2f(0.0, 0.46), vec2f(0.14, 0.06), 0.02);
            return min(body, min(lid, knob));
        }
        // Door: leaf with a knob.
        case 5u: {
            return max(box(p, vec2f(0.0, 0.0), vec2f(0.30, 0.50), 0.03), -disc(p, vec2f(0.14, -0.04), 0.08));
        }
        // Electricity: a bolt.
        case 6u: {
            let upper = stroke(p, vec2f(0.14, 0.50), vec2f(-0.16, 0.02), 0.10);
            let across = stroke(p, vec2f(-0.16, 0.02), vec2f(0.16, 0.02), 0.08);
            let lower = stroke(p, vec2f(0.16, 0.02), vec2f(-0.14, -0.50), 0.10);
            return min(upper, min(across, lower));
        }
        // Building site: a helmet.
        case 7u: {
            let shell = max(disc(p, vec2f(0.0, -0.12), 0.42), -p.y - 0.12);
            let brim = box(p, vec2f(0.0, -0.22), vec2f(0.54, 0.08), 0.04);
            return min(shell, brim);
        }
        // Person: head and shoulders.
        case 8u: {
            let shoulders = max(disc(p, vec2f(0.0, -0.56), 0.46), -p.y - 0.50);
            return min(disc(p, vec2f(0.0, 0.24), 0.24), shoulders);
        }
        // Anything else: a sender with its waves.
        default: {
            let waves = abs(abs(length(p) - 0.34) - 0.0) - 0.05;
            return min(disc(p, vec2f(0.0), 0.16), max(waves, 0.12 - abs(p.x)));
        }
    }
}

// A badge over nothing, premultiplied.
fn badge(at_px: vec2f, radius: f32, style: PointStyle) -> vec4f {
    let edge = length(at_px) - radius;
    let rim_px = max(radius * 0.16, 1.5);
    let ground = ground_of(style);
    let ink = mix(vec3f(0.88, 0.94, 1.0), vec3f(0.02, 0.05, 0.09), style.ground);
    var color = mix(ground, style.color.rgb, clamp(edge + rim_px + 0.5, 0.0, 1.0));
    let icon = icon_distance(at_px / radius, style.shape - 16u) * radius;
    color = mix(color, select(ink, ink * 0.55, style.state == 1u), clamp(0.5 - icon, 0.0, 1.0));
    if style.state == 1u {
        let slash = stroke(at_px, vec2f(-0.6, -0.6) * radius, vec2f(0.6, 0.6) * radius, radius * 0.08);
        color = mix(color, style.color.rgb, clamp(0.5 - slash, 0.0, 1.0));
    }
    var alpha = clamp(0.5 - edge, 0.0, 1.0);
    if style.state == 2u {
        // A triangle on the upper right edge.
        let mark = shape_distance(at_px - vec2f(0.66, 0.62) * radius, radius * 0.52, 3u);
        color = mix(color, style.color.rgb, clamp(1.5 - mark, 0.0, 1.0));
        alpha = max(alpha, clamp(1.0 - mark, 0.0, 1.0));
    }
    return vec4f(color * alpha, alpha) * style.color.a;
}

// Colours of grounds and outlines.
fn ground_of(style: PointStyle) -> vec3f {
    return mix(vec3f(0.004, 0.012, 0.026), vec3f(0.92, 0.95, 0.98), style.ground);
}

// A disc with a ring, premultiplied. `off` is the share of the ring that tells
// what is out of order.
fn bubble(at_px: vec2f, radius: f32, style: PointStyle, off: f32) -> vec4f {
    let from_middle = length(at_px);
    let ring_px = max(style.size_px * 3.0, 2.0);
    // Clockwise from the top, 0 to 1.
    let turn = fract(atan2(at_px.x, at_px.y) / 6.2831853 + 1.0);
    // Half a pixel of softness along the ring; a small share stays visible.
    let seen = select(0.0, max(off, ring_px / (6.2831853 * radius)), off > 0.0);
    let along_px = min(turn, seen - turn) * 6.2831853 * radius;
    let is_off = select(0.0, clamp(along_px + 0.5, 0.0, 1.0), seen > 0.0);
    let ring_color = mix(style.color.rgb, table.styles[ROW_OFF].color.rgb, max(is_off, select(0.0, 1.0, off >= 1.0)));
    let ring = clamp(from_middle - (radius - ring_px) + 0.5, 0.0, 1.0);
    let alpha = clamp(radius - from_middle + 0.5, 0.0, 1.0);
    // What lies under the number shows a little.
    let ground_alpha = mix(0.86, 1.0, ring);
    return vec4f(mix(ground_of(style), ring_color, ring) * ground_alpha, ground_alpha) * alpha * style.color.a;
}

fn plain(in: Vertex, style: PointStyle) -> vec4f {
    let radius = style.size_px * 0.5;
    let opacity = opacity_of(in.style);
    let edge = shape_distance(in.at_px, radius, style.shape);
    let shown = style.color.a * opacity;
    var color = style.color.rgb;
    var alpha = clamp(0.5 - edge, 0.0, 1.0) * shown;
    if style.state != 0u {
        color = mix(ground_of(style), color, clamp(0.5 - edge, 0.0, 1.0));
        alpha = clamp(0.5 + OUTLINE_PX - edge, 0.0, 1.0) * shown;
    }
    if in.pulse >= 0.0 {
        let ring_px = radius + in.pulse * radius * 3.0;
        let ring = clamp(1.5 - abs(length(in.at_px) - ring_px), 0.0, 1.0) * (1.0 - in.pulse);
        color = mix(color, style.color.rgb, select(0.0, 1.0, ring > alpha));
        alpha = max(alpha, ring);
    }
    return vec4f(color * alpha, alpha);
}

fn opacity_of(style: u32) -> f32 {
    return 1.0 - f32((style >> 8u) & 0xffu) / 255.0;
}

// Bubbles alone, shapes alone, and shapes with badges: a software driver
// computes every branch for every pixel.
@fragment
fn fs_bubble(in: Vertex) -> @location(0) vec4f {
    let style = table.styles[in.style & 31u];
    let off = f32((in.style >> 16u) & 0xffu) / 255.0;
    return bubble(in.at_px, radius_of(style, in.style), style, off) * opacity_of(in.style);
}

@fragment
fn fs(in: Vertex) -> @location(0) vec4f {
    let style = table.styles[in.style & 31u];
    if style.shape >= 16u {
        return badge(in.at_px, style.size_px * 0.5, style) * opacity_of(in.style);
    }
    return plain(in, style);
}

@fragment
fn fs_plain(in: Vertex) -> @location(0) vec4f {
    return plain(in, table.styles[in.style & 31u]);
}

// Points (cameras, devices, events): one instance each, drawn as signed
// distance shapes, sharp at every size.

struct PointStyle {
    // Linear colour, straight alpha.
    color: vec4f,
    // Diameter, physical pixels.
    size_px: f32,
    // 0 disc, 1 diamond, 2 square, 3 triangle, 4 ring.
    shape: u32,
    pad: vec2f,
};

struct Styles {
    styles: array<PointStyle, 32>,
};

@group(1) @binding(0) var<uniform> table: Styles;

const PULSES: f32 = 3.0;
const PULSE_SECS: f32 = 1.0;

struct Vertex {
    @builtin(position) clip: vec4f,
    // Physical pixels from the middle.
    @location(0) at_px: vec2f,
    @location(1) @interpolate(flat) style: u32,
    @location(2) @interpolate(flat) pulse: f32,
};

@vertex
fn vs(
    @builtin(vertex_index) corner: u32,
    @location(0) position: vec2f,
    @location(1) style: u32,
    @location(2) born_secs: f32,
) -> Vertex {
    let age = view.time_secs - born_secs;
    let pulse = select(-1.0, fract(age / PULSE_SECS), born_secs >= 0.0 && age >= 0.0 && age < PULSES * PULSE_SECS);
    let radius_px = table.styles[style & 31u].size_px * 0.5;
    let reach_px = select(radius_px + 1.0, radius_px * 4.0 + 2.0, pulse >= 0.0);
    let at_px = vec2f(f32(corner & 1u), f32(corner >> 1u)) * 2.0 * reach_px - reach_px;
    var out: Vertex;
    out.clip = clip_at(px_from_raised(position, risen_m(position)) + at_px, 0.5);
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

@fragment
fn fs(in: Vertex) -> @location(0) vec4f {
    let style = table.styles[in.style & 31u];
    let radius = style.size_px * 0.5;
    let opacity = 1.0 - f32((in.style >> 8u) & 0xffu) / 255.0;
    var alpha = clamp(0.5 - shape_distance(in.at_px, radius, style.shape), 0.0, 1.0) * style.color.a * opacity;
    if in.pulse >= 0.0 {
        let ring_px = radius + in.pulse * radius * 3.0;
        let ring = clamp(1.5 - abs(length(in.at_px) - ring_px), 0.0, 1.0);
        alpha = max(alpha, ring * (1.0 - in.pulse));
    }
    return vec4f(style.color.rgb * alpha, alpha);
}

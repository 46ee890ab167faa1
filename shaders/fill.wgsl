// Area fill. One mesh for all areas; each vertex knows its area, and the look
// of the area comes from a storage buffer: recolouring a city writes that
// buffer and touches no vertex.

@group(1) @binding(0) var<storage, read> styles: array<AreaStyle>;
@group(2) @binding(0) var<uniform> heat: Heat;
@group(2) @binding(1) var density: texture_2d<f32>;
@group(2) @binding(2) var ramp: texture_2d<f32>;
@group(2) @binding(3) var linear_sampler: sampler;

struct Vertex {
    @builtin(position) clip: vec4f,
    @location(0) @interpolate(flat) color: vec4f,
    @location(1) @interpolate(flat) flags: u32,
    // Local metres.
    @location(2) position: vec2f,
};

@vertex
fn vs(@location(0) position: vec2f, @location(1) area: u32) -> Vertex {
    let style = styles[area];
    let color = color_of(style, area);
    let height_m = style.height_m * view.rise;
    var out: Vertex;
    out.clip = clip_at(px_from_raised(position, height_m), depth_from_raised(position, height_m));
    out.color = vec4f(color.rgb * color.a, color.a);
    out.flags = style.flags;
    out.position = position;
    return out;
}

fn look(in: Vertex) -> vec4f {
    if (in.flags & 1u) != 0u {
        let stripe = fract((in.clip.x + in.clip.y) / (8.0 * view.unit_px));
        return in.color * select(1.0, 1.6, stripe < 0.2);
    }
    return in.color;
}

@fragment
fn fs(in: Vertex) -> @location(0) vec4f {
    return look(in);
}

// With the heat draped over it, wherever it has risen to.
@fragment
fn fs_heat(in: Vertex) -> @location(0) vec4f {
    let over = heat_color(heat, density, ramp, linear_sampler, (in.position - heat.origin) / heat.extent);
    return over + look(in) * (1.0 - over.a);
}

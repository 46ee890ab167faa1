// The blurred bins as colour: density over a fixed scale, looked up in the
// ramp. The scale does not depend on the view, so that the same colour means
// the same number while panning and zooming.

@group(1) @binding(0) var<uniform> heat: Heat;
@group(1) @binding(1) var density: texture_2d<f32>;
@group(1) @binding(2) var ramp: texture_2d<f32>;
@group(1) @binding(3) var linear_sampler: sampler;

struct Vertex {
    @builtin(position) clip: vec4f,
    @location(0) uv: vec2f,
};

@vertex
fn vs(@builtin(vertex_index) corner: u32) -> Vertex {
    let uv = vec2f(f32(corner & 1u), f32(corner >> 1u));
    let position = heat.origin + uv * heat.extent;
    var out: Vertex;
    // Behind everything on the ground: areas carry their own heat when tilted.
    out.clip = clip_at(px_from_local(position), depth_from_raised(position, 0.0) + depth_of_width(1.0));
    out.uv = uv;
    return out;
}

@fragment
fn fs(in: Vertex) -> @location(0) vec4f {
    return heat_color(heat, density, ramp, linear_sampler, in.uv);
}

// What has spilt beyond the areas, while they are about to rise.
@fragment
fn fs_fading(in: Vertex) -> @location(0) vec4f {
    return heat_color(heat, density, ramp, linear_sampler, in.uv) * view.flatness;
}

// The blurred bins as colour: density over a fixed scale, looked up in the
// ramp. The scale does not depend on the view, so that the same colour means
// the same number while panning and zooming.

struct Heat {
    // Local metres of the grid's lower left corner.
    origin: vec2f,
    // Local metres of the grid's extent.
    extent: vec2f,
    // Blurred events per bin → position on the ramp.
    gain: f32,
    opacity: f32,
    pad: vec2f,
};

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
    var out: Vertex;
    out.clip = clip_from_px(px_from_local(heat.origin + uv * heat.extent));
    out.uv = uv;
    return out;
}

@fragment
fn fs(in: Vertex) -> @location(0) vec4f {
    let value = textureSampleLevel(density, linear_sampler, in.uv, 0.0).r * heat.gain;
    // The square root spreads the low end, where most of a city lies; the
    // legend's ticks follow the same curve.
    let at = sqrt(clamp(value, 0.0, 1.0));
    // Faint where little happens, so that what is under it stays readable.
    let color = textureSampleLevel(ramp, linear_sampler, vec2f(at, 0.5), 0.0);
    let alpha = color.a * heat.opacity * view.event_light * smoothstep(0.06, 0.55, at);
    return vec4f(color.rgb * alpha, alpha);
}

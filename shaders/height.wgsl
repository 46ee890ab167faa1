// The height map: how far each place in view has risen, seen from straight
// above. Points and tracks, which do not know their area, are lifted by it.

@group(1) @binding(0) var<storage, read> styles: array<AreaStyle>;

struct Vertex {
    @builtin(position) clip: vec4f,
    @location(0) @interpolate(flat) height_m: f32,
};

@vertex
fn vs(@location(0) position: vec2f, @location(1) area: u32) -> Vertex {
    let at = (position - view.height_map_origin) * view.height_map_scale;
    var out: Vertex;
    out.clip = vec4f(at * 2.0 - 1.0, 0.5, 1.0);
    out.height_m = styles[area].height_m * view.rise;
    return out;
}

@fragment
fn fs(in: Vertex) -> @location(0) vec4f {
    return vec4f(in.height_m, 0.0, 0.0, 1.0);
}

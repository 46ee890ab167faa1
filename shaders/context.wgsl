// Polygons of the context: water, parks, buildings. Blended by what the target
// already holds in its alpha: 1 where the jurisdiction was drawn, less outside,
// so that the surroundings stay darker without a mask.

struct Palette {
    // Linear colour, straight alpha, by kind.
    colors: array<vec4f, 4>,
};

@group(1) @binding(0) var<uniform> palette: Palette;

struct Vertex {
    @builtin(position) clip: vec4f,
    @location(0) @interpolate(flat) color: vec4f,
};

@vertex
fn vs(@location(0) position: vec2f, @location(1) kind: u32) -> Vertex {
    let color = palette.colors[min(kind, 3u)];
    var out: Vertex;
    out.clip = clip_at(px_from_local(position), depth_from_raised(position, 0.0) - depth_of_width(1.0));
    out.color = vec4f(color.rgb * color.a, color.a);
    return out;
}

@fragment
fn fs(in: Vertex) -> @location(0) vec4f {
    return in.color;
}

// Over areas that are about to rise.
@fragment
fn fs_fading(in: Vertex) -> @location(0) vec4f {
    return in.color * view.flatness;
}

// Walls of what has risen: one quad on each border, from the lower of the two
// areas beside it up to the higher, in the colour of the higher.

@group(1) @binding(0) var<storage, read> styles: array<AreaStyle>;

struct Vertex {
    @builtin(position) clip: vec4f,
    @location(0) color: vec4f,
};

fn height_m(area: u32) -> f32 {
    if area == NO_AREA {
        return 0.0;
    }
    return styles[area].height_m * view.rise;
}

@vertex
fn vs(
    @builtin(vertex_index) corner: u32,
    @location(0) a: vec2f,
    @location(1) b: vec2f,
    @location(2) style: u32,
    @location(3) sides: vec2u,
) -> Vertex {
    var out: Vertex;
    let heights_m = vec2f(height_m(sides.x), height_m(sides.y));
    let higher = select(sides.y, sides.x, heights_m.x >= heights_m.y);
    if heights_m.x == heights_m.y || higher == NO_AREA {
        // Nothing to see: all corners in one point.
        out.clip = vec4f(2.0, 2.0, 0.0, 1.0);
        return out;
    }
    let is_top = (corner & 2u) == 2u;
    let at = select(a, b, (corner & 1u) == 1u);
    let at_m = select(min(heights_m.x, heights_m.y), max(heights_m.x, heights_m.y), is_top);
    let along = normalize(b - a);
    // Of the two normals the one that looks south: the other side is hidden.
    let normal = vec2f(along.y, -along.x);
    let outward = select(normal, -normal, normal.y > 0.0);
    let color = color_of(styles[higher], higher);
    // Darker towards the foot, where less light comes.
    let light = face_light(outward) * select(0.72, 1.0, is_top);
    out.clip = clip_at(px_from_raised(at, at_m), depth_from_raised(at, at_m));
    out.color = vec4f(color.rgb * color.a * light, color.a);
    return out;
}

@fragment
fn fs(in: Vertex) -> @location(0) vec4f {
    return in.color;
}

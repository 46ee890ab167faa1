// Columns: one hexagonal prism for each area, by the same heights as areas that
// rise themselves. 48 corners each: six faces of two triangles, and a top.

@group(1) @binding(0) var<storage, read> styles: array<AreaStyle>;

struct Vertex {
    @builtin(position) clip: vec4f,
    @location(0) color: vec4f,
};

// Corner of the hexagon, the first in the east, counter-clockwise.
fn hexagon(corner: u32) -> vec2f {
    let angle = f32(corner % 6u) * 1.0471976;
    return vec2f(cos(angle), sin(angle));
}

@vertex
fn vs(
    @builtin(vertex_index) index: u32,
    @location(0) middle: vec2f,
    @location(1) radius_m: f32,
    @location(2) area: u32,
) -> Vertex {
    let style = styles[area];
    let full_m = style.height_m * view.column_rise;
    var out: Vertex;
    if full_m <= 0.0 {
        out.clip = vec4f(2.0, 2.0, 0.0, 1.0);
        return out;
    }
    var corner = 0u;
    var is_top = true;
    var light = 1.0;
    if index < 36u {
        let face = index / 6u;
        let place = index % 6u;
        // 0 1 2, 0 2 3 around the face, from its lower left.
        let around = select(select(place - 2u, 0u, place == 3u), place, place < 3u);
        corner = face + select(0u, 1u, around == 1u || around == 2u);
        is_top = around >= 2u;
        light = face_light(normalize(hexagon(face) + hexagon(face + 1u))) * select(0.72, 1.0, is_top);
    } else {
        let triangle = (index - 36u) / 3u;
        let place = (index - 36u) % 3u;
        corner = select(triangle + place, 0u, place == 0u);
    }
    let at = middle + hexagon(corner) * radius_m;
    let at_m = select(0.0, full_m, is_top);
    let color = color_of(style, area);
    // Towards the accent: the ground that it stands on has the same colour.
    let stands_out = mix(color.rgb, vec3f(0.05, 0.58, 0.74), 0.75) * light;
    out.clip = clip_at(px_from_raised(at, at_m), depth_from_raised(at, at_m));
    out.color = vec4f(stands_out, 1.0);
    return out;
}

@fragment
fn fs(in: Vertex) -> @location(0) vec4f {
    return in.color;
}

// Area fill. One mesh for all areas; each vertex knows its area, and the look
// of the area comes from a storage buffer: recolouring a city writes that
// buffer and touches no vertex.

struct AreaStyle {
    // Linear colour, straight alpha, four half floats.
    rg: u32,
    ba: u32,
    // Bit 0: no data (hatched). Bit 1: outside the focus (dimmed).
    flags: u32,
    pad: u32,
};

@group(1) @binding(0) var<storage, read> styles: array<AreaStyle>;

struct Vertex {
    @builtin(position) clip: vec4f,
    @location(0) @interpolate(flat) color: vec4f,
    @location(1) @interpolate(flat) flags: u32,
};

@vertex
fn vs(@location(0) position: vec2f, @location(1) area: u32) -> Vertex {
    let style = styles[area];
    var color = vec4f(unpack2x16float(style.rg), unpack2x16float(style.ba));
    if area == view.hovered {
        color = vec4f(mix(color.rgb, vec3f(0.55, 0.75, 0.85), 0.22), max(color.a, 0.6));
    }
    if (style.flags & 2u) != 0u {
        color = vec4f(color.rgb * 0.45, color.a);
    }
    color = vec4f(color.rgb * view.event_light, color.a);
    var out: Vertex;
    out.clip = clip_from_px(px_from_local(position));
    out.color = vec4f(color.rgb * color.a, color.a);
    out.flags = style.flags;
    return out;
}

@fragment
fn fs(in: Vertex) -> @location(0) vec4f {
    if (in.flags & 1u) != 0u {
        let stripe = fract((in.clip.x + in.clip.y) / (8.0 * view.unit_px));
        return in.color * select(1.0, 1.6, stripe < 0.2);
    }
    return in.color;
}

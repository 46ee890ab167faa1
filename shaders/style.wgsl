// Look and height of an area, one for each in a storage buffer. Prepended to
// the files that draw areas or stand on them.

struct AreaStyle {
    // Linear colour, straight alpha, four half floats.
    rg: u32,
    ba: u32,
    // Bit 0: no data (hatched). Bit 1: outside the focus (dimmed).
    flags: u32,
    // Local metres, fully risen.
    height_m: f32,
};

const NO_AREA: u32 = 0xffffffffu;

// Linear colour, straight alpha.
fn color_of(style: AreaStyle, area: u32) -> vec4f {
    var color = vec4f(unpack2x16float(style.rg), unpack2x16float(style.ba));
    if area == view.hovered {
        color = vec4f(mix(color.rgb, vec3f(0.55, 0.75, 0.85), 0.22), max(color.a, 0.6));
    }
    if (style.flags & 2u) != 0u {
        color = vec4f(color.rgb * 0.45, color.a);
    }
    return vec4f(color.rgb * view.event_light, color.a);
}

// Brightness of an upright face by the direction that it looks to: a fixed
// light from the north-west. Only faces that look south are ever seen.
fn face_light(outward: vec2f) -> f32 {
    return 0.56 + 0.20 * dot(outward, vec2f(-0.7071, 0.7071));
}

// Lays the picture of the tracks over the map: casing, line, arrowheads.

@group(1) @binding(3) var picture: texture_2d<f32>;

@vertex
fn vs(@builtin(vertex_index) index: u32) -> @builtin(position) vec4f {
    // One triangle that covers the target.
    let corner = vec2f(f32((index << 1u) & 2u), f32(index & 2u));
    return vec4f(corner * 2.0 - 1.0, 0.5, 1.0);
}

// `top` over `under`, both premultiplied.
fn over(under: vec4f, color: vec4f, share: f32) -> vec4f {
    let alpha = color.a * share;
    return vec4f(color.rgb * alpha, alpha) + under * (1.0 - alpha);
}

@fragment
fn fs(@builtin(position) at: vec4f) -> @location(0) vec4f {
    var shares = textureLoad(picture, vec2i(at.xy), 0);
    if shares.b <= 0.0 {
        discard;
    }
    // Under panels only a hint of line: nothing that looks like writing.
    if any(at.xy < tracks.free_px.xy) || any(at.xy > tracks.free_px.zw) {
        shares *= vec4f(0.5, 0.0, 0.5, 0.0);
    }
    let cased = over(vec4f(0.0), tracks.casing_color, shares.b);
    return over(over(cased, tracks.line_color, shares.r), tracks.mark_color, shares.g);
}

// Pictures of map tiles on the ground, in the tones of the theme and quieter
// than the data. Blended by the mask, as the context is: darker outside the
// jurisdiction.

struct TileTone {
    // Linear colour of what is like a map's ground, or dark in a photograph;
    // opacity of the set.
    low: vec4f,
    // Linear colour of what is unlike it, or light; share of its own colour that
    // is kept.
    high: vec4f,
    // Lightness of a map's ground.
    paper: f32,
    // 1 for a map, 0 for a photograph.
    is_map: f32,
    // Opacity of the ground, and of what differs from it.
    paper_alpha: f32,
    ink_alpha: f32,
};

struct Tones {
    tones: array<TileTone, 8>,
};

@group(1) @binding(0) var<uniform> table: Tones;
@group(1) @binding(1) var picture: texture_2d<f32>;
@group(1) @binding(2) var picture_sampler: sampler;

struct Vertex {
    @builtin(position) clip: vec4f,
    @location(0) at: vec2f,
    @location(1) @interpolate(flat) row: u32,
};

// The instance is the set.
@vertex
fn vs(@builtin(instance_index) row: u32, @location(0) position: vec2f, @location(1) at: vec2f) -> Vertex {
    var out: Vertex;
    out.clip = clip_at(px_from_local(position), depth_from_raised(position, 0.0) - depth_of_width(1.0));
    out.at = at;
    out.row = row;
    return out;
}

fn look(in: Vertex) -> vec4f {
    let tone = table.tones[min(in.row, 7u)];
    let texel = textureSample(picture, picture_sampler, in.at);
    let light = dot(texel.rgb, vec3f(0.2126, 0.7152, 0.0722));
    // As bright as it looks, 0 to 1.
    let lightness = pow(light, 1.0 / 2.2);
    let unlike = abs(lightness - tone.paper);
    let shown = mix(lightness, smoothstep(0.0, 0.35, unlike), tone.is_map);
    let color = mix(tone.low.rgb, tone.high.rgb, shown) + (texel.rgb - light) * tone.high.a;
    let alpha = mix(tone.paper_alpha, tone.ink_alpha, smoothstep(0.02, 0.30, unlike)) * tone.low.a * texel.a;
    return vec4f(max(color, vec3f(0.0)) * alpha, alpha);
}

@fragment
fn fs(in: Vertex) -> @location(0) vec4f {
    return look(in);
}

// Over areas that are about to rise.
@fragment
fn fs_fading(in: Vertex) -> @location(0) vec4f {
    return look(in) * view.flatness;
}

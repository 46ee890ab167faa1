// From the blurred bins to colour. Prepended to the files that show heat.

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

// Premultiplied colour at a place of the grid.
fn heat_color(heat: Heat, density: texture_2d<f32>, ramp: texture_2d<f32>, filtering: sampler, uv: vec2f) -> vec4f {
    let value = textureSampleLevel(density, filtering, uv, 0.0).r * heat.gain;
    // The square root spreads the low end, where most of a city lies; the
    // legend's ticks follow the same curve.
    let at = sqrt(clamp(value, 0.0, 1.0));
    // Faint where little happens, so that what is under it stays readable.
    let color = textureSampleLevel(ramp, filtering, vec2f(at, 0.5), 0.0);
    let alpha = color.a * heat.opacity * view.event_light * smoothstep(0.06, 0.55, at);
    return vec4f(color.rgb * alpha, alpha);
}

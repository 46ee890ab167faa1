// One direction of the separable Gaussian over the event bins. Runs only when
// the bins changed, over the bins and not over the screen: its cost depends
// neither on the number of events nor on the size of the wall.

struct Blur {
    // (1, 0) or (0, 1).
    step: vec2i,
    // Taps on each side of the middle.
    radius: i32,
    pad: i32,
    // Weights from the middle outwards, four to a row; they sum to one over
    // both sides, so that the total number of events is kept.
    taps: array<vec4f, 17>,
};

// Into how many parts an event is divided among bins.
const SHARES: f32 = 256.0;

@group(0) @binding(0) var<uniform> blur: Blur;
@group(0) @binding(1) var bins: texture_2d<i32>;
@group(0) @binding(2) var rows: texture_2d<f32>;

@vertex
fn vs(@builtin(vertex_index) index: u32) -> @builtin(position) vec4f {
    // One triangle that covers the target.
    let corner = vec2f(f32((index << 1u) & 2u), f32(index & 2u));
    return vec4f(corner * 2.0 - 1.0, 0.0, 1.0);
}

fn tap(i: i32) -> f32 {
    return blur.taps[i >> 2u][i & 3];
}

@fragment
fn fs_bins(@builtin(position) at: vec4f) -> @location(0) vec4f {
    let size = vec2i(textureDimensions(bins));
    let here = vec2i(at.xy);
    var sum = 0.0;
    for (var i = -blur.radius; i <= blur.radius; i++) {
        let cell = here + blur.step * i;
        if all(cell >= vec2i(0)) && all(cell < size) {
            sum += f32(textureLoad(bins, cell, 0).r) / SHARES * tap(abs(i));
        }
    }
    return vec4f(sum, 0.0, 0.0, 1.0);
}

@fragment
fn fs_rows(@builtin(position) at: vec4f) -> @location(0) vec4f {
    let size = vec2i(textureDimensions(rows));
    let here = vec2i(at.xy);
    var sum = 0.0;
    for (var i = -blur.radius; i <= blur.radius; i++) {
        let cell = here + blur.step * i;
        if all(cell >= vec2i(0)) && all(cell < size) {
            sum += textureLoad(rows, cell, 0).r * tap(abs(i));
        }
    }
    return vec4f(sum, 0.0, 0.0, 1.0);
}

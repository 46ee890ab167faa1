// From the blurred cells to colour. Prepended to the files that show heat.

struct Heat {
    // Local metres of the lower left corner of the box around all cells.
    origin: vec2f,
    // Local metres of its extent.
    extent: vec2f,
    // Weight per cell → position on the ramp.
    gain: f32,
    opacity: f32,
    // 0 a surface, 1 squares, 2 hexagons; 4 more for a difference.
    form: u32,
    // Side of a square, width of a hexagon, metres.
    cell_m: f32,
};

// Rows of hexagons lie so many widths above each other.
const HEX_ROW: f32 = 0.8660254;

// The cell that a place lies in, and how far inside its edge that is, in widths.
struct Cell {
    index: vec2i,
    inside: f32,
};

fn square_at(at: vec2f) -> Cell {
    let index = floor(at);
    let off = abs(at - index - 0.5);
    return Cell(vec2i(index), 0.5 - max(off.x, off.y));
}

// A hexagon's middle is the nearest: it lies in the row below or in the one
// above.
fn hexagon_at(at: vec2f) -> Cell {
    let below = floor(at.y / HEX_ROW - 2.0 / 3.0);
    var best = Cell(vec2i(0), -1.0);
    for (var step = 0.0; step < 2.0; step += 1.0) {
        let row = below + step;
        let shift = 0.5 + 0.5 * abs(row % 2.0);
        let column = round(at.x - shift);
        let off = abs(vec2f(at.x - shift - column, at.y - (row + 2.0 / 3.0) * HEX_ROW));
        let inside = 0.5 - max(off.x, 0.5 * off.x + HEX_ROW * off.y);
        if inside > best.inside {
            best = Cell(vec2i(i32(column), i32(row)), inside);
        }
    }
    return best;
}

// The weight at a place of the grid, and how much of it covers the pixel.
fn heat_at(heat: Heat, density: texture_2d<f32>, filtering: sampler, uv: vec2f) -> vec2f {
    let form = heat.form & 3u;
    if form == 0u {
        return vec2f(textureSampleLevel(density, filtering, uv, 0.0).r, 1.0);
    }
    let at = uv * heat.extent / heat.cell_m;
    var cell: Cell;
    if form == 1u { cell = square_at(at); } else { cell = hexagon_at(at); }
    let size = vec2i(textureDimensions(density));
    if any(cell.index < vec2i(0)) || any(cell.index >= size) {
        return vec2f(0.0);
    }
    // A joint between cells, where they are large enough to have one.
    let cell_px = heat.cell_m * view.px_per_m;
    let joint_px = min(0.75 * view.unit_px, 0.06 * cell_px);
    let cover = clamp(cell.inside * cell_px - joint_px + 0.5, 0.0, 1.0);
    return vec2f(textureLoad(density, cell.index, 0).r, cover);
}

// Premultiplied colour at a place of the grid.
fn heat_color(heat: Heat, density: texture_2d<f32>, ramp: texture_2d<f32>, filtering: sampler, uv: vec2f) -> vec4f {
    let found = heat_at(heat, density, filtering, uv);
    let value = found.x * heat.gain;
    // The square root spreads the low end, where most of a city lies; the
    // legend's ticks follow the same curve.
    let at = sqrt(clamp(abs(value), 0.0, 1.0));
    let is_difference = (heat.form & 4u) != 0u;
    let place = select(at, 0.5 + 0.5 * sign(value) * at, is_difference);
    let color = textureSampleLevel(ramp, filtering, vec2f(place, 0.5), 0.0);
    // Faint where little happens, so that what is under it stays readable; a
    // cell is there or not.
    let is_surface = (heat.form & 3u) == 0u;
    let shown = select(sign(at) * mix(0.4, 1.0, at), smoothstep(0.06, 0.55, at), is_surface);
    let alpha = color.a * heat.opacity * view.event_light * shown * found.y;
    return vec4f(color.rgb * alpha, alpha);
}

// Lines on the edges of what has risen: at the height of the higher of the two
// areas beside them. Appended to `line.wgsl`.

@group(2) @binding(0) var<storage, read> areas: array<AreaStyle>;

// Of a style: both ends are in one place, each as high as its own side.
const UPRIGHT: u32 = 0x100u;

fn side_m(area: u32) -> f32 {
    if area == NO_AREA {
        return 0.0;
    }
    return areas[area].height_m * view.rise;
}

// Heights of the two ends.
fn ends_m(sides: vec2u, style: u32) -> vec2f {
    let heights_m = vec2f(side_m(sides.x), side_m(sides.y));
    return select(vec2f(max(heights_m.x, heights_m.y)), heights_m, (style & UPRIGHT) != 0u);
}

@vertex
fn vs_raised(
    @builtin(vertex_index) corner: u32,
    @location(0) a: vec2f,
    @location(1) b: vec2f,
    @location(2) style: u32,
    @location(3) sides: vec2u,
) -> Vertex {
    return expand(corner, a, b, ends_m(sides, style), style, table.styles[style & 31u].width_px * 0.5 + 1.0);
}

@vertex
fn vs_raised_glow(
    @builtin(vertex_index) corner: u32,
    @location(0) a: vec2f,
    @location(1) b: vec2f,
    @location(2) style: u32,
    @location(3) sides: vec2u,
) -> Vertex {
    let row = table.styles[style & 31u];
    return expand(corner, a, b, ends_m(sides, style), style, row.width_px * 0.5 + row.glow_px);
}

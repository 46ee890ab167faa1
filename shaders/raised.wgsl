// Lines on the edges of what has risen: at the height of the higher of the two
// areas beside them. Appended to `line.wgsl`.

@group(2) @binding(0) var<storage, read> areas: array<AreaStyle>;

fn edge_m(sides: vec2u) -> f32 {
    var height_m = 0.0;
    if sides.x != NO_AREA {
        height_m = areas[sides.x].height_m;
    }
    if sides.y != NO_AREA {
        height_m = max(height_m, areas[sides.y].height_m);
    }
    return height_m * view.rise;
}

@vertex
fn vs_raised(
    @builtin(vertex_index) corner: u32,
    @location(0) a: vec2f,
    @location(1) b: vec2f,
    @location(2) style: u32,
    @location(3) sides: vec2u,
) -> Vertex {
    return expand(corner, a, b, vec2f(edge_m(sides)), style, table.styles[style & 31u].width_px * 0.5 + 1.0);
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
    return expand(corner, a, b, vec2f(edge_m(sides)), style, row.width_px * 0.5 + row.glow_px);
}

//! Every shader parses and validates, without a GPU.

use quanyu::layers::gpu::SHADERS;

#[test]
fn all_shaders_are_valid() {
    for (name, source) in SHADERS {
        let module = naga::front::wgsl::parse_str(source)
            .unwrap_or_else(|error| panic!("{name}.wgsl: {}", error.emit_to_string(source)));
        let flags = naga::valid::ValidationFlags::all();
        naga::valid::Validator::new(flags, naga::valid::Capabilities::SHADER_FLOAT16_IN_FLOAT32)
            .validate(&module)
            .unwrap_or_else(|error| panic!("{name}.wgsl: {}", error.emit_to_string(source)));
    }
}

#[test]
fn every_file_in_shaders_is_compiled_into_one() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("shaders");
    for entry in std::fs::read_dir(folder).expect("shaders/ is part of the package").flatten() {
        let stem = entry.path().file_stem().expect("a file").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(entry.path()).expect("readable shader");
        let is_used = SHADERS.iter().any(|(name, source)| *name == stem || source.contains(text.trim()));
        assert!(is_used, "shaders/{stem}.wgsl is not compiled");
    }
}

/// What the bins hold and what the blur takes them for are one number.
#[test]
fn the_blur_knows_into_how_many_parts_an_event_is_divided() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/shaders/heat_blur.wgsl");
    let text = std::fs::read_to_string(path).expect("readable");
    let line = format!("const SHARES: f32 = {:.1};", f64::from(quanyu::domain::heat::SHARES));
    assert!(text.contains(&line), "{line}");
}

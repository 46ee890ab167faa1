//! Tiles, vector and raster: what is drawn lies within the tile and is bounded.
#![no_main]

use libfuzzer_sys::fuzz_target;
use quanyu_fuzz::domain::tiles::{TileContent, TileGrid, TileId};
use quanyu_fuzz::ingest::tiles;
use quanyu_fuzz::oracle::check_shape;

fuzz_target!(|data: &[u8]| {
    let Some((&[z, x, y], body)) = data.split_first_chunk::<3>() else { return };
    let z = z % 15;
    let side = 1_u32 << z;
    let tile = TileId { z, x: u32::from(x) * 211 % side, y: u32::from(y) * 97 % side };
    let grid = TileGrid::default();
    let layers = tiles::layer_names(body).unwrap_or_default();
    let corners = [[0.0, 0.0], [1.0, 1.0]].map(|corner| grid.lonlat(tile, corner));
    let is_within = |&[lon, lat]: &[f64; 2]| {
        let slack = 1e-9;
        (corners[0][0] - slack..=corners[1][0] + slack).contains(&lon)
            && (corners[1][1] - slack..=corners[0][1] + slack).contains(&lat)
    };
    for names in [&[][..], &layers] {
        match tiles::read(body.to_vec(), tile, grid, names) {
            Ok(TileContent::Raster(picture)) => {
                assert!(picture.width <= 1_024);
                assert_eq!(picture.rgba.len() as u64, u64::from(picture.width) * u64::from(picture.height) * 4);
            }
            Ok(TileContent::Shapes(shapes)) => {
                assert!(shapes.vertices() <= 2 * tiles::MAX_VERTICES);
                for roads in &shapes.roads {
                    assert!(roads.iter().flatten().all(is_within), "a road leaves the tile");
                }
                for polygons in [&shapes.green, &shapes.water, &shapes.building] {
                    check_shape(polygons);
                    assert!(polygons.points.iter().all(is_within), "a polygon leaves the tile");
                }
            }
            Ok(_) => {}
            Err(fault) => assert!(!fault.to_string().is_empty()),
        }
    }
});

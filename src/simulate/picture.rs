//! Still pictures of the simulated cameras: a street drawn from the camera's
//! number and the hour, with traffic that moves with the clock.
//!
//! Drawn in 8-bit RGB with plain loops: sky, houses, road in one-point
//! perspective, cars, and a date and time stamp in a 3×5 dot font.

use image::codecs::jpeg::JpegEncoder;
use image::{Rgb, RgbImage};

use super::calendar;
use super::noise;
use crate::domain::time::Time;

/// Columns.
pub const WIDTH: u32 = 320;
/// Rows.
pub const HEIGHT: u32 = 180;
const HORIZON: f64 = 74.0;
const QUALITY: u8 = 78;

/// The scene of one camera at one instant.
struct Scene {
    picture: RgbImage,
    /// What makes this camera's scene its own.
    own: u64,
    /// 0 at night, 1 by day.
    light: f64,
    /// Column of the vanishing point.
    vanishing_x: f64,
    at: Time,
}

/// Draws the picture of camera `id` at an instant, as JPEG.
///
/// # Errors
/// When the encoder fails.
pub fn jpeg(id: &str, at: Time) -> Result<Vec<u8>, image::ImageError> {
    let own = noise::stream(0, id).u64(..);
    let mut scene = Scene {
        picture: RgbImage::new(WIDTH, HEIGHT),
        own,
        light: light(calendar::hour_of(at)),
        vanishing_x: f64::from(WIDTH) * (0.38 + 0.24 * noise::unit(own)),
        at,
    };
    scene.draw_sky();
    scene.draw_houses();
    scene.draw_road();
    scene.draw_trees();
    scene.draw_cars();
    scene.draw_grain();
    scene.stamp(&calendar::text(at));
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, QUALITY).encode_image(&scene.picture)?;
    Ok(bytes)
}

/// Daylight by the hour: dawn about six, dusk about half past six.
fn light(hour: f64) -> f64 {
    let rise = ((hour - 5.2) / 1.6).clamp(0.0, 1.0);
    let set = ((19.2 - hour) / 1.6).clamp(0.0, 1.0);
    rise.min(set)
}

impl Scene {
    fn put(&mut self, x: i32, y: i32, color: [f64; 3]) {
        if let (Ok(x), Ok(y)) = (u32::try_from(x), u32::try_from(y))
            && x < WIDTH
            && y < HEIGHT
        {
            self.picture.put_pixel(x, y, Rgb(color.map(|c| c.clamp(0.0, 255.0) as u8)));
        }
    }

    fn fill(&mut self, [x0, y0]: [f64; 2], [x1, y1]: [f64; 2], color: [f64; 3]) {
        for y in y0.round() as i32..y1.round() as i32 {
            for x in x0.round() as i32..x1.round() as i32 {
                self.put(x, y, color);
            }
        }
    }

    /// A colour by day dimmed to the hour's light.
    fn lit(&self, day: [f64; 3]) -> [f64; 3] {
        let gain = 0.16 + 0.84 * self.light;
        let night = [-2.0, 0.0, 6.0];
        [0, 1, 2].map(|i| day[i] * gain + night[i] * (1.0 - self.light))
    }

    fn draw_sky(&mut self) {
        let top = mixed([12.0, 16.0, 30.0], [118.0, 152.0, 190.0], self.light);
        let bottom = mixed([44.0, 42.0, 52.0], [206.0, 214.0, 218.0], self.light);
        for y in 0..HEIGHT as i32 {
            let color = mixed(top, bottom, (f64::from(y) / HORIZON).min(1.0));
            for x in 0..WIDTH as i32 {
                self.put(x, y, color);
            }
        }
    }

    fn draw_houses(&mut self) {
        let mut x = -8.0;
        let mut number = 0;
        while x < f64::from(WIDTH) {
            let own = self.own;
            let part = |salt: u64| noise::unit_of(own ^ salt, number);
            let width = 18.0 + 34.0 * part(1);
            // Houses near the vanishing point are far away and small.
            let away = ((x + width / 2.0 - self.vanishing_x) / 160.0).abs().min(1.0);
            let height = (14.0 + 46.0 * part(2)) * (0.35 + 0.65 * away);
            let shade = 88.0 + 60.0 * part(3);
            let wall = self.lit([shade, shade * 0.99, shade * 0.96]);
            let roof = HORIZON + 4.0 - height;
            self.fill([x, roof], [x + width, HORIZON + 6.0], wall);
            self.draw_windows(x, roof, width, number);
            x += width + 1.0 + 7.0 * part(4);
            number += 1;
        }
    }

    fn draw_windows(&mut self, left: f64, roof: f64, width: f64, house: u64) {
        let rows = ((HORIZON - roof) / 5.0) as u64;
        let columns = (width / 5.0) as u64;
        // Windows change every quarter of an hour, not with every picture.
        let slot = self.at.0.div_euclid(900_000) as u64;
        for row in 0..rows {
            for column in 0..columns {
                let lot = noise::unit_of(noise::mix(self.own, house * 977 + row * 31 + column), slot);
                let is_lit = lot < 0.42 * (1.0 - self.light);
                let color = if is_lit { [226.0, 190.0, 122.0] } else { self.lit([70.0, 84.0, 98.0]) };
                let (x, y) = (left + 2.0 + column as f64 * 5.0, roof + 3.0 + row as f64 * 5.0);
                self.fill([x, y], [x + 2.0, y + 2.0], color);
            }
        }
    }

    /// Column of a place on the road: `across` −1…1 from kerb to kerb, at a row.
    fn road_x(&self, across: f64, y: f64) -> f64 {
        let near = ((y - HORIZON) / (f64::from(HEIGHT) - HORIZON)).max(0.0);
        let center = self.vanishing_x + (f64::from(WIDTH) / 2.0 - self.vanishing_x) * near;
        center + across * (3.0 + 152.0 * near)
    }

    fn draw_road(&mut self) {
        let pavement = self.lit([150.0, 148.0, 142.0]);
        let asphalt = self.lit([84.0, 86.0, 90.0]);
        let paint = self.lit([214.0, 214.0, 206.0]);
        for y in HORIZON as i32 + 4..HEIGHT as i32 {
            let row = f64::from(y) + 0.5;
            for x in 0..WIDTH as i32 {
                self.put(x, y, pavement);
            }
            let (left, right) = (self.road_x(-1.0, row), self.road_x(1.0, row));
            for x in left as i32..right as i32 {
                self.put(x, y, asphalt);
            }
            // Depth grows as the row nears the horizon: dashes stay equally long on the ground.
            let depth = 900.0 / (row - HORIZON);
            let dash = (depth / 9.0).rem_euclid(1.0) < 0.5;
            for across in [-0.94, -0.5, 0.0, 0.5, 0.94] {
                let solid = across == 0.0 || f64::abs(across) > 0.9;
                if solid || dash {
                    let half = (0.012 * (right - left) / 2.0).max(0.5);
                    let x = self.road_x(across, row);
                    self.fill([x - half, f64::from(y)], [x + half, f64::from(y) + 1.0], paint);
                }
            }
        }
    }

    fn draw_trees(&mut self) {
        let leaf = self.lit([62.0, 104.0, 66.0]);
        let trunk = self.lit([84.0, 70.0, 58.0]);
        for step in 0..12_u64 {
            let y = HORIZON + 8.0 + (step as f64 / 11.0).powi(2) * 82.0;
            let size = (y - HORIZON) * 0.22 + 2.0;
            let side = if step % 2 == 0 { -1.16 } else { 1.16 };
            let x = self.road_x(side, y);
            self.fill([x - size * 0.08, y - size * 1.4], [x + size * 0.08 + 1.0, y], trunk);
            let (cy, reach) = (y - size * 1.8, size * (0.75 + 0.3 * noise::unit_of(self.own, step)));
            for py in (cy - reach) as i32..(cy + reach) as i32 {
                for px in (x - reach) as i32..(x + reach) as i32 {
                    let away = (f64::from(px) - x).hypot(f64::from(py) - cy) / reach;
                    let ragged = 0.72 + 0.28 * noise::unit_of(self.own ^ px as u64, py as u64);
                    if away < ragged {
                        self.put(px, py, mixed(leaf, [0.0; 3], 0.25 * noise::unit_of(py as u64, px as u64)));
                    }
                }
            }
        }
    }

    fn draw_cars(&mut self) {
        let colors =
            [[214.0, 216.0, 218.0], [44.0, 46.0, 52.0], [158.0, 44.0, 40.0], [60.0, 92.0, 140.0], [206.0, 174.0, 72.0]];
        let hour = calendar::hour_of(self.at);
        let traffic = if (7.0..20.5).contains(&hour) { 8 } else { 3 };
        let mut cars: Vec<(f64, f64, usize)> = (0..traffic)
            .map(|car: u64| {
                let own = noise::mix(self.own, 50 + car);
                let lane = [-0.72, -0.25, 0.25, 0.72][(own % 4) as usize];
                // Right-hand traffic: the right lanes go away, the left ones come.
                let speed = (6.0 + 6.0 * noise::unit(own)) * if lane > 0.0 { 1.0 } else { -1.0 };
                let metres =
                    (speed * self.at.0 as f64 / 1000.0 + 160.0 * noise::unit(own.rotate_left(17))).rem_euclid(150.0);
                (metres, lane, (own >> 8) as usize % colors.len())
            })
            .collect();
        cars.sort_by(|a, b| b.0.total_cmp(&a.0));
        for (metres, lane, color) in cars {
            let y = HORIZON + 900.0 / (metres + 9.5);
            let width = (self.road_x(lane + 0.17, y) - self.road_x(lane - 0.17, y)).max(2.0);
            let height = width * 0.62;
            let x = self.road_x(lane, y) - width / 2.0;
            let body = self.lit(colors[color]);
            self.fill([x, y - height * 0.62], [x + width, y], body);
            self.fill(
                [x + width * 0.14, y - height],
                [x + width * 0.86, y - height * 0.6],
                mixed(body, [20.0; 3], 0.45),
            );
            self.fill([x + width * 0.06, y], [x + width * 0.94, y + height * 0.1], self.lit([40.0, 40.0, 42.0]));
            let lamp = if lane > 0.0 { [206.0, 44.0, 36.0] } else { [246.0, 240.0, 214.0] };
            let glow = width * if self.light < 0.5 { 0.16 } else { 0.08 };
            for at in [0.1, 0.9] {
                let lx = x + width * at;
                self.fill([lx - glow, y - height * 0.4 - glow / 2.0], [lx + glow, y - height * 0.4 + glow / 2.0], lamp);
            }
        }
    }

    /// Sensor noise, stronger in the dark.
    fn draw_grain(&mut self) {
        let strength = 5.0 + 9.0 * (1.0 - self.light);
        let frame = noise::mix(self.own, self.at.0 as u64);
        for (index, pixel) in self.picture.pixels_mut().enumerate() {
            let grain = (noise::unit_of(frame, index as u64) - 0.5) * strength;
            pixel.0 = pixel.0.map(|c| (f64::from(c) + grain).clamp(0.0, 255.0) as u8);
        }
    }

    /// Writes digits, `-` and `:` at the upper left, two pixels per dot.
    fn stamp(&mut self, text: &str) {
        for (position, character) in text.chars().enumerate() {
            let dots = dots(character);
            for bit in 0..15 {
                if dots >> (14 - bit) & 1 == 1 {
                    let x = 8.0 + position as f64 * 8.0 + f64::from(bit % 3) * 2.0;
                    let y = 8.0 + f64::from(bit / 3) * 2.0;
                    self.fill([x + 1.0, y + 1.0], [x + 3.0, y + 3.0], [16.0; 3]);
                    self.fill([x, y], [x + 2.0, y + 2.0], [238.0; 3]);
                }
            }
        }
    }
}

/// Five rows of three dots, top left first.
fn dots(character: char) -> u16 {
    match character {
        '0' => 0b111_101_101_101_111,
        '1' => 0b010_110_010_010_111,
        '2' => 0b111_001_111_100_111,
        '3' => 0b111_001_111_001_111,
        '4' => 0b101_101_111_001_001,
        '5' => 0b111_100_111_001_111,
        '6' => 0b111_100_111_101_111,
        '7' => 0b111_001_010_010_010,
        '8' => 0b111_101_111_101_111,
        '9' => 0b111_101_111_001_111,
        '-' => 0b000_000_111_000_000,
        ':' => 0b000_010_000_010_000,
        _ => 0,
    }
}

fn mixed(a: [f64; 3], b: [f64; 3], t: f64) -> [f64; 3] {
    [0, 1, 2].map(|i| a[i] + (b[i] - a[i]) * t)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::HOUR_MILLIS;

    const NOON: Time = Time(1_755_230_400_000);

    #[test]
    fn pictures_are_repeatable_and_move_with_the_clock() {
        let first = jpeg("32057101001326000001", NOON).unwrap();
        assert_eq!(first, jpeg("32057101001326000001", NOON).unwrap());
        assert_ne!(first, jpeg("32057101001326000001", NOON.plus_millis(1_000)).unwrap());
        assert_ne!(first, jpeg("32057101001326000002", NOON).unwrap());
        let decoded = image::load_from_memory(&first).unwrap();
        assert_eq!((decoded.width(), decoded.height()), (WIDTH, HEIGHT));
    }

    #[test]
    fn nights_are_darker_than_days() {
        let mean = |at| {
            let bytes = jpeg("1", at).unwrap();
            let gray = image::load_from_memory(&bytes).unwrap().into_luma8();
            gray.pixels().map(|p| u64::from(p.0[0])).sum::<u64>() / u64::from(WIDTH * HEIGHT)
        };
        assert!(mean(NOON) > 2 * mean(NOON.plus_millis(12 * HOUR_MILLIS)));
    }
}

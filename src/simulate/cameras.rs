//! The video points of the place: where they stand, who runs them, which of
//! them deliver at an instant.

use std::collections::HashMap;

use super::city::{City, Site};
use super::noise;
use crate::domain::camera::Camera;
use crate::domain::geometry::LonLat;
use crate::domain::time::{HOUR_MILLIS, Time};

/// Share of cameras that deliver no picture.
const OFFLINE_SHARE: f64 = 0.0228;
/// Outages are drawn anew after this long.
const OUTAGE_MS: i64 = 4 * HOUR_MILLIS;

/// Builds all cameras; whether they are online is a question of time: [`is_online`].
pub fn build(city: &City) -> Vec<Camera> {
    let mut rng = noise::stream(city.seed, "cameras");
    let mut numbers: HashMap<String, usize> = HashMap::new();
    let mut cameras = Vec::new();
    for &(owner, count) in city.profile.cameras {
        for _ in 0..count {
            let site = match owner {
                "公安" => city.site_by_road(&mut rng),
                "防汛" => city.site_by_water(&mut rng),
                "城管" if rng.f64() < 0.5 => city.site_around(&city.spots[rng.usize(..city.spots.len())], &mut rng),
                "城管" => city.site_by_road(&mut rng),
                _ => city.site_in_block(&mut rng),
            };
            let place = place_name(city, owner, &site);
            let number = numbers.entry(place.clone()).or_default();
            *number += 1;
            cameras.push(Camera {
                id: device_id(city, cameras.len() + 1),
                name: format!("{place} {number:02}"),
                owner: owner.into(),
                at: LonLat::new(site.degrees[0], site.degrees[1]),
                online: true,
                is_told: true,
                picture: None,
            });
        }
    }
    cameras
}

/// Whether camera number `index` delivers at an instant.
pub fn is_online(city: &City, index: usize, now: Time) -> bool {
    // Outages of different cameras begin at different instants.
    let slot = (now.0 + index as i64 * 7_919_000).div_euclid(OUTAGE_MS);
    noise::unit_of(noise::mix(city.seed, index as u64), slot as u64) >= OFFLINE_SHARE
}

fn place_name(city: &City, owner: &str, site: &Site<'_>) -> String {
    let street = &site.leaf.street;
    match owner {
        "公安" => format!("{street}路口"),
        "城管" => format!("{street}街面"),
        "防汛" => format!("{street}泵闸"),
        _ => format!("{}园区", city.area(site.leaf.grid).name),
    }
}

/// A GB/T 28181 id: centre (6 digits of the division and 01), industry 00,
/// type 132 (network camera), network 6 (government), serial.
fn device_id(city: &City, serial: usize) -> String {
    format!("{}01001326{serial:06}", &city.profile.code[..6])
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::super::profile::PROFILES;
    use super::*;

    #[test]
    fn ids_are_distinct_and_most_are_online() {
        let city = City::build(&PROFILES[0], 8);
        let cameras = build(&city);
        let expected: usize = city.profile.cameras.iter().map(|c| c.1).sum();
        assert_eq!(cameras.len(), expected);
        let ids: HashSet<_> = cameras.iter().map(|c| &c.id).collect();
        assert_eq!(ids.len(), expected);
        assert!(cameras.iter().all(|c| c.id.len() == 20 && c.id.bytes().all(|b| b.is_ascii_digit())));
        let online = (0..20_000).filter(|&i| is_online(&city, i, Time(1_755_219_600_000))).count();
        assert!((19_400..19_700).contains(&online), "{online}");
    }
}

//! Patrol tracks: where workers walked up to the shown instant, fading with age.

use std::sync::Arc;

use bevy::prelude::*;

use super::areas::geometry::Segment;
use super::areas::rows;
use super::gpu::MapScene;
use crate::config::Layer;
use crate::domain::time::Time as Instant1970;
use crate::domain::track::Track;
use crate::model::{Areas, Points, Visible, WallClock};

/// A stretch walked longer ago than this is at its faintest.
const FADE_SECS: f64 = 1.5 * 3_600.0;
/// Transparency of the oldest stretch, of 255.
const FAINTEST: f64 = 224.0;

/// Rebuilds the segments when tracks, areas or the shown minute changed.
pub(super) fn sync(
    mut scene: ResMut<MapScene>,
    points: Res<Points>,
    areas: Res<Areas>,
    visible: Res<Visible>,
    clock: Res<WallClock>,
    mut built: Local<(u64, u64, i64, bool)>,
) {
    let now = clock.now();
    let wanted = (points.tracks_revision, areas.revision, now.0.div_euclid(60_000), visible.has(Layer::Tracks));
    if *built == wanted {
        return;
    }
    *built = wanted;
    let mut segments = Vec::new();
    if wanted.3 {
        for track in points.tracks() {
            push_track(track, now, &mut segments, |at| areas.projection.local_from_lonlat(at).map(|v| v as f32));
        }
    }
    scene.tracks = Arc::new(segments);
}

fn push_track(track: &Track, now: Instant1970, segments: &mut Vec<Segment>, project: impl Fn([f64; 2]) -> [f32; 2]) {
    for pair in track.points.windows(2) {
        let [(_, from), (reached, to)] = [pair[0], pair[1]];
        if reached > now {
            break;
        }
        let age = (now.secs_since(reached) / FADE_SECS).clamp(0.0, 1.0);
        // Most of the fading happens early: the way just walked stands out.
        let transparency = (FAINTEST * age.sqrt()) as u32;
        let [a, b] = [from, to].map(|place| project([place.lon, place.lat]));
        segments.push(Segment { a, b, style: rows::TRACK | (transparency << 8) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::geometry::LonLat;

    #[test]
    fn the_future_is_not_drawn_and_the_past_fades() {
        let track = Track {
            id: "t".into(),
            worker: "网格员 01".into(),
            area: None,
            points: [0, 1_800_000, 7_200_000, 9_000_000]
                .map(|ms| (Instant1970(ms), LonLat::new(ms as f64, 0.0)))
                .to_vec(),
        };
        let mut segments = Vec::new();
        push_track(&track, Instant1970(7_200_000), &mut segments, |p| p.map(|v| v as f32));
        let transparencies: Vec<u32> = segments.iter().map(|s| s.style >> 8).collect();
        assert_eq!(transparencies, [224, 0]);
    }
}

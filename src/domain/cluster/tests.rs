//! Tests of [`super`]: against the slow way and supercluster's own fixtures.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::Value;

use super::*;

fn inputs(places: &[[f64; 2]]) -> Vec<Input> {
    places.iter().enumerate().map(|(i, &at)| Input { at, class: (i % 5) as u8 }).collect()
}

/// Nodes of a level.
fn nodes(index: &mut ClusterIndex, level: i32) -> Vec<Cluster> {
    index.prepare(level);
    index.at(level).expect("just prepared").to_vec()
}

fn sorted_leaves(index: &ClusterIndex, cluster: &Cluster) -> Vec<usize> {
    let mut leaves: Vec<usize> = index.leaves(cluster).collect();
    leaves.sort_unstable();
    leaves
}

/// Centroid and members, the slow way.
type Plain = ([f64; 2], Vec<usize>);

/// One level of greedy clustering that asks every pair.
fn merge_plainly(finer: &[Plain], radius_m: f64, min_points: usize) -> Vec<Plain> {
    let mut taken = vec![false; finer.len()];
    let mut coarser = Vec::new();
    for (index, origin) in finer.iter().enumerate() {
        if std::mem::replace(&mut taken[index], true) {
            continue;
        }
        let is_near = |at: [f64; 2]| {
            let [dx, dy] = [at[0] - origin.0[0], at[1] - origin.0[1]];
            dx * dx + dy * dy <= radius_m * radius_m
        };
        let near: Vec<usize> = (0..finer.len()).filter(|&other| !taken[other] && is_near(finer[other].0)).collect();
        near.iter().for_each(|&other| taken[other] = true);
        let group: Vec<&Plain> = std::iter::once(origin).chain(near.iter().map(|&other| &finer[other])).collect();
        let members: Vec<usize> = group.iter().flat_map(|node| node.1.iter().copied()).collect();
        if group.len() == 1 || members.len() < min_points {
            coarser.extend(group.into_iter().cloned());
            continue;
        }
        let sum = |axis: usize| group.iter().map(|node| node.0[axis] * node.1.len() as f64).sum::<f64>();
        coarser.push(([0, 1].map(|axis| sum(axis) / members.len() as f64), members));
    }
    coarser
}

/// Clumps, grid-like and equal places, and a few far out.
fn clumped() -> impl Strategy<Value = Vec<[f64; 2]>> {
    let coordinate = prop_oneof![
        4 => -60.0_f64..60.0,
        2 => (-8_i32..8).prop_map(|step| f64::from(step) * 10.0),
        2 => 500.0_f64..501.0,
        1 => -20_000.0_f64..20_000.0,
    ];
    prop::collection::vec([coordinate.clone(), coordinate], 0..150)
}

proptest! {
    /// The same nodes, members and places as by asking every pair, at every
    /// level, under any filter, whichever levels were asked for before.
    #[test]
    fn levels_equal_asking_every_pair(
        places in clumped(),
        mask in any::<u32>(),
        min_points in 2_u32..5,
        same_place_m in prop_oneof![Just(None), Just(Some(0.0)), Just(Some(0.5))],
        asked_before in -6_i32..4,
    ) {
        let options = ClusterOptions { radius_px: 40.0, min_points, min_level: -6, max_level: 2, same_place_m };
        let mut index = ClusterIndex::build(inputs(&places), options);
        index.prepare(asked_before);
        index.refilter(|_, class| mask >> class & 1 == 1);
        let passes = |point: &usize| mask >> (point % 5) & 1 == 1;
        let mut plain: Vec<Plain> = (0..places.len()).filter(passes).map(|i| (places[i], vec![i])).collect();
        if let Some(radius_m) = same_place_m {
            plain = merge_plainly(&plain, radius_m, 2);
        }
        for level in (-6..=3).rev() {
            if level < 3 {
                plain = merge_plainly(&plain, options.radius_px / 2.0_f64.powi(level), min_points as usize);
            }
            let found = nodes(&mut index, level);
            prop_assert_eq!(found.len(), plain.len());
            for (node, (at, members)) in found.iter().zip(&plain) {
                prop_assert_eq!(&index.leaves(node).collect::<Vec<_>>(), members);
                prop_assert!((0..2).all(|axis| (node.at[axis] - at[axis]).abs() < 1e-6), "{:?} {:?}", node.at, at);
            }
        }
    }

    /// Nothing is lost or counted twice, by class either.
    #[test]
    fn counts_are_exact(
        places in clumped(),
        kept in prop::collection::vec(any::<bool>(), 150),
        level in -14_i32..=3,
    ) {
        let mut index = ClusterIndex::build(inputs(&places), ClusterOptions::default());
        index.refilter(|point, _| kept[point]);
        let mut expected = [0; CLASSES];
        (0..places.len()).filter(|&point| kept[point]).for_each(|point| expected[point % 5] += 1);
        let (mut counted, mut seen) = ([0; CLASSES], BTreeSet::new());
        for node in nodes(&mut index, level) {
            let counts = index.class_counts(&node);
            prop_assert_eq!(counts.iter().sum::<u32>(), node.count);
            (0..CLASSES).for_each(|class| counted[class] += counts[class]);
            prop_assert!(index.leaves(&node).all(|leaf| kept[leaf] && seen.insert(leaf)));
        }
        prop_assert_eq!(counted, expected);
    }

    /// A cluster is one node up to the level before its expansion.
    #[test]
    fn clusters_part_at_their_expansion_level(places in clumped(), level in -14_i32..=3) {
        let mut index = ClusterIndex::build(inputs(&places), ClusterOptions::default());
        for cluster in nodes(&mut index, level) {
            let members = sorted_leaves(&index, &cluster);
            let parts = |level| {
                let level_nodes = index.at(level).unwrap_or_default();
                level_nodes.iter().filter(|node| index.leaves(node).any(|leaf| members.contains(&leaf))).count()
            };
            if let Some(expansion) = index.expansion_level(&cluster) {
                prop_assert!(parts(expansion) > 1 && parts(expansion - 1) == 1);
            } else {
                prop_assert_eq!(parts(3), 1);
            }
            let bounds = index.bounds(&cluster);
            for axis in 0..2 {
                let span = bounds.min[axis] - 1e-6..=bounds.max[axis] + 1e-6;
                prop_assert!(span.contains(&cluster.at[axis]));
            }
        }
    }

    /// Whatever comes in, the places among it are all there.
    #[test]
    fn anything_goes(
        places in prop::collection::vec([any::<f64>(), any::<f64>()], 0..40),
        radius_px in any::<f64>(),
        (low, high) in any::<(i32, i32)>(),
        same_place_m in any::<Option<f64>>(),
    ) {
        let options = ClusterOptions { radius_px, min_level: low, max_level: high, same_place_m, min_points: 0 };
        let mut index = ClusterIndex::build(inputs(&places), options);
        let total: u32 = nodes(&mut index, low).iter().map(|node| node.count).sum();
        prop_assert_eq!(total as usize + index.left_out(), places.len());
    }
}

#[test]
fn levels_are_powers_of_two_of_the_scale() {
    let options = ClusterOptions::default();
    let levels = [0.0, f64::NAN, 1e-9, 0.25, 0.49, 0.5, 1.0, 7.9, 8.0, 1e9].map(|scale| options.level_of(scale));
    assert_eq!(levels, [-14, -14, -14, -2, -2, -1, 0, 2, 3, 3]);
    for level in -14..=3 {
        assert_eq!(options.level_of(ClusterOptions::scale_of(level)), level);
    }
}

#[test]
fn points_at_one_place_never_part() {
    let places = [[5.0, 5.0], [5.3, 5.0], [5.0, 5.0], [400.0, 5.0], [f64::NAN, 0.0], [0.0, f64::INFINITY]];
    let mut index = ClusterIndex::build(inputs(&places), ClusterOptions::default());
    assert_eq!(index.left_out(), 2);
    let [pole, lone] = nodes(&mut index, 99)[..] else { panic!("two places") };
    assert_eq!([&pole, &lone].map(|node| index.expansion_level(node)), [None, None]);
    assert_eq!((sorted_leaves(&index, &pole), pole.count), (vec![0, 1, 2], 3));
    assert_eq!((lone.first(), lone.count), (3, 1));
    // The class of an input counts up to the last.
    let mut index = ClusterIndex::build(vec![Input { at: [0.0; 2], class: 200 }], ClusterOptions::default());
    let only = nodes(&mut index, 0)[0];
    assert_eq!(index.class_counts(&only)[CLASSES - 1], 1);
}

#[test]
fn a_level_is_there_once_prepared() {
    let mut index = ClusterIndex::build(inputs(&[[0.0, 0.0], [15.0, 0.0]]), ClusterOptions::default());
    assert!(index.at(3).is_some() && index.at(0).is_none());
    index.prepare(0);
    assert_eq!([2, 1].map(|level| index.at(level).map(<[Cluster]>::len)), [Some(2), Some(1)]);
    index.refilter(|_, _| false);
    assert!(index.at(0).is_none());
    assert!(nodes(&mut index, 0).is_empty());
}

/// Real data, or a note that there are none.
fn read_json(path: &str) -> Option<Value> {
    let folder = std::env::var_os("QUANYU_REALDATA")
        .map_or_else(|| concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/realdata").into(), std::path::PathBuf::from);
    let Ok(text) = std::fs::read_to_string(folder.join(path)) else {
        eprintln!("skipped: no {path} in {}", folder.display());
        return None;
    };
    Some(serde_json::from_str(&text).expect("fixture"))
}

/// Spherical Mercator on a unit square, y down, as supercluster projects.
/// Its zoom `z` with tiles of 512 px is 512 · 2^z px per unit: level z + 9.
/// One place of the fixture has no geometry, and none here.
fn unit_mercator(place: &Value) -> [f64; 2] {
    let [lon, lat] = [0, 1].map(|axis| place["geometry"]["coordinates"][axis].as_f64().unwrap_or(f64::NAN));
    let sin = lat.to_radians().sin();
    let y = 0.5 - ((1.0 + sin) / (1.0 - sin)).ln() / (4.0 * std::f64::consts::PI);
    [lon / 360.0 + 0.5, y.clamp(0.0, 1.0)].map(|value| f64::from(value as f32))
}

/// supercluster's fixture with its default options.
fn places(min_points: u32) -> Option<(ClusterIndex, Vec<String>)> {
    let places = read_json("broken/supercluster/test/fixtures/places.json")?;
    let features = places["features"].as_array().expect("features");
    let names = features.iter().map(|place| place["properties"]["name"].to_string()).collect();
    let points = features.iter().map(|place| Input { at: unit_mercator(place), class: 0 }).collect();
    let options = ClusterOptions { radius_px: 40.0, min_points, min_level: 9, max_level: 16 + 9, same_place_m: None };
    let mut index = ClusterIndex::build(points, options);
    index.prepare(9);
    Some((index, names))
}

/// Pixel, count, and the name of a single place.
type Drawn = (i64, i64, u64, Option<String>);

/// What the world tile must show. What lies outside is shown twice.
fn expected_tile(file: &str) -> Option<Vec<Drawn>> {
    let tile = read_json(&format!("broken/supercluster/test/fixtures/{file}"))?;
    let drawn = tile["features"].as_array().expect("features").iter().map(|feature| {
        let [x, y] = [0, 1].map(|axis| feature["geometry"][0][axis].as_i64().expect("pixel"));
        let count = feature["tags"]["point_count"].as_u64().unwrap_or(1);
        (x, y, count, (count == 1).then(|| feature["tags"]["name"].to_string()))
    });
    let mut drawn: Vec<Drawn> = drawn.filter(|drawn| (0..=512).contains(&drawn.0)).collect();
    drawn.sort();
    Some(drawn)
}

#[test]
fn supercluster_fixtures_come_out() {
    for (min_points, file) in [(2, "places-z0-0-0.json"), (5, "places-z0-0-0-min5.json")] {
        let (Some((index, names)), Some(expected)) = (places(min_points), expected_tile(file)) else { return };
        let mut drawn: Vec<Drawn> = index
            .at(9)
            .expect("prepared")
            .iter()
            .map(|node| {
                let [x, y] = node.at.map(|value| (value * 512.0).round() as i64);
                (x, y, node.count.into(), (node.count == 1).then(|| names[node.first()].clone()))
            })
            .collect();
        drawn.sort();
        assert_eq!(drawn, expected, "{file}");
        assert_eq!(index.left_out(), 1);
        assert_eq!(drawn.iter().map(|drawn| drawn.2).sum::<u64>(), names.len() as u64 - 1);
    }
}

/// What supercluster's own tests say about children, leaves and expansion.
#[test]
fn supercluster_hierarchy_comes_out() {
    let Some((index, names)) = places(2) else { return };
    let by_pixel: BTreeMap<[i64; 2], &Cluster> = index
        .at(9)
        .expect("prepared")
        .iter()
        .map(|node| (node.at.map(|value| (value * 512.0).round() as i64), node))
        .collect();
    for (pixel, zoom) in [([150, 205], 1), ([165, 240], 1), ([162, 345], 2), ([26, 115], 2), ([202, 262], 3)] {
        assert_eq!(index.expansion_level(by_pixel[&pixel]), Some(zoom + 9), "{pixel:?}");
    }
    let leaves: BTreeSet<usize> = index.leaves(by_pixel[&[150, 205]]).collect();
    for name in ["Niagara Falls", "Cape San Blas", "San  Salvador", "I. de Cozumel", "Miquelon", "Cape Bauld"] {
        assert!(leaves.iter().any(|&leaf| names[leaf] == format!("{name:?}")), "{name}");
    }
    let finer = index.at(10).expect("prepared");
    assert_eq!(finer.len(), 61);
    let mut children: Vec<u32> =
        finer.iter().filter(|node| leaves.contains(&node.first())).map(|node| node.count).collect();
    children.sort_unstable();
    assert_eq!(children, [1, 2, 6, 7]);
}

/// Too many neighbours to list them, at the first level or a later one.
#[test]
fn a_crowd_is_clustered_in_good_time() {
    let mut random = fastrand::Rng::with_seed(9);
    for side_m in [0.1, 30.0] {
        let places: Vec<[f64; 2]> = (0..60_000).map(|_| [0, 1].map(|_| random.f64() * side_m)).collect();
        let mut index = ClusterIndex::build(inputs(&places), ClusterOptions::default());
        for level in [3, 2, 0, -14] {
            let count: u32 = nodes(&mut index, level).iter().map(|node| node.count).sum();
            assert_eq!(count, 60_000);
        }
    }
}

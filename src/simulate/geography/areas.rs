//! The governance hierarchy of the simulated place: outlines, codes, names,
//! households and chains of responsibility.
//!
//! Every boundary is found by cancelling the shared edges of the faces that
//! make an area up, so parents and children agree vertex by vertex. The
//! street's boundary also holds its waters, which belong to no community: the
//! street is exactly its communities and its waters.

use std::collections::HashMap;

use fastrand::Rng;

use super::Ground;
use super::board::GridPlan;
use super::mesh::FaceId;
use crate::domain::area::{Area, GridKind, Level, Responsible};
use crate::domain::geometry::{Shape, ring_contains, signed_area};
use crate::simulate::noise;
use crate::simulate::profile::Town;

const SURNAMES: [&str; 24] = [
    "王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "马", "朱", "胡", "郭", "何", "林", "高",
    "郑", "谢", "宋", "唐", "沈",
];

/// The areas and which plan piece is which area.
#[derive(Clone, Debug)]
pub struct Hierarchy {
    /// From the street down, parents before children.
    pub areas: Vec<Area>,
    /// For each grid of the plan, in order, its index in `areas`.
    pub grids: Vec<usize>,
    /// For each face that is a micro-grid, its index in `areas`.
    pub area_of_part: HashMap<FaceId, usize>,
}

/// Builds the hierarchy on the bent plan.
pub fn build(ground: &Ground<'_>, town: &Town, seed: u64) -> Hierarchy {
    let mut rng = noise::stream(seed, "areas");
    let mut result = Hierarchy { areas: Vec::new(), grids: Vec::new(), area_of_part: HashMap::new() };
    let land = ground.board.communities.iter().flatten().flat_map(|grid| grid.parts.iter().copied());
    let all: Vec<FaceId> = land.chain(ground.board.water.iter().map(|w| w.0)).collect();
    result.areas.push(Area {
        code: town.street_code.into(),
        parent: None,
        name: town.street_name.into(),
        level: Level::Street,
        kind: GridKind::default(),
        shape: shape(ground.outline(&all)),
        households: None,
        responsible: Vec::new(),
    });
    let residents = town.names.communities.iter().filter(|name| !is_village(name)).count();
    for (number, (grids, name)) in ground.board.communities.iter().zip(town.names.communities).enumerate() {
        // 001… are residents' committees, 200… villagers'.
        let serial = if is_village(name) { 200 + number - residents.min(number) } else { number + 1 };
        let code = format!("{}{serial:03}", town.street_code);
        add_community(&mut result, ground, grids, &code, name, town, &mut rng);
    }
    let total = sum_of_children(&result.areas, 0);
    result.areas[0].households = Some(total);
    result
}

fn is_village(name: &str) -> bool {
    name.ends_with('村')
}

fn add_community(
    result: &mut Hierarchy,
    ground: &Ground<'_>,
    grids: &[GridPlan],
    code: &str,
    name: &str,
    town: &Town,
    rng: &mut Rng,
) {
    let faces: Vec<FaceId> = grids.iter().flat_map(|grid| grid.parts.iter().copied()).collect();
    let index = result.areas.len();
    result.areas.push(Area {
        code: code.into(),
        parent: Some(town.street_code.into()),
        name: if is_village(name) { name.to_owned() } else { format!("{name}社区") },
        level: Level::Community,
        kind: GridKind::default(),
        shape: shape(ground.outline(&faces)),
        households: None,
        responsible: chain(&["挂包领导", "网格长"], rng),
    });
    for (number, grid) in grids.iter().enumerate() {
        add_grid(result, ground, grid, &Place { community: code, name, number: number + 1 }, town, rng);
    }
    let total = sum_of_children(&result.areas, index);
    result.areas[index].households = Some(total);
}

/// Where a grid belongs.
struct Place<'a> {
    community: &'a str,
    name: &'a str,
    number: usize,
}

fn add_grid(
    result: &mut Hierarchy,
    ground: &Ground<'_>,
    grid: &GridPlan,
    place: &Place<'_>,
    town: &Town,
    rng: &mut Rng,
) {
    let code = format!("{}{:03}", place.community, place.number);
    let households = match grid.kind {
        GridKind::Comprehensive => (f64::from(town.counts.households_per_grid) * (0.86 + 0.28 * rng.f64())) as u32,
        GridKind::Dedicated => 0,
    };
    let index = result.areas.len();
    result.grids.push(index);
    result.areas.push(Area {
        code: code.clone(),
        parent: Some(place.community.into()),
        name: format!("{}{}网格", place.name, place.number),
        level: Level::Grid,
        kind: grid.kind,
        shape: shape(ground.outline(&grid.parts)),
        households: Some(households),
        responsible: chain(&["挂包领导", "网格长", "网格员", "下沉干部"], rng),
    });
    if town.counts.micro_grids == 0 || grid.kind == GridKind::Dedicated {
        return;
    }
    let weights: Vec<f64> = grid.parts.iter().map(|_| 0.8 + 0.4 * rng.f64()).collect();
    let shares = noise::shares(households as usize, &weights, 1);
    for (number, (&part, households)) in grid.parts.iter().zip(shares).enumerate() {
        result.area_of_part.insert(part, result.areas.len());
        result.areas.push(Area {
            code: format!("{code}{:02}", number + 1),
            parent: Some(code.clone()),
            name: format!("{}{}-{:02}微网格", place.name, place.number, number + 1),
            level: Level::MicroGrid,
            kind: grid.kind,
            shape: shape(ground.outline(&[part])),
            households: Some(households as u32),
            responsible: chain(&["网格员"], rng),
        });
    }
}

/// A chain of responsibility with masked holders.
pub fn chain(roles: &[&str], rng: &mut Rng) -> Vec<Responsible> {
    let holder = |rng: &mut Rng| format!("{}**", SURNAMES[rng.usize(..SURNAMES.len())]);
    roles.iter().map(|&role| Responsible { role: role.into(), holder: holder(rng) }).collect()
}

fn sum_of_children(areas: &[Area], parent: usize) -> u32 {
    let code = Some(areas[parent].code.as_str());
    areas[parent..].iter().filter(|area| area.parent.as_deref() == code).filter_map(|area| area.households).sum()
}

/// A shape from outline rings: counter-clockwise ones are shells, each
/// clockwise one is a hole of the smallest shell around it.
pub fn shape(rings: Vec<Vec<[f64; 2]>>) -> Shape {
    let (shells, holes): (Vec<_>, Vec<_>) = rings.into_iter().partition(|ring| signed_area(ring) > 0.0);
    let mut holes_of: Vec<Vec<Vec<[f64; 2]>>> = vec![Vec::new(); shells.len()];
    for hole in holes {
        let around = (0..shells.len()).filter(|&i| holds(&shells[i], &hole));
        if let Some(shell) = around.min_by(|&a, &b| signed_area(&shells[a]).total_cmp(&signed_area(&shells[b]))) {
            holes_of[shell].push(hole);
        }
    }
    let mut shape = Shape::default();
    for (shell, holes) in shells.iter().zip(holes_of) {
        shape.push_ring(shell);
        for hole in holes {
            shape.push_ring(&hole);
        }
        shape.end_polygon();
    }
    shape
}

/// Whether a hole lies in a shell; by majority, as corners may touch it.
fn holds(shell: &[[f64; 2]], hole: &[[f64; 2]]) -> bool {
    hole.iter().filter(|&&p| ring_contains(shell, p)).count() * 2 > hole.len()
}

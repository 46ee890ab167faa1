//! The five levels of the city: codes, names, outlines, households.
//!
//! Codes have the form of GB/T 2260 and its continuation: 6 digits for a
//! district, 3 more each for a street (001… 街道, 100… 镇), a community
//! (001… 社区, 200… 村) and a micro-grid. Outlines of all levels are chained
//! from the same bent edges, so parents and children agree vertex by vertex.

use fastrand::Rng;

use super::super::areas::{chain, shape};
use super::super::mesh::{FaceId, Mesh, VertexId, edges};
use super::borders::Borders;
use super::names;
use super::settle::{CommunityPlan, Settlement, StreetPlan};
use crate::domain::area::{Area, GridKind, Level};
use crate::domain::geometry::Shape;
use crate::simulate::noise;
use crate::simulate::profile::{Metropolis, Profile};

/// The areas, and where each micro-grid is among them.
#[derive(Clone, Debug)]
pub struct Hierarchy {
    /// From the city down, parents before children.
    pub areas: Vec<Area>,
    /// For each micro-grid: its face, its index in `areas`, its community's.
    pub micro_grids: Vec<(FaceId, usize, usize)>,
}

/// Builds the hierarchy.
pub fn build(
    mesh: &Mesh,
    borders: &Borders,
    settlement: &Settlement,
    waters: &[FaceId],
    profile: &Profile,
    metropolis: &Metropolis,
    seed: u64,
) -> Hierarchy {
    let count = metropolis.counts.micro_grids + metropolis.counts.communities + metropolis.counts.streets + 16;
    let mut builder = Builder {
        areas: Vec::with_capacity(count),
        micro_grids: Vec::with_capacity(metropolis.counts.micro_grids),
        outlines: Outlines::new(mesh, borders, settlement, waters),
        rng: noise::stream(seed, "areas"),
    };
    builder.city(profile.code, metropolis, settlement);
    Hierarchy { areas: builder.areas, micro_grids: builder.micro_grids }
}

struct Builder<'a> {
    areas: Vec<Area>,
    micro_grids: Vec<(FaceId, usize, usize)>,
    outlines: Outlines<'a>,
    rng: Rng,
}

impl Builder<'_> {
    fn city(&mut self, code: &str, metropolis: &Metropolis, settlement: &Settlement) {
        let city = self.push(code.into(), None, metropolis.name.into(), Level::City, &[]);
        let mut households = 0;
        for (number, (streets, row)) in settlement.districts.iter().zip(metropolis.districts).enumerate() {
            // The numbers of districts begin at 02: 01 is the heading 市辖区.
            let own = format!("{}{:02}", code.get(..4).unwrap_or(code), number + 2);
            let district = self.push(own.clone(), Some(code), row.name.into(), Level::District, &[]);
            let mut serials = [0, 99];
            let mut sum = 0;
            // A seed may give a district more streets than it has names.
            let more = row.streets.iter().map(|name| format!("新{name}"));
            let names = row.streets.iter().map(|&name| name.to_owned()).chain(more);
            for (street, name) in streets.iter().zip(names) {
                let serial = &mut serials[usize::from(street.is_town)];
                *serial += 1;
                let street_code = format!("{own}{serial:03}");
                sum += self.street(street, street_code, &own, &name);
            }
            self.areas[district].households = Some(sum);
            households += sum;
        }
        self.areas[city].households = Some(households);
    }

    fn street(&mut self, plan: &StreetPlan, code: String, parent: &str, name: &str) -> u32 {
        let word = if plan.is_town { "镇" } else { "街道" };
        let index = self.push(code.clone(), Some(parent), format!("{name}{word}"), Level::Street, &["挂包领导"]);
        let (mut towns, mut villages) = (names::communities(&mut self.rng), names::villages(&mut self.rng));
        let mut serials = [0, 199];
        let mut sum = 0;
        for community in &plan.communities {
            let serial = &mut serials[usize::from(community.is_village)];
            *serial += 1;
            let own = format!("{code}{serial:03}");
            let name = match community.is_village {
                true => format!("{}村", villages.pop().unwrap_or_default()),
                false => format!("{}社区", towns.pop().unwrap_or_default()),
            };
            sum += self.community(community, own, &code, name);
        }
        self.areas[index].households = Some(sum);
        sum
    }

    fn community(&mut self, plan: &CommunityPlan, code: String, parent: &str, name: String) -> u32 {
        let roles = ["挂包领导", "网格长"];
        let index = self.push(code.clone(), Some(parent), name, Level::Community, &roles);
        let mut sum = 0;
        for (number, &face) in plan.faces.iter().enumerate() {
            let households = if plan.is_village { 35 + self.rng.u32(..45) } else { 50 + self.rng.u32(..=50) };
            sum += households;
            self.micro_grids.push((face, self.areas.len(), index));
            self.areas.push(Area {
                code: format!("{code}{:03}", number + 1),
                parent: Some(code.clone()),
                name: format!("第{}微网格", number + 1),
                level: Level::MicroGrid,
                kind: GridKind::Comprehensive,
                shape: shape(vec![self.outlines.ring(self.outlines.mesh.ring(face))]),
                households: Some(households),
                responsible: chain(&["网格员"], &mut self.rng),
            });
        }
        self.areas[index].households = Some(sum);
        sum
    }

    /// Adds an area above the micro-grids; gives its index.
    fn push(&mut self, code: String, parent: Option<&str>, name: String, level: Level, roles: &[&str]) -> usize {
        self.areas.push(Area {
            code,
            parent: parent.map(str::to_owned),
            name,
            level,
            kind: GridKind::default(),
            shape: self.outlines.next(level),
            households: None,
            responsible: chain(roles, &mut self.rng),
        });
        self.areas.len() - 1
    }
}

/// The directed edges on the rim of every area above the micro-grids, per
/// level and in the order in which the hierarchy is walked.
struct Outlines<'a> {
    mesh: &'a Mesh,
    borders: &'a Borders,
    rims: [Vec<Vec<(VertexId, VertexId)>>; 4],
    next: [usize; 4],
}

/// Stands for land or water outside of an area.
const NOWHERE: u32 = u32::MAX;

impl<'a> Outlines<'a> {
    fn new(mesh: &'a Mesh, borders: &'a Borders, settlement: &Settlement, waters: &[FaceId]) -> Self {
        let owners = Owners::of(settlement, waters);
        let mut rims: [Vec<Vec<_>>; 4] = owners.counts.map(|count| vec![Vec::new(); count]);
        for (face, own) in &owners.of_face {
            for (u, v) in edges(mesh.ring(*face)) {
                let other = mesh.across(u, v).map_or([NOWHERE; 4], |other| owners.get(other));
                for level in 0..4 {
                    if own[level] != NOWHERE && own[level] != other[level] {
                        rims[level][own[level] as usize].push((u, v));
                    }
                }
            }
        }
        Self { mesh, borders, rims, next: [0; 4] }
    }

    /// The shape of the next area of a level.
    fn next(&mut self, level: Level) -> Shape {
        let level = match level {
            Level::City => 0,
            Level::District => 1,
            Level::Street => 2,
            _ => 3,
        };
        let at = self.next[level];
        self.next[level] += 1;
        let Some(rim) = self.rims[level].get_mut(at).map(std::mem::take) else { return Shape::default() };
        let rings = self.mesh.chain(rim.into_iter());
        shape(rings.iter().map(|ring| self.ring(ring)).collect())
    }

    fn ring(&self, ring: &[VertexId]) -> Vec<[f64; 2]> {
        self.borders.bent(ring, |point| point.degrees)
    }
}

/// Which city, district, street and community each face belongs to, by number.
struct Owners {
    of_face: Vec<(FaceId, [u32; 4])>,
    by_face: Vec<[u32; 4]>,
    counts: [usize; 4],
}

impl Owners {
    fn of(settlement: &Settlement, waters: &[FaceId]) -> Self {
        let mut of_face: Vec<(FaceId, [u32; 4])> =
            waters.iter().map(|&face| (face, [0, NOWHERE, NOWHERE, NOWHERE])).collect();
        let mut counts = [1, 0, 0, 0];
        for streets in &settlement.districts {
            for street in streets {
                for community in &street.communities {
                    let own = [0, counts[1] as u32, counts[2] as u32, counts[3] as u32];
                    of_face.extend(community.faces.iter().map(|&face| (face, own)));
                    counts[3] += 1;
                }
                counts[2] += 1;
            }
            counts[1] += 1;
        }
        let highest = of_face.iter().map(|pair| pair.0).max().unwrap_or(0) as usize;
        let mut by_face = vec![[NOWHERE; 4]; highest + 1];
        for &(face, own) in &of_face {
            by_face[face as usize] = own;
        }
        Self { of_face, by_face, counts }
    }

    fn get(&self, face: FaceId) -> [u32; 4] {
        self.by_face.get(face as usize).copied().unwrap_or([NOWHERE; 4])
    }
}

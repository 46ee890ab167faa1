//! The figure that colours the areas, one value each; see
//! [`crate::domain::choropleth`].

use std::collections::HashMap;

use bevy::prelude::*;

use super::{Areas, Overview, Points, Visible};
use crate::config::Fill;
use crate::domain::choropleth::{AreaFacts, AreaFigure, CameraTally, ReportedFigure, Tally, households};

/// Values per area and what they are of.
#[derive(Resource, Default)]
pub struct AreaValues {
    /// One per area; empty while areas are not coloured.
    pub values: Vec<Option<f64>>,
    /// Name as shown.
    pub label: String,
    /// Unit as shown.
    pub unit: String,
    /// Cameras per area, with those of the areas below.
    pub cameras: Vec<CameraTally>,
    /// Grows with each change.
    pub revision: u64,
    households: Vec<Option<u32>>,
    reported: HashMap<String, ReportedFigure>,
    /// Revisions of what the parts were computed from.
    cameras_of: (u64, u64),
    households_of: u64,
    reported_of: (u64, u64),
    values_of: Option<ValuesKey>,
}

/// What the values depend on.
#[derive(Clone, PartialEq)]
struct ValuesKey {
    fill: Fill,
    overview: u64,
    areas: u64,
    cameras: u64,
    figures: u64,
}

impl AreaValues {
    fn facts<'a>(&'a self, areas: &'a Areas, overview: &'a Overview) -> AreaFacts<'a> {
        self.facts_with(areas, &overview.tallies)
    }

    /// What figures of areas are computed from, where these are their events.
    pub(super) fn facts_with<'a>(&'a self, areas: &'a Areas, tallies: &'a [Tally]) -> AreaFacts<'a> {
        // Tallies of other areas than these would be read at wrong places.
        let fits = tallies.len() == areas.tree.len();
        AreaFacts {
            tree: &areas.tree,
            events: if fits { tallies } else { &[] },
            cameras: &self.cameras,
            households: &self.households,
            reported: &self.reported,
        }
    }

    /// The figure that comes `step` after `fill` among those of which at least
    /// one area has a value; `fill` itself when there is none.
    pub(super) fn step(&self, fill: &Fill, step: i32, areas: &Areas, overview: &Overview) -> Fill {
        let facts = self.facts(areas, overview);
        let mut keys: Vec<&String> = self.reported.keys().collect();
        keys.sort();
        let all = AreaFigure::COMPUTED.into_iter().chain(keys.into_iter().cloned().map(AreaFigure::Reported));
        let known: Vec<Fill> =
            all.filter(|figure| figure.values(&facts).iter().any(Option::is_some)).map(Fill::Figure).collect();
        if known.is_empty() {
            return fill.clone();
        }
        let at = known.iter().position(|figure| figure == fill);
        let next = at.map_or(0, |at| (at as i32 + step).rem_euclid(known.len() as i32));
        known[next as usize].clone()
    }
}

/// Computes what changed: the base figures when their records did, the values
/// when any of them or the choice did.
pub(super) fn recompute(
    mut store: ResMut<AreaValues>,
    areas: Res<Areas>,
    overview: Res<Overview>,
    points: Res<Points>,
    visible: Res<Visible>,
) {
    let wanted = ValuesKey {
        fill: visible.fill.clone(),
        overview: overview.revision,
        areas: areas.revision,
        cameras: points.cameras_revision,
        figures: points.figures_revision,
    };
    if store.values_of.as_ref() == Some(&wanted) {
        return;
    }
    if store.cameras_of != (wanted.cameras, wanted.areas) {
        store.cameras_of = (wanted.cameras, wanted.areas);
        store.cameras = cameras_per_area(&points, &areas);
    }
    if store.households_of != wanted.areas {
        store.households_of = wanted.areas;
        store.households = households(&areas.tree);
    }
    if store.reported_of != (wanted.figures, wanted.areas) {
        store.reported_of = (wanted.figures, wanted.areas);
        store.reported = reported_per_area(&points, &areas);
    }
    let facts = store.facts(&areas, &overview);
    let (values, label, unit) = match &wanted.fill {
        Fill::None => Default::default(),
        Fill::Figure(figure) => {
            let (label, unit) = figure.label(&facts);
            (figure.values(&facts), label.to_owned(), unit.to_owned())
        }
    };
    let store = &mut *store;
    store.values = values;
    store.label = label;
    store.unit = unit;
    store.values_of = Some(wanted);
    store.revision += 1;
}

fn cameras_per_area(points: &Points, areas: &Areas) -> Vec<CameraTally> {
    let mut tallies = vec![CameraTally::default(); areas.tree.len()];
    for (_, camera) in points.cameras() {
        let mut at = areas.locator.locate_deepest(camera.at);
        while let Some(index) = at {
            let tally = &mut tallies[index as usize];
            tally.online += u32::from(camera.online);
            tally.total += 1;
            at = areas.tree.parent(index);
        }
    }
    tallies
}

fn reported_per_area(points: &Points, areas: &Areas) -> HashMap<String, ReportedFigure> {
    let mut reported: HashMap<String, ReportedFigure> = HashMap::new();
    for figure in points.figures() {
        let Some(area) = figure.area.as_deref().and_then(|code| areas.tree.find(code)) else { continue };
        let entry = reported.entry(figure.key.clone()).or_insert_with(|| ReportedFigure {
            label: figure.label.clone(),
            unit: figure.unit.clone(),
            values: HashMap::new(),
        });
        entry.values.insert(area, figure.value);
    }
    reported
}

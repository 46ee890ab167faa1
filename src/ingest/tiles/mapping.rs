//! What the layers of a vector tile are drawn as.
//!
//! In: names of layers and values of attributes. Out: kinds of context and
//! ranks of roads. The names are those of OpenMapTiles, Protomaps and
//! Shortbread; a configuration may name others, and then names all.

use std::collections::BTreeMap;

use crate::domain::context::ContextKind;

/// Layers whose features are all of one kind.
const WHOLE: [(&str, ContextKind); 11] = [
    ("water", ContextKind::Water),
    ("water_polygons", ContextKind::Water),
    ("ocean", ContextKind::Water),
    ("park", ContextKind::Green),
    ("green", ContextKind::Green),
    ("building", ContextKind::Building),
    ("buildings", ContextKind::Building),
    ("transportation", ContextKind::Road),
    ("roads", ContextKind::Road),
    ("streets", ContextKind::Road),
    ("road", ContextKind::Road),
];

/// Layers in which only features of a class in [`GREEN`] are drawn.
const WITH_GREEN: [&str; 4] = ["landcover", "landuse", "land", "natural"];

/// Classes of land that are green.
const GREEN: [&str; 20] = [
    "allotments",
    "cemetery",
    "forest",
    "garden",
    "golf_course",
    "grass",
    "grassland",
    "heath",
    "meadow",
    "nature_reserve",
    "orchard",
    "park",
    "plant_nursery",
    "recreation_ground",
    "scrub",
    "tree",
    "village_green",
    "vineyard",
    "wetland",
    "wood",
];

/// Attributes that say what a feature is, best first.
pub(super) const CLASS_KEYS: [&str; 5] = ["class", "kind", "highway", "type", "fclass"];

/// Attribute that says the rank of a road.
pub(super) const RANK_KEY: &str = "rank";

/// Rank of a road that says nothing about itself.
const USUAL_RANK: u8 = 2;

/// What is drawn of one layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    /// As what.
    pub kind: ContextKind,
    /// Only features whose class is green.
    pub only_green: bool,
}

/// What is drawn of each layer.
#[derive(Clone, Debug, Default)]
pub(super) struct Mapping {
    named: BTreeMap<String, Option<ContextKind>>,
}

impl Mapping {
    /// What the configuration names; the usual names, when it names none.
    pub fn new(named: &BTreeMap<String, Option<ContextKind>>) -> Self {
        Self { named: named.clone() }
    }

    /// What is drawn of a layer.
    pub fn rule(&self, layer: &str) -> Option<Rule> {
        if !self.named.is_empty() {
            let kind = (*self.named.get(layer)?)?;
            return Some(Rule { kind, only_green: false });
        }
        if WITH_GREEN.contains(&layer) {
            return Some(Rule { kind: ContextKind::Green, only_green: true });
        }
        let whole = WHOLE.iter().find(|(name, _)| *name == layer).map(|(_, kind)| *kind);
        whole.or_else(|| ContextKind::parse(layer)).map(|kind| Rule { kind, only_green: false })
    }
}

/// Whether land of this class is green.
pub(super) fn is_green(class: &str) -> bool {
    GREEN.binary_search(&class).is_ok()
}

/// Rank of a road of this class, 1 = arterial … 3 = lane; `None` for what is
/// no road or not worth drawing under areas.
pub(super) fn road_rank(class: Option<&str>) -> Option<u8> {
    let Some(class) = class else { return Some(USUAL_RANK) };
    Some(match class.trim_end_matches("_link") {
        "motorway" | "trunk" | "primary" | "highway" | "major_road" => 1,
        "secondary" | "tertiary" | "medium_road" => 2,
        "minor" | "minor_road" | "residential" | "unclassified" | "living_street" | "service" | "pedestrian"
        | "street" | "street_limited" => 3,
        "path" | "footway" | "cycleway" | "bridleway" | "steps" | "track" | "rail" | "transit" | "ferry" | "pier"
        | "runway" | "taxiway" | "aerialway" | "aeroway" | "raceway" | "tram" | "subway" | "light_rail"
        | "narrow_gauge" | "monorail" | "funicular" | "construction" | "other" => return None,
        _ => USUAL_RANK,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_names_are_known_until_others_are_named() {
        let usual = Mapping::default();
        let kind = |layer: &str| usual.rule(layer).map(|rule| rule.kind);
        assert_eq!(kind("transportation"), Some(ContextKind::Road));
        assert_eq!(kind("water_polygons"), Some(ContextKind::Water));
        assert_eq!(kind("水系"), Some(ContextKind::Water));
        assert_eq!(kind("poi"), None);
        assert!(usual.rule("landuse").is_some_and(|rule| rule.only_green));
        let named = [("HYD_PL".to_owned(), Some(ContextKind::Water)), ("POI".to_owned(), None)].into();
        let named = Mapping::new(&named);
        assert_eq!(named.rule("HYD_PL"), Some(Rule { kind: ContextKind::Water, only_green: false }));
        assert_eq!((named.rule("POI"), named.rule("water")), (None, None));
    }

    #[test]
    fn classes_are_found() {
        assert!(GREEN.is_sorted());
        assert!(is_green("wood") && !is_green("residential"));
        assert_eq!(road_rank(Some("motorway_link")), Some(1));
        assert_eq!(road_rank(Some("tertiary")), Some(2));
        assert_eq!(road_rank(Some("minor")), Some(3));
        assert_eq!((road_rank(Some("rail")), road_rank(Some("支路")), road_rank(None)), (None, Some(2), Some(2)));
    }
}

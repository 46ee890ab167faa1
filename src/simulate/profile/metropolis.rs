//! What a whole city is drawn from: the lie of river, lakes, hills and main
//! roads, and where its people live. Plan metres around the city's centre, x
//! east, y north; the generator bends them onto the ground and lets a seed
//! shift them.

/// A whole city.
#[derive(Clone, Copy, Debug)]
pub struct Metropolis {
    /// Name of the city.
    pub name: &'static str,
    /// How many areas of each level.
    pub counts: CityCounts,
    /// Half the width and half the height of the city.
    pub radius_m: [f64; 2],
    /// Middle of the outline.
    pub middle_m: [f64; 2],
    /// Distance between two larger streets where the city is built up.
    pub block_m: f64,
    /// The river that parts the city.
    pub river: River,
    /// Ring roads, the innermost first; borders of streets 街道 follow them.
    pub rings: &'static [Ring],
    /// Avenues, motorways and streams along which districts meet.
    pub radials: &'static [Radial],
    /// Where many people live.
    pub hubs: &'static [Hub],
    /// Small towns that a seed strews over the countryside.
    pub towns: usize,
    /// Micro-grids per km² of open country, relative to the hubs' peaks.
    pub rural_per_km2: f64,
    /// Wooded hills.
    pub hills: &'static [Hill],
    /// The districts.
    pub districts: &'static [District],
    /// Names of parks.
    pub parks: &'static [&'static str],
}

/// How many areas of each level.
#[derive(Clone, Copy, Debug)]
pub struct CityCounts {
    /// Streets and towns 街道、镇.
    pub streets: usize,
    /// Communities and villages 社区、村.
    pub communities: usize,
    /// Micro-grids.
    pub micro_grids: usize,
}

/// The river that parts the city in two.
#[derive(Clone, Copy, Debug)]
pub struct River {
    /// Name.
    pub name: &'static str,
    /// Points of its axis, downstream, from well outside to well outside; the
    /// city's centre lies on its right.
    pub axis_m: &'static [[f64; 2]],
    /// Usual width.
    pub width_m: f64,
    /// Islands: middle, half the length, half the width.
    pub islands: &'static [([f64; 2], f64, f64)],
}

/// A ring road.
#[derive(Clone, Copy, Debug)]
pub struct Ring {
    /// Name.
    pub name: &'static str,
    /// Distance from the centre.
    pub radius_m: f64,
    /// Crosses the river; otherwise it ends at the bank on the centre's side.
    pub crosses_river: bool,
}

/// A line along which districts meet.
#[derive(Clone, Copy, Debug)]
pub struct Radial {
    /// Name.
    pub name: &'static str,
    /// Its points.
    pub line_m: &'static [[f64; 2]],
    /// A stream of this width; 0 for a road.
    pub stream_width_m: f64,
    /// A lake that lies on it.
    pub lake: Option<Lake>,
}

/// A lake on a radial.
#[derive(Clone, Copy, Debug)]
pub struct Lake {
    /// Name.
    pub name: &'static str,
    /// About its middle; the nearest point of the radial is taken.
    pub at_m: [f64; 2],
    /// Half its length along the radial.
    pub half_length_m: f64,
    /// Half its width across.
    pub half_width_m: f64,
}

/// A place where many people live; density falls off like a Gaussian.
#[derive(Clone, Copy, Debug)]
pub struct Hub {
    /// Middle.
    pub at_m: [f64; 2],
    /// Micro-grids per km² at the middle, relative to other hubs.
    pub per_km2: f64,
    /// Distance at which 1/e of that is left.
    pub reach_m: f64,
}

/// A wooded hill: few people, drawn green.
#[derive(Clone, Copy, Debug)]
pub struct Hill {
    /// Name.
    pub name: &'static str,
    /// Middle.
    pub at_m: [f64; 2],
    /// Half the length and half the breadth.
    pub radius_m: [f64; 2],
    /// Anticlockwise turn of its length from east, degrees.
    pub turn_deg: f64,
}

/// One district.
#[derive(Clone, Copy, Debug)]
pub struct District {
    /// Name with 区.
    pub name: &'static str,
    /// A point in each piece of land between rivers, rings and radials that is its.
    pub seats_m: &'static [[f64; 2]],
    /// Names of streets, without 街道 and 镇; at least as many as it can get.
    pub streets: &'static [&'static str],
}

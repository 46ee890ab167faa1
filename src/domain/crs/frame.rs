//! How a source writes places: its coordinate system and which number comes
//! first.
//!
//! In: pairs of numbers as written. Out: WGS-84 degrees, or [`Misplaced`],
//! which says why they cannot be a place of that system: nothing ends up in
//! the sea because a setting is wrong.

use std::fmt;
use std::sync::Arc;

use super::plane::Plane;
use super::{Crs, LonLat};

/// What to do where the first number is the north: in advice, and known by it.
pub const SWAP_AXES: &str = "请写 axis_order = \"lat-lon\"";

/// No longitude in degrees is as large as this, and every metre of a plane is.
const SMALLEST_PLANE_M: f64 = 1_000.0;

/// Which number of a pair comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AxisOrder {
    /// Longitude, or east, as in GeoJSON.
    #[default]
    LonLat,
    /// Latitude, or north.
    LatLon,
}

/// A coordinate system ready to compute with.
#[derive(Clone, Debug, Default)]
pub struct Frame {
    crs: Crs,
    order: AxisOrder,
    plane: Option<Arc<Plane>>,
}

/// A pair that is no place of its system.
#[derive(Clone, Debug)]
pub struct Misplaced {
    point: [f64; 2],
    crs: Crs,
    plane: Option<Arc<Plane>>,
}

impl From<Crs> for Frame {
    fn from(crs: Crs) -> Self {
        Self::new(crs, AxisOrder::LonLat)
    }
}

impl Frame {
    /// Pairs of `crs` in this order.
    pub fn new(crs: Crs, order: AxisOrder) -> Self {
        Self { crs, order, plane: Plane::of(crs).map(Arc::new) }
    }

    /// Its system.
    pub fn crs(&self) -> Crs {
        self.crs
    }

    /// A pair in the order in which the source writes it, with longitude or
    /// east first.
    #[inline]
    pub fn sorted(&self, [first, second]: [f64; 2]) -> [f64; 2] {
        if self.order == AxisOrder::LatLon { [second, first] } else { [first, second] }
    }

    /// WGS-84 degrees of a place, longitude or east first.
    ///
    /// # Errors
    /// When it cannot be a place of the system.
    #[inline]
    pub fn place(&self, point: [f64; 2]) -> Result<[f64; 2], Misplaced> {
        let is_on_earth = |[lon, lat]: [f64; 2]| LonLat::new(lon, lat).is_valid();
        let place = match (&self.plane, self.crs) {
            (Some(plane), _) => plane.to_wgs84(point),
            // Degrees instead of metres: all of them lie in the Gulf of Guinea.
            (None, Crs::WebMercator) => {
                let is_degrees = point[0].abs() <= 180.0 && point[1].abs() <= 90.0 && point != [0.0, 0.0];
                Some(point).filter(|_| !is_degrees).map(|point| self.crs.to_wgs84(point))
            }
            (None, crs) => Some(point).filter(|&point| is_on_earth(point)).map(|point| crs.to_wgs84(point)),
        };
        place.filter(|&place| is_on_earth(place)).ok_or_else(|| Misplaced {
            point,
            crs: self.crs,
            plane: self.plane.clone(),
        })
    }
}

impl fmt::Display for Misplaced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [x, y] = self.point;
        let is_plane = self.crs == Crs::WebMercator || self.plane.is_some();
        match is_plane {
            true => write!(f, "坐标 {x}, {y} 不在 {} 的范围内", self.crs.name())?,
            false => write!(f, "坐标 {x}, {y} 不在地球上")?,
        }
        let advice = match &self.plane {
            Some(plane) => plane.advice(self.point),
            None if is_plane && x.abs() <= 180.0 => Some("像是经纬度".to_owned()),
            None if !is_plane && x.abs() > SMALLEST_PLANE_M && y.abs() > SMALLEST_PLANE_M => {
                Some("像是平面坐标,请在 crs 中写明".to_owned())
            }
            None if !is_plane && LonLat::new(y, x).is_valid() => {
                Some(format!("像是纬度在前,{SWAP_AXES} 或对调 lon、lat"))
            }
            None => None,
        };
        advice.map_or(Ok(()), |advice| write!(f, ":{advice}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_are_wrong_are_told_and_nothing_lies_in_the_sea() {
        let told = |crs: &str, point| {
            Frame::from(Crs::parse(crs).unwrap()).place(point).map_err(|misplaced| misplaced.to_string()).unwrap_err()
        };
        assert_eq!(told("wgs84", [200.0, 32.0]), "坐标 200, 32 不在地球上");
        assert!(told("wgs84", [32.06, 118.79]).contains("纬度在前"));
        assert!(told("gcj02", [415_000.0, 3_547_751.0]).contains("平面坐标"));
        assert!(told("web-mercator", [118.79, 32.06]).ends_with("不在 web-mercator 的范围内:像是经纬度"));
        assert!(told("EPSG:4549", [3_547_751.0, 415_000.0]).contains("EPSG:4549"));
        assert!(told("wgs84", [f64::NAN, 1.0]).contains("不在地球上"));
    }

    #[test]
    fn places_come_out_in_degrees() {
        let frame = Frame::new(Crs::parse("EPSG:4549").unwrap(), AxisOrder::LatLon);
        let [lon, lat] = frame.place(frame.sorted([3_547_751.072, 415_000.816])).unwrap();
        assert!((lon - 119.1).abs() < 1e-7 && (lat - 32.05).abs() < 1e-7);
        assert_eq!(Frame::default().place([118.0, 32.0]).ok(), Some([118.0, 32.0]));
        let mercator = Frame::from(Crs::WebMercator).place([13_223_642.311, 3_771_189.138]).unwrap();
        assert!((mercator[0] - 118.79).abs() < 1e-8 && (mercator[1] - 32.06).abs() < 1e-8);
    }
}

//! Patrol tracks (巡查轨迹). A worker is a role and a number, never a name.

use super::geometry::LonLat;
use super::time::Time;

/// One walk of one worker, in time order.
#[derive(Clone, Debug, PartialEq)]
pub struct Track {
    /// Unique id of the walk.
    pub id: String,
    /// Role and number: 网格员 07.
    pub worker: String,
    /// Code of the area on patrol.
    pub area: Option<String>,
    /// Where the worker was when.
    pub points: Vec<(Time, LonLat)>,
}

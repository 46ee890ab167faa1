//! What became of single devices and cameras: sources that push tell of one at
//! a time, and often only of what changed.
//!
//! In: reports, in the order in which they came. Out: the latest of everything
//! that was ever told of a thing, laid over what else is known of it.

use super::camera::Camera;
use super::device::{Device, DeviceState};
use super::geometry::LonLat;
use super::time::Time;

/// A report about one thing, in which what it does not tell is `None`.
pub trait Change {
    /// What it is a report about.
    type Whole;

    /// The id that the thing has.
    fn id(&self) -> &str;

    /// The id that a thing has.
    fn id_of(whole: &Self::Whole) -> &str;

    /// Takes a later report in: what it tells takes the place of what was told.
    fn absorb(&mut self, later: &Self);

    /// Writes what it tells over what was known.
    fn apply(&self, whole: &mut Self::Whole);

    /// Forgets how the thing was, as far as no time was told of it, where `later`
    /// tells it anew: a whole set, asked for after that came.
    fn outdate(&mut self, later: &Self::Whole);

    /// Forgets what the same source tells anew with a whole set, asked for after
    /// that came; tells whether anything is left that the set does not tell, or
    /// tells of an earlier time.
    fn yield_to(&mut self, later: &Self::Whole) -> bool;

    /// The thing, if enough is told of it: above all, where it is.
    fn whole(&self) -> Option<Self::Whole>;
}

/// What was told of a device.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeviceChange {
    /// Unique id.
    pub id: String,
    /// Kind as shown.
    pub kind: Option<String>,
    /// Name as shown.
    pub name: Option<String>,
    /// Where it is.
    pub at: Option<LonLat>,
    /// How it is.
    pub state: Option<DeviceState>,
    /// The reading.
    pub value: Option<f64>,
    /// Unit of the reading.
    pub unit: Option<String>,
    /// When state and reading were taken. `None` where neither is told.
    pub read: Option<Time>,
    /// Whether that is when they came, because nobody said when they were taken.
    pub is_undated: bool,
}

/// What was told of a camera.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CameraChange {
    /// Unique id.
    pub id: String,
    /// Name as shown.
    pub name: Option<String>,
    /// Who runs it.
    pub owner: Option<String>,
    /// Where it stands.
    pub at: Option<LonLat>,
    /// Whether it delivers pictures.
    pub online: Option<bool>,
    /// Address of its latest still picture.
    pub picture: Option<String>,
}

/// Puts `told` in the place of `known`, if anything was told.
fn put<T: Clone + PartialEq>(known: &mut T, told: Option<&T>) {
    if let Some(told) = told
        && known != told
    {
        known.clone_from(told);
    }
}

/// As [`put`], where it may not have been known.
fn put_some<T: Clone + PartialEq>(known: &mut Option<T>, told: &Option<T>) {
    if told.is_some() && known != told {
        known.clone_from(told);
    }
}

impl Change for DeviceChange {
    type Whole = Device;

    fn id(&self) -> &str {
        &self.id
    }

    fn id_of(whole: &Device) -> &str {
        &whole.id
    }

    fn absorb(&mut self, later: &Self) {
        put_some(&mut self.kind, &later.kind);
        put_some(&mut self.name, &later.name);
        put_some(&mut self.at, &later.at);
        put_some(&mut self.unit, &later.unit);
        // A message that was sent again may come behind a newer one.
        if later.read >= self.read {
            put_some(&mut self.state, &later.state);
            put_some(&mut self.value, &later.value);
            put_some(&mut self.read, &later.read);
            self.is_undated = later.is_undated;
        }
    }

    fn outdate(&mut self, later: &Device) {
        // A time of the set's own decides in `apply`.
        if !self.is_undated || later.read.is_some() {
            return;
        }
        if later.is_told {
            self.state = None;
        }
        if later.value.is_some() {
            self.value = None;
        }
        if self.state.is_none() && self.value.is_none() {
            (self.read, self.is_undated) = (None, false);
        }
    }

    fn yield_to(&mut self, later: &Device) -> bool {
        (self.kind, self.name, self.at) = (None, None, None);
        let is_newer = later.read.is_some() && self.read > later.read && !self.is_undated;
        if !is_newer && (later.is_told || later.read.is_some()) {
            self.state = None;
        }
        if !is_newer && (later.value.is_some() || later.read.is_some()) {
            self.value = None;
        }
        if self.value.is_none() {
            // It is that of the reading.
            self.unit = None;
        }
        let is_left = self.state.is_some() || self.value.is_some();
        if !is_left {
            (self.read, self.is_undated) = (None, false);
        }
        is_left
    }

    fn apply(&self, device: &mut Device) {
        put(&mut device.kind, self.kind.as_ref());
        put(&mut device.name, self.name.as_ref());
        put(&mut device.at, self.at.as_ref());
        put(&mut device.unit, self.unit.as_ref());
        if self.read >= device.read {
            put(&mut device.state, self.state.as_ref());
            put_some(&mut device.value, &self.value);
            put_some(&mut device.read, &self.read);
        }
    }

    fn whole(&self) -> Option<Device> {
        Some(Device {
            id: self.id.clone(),
            kind: self.kind.clone().unwrap_or_default(),
            name: self.name.clone().unwrap_or_else(|| self.id.clone()),
            at: self.at?,
            state: self.state.unwrap_or_default(),
            value: self.value,
            unit: self.unit.clone().unwrap_or_default(),
            read: self.read,
            is_told: self.state.is_some(),
        })
    }
}

impl Change for CameraChange {
    type Whole = Camera;

    fn id(&self) -> &str {
        &self.id
    }

    fn id_of(whole: &Camera) -> &str {
        &whole.id
    }

    fn absorb(&mut self, later: &Self) {
        put_some(&mut self.name, &later.name);
        put_some(&mut self.owner, &later.owner);
        put_some(&mut self.at, &later.at);
        put_some(&mut self.online, &later.online);
        put_some(&mut self.picture, &later.picture);
    }

    fn outdate(&mut self, later: &Camera) {
        if later.is_told {
            self.online = None;
        }
    }

    fn yield_to(&mut self, later: &Camera) -> bool {
        (self.name, self.owner, self.at, self.picture) = (None, None, None, None);
        self.outdate(later);
        self.online.is_some()
    }

    fn apply(&self, camera: &mut Camera) {
        put(&mut camera.name, self.name.as_ref());
        put(&mut camera.owner, self.owner.as_ref());
        put(&mut camera.at, self.at.as_ref());
        put(&mut camera.online, self.online.as_ref());
        put_some(&mut camera.picture, &self.picture);
    }

    fn whole(&self) -> Option<Camera> {
        Some(Camera {
            id: self.id.clone(),
            name: self.name.clone().unwrap_or_else(|| self.id.clone()),
            owner: self.owner.clone().unwrap_or_default(),
            at: self.at?,
            online: self.online.unwrap_or(true),
            picture: self.picture.clone(),
            is_told: self.online.is_some(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(value: f64, read: i64) -> DeviceChange {
        DeviceChange {
            id: "g1".into(),
            state: Some(DeviceState::Alarm),
            value: Some(value),
            read: Some(Time(read)),
            ..DeviceChange::default()
        }
    }

    #[test]
    fn what_is_not_told_stays_and_what_is_older_is_not_believed() {
        let mut known = DeviceChange { at: Some(LonLat::new(120.0, 31.0)), ..reading(1.0, 1_000) };
        known.absorb(&reading(3.0, 3_000));
        known.absorb(&reading(2.0, 2_000));
        known.absorb(&DeviceChange { id: "g1".into(), name: Some("井 1".into()), ..DeviceChange::default() });
        let device = known.whole().expect("a place is known");
        assert_eq!((device.value, device.read, device.name.as_str()), (Some(3.0), Some(Time(3_000)), "井 1"));
        assert_eq!(reading(1.0, 1).whole(), None, "nobody knows where it is");
    }

    #[test]
    fn what_came_without_a_time_is_outdated_by_a_set_that_tells_it() {
        let place = LonLat::new(120.0, 31.0);
        let told = |is_undated| DeviceChange { at: Some(place), is_undated, ..reading(1.0, 9_000) };
        let polled = |is_told, read: Option<i64>| {
            let whole = DeviceChange { state: None, value: None, read: None, ..told(false) }.whole();
            Device { is_told, read: read.map(Time), ..whole.expect("a place") }
        };
        let left = |is_undated, register: &Device| {
            let mut change = told(is_undated);
            change.outdate(register);
            (change.state.is_some(), change.value.is_some())
        };
        assert_eq!(left(true, &polled(true, None)), (false, true), "the reading is told nowhere else");
        assert_eq!(left(true, &Device { value: Some(0.0), ..polled(true, None) }), (false, false));
        assert_eq!(left(true, &polled(false, None)), (true, true), "a register of places only");
        assert_eq!(left(false, &polled(true, None)), (true, true), "it has a time");
        assert_eq!(left(true, &polled(true, Some(1))), (true, true), "both have");
        let mut change = CameraChange { at: Some(place), online: Some(false), ..CameraChange::default() };
        let camera = Camera { online: true, ..change.whole().expect("a place") };
        change.outdate(&Camera { is_told: false, ..camera.clone() });
        assert_eq!(change.online, Some(false));
        change.outdate(&camera);
        assert_eq!(change.online, None);
    }

    #[test]
    fn what_a_source_told_gives_way_to_its_own_set_but_for_a_newer_reading() {
        let place = LonLat::new(120.0, 31.0);
        let told = |read, is_undated| DeviceChange {
            name: Some("旧".into()),
            at: Some(place),
            unit: Some("%".into()),
            is_undated,
            ..reading(1.0, read)
        };
        let set = Device { read: Some(Time(5_000)), ..told(0, false).whole().expect("a place") };
        let left = |mut change: DeviceChange, set: &Device| change.yield_to(set).then_some(change);
        let newer = DeviceChange { name: None, at: None, ..told(9_000, false) };
        assert_eq!(left(told(9_000, false), &set), Some(newer));
        assert_eq!(left(told(5_000, false), &set), None, "the set is as new");
        assert_eq!(left(told(9_000, true), &set), None, "nobody said when it was");
        let undated = Device { read: None, ..set.clone() };
        assert_eq!(left(told(9_000, false), &undated), None, "the set was asked for later");
        let bare = Device { value: None, is_told: false, ..undated };
        let kept = left(told(9_000, true), &bare).expect("a register tells no readings");
        assert_eq!((kept.name.as_deref(), kept.at, kept.value), (None, None, Some(1.0)));
        let mut change = CameraChange { at: Some(place), online: Some(false), ..CameraChange::default() };
        let camera = change.whole().expect("a place");
        assert!(change.clone().yield_to(&Camera { is_told: false, ..camera.clone() }), "told nowhere else");
        assert!(!change.yield_to(&camera));
    }

    #[test]
    fn a_reading_goes_before_an_older_one_of_the_register_only() {
        let register = Device {
            id: "g1".into(),
            kind: "可燃气体".into(),
            name: "井 1".into(),
            at: LonLat::new(120.0, 31.0),
            state: DeviceState::Normal,
            value: Some(0.1),
            unit: "%LEL".into(),
            read: Some(Time(2_000)),
            is_told: true,
        };
        let mut device = register.clone();
        reading(9.0, 1_000).apply(&mut device);
        assert_eq!(device, register);
        reading(9.0, 3_000).apply(&mut device);
        assert_eq!((device.value, device.state, device.kind.as_str()), (Some(9.0), DeviceState::Alarm, "可燃气体"));
    }
}

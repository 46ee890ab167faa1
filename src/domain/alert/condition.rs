//! When there is something to alert of.
//!
//! In: a number, a device, an event as it is known now. Out: whether the
//! condition holds, where that can be told; of an event, since when.

use serde::{Deserialize, Serialize};

use crate::domain::area::{AreaIndex, AreaTree};
use crate::domain::device::{Device, DeviceState};
use crate::domain::event_store::{Classes, Course, EventFilter, EventRef, PreparedFilter};
use crate::domain::time::Time;

/// What a number should not be beyond.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Limit {
    /// Greater is too much.
    Above(f64),
    /// Less is too little.
    Below(f64),
}

/// A limit, and how far back a number must go before it is well again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Threshold {
    /// Beyond it there is an alert.
    pub limit: Limit,
    /// The alert stands until the number is on the other side of this one; of
    /// the limit itself where there is none.
    pub clear: Option<f64>,
}

impl Threshold {
    /// Whether a number is beyond the limit, or, where an alert stands, not well
    /// again; `None` for what is no number.
    pub fn holds(&self, value: f64, is_standing: bool) -> Option<bool> {
        if !value.is_finite() {
            return None;
        }
        Some(match self.limit {
            Limit::Above(limit) => value > limit || is_standing && self.clear.is_some_and(|clear| value >= clear),
            Limit::Below(limit) => value < limit || is_standing && self.clear.is_some_and(|clear| value <= clear),
        })
    }
}

/// What is wrong with a device.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum DeviceTest {
    /// It is in this state.
    State(DeviceState),
    /// Its reading is beyond a limit.
    Reading(Threshold),
}

/// Something that may be wrong with devices.
#[derive(Clone, Debug, PartialEq)]
pub struct DeviceCondition {
    /// Kind as its source writes it; `None` = any.
    pub kind: Option<String>,
    /// The only one; `None` = all.
    pub id: Option<String>,
    /// What is wrong.
    pub test: DeviceTest,
}

impl DeviceCondition {
    /// Whether a device is watched at all.
    pub fn concerns(&self, device: &Device) -> bool {
        self.kind.as_ref().is_none_or(|kind| *kind == device.kind) && self.id.as_ref().is_none_or(|id| *id == device.id)
    }

    /// Whether something is wrong with it. A silent device tells nothing but
    /// that it is silent.
    pub fn holds(&self, device: &Device, is_standing: bool) -> Option<bool> {
        let is_silent = device.state == DeviceState::Offline;
        match self.test {
            DeviceTest::State(DeviceState::Offline) => Some(is_silent),
            _ if is_silent => None,
            DeviceTest::State(state) => Some(device.state == state),
            DeviceTest::Reading(threshold) => device.value.and_then(|value| threshold.holds(value, is_standing)),
        }
    }
}

/// Which open events are worth an alert; one must fulfil all that is set.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EventCondition {
    /// Classes, channels, severities, stages.
    pub filter: EventFilter,
    /// Minor classes by name; empty = all.
    pub subcategories: Vec<String>,
    /// Past the due time.
    pub is_overdue: bool,
    /// Repeats of an earlier one.
    pub is_repeated: bool,
    /// Sent back at least so many times.
    pub returned: u16,
}

/// A condition made ready to judge many events.
#[derive(Clone, Debug)]
pub struct PreparedCondition {
    filter: PreparedFilter,
    /// By class; `None` = all.
    classes: Option<Vec<bool>>,
    is_overdue: bool,
    is_repeated: bool,
    returned: u16,
    stage_count: usize,
    counts_stage: bool,
}

impl EventCondition {
    /// Makes it ready for these classes and areas, in `area` and below it, and for
    /// a loop of `stage_count` stages.
    pub fn prepare(
        &self,
        classes: &Classes,
        tree: &AreaTree,
        area: Option<AreaIndex>,
        stage_count: usize,
    ) -> PreparedCondition {
        let filter = EventFilter { area, ..self.filter.clone() };
        let is_named = |name: &str| self.subcategories.iter().any(|wanted| wanted == name);
        PreparedCondition {
            filter: filter.prepare(classes, tree),
            classes: (!self.subcategories.is_empty())
                .then(|| classes.all().iter().map(|class| is_named(&class.subcategory)).collect()),
            is_overdue: self.is_overdue,
            is_repeated: self.is_repeated,
            returned: self.returned,
            stage_count,
            counts_stage: !self.filter.stages.is_empty() || self.returned > 0,
        }
    }
}

impl PreparedCondition {
    /// Since when an event has fulfilled the condition, or from when on it will
    /// if nothing happens to it; `None` where it does not. `scratch` is written
    /// over.
    pub fn begins(&self, event: EventRef<'_>, scratch: &mut Course) -> Option<Time> {
        let is_of_class =
            || self.classes.as_ref().is_none_or(|list| list.get(usize::from(event.class())) == Some(&true));
        if event.is_closed(self.stage_count) || !self.filter.passes(event) || !is_of_class() {
            return None;
        }
        event.read_course(scratch);
        if self.is_repeated && !scratch.repeats || scratch.returned < self.returned {
            return None;
        }
        let mut begins = scratch.reported;
        if self.counts_stage {
            begins = begins.max(scratch.entered.last().map_or(scratch.reported, |&(_, at)| at));
        }
        if self.is_overdue {
            begins = begins.max(scratch.due?.plus_millis(1));
        }
        Some(begins)
    }
}

//! Which events: conditions that combine.

use super::dictionary::Classes;
use super::{Course, EventRef};
use crate::domain::area::{AreaIndex, AreaTree};
use crate::domain::event::{Channel, Severity};
use crate::domain::time::Time;

/// Conditions on events; an event must fulfil all that are set. The default
/// lets everything pass.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Major classes by name; empty = all.
    pub categories: Vec<String>,
    /// Empty = all.
    pub channels: Vec<Channel>,
    /// Empty = all.
    pub severities: Vec<Severity>,
    /// Stages in which events stand; empty = all.
    pub stages: Vec<u8>,
    /// An area, with all below it.
    pub area: Option<AreaIndex>,
}

/// A filter made ready to judge many events.
#[derive(Clone, Debug)]
pub struct PreparedFilter {
    /// By class; `None` = all.
    classes: Option<Vec<bool>>,
    channels: u8,
    severities: u8,
    stages: u16,
    /// By area; `None` = all, also those without an area.
    areas: Option<Vec<bool>>,
}

impl EventFilter {
    /// Whether everything passes.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Makes it ready for these classes and areas.
    pub fn prepare(&self, classes: &Classes, tree: &AreaTree) -> PreparedFilter {
        let all_or = |is_empty: bool, bits: u16| if is_empty { u16::MAX } else { bits };
        let fold = |bits: &mut dyn Iterator<Item = u32>| bits.fold(0_u16, |set, bit| set | 1_u16 << bit.min(15));
        let channels = fold(&mut self.channels.iter().map(|&channel| channel as u32));
        let severities = fold(&mut self.severities.iter().map(|&severity| severity as u32));
        let stages = fold(&mut self.stages.iter().map(|&stage| u32::from(stage)));
        let is_wanted = |class: &super::Class| self.categories.iter().any(|name| **name == *class.category);
        PreparedFilter {
            classes: (!self.categories.is_empty()).then(|| classes.all().iter().map(is_wanted).collect()),
            channels: all_or(self.channels.is_empty(), channels) as u8,
            severities: all_or(self.severities.is_empty(), severities) as u8,
            stages: all_or(self.stages.is_empty(), stages),
            areas: self
                .area
                .map(|wanted| (0..tree.len() as AreaIndex).map(|index| tree.is_within(index, wanted)).collect()),
        }
    }
}

/// A filter as of an instant.
#[derive(Clone, Copy, Debug)]
pub struct Sieve<'a> {
    /// Which events.
    pub filter: &'a PreparedFilter,
    /// The instant whose stages count; `None` is the present, as far as the
    /// store knows, and costs less.
    pub at: Option<Time>,
}

impl Sieve<'_> {
    /// Whether an event fulfils all conditions; `scratch` is written over.
    pub fn passes(&self, event: EventRef<'_>, scratch: &mut Course) -> bool {
        let filter = self.filter;
        let Some(at) = self.at.filter(|_| filter.stages != u16::MAX) else { return filter.passes(event) };
        if !filter.passes_but_for_stage(event) {
            return false;
        }
        event.read_course(scratch);
        scratch.rewind(at);
        filter.stages >> scratch.stage.min(15) & 1 == 1
    }
}

impl PreparedFilter {
    /// Whether an event fulfils all conditions, as far as the store knows.
    pub fn passes(&self, event: EventRef<'_>) -> bool {
        self.stages >> event.bits().stage() & 1 == 1 && self.passes_but_for_stage(event)
    }

    fn passes_but_for_stage(&self, event: EventRef<'_>) -> bool {
        let bits = event.bits();
        self.severities >> bits.severity() as u8 & 1 == 1
            && self.channels >> bits.channel() as u8 & 1 == 1
            && self.classes.as_ref().is_none_or(|list| list.get(usize::from(event.class())) == Some(&true))
            && self
                .areas
                .as_ref()
                .is_none_or(|list| event.area().is_some_and(|area| list.get(area as usize) == Some(&true)))
    }
}

//! Devices, figures and warnings for alerts: looked at as a whole, because they
//! come as a whole.
//!
//! In: the sets as they are, with their revisions. Out: verdicts at the desk.

use std::collections::HashSet;

use super::Around;
use super::facts::{self, Beyond};
use super::present::Present;
use crate::config::{AlertSubject, KeyFigure};
use crate::domain::alert::condition::{DeviceCondition, DeviceTest};
use crate::domain::alert::{Desk, FRESH_MILLIS, Rule, Threshold, Verdict};
use crate::domain::area::{AreaIndex, Level};
use crate::domain::choropleth::AreaFigure;
use crate::domain::closed_loop::{LoopSummary, Ratio};
use crate::domain::device::{Device, DeviceState};
use crate::domain::geometry::LonLat;
use crate::domain::overview::Overview as Figures;
use crate::domain::time::Time as Instant1970;
use crate::domain::warning::Outlook;
use crate::model::Events;

/// Revisions that were looked at last.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Seen {
    areas: u64,
    devices: u64,
    warnings: u64,
    /// Of figures, cameras, the overview.
    figures: [u64; 3],
    present: u64,
}

impl Seen {
    fn of(around: &Around, present: &Present) -> Self {
        let points = &around.points;
        Self {
            areas: around.areas.revision,
            devices: points.devices_revision,
            warnings: around.warnings.revision,
            figures: [points.figures_revision, points.cameras_revision, around.overview.revision],
            present: present.revision(),
        }
    }
}

/// Judges the rules whose sets changed since the last look, or whose condition
/// waits for its time; all of them where that `is_due`.
pub(super) fn judge(
    desk: &mut Desk,
    seen: &mut Seen,
    present: &Present,
    events: &Events,
    around: &Around,
    is_due: bool,
) {
    let current = Seen::of(around, present);
    let before = std::mem::replace(seen, current);
    let is_due = is_due || before.areas != current.areas;
    let is_present_new = before.present != current.present;
    for rule in &around.config.0.alerting.rules {
        let is_new = match &rule.subject {
            AlertSubject::Event(_) => continue,
            AlertSubject::Device(_) => before.devices != current.devices,
            AlertSubject::Whole(..) | AlertSubject::Areas { .. } => is_present_new || before.figures != current.figures,
            AlertSubject::Warning => is_present_new || before.warnings != current.warnings,
        };
        let rule_of = &rule.rule;
        if !(is_due || is_new || desk.is_waiting(&rule_of.id)) {
            continue;
        }
        let area = rule_of.area.as_deref().map(|code| around.areas.tree.find(code));
        // Without its area a rule says nothing of anything.
        let within = match area {
            Some(None) => continue,
            Some(found) => found,
            None => None,
        };
        let look = Look { rule: rule_of, within, figures: present.figures(events, around), present, around };
        match &rule.subject {
            AlertSubject::Event(_) => {}
            AlertSubject::Device(condition) => look.devices(desk, condition),
            AlertSubject::Whole(figure, threshold) => look.whole(desk, figure, threshold),
            AlertSubject::Areas { figure, level, threshold } => look.areas(desk, figure, *level, threshold),
            AlertSubject::Warning => look.warnings(desk),
        }
    }
}

/// A look at what one rule watches.
struct Look<'a, 'w> {
    rule: &'a Rule,
    /// The area in which it watches.
    within: Option<AreaIndex>,
    /// Figures of the present, while they are known.
    figures: Option<&'a Figures>,
    present: &'a Present,
    around: &'a Around<'w>,
}

/// What a condition says, where nothing is known since when.
const fn verdict_of(holds: Option<bool>) -> Verdict {
    match holds {
        Some(true) => Verdict::Holds(None),
        Some(false) => Verdict::Not,
        None => Verdict::Unknown,
    }
}

impl Look<'_, '_> {
    fn now(&self) -> Instant1970 {
        self.around.clock.system()
    }

    fn has(&self, area: AreaIndex) -> bool {
        self.within.is_none_or(|within| self.around.areas.tree.is_within(area, within))
    }

    fn has_place(&self, at: LonLat) -> bool {
        self.within.is_none() || self.around.areas.locator.locate_deepest(at).is_some_and(|area| self.has(area))
    }

    fn devices(&self, desk: &mut Desk, condition: &DeviceCondition) {
        let mut named: HashSet<&str, foldhash::fast::RandomState> = HashSet::default();
        let mut knows = desk.knows(&self.rule.id);
        for device in self.around.points.devices().filter(|device| condition.concerns(device)) {
            // Of several with one id the first counts.
            if !named.insert(&device.id) {
                continue;
            }
            let is_standing = knows && desk.is_standing(&self.rule.id, &device.id);
            let holds = condition.holds(device, is_standing).map(|holds| holds && self.has_place(device.at));
            if holds != Some(true) && !knows {
                continue;
            }
            knows = true;
            let verdict = match holds {
                Some(true) => Verdict::Holds(self.begun(device, condition.test)),
                other => verdict_of(other),
            };
            desk.see(self.rule, &device.id, verdict, self.now(), || {
                facts::of_device(device, condition.test, &self.around.areas)
            });
        }
    }

    /// Since when at least something has been wrong with a device: what was read
    /// long ago, and came from disk, is no news.
    fn begun(&self, device: &Device, test: DeviceTest) -> Option<Instant1970> {
        let is_silence = test == DeviceTest::State(DeviceState::Offline);
        device.read.filter(|&read| !is_silence && self.now().millis_since(read) >= FRESH_MILLIS)
    }

    fn whole(&self, desk: &mut Desk, figure: &KeyFigure, threshold: &Threshold) {
        let (label, unit) = figure.label();
        let read = match figure {
            KeyFigure::Reported(key) => {
                let mut all = self.around.points.figures().filter(|figure| figure.area.is_none());
                all.find(|figure| figure.key == *key).map(|figure| (figure.value, &*figure.label, &*figure.unit))
            }
            computed => {
                let today = self.figures.map(|figures| &figures.today);
                today.and_then(|today| value_of(computed, today)).map(|value| (value, label, unit))
            }
        };
        let (value, label, unit) = read.unwrap_or((f64::NAN, label, unit));
        let verdict = verdict_of(threshold.holds(value, desk.is_standing(&self.rule.id, "")));
        let beyond = Beyond { label, value, unit, limit: threshold.limit };
        desk.see(self.rule, "", verdict, self.now(), || facts::of_figure(&beyond, &self.around.areas.tree, None));
    }

    fn areas(&self, desk: &mut Desk, figure: &AreaFigure, level: Option<Level>, threshold: &Threshold) {
        let tree = &self.around.areas.tree;
        let tallies = self.figures.map_or(&[][..], |figures| &figures.tallies[..]);
        let known = self.around.values.facts_with(&self.around.areas, tallies);
        let (label, unit) = figure.label(&known);
        let of_level = level.into_iter().flat_map(|level| tree.at_level(level)).filter(|&area| self.has(area));
        let own = self.within.filter(|_| level.is_none());
        let mut knows = desk.knows(&self.rule.id);
        for area in of_level.chain(own) {
            let value = figure.value(&known, area).unwrap_or(f64::NAN);
            let code = &tree.area(area).code;
            let holds = threshold.holds(value, knows && desk.is_standing(&self.rule.id, code));
            // A city has tens of thousands of areas, and they are well.
            if holds != Some(true) && !knows {
                continue;
            }
            knows = true;
            let verdict = verdict_of(holds);
            let beyond = Beyond { label, value, unit, limit: threshold.limit };
            desk.see(self.rule, code, verdict, self.now(), || facts::of_figure(&beyond, tree, Some(area)));
        }
    }

    fn warnings(&self, desk: &mut Desk) {
        let tree = &self.around.areas.tree;
        let now = self.now();
        let outlook = self.present.outlook(self.around);
        let mut named: HashSet<String> = HashSet::new();
        if let Some(Outlook::Known(warnings)) = outlook {
            let is_here = |area: AreaIndex| (area as usize) < tree.len() && self.has(area);
            for warning in warnings.iter().filter(|warning| is_here(warning.area)) {
                let subject = format!("{}|{}", tree.area(warning.area).code, warning.category);
                desk.see(self.rule, &subject, Verdict::Holds(None), now, || facts::of_warning(warning, tree));
                named.insert(subject);
            }
        }
        let verdict = if matches!(outlook, Some(Outlook::Known(_))) { Verdict::Not } else { Verdict::Unknown };
        for subject in desk.subjects(&self.rule.id).iter().filter(|subject| !named.contains(&***subject)) {
            desk.see_none(self.rule, subject, verdict, now);
        }
    }
}

/// A computed figure in the unit that [`KeyFigure::label`] names.
fn value_of(figure: &KeyFigure, today: &LoopSummary) -> Option<f64> {
    let percent = |ratio: Ratio| ratio.value().map(|value| value * 100.0);
    match figure {
        KeyFigure::Received => Some(today.received as f64),
        KeyFigure::Closed => percent(today.closed),
        KeyFigure::Solved => percent(today.solved),
        KeyFigure::Satisfied => percent(today.satisfied),
        KeyFigure::Overdue => percent(today.overdue),
        KeyFigure::Repeated => percent(today.repeated),
        KeyFigure::HandlingTime => today.mean_handling_secs.map(|secs| secs / 3_600.0),
        KeyFigure::Reported(_) => None,
    }
}

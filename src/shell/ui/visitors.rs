//! What a screen that was switched to visitors shows in the place of what the
//! model holds: the same with every text masked. On any other screen there is
//! nothing here, and nothing is copied.

use std::borrow::Cow;

use crate::config::PanelArea;
use crate::domain::event_store::EventFilter;
use crate::domain::figure::Figure;
use crate::domain::overview::Overview;
use crate::domain::warning::Outlook;
use crate::layers::heat::Hotspot;
use crate::model::Screen;
use crate::panels::{CameraSummary, DeviceKindSummary, DeviceReadings};

/// What it was made of.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Key {
    /// Revisions of screen, overview, figures, warnings, values, single areas.
    pub(super) revisions: [u64; 6],
    /// Address of what is known of warnings: it changes hands with the areas.
    pub(super) outlook: usize,
    /// What a hand may change at any time.
    pub(super) filter: EventFilter,
}

/// What is masked.
pub(super) struct Raw<'a> {
    pub(super) overview: &'a Overview,
    pub(super) outlook: &'a Outlook,
    pub(super) figures: Vec<&'a Figure>,
    /// What panels show that tell of one area.
    pub(super) parts: Vec<(PanelArea, &'a Overview, Vec<&'a Figure>)>,
    /// Name and unit of what colours the areas.
    pub(super) value: [&'a str; 2],
}

/// See the module.
pub(super) struct ForVisitors {
    pub(super) key: Key,
    pub(super) overview: Overview,
    pub(super) outlook: Outlook,
    pub(super) figures: Vec<Figure>,
    parts: Vec<(PanelArea, Overview, Vec<Figure>)>,
    pub(super) filter: EventFilter,
    pub(super) value: [String; 2],
}

impl ForVisitors {
    pub(super) fn of(raw: Raw<'_>, key: Key, screen: &Screen) -> Self {
        let mask = |text: &mut String| screen.mask(text);
        let overview = mask_overview(raw.overview, screen);
        let mut outlook = raw.outlook.clone();
        if let Outlook::Known(warnings) = &mut outlook {
            warnings.iter_mut().for_each(|warning| warning.category = screen.text(&warning.category).into());
        }
        let figures = mask_figures(&raw.figures, screen);
        let part = |(area, overview, figures): (PanelArea, &Overview, Vec<&Figure>)| {
            (area, mask_overview(overview, screen), mask_figures(&figures, screen))
        };
        let parts = raw.parts.into_iter().map(part).collect();
        let mut filter = key.filter.clone();
        filter.categories.iter_mut().for_each(mask);
        let value = raw.value.map(|text| screen.text(text).into_owned());
        Self { key, overview, outlook, figures, parts, filter, value }
    }

    /// What a panel shows that tells of one area.
    pub(super) fn part(&self, area: &PanelArea) -> Option<(&Overview, Vec<&Figure>)> {
        let (_, overview, figures) = self.parts.iter().find(|(known, ..)| known == area)?;
        Some((overview, figures.iter().collect()))
    }
}

fn mask_overview(overview: &Overview, screen: &Screen) -> Overview {
    let mut overview = overview.clone();
    overview.categories.iter_mut().for_each(|(name, _)| screen.mask(name));
    for event in &mut overview.live {
        screen.mask(&mut event.title);
        screen.mask(&mut event.place);
    }
    overview
}

fn mask_figures(figures: &[&Figure], screen: &Screen) -> Vec<Figure> {
    let mut figures: Vec<Figure> = figures.iter().map(|&figure| figure.clone()).collect();
    for figure in &mut figures {
        screen.mask(&mut figure.label);
        screen.mask(&mut figure.unit);
    }
    figures
}

/// Masks owners of cameras.
pub(super) fn mask_cameras(cameras: &mut CameraSummary, screen: &Screen) {
    cameras.by_owner.iter_mut().for_each(|count| screen.mask(&mut count.owner));
}

/// Masks kinds of devices.
pub(super) fn mask_devices(devices: &mut [DeviceKindSummary], screen: &Screen) {
    devices.iter_mut().for_each(|kind| screen.mask(&mut kind.kind));
}

/// Masks names of devices; which list it is stays as the configuration writes it.
pub(super) fn mask_readings(readings: &mut [DeviceReadings], screen: &Screen) {
    for reading in readings.iter_mut().flat_map(|list| &mut list.rows) {
        screen.mask(&mut reading.name);
        screen.mask(&mut reading.unit);
    }
}

/// The hottest places, in words that the screen may show.
pub(super) fn hotspots<'a>(spots: &'a [Hotspot], screen: &Screen) -> Cow<'a, [Hotspot]> {
    if !screen.is_switched() {
        return Cow::Borrowed(spots);
    }
    let mut spots = spots.to_vec();
    spots.iter_mut().for_each(|spot| screen.mask(&mut spot.text));
    Cow::Owned(spots)
}

/// The class that a hand means who clicked its name on the screen.
pub(super) fn class_meant(shown: String, overview: &Overview, screen: &Screen) -> String {
    let meant = overview.categories.iter().find(|(name, _)| screen.text(name) == shown);
    meant.map_or(shown, |(name, _)| name.clone())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::{DeviceList, Worst};
    use crate::domain::device::DeviceState;
    use crate::domain::event::Severity;
    use crate::domain::overview::LiveEvent;
    use crate::domain::privacy::Masks;
    use crate::domain::time::Time;
    use crate::domain::warning::Warning;
    use crate::panels::{OwnerCount, Reading};

    fn key(category: &str) -> Key {
        let filter = EventFilter { categories: vec![category.to_owned()], ..EventFilter::default() };
        Key { revisions: [0; 6], outlook: 0, filter }
    }

    fn overview(text: &str) -> Overview {
        let live = LiveEvent {
            id: "1".into(),
            title: text.into(),
            place: text.into(),
            severity: Severity::Normal,
            reported: Time(0),
            stage: 0,
            overdue: false,
            area: None,
        };
        Overview { categories: vec![(text.to_owned(), 3)], live: vec![live], ..Overview::default() }
    }

    fn figure(text: &str) -> Figure {
        Figure {
            key: "k".into(),
            area: None,
            label: text.into(),
            value: 1.0,
            unit: text.into(),
            numerator: None,
            denominator: None,
            previous: None,
            more_is_better: None,
            series: Vec::new(),
        }
    }

    fn warning(text: &str) -> Warning {
        Warning {
            area: 0,
            category: text.into(),
            count: 1,
            expected: 1.0,
            limit: 1,
            yesterday: 0,
            last_week: 0,
            surprise: 1.0,
        }
    }

    /// Every text that a switched screen shows where the model holds `text`.
    fn shown(text: &str) -> Vec<String> {
        let screen = Screen::switched_for_test();
        let (figure, outlook) = (figure(text), Outlook::Known(vec![warning(text)]));
        let overview = overview(text);
        let parts = vec![(PanelArea::Focus, &overview, vec![&figure])];
        let raw = Raw { overview: &overview, outlook: &outlook, figures: vec![&figure], parts, value: [text, text] };
        let made = ForVisitors::of(raw, key(text), &screen);
        let mut cameras = CameraSummary { total: 1, online: 1, by_owner: Vec::new() };
        cameras.by_owner.push(OwnerCount { owner: text.into(), total: 1, online: 1 });
        mask_cameras(&mut cameras, &screen);
        let mut devices = [DeviceKindSummary { kind: text.into(), ..DeviceKindSummary::default() }];
        mask_devices(&mut devices, &screen);
        let list = DeviceList { kind: "k".into(), worst: Worst::default() };
        let state = DeviceState::Normal;
        let mut readings = [DeviceReadings::of(&list, [].into_iter(), 1)];
        readings[0].rows.push(Reading { id: "1".into(), name: text.into(), value: None, unit: text.into(), state });
        mask_readings(&mut readings, &screen);
        let spot = Hotspot { at: [0.0; 2], radius_m: 1.0, text: text.into() };
        let (live, row) = (&made.overview.live[0], &readings[0].rows[0]);
        let mut all = vec![live.title.clone(), live.place.clone(), made.overview.categories[0].0.clone()];
        all.extend([made.outlook.warnings()[0].category.to_string(), made.filter.categories[0].clone()]);
        all.extend([made.figures[0].label.clone(), made.figures[0].unit.clone()]);
        all.extend(made.value.clone());
        let (part, figures) = made.part(&PanelArea::Focus).expect("is there");
        all.extend([part.live[0].title.clone(), part.live[0].place.clone(), part.categories[0].0.clone()]);
        all.extend([figures[0].label.clone(), figures[0].unit.clone()]);
        all.extend([cameras.by_owner[0].owner.clone(), devices[0].kind.clone(), row.name.clone(), row.unit.clone()]);
        all.push(hotspots(&[spot], &screen)[0].text.clone());
        all
    }

    proptest! {
        #[test]
        fn every_text_is_what_a_decoder_for_visitors_would_have_written(
            before in "[张李王居民栋号@:,。 ]{0,8}|\\PC{0,8}",
            phone in "1[3-9][0-9]{9}",
            plate in "苏[A-HJ-NP-Z][0-9]{5}",
        ) {
            let text = format!("{before},业主张三反映,{phone},{plate}违停,3栋2单元501室");
            let expected = Masks::ALL.masked(&text).into_owned();
            for shown in shown(&text) {
                prop_assert_eq!(&shown, &expected);
                prop_assert!(!shown.contains(&phone) && !shown.contains(&plate) && !shown.contains("501室"));
            }
        }
    }

    #[test]
    fn a_click_on_a_masked_class_means_the_class() {
        let screen = Screen::switched_for_test();
        let overview = overview("业主张三反映");
        assert_eq!(class_meant("业主张**反映".into(), &overview, &screen), "业主张三反映");
        assert_eq!(class_meant("市容环境".into(), &overview, &screen), "市容环境");
    }

    #[test]
    fn other_screens_show_what_the_model_holds() {
        let screen = Screen::default();
        let spots = [Hotspot { at: [0.0; 2], radius_m: 1.0, text: "业主张三反映".into() }];
        assert!(matches!(hotspots(&spots, &screen), Cow::Borrowed(_)));
        assert_eq!(screen.text("业主张三反映"), "业主张三反映");
    }
}

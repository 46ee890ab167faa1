//! `[heat]`, and what of it a scene may say otherwise.

use super::super::error::Complaints;
use super::super::heat::{Heat, HeatStyle};
use super::super::raw::{RawHeat, RawSceneHeat};
use super::super::read::At;
use super::super::theme::Rgba;
use super::super::units::{DurationSecs, LengthM};
use super::{distinct, duration_secs, not_blank, positive};

/// Most places that may be marked.
const MOST_HOTSPOTS: u64 = 10;

pub(super) fn heat(raw: Option<At<RawHeat>>, complaints: &mut Complaints) -> Heat {
    let raw = raw.map(|at| at.value).unwrap_or_default();
    let style = RawSceneHeat {
        window: None,
        form: raw.form,
        weight: raw.weight,
        compare: raw.compare,
        categories: raw.categories,
        color: raw.color,
    };
    Heat {
        window_secs: window_secs(raw.window, 3.0 * 3_600.0, complaints),
        radius_m: length_m(raw.radius, "热力半径", 150.0, complaints),
        cell_m: length_m(raw.cell, "热力网格边长", 300.0, complaints),
        full_scale: raw.full_scale.map(|scale| positive(&scale, complaints)),
        hotspots: raw.hotspots.map_or(3, |count| {
            if count.value > MOST_HOTSPOTS {
                let message = format!("最多标出 {MOST_HOTSPOTS} 处热点,却是 {}", count.value);
                complaints.add(count.offset, &count.key, message);
            }
            count.value as usize
        }),
        style: heat_style(style, &HeatStyle::default(), complaints),
    }
}

/// How long the window of the map is, and as long as `otherwise` where nothing
/// is said.
pub(super) fn window_secs(raw: Option<At<DurationSecs>>, otherwise: f64, complaints: &mut Complaints) -> f64 {
    duration_secs(raw, 60.0, otherwise, complaints)
}

fn length_m(length: Option<At<LengthM>>, what: &str, default_m: f64, complaints: &mut Complaints) -> f64 {
    let Some(At { value: LengthM(length_m), key, offset, .. }) = length else { return default_m };
    if !(5.0..=20_000.0).contains(&length_m) {
        complaints.add(offset, key, format!(r#"{what}须在 "5m" 到 "20km" 之间,却是 {length_m}m"#));
    }
    length_m
}

/// What `raw` says, and `otherwise` where it says nothing.
pub(super) fn heat_style(raw: RawSceneHeat, otherwise: &HeatStyle, complaints: &mut Complaints) -> HeatStyle {
    let categories = raw.categories.map(|list| {
        distinct(&list.value, "大类", complaints);
        list.value.into_iter().filter(|name| not_blank(name, complaints)).map(|name| name.value).collect()
    });
    let color = raw.color.and_then(|text| {
        // The ramp has its own transparency.
        let opaque = Some(text.value.as_str()).filter(|text| text.len() == 7);
        let color = opaque.and_then(Rgba::parse).map(|Rgba([r, g, b, _])| [r, g, b]);
        if color.is_none() {
            complaints.add(text.offset, &text.key, format!(r##"“{}”不是颜色,写作 "#FF7F50""##, text.value));
        }
        color
    });
    HeatStyle {
        form: raw.form.map_or(otherwise.form, |at| at.value),
        weight: raw.weight.map_or(otherwise.weight, |at| at.value),
        compare: raw.compare.map_or(otherwise.compare, |at| at.value),
        categories: categories.unwrap_or_else(|| otherwise.categories.clone()),
        color: color.or(otherwise.color),
    }
}

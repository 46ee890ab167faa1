//! Ramps: colours for numbers.

use super::Rgba;

/// `count` colours along `stops`, spaced evenly and mixed in Oklab.
pub fn sample(stops: &[Rgba], count: usize) -> Vec<Rgba> {
    let last = stops.len().saturating_sub(1);
    (0..count)
        .map(|i| {
            let at = i as f32 / (count.max(2) - 1) as f32 * last as f32;
            let low = (at as usize).min(last.saturating_sub(1));
            stops[low].mix(stops[(low + 1).min(last)], at - low as f32)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_hit_both_ends() {
        let stops = [Rgba::hex(0x000000), Rgba::hex(0x808080), Rgba::hex(0xFFFFFF)];
        let colours = sample(&stops, 5);
        assert_eq!((colours[0], colours[2], colours[4]), (stops[0], stops[1], stops[2]));
    }
}

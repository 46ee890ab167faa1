//! Themes: shipped files are whole and as they were, others say what is wrong
//! with them.

use super::*;
use crate::config::theme::{RawTheme, Rgba, Share, ThemeChoice, file_named_in};

fn theme(text: &str) -> Theme {
    Theme::parse(text, Path::new("mine.toml")).unwrap_or_else(|error| panic!("{error}"))
}

fn faults(text: &str) -> String {
    Theme::parse(text, Path::new("mine.toml")).unwrap_err().to_string()
}

#[test]
fn shipped_themes_are_files_that_show_every_token_and_say_what_it_is_for() {
    for name in ThemeName::ALL {
        let text = name.text();
        let on_disk = std::fs::read_to_string(repository(&format!("assets/themes/{}.toml", name.name()))).unwrap();
        assert_eq!(on_disk, text, "{name:?}");
        let lines: Vec<&str> = text.lines().collect();
        for token in RawTheme::KEYS.iter().filter(|key| **key != "base") {
            let at = lines.iter().position(|line| line.starts_with(&format!("{token} = ")));
            let before = at.and_then(|at| lines.get(at.checked_sub(1)?));
            assert!(before.is_some_and(|line| line.starts_with("# ")), "{name:?} says nothing of {token}");
        }
        assert_eq!(Theme::named(name), theme(&on_disk));
    }
}

#[test]
fn the_manual_names_every_token() {
    let manual = std::fs::read_to_string(repository("docs/integrator.md")).unwrap();
    for key in RawTheme::KEYS {
        assert!(manual.contains(&format!("`{key}`")), "docs/integrator.md does not name {key}");
    }
}

/// What the walls that are in use look like.
#[test]
fn shipped_themes_are_as_they_were() {
    let [midnight, daylight, high_contrast] = ThemeName::ALL.map(Theme::named);
    assert_eq!(midnight.panel, Rgba::hex(0x0A1726).alpha(0.82));
    assert_eq!((midnight.text_secondary, midnight.alarm), (Rgba::hex(0x9DB4CA), Rgba::hex(0xFF8086)));
    assert_eq!((midnight.classes[0], midnight.classes[6]), (Rgba::hex(0x0E2236), Rgba::hex(0x3588C2)));
    assert_eq!((midnight.heat.len(), midnight.heat[1]), (7, Rgba([0x3A, 0x0E, 0x63, 0x8C])));
    assert_eq!((midnight.outside, midnight.glow), (Share(0.3), true));
    assert_eq!(daylight.panel, Rgba::hex(0xFFFFFF).alpha(0.92));
    assert_eq!((daylight.building, daylight.good), (Rgba::hex(0x6A7C8E).alpha(0.18), Rgba::hex(0x00573A)));
    assert_eq!((daylight.heat.len(), daylight.heat[5]), (6, Rgba([0x5E, 0x12, 0x54, 0xF5])));
    assert_eq!((daylight.outside, daylight.glow), (Share(1.0), false));
    assert_eq!(high_contrast.panel, Rgba::hex(0x000000).alpha(0.94));
    assert_eq!((high_contrast.text, high_contrast.hairline), (Rgba::hex(0xFFFFFF), Rgba::hex(0x808080)));
    assert_eq!(high_contrast.building, Rgba::hex(0x9A9A9A).alpha(0.22));
    assert_eq!((high_contrast.water, &high_contrast.heat), (midnight.water, &midnight.heat));
    for theme in [midnight, daylight, high_contrast] {
        let half = |color: Rgba| color.mix(theme.land, 0.5);
        let ramp = [theme.accent, half(theme.accent), theme.land, half(theme.attention), theme.alarm];
        assert_eq!(theme.diverging, ramp);
    }
}

#[test]
fn a_theme_of_ones_own_names_only_what_it_changes() {
    let mine = theme("base = \"daylight\"\naccent = \"#aB0011\"\npanel = \"#FFFFFF80\"\noutside = 0\nglow = true\n");
    let [accent, panel] = [Rgba([0xAB, 0, 0x11, 255]), Rgba([255, 255, 255, 0x80])];
    assert_eq!(mine, Theme { accent, panel, outside: Share(0.0), glow: true, ..Theme::named(ThemeName::Daylight) });
    let ramps = theme("base = \"midnight\"\nheat = [\"#00000000\", \"#FFFFFF\"]\n");
    assert_eq!(ramps.heat, [Rgba([0; 4]), Rgba([255; 4])]);
}

#[test]
fn what_is_wrong_with_a_theme_is_said_with_its_place() {
    let text = r##"base = "midnite"
ground = "06101C"
txet = "#FFFFFF"
panel = 7
outside = 1.5
classes = ["#000000", "#111111"]
heat = ["#00000000"]
diverging = ["#000000", "#11111", "#222222", "#333333", "#444444"]
glow = "yes"
"##;
    let expected = [
        "mine.toml:1:8: 不认识 `midnite`(是否为 `midnight`?),可用的有 `midnight`、`daylight`、`high-contrast`〔base〕",
        r##"mine.toml:2:10: `06101C` 不是颜色,写作 "#RRGGBB" 或 "#RRGGBBAA"〔ground〕"##,
        "mine.toml:3:1: 未知的键 `txet`(是否为 `text`?)〔txet〕",
        r##"mine.toml:4:9: 应为颜色(写作 "#RRGGBB" 或 "#RRGGBBAA"),却是整数 7〔panel〕"##,
        "mine.toml:5:11: 应在 0 到 1 之间,却是 1.5〔outside〕",
        "mine.toml:6:11: 应有 7 个颜色,却有 2 个〔classes〕",
        "mine.toml:7:8: 应有 2 到 16 个颜色,却有 1 个〔heat〕",
        r##"mine.toml:8:25: `#11111` 不是颜色,写作 "#RRGGBB" 或 "#RRGGBBAA"〔diverging[1]〕"##,
        "mine.toml:9:8: 应为 true 或 false,却是字符串〔glow〕",
    ];
    assert_eq!(faults(text).lines().collect::<Vec<_>>(), expected);
}

#[test]
fn a_theme_without_a_base_is_whole() {
    let whole = ThemeName::Daylight.text();
    let part: Vec<&str> =
        whole.lines().filter(|line| !line.starts_with("water") && !line.starts_with("glow")).collect();
    let expected = "mine.toml: 没有写 base 的主题要写全,缺少 `water`、`glow`;只改几项时写 base = \"midnight\"";
    assert_eq!(faults(&part.join("\n")), expected);
    // What was written and is wrong is not missing as well.
    let wrong = whole.replace("water = \"#C3DCEC\"", "water = \"blue\"");
    assert_eq!(faults(&wrong).lines().count(), 1, "{}", faults(&wrong));
    assert!(faults("").contains("缺少 `ground`、`land`"));
    assert!(faults("= ").contains("TOML 语法错误"));
}

#[test]
fn a_wall_reads_the_theme_file_that_it_names() {
    let folder = std::env::temp_dir().join(format!("quanyu-themes-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("config.toml");
    let of = |name: &str| {
        let text = minimal(&format!("[wall]\ntheme = \"{name}\"\n"));
        std::fs::write(&path, &text).unwrap();
        Config::load(&path).map(|config| config.wall)
    };
    std::fs::write(folder.join("mine.toml"), "base = \"daylight\"\ntext = \"#000000\"\n").unwrap();
    let wall = of("mine.toml").unwrap();
    assert_eq!((wall.theme.text, wall.theme.land), (Rgba::hex(0), Theme::named(ThemeName::Daylight).land));
    assert_eq!(wall.theme_file.as_deref(), Some(folder.join("mine.toml").as_path()));
    assert_eq!(file_named_in(&path), wall.theme_file);
    let error = of("none.toml").unwrap_err().to_string();
    let expected = format!("config.toml:7:9: 找不到主题文件 {}〔wall.theme〕", folder.join("none.toml").display());
    assert!(error.ends_with(&expected), "{error}");
    assert_eq!(file_named_in(&path), Some(folder.join("none.toml")), "it may come yet");
    // A fault of the theme stands among those of the configuration, with its own file.
    std::fs::write(folder.join("mine.toml"), "base = \"daylight\"\ntext = \"black\"\n").unwrap();
    let error = of("mine.toml").unwrap_err().to_string();
    assert!(error.starts_with(&folder.join("mine.toml:2:8: `black` 不是颜色").display().to_string()), "{error}");
    assert_eq!(of("high-contrast").unwrap().theme_file, None);
    assert_eq!(file_named_in(&path), None);
    _ = std::fs::remove_dir_all(&folder);
}

#[test]
fn names_and_files_are_told_apart() {
    let choice = |name: &str| {
        let (raw, _) = raw::parsed::<RawConfig>(&format!("wall.theme = \"{name}\""), Path::new("c")).unwrap();
        raw.wall.and_then(|wall| wall.value.theme).map(|theme| theme.value)
    };
    assert_eq!(choice("daylight"), Some(ThemeChoice::Shipped(ThemeName::Daylight)));
    assert_eq!(choice("a/daylight.toml"), Some(ThemeChoice::File("a/daylight.toml".into())));
    assert_eq!(choice("daylight.json"), None);
    assert!(refused(&minimal("[wall]\ntheme = \"~/a.toml\"\n")).contains("~ 不会展开"));
}

proptest! {
    #[test]
    fn every_colour_is_read_as_it_is_written(color in any::<[u8; 4]>()) {
        let [r, g, b, a] = color;
        prop_assert_eq!(Rgba::parse(&format!("#{r:02x}{g:02X}{b:02x}{a:02X}")), Some(Rgba(color)));
        prop_assert_eq!(Rgba::parse(&format!("#{r:02x}{g:02X}{b:02x}")), Some(Rgba([r, g, b, 255])));
    }

    #[test]
    fn any_text_is_a_colour_or_none(text in "#?[0-9a-fA-F+中 ]{0,9}") {
        let digits = text.strip_prefix('#').filter(|digits| matches!(digits.len(), 6 | 8));
        let is_color = digits.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        prop_assert_eq!(Rgba::parse(&text).is_some(), is_color);
    }

    #[test]
    fn any_damage_to_a_theme_is_answered(at in 0_usize..3_000, length in 0_usize..40, patch in ".{0,8}") {
        let mut text: Vec<char> = ThemeName::Midnight.text().chars().collect();
        let start = at.min(text.len());
        let end = (start + length).min(text.len());
        text.splice(start..end, patch.chars());
        let _ = Theme::parse(&text.into_iter().collect::<String>(), Path::new("x.toml"));
    }
}

//! What the wall says when somebody switches it to visitors, and when it cannot
//! be switched; and whatever else it has to say once.
//!
//! In: actions, the screen. Out: [`PassingNotice`], for some seconds.

use bevy::prelude::*;

use crate::config::Audience;
use crate::model::{Action, Screen, WallConfig};

/// Something that the wall has to say once.
#[derive(Resource, Default, Debug)]
pub struct PassingNotice(Option<(String, f64)>);

impl PassingNotice {
    /// Says something from now on, for some seconds.
    pub fn say(&mut self, text: &str, now_secs: f64) {
        self.0 = Some((text.to_owned(), now_secs + NOTICE_SECS));
    }

    /// What it says now.
    pub fn text(&self) -> Option<&str> {
        self.0.as_ref().map(|(text, _)| text.as_str())
    }
}

/// A notice stands this long, seconds.
const NOTICE_SECS: f64 = 6.0;

/// Says what became of a wish for another audience.
pub fn tell_audience(
    mut actions: MessageReader<Action>,
    mut notice: ResMut<PassingNotice>,
    screen: Res<Screen>,
    config: Res<WallConfig>,
    real: Res<Time<Real>>,
) {
    let now = real.elapsed_secs_f64();
    if notice.0.as_ref().is_some_and(|(_, until_secs)| now >= *until_secs) {
        notice.0 = None;
    }
    let asks = |action: &Action| matches!(action, Action::ToggleAudience | Action::SetAudience(_));
    if actions.read().filter(|action| asks(action)).count() > 0 {
        notice.say(outcome(&screen, config.0.wall.audience), now);
    }
}

fn outcome(screen: &Screen, own: Audience) -> &'static str {
    match (own, screen.is_switched()) {
        (Audience::Public, _) => "本屏按配置面向来访者(audience = \"public\"),不能放宽",
        (_, true) => "已切换为公开模式,再按 P 恢复",
        (Audience::Duty, false) => "已恢复为值班模式",
        (Audience::Demo, false) => "已恢复为演示模式",
    }
}

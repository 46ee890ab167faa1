//! The notes of a briefing in a window of their own.

use bevy::prelude::*;
use bevy_egui::{EguiContext, egui};

use super::view::panel_view;
use super::{Shown, briefing_view};
use crate::model::{Action, Presenting};
use crate::panels::{NotesView, PanelAction, notes_ui, unit_for};
use crate::shell::notes::NotesWindow;

/// Draws the window of the notes.
pub fn notes_window_ui(
    opened: Res<NotesWindow>,
    mut contexts: Query<&mut EguiContext>,
    windows: Query<&Window>,
    shown: Shown,
    mut actions: MessageWriter<Action>,
    real: Res<Time<Real>>,
) {
    let Some((window, camera)) = opened.entities() else { return };
    let (Ok(window), Ok(mut context)) = (windows.get(window), contexts.get_mut(camera)) else { return };
    let Some(now) = shown.presentation.now(&shown.config.0, real.elapsed_secs_f64()) else { return };
    let context = context.get_mut().clone();
    let screen = context.viewport_rect();
    // Before the camera knows its window, the screen is any size.
    if (screen.width() - window.width()).abs() > 1.0 {
        return;
    }
    let notes = NotesView {
        briefing: briefing_view(&now),
        notes: now.notes,
        next: now.next,
        elapsed_secs: now.elapsed_secs,
        step_secs: now.step_secs,
        due_in_secs: now.due_in_secs,
    };
    let builder = egui::UiBuilder::new().max_rect(screen).layer_id(egui::LayerId::background());
    let mut ui = egui::Ui::new(context, egui::Id::new("notes"), builder);
    let view = panel_view(&shown, unit_for(screen.size()), None);
    let wish = match notes_ui(&mut ui, screen, &view, &notes) {
        Some(PanelAction::StepBriefing(by)) => Presenting::Step(by),
        Some(PanelAction::LeaveBriefing) => Presenting::Leave,
        _ => return,
    };
    actions.write(Action::Present(wish));
}

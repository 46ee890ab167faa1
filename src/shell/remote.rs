//! The remote control and the wall: what is asked for becomes actions, what the
//! wall shows is published.
//!
//! In: [`Remote`]'s requests, the model. Out: [`Action`]s, answers, pictures,
//! the state that programs and phones read.
//!
//! How it works: requests are taken before the model acts and answered after it
//! did, when the state is published anew: who was told "done" and looks, sees
//! it. Only a wall in a window has one.

use std::net::{IpAddr, SocketAddr, UdpSocket};

use bevy::ecs::system::SystemParam;
use bevy::prelude::*;
use bevy::render::view::screenshot::{Screenshot, ScreenshotCaptured};

use super::ui::{fly_to, show_event};
use crate::config::remote::Remote as Settings;
use crate::config::{Audience, Layer};
use crate::domain::alert::AlertKey;
use crate::domain::clock::{Clock, ClockMode as Mode};
use crate::domain::time::HOUR_MILLIS;
use crate::map::{Hands, MapView};
use crate::model::{
    Action, Alerts, Areas, Events, Focus, Overlays, PointKey, Points, Presentation, Presenting, Screen, Visible, Waker,
    WallClock, WallConfig, WallSystems,
};
use crate::panels::PairingView;
use crate::remote::{
    AlertState, AreaRef, Asked, ClockMode, ClockState, Command, LayerState, Refusal, Remote, Reply, State, Thing,
};

/// Most requests that one frame takes.
const MOST_A_FRAME: usize = 64;

/// Alerts that the state lists.
const MOST_ALERTS: usize = 50;

/// Time between two states while nobody asks for anything, seconds.
const PUBLISH_SECS: f64 = 0.5;

/// Adds the remote control to a wall.
pub struct RemotePlugin;

impl Plugin for RemotePlugin {
    fn build(&self, app: &mut App) {
        app.init_resource::<RemoteControl>()
            .add_systems(Update, (follow, take).chain().before(WallSystems::Act))
            .add_systems(Update, (pair, publish).chain().after(WallSystems::Act));
    }
}

/// The remote control, while the configuration has one.
#[derive(Resource, Default)]
pub struct RemoteControl {
    remote: Option<Remote>,
    settings: Option<Settings>,
    fault: Option<String>,
    /// What was done in this frame and is not answered yet.
    done: Vec<Reply<()>>,
    published_at_secs: f64,
    /// Whether the code is on the screen, and how many were paired then.
    is_pairing: bool,
    paired: usize,
}

impl RemoteControl {
    /// What the screen shows to pair.
    pub fn view(&self) -> PairingView {
        match (&self.remote, &self.settings, &self.fault) {
            (Some(remote), Some(settings), _) => PairingView::On {
                address: shown_address(remote.address(), &settings.hosts),
                is_reachable: !remote.address().ip().is_loopback() || !settings.hosts.is_empty(),
                code: remote.pairing(),
                paired: remote.paired(),
            },
            (_, _, Some(fault)) => PairingView::Failed(fault.clone()),
            _ => PairingView::Off,
        }
    }
}

/// The address for people: that of a proxy, or of this machine.
fn shown_address(address: SocketAddr, hosts: &[String]) -> String {
    match hosts.first() {
        Some(host) => format!("https://{host}/"),
        None if address.ip().is_unspecified() => {
            format!("http://{}/", SocketAddr::new(own_ip().unwrap_or(address.ip()), address.port()))
        }
        None => format!("http://{address}/"),
    }
}

/// The address under which others reach this machine: the one that the system
/// would send from. Nothing is sent: a datagram's socket only notes the route to
/// an address that is set aside for documents (RFC 5737).
fn own_ip() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    Some(socket.local_addr().ok()?.ip())
}

/// Starts, ends or moves it where the configuration says so.
fn follow(mut control: ResMut<RemoteControl>, config: Res<WallConfig>, waker: Res<Waker>) {
    if !config.is_changed() || control.settings == config.0.remote {
        return;
    }
    let control = control.as_mut();
    // The old one first: it may hold the port.
    *control = RemoteControl { settings: config.0.remote.clone(), ..RemoteControl::default() };
    let Some(settings) = &control.settings else { return };
    match Remote::start(settings, waker.0.clone()) {
        Ok(remote) => control.remote = Some(remote),
        Err(error) => {
            tracing::error!("{error}");
            control.fault = Some(error.to_string());
        }
    }
}

/// What requests are about.
#[derive(SystemParam)]
struct Known<'w> {
    config: Res<'w, WallConfig>,
    screen: Res<'w, Screen>,
    areas: Res<'w, Areas>,
    events: Res<'w, Events>,
    points: Res<'w, Points>,
    overlays: Res<'w, Overlays>,
    presentation: Res<'w, Presentation>,
    clock: Res<'w, WallClock>,
    alerts: Res<'w, Alerts>,
}

/// Takes what was asked for.
fn take(
    mut control: ResMut<RemoteControl>,
    known: Known,
    mut view: ResMut<MapView>,
    mut hands: ResMut<Hands>,
    mut actions: MessageWriter<Action>,
    mut commands: Commands,
    real: Res<Time<Real>>,
) {
    let control = control.bypass_change_detection();
    let now_secs = real.elapsed_secs_f64();
    // As the clock will be when what came before is done.
    let mut clock = known.clock.0;
    for _ in 0..MOST_A_FRAME {
        let Some(asked) = control.remote.as_mut().and_then(Remote::try_recv) else { break };
        match asked {
            Asked::Picture { reply } => picture(reply, &known, &mut commands),
            Asked::Command { command, by, reply } => {
                tracing::info!(by, ?command, "遥控");
                // A hand, if a distant one: the playlist waits for it. Whoever
                // acknowledges lets the wall go on by itself.
                if !matches!(command, Command::Acknowledge(_) | Command::AcknowledgeAll) {
                    hands.last_input_secs = now_secs;
                    hands.last_grip_secs = now_secs;
                }
                match meant(&command, &by, &known, &mut clock, &mut view, now_secs) {
                    Ok(action) => {
                        actions.write_batch(action);
                        control.done.push(reply);
                    }
                    // Who has gone needs no answer.
                    Err(refusal) => drop(reply.send(Err(refusal))),
                }
            }
        }
    }
}

fn unknown(what: &str) -> Refusal {
    Refusal::Unknown(format!("没有这个{what}"))
}

fn not_now(why: &str) -> Refusal {
    Refusal::NotNow(why.to_owned())
}

/// The action that a command means; none where it is so already.
fn meant(
    command: &Command,
    by: &str,
    known: &Known,
    clock: &mut Clock,
    view: &mut MapView,
    now_secs: f64,
) -> Result<Option<Action>, Refusal> {
    let is_always_done =
        matches!(command, Command::SetPublic(true) | Command::Acknowledge(_) | Command::AcknowledgeAll);
    if known.overlays.arrange && !is_always_done {
        return Err(not_now("大屏正在编排版面"));
    }
    Ok(Some(match command {
        // As the arrow keys: who presents steps through the briefing.
        Command::StepScene(step) if known.presentation.is_on() => Action::Present(Presenting::Step(*step)),
        Command::StepScene(step) => Action::StepScene(*step),
        Command::Scene(name) => {
            let scene = known.config.0.scenes.iter().position(|scene| scene.name == *name);
            Action::GoToScene(scene.ok_or_else(|| unknown("场景"))?)
        }
        Command::Focus(code) => Action::Focus(known.areas.tree.find(code).ok_or_else(|| unknown("区域"))?),
        // The card would be closed first, as by Esc.
        Command::FocusUp => Action::FocusParent,
        Command::FocusNothing => Action::FocusNothing,
        Command::Show(thing) => return show(thing, known, view, now_secs).map(Some),
        Command::Live | Command::Pause | Command::Play | Command::Hours(_) => return run(command, clock),
        Command::ToggleLayer(layer) => Action::ToggleLayer(*layer),
        Command::ToggleTilt => Action::ToggleTilt,
        Command::SetPublic(true) => Action::SetAudience(Audience::Public),
        Command::SetPublic(false) => match known.config.0.wall.audience {
            Audience::Public => return Err(not_now("本屏按配置面向来访者,不能放宽")),
            own => Action::SetAudience(own),
        },
        Command::Acknowledge(id) => {
            let key = alert(id, known).ok_or_else(|| unknown("告警"))?;
            Action::AcknowledgeAlert { key: Some(key), by: Some(by.to_owned()) }
        }
        Command::AcknowledgeAll => Action::AcknowledgeAllAlerts { by: Some(by.to_owned()) },
        Command::ShowAlert(_) if known.screen.is_public(&known.config.0) => {
            return Err(not_now("公开模式下不显示单件事件、设备与摄像头"));
        }
        Command::ShowAlert(id) => Action::ShowAlert(alert(id, known).ok_or_else(|| unknown("告警"))?),
    }))
}

/// The alert with this id, if it is not over.
fn alert(id: &str, known: &Known) -> Option<AlertKey> {
    AlertKey::parse(id).filter(|key| known.alerts.desk().get(key).is_some())
}

/// Moves the clock, and `clock` with it.
fn run(command: &Command, clock: &mut Clock) -> Result<Option<Action>, Refusal> {
    if !clock.can_be_moved() {
        return Err(not_now("大屏的时刻是固定的"));
    }
    let is_paused = is_paused(clock);
    Ok(match *command {
        Command::Pause if !is_paused => {
            clock.toggle_pause();
            Some(Action::TogglePause)
        }
        Command::Play if is_paused => {
            clock.toggle_pause();
            Some(Action::TogglePause)
        }
        Command::Hours(hours) => {
            let at = clock.now().plus_millis(hours * HOUR_MILLIS);
            if at < clock.system() {
                clock.seek(at)
            } else {
                clock.go_live()
            }
            Some(Action::StepHours(hours))
        }
        Command::Live => {
            clock.go_live();
            Some(Action::GoLive)
        }
        _ => None,
    })
}

fn is_paused(clock: &Clock) -> bool {
    matches!(clock.mode(), Mode::Replay(replay) if replay.is_paused())
}

/// Flies to something and opens its card. Visitors see no single ones.
fn show(thing: &Thing, known: &Known, view: &mut MapView, now_secs: f64) -> Result<Action, Refusal> {
    if known.screen.is_public(&known.config.0) {
        return Err(not_now("公开模式下不显示单件事件、设备与摄像头"));
    }
    let areas = &known.areas;
    let (key, at) = match thing {
        Thing::Event(id) => {
            let shown = show_event(id.clone(), &known.events, areas, view, now_secs);
            return shown.ok_or_else(|| unknown("事件,或它没有位置"));
        }
        Thing::Device(id) => {
            let device = known.points.devices().find(|device| device.id == *id).ok_or_else(|| unknown("设备"))?;
            (PointKey::Device(id.clone()), device.at)
        }
        Thing::Camera(id) => {
            let found = known.points.cameras().find(|(_, camera)| camera.id == *id);
            (PointKey::Camera(id.clone()), found.ok_or_else(|| unknown("摄像头"))?.1.at)
        }
    };
    fly_to(at, areas, view, now_secs);
    Ok(Action::Select(vec![key]))
}

/// Takes a picture of the window, which comes some frames later.
fn picture(reply: Reply<image::DynamicImage>, known: &Known, commands: &mut Commands) {
    if known.overlays.pairing {
        // A code is for who stands before the screen.
        let _ = reply.send(Err(not_now("屏幕上有配对码,稍后再看")));
        return;
    }
    let mut reply = Some(reply);
    commands.spawn(Screenshot::primary_window()).observe(move |captured: On<ScreenshotCaptured>| {
        let Some(reply) = reply.take() else { return };
        let image = captured.image.clone().try_into_dynamic();
        // Who has gone needs no picture.
        let _ = reply.send(image.map_err(|_| not_now("画面取不到")));
    });
}

/// Makes a code when somebody opens the overlay, and forgets it when it closes;
/// closes it when the code was used.
fn pair(mut control: ResMut<RemoteControl>, overlays: Res<Overlays>, mut actions: MessageWriter<Action>) {
    let control = control.bypass_change_detection();
    let Some(remote) = &control.remote else {
        control.is_pairing = false;
        return;
    };
    match (overlays.pairing, control.is_pairing) {
        (true, false) => {
            remote.open_pairing();
            control.paired = remote.paired();
        }
        (false, true) => remote.close_pairing(),
        (true, true) if remote.paired() > control.paired => {
            actions.write(Action::TogglePairing);
            control.paired = remote.paired();
        }
        _ => {}
    }
    control.is_pairing = overlays.pairing;
}

/// Tells what the wall shows, and then that what was asked for is done.
fn publish(
    mut control: ResMut<RemoteControl>,
    known: Known,
    focus: Res<Focus>,
    visible: Res<Visible>,
    real: Res<Time<Real>>,
) {
    let control = control.bypass_change_detection();
    let Some(remote) = &control.remote else { return };
    let now_secs = real.elapsed_secs_f64();
    let is_due = control.published_at_secs == 0.0 || now_secs - control.published_at_secs >= PUBLISH_SECS;
    if !is_due && control.done.is_empty() {
        return;
    }
    remote.publish(state(&known, &focus, &visible), known.screen.tree(&known.areas).clone());
    control.published_at_secs = now_secs;
    for reply in control.done.drain(..) {
        // Who has gone needs no answer.
        let _ = reply.send(Ok(()));
    }
}

fn state(known: &Known, focus: &Focus, visible: &Visible) -> State {
    let config = &known.config.0;
    let tree = known.screen.tree(&known.areas);
    // Both trees have the same areas at the same places.
    let focus = focus.area(&known.areas).filter(|&index| (index as usize) < tree.len());
    let clock = &known.clock.0;
    let (now, zone) = (clock.now(), &config.wall.zone);
    let mode = match (clock.is_live(), clock.is_replaying()) {
        (true, _) => ClockMode::Live,
        (false, true) => ClockMode::Replay,
        (false, false) => ClockMode::Paused,
    };
    let layers = Layer::ALL.map(|layer| LayerState { name: layer.name(), is_visible: visible.has(layer) });
    State {
        title: config.wall.title.clone(),
        audience: audience_name(known.screen.audience(config)),
        configured_audience: audience_name(config.wall.audience),
        scene: config.scenes.get(visible.scene).map(|scene| scene.name.clone()).unwrap_or_default(),
        scenes: config.scenes.iter().map(|scene| scene.name.clone()).collect(),
        focus: focus.map(|index| AreaRef::of(tree, index)),
        clock: ClockState {
            mode,
            shown: format!("{} {}", now.date_text(zone), now.clock_text(zone)),
            rate: clock.rate(),
        },
        layers: layers.to_vec(),
        tilt_deg: visible.tilt_deg,
        is_filtered: !visible.filter.is_empty(),
        alerts: alerts(known),
        unacknowledged: known.alerts.desk().counts().unacknowledged,
    }
}

/// What nobody has acknowledged, in words that the screen may show.
fn alerts(known: &Known) -> Vec<AlertState> {
    let zone = &known.config.0.wall.zone;
    let open = known.alerts.desk().queue().iter().filter(|alert| alert.acknowledged.is_none());
    open.take(MOST_ALERTS)
        .map(|alert| AlertState {
            id: alert.key.to_string(),
            severity: alert.severity.name(),
            title: alert.title.clone(),
            subject: known.screen.text(&alert.facts.name).into_owned(),
            place: known.screen.text(&alert.facts.place).into_owned(),
            raised: format!("{} {}", alert.raised.date_text(zone), alert.raised.clock_text(zone)),
            stands: alert.stands(),
        })
        .collect()
}

/// As the configuration writes it.
fn audience_name(audience: Audience) -> &'static str {
    match audience {
        Audience::Duty => "duty",
        Audience::Public => "public",
        Audience::Demo => "demo",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Time as Instant1970;

    #[test]
    fn commands_to_the_clock_say_where_it_shall_be_and_not_what_to_press() {
        let mut clock = Clock::default();
        clock.tick(Instant1970(100 * HOUR_MILLIS), 0);
        let mut ask = |command: Command| run(&command, &mut clock).map(|action| format!("{action:?}"));
        let toggled = Ok("Some(TogglePause)".to_owned());
        let nothing = Ok("None".to_owned());
        assert_eq!(ask(Command::Play), nothing, "it is live");
        assert_eq!(ask(Command::Pause), toggled);
        assert_eq!(ask(Command::Pause), nothing, "twice in one frame is once");
        assert_eq!(ask(Command::Play), toggled);
        assert_eq!(ask(Command::Hours(-2)), Ok("Some(StepHours(-2))".to_owned()));
        assert_eq!(ask(Command::Live), Ok("Some(GoLive)".to_owned()));
        assert!(clock.is_live());
        let mut fixed = Clock::new(Mode::Fixed(Instant1970(0)));
        assert!(matches!(run(&Command::Pause, &mut fixed), Err(Refusal::NotNow(_))));
    }

    #[test]
    fn people_are_told_an_address_that_they_can_open() {
        let shown = |address: &str, hosts: &[String]| shown_address(address.parse().expect("an address"), hosts);
        assert_eq!(shown("127.0.0.1:8760", &[]), "http://127.0.0.1:8760/");
        assert_eq!(shown("[::1]:8760", &[]), "http://[::1]:8760/");
        assert_eq!(shown("127.0.0.1:8760", &["wall.example.gov.cn".to_owned()]), "https://wall.example.gov.cn/");
        assert!(shown("0.0.0.0:8760", &[]).ends_with(":8760/"));
    }
}

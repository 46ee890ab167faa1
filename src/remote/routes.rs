//! The routes: one table, from which the router is made and with which
//! `openapi.json` is compared.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Query, State as Of};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use axum::{Extension, Json, Router, middleware};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::command::{Command, Thing};
use super::guard::{MAX_BODY, Who, cookie, cookie_name, guard, let_in};
use super::page;
use super::pairing::Tried;
use super::picture;
use super::problem::Problem;
use super::shared::{App, locked};
use super::state::AreaRef;
use crate::config::Layer;
use crate::domain::area::{AreaIndex, AreaTree};

/// What the routes are, for programs.
pub const OPENAPI: &str = include_str!("../../assets/remote/openapi.json");

/// Most areas that a search finds.
const MOST_AREAS: usize = 20;

/// Farthest that one request moves the clock, hours.
const MOST_HOURS: i64 = 24 * 366;

/// A route.
pub struct Route {
    /// `get` or `post`.
    pub method: &'static str,
    /// Its path.
    pub path: &'static str,
    /// Whether everybody may use it.
    pub is_open: bool,
    handler: fn() -> MethodRouter<App>,
}

const fn open(method: &'static str, path: &'static str, handler: fn() -> MethodRouter<App>) -> Route {
    Route { method, path, is_open: true, handler }
}

const fn closed(method: &'static str, path: &'static str, handler: fn() -> MethodRouter<App>) -> Route {
    Route { method, path, is_open: false, handler }
}

/// All of them.
pub const TABLE: [Route; 18] = [
    open("get", "/", || get(page::index)),
    open("get", "/app.js", || get(page::script)),
    open("get", "/app.css", || get(page::style)),
    open("get", "/healthz", || get(async || "ok")),
    open("get", "/api/v1/openapi.json", || get(openapi)),
    open("post", "/api/v1/pair", || post(pair)),
    closed("post", "/api/v1/unpair", || post(unpair)),
    closed("get", "/api/v1/state", || get(state)),
    closed("get", "/api/v1/areas", || get(areas)),
    closed("get", "/api/v1/picture", || get(take_picture)),
    closed("post", "/api/v1/scene", || post(scene)),
    closed("post", "/api/v1/focus", || post(focus)),
    closed("post", "/api/v1/show", || post(show)),
    closed("post", "/api/v1/clock", || post(clock)),
    closed("post", "/api/v1/layers", || post(layers)),
    closed("post", "/api/v1/tilt", || post(tilt)),
    closed("post", "/api/v1/audience", || post(audience)),
    closed("post", "/api/v1/alerts", || post(alerts)),
];

/// Everything that is served.
pub(super) fn router(app: App) -> Router {
    let mut router = Router::new();
    for Route { path, is_open, handler, .. } in TABLE {
        let handler = match is_open {
            true => handler(),
            false => handler().layer(middleware::from_fn_with_state(app.clone(), let_in)),
        };
        router = router.route(path, handler);
    }
    router
        .fallback(async || Problem::new(StatusCode::NOT_FOUND, "没有这个地址"))
        .method_not_allowed_fallback(async || Problem::new(StatusCode::METHOD_NOT_ALLOWED, "不支持这种请求方法"))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::from_fn_with_state(app.clone(), guard))
        .with_state(app)
}

type Body = Result<Bytes, BytesRejection>;
type Done = Result<StatusCode, Problem>;

/// What a request carries.
fn read<T: DeserializeOwned>(body: Body) -> Result<T, Problem> {
    let bytes = body.map_err(|rejection| Problem::new(rejection.status(), "请求正文太长或不完整"))?;
    serde_json::from_slice(&bytes).map_err(|error| {
        // The words of serde may repeat what was sent; the place does not.
        let at = format!("请求正文不对(第 {} 行第 {} 列),见 /api/v1/openapi.json", error.line(), error.column());
        Problem::new(StatusCode::BAD_REQUEST, at)
    })
}

fn bad(detail: &str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, detail)
}

async fn done(app: &App, who: &Who, command: Command) -> Done {
    app.ask(command, &who.name).await.map(|()| StatusCode::NO_CONTENT)
}

async fn openapi() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], OPENAPI).into_response()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pair {
    code: String,
    #[serde(default)]
    name: String,
}

async fn pair(Of(app): Of<App>, headers: HeaderMap, body: Body) -> Result<Response, Problem> {
    let Pair { code, name } = read(body)?;
    let now_ms = app.now_ms();
    match locked(&app.pairing).try_code(code.trim(), now_ms) {
        Tried::Paired => {}
        Tried::Wrong => return Err(Problem::new(StatusCode::FORBIDDEN, "配对码不对或已过期")),
        Tried::Paused { for_ms } => {
            let detail = "错误次数太多,请稍后再试";
            return Err(Problem::retry(StatusCode::TOO_MANY_REQUESTS, detail, for_ms.div_ceil(1_000)));
        }
    }
    let name = if name.trim().is_empty() { "遥控" } else { name.trim() };
    let opened = locked(&app.sessions).open(name, now_ms, app.session_ms);
    let secret = opened.ok_or_else(|| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "系统没有随机数"))?;
    tracing::info!("遥控:已配对一台设备");
    // The code leaves the screen.
    (app.waker)();
    let is_secure = headers.get(header::ORIGIN).is_some_and(|origin| origin.as_bytes().starts_with(b"https://"));
    let secure = if is_secure { "; Secure" } else { "" };
    let (name, life) = (cookie_name(&app), app.session_ms / 1_000);
    let value = format!("{name}={secret}; Path=/; HttpOnly; SameSite=Strict; Max-Age={life}{secure}");
    let value = HeaderValue::from_str(&value).map_err(|_| bad("配对失败"))?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, value)]).into_response())
}

async fn unpair(Of(app): Of<App>, headers: HeaderMap) -> Result<Response, Problem> {
    if let Some(secret) = cookie(&app, &headers) {
        locked(&app.sessions).close(secret);
    }
    let value = format!("{}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0", cookie_name(&app));
    let value = HeaderValue::from_str(&value).map_err(|_| bad("不能取消配对"))?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, value)]).into_response())
}

async fn state(Of(app): Of<App>) -> Response {
    Json(&*app.shown().state).into_response()
}

#[derive(Deserialize)]
struct Search {
    #[serde(default)]
    search: String,
}

async fn areas(Of(app): Of<App>, query: Result<Query<Search>, axum::extract::rejection::QueryRejection>) -> Response {
    let Ok(Query(Search { search })) = query else {
        return bad("网址参数 search 不对").into_response();
    };
    let tree = app.shown().areas;
    Json(json!({ "areas": found(&tree, search.trim()) })).into_response()
}

/// Areas whose name or code holds what was looked for; those that begin with
/// it first.
fn found(tree: &AreaTree, wanted: &str) -> Vec<AreaRef> {
    if wanted.is_empty() {
        return Vec::new();
    }
    let mut ranked: Vec<(bool, AreaIndex)> = Vec::new();
    for (index, area) in tree.areas().iter().enumerate() {
        if area.name.contains(wanted) || area.code.contains(wanted) {
            let is_begin = area.name.starts_with(wanted) || area.code.starts_with(wanted);
            ranked.push((!is_begin, index as AreaIndex));
        }
    }
    ranked.sort();
    ranked.iter().take(MOST_AREAS).map(|&(_, index)| AreaRef::of(tree, index)).collect()
}

impl AreaRef {
    /// An area with what lies above it.
    pub fn of(tree: &AreaTree, index: AreaIndex) -> Self {
        let area = tree.area(index);
        let path = tree.path(index).into_iter().map(|above| tree.area(above).name.clone());
        Self { code: area.code.clone(), name: area.name.clone(), path: path.collect() }
    }
}

async fn take_picture(Of(app): Of<App>) -> Result<Response, Problem> {
    let bytes = picture::picture(&app).await?;
    Ok(([(header::CONTENT_TYPE, "image/jpeg")], bytes).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SceneAsked {
    name: Option<String>,
    step: Option<i32>,
}

async fn scene(Of(app): Of<App>, Extension(who): Extension<Who>, body: Body) -> Done {
    let command = match read(body)? {
        SceneAsked { name: Some(name), step: None } => Command::Scene(name),
        SceneAsked { name: None, step: Some(step @ (1 | -1)) } => Command::StepScene(step),
        _ => return Err(bad("应恰有 name 与 step 之一,step 为 1 或 -1")),
    };
    done(&app, &who, command).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FocusAsked {
    code: Option<String>,
    #[serde(default)]
    up: bool,
}

async fn focus(Of(app): Of<App>, Extension(who): Extension<Who>, body: Body) -> Done {
    let command = match read(body)? {
        FocusAsked { code: Some(code), up: false } => Command::Focus(code),
        FocusAsked { code: None, up: true } => Command::FocusUp,
        FocusAsked { code: None, up: false } => Command::FocusNothing,
        FocusAsked { .. } => return Err(bad("code 与 up 不能同时写")),
    };
    done(&app, &who, command).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ShowAsked {
    event: Option<String>,
    device: Option<String>,
    camera: Option<String>,
}

async fn show(Of(app): Of<App>, Extension(who): Extension<Who>, body: Body) -> Done {
    let thing = match read(body)? {
        ShowAsked { event: Some(id), device: None, camera: None } => Thing::Event(id),
        ShowAsked { event: None, device: Some(id), camera: None } => Thing::Device(id),
        ShowAsked { event: None, device: None, camera: Some(id) } => Thing::Camera(id),
        _ => return Err(bad("应恰有 event、device 与 camera 之一")),
    };
    done(&app, &who, Command::Show(thing)).await
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum ClockAction {
    Live,
    Pause,
    Play,
    Hours,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockAsked {
    action: ClockAction,
    hours: Option<i64>,
}

async fn clock(Of(app): Of<App>, Extension(who): Extension<Who>, body: Body) -> Done {
    let ClockAsked { action, hours } = read(body)?;
    let command = match (action, hours) {
        (ClockAction::Live, None) => Command::Live,
        (ClockAction::Pause, None) => Command::Pause,
        (ClockAction::Play, None) => Command::Play,
        (ClockAction::Hours, Some(hours)) if (-MOST_HOURS..=MOST_HOURS).contains(&hours) => Command::Hours(hours),
        _ => return Err(bad("hours 只与 action = \"hours\" 同写,至多 8784 小时")),
    };
    done(&app, &who, command).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LayersAsked {
    toggle: String,
}

async fn layers(Of(app): Of<App>, Extension(who): Extension<Who>, body: Body) -> Done {
    let LayersAsked { toggle } = read(body)?;
    let layer = Layer::ALL.into_iter().find(|layer| layer.name() == toggle);
    let layer = layer.ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, "没有这个图层"))?;
    done(&app, &who, Command::ToggleLayer(layer)).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

async fn tilt(Of(app): Of<App>, Extension(who): Extension<Who>, body: Body) -> Done {
    let Nothing {} = read(body)?;
    done(&app, &who, Command::ToggleTilt).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AudienceAsked {
    public: bool,
}

async fn audience(Of(app): Of<App>, Extension(who): Extension<Who>, body: Body) -> Done {
    let AudienceAsked { public } = read(body)?;
    if !public && !who.is_hand {
        // Nothing but a hand ends the visitors' view.
        return Err(Problem::new(StatusCode::FORBIDDEN, "令牌不能结束公开模式,须由配对的人操作"));
    }
    done(&app, &who, Command::SetPublic(public)).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AlertsAsked {
    acknowledge: Option<String>,
    #[serde(default)]
    acknowledge_all: bool,
    show: Option<String>,
}

async fn alerts(Of(app): Of<App>, Extension(who): Extension<Who>, body: Body) -> Done {
    let command = match read(body)? {
        AlertsAsked { acknowledge: Some(id), acknowledge_all: false, show: None } => Command::Acknowledge(id),
        AlertsAsked { acknowledge: None, acknowledge_all: true, show: None } => Command::AcknowledgeAll,
        AlertsAsked { acknowledge: None, acknowledge_all: false, show: Some(id) } => Command::ShowAlert(id),
        _ => return Err(bad("应恰有 acknowledge、acknowledge_all 与 show 之一")),
    };
    done(&app, &who, command).await
}

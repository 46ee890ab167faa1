//! The endpoints and their answers.

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router, middleware};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Shared, faults, records, stream};
use crate::domain::area::Level;
use crate::domain::time::Time;
use crate::simulate::geography::geojson;
use crate::simulate::picture;

/// Most records per page.
const PAGE_LIMIT: usize = 5_000;
/// Records per page when the client names no number.
const PAGE_DEFAULT: usize = 500;

/// A body that never changes, with its entity tag.
#[derive(Clone, Debug)]
pub struct Document {
    body: Bytes,
    tag: String,
}

impl Document {
    /// Keeps a JSON body and derives its tag from the bytes (FNV-1a, 64 bits).
    pub fn new(json: Vec<u8>) -> Self {
        let body = Bytes::from(json);
        let hash = body.iter().fold(0xCBF2_9CE4_8422_2325_u64, |hash, &byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
        });
        Self { body, tag: format!("\"{hash:016x}\"") }
    }

    /// The body, or 304 for a client that has it.
    fn answer(&self, headers: &HeaderMap) -> Response {
        let asked = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok()).unwrap_or("");
        let is_known = asked.split(',').any(|tag| tag.trim().trim_start_matches("W/") == self.tag);
        let tag = [(header::ETAG, self.tag.clone()), (header::CACHE_CONTROL, "no-cache".to_owned())];
        if is_known {
            return (StatusCode::NOT_MODIFIED, tag).into_response();
        }
        (tag, [(header::CONTENT_TYPE, "application/geo+json; charset=utf-8")], self.body.clone()).into_response()
    }
}

/// All endpoints.
pub fn router(backend: Shared) -> Router {
    Router::new()
        .route("/api/profile", get(profile))
        .route("/api/areas", get(areas))
        .route("/api/context", get(context))
        .route("/api/events", get(events))
        .route("/api/events/stream", get(stream::serve))
        .route("/api/cameras", get(cameras))
        .route("/api/cameras/{id}/snapshot.jpg", get(snapshot))
        .route("/api/devices", get(devices))
        .route("/api/tracks", get(tracks))
        .route("/api/figures", get(figures))
        .route("/api/faults", post(faults::set).get(faults::list))
        .layer(middleware::from_fn_with_state(backend.clone(), faults::layer))
        .with_state(backend)
}

#[derive(Debug, Default, Deserialize)]
struct AreasQuery {
    level: Option<String>,
}

async fn areas(State(backend): State<Shared>, Query(query): Query<AreasQuery>, headers: HeaderMap) -> Response {
    let Some(asked) = query.level else { return backend.areas.answer(&headers) };
    let Some(level) = Level::parse(&asked) else {
        let body = json!({"code": 400, "msg": format!("没有“{asked}”这一层级"), "data": null});
        return (StatusCode::BAD_REQUEST, Json(body)).into_response();
    };
    let areas = &backend.world.city.geography.areas;
    Document::new(geojson::areas(areas, Some(level))).answer(&headers)
}

async fn context(State(backend): State<Shared>, headers: HeaderMap) -> Response {
    backend.context.answer(&headers)
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct EventsQuery {
    page_num: Option<usize>,
    page_size: Option<usize>,
    since: Option<i64>,
}

async fn events(State(backend): State<Shared>, Query(query): Query<EventsQuery>) -> Json<Value> {
    let world = &backend.world;
    let now = world.clock.now();
    let since = query.since.map(|since| world.clock.meant_by(Time(since)));
    // Platforms clamp what they cannot serve rather than refuse it.
    let current = query.page_num.unwrap_or(1).max(1);
    let size = query.page_size.unwrap_or(PAGE_DEFAULT).clamp(1, PAGE_LIMIT);
    let first = (current - 1).saturating_mul(size);
    let (events, total) = world.events(now, since, first..first.saturating_add(size));
    let stages = world.city.profile.stages;
    let page: Vec<Value> = events.iter().map(|event| records::event(event, stages)).collect();
    let data = json!({"records": page, "total": total, "current": current, "size": size});
    Json(records::envelope(&data))
}

async fn cameras(State(backend): State<Shared>) -> Json<Value> {
    let world = &backend.world;
    list(world.cameras(world.clock.now()).map(|camera| records::camera(&camera)))
}

async fn snapshot(State(backend): State<Shared>, Path(id): Path<String>) -> Response {
    let world = &backend.world;
    let now = world.clock.now();
    match world.camera_is_online(&id, now) {
        None => (StatusCode::NOT_FOUND, "no such camera").into_response(),
        Some(false) => (StatusCode::SERVICE_UNAVAILABLE, "camera offline").into_response(),
        Some(true) => match picture::jpeg(&id, now) {
            Ok(bytes) => {
                ([(header::CONTENT_TYPE, "image/jpeg"), (header::CACHE_CONTROL, "no-store")], bytes).into_response()
            }
            Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
        },
    }
}

async fn devices(State(backend): State<Shared>) -> Json<Value> {
    let world = &backend.world;
    list(world.devices(world.clock.now()).map(|device| records::device(&device)))
}

async fn tracks(State(backend): State<Shared>) -> Json<Value> {
    let world = &backend.world;
    list(world.tracks(world.clock.now()).iter().map(records::track))
}

async fn figures(State(backend): State<Shared>) -> Json<Value> {
    let world = &backend.world;
    list(world.figures(world.clock.now()).iter().map(records::figure))
}

async fn profile(State(backend): State<Shared>) -> Json<Value> {
    let city = &backend.world.city;
    let profile = city.profile;
    Json(records::envelope(&json!({
        "name": profile.name,
        "title": profile.title,
        "stages": profile.stages,
        "center": [profile.center.lon, profile.center.lat],
        "seed": city.seed,
        "now": backend.world.clock.now().0,
    })))
}

/// Records with their number, in the envelope.
fn list(records: impl Iterator<Item = Value>) -> Json<Value> {
    let all: Vec<Value> = records.collect();
    let total = all.len();
    Json(records::envelope(&json!({"records": all, "total": total})))
}

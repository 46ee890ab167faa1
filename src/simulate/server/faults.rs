//! Endpoints that fail on demand, so that a wall can be seen to survive it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Shared, records};

/// How an endpoint fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Answers 503.
    Down,
    /// Never answers.
    Stall,
    /// Answers 200 with JSON that breaks off.
    Garbage,
    /// Answers 200 with a login page.
    Html,
    /// Does not fail.
    Off,
}

/// A request to break or mend an endpoint.
#[derive(Clone, Debug, Deserialize)]
pub struct Switch {
    /// Path of the endpoint; a final `*` stands for anything.
    pub path: String,
    /// How it is to fail.
    pub mode: Mode,
}

/// The endpoints that fail now.
#[derive(Debug, Default)]
pub struct Faults(Mutex<BTreeMap<String, Mode>>);

impl Faults {
    /// Breaks or mends an endpoint.
    pub fn set(&self, switch: Switch) {
        let mut faults = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match switch.mode {
            Mode::Off => faults.remove(&switch.path),
            mode => faults.insert(switch.path, mode),
        };
    }

    /// How a path fails now.
    pub fn mode(&self, path: &str) -> Mode {
        let faults = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let matches = |pattern: &str| match pattern.strip_suffix('*') {
            Some(start) => path.starts_with(start),
            None => path == pattern,
        };
        faults.iter().find(|(pattern, _)| matches(pattern)).map_or(Mode::Off, |(_, &mode)| mode)
    }

    fn list(&self) -> Value {
        let faults = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        faults.iter().map(|(path, mode)| json!({"path": path, "mode": mode})).collect()
    }
}

/// `POST /api/faults`: breaks or mends an endpoint and lists what fails. The
/// body is read as JSON whatever its content type, for the sake of a short
/// `curl -d`.
pub async fn set(State(backend): State<Shared>, body: Bytes) -> Response {
    match serde_json::from_slice(&body) {
        Ok(switch) => {
            backend.faults.set(switch);
            list(State(backend)).await.into_response()
        }
        Err(error) => {
            let body = json!({"code": 400, "msg": format!("无法理解的故障开关:{error}"), "data": null});
            (StatusCode::BAD_REQUEST, Json(body)).into_response()
        }
    }
}

/// `GET /api/faults`: what fails now.
pub async fn list(State(backend): State<Shared>) -> Json<Value> {
    Json(records::envelope(&json!({"records": backend.faults.list()})))
}

/// Lets a request through, or fails it as asked. The switch itself never fails.
pub async fn layer(State(backend): State<Shared>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let mode = if path == "/api/faults" { Mode::Off } else { backend.faults.mode(path) };
    match mode {
        Mode::Off => next.run(request).await,
        Mode::Down => (StatusCode::SERVICE_UNAVAILABLE, "upstream unavailable").into_response(),
        Mode::Stall => std::future::pending().await,
        Mode::Garbage => (
            [(header::CONTENT_TYPE, "application/json")],
            "{\"code\":200,\"msg\":\"ok\",\"data\":{\"records\":[{\"id\":\"3",
        )
            .into_response(),
        Mode::Html => {
            Html("<!doctype html><title>统一身份认证</title><form action=\"/login\">请登录</form>").into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_meets_its_path_only() {
        let faults = Faults::default();
        faults.set(Switch { path: "/api/events".into(), mode: Mode::Down });
        faults.set(Switch { path: "/api/cameras/*".into(), mode: Mode::Html });
        assert_eq!(faults.mode("/api/events"), Mode::Down);
        assert_eq!(faults.mode("/api/events/stream"), Mode::Off);
        assert_eq!(faults.mode("/api/cameras/1/snapshot.jpg"), Mode::Html);
        assert_eq!(faults.mode("/api/cameras"), Mode::Off);
        faults.set(Switch { path: "/api/events".into(), mode: Mode::Off });
        assert_eq!(faults.mode("/api/events"), Mode::Off);
    }
}

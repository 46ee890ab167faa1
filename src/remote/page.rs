//! The page for browsers: compiled in, plain, and without anything of anybody
//! else's.

use axum::http::header;
use axum::response::{IntoResponse, Response};

const INDEX: &str = include_str!("../../assets/remote/index.html");
const SCRIPT: &str = include_str!("../../assets/remote/app.js");
const STYLE: &str = include_str!("../../assets/remote/app.css");

fn answer(kind: &'static str, text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

/// `GET /`
pub(super) async fn index() -> Response {
    answer("text/html; charset=utf-8", INDEX)
}

/// `GET /app.js`
pub(super) async fn script() -> Response {
    answer("text/javascript; charset=utf-8", SCRIPT)
}

/// `GET /app.css`
pub(super) async fn style() -> Response {
    answer("text/css; charset=utf-8", STYLE)
}

//! The HTTP routes of the module.

use std::convert::Infallible;
use std::time::Duration;

use axum::{
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, Path, Query},
    http::{header, HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
    Extension, Json, Router,
};
use futures::stream;
use pywatt_sdk::prelude::*;
use serde::Deserialize;
use serde_json::{json, Value};

use crate::{calls, State};

const ROUTES: &[(&str, &str)] = &[
    ("/pid", "GET"),
    ("/hello", "GET"),
    ("/secrets", "GET"),
    ("/echo", "POST"),
    ("/headers", "GET"),
    ("/bytes/:count", "GET"),
    ("/pieces/:count", "GET"),
    ("/after/:milliseconds", "GET"),
    ("/never", "GET"),
    ("/panic", "GET"),
    ("/status/:code", "GET"),
    ("/call/:module/:endpoint", "POST"),
    ("/prices/:count", "GET"),
    ("/times/:count", "GET"),
    ("/times-after/:pauses", "GET"),
];

/// What the module announces.
pub fn announced() -> Vec<AnnouncedEndpoint> {
    ROUTES
        .iter()
        .map(|(path, method)| AnnouncedEndpoint {
            path: path.to_string(),
            methods: vec![method.to_string()],
            auth: None,
        })
        .collect()
}

/// The routes, with the state of the module.
pub fn router(state: State) -> Router {
    Router::new()
        .route("/pid", get(pid))
        .route("/hello", get(|| async { "Hello" }))
        .route("/secrets", get(secrets))
        .route("/echo", post(|body: Body| async { body }))
        .route("/headers", get(headers))
        .route("/bytes/{count}", get(bytes))
        .route("/pieces/{count}", get(pieces))
        .route("/after/{milliseconds}", get(after))
        .route("/never", get(never))
        .route("/panic", get(panic))
        .route("/status/{code}", get(status))
        .route("/call/{module}/{endpoint}", post(call))
        .route("/prices/{count}", get(prices))
        .route("/times/{count}", get(times))
        .route("/times-after/{pauses}", get(times_after))
        .layer(DefaultBodyLimit::disable())
        .layer(Extension(state))
}

pub async fn pid() -> Json<u32> {
    Json(std::process::id())
}

async fn secrets(Extension(state): Extension<State>) -> Json<Vec<usize>> {
    Json(state.user_state.lengths)
}

async fn headers(given: HeaderMap) -> Json<Value> {
    let text = |name: &str| {
        given
            .get(name)
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    Json(
        json!({ "x-request-id": text("x-request-id"), "x-forwarded-prefix": text("x-forwarded-prefix") }),
    )
}

async fn bytes(Path(count): Path<usize>) -> Bytes {
    (0..count)
        .map(|number| (number % 251) as u8)
        .collect::<Vec<u8>>()
        .into()
}

/// A body in pieces, 10 ms apart, without a length.
async fn pieces(Path(count): Path<usize>) -> Response {
    let pieces = stream::unfold(0, move |number| async move {
        if number == count {
            return None;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
        Some((Ok::<_, Infallible>(format!("piece {number}\n")), number + 1))
    });
    (
        [(header::CONTENT_TYPE, "text/plain")],
        Body::from_stream(pieces),
    )
        .into_response()
}

async fn after(Path(milliseconds): Path<u64>) -> &'static str {
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
    "late"
}

async fn never() -> &'static str {
    eprintln!("a request waits");
    std::future::pending().await
}

async fn panic() -> &'static str {
    panic!("a handler panics on purpose");
}

async fn status(Path(code): Path<u16>) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::BAD_REQUEST)
}

#[derive(Deserialize)]
struct CallOptions {
    timeout_ms: Option<u64>,
}

async fn call(
    Path((module, endpoint)): Path<(String, String)>,
    Query(options): Query<CallOptions>,
    Extension(state): Extension<State>,
    Json(payload): Json<Value>,
) -> Json<Value> {
    let timeout = options.timeout_ms.map(Duration::from_millis);
    Json(calls::call(&state, &module, &endpoint, payload, timeout).await)
}

async fn prices(Path(count): Path<usize>, Extension(state): Extension<State>) -> Json<Vec<Value>> {
    Json(calls::prices(&state, count).await)
}

async fn times(Path(count): Path<usize>, Extension(state): Extension<State>) -> Json<Vec<u64>> {
    Json(calls::times(&state, &vec![0; count]).await)
}

/// The pauses are milliseconds, separated by commas.
async fn times_after(
    Path(pauses): Path<String>,
    Extension(state): Extension<State>,
) -> Json<Vec<u64>> {
    let pauses: Vec<u64> = pauses
        .split(',')
        .filter_map(|pause| pause.parse().ok())
        .collect();
    Json(calls::times(&state, &pauses).await)
}

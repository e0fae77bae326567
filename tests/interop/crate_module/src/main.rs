//! A module built with the published crate: two secrets, plain HTTP, and calls to another module.

use axum::{
    body::Bytes,
    extract::Path,
    routing::{get, post},
    Extension, Router,
};
use pywatt_sdk::prelude::*;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{json, Value};

#[derive(Clone)]
struct Secrets {
    lengths: Vec<usize>,
}

type State = pywatt_sdk::AppState<Secrets>;

async fn price(Path(sku): Path<String>, Extension(state): Extension<State>) -> String {
    let answer = match state.internal_messaging_client() {
        Some(client) => client
            .send_request::<Value, Value>("catalog".into(), "price".into(), json!({ "sku": sku }), None)
            .await
            .map_err(|error| error.to_string()),
        None => Err("no messaging client".to_string()),
    };
    match answer {
        Ok(value) => value.to_string(),
        Err(error) => json!({ "failed": error }).to_string(),
    }
}

#[tokio::main]
async fn main() {
    let endpoint = |path: &str, method: &str| AnnouncedEndpoint {
        path: path.to_string(),
        methods: vec![method.to_string()],
        auth: None,
    };
    let endpoints = vec![endpoint("/secrets", "GET"), endpoint("/echo", "POST"), endpoint("/price/:sku", "GET")];
    let state = |_init: &OrchestratorInit, secrets: Vec<SecretString>| Secrets {
        lengths: secrets.iter().map(|secret| secret.expose_secret().len()).collect(),
    };
    let router = |state: State| {
        Router::new()
            .route(
                "/secrets",
                get(|Extension(state): Extension<State>| async move { json!(state.user_state.lengths).to_string() }),
            )
            .route("/echo", post(|body: Bytes| async move { body }))
            .route("/price/{sku}", get(price))
            .layer(Extension(state))
    };
    let secrets = vec!["A".to_string(), "B".to_string()];
    if let Err(error) = serve_module_full(secrets, endpoints, state, router).await {
        eprintln!("crate module failed: {error}");
        std::process::exit(1);
    }
}

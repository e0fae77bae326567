//! A module built with the published crate, in several modes: `crate_module MODE [SECRET...]`.
//!
//! The names after the mode are the secrets that it asks for at its start, in that order.

mod calls;
mod routes;

use std::io::Write;
use std::time::Duration;

use axum::{routing::get, Router};
use pywatt_sdk::communication::ChannelPreferences;
use pywatt_sdk::core::bootstrap::bootstrap_module;
use pywatt_sdk::prelude::*;
use secrecy::{ExposeSecret, SecretString};
use tokio::signal::unix::{signal, SignalKind};

/// What the routes share.
#[derive(Clone)]
pub struct Secrets {
    pub lengths: Vec<usize>,
}

pub type State = pywatt_sdk::AppState<Secrets>;
type Outcome = std::result::Result<(), String>;

const MODES: &str = "serve worker elsewhere no-tcp early-exit deaf stubborn";

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let mode = arguments.next().unwrap_or_else(|| "serve".to_string());
    let secrets: Vec<String> = arguments.collect();
    let outcome = match mode.as_str() {
        "serve" => serve(secrets).await,
        "worker" => work(secrets).await,
        "elsewhere" => serve_elsewhere(secrets).await,
        "no-tcp" => start_without_tcp(secrets).await,
        "early-exit" => exit_early().await,
        "deaf" => {
            let served = serve(secrets).await;
            eprintln!("deaf: standard input ended, and it stays");
            std::future::pending::<()>().await;
            served
        }
        "stubborn" => {
            // A handler replaces the default action: SIGTERM has no effect from here on.
            let mut terminate = signal(SignalKind::terminate()).expect("a handler for SIGTERM");
            let served = serve(secrets).await;
            loop {
                terminate.recv().await;
                eprintln!("stubborn: SIGTERM came, and it stays");
                if served.is_err() {
                    break;
                }
            }
            served
        }
        _ => Err(format!("no mode {mode:?}; there are {MODES}")),
    };
    if let Err(error) = outcome {
        eprintln!("crate module failed: {error}");
        std::process::exit(1);
    }
}

fn remember(_init: &OrchestratorInit, secrets: Vec<SecretString>) -> Secrets {
    Secrets {
        lengths: secrets
            .iter()
            .map(|secret| secret.expose_secret().len())
            .collect(),
    }
}

/// The usual module: secrets, plain HTTP on the port that it is given, calls to others.
async fn serve(secrets: Vec<String>) -> Outcome {
    serve_module_full(secrets, routes::announced(), remember, routes::router)
        .await
        .map_err(|error| error.to_string())
}

/// Serves no HTTP: announces no endpoint, calls `catalog` until it is answered, and waits for the end.
async fn work(secrets: Vec<String>) -> Outcome {
    let (state, ended) = bootstrap_module(secrets, vec![], remember, None)
        .await
        .map_err(|error| error.to_string())?;
    // A call that it makes while it is still dialling may go into a connection that it drops at once.
    for _ in 0..10 {
        let payload = serde_json::json!({ "sku": "from-worker" });
        let patience = Some(Duration::from_secs(1));
        let price = calls::call(&state, "catalog", "price", payload, patience).await;
        eprintln!("worker was told {price}");
        if price.get("cents").is_some() {
            break;
        }
    }
    ended.await.map_err(|error| error.to_string())
}

/// Binds a port of its own choice and announces the one that it was given, where nothing listens.
async fn serve_elsewhere(secrets: Vec<String>) -> Outcome {
    let endpoints = routes::announced();
    let (_state, ended) = bootstrap_module(secrets, endpoints, remember, None)
        .await
        .map_err(|error| error.to_string())?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .map_err(|error| error.to_string())?;
    let router = Router::new().route("/pid", get(routes::pid));
    tokio::select! {
        served = axum::serve(listener, router) => served.map_err(|error| error.to_string()),
        joined = ended => joined.map_err(|error| error.to_string()),
    }
}

/// Refuses the TCP channel that it is offered; the crate cannot start without one.
async fn start_without_tcp(secrets: Vec<String>) -> Outcome {
    let preferences = ChannelPreferences {
        use_tcp: false,
        ..ChannelPreferences::default()
    };
    let (_state, ended) =
        bootstrap_module(secrets, routes::announced(), remember, Some(preferences))
            .await
            .map_err(|error| error.to_string())?;
    ended.await.map_err(|error| error.to_string())
}

/// Ends with code 3 after the first line, before it has announced anything.
async fn exit_early() -> Outcome {
    let init = read_init().await;
    eprintln!(
        "early-exit: it read {}",
        if init.is_ok() {
            "its first line"
        } else {
            "nothing"
        }
    );
    std::io::stderr().flush().ok();
    tokio::time::sleep(Duration::from_millis(1)).await;
    std::process::exit(3);
}

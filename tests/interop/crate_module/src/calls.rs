//! Calls to modules through the crate's own client.

use std::time::{Duration, Instant};

use futures::future::join_all;
use serde_json::{json, Value};

use crate::State;

/// Calls a module and returns its answer, or `{"failed": reason}`.
pub async fn call(
    state: &State,
    module: &str,
    endpoint: &str,
    payload: Value,
    timeout: Option<Duration>,
) -> Value {
    let Some(client) = state.internal_messaging_client() else {
        return json!({ "failed": "no messaging client" });
    };
    let answer =
        client.send_request::<Value, Value>(module.into(), endpoint.into(), payload, timeout);
    answer
        .await
        .unwrap_or_else(|error| json!({ "failed": error.to_string() }))
}

/// Asks the module `catalog` for the price of an item.
pub async fn price(state: &State, sku: &str) -> Value {
    call(state, "catalog", "price", json!({ "sku": sku }), None).await
}

/// Asks for many prices at the same time; the answers are in the order of the questions.
pub async fn prices(state: &State, count: usize) -> Vec<Value> {
    let skus: Vec<String> = (0..count).map(|number| format!("S{number}")).collect();
    join_all(skus.iter().map(|sku| price(state, sku))).await
}

/// One price after the other, each after a pause in milliseconds; returns the microseconds that each took.
pub async fn times(state: &State, pauses: &[u64]) -> Vec<u64> {
    let mut taken = Vec::with_capacity(pauses.len());
    for pause in pauses {
        if *pause > 0 {
            tokio::time::sleep(Duration::from_millis(*pause)).await;
        }
        let began = Instant::now();
        price(state, "timed").await;
        taken.push(began.elapsed().as_micros() as u64);
    }
    taken
}

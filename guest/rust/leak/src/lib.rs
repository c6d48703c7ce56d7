//! Makes resources and never drops them; counts its requests where its state survives.

use std::mem::forget;
use std::sync::atomic::{AtomicU64, Ordering};

use support::{Reply, Request, json};
use wasip2::clocks::monotonic_clock::subscribe_duration;
use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{Fields, IncomingRequest, OutgoingResponse, ResponseOutparam};
use wasip2::io::poll::{Pollable, poll};

const PATHS: &str = "\
leak: handles that are never dropped
  /fields?n=10, /pollables?n=10, /responses?n=10   makes n of them
  /poll-many?n=10                                  n timers in one poll
  /count                                           requests that this instance has seen
";

static REQUESTS: AtomicU64 = AtomicU64::new(0);

struct Leak;

impl Guest for Leak {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        support::reply::send(answer(&Request::new(request)), out);
    }
}

fn answer(request: &Request) -> Result<Reply, Reply> {
    let n = request.query.number("n")?.unwrap_or(1);
    Ok(match request.path.as_str() {
        "/fields" => made(n, || forget(Fields::new())),
        "/pollables" => made(n, || forget(subscribe_duration(u64::MAX))),
        "/responses" => made(n, || forget(OutgoingResponse::new(Fields::new()))),
        "/poll-many" => {
            let timers: Vec<Pollable> = (0..n).map(|_| subscribe_duration(0)).collect();
            let timers: Vec<&Pollable> = timers.iter().collect();
            let ready = poll(&timers).len();
            Reply::json(json::object(&[("ready", ready.to_string())]))
        }
        "/count" => {
            let count = REQUESTS.fetch_add(1, Ordering::Relaxed) + 1;
            Reply::text(200, format!("{count}\n"))
        }
        path => Reply::guide(path, PATHS),
    })
}

fn made(n: u64, make: impl Fn()) -> Reply {
    (0..n).for_each(|_| make());
    Reply::json(json::object(&[("made", n.to_string())]))
}

wasip2::http::proxy::export!(Leak);

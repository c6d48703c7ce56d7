//! Loops that never end, before and after an answer has begun.

use std::sync::atomic::{AtomicU64, Ordering};

use support::{Reply, Request, reply};
use wasip2::clocks::monotonic_clock::subscribe_duration;
use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{IncomingRequest, ResponseOutparam};

static TURNS: AtomicU64 = AtomicU64::new(0);

struct Spin;

impl Guest for Spin {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        match Request::new(request).path.as_str() {
            "/spin" => spin(),
            "/spin-after-headers" => {
                let _unfinished = reply::begin(out, b"partial\n");
                spin()
            }
            "/busy-poll" => loop {
                subscribe_duration(0).block();
            },
            _ => Reply::text(200, "ok\n").send(out),
        }
    }
}

/// The loop touches memory, so that no compiler can take it for empty.
fn spin() -> ! {
    loop {
        TURNS.fetch_add(1, Ordering::Relaxed);
    }
}

wasip2::http::proxy::export!(Spin);

//! What an edge gateway does: in one `wasi:io/poll` it waits for datagrams of LoRa packet
//! forwarders, for a timer, and for the answer to the request with which it hands packets on.

mod forward;
mod gateway;
mod semtech;

use support::{Reply, Request};
use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{IncomingRequest, ResponseOutparam};

const PATHS: &str = "\
gateway-poll: datagrams, a timer and a request, waited for in one poll
  /?listen=127.0.0.1:1700                    takes LoRa packets for 10 s
  /?listen=...&packets=20&ms=60000           until so many packets, or so many milliseconds
  /?listen=...&tick=100&forward=https://...  with a timer, and hands the packets on
";

struct GatewayPoll;

impl Guest for GatewayPoll {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let request = Request::new(request);
        let result = match request.path.as_str() {
            "/" if request.query.get("listen").is_some() => gateway::run(&request),
            path => Err(Reply::guide(path, PATHS)),
        };
        support::reply::send(result, out);
    }
}

wasip2::http::proxy::export!(GatewayPoll);

//! What an edge gateway does: in one `wasi:io/poll` it waits for datagrams of LoRa packet
//! forwarders, for a timer, and for the answer to the request with which it hands packets on.

mod forward;
mod gateway;
mod semtech;

use support::{Reply, Request};
use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{IncomingRequest, ResponseOutparam};

struct GatewayPoll;

impl Guest for GatewayPoll {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let request = Request::new(request);
        let result = match request.path.as_str() {
            "/" => gateway::run(&request),
            _ => Err(Reply::not_found()),
        };
        support::reply::send(result, out);
    }
}

wasip2::http::proxy::export!(GatewayPoll);

//! Breaks the rules of `wasi:http` in every way that its types leave open.

mod answers;
mod fields;

use std::mem::forget;

use support::{Reply, Request, error_code, json, reply};
use wasip2::clocks::monotonic_clock::subscribe_duration;
use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{
    ErrorCode, Fields, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam,
};

struct Crooked;

impl Guest for Crooked {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let request = Request::new(request);
        if let Err(reply) = answer(&request, out) {
            // The parameters were wrong: `answer` had not touched the outparam yet.
            let (out, reply) = *reply;
            reply.send(out);
        }
    }
}

/// What a wrong parameter gives back: the outparam, still unused, and the answer to send.
type Unused = Box<(ResponseOutparam, Reply)>;

fn answer(request: &Request, out: ResponseOutparam) -> Result<(), Unused> {
    let query = &request.query;
    let number = |name: &str| query.number(name).map(Option::unwrap_or_default);
    let (code, n, bytes) = match (number("code"), number("n"), number("bytes")) {
        (Ok(code), Ok(n), Ok(bytes)) => (code as u16, n, bytes),
        (Err(reply), _, _) | (_, Err(reply), _) | (_, _, Err(reply)) => {
            return Err(Box::new((out, reply)));
        }
    };
    match request.path.as_str() {
        "/never" => forget(out),
        "/drop-outparam" => drop(out),
        "/error-code" => ResponseOutparam::set(out, Err(named_error(query.get("error")))),
        "/sleep-forever" => {
            wait_for_ever();
            Reply::text(200, "awake\n").send(out);
        }
        "/hang" => {
            let _unfinished = reply::begin(out, b"partial\n");
            wait_for_ever();
        }
        "/dropped-part" => drop(reply::begin(out, b"partial\n")),
        "/no-body" => drop(reply::begin(out, b"")),
        "/unwritten" => ResponseOutparam::set(out, Ok(OutgoingResponse::new(Fields::new()))),
        "/too-much" => answers::with_length(out, "5", b"0123456789", true),
        "/too-little" => answers::with_length(out, "10", b"01234", true),
        "/too-little-dropped" => answers::with_length(out, "10", b"01234", false),
        "/bad-content-length" => {
            let value = query.get("value").unwrap_or("five");
            answers::with_length(out, value, b"01234", true);
        }
        "/dup-content-length" => answers::two_lengths(out),
        "/twice" => answers::twice(&request.incoming).send(out),
        "/twice-set" => answers::set_twice(out),
        "/finish-early" => answers::finish_early(out),
        "/late-status" => answers::late_status(out),
        "/bad-status" => answers::bad_status(code, out),
        "/informational" => answers::with_status(code, b"", out),
        "/status-body" => answers::with_status(code, b"01234", out),
        "/head" => answers::with_length(out, "5", b"01234", true),
        "/trailers" => {
            let name = query.get("name").unwrap_or("x-trailer");
            let value = query.get("value").unwrap_or("value");
            answers::with_trailer(name, value.as_bytes(), out);
        }
        "/many-headers" => fields::many(n, out),
        "/big-header" => fields::big(bytes, out),
        "/crlf" => fields::crlf().send(out),
        "/forbidden-headers" => fields::forbidden().send(out),
        "/immutable" => {
            let tried = request.incoming.headers().append("x-mine", b"yes");
            let error = tried.err().map(|error| error_code::header(&error));
            Reply::json(json::object(&[("error", json::optional(error))])).send(out);
        }
        _ => Reply::text(200, "ok\n").send(out),
    }
    Ok(())
}

/// An error code by its name; only those that a test would tell apart.
fn named_error(name: Option<&str>) -> ErrorCode {
    match name {
        Some("DNS-timeout") => ErrorCode::DnsTimeout,
        Some("destination-not-found") => ErrorCode::DestinationNotFound,
        Some("connection-refused") => ErrorCode::ConnectionRefused,
        Some("connection-timeout") => ErrorCode::ConnectionTimeout,
        Some("HTTP-request-denied") => ErrorCode::HttpRequestDenied,
        Some("HTTP-response-timeout") => ErrorCode::HttpResponseTimeout,
        Some("HTTP-request-body-size") => ErrorCode::HttpRequestBodySize(Some(1)),
        Some("loop-detected") => ErrorCode::LoopDetected,
        Some("configuration-error") => ErrorCode::ConfigurationError,
        _ => ErrorCode::InternalError(Some("crooked on purpose".into())),
    }
}

fn wait_for_ever() {
    subscribe_duration(u64::MAX).block();
}

/// Ends a body; what the host says to that belongs on stderr, the client has its answer.
fn finish(body: OutgoingBody, trailers: Option<Fields>) {
    if let Err(code) = OutgoingBody::finish(body, trailers) {
        eprintln!("finish: {}", error_code::http(&code));
    }
}

wasip2::http::proxy::export!(Crooked);

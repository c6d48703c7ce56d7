//! Answers with what it was asked: method, path, `x-` headers, body and trailers.
//!
//! The body goes through chunk by chunk; memory stays flat however long it is. By default the
//! bytes are spliced and never enter the guest; `?via=copy` reads and writes them instead.

use support::stream::{copy_all, request_body, splice_all};
use support::{Reply, Request};
use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{
    ErrorCode, Fields, HeaderError, IncomingBody, IncomingRequest, OutgoingBody, OutgoingResponse,
    ResponseOutparam,
};

struct Echo;

impl Guest for Echo {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let request = Request::new(request);
        let headers = match response_headers(&request) {
            Ok(headers) => headers,
            Err(error) => {
                let name = support::error_code::header(&error);
                return Reply::text(400, format!("a header cannot be repeated: {name}\n"))
                    .send(out);
            }
        };
        let response = OutgoingResponse::new(headers);
        let outgoing = response.body().expect("the body is taken once");
        ResponseOutparam::set(out, Ok(response));

        let (incoming, input) = request_body(&request.incoming);
        let output = outgoing.write().expect("the stream is taken once");
        let moved = match request.query.get("via") {
            Some("copy") => copy_all(&input, &output),
            _ => splice_all(&input, &output),
        };
        drop((input, output));
        // Dropping `outgoing` unfinished tells the client that the body is not whole.
        let bytes = match moved {
            Ok(bytes) => bytes,
            Err(error) => return eprintln!("the body was cut off: {error:?}"),
        };
        let trailers = match response_trailers(incoming, bytes) {
            Ok(trailers) => trailers,
            Err(error) => return eprintln!("the request did not end well: {error:?}"),
        };
        if let Err(error) = OutgoingBody::finish(outgoing, Some(trailers)) {
            eprintln!("the answer did not end well: {error:?}");
        }
    }
}

fn response_headers(request: &Request) -> Result<Fields, HeaderError> {
    let headers = Fields::new();
    headers.append("x-echo-method", request.method.as_bytes())?;
    headers.append("x-echo-path", request.target.as_bytes())?;
    // An HTTP/1.1 sender announces its trailers (RFC 9110, section 6.6.2).
    headers.append("trailer", b"x-echo-bytes")?;
    for (name, value) in request.incoming.headers().entries() {
        let name = name.to_ascii_lowercase();
        if name == "content-type" || (name.starts_with("x-") && !name.starts_with("x-echo-")) {
            headers.append(&name, &value)?;
        }
    }
    Ok(headers)
}

/// The request's own trailers and `x-echo-bytes`, the length of the body.
fn response_trailers(incoming: IncomingBody, bytes: u64) -> Result<Fields, ErrorCode> {
    let future = IncomingBody::finish(incoming);
    future.subscribe().block();
    let received = future
        .get()
        .expect("the future is ready")
        .expect("the future is read once")?;
    let trailers = Fields::new();
    let own = ("x-echo-bytes".to_string(), bytes.to_string().into_bytes());
    let received = received.map_or_else(Vec::new, |fields| fields.entries());
    for (name, value) in received.into_iter().chain([own]) {
        if let Err(error) = trailers.append(&name, &value) {
            eprintln!("trailer {name} is not repeated: {error:?}");
        }
    }
    Ok(trailers)
}

wasip2::http::proxy::export!(Echo);

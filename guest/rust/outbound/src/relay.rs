//! One request there and one answer back.

use support::stream::request_body;
use support::{Reply, Request, error_code, outgoing};
use wasip2::http::outgoing_handler;
use wasip2::http::types::{
    ErrorCode, Fields, FutureIncomingResponse, IncomingBody, IncomingResponse, OutgoingBody,
    OutgoingResponse, ResponseOutparam, Trailers,
};
use wasip2::io::poll::{Pollable, poll};
use wasip2::io::streams::StreamError;

use crate::pump::{End, Pump};

/// Answers with what the URL answers, or with 502 and the error code.
pub fn relay(request: &Request, out: ResponseOutparam) {
    match send(request) {
        Ok((future, upload, refused)) => receive(future, upload, refused, out),
        Err(reply) => reply.send(out),
    }
}

/// An answer that tells why the other side could not be asked.
pub fn bad_gateway(code: &ErrorCode) -> Reply {
    let name = error_code::http(code);
    Reply::text(502, format!("{name}\n")).header("x-error-code", name)
}

/// The request's body on its way up. Dropping it unfinished cuts the request off.
struct Upload {
    pump: Pump,
    from: IncomingBody,
    to: OutgoingBody,
}

impl Upload {
    /// Moves what can be moved; gives itself back while there is more to come.
    fn step(mut self) -> Option<Self> {
        match self.pump.step() {
            None => Some(self),
            Some(End::Whole) => {
                let Self { pump, from, to } = self;
                drop(pump);
                finish(to, trailers(from));
                None
            }
            // The other side takes no more. It may have all it wants: its answer will tell.
            Some(End::Broken(StreamError::Closed)) => {
                let Self { pump, to, .. } = self;
                drop(pump);
                finish(to, Ok(None));
                None
            }
            Some(End::Broken(error)) => {
                eprintln!("the request was cut off: {error:?}");
                None
            }
        }
    }
}

fn finish(to: OutgoingBody, trailers: Result<Option<Trailers>, ErrorCode>) {
    if let Err(code) = trailers.and_then(|trailers| OutgoingBody::finish(to, trailers)) {
        eprintln!("the body did not end well: {}", error_code::http(&code));
    }
}

type Sent = (FutureIncomingResponse, Option<Upload>, Vec<String>);

/// Sends the request; its body waits for the first step.
fn send(request: &Request) -> Result<Sent, Reply> {
    let query = &request.query;
    let (headers, refused) = request_headers(request);
    let has_length = headers.has("content-length");
    let method = crate::method(query, &request.method);
    let outgoing = outgoing::request(query.need("url")?, &method, headers)
        .map_err(|why| Reply::text(400, format!("url: {why}\n")))?;
    let options = outgoing::options(query)?;

    // A GET without a length has no body; asking for one would send `transfer-encoding`.
    let bodiless = matches!(request.method.as_str(), "GET" | "HEAD") && !has_length;
    let to = if query.flag("nobody") || bodiless {
        None
    } else {
        Some(outgoing.body().expect("the body is taken once"))
    };
    let future = outgoing_handler::handle(outgoing, options).map_err(|code| bad_gateway(&code))?;
    let upload = to.map(|to| {
        let (from, input) = request_body(&request.incoming);
        let output = to.write().expect("the stream is taken once");
        Upload {
            pump: Pump::new(input, output),
            from,
            to,
        }
    });
    Ok((future, upload, refused))
}

/// The headers to send, and `NAME=ERROR` for each that was refused.
fn request_headers(request: &Request) -> (Fields, Vec<String>) {
    let headers = Fields::new();
    let mut refused = Vec::new();
    for (name, value) in request.incoming.headers().entries() {
        let name = name.to_ascii_lowercase();
        let sent = match name.as_str() {
            "content-type" => "content-type",
            "content-length" if !request.query.flag("nobody") => "content-length",
            other => match other.strip_prefix("x-relay-") {
                Some(sent) => sent,
                None => continue,
            },
        };
        if let Err(error) = headers.append(sent, &value) {
            refused.push(format!("{sent}={}", error_code::header(&error)));
        }
    }
    (headers, refused)
}

fn receive(
    future: FutureIncomingResponse,
    upload: Option<Upload>,
    refused: Vec<String>,
    out: ResponseOutparam,
) {
    let (response, mut upload) = await_response(future, upload);
    let response = match response {
        Ok(response) => response,
        Err(code) => return bad_gateway(&code).send(out),
    };
    let answer = OutgoingResponse::new(response_headers(&response, &refused));
    if answer.set_status_code(response.status()).is_err() {
        let text = format!("status {} is refused\n", response.status());
        return Reply::text(502, text).send(out);
    }
    let to = answer.body().expect("the body is taken once");
    ResponseOutparam::set(out, Ok(answer));

    let from = response.consume().expect("the response is consumed once");
    let input = from.stream().expect("the stream is taken once");
    let output = to.write().expect("the stream is taken once");
    let mut download = Pump::new(input, output);
    let end = loop {
        if let Some(end) = download.step() {
            break end;
        }
        upload = upload.and_then(Upload::step);
        wait(download.pollable(), upload.as_ref());
    };
    drop(download);
    // Dropping `to` unfinished tells the client that the body is not whole.
    match end {
        End::Broken(error) => eprintln!("the answer was cut off: {error:?}"),
        End::Whole => finish(to, trailers(from)),
    }
}

/// Waits for the response while the request's body goes up.
fn await_response(
    future: FutureIncomingResponse,
    mut upload: Option<Upload>,
) -> (Result<IncomingResponse, ErrorCode>, Option<Upload>) {
    let pollable = future.subscribe();
    loop {
        upload = upload.and_then(Upload::step);
        if let Some(response) = future.get() {
            return (response.expect("the response is taken once"), upload);
        }
        wait(&pollable, upload.as_ref());
    }
}

fn wait(pollable: &Pollable, upload: Option<&Upload>) {
    match upload {
        Some(upload) => poll(&[pollable, upload.pump.pollable()]),
        None => poll(&[pollable]),
    };
}

fn response_headers(response: &IncomingResponse, refused: &[String]) -> Fields {
    let headers = Fields::new();
    for (name, value) in response.headers().entries() {
        if let Err(error) = headers.append(&name, &value) {
            // Headers of the connection, such as `transfer-encoding`, end at a relay.
            eprintln!(
                "header {name} is not passed on: {}",
                error_code::header(&error)
            );
        }
    }
    for text in refused {
        headers
            .append("x-relay-refused", text.as_bytes())
            .expect("a refused name came in as a valid header");
    }
    headers
}

fn trailers(body: IncomingBody) -> Result<Option<Trailers>, ErrorCode> {
    let future = IncomingBody::finish(body);
    future.subscribe().block();
    let received = future
        .get()
        .expect("the future is ready")
        .expect("the trailers are taken once")?;
    // Received trailers are immutable and belong to the body they came with: send a copy.
    Ok(received.map(|fields| {
        let copy = Fields::new();
        for (name, value) in fields.entries() {
            if let Err(error) = copy.append(&name, &value) {
                eprintln!(
                    "trailer {name} is not passed on: {}",
                    error_code::header(&error)
                );
            }
        }
        copy
    }))
}

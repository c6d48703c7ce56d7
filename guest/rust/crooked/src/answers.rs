//! Answers whose status, length, body or order of calls is wrong.

use support::stream::write_all;
use support::{Reply, error_code, json, reply};
use wasip2::http::types::{Fields, IncomingRequest, OutgoingResponse, ResponseOutparam};

use crate::finish;

/// An answer with this `content-length` and these bytes; `whole`: finished, else dropped.
pub fn with_length(out: ResponseOutparam, length: &str, bytes: &[u8], whole: bool) {
    let headers = [("content-length".into(), length.as_bytes().to_vec())];
    send(out, 200, &headers, bytes, whole);
}

/// An answer with two values of `content-length`.
pub fn two_lengths(out: ResponseOutparam) {
    let headers = [
        ("content-length".into(), b"5".to_vec()),
        ("content-length".into(), b"6".to_vec()),
    ];
    send(out, 200, &headers, b"01234", true);
}

/// An answer with this status, which the host must take, and this body.
pub fn with_status(code: u16, bytes: &[u8], out: ResponseOutparam) {
    send(out, code, &[], bytes, true);
}

fn send(
    out: ResponseOutparam,
    status: u16,
    headers: &[(String, Vec<u8>)],
    bytes: &[u8],
    whole: bool,
) {
    let headers = match Fields::from_list(headers) {
        Ok(headers) => headers,
        Err(error) => {
            let text = format!("refused: {}\n", error_code::header(&error));
            return Reply::text(200, text).send(out);
        }
    };
    let response = OutgoingResponse::new(headers);
    if response.set_status_code(status).is_err() {
        return Reply::text(200, format!("refused: status {status}\n")).send(out);
    }
    let body = response.body().expect("the body is taken once");
    ResponseOutparam::set(out, Ok(response));
    let stream = body.write().expect("the stream is taken once");
    if let Err(error) = write_all(&stream, bytes) {
        eprintln!("write: {error:?}");
    }
    drop(stream);
    if whole {
        finish(body, None);
    }
}

/// Takes body, stream and request body twice each; the second must be refused.
pub fn twice(request: &IncomingRequest) -> Reply {
    let response = OutgoingResponse::new(Fields::new());
    let body = response.body().expect("the body is taken once");
    let second_body = verdict(response.body());
    let stream = body.write().expect("the stream is taken once");
    let second_stream = verdict(body.write());
    let consumed = request.consume().expect("the request is consumed once");
    let second_consume = verdict(request.consume());
    let input = consumed.stream().expect("the stream is taken once");
    let second_input = verdict(consumed.stream());
    drop((stream, input));
    Reply::json(json::object(&[
        ("body", second_body),
        ("stream", second_stream),
        ("consume", second_consume),
        ("input", second_input),
    ]))
}

fn verdict<T>(second: Result<T, ()>) -> String {
    json::string(if second.is_ok() { "given" } else { "refused" })
}

/// Answers, then uses the outparam's number again: it means nothing any more.
pub fn set_twice(out: ResponseOutparam) {
    let handle = out.handle();
    Reply::text(200, "first\n").send(out);
    // SAFETY: the handle is stale on purpose; the host must trap, not answer again.
    let stale = unsafe { ResponseOutparam::from_handle(handle) };
    Reply::text(200, "second\n").send(stale);
}

/// Finishes the body while its stream is alive.
pub fn finish_early(out: ResponseOutparam) {
    let response = OutgoingResponse::new(Fields::new());
    let body = response.body().expect("the body is taken once");
    ResponseOutparam::set(out, Ok(response));
    let stream = body.write().expect("the stream is taken once");
    finish(body, None);
    if let Err(error) = write_all(&stream, b"too late\n") {
        eprintln!("write: {error:?}");
    }
}

/// Sets the status by the response's number after the response was given away.
pub fn late_status(out: ResponseOutparam) {
    let response = OutgoingResponse::new(Fields::new());
    let body = response.body().expect("the body is taken once");
    let handle = response.handle();
    ResponseOutparam::set(out, Ok(response));
    // SAFETY: the handle is stale on purpose; the host must trap.
    let stale = unsafe { OutgoingResponse::from_handle(handle) };
    if stale.set_status_code(500).is_err() {
        eprintln!("the late status is refused");
    }
    finish(body, None);
}

/// Tells whether the status is taken, with that status where it is.
pub fn bad_status(code: u16, out: ResponseOutparam) {
    let set = OutgoingResponse::new(Fields::new())
        .set_status_code(code)
        .is_ok();
    let text = json::object(&[("code", code.to_string()), ("set", set.to_string())]);
    if set {
        Reply::new(code, "application/json", text + "\n").send(out);
    } else {
        Reply::json(text).send(out);
    }
}

/// `ok` with one trailer, or the error that the trailer gives.
pub fn with_trailer(name: &str, value: &[u8], out: ResponseOutparam) {
    match Fields::from_list(&[(name.into(), value.to_vec())]) {
        Ok(trailers) => finish(reply::begin(out, b"ok\n"), Some(trailers)),
        Err(error) => {
            let error = json::string(error_code::header(&error));
            Reply::json(json::object(&[("error", error)])).send(out);
        }
    }
}

/// Sends these fields as the headers of an answer that says `ok`.
pub fn with_fields(headers: Fields, out: ResponseOutparam) {
    let response = OutgoingResponse::new(headers);
    let body = response.body().expect("the body is taken once");
    ResponseOutparam::set(out, Ok(response));
    let stream = body.write().expect("the stream is taken once");
    if let Err(error) = write_all(&stream, b"ok\n") {
        eprintln!("write: {error:?}");
    }
    drop(stream);
    finish(body, None);
}

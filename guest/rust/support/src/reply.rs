//! An answer that is complete before it is sent.

use wasip2::http::types::{Fields, OutgoingBody, OutgoingResponse, ResponseOutparam};

use crate::stream::write_all;

/// Status, headers and the whole body of an answer.
pub struct Reply {
    status: u16,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

impl Reply {
    /// An answer of any kind.
    pub fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: vec![("content-type".into(), content_type.into())],
            body: body.into(),
        }
    }

    /// An answer in plain text.
    pub fn text(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self::new(status, "text/plain", body)
    }

    /// An answer with status 200 whose body is JSON already, apart from its last newline.
    pub fn json(body: impl Into<String>) -> Self {
        Self::new(200, "application/json", body.into() + "\n")
    }

    /// The sample's paths as a text: asked for at `/`, and what a path gets that it does not know.
    pub fn guide(path: &str, paths: &str) -> Self {
        Self::text(if path == "/" { 200 } else { 404 }, paths)
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sends the answer. What goes wrong after the headers is told on stderr: the client has
    /// gone, or the host has cut it off.
    pub fn send(self, out: ResponseOutparam) {
        let headers = Fields::from_list(&self.headers).expect("the sample's headers are valid");
        let response = OutgoingResponse::new(headers);
        response
            .set_status_code(self.status)
            .expect("the sample's status is valid");
        let body = response.body().expect("the body is taken once");
        ResponseOutparam::set(out, Ok(response));

        let stream = body.write().expect("the stream is taken once");
        if let Err(error) = write_all(&stream, &self.body) {
            eprintln!("the answer was cut off: {error:?}");
            return;
        }
        drop(stream);
        if let Err(error) = OutgoingBody::finish(body, None) {
            eprintln!("the answer did not end well: {error:?}");
        }
    }
}

/// Sends whichever answer there is: helpers return an error as the answer to give.
pub fn send(result: Result<Reply, Reply>, out: ResponseOutparam) {
    match result {
        Ok(reply) | Err(reply) => reply.send(out),
    }
}

/// Begins an answer with status 200 and these bytes, and leaves it unfinished: dropping what
/// this gives cuts the answer off.
pub fn begin(out: ResponseOutparam, bytes: &[u8]) -> OutgoingBody {
    let response = OutgoingResponse::new(Fields::new());
    let body = response.body().expect("the body is taken once");
    ResponseOutparam::set(out, Ok(response));
    let stream = body.write().expect("the stream is taken once");
    if let Err(error) = write_all(&stream, bytes) {
        eprintln!("the answer was cut off: {error:?}");
    }
    body
}

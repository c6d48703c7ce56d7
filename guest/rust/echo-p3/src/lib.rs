//! Answers with what it was asked, as `echo` does, over the streams and futures of WASI 0.3; some paths
//! stall, flood or trap on purpose.

use wasip3::clocks::monotonic_clock;
use wasip3::exports::http::handler::Guest;
use wasip3::http::types::{ErrorCode, Fields, HeaderError, Method, Request, Response, Trailers};
use wasip3::wit_bindgen::{FutureReader, FutureWriter, StreamReader, StreamResult, StreamWriter};
use wasip3::{wit_bindgen, wit_future, wit_stream};

const CHUNK: usize = 64 * 1024;

type TrailersResult = Result<Option<Trailers>, ErrorCode>;

struct Echo;

impl Guest for Echo {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        let target = request.get_path_with_query().unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        match path {
            "/trap" => panic!("panic on purpose"),
            "/trap-after-headers" => Ok(trap_after_headers()),
            "/error" => Err(ErrorCode::ConfigurationError),
            "/flood" => Ok(flood(number(query, "bytes"))),
            "/sleep" => {
                monotonic_clock::wait_for(number(query, "ms") * 1_000_000).await;
                Ok(text("slept\n"))
            }
            "/forever" => {
                monotonic_clock::wait_for(u64::MAX / 2).await;
                Ok(text("never\n"))
            }
            _ => echo(request, &target),
        }
    }
}

/// The request's body and trailers, chunk by chunk; `x-echo-bytes` is added to the trailers.
fn echo(request: Request, target: &str) -> Result<Response, ErrorCode> {
    let headers = response_headers(&request, target)
        .map_err(|error| ErrorCode::InternalError(Some(format!("{error:?}"))))?;
    let (read, read_result) = wit_future::new(|| Ok(()));
    let (input, received) = Request::consume_body(request, read_result);
    let (output, contents) = wit_stream::new();
    let (trailers, trailers_result) = wit_future::new(|| Ok(None));
    let (response, _sent) = Response::new(headers, Some(contents), trailers_result);
    wit_bindgen::spawn_local(async move {
        let bytes = copy(input, output).await;
        finish(received, trailers, bytes).await;
        drop(read);
    });
    Ok(response)
}

async fn copy(mut input: StreamReader<u8>, mut output: StreamWriter<u8>) -> u64 {
    let mut bytes = 0;
    let mut buffer = Vec::with_capacity(CHUNK);
    loop {
        let (result, read) = input.read(buffer).await;
        if !matches!(result, StreamResult::Complete(_)) {
            return bytes;
        }
        bytes += read.len() as u64;
        buffer = output.write_all(read).await;
        if !buffer.is_empty() {
            // Nobody reads the answer any more.
            return bytes;
        }
        buffer.reserve(CHUNK);
    }
}

async fn finish(
    received: FutureReader<TrailersResult>,
    trailers: FutureWriter<TrailersResult>,
    bytes: u64,
) {
    let outcome = received.await.map(|fields| {
        let fields = fields.map_or_else(Fields::new, |fields| fields.clone());
        let counted = fields.append("x-echo-bytes", bytes.to_string().as_bytes());
        counted.expect("a number is a valid field");
        Some(fields)
    });
    // Where nobody waits for the trailers, there is nobody to tell.
    let _ = trailers.write(outcome).await;
}

fn response_headers(request: &Request, target: &str) -> Result<Fields, HeaderError> {
    let headers = Fields::new();
    let method = match request.get_method() {
        Method::Get => "GET".into(),
        Method::Post => "POST".into(),
        Method::Put => "PUT".into(),
        Method::Other(other) => other,
        other => format!("{other:?}"),
    };
    headers.append("x-echo-method", method.as_bytes())?;
    headers.append("x-echo-path", target.as_bytes())?;
    // An HTTP/1.1 sender announces its trailers (RFC 9110, section 6.6.2).
    headers.append("trailer", b"x-echo-bytes")?;
    for (name, value) in request.get_headers().copy_all() {
        let name = name.to_ascii_lowercase();
        if name == "content-type" || (name.starts_with("x-") && !name.starts_with("x-echo-")) {
            headers.append(&name, &value)?;
        }
    }
    Ok(headers)
}

fn text(answer: &'static str) -> Response {
    respond(async move |mut body| {
        body.write_all(answer.as_bytes().to_vec()).await;
    })
}

fn flood(bytes: u64) -> Response {
    respond(async move |mut body| {
        let mut left = bytes;
        while left > 0 {
            let chunk = left.min(CHUNK as u64);
            if !body.write_all(vec![b'a'; chunk as usize]).await.is_empty() {
                return;
            }
            left -= chunk;
        }
    })
}

fn trap_after_headers() -> Response {
    respond(async |mut body| {
        body.write_all(b"partial\n".to_vec()).await;
        panic!("panic on purpose");
    })
}

fn respond(write: impl AsyncFnOnce(StreamWriter<u8>) + 'static) -> Response {
    let (body, contents) = wit_stream::new();
    let (trailers, no_trailers) = wit_future::new(|| Ok(None));
    let (response, _sent) = Response::new(Fields::new(), Some(contents), no_trailers);
    wit_bindgen::spawn_local(async move {
        write(body).await;
        drop(trailers);
    });
    response
}

/// The number that the query gives for `name`, 0 without one.
fn number(query: &str, name: &str) -> u64 {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let mut values = pairs.filter(|(key, _)| *key == name);
    values
        .next()
        .and_then(|(_, value)| value.parse().ok())
        .unwrap_or(0)
}

wasip3::http::service::export!(Echo);

//! Writes to stdout and stderr more than anybody wants to read, and things nobody should trust.

use support::query::hex_decode;
use support::stream::write_all;
use support::{Reply, Request, json};
use wasip2::cli::{stderr::get_stderr, stdout::get_stdout};
use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{IncomingRequest, ResponseOutparam};
use wasip2::io::streams::{OutputStream, StreamError};

const PATHS: &str = "\
flood: more on stdout and stderr than anybody wants to read
  /stdout?bytes=1000, /stderr?bytes=1000   lines of 64 bytes
  /long-line?bytes=1000                    no line break at all
  /raw?hex=1b5b316d                        exactly these bytes
";
const LINE: usize = 64;
const LINES: u64 = 64;
/// What `blocking-write-and-flush` takes at most.
const PIECE: usize = LINE * LINES as usize;

struct Flood;

impl Guest for Flood {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        support::reply::send(answer(&Request::new(request)), out);
    }
}

fn answer(request: &Request) -> Result<Reply, Reply> {
    let query = &request.query;
    let bytes = query.number("bytes")?.unwrap_or(0);
    let output = match (request.path.as_str(), query.get("to")) {
        ("/stderr", _) | (_, Some("stderr")) => get_stderr(),
        _ => get_stdout(),
    };
    match request.path.as_str() {
        "/stdout" | "/stderr" => Ok(report(write_lines(&output, bytes))),
        "/long-line" => Ok(report(write_pieces(&output, bytes, |_| vec![b'a'; PIECE]))),
        "/raw" => {
            let raw = hex_decode(query.need("hex")?)
                .ok_or_else(|| Reply::text(400, "hex is not hexadecimal\n"))?;
            Ok(report(
                write_all(&output, &raw)
                    .map(|()| raw.len() as u64)
                    .map_err(|error| (0, error)),
            ))
        }
        path => Err(Reply::guide(path, PATHS)),
    }
}

/// How many bytes were written; on failure how many before it.
type Written = Result<u64, (u64, StreamError)>;

fn write_lines(output: &OutputStream, bytes: u64) -> Written {
    write_pieces(output, bytes, |piece| {
        let mut lines = Vec::with_capacity(PIECE);
        for line in 1..=LINES {
            let start = lines.len();
            lines.extend(format!("line {:08} ", piece * LINES + line).into_bytes());
            lines.resize(start + LINE - 1, b'a');
            lines.push(b'\n');
        }
        lines
    })
}

/// Writes numbered pieces until `bytes` are written, the last one cut to fit.
fn write_pieces(output: &OutputStream, bytes: u64, piece: impl Fn(u64) -> Vec<u8>) -> Written {
    let mut written = 0;
    while written < bytes {
        let mut piece = piece(written / PIECE as u64);
        piece.truncate((bytes - written).min(PIECE as u64) as usize);
        write_all(output, &piece).map_err(|error| (written, error))?;
        written += piece.len() as u64;
    }
    Ok(written)
}

fn report(result: Written) -> Reply {
    let (written, error) = match result {
        Ok(written) => (written, None),
        Err((written, StreamError::Closed)) => (written, Some("closed".into())),
        Err((written, StreamError::LastOperationFailed(error))) => {
            (written, Some(error.to_debug_string()))
        }
    };
    let mut members = vec![("written", written.to_string())];
    members.extend(error.map(|error: String| ("error", json::string(&error))));
    Reply::json(json::object(&members))
}

wasip2::http::proxy::export!(Flood);

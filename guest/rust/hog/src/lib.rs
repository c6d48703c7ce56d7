//! Takes as much memory as it is asked to: its own, and the host's.

use core::arch::wasm32::{memory_grow, memory_size};
use std::hint::black_box;

use support::stream::request_body;
use support::{Reply, Request, error_code, json};
use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{Fields, IncomingRequest, ResponseOutparam};
use wasip2::io::streams::StreamError;
use wasip2::random::random::get_random_bytes;

const PATHS: &str = "\
hog: greed for memory
  /?mb=64                      grows its memory by 1 MiB at a time
  /alloc?mb=64                 one allocation, untouched
  /list?len=65536              one list from the host
  /big-read?len=65536          one read of the request's body
  /big-headers?n=10&bytes=100  n fields
";
const PAGE: usize = 64 * 1024;
const PAGES_PER_MIB: usize = 16;
/// What `memory.grow` gives where it is refused.
const REFUSED: usize = usize::MAX;

struct Hog;

impl Guest for Hog {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        support::reply::send(answer(&Request::new(request)), out);
    }
}

fn answer(request: &Request) -> Result<Reply, Reply> {
    let query = &request.query;
    let len = query.number("len")?.unwrap_or(0);
    let mib = query.number("mb")?.unwrap_or(0);
    Ok(match request.path.as_str() {
        "/" if query.get("mb").is_some() => grow(mib),
        "/list" => length(get_random_bytes(len).len()),
        "/big-read" => {
            let (_body, input) = request_body(&request.incoming);
            match input.blocking_read(len) {
                Ok(bytes) => length(bytes.len()),
                Err(StreamError::Closed) => length(0),
                Err(error) => Reply::text(500, format!("{error:?}\n")),
            }
        }
        "/big-headers" => {
            let bytes = query.number("bytes")?.unwrap_or(0);
            big_headers(query.number("n")?.unwrap_or(1), &vec![b'a'; bytes as usize])
        }
        "/alloc" => {
            let mut block: Vec<u8> = Vec::new();
            match block.try_reserve_exact((mib as usize).saturating_mul(1024 * 1024)) {
                Ok(()) => {
                    // Without a look at it the compiler leaves the allocation out.
                    black_box(&mut block);
                    Reply::json(json::object(&[
                        ("got_mb", mib.to_string()),
                        ("pages", memory_size::<0>().to_string()),
                    ]))
                }
                Err(error) => Reply::text(507, format!("{error}\n")),
            }
        }
        path => Reply::guide(path, PATHS),
    })
}

/// Grows memory by 1 MiB at a time until `mib` are there or the host refuses.
fn grow(mib: u64) -> Reply {
    let mut got = 0;
    while got < mib {
        let first = memory_grow::<0>(PAGES_PER_MIB);
        if first == REFUSED {
            break;
        }
        for page in first..first + PAGES_PER_MIB {
            // SAFETY: these pages were added just now and nothing else knows of them.
            unsafe { ((page * PAGE) as *mut u8).write_volatile(1) };
        }
        got += 1;
    }
    Reply::json(json::object(&[
        ("wanted_mb", mib.to_string()),
        ("got_mb", got.to_string()),
        ("pages", memory_size::<0>().to_string()),
    ]))
}

fn length(len: usize) -> Reply {
    Reply::json(json::object(&[("len", len.to_string())]))
}

/// Appends fields until all are there or one is refused.
fn big_headers(count: u64, value: &[u8]) -> Reply {
    let fields = Fields::new();
    let mut appended = 0;
    let mut error = None;
    while appended < count && error.is_none() {
        match fields.append("x-big", value) {
            Ok(()) => appended += 1,
            Err(refused) => error = Some(error_code::header(&refused)),
        }
    }
    Reply::json(json::object(&[
        ("appended", appended.to_string()),
        ("error", json::optional(error)),
    ]))
}

wasip2::http::proxy::export!(Hog);

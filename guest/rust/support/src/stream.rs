//! Moving bytes between streams without holding more than one chunk of them.

use wasip2::http::types::{IncomingBody, IncomingRequest};
use wasip2::io::poll::poll;
use wasip2::io::streams::{InputStream, OutputStream, StreamError};

const CHUNK: u64 = 64 * 1024;

/// What `blocking-write-and-flush` takes at most (WASI 0.2, `wasi:io/streams`).
const BLOCKING_WRITE_MAX: usize = 4096;

/// Writes all of `bytes`, waiting for the reader as it goes.
pub fn write_all(output: &OutputStream, bytes: &[u8]) -> Result<(), StreamError> {
    bytes
        .chunks(BLOCKING_WRITE_MAX)
        .try_for_each(|chunk| output.blocking_write_and_flush(chunk))
}

/// Moves everything from `input` to `output` by `splice`: the bytes never enter the guest.
/// Gives the number of bytes; either end closing ends it.
pub fn splice_all(input: &InputStream, output: &OutputStream) -> Result<u64, StreamError> {
    let mut total = 0;
    loop {
        match output.blocking_splice(input, CHUNK) {
            Ok(count) => total += count,
            Err(StreamError::Closed) => break,
            Err(error) => return Err(error),
        }
    }
    flush(output)?;
    Ok(total)
}

/// Moves everything from `input` to `output` through the guest's memory, reading only as much
/// as `check-write` allows. Gives the number of bytes; either end closing ends it.
pub fn copy_all(input: &InputStream, output: &OutputStream) -> Result<u64, StreamError> {
    let readable = input.subscribe();
    let writable = output.subscribe();
    let mut total = 0;
    loop {
        let room = match output.check_write() {
            Ok(0) => {
                poll(&[&writable]);
                continue;
            }
            Ok(room) => room,
            Err(StreamError::Closed) => break,
            Err(error) => return Err(error),
        };
        let bytes = match input.read(room.min(CHUNK)) {
            Ok(bytes) if bytes.is_empty() => {
                poll(&[&readable]);
                continue;
            }
            Ok(bytes) => bytes,
            Err(StreamError::Closed) => break,
            Err(error) => return Err(error),
        };
        output.write(&bytes)?;
        total += bytes.len() as u64;
    }
    drop((readable, writable));
    flush(output)?;
    Ok(total)
}

fn flush(output: &OutputStream) -> Result<(), StreamError> {
    match output.blocking_flush() {
        Ok(()) | Err(StreamError::Closed) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Gives each chunk of `input` to `take` until the stream ends or `take` fails.
pub fn for_each_chunk<E: From<StreamError>>(
    input: &InputStream,
    mut take: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<(), E> {
    loop {
        match input.blocking_read(CHUNK) {
            Ok(bytes) => take(&bytes)?,
            Err(StreamError::Closed) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}

/// The body of a request and its stream. Names bound in this order are dropped in the right one:
/// the stream is a child of the body, and a parent that goes first is a trap.
pub fn request_body(request: &IncomingRequest) -> (IncomingBody, InputStream) {
    let body = request.consume().expect("the request is consumed once");
    let stream = body.stream().expect("the stream is taken once");
    (body, stream)
}

//! Lists, reads and writes the files of the directory granted as `/sensors`.
//!
//! `/sensors` and `/sensors/NAME` are the function that somebody would write. The other paths
//! (see `raw`) each make one call of `wasi:filesystem` with any path and flags, so that a test
//! can try every way out of a grant over HTTP.

mod failure;
mod files;
mod raw;

use failure::Failure;
use support::stream::splice_all;
use support::{Reply, Request, json};
use wasip2::clocks::monotonic_clock;
use wasip2::exports::http::incoming_handler::Guest;
use wasip2::filesystem::preopens::get_directories;
use wasip2::filesystem::types::Descriptor;
use wasip2::http::types::{
    Fields, IncomingRequest, OutgoingBody, OutgoingResponse, ResponseOutparam,
};
use wasip2::io::streams::InputStream;

/// The paths, as a text for whoever asks for `/` or for one that is not there.
pub const PATHS: &str = "\
sensors: the files of the directory that is granted as /sensors
  /sensors               lists them
  /sensors/NAME          GET, PUT or DELETE one of them
  /preopens              the directories that are granted
  /read?path=NAME, and open, stat, list, write, mkdir, rmdir, unlink, rename, link, symlink,
  readlink, truncate, utimes, hash, same, open-many: one call of wasi:filesystem each
";

/// What a handler gives: an answer held in memory, or a file to stream.
pub enum Answer {
    /// A short answer.
    Reply(Reply),
    /// A file from its first byte, with its size.
    File(InputStream, u64),
}

struct Sensors;

impl Guest for Sensors {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let started = monotonic_clock::now();
        let answer = route(&Request::new(request))
            .unwrap_or_else(|failure| Answer::Reply(failure.into_reply()));
        let elapsed = (monotonic_clock::now() - started).to_string();
        match answer {
            Answer::Reply(reply) => reply.header("x-elapsed-ns", elapsed).send(out),
            Answer::File(stream, size) => send_file(&stream, size, elapsed, out),
        }
    }
}

fn route(request: &Request) -> Result<Answer, Failure> {
    if request.path == "/preopens" {
        let names = get_directories().into_iter().map(|(_, name)| name);
        return Ok(Answer::Reply(Reply::json(json::array(
            names.map(|name| json::string(&name)),
        ))));
    }
    if request.path == "/" {
        return Ok(Answer::Reply(Reply::guide(&request.path, PATHS)));
    }
    let directory = preopen(request.query.get("preopen").unwrap_or("/sensors"))?;
    match request.path.strip_prefix("/sensors") {
        Some("" | "/") => files::list(&directory),
        Some(name) if name.starts_with('/') => files::serve(request, &directory, &name[1..]),
        _ => raw::call(request, directory),
    }
}

/// The directory granted under this name.
pub fn preopen(name: &str) -> Result<Descriptor, Failure> {
    get_directories()
        .into_iter()
        .find(|(_, granted)| granted == name)
        .map(|(directory, _)| directory)
        .ok_or_else(|| {
            Failure::Answer(Reply::text(
                503,
                format!(
                    "no directory is granted as {name}: grant one, for example \
                     dirs = [\"./data/sensors::{name}:ro\"]\n"
                ),
            ))
        })
}

fn send_file(file: &InputStream, size: u64, elapsed: String, out: ResponseOutparam) {
    let headers = Fields::from_list(&[
        ("content-type".into(), b"application/octet-stream".to_vec()),
        ("content-length".into(), size.to_string().into_bytes()),
        ("x-elapsed-ns".into(), elapsed.into_bytes()),
    ])
    .expect("the sample's headers are valid");
    let response = OutgoingResponse::new(headers);
    let body = response.body().expect("the body is taken once");
    ResponseOutparam::set(out, Ok(response));

    let output = body.write().expect("the stream is taken once");
    if let Err(error) = splice_all(file, &output) {
        return eprintln!("the file was cut off: {error:?}");
    }
    drop(output);
    if let Err(error) = OutgoingBody::finish(body, None) {
        eprintln!("the answer did not end well: {error:?}");
    }
}

wasip2::http::proxy::export!(Sensors);

//! Waits for several timers and one outgoing request in one `wasi:io/poll`, and tells in which
//! order they became ready.

use support::{Reply, Request, error_code, json, outgoing};
use wasip2::clocks::monotonic_clock::{now, subscribe_duration};
use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::outgoing_handler;
use wasip2::http::types::{
    Fields, FutureIncomingResponse, IncomingRequest, Method, ResponseOutparam,
};
use wasip2::io::poll::{Pollable, poll};

const PATHS: &str = "\
poll: waiting for several things at once
  /?timers=10,50,200             timers, in milliseconds
  /?timers=10&url=https://...    and a request to an origin that is granted
  /sleep?ms=200                  one timer
";
const MILLISECOND: u64 = 1_000_000;

struct Poll;

impl Guest for Poll {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let request = Request::new(request);
        let result = match request.path.as_str() {
            "/" if has(&request, "timers") || has(&request, "url") => wait_for_all(&request),
            "/sleep" => sleep(&request),
            path => Err(Reply::guide(path, PATHS)),
        };
        support::reply::send(result, out);
    }
}

fn has(request: &Request, name: &str) -> bool {
    request.query.get(name).is_some()
}

/// What is waited for; the pollable is declared first because it must be dropped first.
struct Source {
    pollable: Pollable,
    name: String,
    response: Option<FutureIncomingResponse>,
}

fn wait_for_all(request: &Request) -> Result<Reply, Reply> {
    let started = now();
    let mut waiting = timers(request)?;
    let mut events = Vec::new();
    if let Some(url) = request.query.get("url") {
        match send(request, url)? {
            Ok(source) => waiting.push(source),
            Err(code) => events.push(event("http", ("error", json::string(code)), started)),
        }
    }
    let mut polls = 0;
    while !waiting.is_empty() {
        let pollables: Vec<&Pollable> = waiting.iter().map(|source| &source.pollable).collect();
        let mut ready = poll(&pollables);
        polls += 1;
        events.extend(ready.iter().map(|index| {
            let source = &waiting[*index as usize];
            event(&source.name, outcome(source), started)
        }));
        // From the last to the first, so that the indices before stay true.
        ready.sort_unstable();
        for index in ready.into_iter().rev() {
            waiting.remove(index as usize);
        }
    }
    Ok(Reply::json(json::object(&[
        ("events", json::array(events)),
        ("polls", polls.to_string()),
        ("elapsed_ms", milliseconds(now() - started)),
    ])))
}

/// One source for each number in `timers=10,50,200`.
fn timers(request: &Request) -> Result<Vec<Source>, Reply> {
    request
        .query
        .get("timers")
        .unwrap_or_default()
        .split(',')
        .filter(|text| !text.is_empty())
        .map(|text| {
            let after: u64 = text
                .parse()
                .map_err(|_| Reply::text(400, format!("timers holds no number: {text}\n")))?;
            Ok(Source {
                pollable: subscribe_duration(after.saturating_mul(MILLISECOND)),
                name: format!("timer-{after}"),
                response: None,
            })
        })
        .collect()
}

/// Starts a GET of the URL; the inner error is the name of the code with which it was refused.
fn send(request: &Request, url: &str) -> Result<Result<Source, &'static str>, Reply> {
    let outgoing = outgoing::request(url, &Method::Get, Fields::new())
        .map_err(|why| Reply::text(400, format!("url: {why}\n")))?;
    let options = outgoing::options(&request.query)?;
    Ok(match outgoing_handler::handle(outgoing, options) {
        Ok(response) => Ok(Source {
            pollable: response.subscribe(),
            name: "http".into(),
            response: Some(response),
        }),
        Err(code) => Err(error_code::http(&code)),
    })
}

fn outcome(source: &Source) -> (&'static str, String) {
    let Some(future) = &source.response else {
        return ("timer", "true".into());
    };
    let response = future
        .get()
        .expect("a ready future has a value")
        .expect("the value is taken once");
    match response {
        Ok(response) => ("status", response.status().to_string()),
        Err(code) => ("error", json::string(error_code::http(&code))),
    }
}

fn event(name: &str, outcome: (&str, String), started: u64) -> String {
    json::object(&[
        ("name", json::string(name)),
        outcome,
        ("elapsed_ms", milliseconds(now() - started)),
    ])
}

fn sleep(request: &Request) -> Result<Reply, Reply> {
    let started = now();
    let wanted = request.query.number("ms")?.unwrap_or(0);
    poll(&[&subscribe_duration(wanted.saturating_mul(MILLISECOND))]);
    Ok(Reply::json(json::object(&[(
        "slept_ms",
        milliseconds(now() - started),
    )])))
}

fn milliseconds(nanoseconds: u64) -> String {
    format!(
        "{}.{:03}",
        nanoseconds / 1_000_000,
        nanoseconds / 1_000 % 1_000
    )
}

wasip2::http::proxy::export!(Poll);

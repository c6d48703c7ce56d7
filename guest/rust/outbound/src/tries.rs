//! Small experiments with outgoing requests and header fields.

use support::query::hex_decode;
use support::{Reply, Request, error_code, json, outgoing};
use wasip2::http::outgoing_handler;
use wasip2::http::types::{ErrorCode, Fields, FutureIncomingResponse};
use wasip2::io::poll::{Pollable, poll};

/// Sends `n` requests to `url` before it waits for any of them.
pub fn fan(request: &Request) -> Result<Reply, Reply> {
    let query = &request.query;
    let url = query.need("url")?;
    let method = crate::method(query, "GET");
    let mut futures = Vec::new();
    for _ in 0..query.number("n")?.unwrap_or(1) {
        let outgoing = outgoing::request(url, &method, Fields::new())
            .map_err(|why| Reply::text(400, format!("url: {why}\n")))?;
        futures.push(outgoing_handler::handle(
            outgoing,
            outgoing::options(query)?,
        ));
    }
    let mut ok = 0;
    let mut results = Vec::new();
    for future in futures {
        match future.and_then(status) {
            Ok(status) => {
                ok += 1;
                results.push(json::string(&status.to_string()));
            }
            Err(code) => results.push(json::string(error_code::http(&code))),
        }
    }
    Ok(Reply::json(json::object(&[
        ("ok", ok.to_string()),
        ("results", json::array(results)),
    ])))
}

fn status(future: FutureIncomingResponse) -> Result<u16, ErrorCode> {
    let ready: Pollable = future.subscribe();
    poll(&[&ready]);
    drop(ready);
    let response = future
        .get()
        .expect("a ready future has a value")
        .expect("the value is taken once")?;
    Ok(response.status())
}

/// Whether `fields` takes this name and value.
pub fn headers(request: &Request) -> Result<Reply, Reply> {
    let query = &request.query;
    let name = query.need("name")?;
    let value = match query.get("value_hex") {
        Some(hex) => {
            hex_decode(hex).ok_or_else(|| Reply::text(400, "value_hex is not hexadecimal\n"))?
        }
        None => query.get("value").unwrap_or_default().into(),
    };
    let tried = if query.flag("from_list") {
        Fields::from_list(&[(name.into(), value)]).map(drop)
    } else {
        Fields::new().append(name, &value)
    };
    let error = tried.err().map(|error| error_code::header(&error));
    Ok(Reply::json(json::object(&[(
        "error",
        json::optional(error),
    )])))
}

/// Whether the setters of `outgoing-request` take this URL and method; nothing is sent.
pub fn url(request: &Request) -> Result<Reply, Reply> {
    let query = &request.query;
    let method = crate::method(query, "GET");
    let error = outgoing::request(query.need("url")?, &method, Fields::new()).err();
    Ok(Reply::json(json::object(&[(
        "error",
        json::optional(error.as_deref()),
    )])))
}

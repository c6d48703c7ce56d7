//! Relays a request to a URL and its answer back, streaming both ways at once.

mod pump;
mod relay;
mod tries;

use support::{Query, Reply, Request};
use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{IncomingRequest, Method, ResponseOutparam};

const PATHS: &str = "\
outbound: requests to origins that are granted
  /?url=https://...               relays the request and its answer
  /fan?url=https://...&n=3        n requests at once
  /headers?name=...&value=...     tries a header, sends nothing
  /url?url=...                    tries a URL, sends nothing
";

struct Outbound;

impl Guest for Outbound {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let request = Request::new(request);
        let result = match request.path.as_str() {
            "/" if request.query.get("url").is_some() => return relay::relay(&request, out),
            "/fan" => tries::fan(&request),
            "/headers" => tries::headers(&request),
            "/url" => tries::url(&request),
            path => Err(Reply::guide(path, PATHS)),
        };
        support::reply::send(result, out);
    }
}

/// The method that `method=` names, or else `default`.
pub fn method(query: &Query, default: &str) -> Method {
    support::request::method_from_name(query.get("method").unwrap_or(default))
}

wasip2::http::proxy::export!(Outbound);

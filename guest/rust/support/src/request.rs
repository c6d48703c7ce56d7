//! An incoming request, taken apart.

use wasip2::http::types::{IncomingRequest, Method};

use crate::Query;
use crate::query::percent_decode;

/// An incoming request with its method as text and its path and query apart.
pub struct Request {
    /// The method as it came, such as `GET`.
    pub method: String,
    /// The path with percent-encoding undone, without the query.
    pub path: String,
    /// Path and query as they came.
    pub target: String,
    /// The parameters after the `?`.
    pub query: Query,
    /// The resource itself, for headers and body.
    pub incoming: IncomingRequest,
}

impl Request {
    /// Takes the request apart.
    pub fn new(incoming: IncomingRequest) -> Self {
        let target = incoming.path_with_query().unwrap_or_else(|| "/".into());
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        Self {
            method: method_name(&incoming.method()),
            path: percent_decode(path),
            query: Query::parse(query),
            target,
            incoming,
        }
    }
}

/// The method as it stands in the request line.
pub fn method_name(method: &Method) -> String {
    match method {
        Method::Get => "GET",
        Method::Head => "HEAD",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Delete => "DELETE",
        Method::Connect => "CONNECT",
        Method::Options => "OPTIONS",
        Method::Trace => "TRACE",
        Method::Patch => "PATCH",
        Method::Other(name) => name,
    }
    .into()
}

/// The method that a request line calls `name`; anything unknown is `Method::Other`.
pub fn method_from_name(name: &str) -> Method {
    match name {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "DELETE" => Method::Delete,
        "CONNECT" => Method::Connect,
        "OPTIONS" => Method::Options,
        "TRACE" => Method::Trace,
        "PATCH" => Method::Patch,
        other => Method::Other(other.into()),
    }
}

//! Outgoing requests made from a URL.

use wasip2::http::types::{Headers, Method, OutgoingRequest, RequestOptions, Scheme};

use crate::{Query, Reply};

/// A request to `url`; on failure the name of the setter that refused it.
///
/// The URL is split, not checked: what it holds is the host's to judge.
pub fn request(url: &str, method: &Method, headers: Headers) -> Result<OutgoingRequest, String> {
    let (scheme, rest) = url.split_once("://").ok_or("scheme is missing")?;
    let scheme = match scheme {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        other => Scheme::Other(other.into()),
    };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let path = match path {
        "" => "/".into(),
        path if path.starts_with('?') => format!("/{path}"),
        path => path.into(),
    };
    let request = OutgoingRequest::new(headers);
    let refused = |setter: &str| format!("{setter} refused");
    request
        .set_method(method)
        .map_err(|()| refused("set-method"))?;
    request
        .set_scheme(Some(&scheme))
        .map_err(|()| refused("set-scheme"))?;
    request
        .set_authority(Some(authority))
        .map_err(|()| refused("set-authority"))?;
    request
        .set_path_with_query(Some(&path))
        .map_err(|()| refused("set-path-with-query"))?;
    Ok(request)
}

/// The request options that the parameters `connect_timeout_ms`, `first_byte_timeout_ms` and
/// `between_bytes_timeout_ms` ask for.
pub fn options(query: &Query) -> Result<Option<RequestOptions>, Reply> {
    type Setter = fn(&RequestOptions, Option<u64>) -> Result<(), ()>;
    let setters: [(&str, Setter); 3] = [
        ("connect_timeout_ms", RequestOptions::set_connect_timeout),
        (
            "first_byte_timeout_ms",
            RequestOptions::set_first_byte_timeout,
        ),
        (
            "between_bytes_timeout_ms",
            RequestOptions::set_between_bytes_timeout,
        ),
    ];
    let options = RequestOptions::new();
    let mut any = false;
    for (name, set) in setters {
        if let Some(milliseconds) = query.number(name)? {
            any = true;
            set(&options, Some(milliseconds.saturating_mul(1_000_000))).map_err(|()| {
                Reply::text(400, format!("{name} is not supported by this host\n"))
            })?;
        }
    }
    Ok(any.then_some(options))
}

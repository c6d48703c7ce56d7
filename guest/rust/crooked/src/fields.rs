//! Header fields that no host should take: wrong bytes, forbidden names, too many, too big.

use support::{Reply, error_code, json};
use wasip2::http::types::{Fields, HeaderError, ResponseOutparam};

use crate::answers::with_fields;

const CRLF: &[(&str, &[u8])] = &[
    ("x-value", b"a\r\nx-injected: yes"),
    ("x-value", b"a\rb"),
    ("x-value", b"a\nb"),
    ("x-value", b"a\0b"),
    ("x-value", b"a\x1bb"),
    ("x-value", b"a\x7fb"),
    ("x-value", b"a\tb"),
    ("x-value", b" a "),
    ("x-value", "caf\u{e9}".as_bytes()),
    ("x-value", b"\xff\xfe"),
    ("x-value", b""),
    ("x-na\r\nme", b"a"),
    ("x-na\nme", b"a"),
    ("x-na me", b"a"),
    ("x-name:", b"a"),
    ("x-na\0me", b"a"),
    ("x-n\u{e4}me", b"a"),
    ("x(name)", b"a"),
    ("", b"a"),
    (":status", b"200"),
];

const NAMES: &[&str] = &[
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "transfer-encoding",
    "upgrade",
    "host",
    "http2-settings",
    "Transfer-Encoding",
    "te",
    "trailer",
    "content-length",
    "date",
    "server",
];

/// Tries fields with bytes that would break or split a message.
pub fn crlf() -> Reply {
    report(CRLF.iter().copied())
}

/// Tries names that belong to the connection or to the host.
pub fn forbidden() -> Reply {
    report(NAMES.iter().map(|name| (*name, b"1".as_slice())))
}

/// What `append` says to each pair.
fn report<'a>(pairs: impl Iterator<Item = (&'a str, &'a [u8])>) -> Reply {
    Reply::json(json::array(pairs.map(|(name, value)| {
        let tried = Fields::new().append(name, value);
        let error = tried.err().map(|error| error_code::header(&error));
        json::object(&[
            ("name", json::string(name)),
            ("value", json::string(&String::from_utf8_lossy(value))),
            ("error", json::optional(error)),
        ])
    })))
}

/// An answer with `n` headers of one name.
pub fn many(n: u64, out: ResponseOutparam) {
    let fields = Fields::new();
    let tried = (0..n).try_for_each(|i| fields.append("x-many", i.to_string().as_bytes()));
    send(tried, fields, out);
}

/// An answer with one header of this many bytes.
pub fn big(bytes: u64, out: ResponseOutparam) {
    let fields = Fields::new();
    let tried = fields.append("x-big", &vec![b'a'; bytes as usize]);
    send(tried, fields, out);
}

/// Sends the fields; after an error only the error, in `x-error`.
fn send(tried: Result<(), HeaderError>, fields: Fields, out: ResponseOutparam) {
    match tried {
        Ok(()) => with_fields(fields, out),
        Err(error) => Reply::text(200, "refused\n")
            .header("x-error", error_code::header(&error))
            .send(out),
    }
}

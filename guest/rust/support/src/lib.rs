//! What the sample functions share: reading a request, composing an answer, moving bytes.
//!
//! Nothing here calls an import that a caller does not ask for, so a sample that uses only
//! `query` and `reply` imports only `wasi:http/types` and `wasi:io`.

pub mod address;
pub mod error_code;
pub mod json;
pub mod outgoing;
pub mod query;
pub mod reply;
pub mod request;
pub mod stream;

pub use query::Query;
pub use reply::Reply;
pub use request::Request;

//! The smallest function for WASI 0.3: every request is answered by one line of text.

use wasip3::exports::http::handler::Guest;
use wasip3::http::types::{ErrorCode, Fields, Request, Response};
use wasip3::{wit_bindgen, wit_future, wit_stream};

struct Hello;

impl Guest for Hello {
    async fn handle(_request: Request) -> Result<Response, ErrorCode> {
        let headers = Fields::from_list(&[("content-type".into(), b"text/plain".to_vec())])
            .expect("a plain header is valid");
        let (mut body, contents) = wit_stream::new();
        let (trailers, no_trailers) = wit_future::new(|| Ok(None));
        let (response, _sent) = Response::new(headers, Some(contents), no_trailers);
        // The body is read after the response was returned, so another task writes it.
        wit_bindgen::spawn_local(async move {
            body.write_all(b"Hello from WebAssembly!\n".to_vec()).await;
            drop(body);
            drop(trailers);
        });
        Ok(response)
    }
}

wasip3::http::service::export!(Hello);

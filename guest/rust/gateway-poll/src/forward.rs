//! Handing received packets on: one POST at a time, of all packets that came until it began.

use support::{Reply, error_code, json, outgoing};
use wasip2::http::outgoing_handler;
use wasip2::http::types::{Fields, FutureIncomingResponse, Method, OutgoingBody};
use wasip2::io::poll::Pollable;

use crate::semtech::Packet;

/// A request on its way; the pollable is declared first because it must be dropped first.
pub struct Forwarding {
    /// Ready when there is an answer.
    pub pollable: Pollable,
    response: FutureIncomingResponse,
    packets: usize,
}

/// How a request ended.
pub struct Outcome {
    /// How many packets it carried.
    pub packets: usize,
    /// The status of the answer, or the name of the error code.
    pub result: Result<u16, &'static str>,
}

impl Forwarding {
    /// Sends the packets as a JSON array; the error is an answer for the caller.
    pub fn start(url: &str, packets: &[Packet]) -> Result<Self, Reply> {
        let refused = |why: String| Reply::text(400, format!("forward: {why}\n"));
        let headers = Fields::from_list(&[("content-type".into(), b"application/json".to_vec())])
            .map_err(|error| refused(error_code::header(&error).into()))?;
        let request = outgoing::request(url, &Method::Post, headers).map_err(refused)?;
        let body = request.body().expect("a request gives its body once");
        let response = outgoing_handler::handle(request, None)
            .map_err(|code| Reply::text(502, format!("forward: {}\n", error_code::http(&code))))?;
        let stream = body.write().expect("a body gives its stream once");
        // A body that breaks off is told by the response, which is waited for anyway.
        let _ = support::stream::write_all(&stream, to_json(packets).as_bytes());
        drop(stream);
        let _ = OutgoingBody::finish(body, None);
        Ok(Self {
            pollable: response.subscribe(),
            response,
            packets: packets.len(),
        })
    }

    /// What came of it, once the pollable is ready.
    pub fn finish(self) -> Outcome {
        let answer = self
            .response
            .get()
            .expect("a ready future has a value")
            .expect("the value is taken once");
        Outcome {
            packets: self.packets,
            result: match answer {
                Ok(response) => Ok(response.status()),
                Err(code) => Err(error_code::http(&code)),
            },
        }
    }
}

fn to_json(packets: &[Packet]) -> String {
    json::array(packets.iter().map(|packet| {
        let rssi = packet
            .rssi
            .map_or_else(|| "null".into(), |dbm| dbm.to_string());
        json::object(&[
            ("tmst", packet.timestamp.to_string()),
            ("freq", packet.frequency.to_string()),
            ("rssi", rssi),
            ("data", json::string(&packet.data)),
        ])
    }))
}

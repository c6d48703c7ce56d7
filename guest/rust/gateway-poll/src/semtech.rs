//! The datagrams of LoRa packet forwarders: "Basic communication protocol between Lora gateway and
//! server", version 2 (PROTOCOL.TXT of github.com/Lora-net/packet_forwarder).

use serde_json::Value;

const VERSION: u8 = 2;
const PUSH_DATA: u8 = 0;
const PUSH_ACK: u8 = 1;
const PULL_DATA: u8 = 2;
const PULL_ACK: u8 = 4;

/// Version, token, kind and, in what a gateway sends, its EUI-64.
const HEADER: usize = 12;

/// What a gateway sends to a server.
#[derive(Debug)]
pub enum Datagram {
    /// Section 3.2: packets that the gateway's radio received, its status, or both.
    PushData {
        /// What the acknowledgement carries back.
        token: [u8; 2],
        /// The EUI-64 of the gateway.
        gateway: [u8; 8],
        /// The packets of `rxpk`.
        packets: Vec<Packet>,
        /// Whether there is a `stat`.
        has_status: bool,
    },
    /// Section 5.2: the gateway keeps a way to itself open.
    PullData {
        /// What the acknowledgement carries back.
        token: [u8; 2],
        /// The EUI-64 of the gateway.
        gateway: [u8; 8],
    },
}

/// One received packet: what a server needs at least of an item of `rxpk` (section 4).
#[derive(Debug)]
pub struct Packet {
    /// `tmst`: µs of the gateway's own counter.
    pub timestamp: u64,
    /// `freq`: MHz.
    pub frequency: f64,
    /// `rssi`: dBm, where it is told.
    pub rssi: Option<f64>,
    /// `data`: the payload in Base64.
    pub data: String,
}

impl Datagram {
    /// Takes a datagram apart; the error says what is wrong with it.
    pub fn parse(bytes: &[u8]) -> Result<Self, &'static str> {
        let header: &[u8; HEADER] = bytes.first_chunk().ok_or("too short")?;
        let [version, t0, t1, kind, gateway @ ..] = *header;
        if version != VERSION {
            return Err("unknown version");
        }
        let token = [t0, t1];
        match kind {
            PUSH_DATA => {
                let body: Value =
                    serde_json::from_slice(&bytes[HEADER..]).map_err(|_| "no JSON")?;
                Ok(Self::PushData {
                    token,
                    gateway,
                    packets: packets(&body)?,
                    has_status: body.get("stat").is_some_and(Value::is_object),
                })
            }
            PULL_DATA => Ok(Self::PullData { token, gateway }),
            _ => Err("unknown kind"),
        }
    }

    /// PUSH_ACK (section 3.3) or PULL_ACK (section 5.3).
    pub fn acknowledgement(&self) -> [u8; 4] {
        let (token, kind) = match self {
            Self::PushData { token, .. } => (token, PUSH_ACK),
            Self::PullData { token, .. } => (token, PULL_ACK),
        };
        [VERSION, token[0], token[1], kind]
    }
}

fn packets(body: &Value) -> Result<Vec<Packet>, &'static str> {
    let Some(items) = body.get("rxpk") else {
        return Ok(Vec::new());
    };
    items
        .as_array()
        .ok_or("rxpk is no array")?
        .iter()
        .map(|item| {
            Ok(Packet {
                timestamp: item.get("tmst").and_then(Value::as_u64).ok_or("no tmst")?,
                frequency: item.get("freq").and_then(Value::as_f64).ok_or("no freq")?,
                rssi: item.get("rssi").and_then(Value::as_f64),
                data: item
                    .get("data")
                    .and_then(Value::as_str)
                    .ok_or("no data")?
                    .into(),
            })
        })
        .collect()
}

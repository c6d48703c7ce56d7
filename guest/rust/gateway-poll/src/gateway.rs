//! The loop of the gateway and what it saw.

use support::{Reply, Request, address, json};
use wasip2::clocks::monotonic_clock::{now, subscribe_duration, subscribe_instant};
use wasip2::io::poll::{Pollable, poll};
use wasip2::sockets::instance_network::instance_network;
use wasip2::sockets::network::ErrorCode;
use wasip2::sockets::udp::{
    IncomingDatagram, IncomingDatagramStream, OutgoingDatagram, OutgoingDatagramStream, UdpSocket,
};
use wasip2::sockets::udp_create_socket::create_udp_socket;

use crate::forward::{Forwarding, Outcome};
use crate::semtech::{Datagram, Packet};

const MILLISECOND: u64 = 1_000_000;
const AT_ONCE: u64 = 16;

/// Runs until `packets` packets were handed on (or, without `forward`, received), or `ms` are over.
pub fn run(request: &Request) -> Result<Reply, Reply> {
    let query = &request.query;
    let wanted = query.number("packets")?.unwrap_or(u64::MAX);
    let tick = query.number("tick")?.unwrap_or(100).max(1) * MILLISECOND;
    let limit = query.number("ms")?.unwrap_or(10_000) * MILLISECOND;
    let (socket, incoming, outgoing) = open(query.need("listen")?)?;
    let mut gateway = Gateway {
        url: query.get("forward"),
        outgoing,
        waiting: Vec::new(),
        forwarding: None,
        seen: Seen::default(),
    };
    let started = now();
    let end = subscribe_instant(started.saturating_add(limit));
    let datagrams = incoming.subscribe();
    let mut ticker = subscribe_duration(tick);
    let mut timed_out = false;
    while !timed_out && !gateway.is_done(wanted) {
        let mut pollables: Vec<&Pollable> = vec![&datagrams, &ticker, &end];
        pollables.extend(gateway.forwarding.as_ref().map(|each| &each.pollable));
        let ready = poll(&pollables);
        gateway.seen.polls += 1;
        gateway.seen.most_waited_for = gateway.seen.most_waited_for.max(pollables.len() - 1);
        let is_ready = |index: u32| ready.contains(&index);
        if is_ready(3) {
            gateway.answered();
        }
        if is_ready(0) {
            gateway.receive(&incoming)?;
        }
        if is_ready(1) {
            gateway.seen.tick();
            ticker = subscribe_duration(tick);
        }
        timed_out = is_ready(2);
        gateway.hand_on()?;
    }
    let local = socket
        .local_address()
        .map_err(|code| refused("local-address", code))?;
    Ok(Reply::json(gateway.seen.into_json(
        &address::format(&local),
        timed_out,
        (now() - started) / MILLISECOND,
    )))
}

type Open = (UdpSocket, IncomingDatagramStream, OutgoingDatagramStream);

fn open(listen: &str) -> Result<Open, Reply> {
    let (family, local) = address::parse(listen)
        .ok_or_else(|| Reply::text(400, format!("listen is no address: {listen}\n")))?;
    let socket = create_udp_socket(family).map_err(|code| refused("create-udp-socket", code))?;
    socket
        .start_bind(&instance_network(), local)
        .map_err(|code| refused("start-bind", code))?;
    let bound = socket.subscribe();
    loop {
        match socket.finish_bind() {
            Err(ErrorCode::WouldBlock) => bound.block(),
            result => break result.map_err(|code| refused("finish-bind", code))?,
        }
    }
    drop(bound);
    let (incoming, outgoing) = socket
        .stream(None)
        .map_err(|code| refused("stream", code))?;
    Ok((socket, incoming, outgoing))
}

/// Denied: 403. Any other error of a socket: 502. The body names the call and the code.
fn refused(call: &str, code: ErrorCode) -> Reply {
    let status = if code == ErrorCode::AccessDenied {
        403
    } else {
        502
    };
    Reply::text(status, format!("{call}: {}\n", code.name()))
}

struct Gateway<'a> {
    url: Option<&'a str>,
    outgoing: OutgoingDatagramStream,
    /// Packets that no request carries yet.
    waiting: Vec<Packet>,
    forwarding: Option<Forwarding>,
    seen: Seen,
}

impl Gateway<'_> {
    fn is_done(&self, wanted: u64) -> bool {
        let done = match self.url {
            Some(_) => self.seen.handed_on(),
            None => self.seen.packets,
        };
        done >= wanted
    }

    fn receive(&mut self, incoming: &IncomingDatagramStream) -> Result<(), Reply> {
        let datagrams = incoming
            .receive(AT_ONCE)
            .map_err(|code| refused("receive", code))?;
        for datagram in datagrams {
            match Datagram::parse(&datagram.data) {
                Ok(parsed) => self.take(parsed, datagram)?,
                Err(why) => self.seen.rejected.push(why),
            }
        }
        Ok(())
    }

    fn take(&mut self, parsed: Datagram, datagram: IncomingDatagram) -> Result<(), Reply> {
        let answer = OutgoingDatagram {
            data: parsed.acknowledgement().to_vec(),
            remote_address: Some(datagram.remote_address),
        };
        // A full way out drops the acknowledgement, as the protocol allows: nothing is sent again for it.
        let permitted = self
            .outgoing
            .check_send()
            .map_err(|code| refused("check-send", code))?;
        if permitted > 0 {
            self.seen.acknowledged += self
                .outgoing
                .send(&[answer])
                .map_err(|code| refused("send", code))?;
        }
        match parsed {
            Datagram::PushData {
                gateway,
                packets,
                has_status,
                ..
            } => {
                self.seen.gateway(gateway);
                self.seen.push_data += 1;
                self.seen.status += u64::from(has_status);
                self.seen.packets += packets.len() as u64;
                if self.url.is_some() {
                    self.waiting.extend(packets);
                }
            }
            Datagram::PullData { gateway, .. } => {
                self.seen.gateway(gateway);
                self.seen.pull_data += 1;
            }
        }
        Ok(())
    }

    /// Begins a request where there is something to hand on and no other on its way.
    fn hand_on(&mut self) -> Result<(), Reply> {
        let (Some(url), None) = (self.url, &self.forwarding) else {
            return Ok(());
        };
        if !self.waiting.is_empty() {
            self.forwarding = Some(Forwarding::start(url, &self.waiting)?);
            self.waiting.clear();
        }
        Ok(())
    }

    fn answered(&mut self) {
        if let Some(forwarding) = self.forwarding.take() {
            self.seen.outcomes.push(forwarding.finish());
        }
    }
}

/// What the gateway tells when it is done.
#[derive(Default)]
struct Seen {
    polls: u64,
    /// The most sources, beside the end, that one poll waited for.
    most_waited_for: usize,
    push_data: u64,
    pull_data: u64,
    status: u64,
    packets: u64,
    acknowledged: u64,
    ticks: u64,
    rejected: Vec<&'static str>,
    gateways: Vec<[u8; 8]>,
    outcomes: Vec<Outcome>,
}

impl Seen {
    fn tick(&mut self) {
        self.ticks += 1;
    }

    fn gateway(&mut self, gateway: [u8; 8]) {
        if !self.gateways.contains(&gateway) {
            self.gateways.push(gateway);
        }
    }

    fn handed_on(&self) -> u64 {
        self.outcomes.iter().map(|each| each.packets as u64).sum()
    }

    fn into_json(self, local: &str, timed_out: bool, elapsed: u64) -> String {
        let gateways = self.gateways.iter().map(|eui| {
            let digits: String = eui.iter().map(|byte| format!("{byte:02x}")).collect();
            json::string(&digits)
        });
        let forwarded = self.outcomes.iter().map(|outcome| {
            let result = match outcome.result {
                Ok(status) => ("status", status.to_string()),
                Err(code) => ("error", json::string(code)),
            };
            json::object(&[("packets", outcome.packets.to_string()), result])
        });
        json::object(&[
            ("local", json::string(local)),
            ("gateways", json::array(gateways)),
            ("push_data", self.push_data.to_string()),
            ("pull_data", self.pull_data.to_string()),
            ("stat", self.status.to_string()),
            ("rxpk", self.packets.to_string()),
            ("acknowledged", self.acknowledged.to_string()),
            (
                "rejected",
                json::array(self.rejected.iter().map(|why| json::string(why))),
            ),
            ("ticks", self.ticks.to_string()),
            ("forwarded", json::array(forwarded)),
            ("polls", self.polls.to_string()),
            ("most_waited_for", self.most_waited_for.to_string()),
            ("timed_out", timed_out.to_string()),
            ("elapsed_ms", elapsed.to_string()),
        ])
    }
}

//! TCP as a client and as a server, and the look-up of names, straight on `wasi:sockets`.

use support::{Reply, Request, address, json};
use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{IncomingRequest, ResponseOutparam};
use wasip2::io::poll::Pollable;
use wasip2::io::streams::{InputStream, OutputStream, StreamError};
use wasip2::sockets::instance_network::instance_network;
use wasip2::sockets::ip_name_lookup::resolve_addresses;
use wasip2::sockets::network::{ErrorCode, IpAddress, IpSocketAddress};
use wasip2::sockets::tcp::{ShutdownType, TcpSocket};
use wasip2::sockets::tcp_create_socket::create_tcp_socket;

const PATHS: &str = "\
sockets: TCP, and the look-up of names
  /connect?to=127.0.0.1:80     sends the request's body there and gives back what comes
  /serve?at=127.0.0.1:0&n=1    takes n connections and sends back what they send
  /resolve?name=example.com    the addresses of a name
";

struct Sockets;

impl Guest for Sockets {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let request = Request::new(request);
        let result = match request.path.as_str() {
            "/connect" => connect(&request),
            "/serve" => serve(&request),
            "/resolve" => resolve(&request),
            path => Err(Reply::guide(path, PATHS)),
        };
        support::reply::send(result, out);
    }
}

/// Sends the request's body, ends that direction, and gives back all that comes.
fn connect(request: &Request) -> Result<Reply, Reply> {
    let to = request.query.need("to")?;
    let port = to.rsplit(':').next().and_then(|text| text.parse().ok());
    let targets = match (address::parse(to), port) {
        (Some((_, address)), _) => vec![address],
        (None, Some(port)) => look_up(to.rsplit_once(':').map_or(to, |(name, _)| name))?
            .into_iter()
            .map(|address| address::with_port(address, port))
            .collect(),
        (None, None) => return Err(Reply::text(400, format!("to is no address: {to}\n"))),
    };
    let mut last = Reply::text(502, "resolve-next-address: no address\n");
    for target in targets {
        match open(target) {
            Ok((socket, input, output)) => return exchange(request, &socket, &input, &output),
            Err(why) => last = why,
        }
    }
    Err(last)
}

fn open(to: IpSocketAddress) -> Result<(TcpSocket, InputStream, OutputStream), Reply> {
    let socket = create_tcp_socket(address::family(&to))
        .map_err(|code| refused("create-tcp-socket", code))?;
    socket
        .set_keep_alive_enabled(true)
        .map_err(|code| refused("set-keep-alive-enabled", code))?;
    socket
        .start_connect(&instance_network(), to)
        .map_err(|code| refused("start-connect", code))?;
    let (input, output) = finish("finish-connect", &socket.subscribe(), || {
        socket.finish_connect()
    })?;
    Ok((socket, input, output))
}

fn exchange(
    request: &Request,
    socket: &TcpSocket,
    input: &InputStream,
    output: &OutputStream,
) -> Result<Reply, Reply> {
    let (_body, body) = support::stream::request_body(&request.incoming);
    support::stream::for_each_chunk(&body, |chunk| support::stream::write_all(output, chunk))
        .map_err(broken)?;
    socket
        .shutdown(ShutdownType::Send)
        .map_err(|code| refused("shutdown", code))?;
    Ok(Reply::new(
        200,
        "application/octet-stream",
        read_all(input)?,
    ))
}

/// Takes `n` connections one after the other and sends back to each what it sent until its end.
fn serve(request: &Request) -> Result<Reply, Reply> {
    let at = request.query.need("at")?;
    let count = request.query.number("n")?.unwrap_or(1);
    let (family, local) =
        address::parse(at).ok_or_else(|| Reply::text(400, format!("at is no address: {at}\n")))?;
    let socket = create_tcp_socket(family).map_err(|code| refused("create-tcp-socket", code))?;
    let changed = socket.subscribe();
    socket
        .start_bind(&instance_network(), local)
        .map_err(|code| refused("start-bind", code))?;
    finish("finish-bind", &changed, || socket.finish_bind())?;
    socket
        .start_listen()
        .map_err(|code| refused("start-listen", code))?;
    finish("finish-listen", &changed, || socket.finish_listen())?;
    let mut echoed = Vec::new();
    for _ in 0..count {
        let (_client, input, output) = finish("accept", &changed, || socket.accept())?;
        let bytes = read_all(&input)?;
        support::stream::write_all(&output, &bytes).map_err(broken)?;
        echoed.push(bytes.len().to_string());
    }
    let local = socket
        .local_address()
        .map_err(|code| refused("local-address", code))?;
    Ok(Reply::json(json::object(&[
        ("local", json::string(&address::format(&local))),
        ("echoed", json::array(echoed)),
    ])))
}

fn resolve(request: &Request) -> Result<Reply, Reply> {
    let found = look_up(request.query.need("name")?)?;
    Ok(Reply::json(json::array(
        found
            .into_iter()
            .map(|each| json::string(&address::ip(each).to_string())),
    )))
}

fn look_up(name: &str) -> Result<Vec<IpAddress>, Reply> {
    let stream = resolve_addresses(&instance_network(), name)
        .map_err(|code| refused("resolve-addresses", code))?;
    let changed = stream.subscribe();
    let mut found = Vec::new();
    while let Some(address) = finish("resolve-next-address", &changed, || {
        stream.resolve_next_address()
    })? {
        found.push(address);
    }
    Ok(found)
}

/// Calls until it no longer would block.
fn finish<T>(
    call: &str,
    changed: &Pollable,
    mut attempt: impl FnMut() -> Result<T, ErrorCode>,
) -> Result<T, Reply> {
    loop {
        match attempt() {
            Err(ErrorCode::WouldBlock) => changed.block(),
            result => return result.map_err(|code| refused(call, code)),
        }
    }
}

fn read_all(input: &InputStream) -> Result<Vec<u8>, Reply> {
    let mut bytes = Vec::new();
    support::stream::for_each_chunk(input, |chunk| {
        bytes.extend_from_slice(chunk);
        Ok::<(), StreamError>(())
    })
    .map_err(broken)?;
    Ok(bytes)
}

fn refused(call: &str, code: ErrorCode) -> Reply {
    let status = if code == ErrorCode::AccessDenied {
        403
    } else {
        502
    };
    Reply::text(status, format!("{call}: {}\n", code.name()))
}

fn broken(error: StreamError) -> Reply {
    let what = match error {
        StreamError::Closed => "closed".into(),
        StreamError::LastOperationFailed(error) => error.to_debug_string(),
    };
    Reply::text(502, format!("stream: {what}\n"))
}

wasip2::http::proxy::export!(Sockets);

//! Addresses of `wasi:sockets` as text.

use std::net::{IpAddr, SocketAddr};

use wasip2::sockets::network::{
    IpAddress, IpAddressFamily, IpSocketAddress, Ipv4SocketAddress, Ipv6SocketAddress,
};

/// `127.0.0.1:1700` or `[::1]:1700` for a call of `wasi:sockets`.
pub fn parse(text: &str) -> Option<(IpAddressFamily, IpSocketAddress)> {
    let parsed: SocketAddr = text.parse().ok()?;
    let address = match parsed.ip() {
        IpAddr::V4(v4) => {
            let [a, b, c, d] = v4.octets();
            IpAddress::Ipv4((a, b, c, d))
        }
        IpAddr::V6(v6) => {
            let [a, b, c, d, e, f, g, h] = v6.segments();
            IpAddress::Ipv6((a, b, c, d, e, f, g, h))
        }
    };
    let address = with_port(address, parsed.port());
    Some((family(&address), address))
}

/// An address and a port together.
pub fn with_port(address: IpAddress, port: u16) -> IpSocketAddress {
    match address {
        IpAddress::Ipv4(address) => IpSocketAddress::Ipv4(Ipv4SocketAddress { port, address }),
        IpAddress::Ipv6(address) => IpSocketAddress::Ipv6(Ipv6SocketAddress {
            port,
            flow_info: 0,
            address,
            scope_id: 0,
        }),
    }
}

/// What a socket for the address is made for.
pub fn family(address: &IpSocketAddress) -> IpAddressFamily {
    match address {
        IpSocketAddress::Ipv4(_) => IpAddressFamily::Ipv4,
        IpSocketAddress::Ipv6(_) => IpAddressFamily::Ipv6,
    }
}

/// The standard library's form.
pub fn ip(address: IpAddress) -> IpAddr {
    match address {
        IpAddress::Ipv4((a, b, c, d)) => [a, b, c, d].into(),
        IpAddress::Ipv6((a, b, c, d, e, f, g, h)) => [a, b, c, d, e, f, g, h].into(),
    }
}

/// The text that [`parse`] reads.
pub fn format(address: &IpSocketAddress) -> String {
    let (ip, port) = match address {
        IpSocketAddress::Ipv4(v4) => (ip(IpAddress::Ipv4(v4.address)), v4.port),
        IpSocketAddress::Ipv6(v6) => (ip(IpAddress::Ipv6(v6.address)), v6.port),
    };
    SocketAddr::from((ip, port)).to_string()
}

//! Every way in which a function can fail by a trap.

use std::hint::black_box;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};

use support::{Reply, Request, reply};
use wasip2::cli::exit::exit;
use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{IncomingRequest, ResponseOutparam};

/// Never reaches this value; the compiler does not know.
static DEEP_ENOUGH: AtomicU64 = AtomicU64::new(u64::MAX);

struct Trap;

impl Guest for Trap {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let request = Request::new(request);
        match request.path.as_str() {
            "/unreachable" | "/before" => unreachable_instruction(),
            "/panic" => panic!("panic on purpose"),
            "/oob" => {
                // SAFETY: there is none. The address lies outside any memory below 4 GiB.
                let value = unsafe { black_box(0xffff_fff0 as *const u64).read_volatile() };
                Reply::text(200, format!("read {value}\n")).send(out);
            }
            "/div0" => {
                // SAFETY: there is none. A `NonZeroU32` divides without the check that panics.
                let zero = unsafe { NonZeroU32::new_unchecked(black_box(0)) };
                Reply::text(200, format!("{}\n", black_box(1u32) / zero)).send(out);
            }
            "/abort" => std::process::abort(),
            "/exit" => match request.query.number("code") {
                Ok(code) => exit(if code.unwrap_or(0) == 0 {
                    Ok(())
                } else {
                    Err(())
                }),
                Err(reply) => reply.send(out),
            },
            "/after-headers" => {
                let _unfinished = reply::begin(out, b"partial\n");
                unreachable_instruction()
            }
            "/stack" => Reply::text(200, format!("{}\n", deep(0))).send(out),
            "/shadow-stack" => Reply::text(200, format!("{}\n", deep_in_memory(0))).send(out),
            _ => Reply::text(200, "ok\n").send(out),
        }
    }
}

fn unreachable_instruction() -> ! {
    core::arch::wasm32::unreachable()
}

/// Fills the host's stack: nothing here needs linear memory.
#[inline(never)]
fn deep(depth: u64) -> u64 {
    if depth == DEEP_ENOUGH.load(Ordering::Relaxed) {
        return depth;
    }
    deep(depth + 1).wrapping_mul(3) ^ depth
}

/// Fills the guest's own stack, which lies in linear memory.
#[inline(never)]
fn deep_in_memory(depth: u64) -> u64 {
    let frame = black_box([depth; 128]);
    if depth == DEEP_ENOUGH.load(Ordering::Relaxed) {
        return depth;
    }
    deep_in_memory(depth + 1) ^ frame[0]
}

wasip2::http::proxy::export!(Trap);

//! Work for the processor: primes and the Mandelbrot set.

use support::{Reply, Request};
use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{IncomingRequest, ResponseOutparam};

const PATHS: &str = "\
compute: work for the processor
  /prime?n=1000         the nth prime; the first is 2
  /mandelbrot?size=64   a picture of size x size pixels, as PGM
";
const MANDELBROT_MAX: u64 = 4096;
const PRIME_MAX: u64 = 10_000_000;

struct Compute;

impl Guest for Compute {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        support::reply::send(answer(&Request::new(request)), out);
    }
}

fn answer(request: &Request) -> Result<Reply, Reply> {
    let query = &request.query;
    match request.path.as_str() {
        "/prime" => match query.number("n")?.unwrap_or(1000) {
            n @ 1..=PRIME_MAX => Ok(Reply::text(200, format!("{}\n", nth_prime(n)))),
            _ => Err(Reply::text(400, format!("n is not in 1..={PRIME_MAX}\n"))),
        },
        "/mandelbrot" => match query.number("size")?.unwrap_or(64) {
            size @ 1..=MANDELBROT_MAX => Ok(Reply::new(
                200,
                "image/x-portable-graymap",
                mandelbrot(size as usize),
            )),
            _ => Err(Reply::text(
                400,
                format!("size is not in 1..={MANDELBROT_MAX}\n"),
            )),
        },
        path => Err(Reply::guide(path, PATHS)),
    }
}

/// The nth prime by the sieve of Eratosthenes; the first is 2.
fn nth_prime(n: u64) -> usize {
    // p(n) < n (ln n + ln ln n) for n >= 6 (Rosser).
    let bound = if n < 6 {
        13
    } else {
        let n = n as f64;
        (n * (n.ln() + n.ln().ln())) as usize + 1
    };
    let mut composite = vec![false; bound + 1];
    let mut left = n;
    for candidate in 2..=bound {
        if composite[candidate] {
            continue;
        }
        left -= 1;
        if left == 0 {
            return candidate;
        }
        // Beyond the root of the bound the square would not fit into 32 bits either.
        if candidate <= bound / candidate {
            for multiple in (candidate * candidate..=bound).step_by(candidate) {
                composite[multiple] = true;
            }
        }
    }
    unreachable!("the bound lies above the nth prime")
}

/// A picture in binary PGM; the brighter, the longer a point stays.
fn mandelbrot(size: usize) -> Vec<u8> {
    let mut picture = format!("P5\n{size} {size}\n255\n").into_bytes();
    let scale = 3.0 / size as f64;
    for row in 0..size {
        for column in 0..size {
            let (cx, cy) = (column as f64 * scale - 2.25, row as f64 * scale - 1.5);
            let (mut x, mut y, mut steps) = (0.0, 0.0, 0u8);
            while steps < 255 && x * x + y * y <= 4.0 {
                (x, y) = (x * x - y * y + cx, 2.0 * x * y + cy);
                steps += 1;
            }
            picture.push(steps);
        }
    }
    picture
}

wasip2::http::proxy::export!(Compute);

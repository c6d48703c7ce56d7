//! Tells what the host lets a function know: environment, arguments, clocks, random bytes.

use support::{Reply, Request, json};
use wasip2::cli::environment::{get_arguments, get_environment, initial_cwd};
use wasip2::cli::stdin::get_stdin;
use wasip2::cli::{terminal_stderr, terminal_stdin, terminal_stdout};
use wasip2::clocks::wall_clock::Datetime;
use wasip2::clocks::{monotonic_clock, wall_clock};
use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{IncomingRequest, ResponseOutparam};
use wasip2::io::streams::StreamError;
use wasip2::random::{insecure, insecure_seed, random};

const PATHS: &str = "\
env: what the host lets a function know
  /env                                       the environment variables that are granted
  /args, /cwd                                arguments and working directory
  /wall, /monotonic, /clock-resolution       the clocks
  /random?len=16, /insecure-random?len=16    random bytes
  /random-u64, /insecure-random-u64          a random number
  /insecure-seed                             a seed for hash tables
  /stdin, /terminal                          the standard streams
";
const STDIN_MAX: usize = 64 * 1024;

struct Env;

impl Guest for Env {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        support::reply::send(answer(&Request::new(request)), out);
    }
}

fn answer(request: &Request) -> Result<Reply, Reply> {
    let len = request.query.number("len")?.unwrap_or(16);
    Ok(match request.path.as_str() {
        "/env" => {
            let variables = get_environment();
            let members: Vec<(&str, String)> = variables
                .iter()
                .map(|(name, value)| (name.as_str(), json::string(value)))
                .collect();
            Reply::json(json::object(&members))
        }
        "/args" => Reply::json(json::array(
            get_arguments().iter().map(|text| json::string(text)),
        )),
        "/cwd" => Reply::json(json::optional(initial_cwd().as_deref())),
        "/wall" => Reply::json(datetime(wall_clock::now())),
        "/clock-resolution" => Reply::json(json::object(&[
            ("wall", datetime(wall_clock::resolution())),
            ("monotonic_ns", monotonic_clock::resolution().to_string()),
        ])),
        "/monotonic" => {
            let now = monotonic_clock::now();
            let later = monotonic_clock::now();
            Reply::json(json::object(&[
                ("now", now.to_string()),
                ("later", later.to_string()),
                ("resolution", monotonic_clock::resolution().to_string()),
            ]))
        }
        "/random" => hex(&random::get_random_bytes(len)),
        "/insecure-random" => hex(&insecure::get_insecure_random_bytes(len)),
        "/random-u64" => number(random::get_random_u64()),
        "/insecure-random-u64" => number(insecure::get_insecure_random_u64()),
        "/insecure-seed" => {
            let (first, second) = insecure_seed::insecure_seed();
            Reply::json(json::array(
                [first, second].map(|half| json::string(&half.to_string())),
            ))
        }
        "/stdin" => Reply::text(200, read_stdin()?),
        "/terminal" => Reply::json(json::object(&[
            (
                "stdin",
                terminal_stdin::get_terminal_stdin().is_some().to_string(),
            ),
            (
                "stdout",
                terminal_stdout::get_terminal_stdout().is_some().to_string(),
            ),
            (
                "stderr",
                terminal_stderr::get_terminal_stderr().is_some().to_string(),
            ),
        ])),
        path => Reply::guide(path, PATHS),
    })
}

fn datetime(time: Datetime) -> String {
    json::object(&[
        ("seconds", time.seconds.to_string()),
        ("nanoseconds", time.nanoseconds.to_string()),
    ])
}

fn hex(bytes: &[u8]) -> Reply {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Reply::text(200, digits + "\n")
}

fn number(value: u64) -> Reply {
    Reply::text(200, format!("{value}\n"))
}

fn read_stdin() -> Result<Vec<u8>, Reply> {
    let stdin = get_stdin();
    let mut bytes = Vec::new();
    while bytes.len() < STDIN_MAX {
        match stdin.blocking_read((STDIN_MAX - bytes.len()) as u64) {
            Ok(chunk) => bytes.extend(chunk),
            Err(StreamError::Closed) => break,
            Err(error) => return Err(Reply::text(500, format!("stdin: {error:?}\n"))),
        }
    }
    Ok(bytes)
}

wasip2::http::proxy::export!(Env);
